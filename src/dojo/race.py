"""Race a function against a loop: same arguments, same answers, and how many times as fast.

Blocks of calls run in pairs, in random order, so that whatever slows the machine slows both. On the
CPU the clock is process time: it counts the work of all threads of this process, and stands still
while another process has the core.

What is not seen: work that another process is given to do; time spent asleep; a cache that is asked
by content, which answers rightly (draw content that does not repeat within a few calls).
"""

import gc
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import count as counting_from
from math import ceil
from random import Random

# Bound here and now: a learner's module that replaces time.process_time does not reach these.
from time import get_clock_info, perf_counter, process_time
from typing import Any

import torch

from dojo.arguments import copy_of, difference, numbers_in, refill
from dojo.bench import runs_beside_the_host, timer
from dojo.paired import LOOKS, Measurement, Pair, decide
from dojo.slowness import explain
from dojo.timings import duration, times

__all__ = ["check_answers", "measure", "race"]

Function = Callable[..., Any]
Inputs = Callable[[], tuple[Any, ...]]
Compare = Callable[[Any, Any], str | None]
Clock = Callable[[], float]

BLOCK = 1e-3  # seconds that a block of calls lasts, unless one call takes longer
WARM_UP = 8  # times that a block is timed again before it counts as long enough; only once ...
LONG = 0.01  # ... where it takes so many seconds, or more
POOL = 4  # sets of arguments that the calls of a block take in turns ...
POOL_NUMBERS = 4_000_000  # ... or fewer, down to one, if they held more than this: 32 MB of int64
COARSE = 1e-5  # seconds; a clock with longer steps, 1% of a block and more, will not do

_random = Random()  # of its own: the global one belongs to whoever has seeded it
_exact_difference = partial(difference, rtol=0, atol=0)


def race(
    loop: Function,
    mine: Function,
    inputs: Inputs,
    *,
    at_least: float,
    device: torch.device | str = "cpu",
    compare: Compare = difference,
) -> Measurement:
    """Assert that mine gives the loop's answers and is more than at_least times as fast.

    inputs draws a tuple of fresh arguments, on the device, at each call: tensors, numbers, lists
    and tuples of them. It is called about ten times, never while a clock runs. compare says in what
    mine's answer differs from the loop's, if it does; partial(difference, rtol=..., atol=...) is
    more lenient.

    Raises:
        AssertionError: another answer, a changed argument, an answer kept from an earlier call,
            work left to another thread, too slow, or undecided after two measurements.
        ValueError: inputs draws the same content twice, so that a kept answer would go unnoticed.
    """
    check_answers(loop, mine, inputs, compare)
    for _ in range(2):
        measurement = measure(loop, mine, inputs, at_least=at_least, device=device, compare=compare)
        verdict = measurement.verdict(at_least)
        if verdict == "passed":
            return measurement
        if verdict == "failed":
            reason = explain(mine, inputs(), device)
            raise AssertionError(f"{_told(mine, measurement, at_least)}.\nIt {reason}.")
    raise AssertionError(
        "undecided, measured twice; run it again, with less going on beside it: "
        + _told(mine, measurement, at_least)
    )


def measure(
    loop: Function,
    mine: Function,
    inputs: Inputs,
    *,
    at_least: float = 1.0,
    device: torch.device | str = "cpu",
    compare: Compare = difference,
) -> Measurement:
    """Measure how many times as fast as loop mine is, until it is clear on which side of at_least.

    Raises:
        AssertionError: mine gave another answer than the loop in the last call before a look at
            the numbers, so it works only while nobody times it.
    """
    clock, is_wall = _clock(device)
    pool = _pool(inputs)
    with _no_garbage_collection():
        slow = _Contestant(loop, pool, clock, BLOCK)
        # A block on a wall clock may lose its core, and a long one loses it more often: medians of
        # short blocks against long ones passed a true 2.7 as "over 4" in 60% of trials.
        fast = _Contestant(mine, pool, clock, max(BLOCK, slow.block) if is_wall else BLOCK)
        return decide(_pairs(slow, fast, pool, inputs, compare), at_least)


