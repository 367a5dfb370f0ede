"""How a module moves to the device: with the Parameters that it has, as it moves to a GPU."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn
from torch.utils import swap_tensors


@contextmanager
def kept() -> Iterator[None]:
    """Keep the identity of the Parameters of a module that moves to the device or back.

    On the way to a GPU, torch gives a Parameter other memory. For a device from outside it makes a
    new Parameter instead, and an optimiser made before the move would go on training the old one.
    """
    original: Callable[..., Any] = nn.Module._apply
    swap: Callable[[Tensor, Tensor], None] = swap_tensors

    def apply(module: nn.Module, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Any:
        before = dict(module._parameters)
        original(module, fn, recurse)
        for name, parameter in before.items():
            moved = module._parameters[name]
            if parameter is not None and moved is not None and moved is not parameter:
                swap(parameter, moved)
                module._parameters[name] = parameter
        return module

    nn.Module._apply = apply  # type: ignore[method-assign]
    try:
        yield
    finally:
        nn.Module._apply = original  # type: ignore[method-assign]
