"""When an image shrinks, which way loses less: nearest or bilinear?

Both are a few lines, so write both, draw them side by side, and watch what becomes of thin lines.
"""

from collections.abc import Sequence

from jaxtyping import Float32, Shaped, UInt8
from matplotlib.axes import Axes
from torch import Tensor


def resize_nearest(
    image: Shaped[Tensor, "channels height width"], size: tuple[int, int]
) -> Shaped[Tensor, "channels new_height new_width"]:
    """Return the image in another size, (height, width), each of its pixels a copy of an old one.

    The old and the new image fill the same rectangle; a pixel is a box in it. A new pixel takes the
    value of the old one in whose box its upper left corner lies (on an edge, that of the lower or
    right box). torch.nn.functional.interpolate with mode="nearest" does the same.

    Height and width may shrink or grow, each by a factor of its own, down to 1; an image has at
    least one channel and one pixel. The dtype, which may be any, and the values stay what they are.
    The result is on the device of image, which is left as it is.

    There is no loop over pixels: a large image in a large size takes as many operations as a small
    one, and no number is read out of a tensor on the way (item, tolist, numpy). Nor is there a call
    of what torch has for the purpose, such as interpolate or grid_sample. It is more than 30 times
    as fast as a loop over the new pixels, from 3 by 64 by 64 to 32 by 32.
    """
    raise NotImplementedError


def resize_bilinear(
    image: UInt8[Tensor, "channels height width"] | Float32[Tensor, "channels height width"],
    size: tuple[int, int],
) -> Float32[Tensor, "channels new_height new_width"]:
    """Return the image in another size, (height, width), blended from the four pixels around.

    The old and the new image fill the same rectangle; a pixel is a box in it, and its value stands
    at the centre of the box. A new pixel gets the value at its own centre, blended from the four
    old centres around it, along each axis by how near they are: a quarter of the way from one to
    the next, 3/4 of the one and 1/4 of the other. Between the outermost centres and the border of
    the image the outermost values go on as they are. torch.nn.functional.interpolate does the same
    with mode="bilinear" and align_corners=False, on images in float32.

    The result is float32 also for bytes, whose values are neither scaled nor rounded. All else is
    as for resize_nearest, the last paragraph too.
    """
    raise NotImplementedError


def plot_both(
    axes: Sequence[Axes], image: Float32[Tensor, "channels height width"], size: tuple[int, int]
) -> None:
    """Draw the image, the image resized by nearest, and by bilinear, each on one of three axes.

    axes holds the three, as figure.subplots(1, 3) does. On each imshow draws one image. The image
    handed over, which may be on any device, has one channel, drawn in grey, or three: red, green
    and blue. Its values are from 0 to 1, and 0 is drawn black and 1 white, in all three alike, also
    where no pixel is as bright as that.

    The title of the second axes has the word nearest in it, that of the third the word bilinear, in
    capitals or not.
    """
    raise NotImplementedError
