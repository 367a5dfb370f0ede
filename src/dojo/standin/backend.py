"""How torch learns of the device: once in a process, when the device is first asked for."""

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch

from dojo.standin import engine, kernels, memory
from dojo.standin.memory import NAME


class Backend:
    """What torch.standin is, as torch.cuda is for CUDA: torch asks it about devices and seeds."""

    def __init__(self) -> None:
        self.users = 0
        self.kernels: tuple[torch.library.Library, ...] = ()

    def is_available(self) -> bool:
        """Whether some activate() is open."""
        return self.users > 0

    def is_initialized(self) -> bool:
        return True

    def device_count(self) -> int:
        return 1

    def current_device(self) -> int:
        return 0

    def device(self, index: object) -> AbstractContextManager[None]:
        """Make a device the current one: it is already."""
        return nullcontext()

    def synchronize(self, device: object = None) -> None:
        """Wait for nothing: an operator is done when it returns."""

    def get_amp_supported_dtype(self) -> list[torch.dtype]:
        """Offer torch.autocast no narrower type: it warns, and leaves all as it is."""
        return []

    def _is_in_bad_fork(self) -> bool:
        return False

    # Random numbers come from the CPU's generator: its seed and its state are the device's, too.

    def manual_seed_all(self, seed: int) -> None:
        """Do nothing: torch.manual_seed has seeded the CPU's by itself."""

    def get_rng_state(self, device: object = None) -> torch.Tensor:
        return torch.get_rng_state()

    def set_rng_state(self, state: torch.Tensor, device: object = None) -> None:
        torch.set_rng_state(state)


BACKEND = Backend()


@functools.cache
def why_unregistered() -> str | None:
    """Register the device and try it: None when it works, else what keeps it from working."""
    try:
        other = torch._C._get_privateuse1_backend_name()
        if other != "privateuseone":
            return f"torch has one place for a device from outside, and {other} has taken it"
        if torch.accelerator.device_count() > 0:
            # backward() on the real one would look for its streams on the pretended one.
            real = torch.accelerator.current_accelerator()
            return (
                f"this machine has a real one ({real}), and torch serves one accelerator a process"
            )
        _register()
        return None if _works() else f"torch {torch.__version__} computes wrong values on it"
    except Exception as error:  # it rests on private parts of torch, which may change in any way
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        return f"torch {torch.__version__} takes no device written in Python ({reason})"


def _register() -> None:
    from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

    # In the first backward() of a process autograd starts a thread for every device, and after that
    # no forked child can run backward(). So let it be before there is a device; backward() on the
    # device needs no thread (see engine).
    torch.ones((), requires_grad=True).backward()  # type: ignore[no-untyped-call]
    _setup_privateuseone_for_python_backend(NAME, BACKEND, device_guard=engine.guard())
    torch.UntypedStorage.__new__ = _new_storage  # type: ignore[method-assign]
    BACKEND.kernels = kernels.install()


def _new_storage(cls: Any, *args: Any, device: Any = None, **kwargs: Any) -> Any:
    """Make a storage, on the device if that is asked for: so copying and loading a tensor begin.

    torch would ask the device's allocator, which only C++ can provide, and crash for want of it.
    """
    standin = device is not None and torch.device(device).type == NAME
    new: Callable[..., Any] = torch._C.StorageBase.__new__
    storage = new(cls, *args, device=None if standin else device, **kwargs)
    if not standin:
        return storage
    return memory.as_standin(torch.empty(0, dtype=torch.uint8).set_(storage)).untyped_storage()


def _works() -> bool:
    with engine.in_this_thread(), torch.enable_grad():
        x = torch.tensor([1.0, 2.0, 3.0], device=NAME, requires_grad=True)
        (x * x).sum().backward()  # type: ignore[no-untyped-call]
        return x.grad is not None and x.grad.tolist() == [2.0, 4.0, 6.0]
