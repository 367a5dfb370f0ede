"""Running an operator on the CPU for tensors of the stand-in, and refusing what a GPU refuses."""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from dojo.standin.memory import NAME, as_cpu, as_standin, shared_storages

_CPU = torch.device("cpu")


def check_index(wanted: torch.device) -> None:
    """Refuse a second device of the kind."""
    if wanted.index not in (None, 0):
        raise RuntimeError(f"{wanted}: invalid device ordinal, there is only {NAME}:0")


class _Loan:
    """The CPU aliases of one call, and the way back from each to the tensor that it stands for.

    As an alias shares its owner's memory, what is written in place needs no copying back.
    """

    def __init__(self, shared: Mapping[int, torch.UntypedStorage]) -> None:
        self.shared = shared
        # Holding the aliases keeps an id from being given out twice.
        self.owners: dict[int, tuple[Tensor, Tensor]] = {}
        self.stranger = False

    def lend(self, value: Any) -> Any:
        """What the CPU gets for an argument."""
        __tracebackhide__ = True
        if isinstance(value, Tensor):
            if value.is_cpu:
                # A single number travels with the call: a GPU accepts it, too.
                self.stranger |= value.dim() > 0
                return value
            return self._remember(value, as_cpu(value, self.shared))
        if isinstance(value, (list, tuple)):
            return [self.lend(item) for item in value]
        if isinstance(value, torch.device):
            check_index(value)
            return _CPU
        if isinstance(value, torch.Generator):
            raise RuntimeError(
                f"Expected a '{NAME}' device type for generator but found '{value.device.type}'"
            )
        return value

    def lend_keyword(self, value: Any) -> Any:
        """As lend, but what is empty gets memory of its own: it may be an out= that has to grow."""
        if isinstance(value, Tensor) and value.numel() == 0 and not value.is_cpu:
            return self._remember(value, torch.empty_like(as_cpu(value)))
        return self.lend(value)

    def _remember(self, owner: Tensor, alias: Tensor) -> Tensor:
        self.owners[id(alias)] = owner, alias
        return alias

    def give_back(self, value: Any) -> Any:
        """The device's tensor for a result of the CPU."""
        if isinstance(value, Tensor):
            if id(value) not in self.owners:
                return as_standin(value)
            owner, _ = self.owners[id(value)]
            if owner.shape != value.shape:
                # Called below autograd, this is no more than a change of address.
                torch.ops.aten.set_.source_Tensor(owner, as_standin(value))
            return owner
        if isinstance(value, (list, tuple)):
            return tuple(self.give_back(item) for item in value)
        return value


@functools.cache
def _writes(operator: Callable[..., Any]) -> bool:
    return isinstance(operator, torch._ops.OpOverload) and operator._schema.is_mutable


def run(operator: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Call the operator with CPU tensors in place of the device's, and return the device's."""
    __tracebackhide__ = True  # pytest then shows the caller's line: the mistake is there
    loan = _Loan(shared_storages((*args, *kwargs.values())) if _writes(operator) else {})
    host_args = [loan.lend(value) for value in args]
    host_kwargs = {name: loan.lend_keyword(value) for name, value in kwargs.items()}
    if loan.stranger and loan.owners:
        raise RuntimeError(
            "Expected all tensors to be on the same device, but found at least two devices, "
            f"{NAME}:0 and cpu!"
        )
    return loan.give_back(operator(*host_args, **host_kwargs))
