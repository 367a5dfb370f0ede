"""What is a scientific journal?

Here: a file to which each experiment adds a line, and which is asked for what does not fit.
"""

import json
import math
import os
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from dojo import alternative, misconception

__all__ = ["Journal"]


class Journal:
    """A file of notes in UTF-8, one JSON object a line.

    Other programs may add lines of their own to it at any moment, in the middle of a note too, and
    the program that writes may be killed at any moment. Whatever the length of a line, no line is
    lost or torn by another writer, and no byte that is in the file ever changes. A kill may tear
    the line that is being written, which then loses only itself.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Take the path of the file, in a folder that exists.

        The file may be there already, with or without anything in it, and is continued. If it is
        not, the first note makes it.
        """
        self.path = Path(path)

    def note(self, **fields: Any) -> None:
        """Add one line, an object of the fields and of "time"; when it returns, it is in the file.

        The time is now in UTC, in ISO 8601 with its offset of zero, to the second or finer. NaN and
        infinities become null, in lists, tuples and dicts too, at any depth; what is handed in
        stays as it is. If the file ends in a torn line, the new one starts after a newline.

        Raises:
            ValueError: one of the fields is "time", which the journal sets; the message names it.
            TypeError: a value is nothing that JSON has. Either way the file stays as it is.
        """
        if "time" in fields:
            raise ValueError(f"time is {fields['time']!r}: leave it out, the journal sets it")
        entry = {"time": datetime.now(UTC).isoformat(), **fields}
        line = json.dumps(_finite(entry)).encode() + b"\n"
        with open(self.path, "ab+", buffering=0) as file:
            file.write(b"\n" + line if _is_torn(file) else line)

    def entries(self) -> list[dict[str, Any]]:
        """Return the objects in the file, in order, as it is now; none if there is no file.

        What is no JSON object in UTF-8 is passed over, line by line. A last line without its
        newline is torn, whatever it holds, and passed over too.
        """
        if not self.path.exists():
            return []
        whole_lines = self.path.read_bytes().split(b"\n")[:-1]
        return [entry for line in whole_lines if isinstance(entry := _parsed(line), dict)]

    def odd(self, key: str, deviations: float = 3.0) -> list[dict[str, Any]]:
        """Return the entries whose number at key lies far from the others, in order.

        Far is more than deviations * 1.4826 * m from the median of the numbers, where m is the
        median of their distances from that median. The median of an even count is halfway between
        the two in the middle. Entries without a number at key, an int or a float, are passed over;
        true and false are no numbers. Without any number nothing is odd.
        """
        found = [entry for entry in self.entries() if _is_number(entry.get(key))]
        if not found:
            return []
        middle = median(entry[key] for entry in found)
        spread = 1.4826 * median(abs(entry[key] - middle) for entry in found)
        return [entry for entry in found if abs(entry[key] - middle) > deviations * spread]


def _finite(value):
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _is_torn(file):
    if file.seek(0, os.SEEK_END) == 0:
        return False
    file.seek(-1, os.SEEK_END)
    return file.read(1) != b"\n"


def _parsed(line):
    try:
        return json.loads(line)
    except ValueError:
        return None


def _is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool)


HINTS = (
    "Which way of opening a file lets two programs write to its end without overwriting each "
    "other, and how many writes does a line take? For odd: how far does one wild number move a "
    "mean, and how far a median?",
    "Make the whole line first, newline included, and write it once, to a file opened for "
    "appending. Look at the last byte before. Read bytes, split at newlines, drop the last piece, "
    "and let each line fail by itself: json and UTF-8 both raise ValueErrors.",
    'json.dumps of a copy with None for what is not finite; open(path, "ab+", buffering=0); '
    "if the last byte is no newline put one in front; one write. odd: statistics.median twice, "
    "with isinstance to find the numbers and bool left out.",
)
ANSWER = """
A scientific journal is the record of all that you tried and saw, with its time, failures included,
never rewritten. Write it while you work: which change, which numbers, what you expected. What is
worth most are the odd ones, for they are either mistakes or discoveries, and one finds them only in
a record that was not tidied up.

On disk that is a file one only appends to. With O_APPEND the system moves to the end and writes in
one step, so two runs on one machine cannot overwrite each other, provided that a line is one write;
line and newline apart, or a buffer that spills, and another line gets between. Network file systems
do not promise as much. Reading all and writing it back loses what came in between, and all of it if
the program dies after the file was emptied. Python's json writes NaN by default, which is no JSON
and stops other readers.

Three standard deviations are the well-known bar for odd, but the odd one is in the deviation too:
among ten numbers none can lie further than (10 - 1) / sqrt(10) = 2.85 of them from the mean. The
median and the median distance from it hardly notice one wild number; 1.4826 makes that distance
equal the deviation where the numbers are normal. Where over half of them are equal it is 0, and
whatever differs is odd.
"""


