import gc
import tracemalloc
import weakref
from math import isclose

from dojo.checks import answer_of
from katas.python.closures import make_adders, make_averager


class Number(float):
    """A number that can be watched by a weak reference."""

    __slots__ = ("__weakref__",)


def test_each_adder_keeps_its_own_amount():
    got = [adder(10) for adder in adders([1, 2, -3])]
    assert got == [11, 12, 7], (
        f"10 with 1, 2 and -3 added is [11, 12, 7], got {got}: [7, 7, 7] would mean that all of "
        "them look at the loop's variable, whose last value is -3"
    )


def test_adders_come_in_the_order_of_amounts():
    first, second = adders([5, 5.5])
    got = first(0), second(0)
    assert got in ((5, 5.5), (5.5, 5.5)), f"the first adds 5, the second 5.5, got {got}"


def test_adders_come_in_a_list():
    got = make_adders([1, 2])
    assert isinstance(got, list), f"expected a list, got a {type(got).__name__}"


def test_amounts_may_come_from_a_generator():
    got = len(list(adders(amount for amount in (1, 2, 3))))
    assert got == 3, f"a generator of three amounts gives three adders, got {got}"


def test_no_amounts_give_no_adders():
    got = list(adders([]))
    assert got == [], f"no amounts, no adders, got {got}"


def test_equal_amounts_have_an_adder_each():
    got = len(list(adders([2, 2, 2])))
    assert got == 3, f"three amounts, equal or not, are three adders, got {got}"


def test_an_adder_gives_the_same_each_time():
    [adder] = adders([4])
    got = adder(1), adder(1)
    assert got == (5, 5), f"1 + 4 is 5, the second time too, got {got}"


def test_a_later_change_of_the_list_does_not_matter():
    amounts = [1]
    [adder] = adders(amounts)
    amounts[0] = 100
    got = adder(10)
    assert got == 11, f"the amount was 1 when the adder was made, so 11, got {got}"


def test_the_mean_of_all_so_far():
    got = means(2.0, 4.0, 9.0, -3.0)
    assert all(map(isclose, got, (2.0, 3.0, 5.0, 3.0))), (
        f"2, 4, 9, -3 have the running means 2, 3, 5, 3, got {got}: 2, 3, 6, 1.5 would mean that "
        "the old mean was averaged with each number, 2, 6, 15, 12 the total"
    )


def test_a_mean_has_a_fraction():
    got = means(1, 2)
    assert isclose(got[1], 1.5), f"the mean of 1 and 2 is 1.5, got {got[1]}"


def test_the_first_number_may_be_zero():
    got = means(0, 3, 0)
    assert all(map(isclose, got, (0, 1.5, 1))), f"0, 3, 0 have means 0, 1.5, 1, got {got}"


def test_two_averagers_do_not_share_state():
    first, second = make_averager(), make_averager()
    calls = ((first, 10), (second, 2), (first, 20), (second, 4))
    got = [average(each, number) for each, number in calls]
    assert all(map(isclose, got, (10, 2, 15, 3))), (
        f"10 and 20 for one averager, 2 and 4 for the other, in turn, have the means 10, 2, 15, 3, "
        f"got {got}: they share what they remember"
    )


def test_no_number_but_the_first_is_kept_alive():
    averager = make_averager()
    average(averager, 1.0)
    numbers = [Number(each) for each in range(5)]
    watched = [weakref.ref(number) for number in numbers]
    while numbers:
        average(averager, numbers.pop(0))
    average(averager, 1.0)  # whoever keeps the last one may let go of it now
    gc.collect()
    alive = sum(each() is not None for each in watched)
    assert not alive, f"of five numbers {alive} are still alive: a mean does not need them any more"


def test_the_last_number_is_let_go():
    averager = make_averager()
    average(averager, 1.0)
    number = Number(2)
    watched = weakref.ref(number)
    average(averager, number)
    del number
    gc.collect()
    assert watched() is None, "the number of the last call is still alive after that call"


def test_memory_does_not_grow_with_the_numbers():
    averager = make_averager()
    average(averager, 1.0)
    tracemalloc.start()
    try:
        for number in range(2_000):
            averager(number + 0.5)
        gc.collect()
        kept = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert kept < 10_000, (
        f"after 2,000 numbers {kept:,} bytes more are held: a list of them takes 64,000, a total "
        "and a count about 100"
    )


def adders(amounts):
    return answer_of(lambda: make_adders(amounts), "amounts, from any iterable, give adders")


def means(*numbers):
    averager = make_averager()
    return [average(averager, number) for number in numbers]


def average(averager, number):
    return averager(number)
