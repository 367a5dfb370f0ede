from dojo.checks import answer_of, assert_refused
from katas.python.addition import Mean


class Meter:
    """A class that can be added to anything that stands on its left."""

    def __radd__(self, other):
        return "a meter on the right"


def test_the_value_is_total_over_count():
    for total, count, expected in ((6.0, 4, 1.5), (-9, 3, -3.0), (0.0, 5, 0.0)):
        got = Mean(total, count).value
        assert got == expected, f"{total} over {count} is {expected}, got {got}"


def test_nothing_has_no_mean():
    why = "no items have no mean, 0 over 0"
    assert_refused(lambda: Mean(0, 0).value, ZeroDivisionError, why)


def test_batches_of_unequal_size():
    got = added(Mean(6, 3), Mean(10, 1)).value  # means 2 and 10
    assert got == 4.0, (
        f"three items with mean 2 and one of 10 have mean 16 / 4 = 4, got {got}: 6 would mean the "
        "average of the averages, 12 their sum"
    )


def test_total_and_count_add_up():
    got = added(Mean(6, 3), Mean(10, 1))
    assert (got.total, got.count) == (16, 4), (
        f"3 items of total 6 and 1 of total 10 are 4 of 16, got {got.count} of {got.total}"
    )


def test_three_in_a_row():
    a, b, c = Mean(3, 1), Mean(8, 4), Mean(-1, 5)
    for got in (added(added(a, b), c).value, added(a, added(b, c)).value):
        assert got == 1.0, f"10 items of total 10 have mean 1, however bracketed, got {got}"


def test_the_sum_is_a_mean():
    got = added(Mean(6, 3), Mean(10, 1))
    assert isinstance(got, Mean), f"mean + mean is a Mean, got {got!r}"


def test_nothing_added_leaves_a_new_mean():
    something, nothing = Mean(6, 3), Mean(0, 0)
    for a, b in ((something, nothing), (nothing, something)):
        got = added(a, b)
        assert (got.total, got.count) == (6, 3), (
            f"3 items of total 6 and no items are 3 of 6, got {got.count} of {got.total}"
        )
        assert got is not something, "the sum of two means is a new one, got one of the two"


def test_means_that_agree_keep_their_value():
    got = added(Mean(4, 2), Mean(6, 3)).value
    assert got == 2, f"two groups with mean 2 have mean 2 together, got {got}: 4 is the sum of both"


def test_the_operands_stay_as_they_are():
    a, b = Mean(6, 3), Mean(10, 1)
    added(a, b)
    got = (a.total, a.count), (b.total, b.count)
    assert got == ((6, 3), (10, 1)), f"the two were (6, 3) and (10, 1), and are now {got}"


def test_sum_of_means_works():
    means = [Mean(6, 3), Mean(10, 1), Mean(-1, 1)]
    got = answer_of(lambda: sum(means), "sum() starts with 0 + the first mean")
    assert isinstance(got, Mean), f"a sum of means is a Mean, got {got!r}"
    assert got.value == 3.0, f"5 items of total 15 have mean 3, got {got.value}"
    left = [(mean.total, mean.count) for mean in means]
    assert left == [(6, 3), (10, 1), (-1, 1)], f"sum() has changed the means: {left}"


def test_sum_of_one_mean_is_that_mean():
    got = answer_of(lambda: sum([Mean(6, 3)]), "sum() starts with 0 + the first mean")
    assert (got.total, got.count) == (6, 3), f"expected (6, 3), got {(got.total, got.count)}"


def test_a_mean_plus_a_number_is_refused():
    for other in (5, 2.5, True, -1):
        assert_refused(lambda: Mean(6, 3) + other, TypeError, f"a mean and {other} have no sum")


def test_a_number_plus_a_mean_is_refused():
    for other in (5, 2.5, True, -1):
        assert_refused(lambda: other + Mean(6, 3), TypeError, f"{other} and a mean have no sum")


def test_text_is_refused():
    for call in (lambda: Mean(6, 3) + "a", lambda: "a" + Mean(6, 3)):
        assert_refused(call, TypeError, "a mean and a text have no sum")


def test_what_is_empty_is_no_zero():
    for other in ("", [], (), None):
        assert_refused(
            lambda: other + Mean(6, 3),
            TypeError,
            f"0 is the only other thing that may be added, and {other!r} is none, though falsy",
        )


def test_another_class_gets_its_turn():
    got = answer_of(
        lambda: Mean(6, 3) + Meter(),
        "a class that knows how to add a Mean is to be asked (return NotImplemented, do not raise)",
    )
    assert got == "a meter on the right", f"the other class's __radd__ decides, got {got!r}"


def added(a, b):
    return answer_of(lambda: a + b, "two means have a sum")
