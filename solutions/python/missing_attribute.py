"""When is __getattr__ called, and when not?

Here: a wrapper that answers for another object, and has a default for all that this object lacks.
"""

import copy
from typing import Any

from dojo import alternative, misconception

__all__ = ["Fallback"]


class Fallback:
    """A wrapper that finds an attribute on itself, else on obj, else answers with default.

    What was set on the wrapper, or stands in its class or a subclass, comes first, and is found
    without a call of __getattr__. Next comes what obj has, in whatever way it has it. The very obj
    is asked, anew at each read; every value counts, None, 0 and '' too; an error other than
    AttributeError surfaces. For all other names the answer is `default`, the very object, not
    called even where it can be. Setting and deleting concern the wrapper alone: obj stays as it is.

    A name with two underscores on both sides, such as __array__, gets no help: if neither the
    wrapper nor its class has it, reading it raises AttributeError, with the name in the message,
    even where obj has such an attribute. iter() and len() of a wrapper raise TypeError, whatever
    obj is. Names with two underscores at one end only, __half or scale__, are like any other.

    copy.copy, copy.deepcopy and pickle work, if they do on obj and default, and what was set on the
    wrapper comes along. The wrapper keeps its own state under names that begin with one underscore,
    and may hide those of obj's attributes that are called the same; it hides no others, obj and
    default among them.
    """

    def __init__(self, obj: Any, default: Any) -> None:
        """Take the object to ask next, and what to answer where it has nothing."""
        self._obj, self._default = obj, default

    def __getattr__(self, name):
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(f"{type(self).__name__} has no attribute {name}")
        return getattr(self._obj, name, self._default)


HINTS = (
    "Python looks in the object and in its class first. Which method does it call only when it has "
    "found nothing there, and which one at every read?",
    "copy and pickle make an object without __init__, then ask it for names such as __setstate__. "
    "What does your method read first, and is that there yet?",
    "In __getattr__ raise AttributeError for names that begin and end with two underscores, before "
    "you touch self; for the rest return getattr(self._obj, name, self._default).",
)
ANSWER = """
__getattr__ is the last resort: Python calls it when looking in the object, its class and the bases
has ended in AttributeError. __getattribute__ is the one that runs at every read. So what has been
set is never asked for, and a module of torch can keep its weights in a dictionary of its own and
hand them out from __getattr__.

It is also called when a property of the class fails with AttributeError inside: the bug then hides
behind the fallback, and what you see is the default. Operators, iter() and len() look on the type
and never ask it, while numpy, copy and pickle do ask for names like __array__ and __setstate__ and
believe what they get; hence the AttributeError for those. copy and pickle ask before there is any
state: a __getattr__ that reads self._obj then calls itself until the stack is full.
"""


@alternative
class TriesAndCatches:
    def __init__(self, obj, default):
        self.__obj = obj
        self.__default = default

    def __getattr__(self, name):
        if name[:2] == name[-2:] == "__":
            raise AttributeError(name)
        try:
            return getattr(self.__obj, name)
        except AttributeError:
            return self.__default


@alternative
class ReadsItsDictionary:
    def __init__(self, obj, default):
        vars(self).update(_obj=obj, _default=default)

    def __getattr__(self, name):
        state = vars(self)
        if "_obj" not in state or (name.startswith("__") and name.endswith("__")):
            raise AttributeError(f"no attribute {name!r}", name=name, obj=self)
        return getattr(state["_obj"], name, state["_default"])


@alternative
class CatchesInGetattribute:
    def __init__(self, obj, default):
        self._pair = obj, default

    def __getattribute__(self, name):
        try:
            return super().__getattribute__(name)
        except AttributeError:
            if name.startswith("__") and name.endswith("__"):
                raise
            obj, default = super().__getattribute__("_pair")
            return getattr(obj, name, default)


@alternative
class HasSlots:
    __slots__ = ("__dict__", "_default", "_obj")

    def __init__(self, obj, default):
        self._obj, self._default = obj, default

    def __reduce__(self):
        return type(self), (self._obj, self._default), self.__dict__

    def __getattr__(self, name):
        if name.startswith("__") and name.endswith("__"):
            return super().__getattribute__(name)
        return getattr(self._obj, name, self._default)


@alternative
class PutsTheDefaultBehindObj:
    def __init__(self, obj, default):
        self._ask = [lambda name: getattr(obj, name, default)]
        self._given = obj, default

    def __getstate__(self):
        return {name: value for name, value in vars(self).items() if name != "_ask"}

    def __setstate__(self, state):
        vars(self).update(state)
        obj, default = self._given
        self._ask = [lambda name: getattr(obj, name, default)]

    def __getattr__(self, name):
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return self._ask[0](name)


