"""Count what a piece of code asks of its device: operations, waits, new memory.

Counts are exact and no noise touches them, so they prove what a stopwatch can only suggest: that a
loop is gone, that nothing waits for the device, that no large table is laid out on the way.

What is not seen: work inside one operation (one that loops in C++ counts once); numpy's work, once
the numbers have left by way of numpy(); other threads and processes; whoever reads a storage by its
address; memory that comes by deepcopy(), by resize_() or by an out= tensor that grows; on the CPU,
to("cpu"), since to(x.device) is the same call there.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import prod
from typing import Any

import torch
from torch import Tensor
from torch._ops import OpOverload
from torch.overrides import TorchFunctionMode

from dojo.modes import OperationMode

__all__ = ["Counts", "NewTensor", "count", "tensors_in"]

# Memory is set aside and nothing written to it: the device has nothing to do.
_ALLOCATIONS = frozenset(
    ("empty", "empty_like", "empty_permuted", "empty_strided", "new_empty", "new_empty_strided")
)
# Views by what they do, though their schema does not say so.
_UNDECLARED_VIEWS = frozenset(("_unsafe_view", "unsafe_split", "unsafe_split_with_sizes"))

# What makes a tensor of Python data: torch.tensor(data), the list in x[[0, 2]], the 1 in x[0] = 1.
_MAKERS = frozenset(("lift_fresh", "scalar_tensor"))

# Calls that hand the host values of their first argument. Many of them never reach the dispatcher
# on the CPU, and those that do reach it under names that a learner would not recognise.
_WAYS_OUT = {
    "item": "item",
    "tolist": "tolist",
    "numpy": "numpy",
    "cpu": "cpu",
    "is_nonzero": "is_nonzero",
    "__array__": "numpy",
    "__dlpack__": "dlpack",
    "__bool__": "bool",
    "__int__": "int",
    "__float__": "float",
    "__complex__": "complex",
    "__index__": "index",
    "__contains__": "in",
    "__repr__": "print",
    "__format__": "print",
}
# Calls that make a tensor of Python data, and read whatever tensors hide in it one by one.
_FROM_DATA = frozenset(("tensor", "as_tensor", "asarray"))
# Operations whose result has values, or a shape, that the host can only know by waiting.
_WAITING_TAGS = {torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape}
_WAITING_NAMES = {
    "_local_scalar_dense": "item",
    "_unique": "unique",
    "_unique2": "unique",
    "unique_dim": "unique",
    "_linalg_check_errors": "check of linalg errors",
}


@dataclass(frozen=True)
class NewTensor:
    """A tensor with memory of its own, and the operation that made it."""

    operation: str
    shape: tuple[int, ...]
    dtype: torch.dtype

    @property
    def elements(self) -> int:
        """How many numbers it holds: 1 for rank 0."""
        return prod(self.shape)


@dataclass
class Counts:
    """What happened inside a count() block.

    Attributes:
        operations: name -> times, for what gives the device work: anything that writes memory, a
            tensor made of Python data (named "tensor") included.
        views: name -> times, for what only looks at memory in another way. It costs the host about
            a microsecond and the device nothing, as does setting memory aside (counted nowhere).
        synchronisations: what made the host wait for the device, in order: "item", "tolist",
            "boolean mask", "nonzero", ...
        new: the tensors with memory of their own. Views, in-place results and tensors given as
            out= are not new; neither are copies on the host of what lives on an accelerator.
    """

    operations: Counter[str] = field(default_factory=Counter)
    views: Counter[str] = field(default_factory=Counter)
    synchronisations: list[str] = field(default_factory=list)
    new: list[NewTensor] = field(default_factory=list)

    @property
    def launches(self) -> int:
        """How many operations gave the device work."""
        return self.operations.total()

    @property
    def largest(self) -> int:
        """How many numbers the largest new tensor holds, 0 if there is none."""
        return max((tensor.elements for tensor in self.new), default=0)

    def describe(self) -> str:
        """Say it in a line, for the message of an assertion."""
        waits = Counter(self.synchronisations)
        told = [_told("operation", self.operations), _told("synchronisation", waits)]
        if self.new:
            largest = max(self.new, key=lambda tensor: tensor.elements)
            size = _many(largest.elements, "number")
            told.append(f"largest new tensor {size} ({largest.operation}, shape {largest.shape})")
        else:
            told.append("no new tensor")
        return ", ".join(told)


def _told(noun: str, names: Counter[str]) -> str:
    """Say how many, and the three most frequent: "12 operations (10 mul, 2 add)"."""
    if not names:
        return f"no {noun}"
    told = [f"{times:,} {name}" for name, times in names.most_common(3)]
    if len(names) > 3:
        told.append(_many(len(names) - 3, "other name"))
    kinds = ", ".join(told) if len(names) > 1 else next(iter(names))
    return f"{_many(names.total(), noun)} ({kinds})"


def _many(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


@contextmanager
def count(device: torch.device | str = "cpu") -> Iterator[Counts]:
    """Count what the block does, backward passes included; the counts stay readable afterwards.

    device is where the data of the block lives. On "cpu" every tensor stands for one on an
    accelerator, so that code is judged alike everywhere. On an accelerator a tensor kept on the
    CPU, say an index, is read for free.
    """
    counts = Counts()
    operations = _Operations(counts, torch.device(device))
    with operations, _Calls(operations):
        yield counts


class _Operations(OperationMode):
    """Sees each operation on its way to a kernel, those of autograd included."""

    def __init__(self, counts: Counts, device: torch.device) -> None:
        super().__init__()
        self.counts = counts
        self.everything_is_remote = device.type == "cpu"
        self.inside_a_counted_call = False  # what a way out does inside is no second way out

    def is_remote(self, value: object) -> bool:
        """Tell whether reading this value would make the host wait."""
        return isinstance(value, Tensor) and (
            self.everything_is_remote or value.device.type != "cpu"
        )

    def __torch_dispatch__(
        self, func: OpOverload, types: Any, args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        with self:  # inference_mode hands over whole compositions: count what they consist of
            result = func.decompose(*args, **kwargs)
        if result is NotImplemented:
            result = func(*args, **kwargs)
            self.record(func, args, kwargs, result)
        return result

    def record(
        self, func: OpOverload, args: Sequence[Any], kwargs: Mapping[str, Any], result: Any
    ) -> None:
        """Enter one operation in the books."""
        name = func.overloadpacket.__name__
        to_host = _copies_to_host(name, args, result)
        wait = "cpu" if to_host else self.wait(func, name, args, kwargs)
        if wait and not self.inside_a_counted_call:
            self.counts.synchronisations.append(wait)
        if to_host:
            return  # a wait rather than work, and the memory is not the device's
        if name in _MAKERS:
            name, new = "tensor", [result]
        elif func.is_view or torch.Tag.inplace_view in func.tags or name in _UNDECLARED_VIEWS:
            self.counts.views[name] += 1
            return
        else:
            new = list(_with_own_memory(func, result))
        if (new or func._schema.is_mutable) and name not in _ALLOCATIONS:
            self.counts.operations[name] += 1
        # batch_norm hands back empty tensors where it has nothing to say: those hold no memory.
        self.counts.new += [NewTensor(name, tuple(t.shape), t.dtype) for t in new if t.numel()]

    def wait(
        self, func: OpOverload, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> str | None:
        """Name what makes the host wait in this operation, if anything does."""
        if "index_put" in name or name in ("index", "_unsafe_index"):
            masks = [index for index in args[1] if self.is_remote(index) and _is_mask(index)]
            return "boolean mask" if masks and not _fills(name, args) else None
        if kwargs.get("output_size") is not None:  # repeat_interleave, told the size beforehand
            return None
        if _WAITING_TAGS.isdisjoint(func.tags) and name not in _WAITING_NAMES:
            return None
        return _WAITING_NAMES.get(name, name) if any(map(self.is_remote, args)) else None


class _Calls(TorchFunctionMode):
    """Sees each call of a function of torch's, so also those that end before the dispatcher."""

    def __init__(self, operations: _Operations) -> None:
        super().__init__()
        self.operations = operations

    def __torch_function__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        waits = self.waits(name, args, kwargs)
        self.operations.counts.synchronisations += waits
        # one_hot checks its classes on the CPU by reading them; on a GPU its kernel does.
        self.operations.inside_a_counted_call = bool(waits) or name == "one_hot"
        try:
            if waits and name in _FROM_DATA:
                # Where torch.tensor reads them no mode may look, and kernels written in Python,
                # as the stand-in's are, break; so they are read here.
                args = (_on_host(args[0]), *args[1:])
            return func(*args, **kwargs)
        finally:
            self.operations.inside_a_counted_call = False

    def waits(self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[str]:
        """Name what makes the host wait in this call, once for each time that it waits."""
        if name in _FROM_DATA and args and not isinstance(args[0], Tensor):
            return [name for hidden in tensors_in(args[0]) if self.operations.is_remote(hidden)]
        if name == "one_hot" and "num_classes" not in kwargs and len(args) < 2:
            return ["one_hot"]  # it has to look for the largest class
        if name in _WAYS_OUT and args and self.operations.is_remote(args[0]):
            return [_WAYS_OUT[name]]
        return []


def tensors_in(tree: object) -> Iterator[Tensor]:
    """Walk the tensors in nested lists and tuples, in order."""
    if isinstance(tree, Tensor):
        yield tree
    elif isinstance(tree, list | tuple):
        for branch in tree:
            yield from tensors_in(branch)


def _on_host(tree: Any) -> Any:
    if isinstance(tree, Tensor):
        return tree.cpu()
    return [*map(_on_host, tree)] if isinstance(tree, list | tuple) else tree


def _copies_to_host(name: str, args: Sequence[Any], result: Any) -> bool:
    """Tell whether this moves numbers from an accelerator to the CPU."""
    if name not in ("_to_copy", "copy_"):
        return False
    source: Tensor = args[0] if name == "_to_copy" else args[1]
    return bool(source.device.type != "cpu" and result.device.type == "cpu")


def _with_own_memory(func: OpOverload, result: Any) -> Iterator[Tensor]:
    """Pick the results that the schema ties to no argument: Tensor, where Tensor(a) is a view."""
    returns = func._schema.returns
    results = result if len(returns) > 1 else (result,)
    for value, declared in zip(results, returns, strict=False):  # in-place foreach declares none
        if declared.alias_info is None:
            yield from tensors_in(value)


def _is_mask(index: Tensor) -> bool:
    return index.dtype in (torch.bool, torch.uint8)


def _fills(name: str, args: Sequence[Any]) -> bool:
    """Tell whether this is x[mask] = number, which runs as masked_fill and waits for nothing."""
    accumulates = len(args) > 3 and args[3]
    return "index_put" in name and args[2].numel() == 1 and not args[2].is_cuda and not accumulates
