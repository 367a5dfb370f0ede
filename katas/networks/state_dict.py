"""Which call exports a module's parameters and buffers, and what is it that one gets?

Three uses of it: to put a model back to an earlier state, to write a file, and to read one.
"""

from pathlib import Path

from torch import Tensor, nn


def snapshot(model: nn.Module) -> dict[str, Tensor]:
    """Give the state of the model as it is now: parameters and buffers, in a dict by name.

    It has each name that model.load_state_dict() asks for, such as "0.weight", also where two of
    them share one parameter; given to that method, it brings the model back. It stays as it is
    while training goes on. The tensors have the values and dtypes that the model has now, and
    require no gradient; they lie on the model's device or on the CPU, whichever you like.
    """
    raise NotImplementedError


def save(model: nn.Module, path: str | Path) -> None:
    """Write the state of the model into a file; one that is there is replaced.

    torch.load(path, weights_only=True) gives a dict from it, with what snapshot gives, and all of
    it on the CPU, so that the file can be read without the model's device. The model stays as it
    is.

    At every moment path holds a whole file, the old one or the new one, even if the computer stops
    right there: the new one takes the old one's place, and is not written into it. Write with
    torch.save, called by just this name: the tests make it fail half-way. What it raises then,
    Ctrl-C included, comes out of save, and path holds the old file, or none where none was. With an
    error or without, no other file is left behind, and nothing is ever written outside of the
    folder of path, which exists.
    """
    raise NotImplementedError


def load(model: nn.Module, path: str | Path) -> None:
    """Set the parameters and buffers of the model to those of a file such as save writes.

    Only values change: the model keeps its Parameter objects, which an optimiser may hold, and
    they keep their device and requires_grad. A file is taken as a whole or not at all: where one
    is refused, the model is as it was before. A file with anything pickled in it but tensors in
    a dict, such as a whole module, is refused by an error of any kind, and none of its code runs.

    Raises:
        ValueError: the file lacks names that a snapshot of the model has, or has others, or a shape
            differs, be it one that would broadcast or has as many numbers. The message has all
            these names in full, such as "0.weight".
    """
    raise NotImplementedError
