import json
import math
import multiprocessing
import os
import signal
import sys
import time
import warnings
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count as counting_from

import pytest

from dojo.checks import answer_of, assert_refused
from katas.practice.journal import Journal

# Not as json.dumps would write it, so that a file that is written anew shows.
OLD = b'{ "time":"2024-02-29T12:00:00+00:00", "loss":  1e0 }\n{"loss":2.50}\n'
TORN = b'{"time": "2024-02-29T12:00:01+00:00", "lo'


def test_a_note_is_one_line_of_json(tmp_path):
    path = tmp_path / "journal"
    journal = Journal(path)
    for number in (1, 2, 3):
        noted(journal, run=number, loss=1 / 3, tags=["a", "b"], good=True, seed=None)
        data = path.read_bytes()
        assert data.count(b"\n") == number, (
            f"{number} notes are {number} lines, each with its newline, got {data!r}"
        )
    for number, line in enumerate(data.split(b"\n")[:-1], 1):
        entry = strictly_parsed(line)
        entry.pop("time", None)
        expected = {"run": number, "loss": 1 / 3, "tags": ["a", "b"], "good": True, "seed": None}
        assert entry == expected, f"the line should hold {expected} and the time, got {line!r}"


def test_entries_come_in_order(tmp_path):
    journal = Journal(str(tmp_path / "journal"))
    for number in (3, 1, 2, 1):
        noted(journal, run=number)
    noted(journal)
    got = [entry.get("run") for entry in entries(journal)]
    assert got == [3, 1, 2, 1, None], (
        f"noted were the runs 3, 1, 2, 1, and once nothing but the time, got {got}"
    )


def test_the_time_is_iso_8601_in_utc(tmp_path, monkeypatch):
    with half_a_day_from_utc(monkeypatch):
        text = time_noted(tmp_path)
    when = answer_of(lambda: datetime.fromisoformat(text), f"{text!r} should be ISO 8601")
    assert when.utcoffset() == timedelta(0), (
        f"{text!r} should say that it is UTC, by +00:00 or Z: its offset is {when.utcoffset()}"
    )


def test_the_time_is_now(tmp_path, monkeypatch):
    with half_a_day_from_utc(monkeypatch):
        # A time to the second is cut off, so it may lie before the note.
        earliest = datetime.now(UTC) - timedelta(seconds=1)
        noted_at = time_noted(tmp_path)
        latest = datetime.now(UTC)
    if isinstance(noted_at, str):
        why = f"{noted_at!r} should be ISO 8601"
        when = answer_of(lambda: datetime.fromisoformat(noted_at), why)
    else:  # seconds since 1970: the format is another test's claim
        when = answer_of(lambda: datetime.fromtimestamp(noted_at, UTC), "a time was noted")
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    assert earliest <= when <= latest, (
        f"the note was made at {latest.isoformat()}, and its time says {noted_at}: is it local?"
    )


def test_the_time_cannot_be_given(tmp_path):
    journal = Journal(tmp_path / "journal")
    why = "the journal sets the time, a note cannot"
    assert_refused(lambda: journal.note(loss=1.0, time="noon"), ValueError, why, mentions=("time",))
    assert entries(journal) == [], f"a note that is refused leaves no entry: {entries(journal)}"


def test_numbers_that_are_not_finite_become_null(tmp_path):
    got = fields_after(tmp_path, loss=math.nan, rate=0.5)
    assert got == {"loss": None, "rate": 0.5}, (
        f"a loss of NaN is null in JSON, which has no NaN, got {got}"
    )


def test_infinities_become_null(tmp_path):
    got = fields_after(tmp_path, high=math.inf, low=-math.inf, large=1e308)
    assert got == {"high": None, "low": None, "large": 1e308}, (
        f"infinities are null in JSON, and 1e308 is finite, got {got}"
    )


def test_at_any_depth_they_become_null(tmp_path):
    got = fields_after(tmp_path, a=[1.5, math.nan], b=(math.nan, 2), c={"d": [{"e": math.nan}]})
    expected = {"a": [1.5, None], "b": [None, 2], "c": {"d": [{"e": None}]}}
    assert got == expected, f"NaN in lists, tuples and dicts is null too: {expected}, got {got}"


