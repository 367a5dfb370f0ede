"""Which augmentation serves in many fields?

A random part of the whole, brought to the size that the network wants: of a picture, but also of a
sound or of any other signal.
"""

from jaxtyping import Float32
from torch import Generator, Tensor


def sample_box(
    shape: tuple[int, ...],
    scale: tuple[float, float],
    ratio: tuple[float, float] | None,
    generator: Generator,
) -> list[tuple[int, int]]:
    """Draw a box: for each axis of shape where the box begins, and how long it is there.

    shape is (height, width) of an image, or (length,) of a signal. scale and ratio are a least and
    a greatest number, which may be equal. scale is for the share that the box has of the whole: of
    the area, or of the length of a signal. Each share in between is as likely as any other.

    ratio is for the box's width over its height, in pixels. Equal factors are equally likely: a
    ratio from 1/2 to 1 is as frequent as one from 1 to 2. It does not depend on the share. For a
    signal ratio is not used, and may be None.

    Sides are rounded to whole numbers, 1 at the least. A side too long for the image is cut to the
    image's, and the other side stays as it is. The box lies inside; all places where it fits are
    equally likely, those at the borders included, and its place along one axis does not depend on
    that along the other.

    All is drawn from generator, which is on the CPU: from the same state comes the same box, from
    the state that it leaves another one. torch's global generator is left alone.
    """
    raise NotImplementedError


def random_resized_crop(
    x: Float32[Tensor, "channels ..."],
    size: int | tuple[int, int],
    scale: tuple[float, float],
    ratio: tuple[float, float] | None,
    generator: Generator,
) -> Float32[Tensor, "channels ..."]:
    """Return the part of x in a random box, resized, on the device of x, which is left as it is.

    x is an image (channels, height, width), with size a pair (height, width), or a signal
    (channels, length), with size an int. The box is the one that sample_box draws from this state
    of the generator, and it is the same for all channels.

    The part, and nothing but the part, is resized as torch.nn.functional.interpolate does it:
    bilinear for images, linear for signals, align_corners False, without antialias. It fills all of
    the new size, also where that changes its proportions.
    """
    raise NotImplementedError
