"""Which method gives the informal text of an object?

Here the object is a length of time, such as a training run took, and people and programmers are
shown different texts of it.
"""

import time
from datetime import timedelta
from math import ceil

from dojo import alternative, misconception

__all__ = ["Duration"]


class Duration:
    """A length of time in seconds.

    People see hours, minutes and whole seconds, as in "1h 02m 03s": that is what print and an
    f-string show. Minutes and seconds have two digits each; hours are counted on past 24 and have
    as many digits as they need, without separators; nothing is left out where it is 0. The number
    of seconds is rounded to the nearest whole one before it is divided up, so that neither minutes
    nor seconds ever show 60; an exact half may go either way. A format spec, as in an f-string's
    {run:>12}, does with that text what it does with any str.

    Programmers see the exact number as it was given, as Python writes it, with the class's
    name around it: Duration(3723.4), or Duration(5) for an int. That is what the prompt, a list and
    a dict show.

    Showing it, in whichever way, changes nothing.
    """

    def __init__(self, seconds: float) -> None:
        """Take the seconds: an int or a finite float, 0 or more and less than 10**12."""
        self.seconds = seconds

    def __str__(self) -> str:
        minutes, seconds = divmod(round(self.seconds), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours}h {minutes:02}m {seconds:02}s"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.seconds!r})"

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)


HINTS = (
    "print and a list ask an object for its text in two different methods. A format spec goes to a "
    "third.",
    "Round first, then divide: divmod(total, 60) gives whole minutes and what is left of them. In "
    "an f-string {minutes:02} has two digits. Which object knows what to do with '>12'?",
    "__str__ does divmod(round(self.seconds), 60), then divmod(minutes, 60); __repr__ shows "
    "{self.seconds!r}; __format__ returns format(str(self), spec).",
)
ANSWER = """
__str__ gives the text for people: print, str() and f-strings show it. __repr__ gives the one for
programmers, and containers show that even inside a print. Without __str__, str() falls back to
__repr__, but never the other way round; a class that needs only one text defines __repr__.

An f-string asks neither first. It calls __format__ with what stands behind the colon, and the one
that every class inherits hands an empty spec to str() and refuses any other with a TypeError, so
{run:>12} fails just when somebody lines up a table. Handing str(self) on mends it; so does
{run!s:>12}, on the caller's side.

Round once, and before dividing. Rounding what is left at the end makes 60s out of 59.6 seconds, and
time.strftime is made for clocks, where a day and an hour is one o'clock.
"""


@alternative
class CountsFromTheLeft:
    def __init__(self, seconds):
        self._given = seconds

    def __repr__(self):
        return "".join(["Duration(", repr(self._given), ")"])

    def __str__(self):
        total = int(f"{self._given:.0f}")
        return f"{total // 3600}h {total // 60 % 60:02d}m {total % 60:02d}s"

    def __format__(self, spec):
        return str(self).__format__(spec)


@alternative
class AddsHalfASecond:
    def __init__(self, seconds):
        self.seconds = seconds

    def __repr__(self):
        return f"{self.__class__.__name__}({self.seconds})"

    def __str__(self):
        rest = int(self.seconds + 0.5)
        hours = rest // 3600
        rest -= 3600 * hours
        return f"{hours}h {str(rest // 60).zfill(2)}m {str(rest % 60).zfill(2)}s"

    def __format__(self, spec):
        return f"{self!s:{spec}}"


@alternative
class UsesATimedelta:
    def __init__(self, seconds):
        self.seconds = seconds
        self.text = self._text(timedelta(seconds=round(seconds)))

    @staticmethod
    def _text(delta):
        hours, rest = divmod(delta, timedelta(hours=1))
        minutes, rest = divmod(rest, timedelta(minutes=1))
        return f"{hours}h {minutes:0>2}m {rest.seconds:0>2}s"

    def __repr__(self):
        return f"Duration({self.seconds!r})"

    def __str__(self):
        return self.text

    def __format__(self, spec):
        return format(self.text, spec)


@alternative
class IsAText(str):
    def __new__(cls, seconds):
        minutes, left = divmod(round(seconds), 60)
        text = super().__new__(cls, f"{minutes // 60}h {minutes % 60:02d}m {left:02d}s")
        text.seconds = seconds
        return text

    def __repr__(self):
        return f"Duration({self.seconds!r})"


@alternative
class IsAFloat(float):
    def __init__(self, seconds):
        self.given = repr(seconds)

    def __repr__(self):
        return f"Duration({self.given})"

    def __str__(self):
        total = round(float(self))
        return f"{total // 3600:d}h {total % 3600 // 60:02d}m {total % 60:02d}s"

    def __format__(self, spec):
        return str.__format__(str(self), spec)


def _text(total):
    minutes, seconds = divmod(total, 60)
    return f"{minutes // 60}h {minutes % 60:02}m {seconds:02}s"


class _Duration:
    """What the wrong answers below share: all but the mistake."""

    def __init__(self, seconds):
        self.seconds = seconds

    def __str__(self):
        return _text(round(self.seconds))

    def __repr__(self):
        return f"Duration({self.seconds!r})"

    def __format__(self, spec):
        return format(str(self), spec)


