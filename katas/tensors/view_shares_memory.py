"""What does view do?

A linear layer wants each picture as one row of numbers. Does giving it rows take new memory?
"""

from jaxtyping import Shaped
from torch import Tensor


def flatten_images(x: Shaped[Tensor, "images ..."]) -> Shaped[Tensor, "images values"]:
    """Return x with one row for each image, as a view: on x's memory, with nothing copied.

    A row has the image's values in the order of x[i].flatten(), the last axis running fastest. x
    holds at least one image, and an image at least one value; it may have any number of axes, none
    included: (images,) gives (images, 1). x itself is left as it is, its shape too.

    Raises:
        RuntimeError: x lies in memory in such a way that rows would need a copy.
    """
    raise NotImplementedError


def same_storage(a: Tensor, b: Tensor) -> bool:
    """Tell whether a and b keep their values in the same block of memory.

    A tensor and its views do, and so do two views of one tensor, also where they have no element in
    common; x.detach() does with x. A copy does not, however equal. Each holds at least one value,
    and both are left as they are. Tested on the CPU alone.
    """
    raise NotImplementedError
