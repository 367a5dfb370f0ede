"""Which set's mean and standard deviation normalise the data?

There are training images, validation images, and later one image at a time. All go through the same
object.
"""

from typing import Self

from jaxtyping import Float
from torch import Tensor


class Normalizer:
    """Brings images to mean 0 and deviation 1 in each channel, and back.

    That is so for the training images, which fit is called with. Other images go through transform
    too, a validation set or a single image, and a network that was trained on the first must be
    able to see it when they are brighter or more varied.

    All images are float32 and on one device, with at least one pixel; what comes back is too, in
    tensors of the same shape. Images that are handed in stay as they are. Two normalizers have
    nothing in common.
    """

    def __init__(self) -> None:
        """Start without any images: fit comes first."""
        raise NotImplementedError

    def fit(self, images: Float[Tensor, "images channels height width"]) -> Self:
        """Learn from the training images, and return this object.

        Each channel has one mean and one deviation, over all images and pixels; the deviation is
        that of a population (no n - 1). A channel whose deviation is at most 1e-5 of its largest
        absolute value counts as constant: it is centred, and divided by 1.

        What an earlier fit learned is forgotten. What becomes of the images afterwards changes
        nothing.
        """
        raise NotImplementedError

    def transform(
        self, images: Float[Tensor, "images channels height width"]
    ) -> Float[Tensor, "images channels height width"]:
        """Return the images normalised.

        Their number, height and width may be others than those of fit, their channels may not.

        Raises:
            RuntimeError: fit has not been called.
        """
        raise NotImplementedError

    def inverse(
        self, images: Float[Tensor, "images channels height width"]
    ) -> Float[Tensor, "images channels height width"]:
        """Undo transform: normalised images, of any number and size, as they were before.

        Raises:
            RuntimeError: fit has not been called.
        """
        raise NotImplementedError