class _Wrapper:
    """What the wrong answers below share: all but the mistake."""

    def __init__(self, obj, default):
        self._obj, self._default = obj, default

    def __getattr__(self, name):
        _refuse_special(name)
        return getattr(self._obj, name, self._default)


def _refuse_special(name):
    if name.startswith("__") and name.endswith("__"):
        raise AttributeError(f"no attribute {name}")


@misconception(caught_by="test_an_attribute_that_only_the_wrapper_has_is_found")
class OverridesGetattribute(_Wrapper):
    "__getattr__ and __getattribute__ are two names for one thing."

    def __getattribute__(self, name):
        if name.startswith("_"):
            return super().__getattribute__(name)
        return getattr(self._obj, name, self._default)


@misconception(caught_by="test_an_attribute_of_the_wrapper_hides_that_of_obj")
class AsksObjFirst(_Wrapper):
    "A wrapper speaks for obj, so what obj has comes before what the wrapper has."

    def __getattribute__(self, name):
        if not name.startswith("_") and hasattr(self._obj, name):
            return getattr(self._obj, name)
        return super().__getattribute__(name)


@misconception(caught_by="test_getattr_is_not_asked_for_what_is_there")
class AsksGetattrEveryTime(_Wrapper):
    "Every read of an attribute goes through __getattr__."

    def __getattribute__(self, name):
        if name.startswith("_"):
            return super().__getattribute__(name)
        return self.__getattr__(name)

    def __getattr__(self, name):
        _refuse_special(name)
        try:
            return super().__getattribute__(name)
        except AttributeError:
            return getattr(self._obj, name, self._default)


@misconception(caught_by="test_what_stands_in_the_class_comes_first")
class KnowsTheInstanceOnly(_Wrapper):
    "An object's own attributes are those in its __dict__."

    def __getattribute__(self, name):
        if name.startswith("_"):
            return super().__getattribute__(name)
        if name in self.__dict__:
            return self.__dict__[name]
        return getattr(self._obj, name, self._default)


@misconception(caught_by="test_what_obj_has_comes_next")
class ForgetsObj(_Wrapper):
    "What the wrapper lacks is missing, and what is missing gets the default."

    def __getattr__(self, name):
        _refuse_special(name)
        return self._default


@misconception(caught_by="test_what_nobody_has_gives_the_default")
class OnlyPassesOn(_Wrapper):
    "__getattr__ passes the question on, and obj knows what to say."

    def __getattr__(self, name):
        _refuse_special(name)
        return getattr(self._obj, name)


@misconception(caught_by="test_whatever_obj_finds_counts")
class LooksIntoTheDictionary(_Wrapper):
    "What an object has stands in its __dict__."

    def __getattr__(self, name):
        _refuse_special(name)
        return getattr(self._obj, "__dict__", {}).get(name, self._default)


@misconception(caught_by="test_obj_is_asked_anew_at_each_read")
class RemembersWhatItFound(_Wrapper):
    "What was looked up once need not be looked up again."

    def __getattr__(self, name):
        _refuse_special(name)
        value = getattr(self._obj, name, self._default)
        setattr(self, name, value)
        return value


@misconception(caught_by=("test_the_very_obj_is_asked", "test_whatever_obj_finds_counts"))
class TakesOverTheAttributes(_Wrapper):
    "To have obj's attributes, the wrapper copies them when it is made."

    def __init__(self, obj, default):
        self.__dict__.update(getattr(obj, "__dict__", {}))
        self._default = default

    def __getattr__(self, name):
        _refuse_special(name)
        return self._default


@misconception(caught_by="test_the_very_obj_is_asked")
class WrapsACopy(_Wrapper):
    "A wrapper keeps a copy of obj, to be safe from others."

    def __init__(self, obj, default):
        super().__init__(copy.copy(obj), default)


@misconception(caught_by="test_obj_stays_as_it_is")
class SetsOnObj(_Wrapper):
    "A wrapper that reads from obj writes to obj."

    def __setattr__(self, name, value):
        if name.startswith("_"):
            super().__setattr__(name, value)
        else:
            setattr(self._obj, name, value)


@misconception(caught_by=("test_zero_and_empty_count", "test_none_counts"))
class UsesOr(_Wrapper):
    "x or default is the short way to write: x, and default where x is missing."

    def __getattr__(self, name):
        _refuse_special(name)
        return getattr(self._obj, name, None) or self._default


