"""How do you split a tensor into equal pieces?

Four gates from one product, a batch for each of two devices: whoever takes the pieces counts on
their number and on their size.
"""

from torch import Tensor


def equal_chunks(t: Tensor, pieces: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Cut axis dim of t into that many pieces of one size, as views, from the first to the last.

    A negative dim counts from the last axis. Every piece keeps all axes of t. An axis of size 0
    gives empty pieces, as many as asked for. t is left as it is.

    Raises:
        IndexError: t has no axis dim.
        ValueError: pieces is below 1, or the axis can't be divided by it without a remainder; the
            message names pieces and the size of the axis.
    """
    raise NotImplementedError
