"""Which method should give a text from which the object can be made again?

Here the object holds the settings of an augmentation, and its text is what a log keeps of them.
"""

import json
from dataclasses import dataclass
from math import isclose
from types import SimpleNamespace
from typing import NamedTuple

from dojo import alternative, misconception

__all__ = ["RandomZoom"]


class RandomZoom:
    """The settings of a random zoom: a factor from low to high, and how to fill in pixels.

    The text that the prompt shows for a RandomZoom, and that a list shows in its place, is a
    Python expression. Evaluated where nothing but the class is known, under its own name, and
    Python's built-in names, it gives a new object of the same class, equal to the first: no digit
    of a number and no character of mode is lost. The same holds for a subclass that adds nothing.

    Two are equal under == when they are of the same class and their low, high and mode are equal,
    as Python compares numbers and texts. Anything else is never equal, and is no error: not a
    number, not a tuple of the three, not an object of another class with the same attributes. A
    subclass is another class.
    """

    def __init__(self, low: float, high: float, mode: str = "nearest") -> None:
        """Take the settings as they are: any two finite numbers, int or float, and any text."""
        self.low, self.high, self.mode = low, high, mode

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.low!r}, {self.high!r}, {self.mode!r})"

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return (self.low, self.high, self.mode) == (other.low, other.high, other.mode)


HINTS = (
    "Python has two methods that give a text. Which of them does a list ask, and what does it show "
    "for 'it\\'s', with the quotes?",
    "An f-string can show a value as a list would, {value!r}, and so do the quoting for you. What "
    "is the name of the class of self, if that may be a subclass?",
    "__repr__ returns f'{type(self).__name__}({self.low!r}, {self.high!r}, {self.mode!r})'; __eq__ "
    "returns NotImplemented unless type(other) is type(self), else it compares the three.",
)
ANSWER = """
__repr__ is the text for programmers, and where it can be it is the expression that makes the object
again. Containers, the prompt, debuggers and failed assertions show it; without one they show an
address, which is gone after the run. A log line with it is an experiment that can be repeated.

The parts have to be their own repr, hence {self.mode!r}: quotes set by hand break on the first
quote or backslash in the text. The same goes for floats, whose repr is the shortest text that reads
back as the same float, while :g keeps six digits. Where no such text is possible, write one in
angle brackets, so that nobody takes it for code. @dataclass writes both methods, as they are here.
Its way to end __eq__, NotImplemented rather than False, leaves the other side its say. And a class
with __eq__ and no __hash__ cannot go into a set.
"""


@alternative
@dataclass
class IsADataclass:
    low: float
    high: float
    mode: str = "nearest"


@alternative
class NamesItsArguments:
    def __init__(self, low, high, mode="nearest"):
        self._settings = {"low": low, "high": high, "mode": mode}

    def __repr__(self):
        return f"{self.__class__.__qualname__}(**{self._settings})"

    def __eq__(self, other):
        return self.__class__ == other.__class__ and self._settings == other._settings

    def __hash__(self):
        return hash(tuple(self._settings.values()))


@alternative
class LeavesOutTheDefault:
    __slots__ = ("high", "low", "mode")

    def __init__(self, low, high, mode="nearest"):
        self.low, self.high, self.mode = low, high, mode

    def __repr__(self):
        mode = "" if self.mode == "nearest" else f", mode={self.mode!a}"
        return f"{type(self).__name__}(low={self.low!r}, high={self.high!r}{mode})"

    def __eq__(self, other):
        if type(self) is not type(other):
            return False
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)


@alternative
class IsANamespace(SimpleNamespace):
    def __init__(self, low, high, mode="nearest"):
        super().__init__(low=low, high=high, mode=mode)

    def __eq__(self, other):
        return type(other) is type(self) and vars(self) == vars(other)


@alternative
class WritesBits:
    def __init__(self, low, high, mode="nearest"):
        self.settings = (low, high, mode)

    def __repr__(self):
        low, high = (f"float.fromhex({float(x).hex()!r})" for x in self.settings[:2])
        mode = f"bytes.fromhex({self.settings[2].encode().hex()!r}).decode()"
        return f"{type(self).__name__}({low}, {high}, {mode})"

    def __eq__(self, other):
        return type(other) is type(self) and not self.settings != other.settings


class _Zoom:
    """What the wrong answers below share: all but the mistake."""

    def __init__(self, low, high, mode="nearest"):
        self.low, self.high, self.mode = low, high, mode

    def __repr__(self):
        return self._text(type(self).__name__)

    def _text(self, name):
        return f"{name}({self.low!r}, {self.high!r}, {self.mode!r})"

    def _values(self):
        return self.low, self.high, self.mode

    def __eq__(self, other):
        if type(other) is not type(self):
            return NotImplemented
        return self._values() == other._values()


@misconception(caught_by="test_the_text_makes_an_equal_object")
class LeavesOutTheQuotes(_Zoom):
    "A text goes into an f-string as it is."

    def __repr__(self):
        return f"{type(self).__name__}({self.low}, {self.high}, {self.mode})"


@misconception(caught_by=("test_a_mode_with_quotes_comes_back", "test_a_mode_with_backslashes_too"))
class SetsQuotesByHand(_Zoom):
    "A text needs a quote in front and one behind."

    def __repr__(self):
        return f"{type(self).__name__}({self.low!r}, {self.high!r}, '{self.mode}')"


@misconception(caught_by="test_a_mode_with_backslashes_too")
class EscapesTheQuotes(_Zoom):
    "The quote is the one character that has to be escaped."

    def __repr__(self):
        mode = self.mode.replace('"', '\\"')
        return f'{type(self).__name__}({self.low!r}, {self.high!r}, "{mode}")'


