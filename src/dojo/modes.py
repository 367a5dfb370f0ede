"""What all modes need that see torch's operations as they run.

torch leaves its base class without types: what is called of it is typed here, once.
"""

from torch.utils._python_dispatch import TorchDispatchMode


class OperationMode(TorchDispatchMode):  # type: ignore[no-untyped-call]  # unannotated in torch
    """A mode that is cheap to enter; subclasses say what is done, in __torch_dispatch__."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # unannotated in torch

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()  # type: ignore[no-untyped-call]  # unannotated in torch

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Without this the first operation imports torch's compiler: 823 modules, 0.7 s."""
        return False
