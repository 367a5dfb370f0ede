"""You fall behind in a course. Should you worry?

Count the weeks that you have before the course begins anew, and those that you need.
"""

from collections.abc import Iterable, Sequence
from itertools import accumulate
from math import ceil

from dojo import alternative, misconception

__all__ = ["finish_weeks", "in_time"]


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
    if hours_a_week <= 0:
        raise ValueError(f"{hours_a_week} hours a week finish nothing: spend 1 at least")
    full_weeks_before = ((total - 1) // hours_a_week for total in accumulate(lesson_hours))
    return [start_week + max(weeks, 0) for weeks in full_weeks_before]


def in_time(weeks: Iterable[int], next_run: int) -> bool:
    """Return whether all lessons end before the week next_run, in which the course begins anew.

    weeks are those in which the lessons end, in any order. No lessons are in time.
    """
    return all(week < next_run for week in weeks)


HINTS = (
    "How many hours have gone by when the third lesson ends? How many weeks are that, if the last "
    "one is counted even if it is not full?",
    "Add the hours up as you go. A total of 7 at 2 a week ends in the fourth week, a total of 8 in "
    "the fourth as well: what has to be rounded, and which way?",
    "For each running total: start_week + (total - 1) // hours_a_week, and not below start_week. "
    "itertools.accumulate gives the totals. in_time: all(week < next_run for week in weeks).",
)
ANSWER = """
Hardly. A course of fourteen lessons that is said to take seven weeks is made to fill the year until
its next run, if you do the work that goes with each lesson: at seven hours a lesson and two hours a
week it ends in week 49 of 52. Being behind the lectures' weekly pace is the plan. What counts is
that the hours of each week are spent, and go on being spent after a lesson that was hard.

The arithmetic has the usual traps of counting: a total that fits the weeks exactly ends in the last
of them and not in the next, hours that are left over are not lost, and "before week 53" leaves out
week 53.
"""


def _totals(lesson_hours):
    return list(accumulate(lesson_hours))


def _refuse(hours_a_week):
    if hours_a_week <= 0:
        raise ValueError(f"hours_a_week is {hours_a_week}, and has to be above 0")


def _weeks(lesson_hours, hours_a_week, start_week, week_of):
    _refuse(hours_a_week)
    return [start_week + week_of(total, hours_a_week) for total in _totals(lesson_hours)]


def _week(total, hours_a_week):
    return max(-(-total // hours_a_week) - 1, 0)


@alternative(replaces="finish_weeks")
def rounds_up_by_a_sign(lesson_hours, hours_a_week, start_week=1):
    return _weeks(lesson_hours, hours_a_week, start_week, _week)


@alternative(replaces="finish_weeks")
def carries_what_is_left(lesson_hours, hours_a_week, start_week=1):
    if hours_a_week < 1:
        raise ValueError(f"no progress with {hours_a_week} hours a week")
    week, left, ends = start_week, hours_a_week, []
    for hours in lesson_hours:
        if hours > left:
            more, over = divmod(hours - left, hours_a_week)
            week += more + (over > 0)
            left = hours_a_week - over if over else 0
        else:
            left -= hours
        ends.append(week)
    return ends


@alternative(replaces="in_time")
def looks_at_the_latest(weeks, next_run):
    return max(weeks, default=next_run - 1) < next_run


@misconception(caught_by="test_a_lesson_takes_as_long_as_it_takes", replaces="finish_weeks")
def one_lesson_a_week(lesson_hours, hours_a_week, start_week=1):
    "A course has one lesson a week."
    _refuse(hours_a_week)
    return [start_week + number for number in range(len(lesson_hours))]


@misconception(caught_by="test_hours_left_over_go_to_the_next_lesson", replaces="finish_weeks")
def begins_each_lesson_on_monday(lesson_hours, hours_a_week, start_week=1):
    "A new lesson begins with a new week."
    _refuse(hours_a_week)
    weeks = accumulate(max(-(-hours // hours_a_week), 0) for hours in lesson_hours)
    return [start_week + max(week - 1, 0) for week in weeks]


@misconception(caught_by="test_a_lesson_may_end_with_its_week", replaces="finish_weeks")
def goes_on_after_an_exact_fit(lesson_hours, hours_a_week, start_week=1):
    "Full weeks that have gone by, and then the one that runs."

    def week(total, hours):
        return total // hours

    return _weeks(lesson_hours, hours_a_week, start_week, week)


@misconception(caught_by="test_a_part_of_a_week_is_a_week", replaces="finish_weeks")
def counts_full_weeks_only(lesson_hours, hours_a_week, start_week=1):
    "A week that is not full does not count."

    def week(total, hours):
        return max(total // hours - 1, 0)

    return _weeks(lesson_hours, hours_a_week, start_week, week)


@misconception(caught_by="test_a_course_may_start_in_any_week", replaces="finish_weeks")
def forgets_the_start(lesson_hours, hours_a_week, start_week=1):
    "Weeks count from the first of the course."
    return _weeks(lesson_hours, hours_a_week, 1, _week)


@misconception(caught_by="test_weeks_count_from_1_unless_told", replaces="finish_weeks")
def counts_from_0(lesson_hours, hours_a_week, start_week=0):
    "Everything in Python counts from 0."
    return _weeks(lesson_hours, hours_a_week, start_week, _week)


@misconception(caught_by="test_the_start_is_the_first_week", replaces="finish_weeks")
def adds_the_weeks_to_the_start(lesson_hours, hours_a_week, start_week=1):
    "Four weeks from week 1 on end in week 5."

    def week(total, hours):
        return max(-(-total // hours), 0)

    return _weeks(lesson_hours, hours_a_week, start_week, week)


@misconception(caught_by="test_hours_below_0_are_refused", replaces="finish_weeks")
def refuses_0_only(lesson_hours, hours_a_week, start_week=1):
    "Only a division by 0 goes wrong."
    if hours_a_week == 0:
        raise ValueError("0 hours a week")
    return [start_week + _week(total, hours_a_week) for total in _totals(lesson_hours)]


@misconception(caught_by="test_no_hours_are_refused", replaces="finish_weeks")
def lets_python_refuse_0(lesson_hours, hours_a_week, start_week=1):
    "Whoever spends no hours has not begun, and stays in the first week."
    if hours_a_week < 0:
        raise ValueError(f"{hours_a_week} hours a week")
    return [
        start_week + _week(total, hours_a_week or total or 1) for total in _totals(lesson_hours)
    ]


@misconception(caught_by="test_no_hours_are_refused_without_lessons", replaces="finish_weeks")
def looks_at_lessons_first(lesson_hours, hours_a_week, start_week=1):
    "Without lessons it does not matter how many hours there are."
    if not lesson_hours:
        return []
    return _weeks(lesson_hours, hours_a_week, start_week, _week)


@misconception(caught_by="test_an_hour_a_week_is_enough", replaces="finish_weeks")
def wants_more_than_an_hour(lesson_hours, hours_a_week, start_week=1):
    "With a single hour a week it can't be done."
    if hours_a_week <= 1:
        raise ValueError(f"hours_a_week is {hours_a_week}")
    return _weeks(lesson_hours, hours_a_week, start_week, _week)


@misconception(caught_by="test_the_message_gives_the_hours", replaces="finish_weeks")
def names_no_hours(lesson_hours, hours_a_week, start_week=1):
    "Whoever gave the hours knows them."
    if hours_a_week <= 0:
        raise ValueError("hours a week have to be above 0")
    return _weeks(lesson_hours, hours_a_week, start_week, _week)


@misconception(caught_by="test_a_lesson_of_no_hours_is_done_at_once", replaces="finish_weeks")
def gives_each_lesson_an_hour(lesson_hours, hours_a_week, start_week=1):
    "No lesson takes less than an hour."
    hours = [max(hours, 1) for hours in lesson_hours]
    return _weeks(hours, hours_a_week, start_week, _week)


@misconception(caught_by="test_nothing_to_do_is_done_in_the_first_week", replaces="finish_weeks")
def ends_before_it_starts(lesson_hours, hours_a_week, start_week=1):
    "What takes no time ends before the first week."

    def week(total, hours):
        return (total - 1) // hours

    return _weeks(lesson_hours, hours_a_week, start_week, week)


@misconception(caught_by="test_large_numbers_stay_exact", replaces="finish_weeks")
def divides_in_floats(lesson_hours, hours_a_week, start_week=1):
    "math.ceil of a division rounds up."

    def week(total, hours):
        return max(ceil(total / hours) - 1, 0)

    return _weeks(lesson_hours, hours_a_week, start_week, week)


@misconception(caught_by="test_each_lesson_has_its_week", replaces="finish_weeks")
def gives_the_last_week_only(lesson_hours, hours_a_week, start_week=1):
    "What matters is when the course ends."
    return _weeks(lesson_hours, hours_a_week, start_week, _week)[-1:]


@misconception(caught_by="test_the_lessons_stay_as_they_are", replaces="finish_weeks")
def crosses_lessons_off(lesson_hours, hours_a_week, start_week=1):
    "What is done is taken off the list."
    result = _weeks(lesson_hours, hours_a_week, start_week, _week)
    while lesson_hours and isinstance(lesson_hours, list):
        lesson_hours.pop()
    return result


@misconception(caught_by="test_the_week_of_the_next_run_is_too_late", replaces="in_time")
def counts_the_week_of_the_next_run(weeks, next_run):
    "In the week of the next run is just in time."
    return all(week <= next_run for week in weeks)


@misconception(caught_by="test_one_late_lesson_is_enough", replaces="in_time")
def is_content_with_one(weeks, next_run):
    "If a lesson is in time, so is the course."
    weeks = list(weeks)
    return not weeks or any(week < next_run for week in weeks)


@misconception(caught_by="test_weeks_come_in_any_order", replaces="in_time")
def looks_at_the_last_one(weeks, next_run):
    "The last in the list is the last to end."
    weeks = list(weeks)
    return not weeks or weeks[-1] < next_run


@misconception(caught_by="test_no_lessons_are_in_time", replaces="in_time")
def expects_lessons(weeks, next_run):
    "A course without lessons never ends."
    weeks = list(weeks)
    return bool(weeks) and max(weeks) < next_run


@misconception(caught_by="test_the_last_week_before_the_next_run_will_do", replaces="in_time")
def wants_a_week_to_spare(weeks, next_run):
    "The week before is needed for a rest."
    return all(week < next_run - 1 for week in weeks)


@misconception(caught_by="test_all_before_the_next_run_is_in_time", replaces="in_time")
def adds_the_weeks_up(weeks, next_run):
    "The weeks of all lessons together must fit."
    return sum(weeks) < next_run


@misconception(caught_by="test_no_lessons_have_no_weeks", replaces="finish_weeks")
def ends_where_it_starts(lesson_hours, hours_a_week, start_week=1):
    "Without lessons the course ends in the week in which it starts."
    return _weeks(lesson_hours, hours_a_week, start_week, _week) or [start_week]