class _Contestant:
    """A function, timed in blocks of as many calls as make a block last."""

    def __init__(
        self, function: Function, pool: Sequence[list[Any]], clock: Clock, least: float
    ) -> None:
        self.function = function
        self.clock = clock
        self.answer: Any = None  # of a block's last call, which is the one on pool[-1]
        calls = 1
        while True:
            self.batch = [pool[place % len(pool)] for place in range(-calls, 0)]
            self.block = self.time() * calls  # seconds
            # Calls that have to warm up, or are held up, would pass for slow ones and leave blocks
            # so short that each is timed cold, too: it took a true 490 down to 100, 240 to 19.
            again = WARM_UP if self.block < LONG else 1
            while again and self.block >= least / 2:
                self.block = min(self.block, self.time() * calls)
                again -= 1
            if self.block >= least / 2:
                break
            calls = ceil(calls * least / max(self.block, least / 10))

    def time(self) -> float:
        """Run a block; return its seconds per call."""
        function, answer = self.function, None
        start = self.clock()
        for arguments in self.batch:
            answer = function(*arguments)
        stop = self.clock()
        self.answer = answer
        return (stop - start) / len(self.batch)


def _pairs(
    loop: _Contestant,
    mine: _Contestant,
    pool: Sequence[list[Any]],
    inputs: Inputs,
    compare: Compare,
) -> Iterator[Pair]:
    """Time block against block, and compare their last answers where the numbers are looked at."""
    for number in counting_from(1):
        is_checked = number in LOOKS
        if is_checked:
            refill(pool[-1], list(inputs()))
        if _random.random() < 0.5:
            pair = Pair(loop=loop.time(), mine=mine.time())
        else:
            pair = Pair(mine=mine.time(), loop=loop.time())
        if is_checked and (found := compare(mine.answer, loop.answer)):
            name = _name(mine.function)
            raise AssertionError(f"{name} gives another answer while it is timed: {found}")
        yield pair


def check_answers(
    loop: Function, mine: Function, inputs: Inputs, compare: Compare = difference
) -> None:
    """Compare the answers on fresh arguments, then on the same objects with other content."""
    name = _name(mine)
    arguments = copy_of(list(inputs()))  # a copy, for inputs may draw views of its data
    before = copy_of(arguments)
    threads = threading.active_count()
    first = mine(*arguments)
    if threading.active_count() > threads:
        raise AssertionError(f"{name} is still at work, in another thread, when it returns")
    if found := compare(first, loop(*copy_of(before))):
        raise AssertionError(f"{name} gives another answer than the loop: {found}")
    if found := _exact_difference(arguments, before):
        raise AssertionError(f"{name} changes its input: {found}")

    refill(arguments, list(inputs()))
    if _holds_tensors_or_lists(before) and not _exact_difference(arguments, before):
        raise ValueError("inputs() draws the same content twice: a kept answer would go unnoticed")
    second, expected = mine(*arguments), loop(*copy_of(arguments))
    if found := compare(second, expected):
        raise AssertionError(
            f"{name} gives another answer than the loop once the same objects hold other numbers; "
            f"does it keep answers from earlier calls? {found}"
        )
    mine(*copy_of(list(inputs())))
    if found := compare(second, expected):
        raise AssertionError(f"{name} changes an answer that it gave before: {found}")


def _holds_tensors_or_lists(arguments: Sequence[Any]) -> bool:
    return any(isinstance(argument, torch.Tensor | list | tuple) for argument in arguments)


def _pool(inputs: Inputs) -> list[list[Any]]:
    """Draw some sets of arguments, each a copy, for inputs may draw views of its data."""
    first = copy_of(list(inputs()))
    size = min(POOL, max(1, POOL_NUMBERS // max(1, numbers_in(first))))
    return [first, *(copy_of(list(inputs())) for _ in range(size - 1))]


def _clock(device: torch.device | str) -> tuple[Clock, bool]:
    """Choose a clock that reads seconds, and say whether it is a wall clock.

    Windows counts process time in steps of 15.6 ms, so it gets the wall clock too.
    """
    if runs_beside_the_host(device):
        return timer(device), True
    if get_clock_info("process_time").resolution > COARSE:
        return perf_counter, True
    return process_time, False


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _told(mine: Function, measurement: Measurement, at_least: float) -> str:
    low, ratio, high = (
        times(value) for value in (measurement.low, measurement.ratio, measurement.high)
    )
    return (
        f"{_name(mine)} takes {duration(measurement.mine_seconds)} a call, the loop "
        f"{duration(measurement.loop_seconds)}: {ratio} times as fast ({low} to {high}, "
        f"{measurement.pairs} pairs), where more than {at_least:g} is asked for"
    )


def _name(function: Function) -> str:
    name = getattr(function, "__name__", "<unnamed>")
    return "your function" if name.startswith("<") else str(name)
