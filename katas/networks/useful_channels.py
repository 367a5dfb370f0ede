"""What is gained by a 3×3 convolution that turns a grey picture into eight channels?

Nine numbers go into each output. How many weighted sums of them are worth having can be measured.
"""

from jaxtyping import Float
from torch import Tensor


def patches(
    images: Float[Tensor, "images channels height width"], kernel: int
) -> Float[Tensor, "patches numbers"]:
    """Return all that a convolution with a square kernel sees: a row for each place that it visits.

    The kernel moves by one pixel at a time, and stays within the picture: no padding. It is at
    least 1 and at most as large as the picture, which need not be square. The rows go picture by
    picture, and within a picture as one reads: from left to right, then the next line. A row holds
    the pixels as they are, in the order that makes patches(images, kernel) @ weight.flatten(1).T
    the convolution's outputs, for its weight of shape (channels out, channels, kernel, kernel).
    The dtype stays, float32 or float64, and the images are not changed.
    """
    raise NotImplementedError


def variance_kept(patches: Float[Tensor, "patches numbers"]) -> Float[Tensor, " numbers"]:
    """Return which share of the patches' variance the best 1, 2, ... linear channels can keep.

    A linear channel is a weighted sum of a patch's numbers, with any weights, the same for all
    patches. From the values of k channels one rebuilds each number of the patch as well as one can,
    by a weighted sum of them and a constant. The variance is each number's variance over the
    patches, added up over the numbers. The share kept is 1 less what is lost: the mean square of
    the errors, added up likewise, as a share of the variance. It is 1 where all can be rebuilt.

    Entry 0 is the share that one channel keeps if its weights are the best there are, entry 1 is
    for the best two channels together, and so on: as many entries as a patch has numbers, even
    where there are fewer patches than that. The patches are not all equal; they are left as they
    are, and the result has their dtype, float32 or float64.
    """
    raise NotImplementedError


def sensible_channels(c_in: int, kernel: int) -> int:
    """Return a number of output channels for a convolution with a square kernel, by rule of thumb.

    It is the largest power of two that is at most half of how many numbers go into one number of
    the output, the bias not counted; 1 is a power of two.

    Raises:
        ValueError: there is none, as half is less than 1; the message gives c_in and kernel.
    """
    raise NotImplementedError
