"""`dojo watch`: judge a kata at each save, and answer to single keys."""

import select
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from rich.progress import BarColumn, Progress, TextColumn

from dojo import lessons, listing, stubs
from dojo.bars import progress_bars
from dojo.cold import ColdRun
from dojo.curriculum import Curriculum, Kata
from dojo.desk import console, report_width, show
from dojo.diff import diff
from dojo.errors import UserError
from dojo.journal import Journal
from dojo.judged import Judged
from dojo.keys import keys
from dojo.progress import Progress as Solved
from dojo.saves import Saves
from dojo.teaching import question
from dojo.warm.client import TRIES, Lost, Request, Run, Runner, can_be_warm

JUDGE = "dojo test "
KEYS = "h hint  n next  d diff  w why  r reset  l list  q quit"
TICK = 0.25  # seconds between two looks at the file where no events arrive
BAR_AFTER = 0.5  # seconds of a run without a bar


class Watch:
    """One session: the kata that is open, its run, and the screen.

    Args:
        curriculum: The katas.
        kata: Where to begin.
        devices: The devices to run on; all for none.
        seconds: What all tests of a kata may take.
    """

    def __init__(
        self, curriculum: Curriculum, kata: Kata, devices: Sequence[str], seconds: float
    ) -> None:
        self.curriculum = curriculum
        self.kata = kata
        self.devices = devices
        self.seconds = seconds
        self.journal = Journal(curriculum.root)
        self.runner = Runner(curriculum.root)
        self.run_: Run | ColdRun | None = None
        self.is_wanted = True  # a verdict on the file as it is
        self.since = 0.0  # when the run that is going was told to go
        self.judged: Judged | None = None
        self.is_over = False
        self.is_blocked = False  # there can be no verdict, until the next save
        self.lost = 0  # runs in a row that ended without one
        self.actions: dict[str, Callable[[], None]] = {
            "h": self._hint,
            "n": self._next,
            "d": self._diff,
            "w": self._why,
            "r": self._reset,
            "l": self._list,
            "q": self._quit,
        }

    def run(self) -> None:
        """Go on until the learner quits."""
        if not can_be_warm():
            console.print("this system can't fork: each verdict takes a cold start of pytest")
        with keys() as self.keys:
            try:
                while not self.is_over:
                    with Saves(self.kata.stub) as saves:
                        self._watch(saves)
            except KeyboardInterrupt:
                pass
            finally:
                self._drop()
                self.runner.stop()

    def _watch(self, saves: Saves) -> None:
        """Watch one kata, until the learner goes on to another or quits."""
        kata = self.kata
        self.is_wanted, self.is_blocked, self.judged = True, False, None
        with _Bar() as self.bar:
            while not self.is_over and self.kata is kata:
                self._advance()
                self._wait(saves)
                if saves.come_in():
                    self.is_wanted, self.is_blocked, self.lost = True, False, 0
                    if self.since:  # what is being judged is no longer what the learner has
                        self._drop()
                if key := self.keys.pressed():
                    self.bar.hide()
                    self.actions.get(key, self._show)()
            self._drop()

    def _wait(self, saves: Saves) -> None:
        """Wait for the file, a key or the run."""
        sources: list[Any] = [saves, *self.keys.descriptors()]
        if isinstance(self.run_, Run):
            sources.append(self.run_.channel)
        is_quick = self.run_ is None or self.since
        select.select(sources, [], [], 0.05 if is_quick else TICK)

    def _advance(self) -> None:
        """Have a run stand by; let it go where a verdict is wanted; take the verdict."""
        if self.is_blocked:
            return
        if self.run_ is None:
            self.run_ = self._begun()
            if self.run_ is None:
                self.bar.tell("warming up")
                return
        if self.is_wanted and not self.since:
            self.run_.go()
            self.is_wanted, self.since = False, time.monotonic()
        try:
            judged = self.run_.take()
        except Lost:
            self.is_wanted |= bool(self.since)
            self._drop()
            self.lost += 1
            if self.lost == TRIES:
                self._give_up(self.runner.trouble())
            return
        except UserError as error:
            self._drop()
            self._give_up(str(error))
            return
        if judged:
            self.judged, self.lost = judged, 0
            self.took = time.monotonic() - self.since
            self.since, self.run_ = 0.0, None
            self.bar.hide()
            self._show()
        elif self.since and time.monotonic() > self.since + BAR_AFTER:
            self.bar.tell("judging", self.run_.ended, self.run_.tests)

    def _give_up(self, why: str) -> None:
        """Say why there is no verdict, and try again at the next save."""
        self.bar.hide()
        console.print(why, style="red", markup=False)
        self._offer()
        self.is_blocked = True

    def _begun(self) -> Run | ColdRun | None:
        """A run that stands by; None while the runner warms up."""
        request = Request(self.kata, self.devices, report_width(), {"seconds": self.seconds})
        if not can_be_warm():
            return ColdRun(request)
        if run := self.runner.ask(request):
            return run
        if self.runner.has_failed():
            raise UserError(self.runner.trouble())
        self.runner.start()
        return None

    def _drop(self) -> None:
        """Let the run go, whatever it is doing."""
        if self.run_:
            self.run_.cancel()
        self.run_, self.since = None, 0.0

    def _show(self) -> None:
        """Show the verdict, from the top of the screen."""
        _clear()
        console.print(f"{self.kata.id}  {question(self.kata)}", style="bold", markup=False)
        console.print(self.kata.where, markup=False, style="dim")
        console.print()
        if self.judged is None:
            return
        lines = list(self.judged.report)
        room = console.height - 9 if console.is_terminal else len(lines)
        if len(lines) > room:
            more = f"... and {len(lines) - room} more lines: dojo test {self.kata.name} has them"
            lines = [*lines[:room], (more, {"light": True})]
        show(lines)
        show((trouble, {"red": True}) for trouble in self.judged.troubles)
        if self.judged.verdict == "solved":
            self._praise()
        elif self.judged.verdict != "not started":
            counted = self.judged.counted().rpartition(" in ")[0]
            console.print(f"{datetime.now():%H:%M:%S}  {counted}, judged in {self.took:.2f} s")
        self._offer()

    def _praise(self) -> None:
        chapter = next(c for c in self.curriculum.chapters if c.name == self.kata.chapter)
        solved = Solved(self.curriculum, self.journal)
        after = solved.after(self.kata)
        on = f"n goes on to {after.id}" if after else "all katas are solved"
        where = f"{solved.solved_in(chapter)} of {len(chapter.katas)} in {chapter.name}"
        console.print(f"{where}; {on}", style="green", markup=False)

    def _offer(self) -> None:
        if self.keys.is_there:
            console.print(KEYS, style="dim", markup=False)

    def _hint(self) -> None:
        lessons.hint(self.kata.name)
        self._offer()

    def _why(self) -> None:
        _clear()
        if self.judged and self.judged.why:
            show(self.judged.why)
        else:
            console.print("nothing fails" if self.judged else "not judged yet")
        self._offer()

    def _diff(self) -> None:
        _clear()
        try:
            diff(self.kata.name)
        except UserError as error:
            console.print(str(error), markup=False)
        self._offer()

    def _next(self) -> None:
        after = Solved(self.curriculum, self.journal).after(self.kata)
        if after is None:
            console.print("all other katas are solved")
        else:
            self.kata = after

    def _reset(self) -> None:
        if stubs.is_untouched(self.kata):
            console.print(f"{self.kata.where} is untouched: there is nothing to reset")
            return
        console.print(f"put a fresh stub in the place of {self.kata.where}? Your file is kept.")
        console.print("y yes  any other key no", style="dim")
        while not (key := self.keys.pressed()) and self.keys.is_there:
            select.select(self.keys.descriptors(), [], [], TICK)
        if key == "y":
            for line in stubs.write([self.kata], overwrite=True):
                console.print(line, markup=False, soft_wrap=True)
        else:
            self._show()

    def _list(self) -> None:
        _clear()
        rows = listing.rows_of(self.curriculum)
        chapter = (row for row in rows if row.kata.startswith(f"{self.kata.chapter}/"))
        console.print(listing.table_of(chapter))
        console.print()
        show(progress_bars(Solved(self.curriculum, self.journal), [self.kata], "dojo watch "))
        self._offer()

    def _quit(self) -> None:
        self.is_over = True


class _Bar:
    """A bar while something takes longer than a moment; none where there is no terminal."""

    def __init__(self) -> None:
        self._bar: Progress | None = None

    def __enter__(self) -> "_Bar":
        return self

    def __exit__(self, *_: object) -> None:
        self.hide()

    def tell(self, what: str, done: int = 0, of: int = 0) -> None:
        """Show what takes time, and how far it is."""
        if not console.is_terminal:
            return
        if self._bar is None:
            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.fields[far]}"),
            )
            self._bar = Progress(*columns, console=console, transient=True)
            self._bar.start()
            self._task = self._bar.add_task(what, total=None, far="")
        far = f"{done} of {of}" if of else ""
        self._bar.update(self._task, description=what, completed=done, total=of or None, far=far)

    def hide(self) -> None:
        """Take it off the screen."""
        if self._bar:
            self._bar.stop()
            self._bar = None


def _clear() -> None:
    if console.is_terminal:
        console.clear()
