"""What is a rank-3 tensor?

A picture has two axes. What do many pictures of one size need, to be one tensor?
"""

from jaxtyping import Shaped
from torch import Tensor


def stack_images(
    images: list[Shaped[Tensor, "height width"]],
) -> Shaped[Tensor, "images height width"]:
    """Return the images as one tensor, in the order of the list.

    dtype and device are those of the images; the list and its images are left as they are. With
    256 images of 28 by 28 this must be more than 8 times as fast as torch.tensor of their nested
    lists.

    Raises:
        ValueError: the list is empty; or an image is not of rank 2, or of another shape than the
            first. The message then names the place of the first such image in the list, counted
            from 0, its shape, and the shape of the first image.
    """
    raise NotImplementedError
