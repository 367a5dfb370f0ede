from functools import reduce
from operator import add

import pytest

from dojo.checks import answer_of, assert_refused
from katas.python.addition import Mean


def test_equal_batches_have_the_mean_in_the_middle():
    got = value(added(made(6, 3), made(12, 3)))
    assert got == pytest.approx(3), (
        f"(6 + 12) / (3 + 3) is 3, got {got}: 6 would mean that the count of one is used for both"
    )


def test_unequal_batches_count_by_their_size():
    for one, two, expected in (((2, 1), (30, 3), 8), ((-8, 4), (10, 1), 0.4)):
        got = value(added(made(*one), made(*two)))
        assert got == pytest.approx(expected), (
            f"totals {one[0]} and {two[0]} over counts {one[1]} and {two[1]} make {expected}, got "
            f"{got}: {(one[0] / one[1] + two[0] / two[1]) / 2} would be the mean of the two means"
        )


def test_a_sum_is_a_mean_again():
    both = added(made(2, 1), made(30, 3))
    assert isinstance(both, Mean), f"the sum of two Means is a Mean, got {both!r}"


def test_three_make_the_mean_of_all():
    means = [made(1, 1), made(10, 2), made(-20, 5)]
    got = value(answer_of(lambda: reduce(add, means), "three Means can be added in a row"))
    assert got == pytest.approx(-9 / 8), f"(1 + 10 - 20) / (1 + 2 + 5) is -1.125, got {got}"


def test_fractions_of_a_mean_stay():
    for total, count, expected in ((7, 2, 3.5), (-1, 4, -0.25), (0.75, 3, 0.25)):
        got = value(made(total, count))
        assert got == pytest.approx(expected), f"{total} / {count} is {expected}, got {got}"
    got = value(added(made(1, 2), made(0.5, 1)))
    assert got == pytest.approx(0.5), f"(1 + 0.5) / (2 + 1) is 0.5, got {got}"


def test_zeros_count():
    for one, two in (((6, 3), (0, 3)), ((0, 3), (6, 3))):
        got = value(added(made(*one), made(*two)))
        assert got == pytest.approx(1), f"3 zeros and 6 over 3 make 6 / 6 = 1, got {got}"


def test_an_empty_batch_changes_nothing():
    for one, two in (((6, 3), (0, 0)), ((0, 0), (6, 3))):
        got = value(added(made(*one), made(*two)))
        assert got == pytest.approx(2), f"6 over 3 and nothing at all is 6 / 3 = 2, got {got}"


def test_the_mean_of_nothing_is_refused():
    nothing = made(0, 0)
    assert_refused(lambda: nothing.value, ZeroDivisionError, "the count is 0")


def test_sum_adds_them_up():
    for parts, expected in (
        ([(6, 3), (12, 3)], 3),
        ([(2, 1), (30, 3), (-7, 1)], 5),
        ([(9, 2)], 4.5),
    ):
        means = [made(*part) for part in parts]
        got = value(answer_of(lambda: sum(means), "sum() of Means begins with 0 + the first"))
        assert got == pytest.approx(expected), (
            f"sum() of the (total, count) {parts} has the mean {expected}, got {got}"
        )


def test_the_same_list_sums_twice():
    means = [made(2, 1), made(30, 3), made(-7, 1)]
    why = "sum() of Means begins with 0 + the first"
    first, second = (value(answer_of(lambda: sum(means), why)) for _ in range(2))
    assert second == pytest.approx(first), (
        f"the first sum of a list of Means has the value {first}, the second {second}: + has "
        "written into them"
    )


def test_the_left_operand_stays():
    left, right = made(2, 1), made(30, 3)
    added(left, right)
    got = value(left)
    assert got == pytest.approx(2), f"a has the value 2, and after a + b {got}: + is not +="


def test_the_right_operand_stays():
    left, right = made(2, 1), made(30, 3)
    added(left, right)
    got = value(right)
    assert got == pytest.approx(10), f"b has the value 10, and after a + b {got}"


def test_a_mean_can_be_added_to_itself():
    mean = made(2, 1)
    both = added(mean, mean)
    got = value(added(both, made(-8, 4)))
    assert got == pytest.approx(-4 / 6), (
        f"a + a has the total 4 and the count 2, and b (-8, 4): (4 - 8) / (2 + 4), got {got}"
    )
    assert value(mean) == pytest.approx(2), f"a has the value 2, and after a + a {value(mean)}"


def test_another_number_on_the_right_is_refused():
    for number in (5, -1, 2.5):
        assert_refused(lambda: made(6, 3) + number, TypeError, f"a Mean and {number} have no sum")


def test_another_number_on_the_left_is_refused():
    for number in (5, -1, 2.5):
        assert_refused(lambda: number + made(6, 3), TypeError, f"{number} and a Mean have no sum")


def test_another_thing_on_the_right_is_refused():
    for thing in ("a", "", None, [1], [], object()):
        assert_refused(lambda: made(6, 3) + thing, TypeError, f"a Mean and {thing!r} have no sum")


def test_another_thing_on_the_left_is_refused():
    for thing in ("a", [1], (1, 2), object()):
        assert_refused(lambda: thing + made(6, 3), TypeError, f"{thing!r} and a Mean have no sum")


def test_an_empty_left_one_is_refused():
    for thing in ("", [], (), None):
        assert_refused(
            lambda: thing + made(6, 3),
            TypeError,
            f"{thing!r} and a Mean have no sum: it is false, and it is not 0",
        )


def test_a_foreign_class_on_the_right_gets_its_turn():
    got = answer_of(
        lambda: made(6, 3) + KnowsMeans(),
        "its class knows how to be added to a Mean, and is to be asked",
    )
    assert isinstance(got, str), f"the other class returned a text as the sum, got {got!r}"
    assert got == "the foreign sum", f"the other class returned 'the foreign sum', got {got!r}"


def test_a_foreign_class_that_looks_alike_is_refused():
    for sum_of in (lambda: made(6, 3) + Alike(), lambda: Alike() + made(6, 3)):
        assert_refused(sum_of, TypeError, "an object with the attributes of a Mean is not one")


class KnowsMeans:
    """Knows how to be added to anything."""

    def __radd__(self, other):
        return "the foreign sum"


class Alike:
    """Has what a Mean has, and is none."""

    total, count, value = 6, 3, 2.0


def made(total, count):
    return answer_of(lambda: Mean(total, count), f"a total of {total} over {count} is a Mean")


def added(one, two):
    return answer_of(lambda: one + two, "two Means can be added")


def value(mean):
    return answer_of(lambda: mean.value, "a sum of Means has a value")