def test_what_is_noted_stays_as_it_is(tmp_path):
    losses, rates = [1.5, math.inf], {"all": (math.inf, [math.inf])}
    noted(Journal(tmp_path / "journal"), losses=losses, rates=rates)
    for got, before in ((losses, [1.5, math.inf]), (rates, {"all": (math.inf, [math.inf])})):
        assert got == before, f"null is for the file: handed in was {before}, now it is {got}"


def test_what_json_does_not_have_is_refused(tmp_path):
    journal = Journal(tmp_path / "journal")
    for value in (object(), {1, 2}):
        why = f"JSON has no {type(value).__name__}"
        assert_refused(lambda v=value: journal.note(loss=[v]), TypeError, why)


def test_a_refused_note_leaves_no_trace(tmp_path):
    path = tmp_path / "journal"
    path.write_bytes(OLD)
    journal = Journal(path)
    for fields in ({"loss": 1.0, "thing": object()}, {"loss": 2.0, "time": "noon"}):
        with pytest.raises((TypeError, ValueError)):
            journal.note(**fields)
        after = path.read_bytes()
        assert after == OLD, (
            f"a note that is refused adds nothing, and the file grew by {after[len(OLD) :]!r}: "
            "make the whole line before you open the file"
        )


def test_text_comes_back_as_it_was(tmp_path):
    for number, text in enumerate(("a\nb\r\n", 'say "no" \\', "naïve 猫 🙂", "a\u2028b\x85c\x0c")):
        journal = Journal(tmp_path / str(number))
        noted(journal, text=text)
        got = [entry.get("text") for entry in entries(journal)]
        assert got == [text], f"noted was {text!r}, back come {got}: only \\n ends a line"


def test_without_a_file_there_are_no_entries(tmp_path):
    path = tmp_path / "journal"
    journal = Journal(path)
    assert journal.entries() == [], "without a file there are no entries, so []"
    assert journal.odd("loss") == [], "without a file nothing is odd, so []"
    assert not path.exists(), "reading makes no file; the first note does"


def test_an_empty_file_can_be_continued(tmp_path):
    path = tmp_path / "journal"
    path.touch()
    noted(Journal(path), run=1)
    data = path.read_bytes()
    assert data.find(b"\n") == len(data) - 1, f"a note in an empty file is its one line: {data!r}"


def test_a_journal_is_continued(tmp_path):
    path = tmp_path / "journal"
    path.write_bytes(OLD)
    journal = Journal(path)
    noted(journal, loss=3.5)
    got = [entry.get("loss") for entry in entries(journal)]
    assert got == [1.0, 2.5, 3.5], f"two losses were in the file and one was added, got {got}"


def test_a_journal_sees_what_others_note(tmp_path):
    one, other = Journal(tmp_path / "journal"), Journal(tmp_path / "journal")
    noted(one, run=1)
    noted(other, run=2)
    noted(one, run=3)
    for journal in (one, other):
        got = [entry.get("run") for entry in entries(journal)]
        assert got == [1, 2, 3], f"two journals on one file noted 1, 2, 3, one of them has {got}"


def test_a_note_changes_no_byte_that_was_there(tmp_path):
    for number, before in enumerate((OLD, OLD + TORN, TORN, b"\n", b"no JSON\r\n\n\n", b"\xff\n")):
        path = tmp_path / str(number)
        path.write_bytes(before)
        noted(Journal(path), run=1)
        after = path.read_bytes()
        assert after.startswith(before), f"a note only adds: {before!r} has become {after!r}"


def test_a_note_is_in_the_file_when_it_returns(tmp_path):
    path = tmp_path / "journal"
    journal = Journal(path)
    for number in (1, 2, 3):
        noted(journal, run=number)
        lines = path.read_bytes().count(b"\n")
        assert lines == number, (
            f"after {number} notes the file has {lines} lines: what waits in a buffer is lost when "
            "the program is killed"
        )


