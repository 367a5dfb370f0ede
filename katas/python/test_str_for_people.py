from io import StringIO

from dojo.checks import answer_of
from katas.python.str_for_people import Duration

LONG = 36_672  # 10h 11m 12s: every number has two digits by itself


def test_the_text_is_returned():
    run = made(LONG)
    got = answer_of(lambda: str(run), "the method returns a text, and prints nothing")
    assert isinstance(got, str), f"expected a str, got {got!r}"


def test_print_shows_the_text_for_people():
    for seconds in (LONG, float(LONG)):
        got = printed(seconds)
        assert got == "10h 11m 12s", (
            f"{seconds} is 10 * 3600 + 11 * 60 + 12, so print shows 10h 11m 12s, got {got}: "
            f"Duration({seconds}) is for programmers"
        )


def test_f_strings_show_it_too():
    got = formatted(LONG, "")
    assert got == "10h 11m 12s", (
        f'f"{{run}}" shows 10h 11m 12s, got {got}: what stands in an f-string is for people'
    )


def test_minutes_and_seconds_have_two_digits():
    for seconds, expected in (
        (36_123, "10h 02m 03s"),
        (36_672 - 12, "10h 11m 00s"),
        (36_012, "10h 00m 12s"),
    ):
        got = printed(seconds)
        assert got == expected, f"{seconds} s are {expected}, got {got}: 2 is written as 02"


def test_hours_have_as_many_digits_as_they_need():
    for seconds, expected in ((4_272, "1h 11m 12s"), (33_072, "9h 11m 12s")):
        got = printed(seconds)
        assert got == expected, f"{seconds} s are {expected}, got {got}: hours have no 0 in front"


def test_a_thousand_hours_have_no_separator():
    for seconds, expected in ((3_600_672, "1000h 11m 12s"), (3_600_000_672, "1000000h 11m 12s")):
        got = printed(seconds)
        assert got == expected, f"{seconds} s are {expected}, got {got}: digits only"


def test_a_day_and_an_hour_is_25_hours():
    for seconds, expected in ((90_672, "25h 11m 12s"), (360_672, "100h 11m 12s")):
        got = printed(seconds)
        assert got == expected, (
            f"{seconds} s are {expected}, got {got}: a clock starts again after 24 hours, a length "
            "of time does not"
        )


def test_an_hour_is_60_minutes():
    got = printed(LONG + 48 * 60)
    assert got == "10h 59m 12s", (
        f"10 hours, 59 minutes and 12 seconds are 10h 59m 12s, got {got}: 659 would mean that "
        "minutes count on past the hour"
    )


def test_no_hours_are_shown_as_0h():
    got = printed(672)
    assert got == "0h 11m 12s", f"672 s are 0h 11m 12s, got {got}: nothing is left out"


def test_no_time_at_all_is_shown_in_full():
    for seconds in (0, 0.0, 0.25):
        got = printed(seconds)
        assert got == "0h 00m 00s", f"{seconds} s are 0h 00m 00s, got {got}: nothing is left out"


def test_more_than_half_a_second_rounds_up():
    got = printed(LONG + 0.75)
    assert got == "10h 11m 13s", (
        f"12.75 s are nearest to 13, got {got}: 12s would mean that the fraction was cut off"
    )


def test_less_than_half_a_second_rounds_down():
    got = printed(LONG + 0.25)
    assert got == "10h 11m 12s", (
        f"12.25 s are nearest to 12, got {got}: 13s would mean that a fraction always counts"
    )


def test_rounding_carries_over():
    for seconds, expected in (
        (59.6, "0h 01m 00s"),
        (3_599.7, "1h 00m 00s"),
        (86_399.75, "24h 00m 00s"),
        (40_259.75, "11h 11m 00s"),
        (1_800, "0h 30m 00s"),
    ):
        got = printed(seconds)
        assert got == expected, (
            f"{seconds} s are {expected}, got {got}: round all the seconds, and only then divide"
        )


def test_a_list_shows_the_exact_number():
    run = made(3_723.4)
    for what, show, expected in (
        ("a list", lambda: str([run]), "[Duration(3723.4)]"),
        ("a dict", lambda: f"{ {'run': run} }", "{'run': Duration(3723.4)}"),
        ("the prompt", lambda: repr(run), "Duration(3723.4)"),
    ):
        got = answer_of(show, f"{what} shows {expected}")
        assert got == expected, (
            f"{what} shows {expected}, got {got}: 1h 02m 03s is for people, and says less"
        )


def test_no_digit_of_the_exact_number_is_lost():
    for seconds in (0.1 + 0.2, 1_234_567.25, 1e-9):
        run = made(seconds)
        got = answer_of(lambda: repr(run), "the prompt shows the number")
        assert got == f"Duration({seconds!r})", (
            f"the number given was {seconds!r}, the prompt shows {got}"
        )


def test_an_int_stays_an_int():
    run = made(5)
    got = answer_of(lambda: repr(run), "the prompt shows the number")
    assert got == "Duration(5)", f"the number given was 5, the prompt shows {got}"


def test_a_spec_is_accepted():
    got = formatted(LONG, ">20")
    assert isinstance(got, str), f"expected a str, got {got!r}"


def test_a_width_is_kept():
    for spec in (">20", "30"):
        got = formatted(LONG, spec)
        width = int(spec.lstrip(">"))
        assert len(got) == width, (
            f'f"{{run:{spec}}}" is {width} characters wide, got {len(got)} of them: {got!r}'
        )


def test_padding_leaves_the_text():
    got = formatted(LONG, ">20").strip(" ")
    assert got == "10h 11m 12s", (
        f'f"{{run:>20}}" is 10h 11m 12s with spaces, got {got!r}: 36672 would mean that the number '
        "was formatted in place of the text"
    )


def test_a_spec_does_what_it_does_with_a_str():
    for spec, expected in (
        (">13", "  10h 11m 12s"),
        ("13", "10h 11m 12s  "),
        ("*^15", "**10h 11m 12s**"),
        (".3", "10h"),
        ("5", "10h 11m 12s"),
    ):
        got = formatted(LONG, spec)
        assert got == expected, (
            f'f"{{run:{spec}}}" is what it is for the str 10h 11m 12s, {expected!r}, got {got!r}'
        )


def test_showing_changes_nothing():
    run = made(3_723.75)
    before = answer_of(lambda: repr(run), "the prompt shows the number")
    for what, show in (("print", lambda: str(run)), ("an f-string", lambda: f"{run:>20}")):
        answer_of(show, f"{what} shows 1h 02m 04s")
        after = answer_of(lambda: repr(run), "the prompt shows the number")
        assert after == before, f"after {what} had shown it, {before} was {after}"


def made(seconds):
    return answer_of(lambda: Duration(seconds), f"{seconds} s are a Duration")


def printed(seconds):
    """What print shows of a Duration."""
    run, out = made(seconds), StringIO()
    answer_of(lambda: print(run, end="", file=out), f"a Duration of {seconds} s can be printed")
    return out.getvalue()


def formatted(seconds, spec):
    """What an f-string with this spec shows of a Duration."""
    run = made(seconds)
    return answer_of(lambda: f"{run:{spec}}", f'f"{{run:{spec}}}" is a text')
