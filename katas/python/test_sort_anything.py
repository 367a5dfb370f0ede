from dojo.checks import answer_of
from katas.python.sort_anything import run_order


def test_the_smallest_order_comes_first():
    assert_order(
        [function("b", 3), function("c", 1), function("a", 2)],
        "c a b",
        "b c a would mean that they were left as they came, a b c that names were sorted, b a c "
        "that the largest came first",
    )


def test_what_is_in_order_stays_so():
    callbacks = [function("b", 1), function("a", 2)]
    assert_order(callbacks, "b a", "a b would mean the largest first, or names")


def test_a_large_order_is_a_number():
    callbacks = [function("ten", 10), function("nine", 9), function("two", 2)]
    assert_order(callbacks, "two nine ten", "10 before 2 would mean that digits were compared")


def test_a_negative_order_comes_before_zero():
    callbacks = [function("one", 1), function("zero", 0), function("minus", -1)]
    assert_order(callbacks, "minus zero one", "-1 is less than 0, and not the last as in an index")


def test_two_negative_orders_are_told_apart():
    callbacks = [function("small", -1), function("large", -5)]
    assert_order(callbacks, "large small", "-5 is less than -1, whatever its size")


def test_fractions_of_an_order_count():
    callbacks = [function("half", 0.5), function("quarter", 0.25), function("zero", 0)]
    assert_order(callbacks, "zero quarter half", "0.25 and 0.5 are not 0")


def test_equal_orders_keep_their_places():
    callbacks = [Comparable("a", 2), Comparable("b", 2), Comparable("c", 1), Comparable("d", 1)]
    assert_order(
        callbacks,
        "c d a b",
        "d c b a would mean that ties were turned round, c a that one was kept of each order",
    )


def test_equal_orders_are_not_put_by_name():
    callbacks = [function("b", 2), function("a", 2), function("d", 1), function("c", 1)]
    assert_order(callbacks, "d c b a", "c d a b would mean that ties were settled by name")


def test_what_cannot_compare_is_not_compared():
    callbacks = [Stubborn("b", 1), Stubborn("a", 1), Stubborn("c", 0)]
    assert_order(callbacks, "c b a", "only the orders are to be compared")


def test_one_that_came_twice_is_there_twice():
    again, other = function("again", 1), function("other", 0)
    assert_order([again, other, again], "other again again", "it was added twice")


def test_none_comes_before_positive():
    callbacks = [function("one", 1), function("none")]
    assert_order(callbacks, "none one", "without an order it is 0, and 0 is less than 1")


def test_none_comes_after_negative():
    callbacks = [function("none"), function("minus", -1)]
    assert_order(callbacks, "minus none", "without an order it is 0, and -1 is less than 0")


def test_none_is_a_tie_with_zero():
    for callbacks in (
        [function("first", 0), function("none"), function("zero", 0)],
        [function("none"), function("other"), function("zero", 0)],
    ):
        came = names(callbacks)
        assert_order(callbacks, came, "without an order it is 0, and ties keep their places")


def test_functions_classes_and_objects_sort_together():
    late = type("late", (), {"order": 2})
    early = Stubborn("early", -3)
    callbacks = [late, len, function("later", 5), early]
    assert_order(callbacks, "early len late later", "what they are does not matter")


def test_a_class_is_sorted_as_it_is():
    born = []

    class First:
        order = -1

        def __init__(self):
            born.append(self)
            self.order = 9

    got = ordered([function("zero", 0), First])
    assert not born, "a class in the list was called, and is to be left as it is"
    assert any(each is First for each in got[:1]), (
        f"the class itself has order -1 and comes first, got {got!r}"
    )