@misconception(caught_by=("test_print_shows_the_text_for_people", "test_f_strings_show_it_too"))
class HasOneText(_Duration):
    "An object has one text, and that one is exact."

    __str__ = _Duration.__repr__


@misconception(caught_by="test_a_list_shows_the_exact_number")
class HasOneTextForPeople(_Duration):
    "What is good for people is good for programmers."

    __repr__ = _Duration.__str__


@misconception(caught_by="test_the_text_is_returned")
class Prints(_Duration):
    "The method that print calls prints."

    def __str__(self):
        print(super().__str__())


@misconception(caught_by="test_minutes_and_seconds_have_two_digits")
class DoesNotPad(_Duration):
    "A number in a text is as long as it is."

    def __str__(self):
        minutes, seconds = divmod(round(self.seconds), 60)
        return f"{minutes // 60}h {minutes % 60}m {seconds}s"


@misconception(caught_by="test_hours_have_as_many_digits_as_they_need")
class PadsTheHoursToo(_Duration):
    "Hours, minutes and seconds all have two digits, as on a clock."

    def __str__(self):
        return super().__str__().zfill(11)


@misconception(caught_by="test_a_thousand_hours_have_no_separator")
class GroupsTheHours(_Duration):
    "People read a large number better in groups of three digits."

    def __str__(self):
        hours, rest = super().__str__().split("h")
        return f"{int(hours):,}h{rest}"


@misconception(caught_by="test_rounding_carries_over")
class SplitsBeforeItRounds(_Duration):
    "It is enough to round the seconds that are left in the end."

    def __str__(self):
        minutes, seconds = divmod(self.seconds, 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours:.0f}h {minutes:02.0f}m {seconds:02.0f}s"


@misconception(caught_by="test_more_than_half_a_second_rounds_up")
class CutsOff(_Duration):
    "int() makes whole seconds."

    def __str__(self):
        return _text(int(self.seconds))


@misconception(caught_by="test_less_than_half_a_second_rounds_down")
class RoundsUp(_Duration):
    "A second that has begun counts."

    def __str__(self):
        return _text(ceil(self.seconds))


@misconception(caught_by="test_a_day_and_an_hour_is_25_hours")
class AsksTheClock(_Duration):
    "A length of time is a time of day: the time module can write it."

    def __str__(self):
        moment = time.gmtime(round(self.seconds))
        return f"{moment.tm_hour}h {time.strftime('%Mm %Ss', moment)}"


@misconception(caught_by="test_an_hour_is_60_minutes")
class CountsMinutesOn(_Duration):
    "Seconds divided by 60 are the minutes, also where there are hours."

    def __str__(self):
        total = round(self.seconds)
        return f"{total // 3600}h {total // 60:02}m {total % 60:02}s"


@misconception(caught_by="test_no_hours_are_shown_as_0h")
class LeavesOutZeroHours(_Duration):
    "Nobody says zero hours."

    def __str__(self):
        return super().__str__().removeprefix("0h ")


@misconception(caught_by="test_no_time_at_all_is_shown_in_full")
class LeavesOutNothing(_Duration):
    "No time at all is just 0s."

    def __str__(self):
        return super().__str__() if round(self.seconds) else "0s"


@misconception(caught_by=("test_a_spec_is_accepted", "test_a_width_is_kept"))
class LeavesTheSpecToObject(_Duration):
    "A width in an f-string works with every object."

    __format__ = object.__format__


@misconception(caught_by="test_a_width_is_kept")
class IgnoresTheSpec(_Duration):
    "The format of a duration is fixed."

    def __format__(self, spec):
        return str(self)


@misconception(caught_by="test_a_spec_does_what_it_does_with_a_str")
class TakesTheSpecForAWidth(_Duration):
    "A format spec is a width."

    def __format__(self, spec):
        digits = "".join(character for character in spec if character.isdigit())
        return str(self).rjust(int(digits or 0))


@misconception(caught_by="test_padding_leaves_the_text")
class FormatsTheNumber(_Duration):
    "A format spec is for the number inside."

    def __format__(self, spec):
        return format(self.seconds, spec) if spec else str(self)


@misconception(caught_by="test_f_strings_show_it_too")
class FormatsTheExactText(_Duration):
    "f-strings are written by programmers, so they show what programmers see."

    def __format__(self, spec):
        return format(repr(self), spec)


@misconception(caught_by="test_an_int_stays_an_int")
class TurnsIntoFloat(_Duration):
    "Seconds are a float."

    def __init__(self, seconds):
        self.seconds = float(seconds)


@misconception(caught_by="test_no_digit_of_the_exact_number_is_lost")
class ShowsSixDigits(_Duration):
    "Six digits are exact enough."

    def __repr__(self):
        return f"Duration({self.seconds:g})"


@misconception(caught_by="test_a_list_shows_the_exact_number")
class RoundsAtTheStart(_Duration):
    "Rounding once, when the object is made, saves doing it later."

    def __init__(self, seconds):
        self.seconds = round(seconds)


@misconception(caught_by="test_showing_changes_nothing")
class RoundsForGood(_Duration):
    "The method that rounds may as well keep what it has found."

    def __str__(self):
        self.seconds = round(self.seconds)
        return _text(self.seconds)