@alternative
class WritesByDescriptor:
    def __init__(self, path):
        self._path = os.fspath(path)

    def note(self, **fields):
        if "time" in fields:
            raise ValueError("the field time is taken")
        stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        text = json.dumps(_finite(fields | {"time": stamp}), ensure_ascii=False) + "\n"
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        target = os.open(self._path, flags, 0o644)
        try:
            if size := os.fstat(target).st_size:
                os.lseek(target, size - 1, os.SEEK_SET)
                text = text if os.read(target, 1) == b"\n" else "\n" + text
            os.write(target, text.encode())
        finally:
            os.close(target)

    def entries(self):
        found = []
        try:
            with open(self._path, "rb") as file:
                for line in file:
                    if line.endswith(b"\n") and type(entry := _parsed(line)) is dict:
                        found.append(entry)
        except FileNotFoundError:
            pass
        return found

    def odd(self, key, deviations=3.0):
        import numpy as np

        found = [entry for entry in self.entries() if type(entry.get(key)) in (int, float)]
        numbers = np.array([entry[key] for entry in found], dtype=float)
        distances = abs(numbers - np.median(numbers)) if found else numbers
        bar = deviations * 1.4826 * np.median(distances) if found else 0.0
        return [entry for entry, far in zip(found, distances > bar, strict=True) if far]


@alternative
class AppendsText:
    def __init__(self, path):
        self.path = path

    def _bytes(self):
        with open(self.path, "ab+") as file:
            file.seek(0)
            return file.read()

    def note(self, **fields):
        if "time" in fields:
            raise ValueError("time is set by the journal")
        stamp = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = json.dumps({**_finite(fields), "time": stamp})
        start = "\n" if self._bytes()[-1:] not in (b"", b"\n") else ""
        with open(self.path, "a", encoding="utf-8", newline="\n") as file:
            file.write(f"{start}{line}\n")

    def entries(self):
        if not os.path.exists(self.path):
            return []
        whole, newline, _ = self._bytes().rpartition(b"\n")
        parsed = map(_parsed, whole.splitlines() if newline else [])
        return [entry for entry in parsed if isinstance(entry, dict)]

    def odd(self, key, deviations=3.0):
        found = [(entry, entry.get(key)) for entry in self.entries()]
        found = [(entry, number) for entry, number in found if _is_number(number)]
        middle = _halfway(number for _, number in found)
        bar = _halfway(abs(number - middle) for _, number in found) * 1.4826 * deviations
        return [entry for entry, number in found if not abs(number - middle) <= bar]


def _halfway(numbers):
    numbers = sorted(numbers)
    half = len(numbers) // 2
    return (numbers[half] + numbers[~half]) / 2 if numbers else 0.0


