from dojo.checks import answer_of, assert_refused
from katas.practice.keep_pace import finish_weeks, in_time


def test_a_year_is_enough_for_fourteen_lessons():
    weeks = weeks_of([7] * 14, 2)
    assert weeks[-1:] == [49], f"98 hours at 2 a week end in week 49, got {weeks[-1:]}"
    late = not answer_of(lambda: in_time(weeks, 53), "fourteen lessons before week 53")
    assert not late, "week 49 is before week 53, when the course begins anew"


def test_each_lesson_has_its_week():
    got = weeks_of([7, 7, 7, 7], 2)
    assert len(got) == 4, f"4 lessons end in 4 weeks, one for each, got {got}"


def test_a_lesson_takes_as_long_as_it_takes():
    got = weeks_of([6, 2, 10], 2)
    assert got == [3, 4, 9], f"6, 8 and 18 hours at 2 a week end in weeks 3, 4, 9, got {got}"


def test_a_part_of_a_week_is_a_week():
    got = weeks_of([100], 3)
    assert got == [34], f"100 hours are 33 weeks of 3, and an hour in week 34, got {got}"


def test_an_hour_a_week_is_enough():
    got = weeks_of([3, 2], 1)
    assert got == [3, 5], f"3 and 5 hours at 1 a week end in weeks 3 and 5, got {got}"


def test_hours_left_over_go_to_the_next_lesson():
    got = weeks_of([3, 1, 5, 3], 2)
    assert got == [2, 2, 5, 6], (
        f"3, 4, 9 and 12 hours at 2 a week end in weeks 2, 2, 5, 6, got {got}: later ones would "
        "mean that each lesson begins a week of its own"
    )


def test_several_lessons_may_end_in_one_week():
    got = weeks_of([1, 2, 1, 4], 5)
    assert got == [1, 1, 1, 2], f"1, 3, 4 and 8 hours at 5 a week: weeks 1, 1, 1, 2, got {got}"


def test_a_lesson_may_end_with_its_week():
    got = weeks_of([4, 4], 4)
    assert got == [1, 2], (
        f"4 of 4 hours fill week 1 and end in it, 8 in week 2, got {got}: 2 and 3 would be off by "
        "one on an exact fit"
    )


def test_a_course_may_start_in_any_week():
    got = weeks_of([3, 4], 2, 10)
    assert got == [11, 13], f"from week 10 on, 3 and 7 hours at 2: weeks 11 and 13, got {got}"


def test_weeks_count_from_1_unless_told():
    got = weeks_of([1], 2), weeks_of([1], 2, 1)
    assert got[0] == got[1], f"start_week is 1 where it is not given, got {got[0]} and {got[1]}"


def test_the_start_is_the_first_week():
    got = weeks_of([1], 5, 7)
    assert got == [7], f"an hour of 5 in week 7 ends in week 7, got {got}"


def test_no_lessons_have_no_weeks():
    got = weeks_of([], 2)
    assert got == [], f"no lessons, no weeks, got {got}"


def test_a_lesson_of_no_hours_is_done_at_once():
    got = weeks_of([2, 0, 2, 0, 0], 2)
    assert got == [1, 1, 2, 2, 2], f"what takes no time ends with the one before, got {got}"


def test_nothing_to_do_is_done_in_the_first_week():
    got = weeks_of([0, 0, 3], 3, 5)
    assert got == [5, 5, 5], f"from week 5 on, nothing twice, then 3 of 3 hours: 5, 5, 5, got {got}"


def test_large_numbers_stay_exact():
    got = weeks_of([3 * 10**17 + 1], 3)
    assert got == [10**17 + 1], (
        f"3 * 10**17 + 1 hours end one week after week 10**17, got {got}: a float has 16 digits"
    )


def test_hours_below_0_are_refused():
    for hours in (-1, -40):
        assert_refused(lambda hours=hours: finish_weeks([7], hours), ValueError, told(hours))


def test_no_hours_are_refused():
    assert_refused(lambda: finish_weeks([7], 0), ValueError, told(0))


def test_no_hours_are_refused_without_lessons():
    assert_refused(lambda: finish_weeks([], 0), ValueError, told(0))


def test_the_message_gives_the_hours():
    for hours in (0, -37):
        assert_refused(
            lambda hours=hours: finish_weeks([7], hours), ValueError, told(hours), mentions=[hours]
        )


def test_the_lessons_stay_as_they_are():
    lessons = [7, 3, 0]
    answer_of(lambda: finish_weeks(lessons, 2), "three lessons")
    assert lessons == [7, 3, 0], f"the lessons were [7, 3, 0], and are {lessons}"
    got = answer_of(lambda: finish_weeks((7, 3, 0), 2), "lessons may be a tuple")
    assert list(got) == [4, 5, 5], f"7, 10 and 10 hours at 2 a week, got {got}"


def test_all_before_the_next_run_is_in_time():
    assert in_time([2, 5, 9], 12), "weeks 2, 5 and 9 are before week 12"


def test_the_last_week_before_the_next_run_will_do():
    assert in_time([2, 52], 53), "week 52 is before week 53"


def test_the_week_of_the_next_run_is_too_late():
    assert not in_time([2, 53], 53), "week 53 is not before week 53"


def test_one_late_lesson_is_enough():
    assert not in_time([2, 60, 61], 53), "weeks 60 and 61 are not before week 53"


def test_weeks_come_in_any_order():
    assert not in_time([60, 2], 53), "week 60 is not before week 53, wherever it stands"


def test_no_lessons_are_in_time():
    assert answer_of(lambda: in_time([], 1), "no lessons"), "what has no end is not late"


def weeks_of(lessons, hours, *start):
    told = f"{lessons} hours at {hours} a week"
    return list(answer_of(lambda: finish_weeks(lessons, hours, *start), told))


def told(hours):
    return f"with {hours} hours a week nothing is ever finished"
