from contextlib import contextmanager, suppress

import torch

from dojo.checks import answer_of
from katas.python.patch_property import patch_property


def test_reading_needs_no_brackets():
    account = with_interest()(100, 0.25)
    got = read(account, "interest")
    assert not callable(got), (
        f"account.interest is to be the number 25.0, got {got!r}: a method waits to be called, and "
        "is truthy whatever it would return"
    )
    assert got == 25.0, f"a quarter of 100 is 25.0, account.interest is {got!r}"


def test_it_goes_by_the_functions_name():
    made = with_interest()
    assert hasattr(made, "interest"), (
        "a function interest was patched in, and the class has no interest: an attribute whose "
        "name is in a string is set by setattr"
    )


def test_each_reading_works_it_out_anew():
    account = with_interest()(100, 0.25)
    first = read(account, "interest")
    account.balance = 40
    second = read(account, "interest")
    assert (first, second) == (25.0, 10.0), (
        f"a quarter of 100 is 25.0, and a quarter of 40 is 10.0 once the balance is 40, got "
        f"{first} and {second}: the second time it is to be worked out anew"
    )


def test_each_object_has_a_value_of_its_own():
    cls = with_interest()
    got = [read(account, "interest") for account in (cls(100, 0.25), cls(8, 0.5))]
    assert got == [25.0, 4.0], (
        f"a quarter of 100 and a half of 8 are 25.0 and 4.0, two accounts have {got}"
    )


def test_a_falsy_value_is_returned_as_it_is():
    for value in (0, "", [], False, None):
        cls = make_class()
        patched(cls, named("purpose", lambda account: value))
        got = read(cls(100, 0.25), "purpose")
        assert type(got) is type(value), f"the function returns {value!r}, reading gave {got!r}"
        assert got == value, f"the function returns {value!r}, reading gave {got!r}"


def test_an_error_comes_out():
    cls = make_class()
    patched(cls, named("years", lambda account: 1 / account.rate))
    try:
        got = cls(100, 0).years
    except ZeroDivisionError:
        return
    raise AssertionError(
        f"the function divides by 0, and its ZeroDivisionError is to come out, got {got!r}"
    )


def test_objects_made_before_have_it():
    cls = make_class()
    account = cls(100, 0.25)
    patched(cls, interest)
    got = read(account, "interest", "an account made before the class was patched has it too")
    assert got == 25.0, f"a quarter of 100 is 25.0, an account made before has {got!r}"


def test_subclasses_have_it():
    cls = make_class()

    class Before(cls):
        pass

    patched(cls, interest)

    class After(Before):
        pass

    for each in (Before, After):
        why = f"an account of a subclass, made {each.__name__.lower()} the patch, has it too"
        got = read(each(100, 0.25), "interest", why)
        assert got == 25.0, f"{why}, and a quarter of 100 is 25.0, got {got!r}"


def test_objects_with_slots_have_it():
    class Slim:
        __slots__ = ("balance", "rate")

    patched(Slim, interest)
    slim = answer_of(Slim, "a class that was patched still makes objects")
    slim.balance, slim.rate = 100, 0.25
    got = read(slim, "interest", "an object with slots has no __dict__, and needs none for this")
    assert got == 25.0, f"a quarter of 100 is 25.0, an object with slots has {got!r}"


def test_assigning_raises_attribute_error():
    account = with_interest()(100, 0.25)
    try:
        account.interest = 7
    except AttributeError:
        return
    raise AssertionError(
        "account.interest = 7 is to raise AttributeError, and raised nothing: an object on the "
        "class refuses only if its class has a __set__ that does"
    )


def test_assigning_changes_nothing():
    account = with_interest()(100, 0.25)
    with suppress(AttributeError):
        account.interest = 7
    got = read(account, "interest")
    assert got == 25.0, (
        f"a quarter of 100 is 25.0 after account.interest = 7, too, got {got!r}: the 7 went into "
        "the object, in front of what the class has"
    )


def test_the_class_shows_the_docstring():
    cls = with_interest()
    got = answer_of(lambda: cls.interest.__doc__, "Account.interest has the function's docstring")
    assert got == "A year's interest.", (
        f'Account.interest.__doc__ is that of the function, "A year\'s interest.", got {got!r}'
    )


def test_the_functions_name_is_not_lost():
    got = patched(make_class(), interest)
    assert got is not None, (
        "the decorated name is None: it is what the decorator returns, and a function without "
        "return gives None"
    )


def test_the_functions_name_can_still_be_called():
    got = patched(make_class(), interest)
    assert callable(got), f"the decorated name is to be the function still, got {got!r}"


def test_the_decorator_returns_the_function():
    got = patched(make_class(), interest)
    assert got is interest, f"the decorated name is to be the function itself, got {got!r}"


def test_two_functions_keep_apart():
    cls = with_interest()
    patched(cls, named("doubled", lambda account: 2 * account.balance))
    account = cls(100, 0.25)
    got = read(account, "interest"), read(account, "doubled")
    assert got == (25.0, 200), (
        f"a quarter of 100 is 25.0, twice 100 is 200, interest and doubled are {got}: each "
        "attribute has a function of its own"
    )


def test_two_classes_keep_apart():
    cls, other = make_class(), make_class()
    decorators = [
        answer_of(lambda: patch_property(each), "a class is given") for each in (cls, other)
    ]
    first, second = named("half", lambda a: a.balance / 2), named("twice", lambda a: a.balance * 2)
    for decorate, function in zip(decorators, (first, second), strict=True):
        answer_of(lambda: decorate(function), f"{function.__name__} is patched in")
    for each, has, lacks in ((cls, "half", "twice"), (other, "twice", "half")):
        assert has in vars(each), (
            f"two decorators were made, then used: the class that was to get {has} lacks it"
        )
        assert lacks not in vars(each), f"the class that was given {has} has {lacks} too"


def test_what_the_class_had_stays():
    cls = make_class()
    before = dict(vars(cls))
    patched(cls, interest)
    after = dict(vars(cls))
    more = sorted(after.keys() - before.keys() - {"interest"})
    assert not more, f"interest alone was to be added to the class, and added was {more}"
    changed = [name for name in before if after.get(name) is not before[name]]
    assert not changed, f"interest was to be added and nothing changed, and changed was {changed}"


def test_a_tensor_can_have_it():
    tensor = torch.tensor([3.0, -1.0, 2.5])
    with restored(torch.Tensor):
        patched(torch.Tensor, named("span", lambda t: (t.max() - t.min()).item()))
        got = read(tensor, "span", "tensors made before torch.Tensor was patched have it")
    assert got == 4.0, f"from -1 to 3 is 4.0, tensor.span is {got!r}"


def interest(account):
    """A year's interest."""
    return account.balance * account.rate


def make_class():
    class Account:
        def __init__(self, balance, rate):
            self.balance = balance
            self.rate = rate

    return Account


def with_interest():
    cls = make_class()
    patched(cls, interest)
    return cls


def named(name, function):
    function.__name__ = name
    return function


def patched(cls, function):
    """What the decorator returns."""
    why = f"patch_property({cls.__name__}) decorates a function"
    return answer_of(lambda: patch_property(cls)(function), why)


def read(instance, name, why="the function is read like an attribute"):
    return answer_of(lambda: getattr(instance, name), f"{why}: .{name}")


@contextmanager
def restored(cls):
    """Leave somebody else's class as it was, whatever a wrong answer does to it."""
    before = dict(vars(cls))
    try:
        yield
    finally:
        for name, value in dict(vars(cls)).items():
            if name not in before:
                delattr(cls, name)
            elif value is not before[name]:
                setattr(cls, name, before[name])
