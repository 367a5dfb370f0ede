"""Decide from paired measurements how many times faster one thing is, with a known error.

Pure arithmetic on numbers already taken: no clock is read here, so that a simulation can test it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import comb
from statistics import median
from typing import Literal

__all__ = ["ERROR", "LOOKS", "Measurement", "Pair", "Verdict", "decide", "interval"]

# Numbers of pairs after which to look. With 8 the interval from the lowest to the highest ratio
# misses the true median in 2 / 2**8 = 0.8% of cases, which is what a look may cost: 5% / 6.
LOOKS = (8, 12, 16, 24, 36, 48)
ERROR = 0.05

Verdict = Literal["passed", "failed", "undecided"]


@dataclass(frozen=True)
class Pair:
    """Seconds per call of both contestants, measured one right after the other."""

    loop: float
    mine: float

    @property
    def ratio(self) -> float:
        """How many times as fast mine is."""
        return self.loop / self.mine


@dataclass(frozen=True)
class Measurement:
    """How many times as fast as the loop mine is: median of the paired ratios, and its interval.

    Times are medians, in seconds per call.
    """

    ratio: float
    low: float
    high: float
    loop_seconds: float
    mine_seconds: float
    pairs: int

    def verdict(self, at_least: float) -> Verdict:
        """Judge only what the whole interval agrees on."""
        if self.low > at_least:
            return "passed"
        if self.high < at_least:
            return "failed"
        return "undecided"


def decide(pairs: Iterable[Pair], at_least: float) -> Measurement:
    """Draw pairs until the verdict is clear, 48 at most.

    A true ratio that equals at_least passes in 2.5% of cases at most, and fails in as many.
    """
    taken: list[Pair] = []
    for pair in pairs:
        taken.append(pair)
        if len(taken) in LOOKS:
            measurement = _summary(taken)
            if len(taken) == LOOKS[-1] or measurement.verdict(at_least) != "undecided":
                return measurement
    raise ValueError(f"{len(taken)} pairs are too few to decide: give {LOOKS[-1]}")


def interval(values: Sequence[float], error: float) -> tuple[float, float]:
    """Bound the median that these values were drawn around, whatever their distribution.

    The true median lies below the k lowest values or above the k highest with a probability that is
    the binomial's alone. k is the largest that keeps it within error.

    Raises:
        ValueError: there are too few values for so small an error.
    """
    count = len(values)
    outside = 0
    tail = 1  # of the 2**count ways to fall on either side of the median
    while 2 * tail <= error * 2**count:
        outside += 1
        tail += comb(count, outside)
    if not outside:
        raise ValueError(f"{count} values are too few for an error of {error:.2%}")
    ordered = sorted(values)
    return ordered[outside - 1], ordered[-outside]


def _summary(pairs: Sequence[Pair]) -> Measurement:
    ratios = [pair.ratio for pair in pairs]
    low, high = interval(ratios, ERROR / len(LOOKS))
    return Measurement(
        ratio=median(ratios),
        low=low,
        high=high,
        loop_seconds=median(pair.loop for pair in pairs),
        mine_seconds=median(pair.mine for pair in pairs),
        pairs=len(pairs),
    )
