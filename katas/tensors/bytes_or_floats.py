"""Are byte or float tensors faster to work on, and what is the price?

A pixel comes as one byte, and float32 would make it four. Here all work is done on 16 bits at most.
"""

from jaxtyping import UInt8
from torch import Tensor


def brighten(image: UInt8[Tensor, "..."], amount: int) -> UInt8[Tensor, "..."]:
    """Add amount, from -255 to 255, to every pixel of an image of any shape.

    A sum above 255 becomes 255, one below 0 becomes 0. On the way no tensor is made with more than
    16 bits an element (rank 0 aside), no number leaves torch, by tolist(), numpy() or the like, and
    there is no loop over pixels, rows or channels. The image is left as it is.
    """
    raise NotImplementedError


def blend(a: UInt8[Tensor, "*shape"], b: UInt8[Tensor, "*shape"]) -> UInt8[Tensor, "*shape"]:
    """Return the mean of two images, pixel by pixel, with halves rounded up: 0 and 1 give 1.

    The same holds as for brighten: 16 bits an element at most, no number leaves torch, no loop.
    Both images are left as they are.
    """
    raise NotImplementedError
