"""How backward() runs on the device: in the caller's thread, and with exceptions that come out."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.autograd import Variable

# After any call of Python's own API, ctypes raises what is pending. It is looked up here, once,
# because looking up an attribute may lose a pending exception.
_raise_pending = ctypes.pythonapi.PyErr_Occurred

_put_aside: list[BaseException] = []


def guard() -> Any:
    """Make the object that tells autograd about the device's streams: it has none.

    At every node of the graph autograd asks for the current stream, also while an exception that a
    hook raised is on its way out. Where an exception is pending no Python function can return, and
    torch would end the process. So the guard puts the exception aside for the engine.
    """
    kind = torch._C._autograd.DeviceType.PrivateUse1

    class Guard(torch._C._acc.DeviceGuard):
        def type_(self) -> Any:
            try:
                _raise_pending()
            except BaseException as error:
                _put_aside.append(error)
            return kind

    return Guard()


class _Engine(torch._C._ImperativeEngine):
    def run_backward(self, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        try:
            return super().run_backward(*args, **kwargs)
        except SystemError:
            # torch failed and could not say why: the reason had been put aside.
            if _put_aside:
                raise _put_aside.pop() from None
            raise


@contextmanager
def in_this_thread() -> Iterator[None]:
    """Let backward() work on the device."""
    original = Variable._execution_engine
    Variable._execution_engine = _Engine()
    try:
        # There is no thread for the device: see backend.
        with torch.autograd.set_multithreading_enabled(False):
            yield
    finally:
        Variable._execution_engine = original