def test_a_kill_at_any_moment_leaves_the_earlier_entries(tmp_path):
    path = tmp_path / "journal"
    path.write_bytes(OLD)
    journal, seen = Journal(path), []
    # What the file holds at a moment is what a kill at that moment leaves.
    with at_every_step(lambda: seen.append(path.read_bytes())):
        noted(journal, loss=3.5)
    for left in seen:
        assert left.startswith(OLD), (
            f"two entries were in the file, and a program killed in the middle of a note leaves "
            f"{left!r}: never open for writing anew what cannot be had again"
        )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_killed_process_loses_no_more_than_its_own_line(tmp_path):
    steps, rehearsal = [], tmp_path / "rehearsal"
    rehearsal.write_bytes(OLD)
    answer_of(lambda: note_step_by_step(rehearsal, lambda: steps.append(1)), "a note is possible")
    for last in range(24):  # the file is written near the end of a note
        path = tmp_path / f"killed {last} steps before the end"
        path.write_bytes(OLD)
        killed_while_noting(path, at=len(steps) - last)
        noted(Journal(path), loss=3.5)
        got = [entry.get("loss") for entry in entries(Journal(path)) if entry.get("loss") != 9.5]
        assert got == [1.0, 2.5, 3.5], (
            "a process was killed while it added its line to losses of 1.0 and 2.5, and another "
            f"one added 3.5; apart from the first one's line, which may be there, got {got}"
        )


def test_a_torn_line_loses_only_itself(tmp_path):
    path = tmp_path / "journal"
    path.write_bytes(OLD + TORN + b"\n" + OLD + TORN)
    got = [entry.get("loss") for entry in entries(Journal(path))]
    assert got == [1.0, 2.5, 1.0, 2.5], (
        f"of six lines the third and the last are torn, the losses of the others are 1.0, 2.5, "
        f"1.0, 2.5, got {got}"
    )


def test_a_line_cut_within_a_letter_loses_only_itself(tmp_path):
    path = tmp_path / "journal"
    path.write_bytes(OLD + '{"text": "é'.encode()[:-1] + b"\n" + OLD)
    got = [entry.get("loss") for entry in entries(Journal(path))]
    assert got == [1.0, 2.5, 1.0, 2.5], (
        f"the third line ends in the middle of an é, the others hold 1.0, 2.5, 1.0, 2.5, got {got}"
    )


def test_a_last_line_without_its_newline_is_torn(tmp_path):
    path = tmp_path / "journal"
    for torn in (b'{"loss": 9.5}', b'{"loss": 9.5} '):
        path.write_bytes(OLD + torn)
        got = [entry.get("loss") for entry in entries(Journal(path))]
        assert got == [1.0, 2.5], f"the line {torn!r} has no newline and is torn, got {got}"


def test_the_note_after_a_torn_line_has_a_line_of_its_own(tmp_path):
    for number, before in enumerate((TORN, OLD + TORN)):
        path = tmp_path / str(number)
        path.write_bytes(before)
        journal = Journal(path)
        noted(journal, loss=3.5)
        noted(journal, loss=4.5)
        got = [entry.get("loss") for entry in entries(journal)]
        expected = ([1.0, 2.5] if number else []) + [3.5, 4.5]
        assert got == expected, (
            f"after a torn line come the losses 3.5 and 4.5, expected {expected}, got {got}: a "
            "note that is glued to a torn line is lost with it"
        )


def test_what_is_no_object_is_passed_over(tmp_path):
    path = tmp_path / "journal"
    path.write_bytes(b"12\n" + OLD + b'[1]\n"text"\n\n \ntrue\n0\n')
    got = entries(Journal(path))
    expected = [json.loads(line) for line in OLD.splitlines()]
    assert got == expected, (
        f"two lines hold objects, {expected}, the others a number, a list, a text and so on, "
        f"got {got}"
    )


def test_no_line_of_another_writer_is_lost(tmp_path):
    others, lines, _ = noted_amid_another_writer(tmp_path / "journal", "short")
    lost = [line for line in others if line not in lines]
    assert not lost, (
        f"another program added {len(others)} lines during a note, and {len(lost)} of them are "
        "lost or torn: a line goes, newline included, to wherever the end is when it is written"
    )


def test_a_note_amid_another_writer_is_whole(tmp_path):
    _, _, mine = noted_amid_another_writer(tmp_path / "journal", "short")
    assert mine == 1, (
        f"a note, made while another program wrote, is there {mine} times: did the other's line "
        "get between the line and its newline?"
    )


