"""How does a computer hold a grey image, and how a colour one?

Files and cameras give bytes, pixel by pixel. A network wants floats, channel by channel.
"""

from jaxtyping import Float32, UInt8
from torch import Tensor


def to_tensor(
    pixels: UInt8[Tensor, "height width"] | UInt8[Tensor, "height width 3"],
) -> Float32[Tensor, "channels height width"]:
    """Return a picture as floats from 0 to 1, channel by channel: byte 0 is 0, byte 255 exactly 1.

    A picture of rank 2 is grey, whatever its size, and gets one channel. A picture of rank 3 holds
    three numbers a pixel, which become three channels in the same order.

    The result is on the device of pixels, which are left as they are.

    Raises:
        ValueError: pixels are not uint8 (the message gives their dtype), or are of neither of the
            two shapes (it gives their shape); (height, width, 1) is refused, too.
    """
    raise NotImplementedError


def to_grey(image: Float32[Tensor, "3 height width"]) -> Float32[Tensor, "1 height width"]:
    """Return a colour picture in grey: 0.299 of its red, 0.587 of its green, 0.114 of its blue.

    The channels of image are red, green and blue, in this order. The result is on the device of
    image, which is left as it is.

    Raises:
        ValueError: image is not of shape (3, height, width); the message gives its shape.
    """
    raise NotImplementedError
