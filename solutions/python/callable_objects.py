"""Which method makes an object callable?

Here the object is a chain of transforms, such as those that every picture of a data set goes
through.
"""

import functools
import types
from collections.abc import Callable
from typing import Any

from dojo import alternative, misconception

__all__ = ["Compose"]


class Compose:
    """Transforms of one value joined into one, which is called like a function of one value.

    A call hands the value to the first transform, what that gives to the second, and so on, and
    returns what the last one gives. Every value goes on as it is, uncopied and whole, be it 0,
    None, empty, a list or a tuple. Each call runs every transform anew, also a call that one of
    the transforms makes meanwhile. What a transform raises comes out, and those after it do not
    run. Without transforms a call returns what it is given.

    It goes where a function goes: callable() is True of it, map() takes it, another Compose takes
    it as a transform. And it pickles if its transforms do.
    """

    def __init__(self, *transforms: Callable[[Any], Any]) -> None:
        """Take the transforms in the order in which they run; they are anything callable."""
        self.transforms = transforms

    def __call__(self, value: Any) -> Any:
        for transform in self.transforms:
            value = transform(value)
        return value


HINTS = (
    "f(x) asks the class of f for a method. Look at what dir(len) and dir(int) have in common.",
    "Define __call__(self, value) in the class. What does each transform get, and what is left of "
    "it when it is done?",
    "Keep the transforms as a tuple; in __call__ loop over them with value = transform(value), and "
    "return value after the loop.",
)
ANSWER = """
f(x) runs type(f).__call__(f, x). Python looks in the class and not on the object, as it does for
all methods with two underscores on both sides: self.__call__ = something in __init__ can be called
by that name, and f(x) is still a TypeError.

A closure can do the same. An object keeps its state in plain sight, can be printed, compared and
changed, has other methods too, and pickles, which a lambda does not: a data loader with workers
sends its transforms to other processes. Layers of a network are the best-known case. There
nn.Module.__call__ runs the hooks and then forward, which is why one calls model(x), and why a class
of one's own that only has a forward cannot be called.

Two slips are silent. `value = transform(value) or value` loses each 0, empty list and None on the
way; and transforms kept as an iterator, as map() or a generator gives one, are used up by the first
call, so that from the second picture on nothing happens.
"""


@alternative
class Folds:
    def __init__(self, *transforms):
        self._transforms = list(transforms)

    def __call__(self, value):
        return functools.reduce(
            lambda so_far, transform: transform(so_far), self._transforms, value
        )


@alternative
class CallsTheRest:
    def __init__(self, *transforms):
        self.first, self.rest = transforms[:1], transforms[1:]

    def __call__(self, value):
        return type(self)(*self.rest)(self.first[0](value)) if self.first else value


@alternative
class FlattensChains:
    def __init__(self, *transforms):
        self.steps = []
        for transform in transforms:
            self.steps += transform.steps if type(transform) is type(self) else [transform]

    def run(self, value):
        for step in self.steps:
            value = step(value)
        return value

    __call__ = run


@alternative
class LinksInPairs:
    def __init__(self, *transforms):
        *self.before, self.last = transforms or (_itself,)

    def __call__(self, value):
        return self.last(type(self)(*self.before)(value) if self.before else value)


def _itself(value):
    return value


class _Compose:
    """What the wrong answers below share: all but the mistake."""

    def __init__(self, *transforms):
        self.transforms = transforms

    def __call__(self, value):
        for transform in self.transforms:
            value = transform(value)
        return value


@misconception(caught_by="test_it_is_called_like_a_function")
class NamesItForward:
    "The method that a call runs is forward."

    def __init__(self, *transforms):
        self.transforms = transforms

    def forward(self, value):
        for transform in self.transforms:
            value = transform(value)
        return value


@misconception(caught_by=("test_it_is_called_like_a_function", "test_it_pickles"))
class SetsItOnTheObject:
    "An object can be given its __call__ like any other attribute."

    def __init__(self, *transforms):
        self.__call__ = lambda value: _Compose(*transforms)(value)


@misconception(caught_by="test_it_is_an_object_of_its_class")
class HandsOutAFunction:
    "What is called is a function, so the class has to make one."

    def __new__(cls, *transforms):
        return functools.partial(_through, transforms)


def _through(transforms, value):
    return _Compose(*transforms)(value)


@misconception(caught_by="test_it_pickles")
class KeepsALambda:
    "A lambda is a value that an object keeps like any other."

    def __init__(self, *transforms):
        self.chain = lambda value: _Compose(*transforms)(value)

    def __call__(self, value):
        return self.chain(value)


@misconception(caught_by="test_the_first_transform_runs_first")
class RunsFromTheRight(_Compose):
    "Functions are composed as in mathematics, and f after g begins with the one on the right."

    def __init__(self, *transforms):
        super().__init__(*reversed(transforms))


@misconception(caught_by="test_each_transform_gets_what_the_one_before_gave")
class RunsOnlyTheLast(_Compose):
    "Each transform gets the value that came in."

    def __call__(self, value):
        result = value
        for transform in self.transforms:
            result = transform(value)
        return result