def test_a_long_line_is_as_safe_as_a_short_one(tmp_path):
    others, lines, mine = noted_amid_another_writer(tmp_path / "journal", "long " * 20_000)
    lost = [line for line in others if line not in lines]
    assert not lost, (
        f"while a line of 100,000 letters was added another program added {len(others)}, and "
        f"{len(lost)} of them are lost or torn: a buffer that is full writes before the line ends"
    )
    assert mine == 1, f"a note of 100,000 letters, made while others wrote, is there {mine} times"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_two_processes_lose_nothing(tmp_path):
    path, count = tmp_path / "journal", 100
    noted(Journal(path), who="first")
    journal, together = Journal(path), multiprocessing.get_context("fork").Barrier(2)

    def work(who):
        try:
            with napping_after_every_write():
                for number in range(count):
                    if number % 10 == 0:  # or one may be done before the other begins
                        together.wait(timeout=6)
                    journal.note(who=who, number=number)
        except BaseException:
            together.abort()
            raise

    children = [forked(lambda who=who: work(who)) for who in (0, 1)]
    codes = [os.waitpid(child, 0)[1] for child in children]
    assert codes == [0, 0], f"a process that notes {count} entries ended with {codes}"
    found = [strictly_parsed(line) for line in path.read_bytes().split(b"\n") if line]
    for who in (0, 1):
        got = [entry["number"] for entry in found if entry.get("who") == who]
        assert got == list(range(count)), (
            f"process {who} noted 0 to {count - 1} while another did, {len(got)} of them are left"
        )


def test_fifty_is_odd_among_ones(tmp_path):
    got = odd(tmp_path, [1, 1, 1, 50, 1, 1, 1, 1, 1])
    assert got == [50], (
        f"of eight ones and 50 the odd one is 50, got {got}: [] would mean that 50 raised the bar "
        "that should find it, as it does to the standard deviation"
    )


def test_a_wild_number_does_not_move_the_middle(tmp_path):
    got = odd(tmp_path, [4, 5, 6, 4, 5, 6, 400])
    assert got == [400], f"4, 5 and 6 are near 5, the median, and 400 is odd, got {got}"


def test_three_deviations_are_the_bar(tmp_path):
    # Median 4; distances 3, 2, 1, 0, 1, 2 and the last one's: their median is 2.
    for last, expected in ((12.8, []), (12.9, [12.9])):
        got = odd(tmp_path / str(last), [1, 2, 3, 4, 5, 6, last])
        assert got == expected, (
            f"1 to 6 and {last}: the bar is 3 * 1.4826 * 2 = 8.8956 from the median 4, so odd is "
            f"{expected}, got {got}"
        )


def test_numbers_below_can_be_odd(tmp_path):
    got = odd(tmp_path, [7, -50, 7.5, 8, 90])
    assert got == [-50, 90], f"-50 and 90 are far from 7.5, got {got}"


def test_the_deviations_can_be_chosen(tmp_path):
    for deviations, expected in ((0.5, [1, 2, 6, 7]), (1, [1, 7]), (1.2, [])):
        got = odd(tmp_path / str(deviations), [1, 2, 3, 4, 5, 6, 7], deviations)
        assert got == expected, (
            f"1 to 7: the bar is {deviations} * 1.4826 * 2 from the median 4, so odd is "
            f"{expected}, got {got}"
        )


def test_an_even_count_has_its_median_between_two(tmp_path):
    got = odd(tmp_path, [0, 2, 10, 12], 0.8)
    assert got == [0, 12], (
        f"0, 2, 10, 12 have the median 6, the distances 6, 4, 4, 6 the median 5, the bar is 0.8 * "
        f"1.4826 * 5 = 5.93, so 0 and 12 are odd, got {got}"
    )


def test_odd_passes_over_entries_without_the_number(tmp_path):
    path = tmp_path / "journal"
    others = ['{"time": "x"}', '{"loss": null}', '{"loss": "50"}', '{"loss": [50]}', '{"run": 50}']
    numbers = ['{"loss": 7}'] * 3
    path.write_text("\n".join([*others, *numbers, *others, '{"loss": 8}', ""]), encoding="utf-8")
    journal = Journal(path)
    noted(journal, run=3)
    assert journal.odd("loss") == [{"loss": 8}], (
        f"the losses are 7, 7, 7 and 8, of which 8 is odd, got {journal.odd('loss')}: what is "
        "missing, null, text or a list is no number"
    )
    for key in ("time", "nothing"):
        got = answer_of(lambda k=key: journal.odd(k), f"no entry has a number at {key!r}")
        assert got == [], f"no entry has a number at {key!r}, so nothing is odd, got {got}"


