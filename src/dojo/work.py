"""How much work a call is, and how fast this machine could do it at the best.

The work is counted from the operations that run: the bytes that each reads and writes, and its
arithmetic. A machine's limit is the time which that takes, one operation after another, each at the
speed of a copy of its size or of a large matrix product, whichever takes longer. So what an
operation costs beside its work, and what fewer operations would spare, is seen.

See S. Williams, A. Waterman and D. Patterson, "Roofline", Communications of the ACM 52 (4), 2009.
"""

import functools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch._ops import OpOverload
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from dojo.bench import runs_beside_the_host, timer
from dojo.modes import OperationMode

ROUNDS = 5  # of each measurement of the machine; the fastest counts
# Bytes that are copied, from what a core's own cache holds to more than any cache does.
COPIED = tuple(1 << power for power in range(16, 27))
# Rows and columns of the matrices that are multiplied; a GPU is idle with smaller ones.
MULTIPLIED = {"cpu": 1024, "accelerator": 4096}
# Operations that reserve memory and leave it as it is.
_NOTHING = frozenset(("empty", "empty_like", "empty_strided", "new_empty", "new_empty_strided"))
# Operations that read no more of their first tensor than they are asked for.
_PICKS = frozenset(("index", "gather", "index_select", "embedding", "take"))


@dataclass(frozen=True)
class Work:
    """What an operation does.

    Attributes:
        moved: Bytes that are read and written.
        arithmetic: Floating-point operations: two for each product of a matrix multiplication, one
            for each number that any other operation reads or writes, whichever are more.
    """

    moved: int
    arithmetic: int


@dataclass(frozen=True)
class Machine:
    """What a device can do at the best.

    Attributes:
        copies: Bytes that a copy reads and writes, and how many of them a second; ascending.
        rate: Floating-point operations a second of a large matrix product in float32.
    """

    copies: tuple[tuple[int, float], ...]
    rate: float

    def bandwidth(self, moved: int) -> float:
        """The bytes a second of the fastest copy of as many bytes or more.

        A small copy is slow for what it costs beside its work, and fast where caches hold it.
        """
        *_, (_, large) = self.copies
        return max((speed for size, speed in self.copies if size >= moved), default=large)

    def limit(self, works: Iterable[Work]) -> float:
        """The seconds that the operations take at the least, one after another."""
        return sum(
            max(work.moved / self.bandwidth(work.moved), work.arithmetic / self.rate)
            for work in works
        )


def work_of(function: Callable[..., Any], arguments: Sequence[Any]) -> list[Work]:
    """Call the function once, and count the work of each operation that does any."""
    counter = _Counter()
    with counter:
        function(*arguments)
    return counter.works


@functools.cache
def machine(device: str) -> Machine:
    """Measure a device, once in a process; it takes a fraction of a second."""
    copies = []
    for size in COPIED:
        x = torch.ones(size // 8, device=device)  # read and written: 8 bytes a float32
        y = torch.empty_like(x)
        copies.append((size, size / _fastest(functools.partial(y.copy_, x), device)))
    size = MULTIPLIED["accelerator" if runs_beside_the_host(device) else "cpu"]
    a = torch.ones(size, size, device=device)
    multiplying = _fastest(lambda: a @ a, device)
    return Machine(tuple(copies), 2 * size**3 / multiplying)


def transfer(arguments: Sequence[Any], device: str) -> float:
    """The seconds that it takes to bring the tensors among the arguments from the CPU."""
    tensors = [leaf.cpu() for leaf in tree_leaves(list(arguments)) if isinstance(leaf, Tensor)]
    return _fastest(lambda: [tensor.to(device) for tensor in tensors], device)


def _fastest(function: Callable[[], Any], device: str) -> float:
    clock, best = timer(device), math.inf
    function()  # the first call sets up
    for _ in range(ROUNDS):
        start = clock()
        function()
        best = min(best, clock() - start)
    return best


class _Counter(OperationMode):
    """Notes what each operation moves and computes."""

    def __init__(self) -> None:
        super().__init__()
        self.works: list[Work] = []

    def __torch_dispatch__(
        self, func: OpOverload, types: Any, args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        name = func.overloadpacket.__name__
        if func.is_view or name in _NOTHING:
            return result
        written = [leaf for leaf in tree_leaves(result) if isinstance(leaf, Tensor)]
        read = [leaf for leaf in tree_leaves([args, kwargs]) if isinstance(leaf, Tensor)]
        if name in _PICKS:
            read = [*written, *read[1:]]  # of its source it reads what it writes
        if counted := flop_registry.get(func.overloadpacket):
            arithmetic = counted(*args, **kwargs, out_val=result)
        else:
            arithmetic = max((tensor.numel() for tensor in (*read, *written)), default=0)
        self.works.append(Work(sum(map(_bytes, (*read, *written))), arithmetic))
        return result


def _bytes(tensor: Tensor) -> int:
    """The memory behind a tensor, once: what expand() repeats is read from the same place."""
    distinct = math.prod(
        size for size, stride in zip(tensor.shape, tensor.stride(), strict=True) if stride
    )
    return distinct * tensor.element_size()
