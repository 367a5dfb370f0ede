"""What torch's dispatcher is given: a kernel for every operator, by name.

Nearly all are one function, which runs the operator on the CPU. The others are those that deal with
views, memory and indices, and a few that the CPU does not have.
"""

import functools
import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from dojo.standin import cells
from dojo.standin.lending import check_index, run
from dojo.standin.memory import as_cpu, as_standin, shared_storages

Kernel = Callable[..., Any]

_KEY = "PrivateUse1"  # the dispatcher's word for a device from outside, whatever its name
_COMPOSED = ("CompositeExplicitAutograd", "CompositeExplicitAutogradNonFunctional")
_CPU_KERNELS = torch._C.DispatchKeySet(torch._C.DispatchKey.CPU)
_NUMBERS = (int, float, complex)


def install() -> tuple[torch.library.Library, ...]:
    """Give the device its kernels, which last as long as what is returned."""
    kernels = {name: _kernel(_operator(name)) for name in _run_in_one()}
    for name in ("set_.source_Storage", "set_.source_Storage_storage_offset", "set_.source_Tensor"):
        kernels[name] = functools.partial(_shape_only, _operator(name))
    kernels |= _OWN

    library: Callable[..., Any] = torch.library.Library  # torch has no types for it
    aten = library("aten", "IMPL")
    for name, kernel in kernels.items():
        aten.impl(name, _unseen(kernel), _KEY)
    for mark in ("Conjugate", "Negative"):
        # torch gets rid of such a mark by making a copy, which must not ask for that again.
        aten.impl("_copy_from", torch.library.fallthrough_kernel, mark)
    everything = library("_", "IMPL")
    everything.fallback(_unseen(_any_other), _KEY)
    return aten, everything


def _run_in_one() -> Iterator[str]:
    """The operators that torch composes of others for a device without a kernel of its own.

    Most would become an empty result and a second call with out=, and an optimiser's operators on
    lists of tensors would become loops. The CPU has each in one piece, as a GPU does.
    """
    has_kernel = torch._C._dispatch_has_kernel_for_dispatch_key
    for full_name in torch._C._dispatch_get_all_op_names():
        namespace, _, name = full_name.partition("::")
        composed = any(has_kernel(full_name, key) for key in _COMPOSED)
        in_one = has_kernel(full_name, "CPU") or name.startswith("_foreach_")
        if namespace == "aten" and composed and in_one:
            yield name
    # torch would pass these on under names that only a device from outside is asked for.
    yield from ("convolution", "convolution_backward")


def _unseen(kernel: Kernel) -> Kernel:
    """Hide a kernel's own work from torch function modes: they saw the call that led to it."""

    def hidden(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        with torch._C.DisableTorchFunction():
            return kernel(*args, **kwargs)

    return hidden


def _operator(name: str) -> Any:
    packet, _, overload = name.partition(".")
    return getattr(getattr(torch.ops.aten, packet), overload or "default")


@functools.cache
def _kernel(operator: Any) -> Kernel:
    """The kernel of an operator that has none of its own below."""
    if operator.is_view:
        return functools.partial(_shape_only, operator)
    first_two = [argument for argument in operator._schema.arguments if not argument.kwarg_only][:2]
    if [type(argument.type) for argument in first_two] == [torch.TensorType] * 2:
        return _numbers_too(operator)
    return functools.partial(run, operator)


def _any_other(operator: Any, /, *args: Any, **kwargs: Any) -> Any:
    __tracebackhide__ = True
    return _kernel(operator)(*args, **kwargs)


def _shape_only(operator: Any, /, *args: Any, **kwargs: Any) -> Any:
    """Run an operator that makes or moves a view on the device's own tensors.

    The CPU's kernels do that without a look at the numbers, so they serve any device. The view
    shares the storage of its base, as a view should.
    """
    return operator.redispatch(_CPU_KERNELS, *args, **kwargs)


def _numbers_too(operator: Any) -> Kernel:
    """Take a number in place of one of the two tensors.

    x % 5 reaches a device as a remainder of two tensors, but Python is handed the plain 5 again,
    which only another overload of the operator takes.
    """

    def kernel(left: Any, right: Any, /, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        number = isinstance(left, _NUMBERS) or isinstance(right, _NUMBERS)
        return run(operator.overloadpacket if number else operator, left, right, *args, **kwargs)

    return kernel


def _empty(
    size: list[int],
    *,
    dtype: Any = None,
    device: Any = None,
    memory_format: Any = None,
    **others: Any,
) -> Tensor:
    check_index(device)
    memory_format = memory_format or torch.contiguous_format
    return as_standin(torch.empty(size, dtype=dtype, memory_format=memory_format))


def _empty_strided(
    size: list[int], stride: list[int], *, dtype: Any = None, device: Any = None, **others: Any
) -> Tensor:
    check_index(device)
    return as_standin(torch.empty_strided(size, stride, dtype=dtype))


def _copy_from(source: Tensor, target: Tensor, non_blocking: bool = False) -> Tensor:
    """x.to(device), x.cpu(), x.copy_(y), x.clone(): every copy that touches the device."""
    shared = shared_storages((source, target))
    as_cpu(target, shared).copy_(as_cpu(source, shared))
    return target


def _resize(tensor: Tensor, size: list[int], *, memory_format: Any = None) -> Tensor:
    offset = tensor.storage_offset()
    held = tensor.untyped_storage().nbytes() // tensor.element_size()
    needed = offset + math.prod(size)
    if needed > held:
        # Shared memory cannot grow: the tensor moves to a larger place, with all that it holds.
        room = as_standin(torch.empty(needed, dtype=tensor.dtype))
        room[:held] = tensor.as_strided((held,), (1,), 0)
        tensor.set_(room.untyped_storage(), offset, tensor.shape, tensor.stride())
    _shape_only(torch.ops.aten.resize_.default, tensor, size, memory_format=memory_format)
    return tensor


def _indexing(operator: Kernel) -> Kernel:
    """Accept an index held on the CPU, as a GPU does; it refuses the other way round."""

    def kernel(tensor: Tensor, indices: list[Tensor | None], /, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if tensor.is_cpu:
            raise RuntimeError(
                "indices should be either on cpu or on the same device as the indexed tensor (cpu)"
            )
        there = [index if index is None else index.to(tensor.device) for index in indices]
        return run(operator, tensor, there, *args, **kwargs)

    return kernel


_OWN: dict[str, Kernel] = {
    "empty.memory_format": _empty,
    "empty_strided": _empty_strided,
    "_copy_from": _copy_from,
    "resize_": _resize,
    "index.Tensor": _indexing(torch.ops.aten.index.Tensor),
    "_index_put_impl_": _indexing(torch.ops.aten._index_put_impl_.default),
    # The CPU's own answer has no memory behind it, so there would be nothing to share.
    "_efficientzerotensor": functools.partial(run, torch.zeros),
    "_thnn_fused_lstm_cell": functools.partial(run, cells.lstm),
    "_thnn_fused_lstm_cell_backward_impl": functools.partial(run, cells.lstm_backward),
    "_thnn_fused_gru_cell": functools.partial(run, cells.gru),
    "_thnn_fused_gru_cell_backward": functools.partial(run, cells.gru_backward),
}