@misconception(caught_by="test_each_transform_gets_what_the_one_before_gave")
class RunsOnlyTheFirst(_Compose):
    "A return inside a loop hands out one value and goes on."

    def __call__(self, value):
        for transform in self.transforms:
            return transform(value)
        return value


@misconception(caught_by=("test_zero_and_empty_values_go_on", "test_none_goes_on"))
class KeepsTheValueBefore(_Compose):
    "A transform that gives nothing true left the value as it was."

    def __call__(self, value):
        for transform in self.transforms:
            value = transform(value) or value
        return value


@misconception(caught_by=("test_none_goes_on", "test_none_may_come_out"))
class TakesNoneForInPlace(_Compose):
    "A transform that returns None has changed the value in place."

    def __call__(self, value):
        for transform in self.transforms:
            result = transform(value)
            value = value if result is None else result
        return value


@misconception(caught_by="test_none_goes_on")
class StopsAtNone(_Compose):
    "None says that there is nothing left to transform."

    def __call__(self, value):
        for transform in self.transforms:
            if value is None:
                break
            value = transform(value)
        return value


@misconception(caught_by="test_zero_and_empty_values_go_on")
class StopsAtZero(_Compose):
    "Of what is zero or empty the later transforms can make nothing."

    def __call__(self, value):
        for transform in self.transforms:
            if value is not None and not value:
                break
            value = transform(value)
        return value


@misconception(caught_by="test_a_second_call_gives_the_same")
class KeepsAnIterator(_Compose):
    "An iterator over the transforms is as good as the transforms."

    def __init__(self, *transforms):
        super().__init__(*transforms)
        self._iterator = iter(transforms)

    def __call__(self, value):
        for transform in self._iterator:
            value = transform(value)
        return value


@misconception(caught_by="test_a_transform_given_twice_runs_twice")
class DropsRepeats(_Compose):
    "The same transform a second time changes nothing more."

    def __init__(self, *transforms):
        super().__init__(*dict.fromkeys(transforms))


@misconception(caught_by="test_each_call_runs_every_transform_anew")
class RemembersResults(_Compose):
    "The same value gives the same result, so it need not be computed again."

    def __init__(self, *transforms):
        super().__init__(*transforms)
        self.known = {}

    def __call__(self, value):
        try:
            if value not in self.known:
                self.known[value] = super().__call__(value)
            return self.known[value]
        except TypeError:  # not hashable
            return super().__call__(value)


@misconception(caught_by="test_a_transform_may_call_the_whole")
class CountsTheStepsOnTheObject(_Compose):
    "Only one call runs at a time, so the object can keep count of the steps."

    def __call__(self, value):
        self.step = 0
        while self.step < len(self.transforms):
            value = self.transforms[self.step](value)
            self.step += 1
        return value


@misconception(caught_by="test_two_chains_keep_apart")
class KeepsThemOnTheClass(_Compose):
    "What is kept on the class each object has for itself."

    def __init__(self, *transforms):
        type(self).transforms = transforms


@misconception(caught_by="test_without_transforms_the_value_comes_back")
class NoneWithoutTransforms(_Compose):
    "Where nothing is done, nothing comes out."

    def __call__(self, value):
        return super().__call__(value) if self.transforms else None


@misconception(caught_by="test_no_value_is_copied")
class CopiesTheValue(_Compose):
    "The caller's value is safe only if it is copied first."

    def __call__(self, value):
        return super().__call__(value.copy() if isinstance(value, list) else value)


@misconception(caught_by="test_a_tuple_is_one_value")
class UnpacksTuples(_Compose):
    "A tuple holds the arguments of the next transform."

    def __call__(self, value):
        for transform in self.transforms:
            value = transform(*value) if isinstance(value, tuple) else transform(value)
        return value


@misconception(caught_by="test_a_list_is_one_value")
class WorksOnEachItem(_Compose):
    "A transform is for one item, so a list is transformed item by item."

    def __call__(self, value):
        if isinstance(value, list):
            return [super(WorksOnEachItem, self).__call__(item) for item in value]
        return super().__call__(value)


@misconception(caught_by="test_an_error_comes_out")
class SkipsWhatFails(_Compose):
    "A transform that fails on a value is left out for it."

    def __call__(self, value):
        for transform in self.transforms:
            try:
                value = transform(value)
            except Exception:
                continue
        return value


@misconception(caught_by="test_anything_callable_is_a_transform")
class TakesOnlyFunctions(_Compose):
    "Only what def or lambda makes can be called."

    def __init__(self, *transforms):
        super().__init__(*(each for each in transforms if _is_function(each)))


@misconception(caught_by="test_a_chain_is_a_transform_too")
class AddsInnerChainsAtTheEnd(_Compose):
    "The transforms of an inner chain can be added after those of the outer one."

    def __init__(self, *transforms):
        inner = [each for each in transforms if isinstance(each, _Compose)]
        own = [each for each in transforms if each not in inner]
        super().__init__(*own, *(step for chain in inner for step in chain.transforms))


def _is_function(value):
    return isinstance(value, types.FunctionType)
