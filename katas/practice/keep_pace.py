"""You fall behind in a course. Should you worry?

Count the weeks that you have before the course begins anew, and those that you need.
"""

from collections.abc import Iterable, Sequence


def finish_weeks(lesson_hours: Sequence[int], hours_a_week: int, start_week: int = 1) -> list[int]:
    """Return the week in which each lesson ends, if hours_a_week are spent on them each week.

    Lessons are done one after the other, from the beginning of start_week on; hours that a lesson
    leaves of a week go to the next one, so several may end in the same week. One that needs all of
    a week's hours, to the last, ends in that week. A lesson of 0 hours is done at once, in the week
    in which the one before it ended, or in start_week. All numbers are whole, lessons have 0 hours
    or more, and however large the numbers are the weeks are exact. lesson_hours is left as it is.

    Raises:
        ValueError: hours_a_week is not above 0, whatever the lessons; the message gives it.
    """
    raise NotImplementedError


def in_time(weeks: Iterable[int], next_run: int) -> bool:
    """Return whether all lessons end before the week next_run, in which the course begins anew.

    weeks are those in which the lessons end, in any order. No lessons are in time.
    """
    raise NotImplementedError
