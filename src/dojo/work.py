"""How much work a call is, and how fast this machine could do it at the best.

The work is counted from the operations that run: the bytes that each reads and writes, and its
arithmetic. A machine's limit is the time which the work takes at the speed of a large copy, or of a
large matrix product, whichever is longer. That the caches serve small tensors faster than memory
does is left out: the fraction of the limit can then be above one.

See S. Williams, A. Waterman and D. Patterson, "Roofline", Communications of the ACM 52 (4), 2009.
"""

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch._ops import OpOverload
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from dojo.bench import runs_beside_the_host, timer

ROUNDS = 5  # of each measurement of the machine; the fastest counts
COPIED = 1 << 24  # numbers of float32 that are copied: 64 MB, more than most caches hold
# Rows and columns of the matrices that are multiplied; a GPU is idle with smaller ones.
MULTIPLIED = {"cpu": 1024, "accelerator": 4096}
# Operations that read no more of their first tensor than they are asked for.
_PICKS = frozenset(("index", "gather", "index_select", "embedding", "take"))


@dataclass(frozen=True)
class Work:
    """What the operations of a call do.

    Attributes:
        moved: Bytes that are read and written.
        arithmetic: Floating-point operations: two for each product of a matrix multiplication, one
            for each number that any other operation writes.
    """

    moved: int
    arithmetic: int


@dataclass(frozen=True)
class Machine:
    """What a device can do at the best.

    Attributes:
        bandwidth: Bytes a second that a large copy reads and writes.
        rate: Floating-point operations a second of a large matrix product in float32.
    """

    bandwidth: float
    rate: float

    def limit(self, work: Work) -> float:
        """The seconds that the work takes at the least."""
        return max(work.moved / self.bandwidth, work.arithmetic / self.rate)


def work_of(function: Callable[..., Any], arguments: Sequence[Any]) -> Work:
    """Call the function once, and count."""
    with _Counter() as counter:
        function(*arguments)
    return Work(counter.moved, counter.arithmetic)


@functools.cache
def machine(device: str) -> Machine:
    """Measure a device, once in a process; it takes a fraction of a second."""
    x = torch.ones(COPIED, device=device)
    y = torch.empty_like(x)
    size = MULTIPLIED["accelerator" if runs_beside_the_host(device) else "cpu"]
    a = torch.ones(size, size, device=device)
    copying = _fastest(lambda: y.copy_(x), device)
    multiplying = _fastest(lambda: a @ a, device)
    return Machine(2 * x.nbytes / copying, 2 * size**3 / multiplying)


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


class _Counter(TorchDispatchMode):  # type: ignore[no-untyped-call]  # unannotated in torch
    """Adds up what each operation moves and computes."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # unannotated in torch
        self.moved = 0
        self.arithmetic = 0

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Without this the first operation imports torch's compiler: 823 modules, 0.7 s."""
        return False

    def __torch_dispatch__(
        self, func: OpOverload, types: Any, args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        if func.is_view:
            return result
        written = [leaf for leaf in tree_leaves(result) if isinstance(leaf, Tensor)]
        read = [leaf for leaf in tree_leaves([args, kwargs]) if isinstance(leaf, Tensor)]
        if func.overloadpacket.__name__ in _PICKS:
            read = [*written, *read[1:]]  # of its source it reads what it writes
        self.moved += sum(map(_bytes, read)) + sum(map(_bytes, written))
        if counted := flop_registry.get(func.overloadpacket):
            self.arithmetic += counted(*args, **kwargs, out_val=result)
        else:
            self.arithmetic += sum(tensor.numel() for tensor in written)
        return result


def _bytes(tensor: Tensor) -> int:
    """The memory behind a tensor, once: what expand() repeats is read from the same place."""
    distinct = math.prod(
        size for size, stride in zip(tensor.shape, tensor.stride(), strict=True) if stride
    )
    return distinct * tensor.element_size()
