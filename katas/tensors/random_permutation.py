"""What does torch.randperm give?

An epoch shows every example once, in an order that nobody could foretell, in batches of a given
size.
"""

import torch
from jaxtyping import Int64
from torch import Tensor


def shuffled_batches(
    n: int, size: int, generator: torch.Generator
) -> list[Int64[Tensor, " batch"]]:
    """Return the indices 0 to n - 1, each of them once, shuffled and cut into batches.

    All orders of the n indices are equally likely. All batches are of that size but the last, which
    holds what is left, one index at least: n = 0 gives no batches. They are tensors on the CPU.

    The generator, one on the CPU, is the only source of chance, and each call that shuffles two or
    more moves it on: the same seed gives the same order, the next call another one. The global
    generators of torch, Python and NumPy stay as they are.

    Raises:
        ValueError: size is below 1; the message names it.
    """
    raise NotImplementedError
