"""Say in plain words what is slow about a call, from the counts of what it asked of its device."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch

from dojo.arguments import numbers_in
from dojo.counting import Counts, count

__all__ = ["explain"]

# From here on calls are many: answers without a loop launch 1 to 20 operations.
MANY = 32
# A new tensor is large if it holds so many times the numbers that go in and come out, and so many
# at all: filling fewer takes a few microseconds.
FACTOR, LARGE = 4, 10_000

_WHOLE_TENSORS = frozenset(("tolist", "numpy", "cpu", "dlpack"))
_ONE_NUMBER = frozenset(("item", "bool", "int", "float", "complex", "index", "tensor"))


def explain(
    function: Callable[..., Any], arguments: Sequence[Any], device: torch.device | str
) -> str:
    """Call the function once, counting; return what follows after "it"."""
    with count(device) as counts:
        answer = function(*arguments)
    around = numbers_in(list(arguments)) + numbers_in(answer)
    return "; it ".join([*_reasons(counts, around)] or [_no_reason(counts)])


def _reasons(counts: Counts, around: int) -> Iterator[str]:
    waits = Counter(counts.synchronisations)
    for name, times in waits.most_common():
        if name in _WHOLE_TENSORS:
            often = f", {times:,} times" if times > 1 else ""
            yield f"takes its numbers out of torch ({name}{often})"
        elif times > MANY:
            reads = name in _ONE_NUMBER
            what = (
                "reads {} numbers out one at a time" if reads else "waits for the device {} times"
            )
            yield f"{what.format(f'{times:,}')} ({name})"
    if counts.launches > MANY:
        yield f"launches {counts.launches:,} operations{_mostly(counts.operations)}"
    elif counts.views.total() > MANY:
        yield f"takes {counts.views.total():,} views{_mostly(counts.views)}"
    if counts.largest > max(LARGE, FACTOR * around):
        yield (
            f"makes a tensor of {counts.largest:,} numbers where input and output hold {around:,}"
        )


def _mostly(names: Counter[str]) -> str:
    return f", mostly {names.most_common(1)[0][0]}: a loop over tensors"


def _no_reason(counts: Counts) -> str:
    if not counts.launches:
        return "launches no operation: the time goes into Python itself"
    (name, _), *others = counts.operations.most_common()
    if counts.new:
        name = max(counts.new, key=lambda tensor: tensor.elements).operation
    slow = f"one slow operation ({'perhaps ' if others else ''}{name})"
    return f"launches few operations ({counts.launches}): the time goes into Python or into {slow}"