def test_the_order_may_come_from_the_class():
    class Inherits(type("Base", (), {"order": -2})):
        __name__ = "inherits"

    class Computes:
        __name__ = "computes"

        @property
        def order(self):
            return -1

    class Slotted:
        __slots__ = ("order",)
        __name__ = "slotted"

    slotted = Slotted()
    slotted.order = -3
    callbacks = [function("zero", 0), Computes(), Inherits(), slotted]
    assert_order(
        callbacks,
        "slotted inherits computes zero",
        "an attribute is what one gets by asking, not only what is in the object's __dict__",
    )


def test_one_that_is_false_stays():
    class Recorder(list):
        __name__ = "recorder"
        order = -1

    assert_order(
        [function("zero", 0), Recorder()], "recorder zero", "an empty list is false, and there"
    )


def test_the_very_objects_are_returned():
    callbacks = [Stubborn("b", 1), function("a", 0)]
    got = ordered(callbacks)
    assert [id(each) for each in got] == [id(callbacks[1]), id(callbacks[0])], (
        f"the list holds the objects that came in, got {got!r}"
    )


def test_any_iterable_will_do():
    b, a = function("b", 1), function("a", 0)
    for what, callbacks in (
        ("a generator", (each for each in [b, a])),
        ("a tuple", (b, a)),
        ("a dict's keys", {b: 1, a: 2}.keys()),
    ):
        got = names(ordered(callbacks))
        assert got == "a b", (
            f"{what} with b, then a, gives a b, got {got!r}: nothing may mean that it was walked "
            "twice"
        )


def test_none_at_all_give_an_empty_list():
    for nothing in ([], iter(())):
        got = ordered(nothing)
        assert isinstance(got, list), f"no callbacks give an empty list, got {got!r}"
        assert not got, f"no callbacks give an empty list, got {got!r}"


def test_the_result_is_a_list():
    got = answer_of(lambda: run_order([function("b", 1), function("a", 0)]), "two give a list")
    assert isinstance(got, list), (
        f"expected a list, got {got!r}: None would be what list.sort() returns"
    )


def test_the_callers_list_stays_as_it_is():
    callbacks = [function("b", 1), function("a", 0)]
    got = ordered(callbacks)
    now = names(callbacks)
    assert now == "b a", f"the list handed in was b a, and is now {now}: sort() works in place"
    assert got is not callbacks, "the list handed in was returned: make a new one"


def test_they_get_no_attribute():
    callback = function("none")
    ordered([callback, function("one", 1)])
    assert not hasattr(callback, "order"), (
        f"a callback without an order now has order {callback.order}: ask, and do not write"
    )


class Stubborn:
    """An object that nothing but its order can be asked of."""

    def __init__(self, name, order):
        self.__name__, self.order = name, order

    def refuse(self, *_):
        raise AssertionError(
            "a callback was compared, hashed, called or asked whether it is true: a key is enough"
        )

    __lt__ = __gt__ = __le__ = __ge__ = __eq__ = __ne__ = refuse
    __hash__ = __bool__ = __call__ = __len__ = refuse

    def __repr__(self):
        return self.__name__


class Comparable:
    """An object that has an order, and a < of its own, by name."""

    def __init__(self, name, order):
        self.__name__, self.order = name, order

    def __lt__(self, other):
        return self.__name__ < other.__name__


def function(name, order=None):
    def callback():
        raise AssertionError(f"{name} was called, and is only to be sorted")

    callback.__name__ = name
    if order is not None:
        callback.order = order
    return callback


def ordered(callbacks):
    got = answer_of(lambda: run_order(callbacks), "callbacks of any kind can be put in order")
    assert isinstance(got, (list, tuple)), f"expected a list, got {got!r}"
    return got


def names(callbacks):
    return " ".join(getattr(callback, "__name__", repr(callback)) for callback in callbacks)


def assert_order(callbacks, expected, meaning):
    came = ", ".join(f"{each.__name__} {getattr(each, 'order', '(none)')}" for each in callbacks)
    got = ordered(callbacks)
    shown = names(got)
    assert shown == expected, f"of {came} the order is {expected}, got {shown}: {meaning}"