def test_true_and_false_are_no_numbers(tmp_path):
    got = odd(tmp_path, [7, True, 7, False, 7, 8])
    assert got == [8], f"the numbers are 7, 7, 7, 8, and true and false none, got {got}"


def test_odd_returns_whole_entries(tmp_path):
    path = tmp_path / "journal"
    lines = ['{"loss": 9, "run": 1}', *['{"loss": 1}'] * 5, '{"loss": 8.5, "time": "t"}', ""]
    path.write_text("\n".join(lines), encoding="utf-8")
    got = answer_of(lambda: Journal(path).odd("loss"), "five losses of 1, and 9 and 8.5")
    assert got == [{"loss": 9, "run": 1}, {"loss": 8.5, "time": "t"}], (
        f"9 and 8.5 are odd among ones; their entries have run 1 and time t, got {got}"
    )


def noted_amid_another_writer(path, text):
    """Let another writer append a line at every step of a note.

    Returns:
        The other's lines, the lines in the file, and how often the note is among the entries.
    """
    path.write_bytes(OLD)
    journal, others = Journal(path), []

    def other():
        others.append(b'{"other": %d}' % len(others))
        with open(path, "ab", buffering=0) as file:
            file.write(others[-1] + b"\n")

    with at_every_step(other):
        noted(journal, mine=text)
    mine = sum(entry.get("mine") == text for entry in entries(journal))
    return others, path.read_bytes().split(b"\n")[:-1], mine


@contextmanager
def at_every_step(act):
    """Call act whenever Python calls something or returns, as another process might run then."""
    before = sys.getprofile()
    sys.setprofile(lambda *_: act())
    try:
        yield
    finally:
        sys.setprofile(before)


def killed_while_noting(path, at):
    """Let a process note a loss of 9.5, and kill it at one of the steps of that note."""
    step = counting_from(1)

    def die_in_time():
        if next(step) == at:
            os.kill(os.getpid(), signal.SIGKILL)

    os.waitpid(forked(lambda: note_step_by_step(path, die_in_time)), 0)


def note_step_by_step(path, act):
    with at_every_step(act):
        Journal(path).note(loss=9.5)


@contextmanager
def napping_after_every_write():
    """Sleep a moment after each write or read, so that the other process gets between them."""

    def nap(_, event, function):
        if event == "c_return" and function.__name__ in ("write", "read"):
            time.sleep(1e-5)

    sys.setprofile(nap)
    try:
        yield
    finally:
        sys.setprofile(None)


def forked(work):
    """The number of a child process that works, and ends by itself."""
    with warnings.catch_warnings():
        # Python warns of forking where there are threads: torch's have nothing to do in the child.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child:
        return child
    code = 1
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(8)  # an endless note
        work()
        code = 0
    finally:
        os._exit(code)


@contextmanager
def half_a_day_from_utc(monkeypatch):
    """Another time zone, so that a local time shows wherever the test runs."""

    def set_zone():
        if hasattr(time, "tzset"):  # Windows has none, and keeps its zone
            time.tzset()

    try:
        with monkeypatch.context() as patch:
            patch.setenv("TZ", "XYZ-11:30")
            set_zone()
            yield
    finally:
        set_zone()


def time_noted(folder):
    journal = Journal(folder / "journal")
    noted(journal, run=1)
    return entries(journal)[0].get("time")


def strictly_parsed(line):
    def refuse(word):
        raise ValueError(f"{word} is not JSON")

    why = f"{line[:200]!r} should be JSON"
    return answer_of(lambda: json.loads(line, parse_constant=refuse), why)


def noted(journal, **fields):
    answer_of(lambda: journal.note(**fields), "a note can be made")


def entries(journal):
    return answer_of(journal.entries, "the entries can be read")


def fields_after(folder, **fields):
    """What a note of the fields leaves in the file, but for the time."""
    path = folder / "journal"
    noted(Journal(path), **fields)
    entry = strictly_parsed(path.read_bytes())
    entry.pop("time", None)
    return entry


def odd(folder, numbers, *deviations):
    """Those of the numbers that are odd, from a journal of one entry for each."""
    folder.mkdir(exist_ok=True)
    path = folder / "journal"
    lines = [json.dumps({"loss": number}) + "\n" for number in numbers]
    path.write_text("".join(lines), encoding="utf-8")
    found = answer_of(lambda: Journal(path).odd("loss", *deviations), f"losses {numbers}")
    return [entry["loss"] for entry in found]
