"""The commands of `dojo` that teach: hints, answers, fresh starts, reviews."""

from datetime import UTC, datetime

from rich.markup import escape
from rich.padding import Padding
from rich.table import Column, Table

from dojo import stubs
from dojo.copies import keep_copy, newest_copy
from dojo.desk import SIDE_BY_SIDE, ask, asked, console, curriculum_here, the_kata
from dojo.errors import UserError
from dojo.journal import RATINGS, Journal
from dojo.progress import Progress
from dojo.schedule import due_dates
from dojo.teaching import answer as model_answer
from dojo.teaching import hints, question


def hint(name: str, /, *, again: bool = False) -> None:
    """Give the next hint of a kata; how many were read is remembered.

    Args:
        name: The kata.
        again: Read once more those that you have had.
    """
    kata = the_kata(name)
    journal, texts = Journal(kata.root), hints(kata)
    used = journal.hints_used().get(kata.id, 0)
    if again:
        shown = range(used)
    else:
        used = journal.use_hint(kata, len(texts))
        shown = range(used - 1, used)
    if not shown:
        console.print(f"no hint of {kata.id} has been read: dojo hint {kata.name}", markup=False)
    for number in shown:
        console.print(f"hint {number + 1} of {len(texts)}", style="bold")
        console.print(Padding(escape(texts[number]), (0, 0, 0, 2)))
    if used == len(texts):
        console.print(f"that was the last: solutions/{kata.id}.py has the answer", markup=False)


def reset(name: str, /, *, yes: bool = False) -> None:
    """Hand out a fresh stub; the old file is kept, and `dojo restore` brings it back.

    Args:
        name: The kata.
        yes: Do not ask first.
    """
    kata = the_kata(name)
    if stubs.is_untouched(kata):
        console.print(f"{kata.where} is untouched: there is nothing to reset", markup=False)
        return
    ask(f"put a fresh stub in the place of {kata.where}? Your file is kept.", yes)
    for line in stubs.write([kata], overwrite=True):
        console.print(line, markup=False, soft_wrap=True)


def restore(name: str, /, *, yes: bool = False) -> None:
    """Bring back the file that was kept last; the present one is kept in turn.

    Args:
        name: The kata.
        yes: Do not ask first.
    """
    kata = the_kata(name)
    copy = newest_copy(kata)
    if copy is None:
        raise UserError(f"no file of {kata.id} is kept: nothing was reset")
    text = copy.read_bytes()
    if kata.stub.exists() and not stubs.is_untouched(kata):
        ask(f"put {copy.name} in the place of {kata.where}? Your file is kept.", yes)
        keep_copy(kata)
    kata.stub.write_bytes(text)
    console.print(f"{kata.where} is as in {copy.name} again", markup=False, soft_wrap=True)


def answer(name: str, /, *, spoil: bool = False) -> None:
    """Answer the question in your own words, then read the model answer; after it is solved.

    Args:
        name: The kata.
        spoil: Also where it is not solved yet.
    """
    kata = the_kata(name)
    book = Journal(kata.root)
    if not (spoil or Progress(curriculum_here(), book).is_solved(kata)):
        raise UserError(f"{kata.id} is not solved yet: solve it first, or add --spoil")
    console.print(question(kata), style="bold", markup=False)
    mine = asked("in your own words (an empty line ends, or skips):", many=True)
    model = model_answer(kata)
    if mine and console.width >= SIDE_BY_SIDE:
        table = Table(Column("yours", ratio=1), Column("the model answer", ratio=2), expand=True)
        table.add_row(escape(mine), escape(model))
        console.print(table)
    else:
        console.print(model, markup=False)
    rating = asked(f"how well did you know it? {', '.join(RATINGS)} (Enter skips)").lower()
    while rating not in ("", *RATINGS):
        rating = asked(f"{rating!r} is none of {', '.join(RATINGS)} (Enter skips)").lower()
    if mine or rating:
        book.note_answer(kata, mine, rating)


def review(*, yes: bool = False) -> None:
    """Hand out blank the katas that are due again; what you wrote is kept.

    Args:
        yes: Do not ask first.
    """
    curriculum = curriculum_here()
    book = Journal(curriculum.root)
    now, dates, progress = datetime.now(UTC), due_dates(book), Progress(curriculum, book)
    due = [kata for kata in curriculum if progress.is_solved(kata) and dates[kata.id] <= now]
    if not due:
        coming = min((dates[kata.id] for kata in curriculum if kata.id in dates), default=None)
        when = f"the next one is due on {coming:%Y-%m-%d}" if coming else "none was solved yet"
        console.print(f"no kata is due: {when}", markup=False)
        return
    ask(f"hand out blank {', '.join(kata.name for kata in due)}? Your files are kept.", yes)
    for kata in due:
        for line in stubs.write([kata], overwrite=True):
            console.print(line, markup=False, soft_wrap=True)
        book.note_handout(kata)