@alternative
class EndsTheTornLineFirst:
    def __init__(self, path):
        self.path = Path(path)
        self.encoder = json.JSONEncoder(separators=(",", ":"), sort_keys=True, allow_nan=False)

    def note(self, **fields):
        if fields.keys() & {"time"}:
            raise ValueError(f"got time={fields['time']}")
        fields["time"] = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        line = self.encoder.encode(_finite(fields)) + "\n"
        if self.path.exists() and not (b"\n" + self.path.read_bytes()).endswith(b"\n"):
            self._append(b"\n")
        self._append(line.encode("utf-8"))

    def _append(self, data):
        with self.path.open("ab") as file:
            file.write(data)

    def entries(self):
        data = self.path.read_bytes() if self.path.is_file() else b""
        parsed = [_parsed(line) for line in data[: data.rfind(b"\n") + 1].split(b"\n")]
        return [entry for entry in parsed if isinstance(entry, dict)]

    def odd(self, key, deviations=3.0):
        numbers = [e[key] for e in self.entries() if key in e and _is_number(e[key])]
        if len(numbers) < 2:
            return []
        middle = median(numbers)
        bar = deviations * 1.4826 * median([abs(number - middle) for number in numbers])
        low, high = middle - bar, middle + bar
        return [
            entry
            for entry in self.entries()
            if _is_number(entry.get(key)) and (entry[key] < low or entry[key] > high)
        ]


class _Journal:
    """What the wrong answers below share: all but the mistake."""

    def __init__(self, path):
        self.path = Path(path)

    def note(self, **fields):
        if "time" in fields:
            raise ValueError("time")
        self._write(self._line({"time": self._now(), **self._cleaned(fields)}) + "\n")

    def _now(self):
        return datetime.now(UTC).isoformat()

    def _cleaned(self, value):
        return _finite(value)

    def _line(self, entry):
        return json.dumps(entry)

    def _write(self, line):
        with open(self.path, "ab+", buffering=0) as file:
            file.write(self._start(file) + line.encode())

    def _start(self, file):
        return b"\n" if _is_torn(file) else b""

    def entries(self):
        data = self.path.read_bytes() if self.path.exists() else b""
        parsed = [self._parsed(line) for line in self._lines(data)]
        return [entry for entry in parsed if self._is_entry(entry)]

    def _lines(self, data):
        return data.split(b"\n")[:-1]

    def _parsed(self, line):
        return _parsed(line)

    def _is_entry(self, entry):
        return isinstance(entry, dict)

    def odd(self, key, deviations=3.0):
        found = [entry for entry in self.entries() if self._has(entry, key)]
        if not found:
            return []
        middle, spread = self._middle_and_spread([self._number(entry, key) for entry in found])
        bar = deviations * spread
        return [entry for entry in found if abs(self._number(entry, key) - middle) > bar]

    def _has(self, entry, key):
        return _is_number(entry.get(key))

    def _number(self, entry, key):
        return entry[key]

    def _middle_and_spread(self, numbers):
        middle = median(numbers)
        return middle, 1.4826 * median(abs(number - middle) for number in numbers)


@misconception(
    caught_by=(
        "test_a_kill_at_any_moment_leaves_the_earlier_entries",
        "test_a_killed_process_loses_no_more_than_its_own_line",
        "test_no_line_of_another_writer_is_lost",
        "test_two_processes_lose_nothing",
    )
)
class ReadsAllAndWritesItBack(_Journal):
    "To add an entry, read the file, append and save it again."

    def _write(self, line):
        data = self.path.read_bytes() if self.path.exists() else b""
        start = b"\n" if not (b"\n" + data).endswith(b"\n") else b""
        self.path.write_bytes(data + start + line.encode())


@misconception(
    caught_by=(
        "test_no_line_of_another_writer_is_lost",
        "test_two_processes_lose_nothing",
    )
)
class ReplacesTheFileAtOnce(_Journal):
    "A new file that takes the place of the old in one step is safe against everything."

    def _write(self, line):
        data = self.path.read_bytes() if self.path.exists() else b""
        start = b"\n" if not (b"\n" + data).endswith(b"\n") else b""
        new = self.path.with_suffix(f".{os.getpid()}")
        new.write_bytes(data + start + line.encode())
        os.replace(new, self.path)


@misconception(
    caught_by=(
        "test_no_line_of_another_writer_is_lost",
        "test_a_long_line_is_as_safe_as_a_short_one",
        "test_two_processes_lose_nothing",
    )
)
class SeeksTheEnd(_Journal):
    "Going to the end before writing is the same as appending."

    def _write(self, line):
        self.path.touch()
        with open(self.path, "rb+", buffering=0) as file:
            file.write(self._start(file) + line.encode())


