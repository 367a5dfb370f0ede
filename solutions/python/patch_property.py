"""What turns a patched-in function into something read like an attribute?

account.interest in place of account.interest(), on a class that somebody else wrote.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar

from dojo import alternative, misconception

__all__ = ["patch_property"]

Function = TypeVar("Function", bound=Callable[[Any], Any])


def patch_property(cls: type) -> Callable[[Function], Function]:
    """Return a decorator that lets objects of cls have a function as an attribute, to read only.

    After

        @patch_property(Account)
        def interest(account):
            "A year's interest."
            return account.balance * account.rate

    account.interest, without brackets, is what the function returns for that account: worked out
    anew at each reading, whatever value it is; an error of the function comes out as it is. The
    attribute goes by the function's own name. Objects made before have it, and so do those of
    subclasses, whenever these were made, and objects with slots and no __dict__. Assigning to it
    raises AttributeError and changes nothing. Account.interest.__doc__ is the function's docstring.
    Nothing else is added to the class or changed in it.

    The decorator returns the function itself: the name interest goes on being it, and can be
    called, or patched into another class.
    """

    def patch(function: Function) -> Function:
        setattr(cls, function.__name__, property(function))
        return function

    return patch


HINTS = (
    "In a class of your own, @property in front of a method does it. What does a decorator return, "
    "and where does Python look for it when account.interest is read?",
    "property(function) is an object; it works once it is an attribute of the class. The attribute "
    "needs the function's name, which is a string: function.__name__.",
    "def patch(function): setattr(cls, function.__name__, property(function)); return function. "
    "patch_property returns patch.",
)
ANSWER = """
property does it: an object on the class whose __get__ calls the function, and whose __set__
refuses. Python looks for it on the class each time the attribute is read, so a class can be patched
after objects and subclasses of it were made, and all of them have it at once. Libraries for
notebooks grow Tensor that way.

