from dojo.checks import answer_of
from katas.python.sort_anything import run_order


class Callback:
    """An object that fails the test where it is compared."""

    def __init__(self, name, **attributes):
        self.name = name
        vars(self).update(attributes)

    def __lt__(self, other):
        raise AssertionError(
            f"{self} was compared with {other}: only their orders are to be compared, with a key"
        )

    __gt__ = __le__ = __ge__ = __lt__

    def __repr__(self):
        return self.name


def test_the_smallest_order_runs_first():
    callbacks = made(c=30, a=10, d=40, b=20)
    got = names(run(callbacks))
    assert got == "abcd", (
        f"orders 10, 20, 30, 40 belong to a, b, c, d, got {got}: cadb is the order in which they "
        "came, dcba is the largest first"
    )


def test_what_is_in_order_stays_so():
    got = names(run(made(a=1, b=2, c=3)))
    assert got == "abc", f"1, 2, 3 belong to a, b, c, got {got}: cba is the largest first"


def test_a_callback_given_twice_runs_twice():
    [callback] = made(a=1)
    got = names(run([callback, callback]))
    assert got == "aa", f"a came in twice, got {got}"


def test_equal_orders_keep_their_places():
    got = names(run(made(b=1, a=1, z=0, d=1, c=1, y=0)))
    assert got == "zybadc", (
        f"z and y have order 0, b, a, d, c have 1, in that order, got {got}: yzcdab would mean "
        "that ties changed places, yc that there was place for one of each order"
    )


def test_a_negative_order_comes_before_zero():
    got = names(run(made(zero=0, minus=-5, last=1, least=-10)))
    assert got == "least minus zero last", f"-10, -5, 0, 1 is the order, got {got}"


def test_fractions_of_an_order_count():
    got = names(run(made(b=0.5, a=0.25, c=0.75)))
    assert got == "abc", f"0.25, 0.5, 0.75 belong to a, b, c, got {got}"


def test_none_runs_before_order_one():
    got = names(run([*made(after=1), Callback("none")]))
    assert got == "none after", f"no order means 0, which is before 1, got {got}"


def test_none_runs_after_order_minus_one():
    got = names(run([Callback("none"), *made(before=-1)]))
    assert got == "before none", f"no order means 0, which is after -1, got {got}"


def test_none_keeps_its_place_among_zeros():
    got = names(run([*made(first=0), Callback("none"), *made(last=0)]))
    assert got == "first none last", f"no order means 0, and a tie with 0 stays, got {got}"


def test_functions_classes_and_objects_sort_together():
    def function():
        pass

    class Late:
        order = 2

    partner = Callback("object", order=-1)
    function.order = 1
    callbacks = [Late, function, partner, len]
    got = run(callbacks)
    assert got == [partner, len, function, Late], (
        f"an object with -1, len without an order, a function with 1, a class with 2, got {got}"
    )


def test_the_order_of_a_class_is_its_own():
    class Early:
        order = -1

        def __init__(self):
            self.order = 7

    first = Callback("zero", order=0)
    got = run([first, Early])
    assert got == [Early, first], (
        f"the class has order -1, its objects have 7; the class itself comes first, got {got}"
    )


def test_callbacks_are_never_compared():
    callbacks = made(b=1, a=1, c=0)
    got = run(callbacks)
    for callback in callbacks:
        assert any(callback is each for each in got), f"{callback} came in, and is not in {got}"


def test_a_generator_will_do():
    callbacks = made(b=2, a=1)
    got = names(run(callback for callback in callbacks))
    assert got == "ab", f"a generator of b and a gives a, b, got {got!r}"


def test_no_callbacks_are_in_order():
    got = run([])
    assert got == [], f"no callbacks give [], got {got!r}"


def test_the_result_is_a_list():
    got = run(made(b=2, a=1))
    assert isinstance(got, list), f"expected a list, got a {type(got).__name__}"


def test_the_callers_list_stays_as_it_is():
    callbacks = made(b=2, a=1)
    run(callbacks)
    got = names(callbacks)
    assert got == "ba", f"the list handed in was b, a, and is now {got}: sort() works in place"


def made(**orders):
    return [Callback(name, order=order) for name, order in orders.items()]


def run(callbacks):
    return answer_of(lambda: run_order(callbacks), "anything with an order can be sorted by it")


def names(callbacks):
    """The names in a row, with blanks between them where they are words."""
    each = [callback.name for callback in callbacks]
    return ("" if all(len(name) == 1 for name in each) else " ").join(each)