@misconception(
    caught_by=(
        "test_a_note_amid_another_writer_is_whole",
        "test_two_processes_lose_nothing",
    )
)
class WritesTheNewlineApart(_Journal):
    "First the line is written, then the newline that ends it."

    def _write(self, line):
        with open(self.path, "ab+", buffering=0) as file:
            file.write(self._start(file) + line.rstrip("\n").encode())
            file.write(b"\n")


@misconception(caught_by="test_a_long_line_is_as_safe_as_a_short_one")
class TrustsTheBuffer(_Journal):
    "A file gathers what is printed and writes it all when it is closed."

    def _write(self, line):
        with open(self.path, "ab+") as file:
            start = self._start(file).decode()
        with open(self.path, "a", encoding="utf-8", newline="\n") as file:
            print(start + line.rstrip("\n"), file=file)


@misconception(caught_by="test_a_note_is_in_the_file_when_it_returns")
class KeepsTheFileOpen(_Journal):
    "A file that stays open need not be flushed at each note."

    def _write(self, line):
        if not hasattr(self, "file"):
            self.file = self.path.open("ab+")
        start = self._start(self.file)
        self.file.write(start + line.encode())

    def entries(self):
        if hasattr(self, "file"):
            self.file.flush()
        return super().entries()


@misconception(caught_by="test_a_journal_is_continued")
class StartsAnew(_Journal):
    "A new journal starts with an empty file."

    def __init__(self, path):
        super().__init__(path)
        self.path.unlink(missing_ok=True)


@misconception(caught_by="test_a_journal_sees_what_others_note")
class RemembersItsEntries(_Journal):
    "What the file holds is known once it has been read."

    def __init__(self, path):
        super().__init__(path)
        self.known = super().entries()

    def _write(self, line):
        super()._write(line)
        self.known.append(json.loads(line))

    def entries(self):
        return list(self.known)


@misconception(caught_by="test_a_torn_line_loses_only_itself")
class StopsAtATornLine(_Journal):
    "Every line of a file that my program wrote can be read."

    def _parsed(self, line):
        return json.loads(line)


@misconception(caught_by="test_a_line_cut_within_a_letter_loses_only_itself")
class DecodesTheWholeFile(_Journal):
    "A text file is decoded as a whole before its lines are looked at."

    def _lines(self, data):
        return [line.encode() for line in data.decode().split("\n")[:-1]]


@misconception(caught_by="test_a_torn_line_loses_only_itself")
class EndsAtATornLine(_Journal):
    "After a line that cannot be read nothing can be trusted."

    def _lines(self, data):
        from itertools import takewhile

        return takewhile(lambda line: _parsed(line) is not None, super()._lines(data))


@misconception(caught_by="test_a_last_line_without_its_newline_is_torn")
class TakesALastLineWithoutNewline(_Journal):
    "What can be parsed is whole."

    def _lines(self, data):
        return data.split(b"\n")


@misconception(caught_by="test_what_is_no_object_is_passed_over")
class TakesAnyJson(_Journal):
    "What json.loads accepts is an entry."

    def _is_entry(self, entry):
        return entry is not None


@misconception(caught_by="test_the_note_after_a_torn_line_has_a_line_of_its_own")
class GluesToTheTornLine(_Journal):
    "Appending starts on a new line."

    def _start(self, file):
        return b""


@misconception(caught_by="test_a_note_changes_no_byte_that_was_there")
class CutsTheTornLineOff(_Journal):
    "A torn line is of no use and can be removed."

    def _start(self, file):
        if _is_torn(file):
            file.seek(0)
            file.truncate(file.read().rfind(b"\n") + 1)
        return b""


@misconception(caught_by="test_a_note_is_one_line_of_json")
class AlwaysStartsWithANewline(_Journal):
    "A newline in front of each line does no harm."

    def _start(self, file):
        return b"\n"


