"""How do you apply one calculation to thousands of numbers, thousands of times faster than a loop?

The calculation here is how far each image of a batch is from a template, such as the mean of all
3s: enough to tell most 3s from 7s.
"""

from jaxtyping import Float32, UInt8
from torch import Tensor


def distances(
    images: UInt8[Tensor, "images height width"] | Float32[Tensor, "images height width"],
    template: UInt8[Tensor, "height width"] | Float32[Tensor, "height width"],
) -> Float32[Tensor, " images"]:
    """Return how far each image is from the template: the mean absolute difference of its pixels.

    images and template are of one dtype, uint8 (0 to 255) or float32 (any numbers); the values are
    taken as they are. There may be any number of images, none included; an image has at least one
    pixel. The result is float32, on the device of the inputs, which are left as they are.

    It takes as many operations for thousands of images as for two, and as many for large images as
    for small ones. No number is read out on the way (item, tolist, numpy, a boolean mask). It is
    more than 15 times as fast as a loop over the images: 1,797 of them, of 3 by 5 bytes each.
    """
    raise NotImplementedError