@misconception(caught_by="test_an_emoji_comes_back")
class QuotesAsJson(_Zoom):
    "JSON quotes a text as Python does."

    def __repr__(self):
        return f"{type(self).__name__}({self.low!r}, {self.high!r}, {json.dumps(self.mode)})"


@misconception(caught_by="test_a_mode_in_any_script_comes_back")
class KeepsAscii(_Zoom):
    "Source code is ASCII, so anything else is better left out."

    def __repr__(self):
        mode = self.mode.encode("ascii", "ignore").decode()
        return f"{type(self).__name__}({self.low!r}, {self.high!r}, {mode!r})"


@misconception(caught_by="test_a_subclass_is_made_again_as_itself")
class HardCodesTheName(_Zoom):
    "The class knows what it is called."

    def __repr__(self):
        return self._text("RandomZoom")


@misconception(caught_by="test_the_mode_is_in_the_text")
class LeavesOutTheMode(_Zoom):
    "The numbers are what matters; mode has a default."

    def __repr__(self):
        return f"{type(self).__name__}({self.low!r}, {self.high!r})"


@misconception(caught_by="test_no_digit_is_lost")
class Rounds(_Zoom):
    "Six digits of a float are all that anybody needs."

    def __repr__(self):
        return f"{type(self).__name__}({self.low:g}, {self.high:g}, {self.mode!r})"


@misconception(caught_by=("test_the_text_is_an_expression", "test_a_list_can_be_made_again"))
class HasTheOtherMethod(_Zoom):
    "__str__ is the text of an object, wherever it is shown."

    __repr__ = object.__repr__

    def __str__(self):
        return self._text(type(self).__name__)


@misconception(caught_by="test_the_text_is_returned")
class Prints(_Zoom):
    "To show an object is to print it."

    def __repr__(self):
        print(super().__repr__())


@misconception(caught_by="test_the_text_makes_an_equal_object")
class GivesTheFullPath(_Zoom):
    "A class is found by its module's name and its own."

    def __repr__(self):
        return self._text(f"{type(self).__module__}.{type(self).__name__}")


@misconception(caught_by="test_low_and_high_stay_apart")
class SortsItsAttributes(_Zoom):
    "The arguments may come in any order, so the alphabet's is as good."

    def __repr__(self):
        values = ", ".join(repr(vars(self)[name]) for name in sorted(vars(self)))
        return f"{type(self).__name__}({values})"


@misconception(
    caught_by=("test_equal_settings_make_equal_objects", "test_the_text_makes_an_equal_object")
)
class ComparesIdentity(_Zoom):
    "Objects with the same attributes are equal by themselves."

    __eq__ = object.__eq__


@misconception(caught_by="test_another_mode_is_not_equal")
class ForgetsTheMode(_Zoom):
    "Two zooms are the same if they zoom by the same factors."

    def _values(self):
        return self.low, self.high


@misconception(caught_by="test_another_low_or_high_is_not_equal")
class TakesCloseForEqual(_Zoom):
    "Floats should never be compared exactly."

    def __eq__(self, other):
        if type(other) is not type(self):
            return NotImplemented
        close = isclose(self.low, other.low) and isclose(self.high, other.high)
        return close and self.mode == other.mode


@misconception(caught_by=("test_an_int_equals_a_float", "test_an_object_alike_is_not_equal"))
class ComparesTexts(_Zoom):
    "Two objects are equal if their texts are."

    def __eq__(self, other):
        return repr(self) == repr(other)


@misconception(caught_by="test_equal_modes_need_not_be_one_object")
class ComparesModesByIdentity(_Zoom):
    "Equal texts are one and the same object."

    def __eq__(self, other):
        if type(other) is not type(self):
            return NotImplemented
        return (self.low, self.high) == (other.low, other.high) and self.mode is other.mode


@misconception(
    caught_by=("test_a_number_is_not_equal_and_no_error", "test_an_object_alike_is_not_equal")
)
class TrustsTheOther(_Zoom):
    "Whatever a RandomZoom is compared with is one too."

    def __eq__(self, other):
        return self._values() == (other.low, other.high, other.mode)


@misconception(caught_by="test_a_number_is_not_equal_and_no_error")
class RefusesOthers(_Zoom):
    "Comparing with something else is a mistake, so it should raise TypeError."

    def __eq__(self, other):
        if not isinstance(other, _Zoom):
            raise TypeError(f"{other!r} is no RandomZoom")
        return type(other) is type(self) and self._values() == other._values()


@misconception(caught_by="test_an_object_alike_is_not_equal")
class ComparesAttributes(_Zoom):
    "What has the same attributes is the same."

    def __eq__(self, other):
        if isinstance(other, type(self)) or isinstance(self, type(other)):
            return type(other) is type(self) and self._values() == other._values()
        return vars(self) == getattr(other, "__dict__", None)


@misconception(caught_by="test_a_subclass_is_another_class")
class TakesSubclasses(_Zoom):
    "An object of a subclass is an object of the class, and may be equal to one."

    def __eq__(self, other):
        if not isinstance(other, _Zoom):
            return NotImplemented
        return self._values() == other._values()


@misconception(caught_by="test_a_tuple_of_the_three_is_not_equal")
class IsATuple(NamedTuple):
    "A named tuple is a class with its own text and its own ==."

    low: float
    high: float
    mode: str = "nearest"


@misconception(caught_by=("test_a_list_can_be_made_again", "test_another_low_or_high_is_not_equal"))
class KeepsThemOnTheClass(_Zoom):
    "The class is the place for what its objects hold."

    def __init__(self, low, high, mode="nearest"):
        cls = type(self)
        cls.low, cls.high, cls.mode = low, high, mode