@misconception(caught_by="test_an_empty_file_can_be_continued")
class LooksBeforeTheStart(_Journal):
    "A file that exists has a last byte."

    def _start(self, file):
        if file.seek(0, os.SEEK_END) == 0 and self.seen:
            file.seek(-1, os.SEEK_END)
        return super()._start(file)

    def _write(self, line):
        self.seen = self.path.exists()
        super()._write(line)


@misconception(caught_by="test_without_a_file_there_are_no_entries", raises=FileNotFoundError)
class NeedsAFile(_Journal):
    "A journal without a file is an error."

    def entries(self):
        self.path.stat()
        return super().entries()


@misconception(caught_by="test_without_a_file_there_are_no_entries")
class MakesTheFileToReadIt(_Journal):
    "A file that is not there is made first, and then it can be read."

    def entries(self):
        self.path.touch()
        return super().entries()


@misconception(caught_by="test_numbers_that_are_not_finite_become_null")
class WritesNan(_Journal):
    "What json.dumps writes is JSON."

    def _cleaned(self, value):
        return value


@misconception(caught_by="test_numbers_that_are_not_finite_become_null")
class WritesNanAsText(_Journal):
    "JSON has no NaN, so it is written in quotes."

    def _cleaned(self, fields):
        return {
            k: str(v) if v != _finite(v) and isinstance(v, float) else _finite(v)
            for k, v in fields.items()
        }