@misconception(caught_by="test_none_counts")
class TakesNoneForMissing(_Wrapper):
    "An attribute that is None is as good as missing."

    def __getattr__(self, name):
        _refuse_special(name)
        value = getattr(self._obj, name, None)
        return self._default if value is None else value


@misconception(caught_by="test_a_default_is_not_called")
class CallsTheDefault(_Wrapper):
    "A default that can be called makes the value, as in a defaultdict."

    def __getattr__(self, name):
        _refuse_special(name)
        if hasattr(self._obj, name):
            return getattr(self._obj, name)
        return self._default() if callable(self._default) else self._default


@misconception(caught_by="test_obj_may_have_attributes_called_obj_and_default")
class KeepsPlainNames(_Wrapper):
    "The wrapper's state goes under the plain names of the parameters."

    def __init__(self, obj, default):
        self.obj, self.default = obj, default

    def __getattr__(self, name):
        _refuse_special(name)
        return getattr(self.obj, name, self.default)


@misconception(caught_by="test_special_names_get_no_default")
class HasADefaultForAll(_Wrapper):
    "All names are alike: what nobody has gets the default."

    def __getattr__(self, name):
        if name in ("_obj", "_default"):
            raise AttributeError(name)
        return getattr(self._obj, name, self._default)


@misconception(caught_by="test_special_names_get_no_default")
class KnowsAFewSpecialNames(_Wrapper):
    "copy, pickle and numpy ask for a few names, and those are the ones to refuse."

    def __getattr__(self, name):
        protocols = "array deepcopy setstate getstate len iter getitem torch_function reduce name"
        if name[2:-2] in protocols.split():
            _refuse_special(name)
        return getattr(self._obj, name, self._default)


@misconception(caught_by="test_special_names_get_no_default")
class RefusesWithoutAWord(_Wrapper):
    "An AttributeError says it all: Python adds the name by itself."

    def __getattr__(self, name):
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError
        return super().__getattr__(name)


@misconception(caught_by="test_special_names_of_obj_are_not_lent")
class LendsSpecialNames(_Wrapper):
    "A special name has no default, but what obj has, the wrapper has."

    def __getattr__(self, name):
        if "_obj" not in self.__dict__ or not hasattr(self._obj, name):
            _refuse_special(name)
        return getattr(self._obj, name, self._default)


@misconception(caught_by="test_iter_and_len_find_nothing")
class PassesOperatorsOn(_Wrapper):
    "A wrapper does all that obj does, so it passes on the operators too."

    def __len__(self):
        return len(self._obj)

    def __iter__(self):
        return iter(self._obj)


@misconception(caught_by="test_names_that_only_end_in_underscores_are_ordinary")
class LooksAtTheEndOnly(_Wrapper):
    "Two underscores at the end make a special name."

    def __getattr__(self, name):
        if name.endswith("__"):
            raise AttributeError(f"no attribute {name}")
        return super().__getattr__(name)


@misconception(caught_by="test_names_that_only_begin_with_underscores_are_ordinary")
class LooksAtTheBeginningOnly(_Wrapper):
    "Two underscores at the beginning make a special name."

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(f"no attribute {name}")
        return super().__getattr__(name)


@misconception(caught_by="test_other_errors_surface")
class CatchesEverything(_Wrapper):
    "If reading fails, for whatever reason, the default is the answer."

    def __getattr__(self, name):
        _refuse_special(name)
        try:
            return getattr(self._obj, name)
        except Exception:
            return self._default


@misconception(
    caught_by=(
        "test_copy_makes_another_wrapper_of_the_same_obj",
        "test_deepcopy_copies_obj_too",
        "test_pickle_brings_it_back",
    )
)
class ReadsItsStateTooEarly(_Wrapper):
    "self._obj is there whenever a method runs, because __init__ has set it."

    def __getattr__(self, name):
        value = getattr(self._obj, name, self._default)
        _refuse_special(name)
        return value


@misconception(caught_by="test_what_was_set_comes_along_in_copies")
class RebuildsFromTheArguments(_Wrapper):
    "What __init__ was given is all that a copy needs."

    def __reduce__(self):
        return type(self), (self._obj, self._default)


@misconception(caught_by="test_deepcopy_copies_obj_too")
class SharesObjWithDeepCopies(_Wrapper):
    "One method that copies the wrapper serves copy and deepcopy alike."

    def __deepcopy__(self, memo):
        return copy.copy(self)