A plain method in its place is the quiet mistake: `if account.overdrawn:` asks whether the method is
there, which is always true. cls.fn = property(fn) makes an attribute that is called fn. A decorator
that returns nothing sets the function's name to None. A property computes at each reading, so what
is slow should look like a call; functools.cached_property computes once, keeps the first value in
the object, and lets it be overwritten, since it has no __set__. One more trap: an AttributeError
inside the function looks like a missing attribute, to hasattr and to __getattr__.
"""


class _Reads:
    """A property by hand."""

    def __init__(self, function):
        self.function, self.__doc__ = function, function.__doc__

    def __get__(self, instance, owner=None):
        return self if instance is None else self.function(instance)

    def __set__(self, instance, value):
        raise AttributeError(f"{self.function.__name__} is read-only")


@alternative
def writes_a_descriptor(cls):
    def patch(function):
        setattr(cls, function.__name__, _Reads(function))
        return function

    return patch


class _ShowsTheFunction:
    def __init__(self, function):
        self.function = function

    def __get__(self, instance, owner):
        return self.function if instance is None else self.function(instance)

    def __set__(self, instance, value):
        raise AttributeError("computed, not stored")

    __delete__ = __set__


@alternative
def shows_the_function_on_the_class(cls):
    def patch(function):
        type.__setattr__(cls, function.__name__, _ShowsTheFunction(function))
        return function

    return patch


@alternative
class RemembersTheClass:
    def __init__(self, cls):
        self.cls = cls

    def __call__(self, function):
        setattr(self.cls, function.__name__, property().getter(function))
        return function


@alternative
def gives_the_docstring_by_hand(cls):
    def patch(function):
        def fget(self):
            return function(self)

        setattr(cls, function.__name__, property(fget, doc=function.__doc__))
        return function

    return patch


def _patches(make):
    """A decorator with one mistake: what it puts on the class."""

    def patch_property(cls):
        def patch(function):
            setattr(cls, function.__name__, make(function))
            return function

        return patch

    return patch_property


@misconception(caught_by="test_reading_needs_no_brackets")
def adds_a_method(cls):
    "A function on a class is read like any attribute."
    return _patches(lambda function: function)(cls)


@misconception(caught_by="test_it_goes_by_the_functions_name")
def calls_it_fn(cls):
    "cls.fn sets the attribute that the variable fn names."

    def patch(fn):
        cls.fn = property(fn)
        return fn

    return patch


@misconception(caught_by="test_the_functions_name_is_not_lost")
def returns_nothing(cls):
    "The work of a decorator is done when the class is patched."

    def patch(function):
        setattr(cls, function.__name__, property(function))

    return patch


@misconception(caught_by="test_the_functions_name_can_still_be_called")
def returns_the_property(cls):
    "What a decorator makes is what it returns."

    def patch(function):
        made = property(function)
        setattr(cls, function.__name__, made)
        return made

    return patch


@misconception(caught_by="test_the_decorator_returns_the_function")
def returns_the_class(cls):
    "A decorator for a class returns the class."

    def patch(function):
        setattr(cls, function.__name__, property(function))
        return cls

    return patch


class _ComputesOnce:
    def __init__(self, function):
        self.function, self.__doc__ = function, function.__doc__
        self.values = {}

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        key = self.key(instance)
        if key not in self.values:
            self.values[key] = instance, self.function(instance)  # kept alive, as is its id
        return self.values[key][1]

    def __set__(self, instance, value):
        raise AttributeError(f"{self.function.__name__} is read-only")

    def key(self, instance):
        return id(instance)


class _ComputesForAll(_ComputesOnce):
    def key(self, instance):
        return "all"


@misconception(caught_by="test_each_reading_works_it_out_anew")
def computes_once(cls):
    "An attribute is worked out at the first reading and kept."
    return _patches(_ComputesOnce)(cls)


@misconception(caught_by="test_each_object_has_a_value_of_its_own")
def computes_once_for_all(cls):
    "A value that is kept on the class is every object's value."
    return _patches(_ComputesForAll)(cls)


@misconception(caught_by="test_each_reading_works_it_out_anew")
def caches_the_property(cls):
    "A cached_property is a property, only faster."

    def patch(function):
        made = cached_property(function)
        made.__set_name__(cls, function.__name__)
        setattr(cls, function.__name__, made)
        return function

    return patch


@misconception(caught_by="test_a_falsy_value_is_returned_as_it_is")
def turns_nothing_into_none(cls):
    "An attribute with nothing in it is None."
    return _patches(lambda f: property(lambda self: f(self) or None, doc=f.__doc__))(cls)


@misconception(caught_by="test_an_error_comes_out")
def hides_errors(cls):
    "Reading an attribute cannot fail."

    def get(function):
        def value(self):
            try:
                return function(self)
            except Exception:
                return None

        return property(value, doc=function.__doc__)

    return _patches(get)(cls)


class _CanBeOverwritten:
    def __init__(self, function):
        self.function, self.__doc__ = function, function.__doc__

    def __get__(self, instance, owner=None):
        return self if instance is None else self.function(instance)


@misconception(
    caught_by=("test_assigning_raises_attribute_error", "test_assigning_changes_nothing")
)
def leaves_out_the_set(cls):
    "An object with a __get__ alone can only be read."
    return _patches(_CanBeOverwritten)(cls)


@misconception(caught_by="test_assigning_raises_attribute_error")
def ignores_what_is_assigned(cls):
    "What cannot be set is best ignored when it is set."
    return _patches(lambda f: property(f, lambda self, value: None, doc=f.__doc__))(cls)


@misconception(caught_by=("test_objects_made_before_have_it", "test_a_tensor_can_have_it"))
def patches_the_init(cls):
    "An object gets its attributes when it is made."
    before = cls.__init__

    def patch(function):
        def init(self, *args, **kwargs):
            before(self, *args, **kwargs)
            setattr(self, function.__name__, function(self))

        cls.__init__ = init
        return function

    return patch


@misconception(caught_by="test_objects_with_slots_have_it")
def writes_values_into_the_object(cls):
    "The value of an attribute lies in the object's __dict__."

    def get(function):
        def value(self):
            vars(self)[f"_{function.__name__}"] = function(self)
            return vars(self)[f"_{function.__name__}"]

        return property(value, doc=function.__doc__)

    return _patches(get)(cls)


@misconception(caught_by="test_subclasses_have_it")
def leaves_out_subclasses(cls):
    "A property belongs to one class, and a subclass is another."

    def get(function):
        def value(self):
            if type(self) is not cls:
                raise AttributeError(f"{type(self).__name__} has no {function.__name__}")
            return function(self)

        return property(value, doc=function.__doc__)

    return _patches(get)(cls)


@misconception(caught_by="test_the_class_shows_the_docstring")
def loses_the_docstring(cls):
    "A lambda around a function passes its docstring on."
    return _patches(lambda function: property(lambda self: function(self)))(cls)


_last = {}


@misconception(caught_by="test_two_functions_keep_apart")
def keeps_the_last_function(cls):
    "A getter finds the function that was patched in, since there is one."

    def get(function):
        _last["function"] = function
        return property(lambda self: _last["function"](self), doc=function.__doc__)

    return _patches(get)(cls)


@misconception(caught_by="test_two_classes_keep_apart")
def keeps_the_last_class(cls):
    "A decorator is applied as soon as it is made, so one place for its class will do."
    _last["cls"] = cls

    def patch(function):
        setattr(_last["cls"], function.__name__, property(function))
        return function

    return patch


@misconception(caught_by="test_what_the_class_had_stays")
def answers_for_missing_attributes(cls):
    "__getattr__ is the way to add an attribute to a class."

    def patch(function):
        def answer(self, name):
            if name == function.__name__:
                return function(self)
            raise AttributeError(f"{type(self).__name__} has no {name}")

        cls.__getattr__ = answer
        return function

    return patch


@misconception(caught_by="test_what_the_class_had_stays")
def leaves_the_method_too(cls):
    "The property calls a method, and so the class needs both."

    def patch(function):
        hidden = f"get_{function.__name__}"
        setattr(cls, hidden, function)
        made = property(lambda self: getattr(self, hidden)(), doc=function.__doc__)
        setattr(cls, function.__name__, made)
        return function

    return patch