@misconception(caught_by="test_infinities_become_null")
class ForgetsInfinities(_Journal):
    "NaN is the only float that JSON does not have."

    def _cleaned(self, value):
        if isinstance(value, dict):
            return {key: self._cleaned(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._cleaned(item) for item in value]
        return None if value != value else value


@misconception(caught_by="test_at_any_depth_they_become_null")
class CleansTheTopOnly(_Journal):
    "The values of the fields are numbers."

    def _cleaned(self, fields):
        bad = [k for k, v in fields.items() if isinstance(v, float) and not math.isfinite(v)]
        return {**fields, **dict.fromkeys(bad)}


@misconception(caught_by="test_what_is_noted_stays_as_it_is")
class CleansInPlace(_Journal):
    "What is handed over may be tidied up where it lies."

    def _cleaned(self, value):
        places = value.items() if isinstance(value, dict) else enumerate(value)
        for place, item in list(places):
            if isinstance(item, tuple):
                item = value[place] = list(item)
            if isinstance(item, dict | list):
                self._cleaned(item)
            else:
                value[place] = _finite(item)
        return value


@misconception(caught_by="test_what_json_does_not_have_is_refused")
class WritesTheReprOfTheRest(_Journal):
    "What JSON does not have is written as Python prints it."

    def _line(self, entry):
        return json.dumps(entry, default=repr)


@misconception(caught_by="test_a_refused_note_leaves_no_trace")
class DumpsIntoTheFile(_Journal):
    "json.dump writes the entry straight to where it belongs."

    def note(self, **fields):
        if "time" in fields:
            raise ValueError("time")
        with open(self.path, "ab+") as file:
            start = self._start(file)
        with open(self.path, "a", encoding="utf-8", newline="\n") as file:
            file.write(start.decode())
            json.dump(_finite({"time": self._now(), **fields}), file)
            file.write("\n")


@misconception(caught_by="test_the_time_cannot_be_given")
class LetsTheTimeBeGiven(_Journal):
    "Whoever gives a time knows it better."

    def note(self, **fields):
        self._write(self._line({"time": self._now(), **_finite(fields)}) + "\n")


@misconception(caught_by="test_the_time_is_iso_8601_in_utc")
class NotesLocalTime(_Journal):
    "The time is what the clock on the wall says."

    def _now(self):
        return datetime.now().isoformat()


@misconception(caught_by="test_the_time_is_now")
class CallsLocalTimeUtc(_Journal):
    "A Z at the end makes a time one in UTC."

    def _now(self):
        return datetime.now().isoformat() + "Z"


@misconception(caught_by="test_the_time_is_iso_8601_in_utc")
class NotesSeconds(_Journal):
    "Seconds since 1970 are a time for everyone."

    def _now(self):
        return datetime.now(UTC).timestamp()


@misconception(caught_by="test_text_comes_back_as_it_was")
class SplitsWhereTextDoes(_Journal):
    "splitlines splits at newlines."

    def _line(self, entry):
        return json.dumps(entry, ensure_ascii=False)

    def _lines(self, data):
        lines = data.decode(errors="replace").splitlines(keepends=True)
        return [
            line.rstrip("\n").encode() for line in lines if data.endswith(b"\n") or line[-1] in "\n"
        ]


@misconception(caught_by="test_fifty_is_odd_among_ones")
class UsesMeanAndDeviation(_Journal):
    "Odd is what lies more than three standard deviations from the mean."

    def _middle_and_spread(self, numbers):
        mean = sum(numbers) / len(numbers)
        return mean, math.sqrt(sum((number - mean) ** 2 for number in numbers) / len(numbers))


@misconception(caught_by="test_a_wild_number_does_not_move_the_middle")
class MeasuresFromTheMean(_Journal):
    "Only the spread has to be robust; the middle is the mean."

    def _middle_and_spread(self, numbers):
        return sum(numbers) / len(numbers), super()._middle_and_spread(numbers)[1]


@misconception(caught_by="test_three_deviations_are_the_bar")
class AveragesTheDistances(_Journal):
    "MAD is short for the mean of the distances from the median."

    def _middle_and_spread(self, numbers):
        middle = median(numbers)
        return middle, 1.4826 * sum(abs(n - middle) for n in numbers) / len(numbers)


@misconception(caught_by="test_three_deviations_are_the_bar")
class LeavesTheFactorOut(_Journal):
    "The median distance is a standard deviation."

    def _middle_and_spread(self, numbers):
        middle, spread = super()._middle_and_spread(numbers)
        return middle, spread / 1.4826


@misconception(caught_by="test_numbers_below_can_be_odd")
class LooksUpOnly(_Journal):
    "Odd is what is too large."

    def odd(self, key, deviations=3.0):
        found = [entry[key] for entry in self.entries() if self._has(entry, key)]
        return [e for e in super().odd(key, deviations) if e[key] > median(found)]


@misconception(caught_by="test_an_even_count_has_its_median_between_two")
class TakesTheLowerMedian(_Journal):
    "The median is one of the numbers."

    def _middle_and_spread(self, numbers):
        from statistics import median_low

        middle = median_low(numbers)
        return middle, 1.4826 * median_low(abs(number - middle) for number in numbers)


@misconception(caught_by="test_the_deviations_can_be_chosen")
class KnowsThreeOnly(_Journal):
    "Three deviations are the rule."

    def odd(self, key, deviations=3.0):
        return super().odd(key)


@misconception(caught_by="test_odd_passes_over_entries_without_the_number", raises=KeyError)
class StopsWithoutTheKey(_Journal):
    "Every entry has the same fields."

    def _has(self, entry, key):
        return _is_number(entry[key])


@misconception(caught_by="test_odd_passes_over_entries_without_the_number")
class TakesNothingForZero(_Journal):
    "A number that is missing is 0."

    def _has(self, entry, key):
        return True

    def _number(self, entry, key):
        return entry[key] if _is_number(entry.get(key)) else 0


@misconception(caught_by="test_true_and_false_are_no_numbers")
class CountsBooleans(_Journal):
    "isinstance(value, (int, float)) asks for a number."

    def _has(self, entry, key):
        return isinstance(entry.get(key), int | float)


@misconception(caught_by="test_odd_returns_whole_entries")
class ReturnsNumbers(_Journal):
    "What is odd is a number."

    def odd(self, key, deviations=3.0):
        return [entry[key] for entry in super().odd(key, deviations)]


@misconception(caught_by="test_entries_come_in_order")
class NewestFirst(_Journal):
    "The newest note is the one that is looked for, so it comes first."

    def entries(self):
        return super().entries()[::-1]
