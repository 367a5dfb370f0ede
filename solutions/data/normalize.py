"""Which set's mean and standard deviation normalise the data?

There are training images, validation images, and later one image at a time. All go through the same
object.
"""

from typing import Self

import torch
from jaxtyping import Float
from torch import Tensor

from dojo import alternative, misconception

__all__ = ["Normalizer"]


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
        self.fitted: tuple[Tensor, Tensor] | None = None

    def fit(self, images: Float[Tensor, "images channels height width"]) -> Self:
        """Learn from the training images, and return this object.

        Each channel has one mean and one deviation, over all images and pixels; the deviation is
        that of a population (no n - 1). A channel whose deviation is at most 1e-5 of its largest
        absolute value counts as constant: it is centred, and divided by 1.

        What an earlier fit learned is forgotten. What becomes of the images afterwards changes
        nothing.
        """
        mean = images.mean((0, 2, 3), keepdim=True)
        deviation = images.std((0, 2, 3), correction=0, keepdim=True)
        constant = deviation <= 1e-5 * images.abs().amax((0, 2, 3), keepdim=True)
        self.fitted = mean, torch.where(constant, 1, deviation)
        return self

    def transform(
        self, images: Float[Tensor, "images channels height width"]
    ) -> Float[Tensor, "images channels height width"]:
        """Return the images normalised.

        Their number, height and width may be others than those of fit, their channels may not.

        Raises:
            RuntimeError: fit has not been called.
        """
        mean, scale = self._statistics()
        return (images - mean) / scale

    def inverse(
        self, images: Float[Tensor, "images channels height width"]
    ) -> Float[Tensor, "images channels height width"]:
        """Undo transform: normalised images, of any number and size, as they were before.

        Raises:
            RuntimeError: fit has not been called.
        """
        mean, scale = self._statistics()
        return images * scale + mean

    def _statistics(self) -> tuple[Tensor, Tensor]:
        if self.fitted is None:
            raise RuntimeError("there are no statistics yet: call fit(training images) first")
        return self.fitted


HINTS = (
    "A network learns that 0 is a certain brightness. Which brightness must 0 be, on the day it "
    "sees one image only?",
    "fit computes and stores; transform and inverse only use what is stored. Over which three of "
    "the four axes is a channel's mean, and how does it line up with (N, C, H, W) again?",
    "mean((0, 2, 3), keepdim=True), std the same with correction=0, and torch.where(deviation <= "
    "1e-5 * images.abs().amax((0, 2, 3), keepdim=True), 1, deviation) as what to divide by.",
)
ANSWER = """
The training set's, for every image there will ever be. The weights were fitted to those units: 0
means "as bright as a training image is on average". Normalise the validation set by its own
statistics, and a camera that is half a step brighter looks as before, so the metric hides just what
it should show; normalise one image by its own, and a dark picture is no darker than a bright one.
For a network trained by somebody else the rule is the same, and the set is theirs: with weights
from ImageNet go ImageNet's means, not those of your own photographs.

The small trap is the channel that does not vary. Its deviation is 0 in principle; in float32 the
mean of 1,000 times 0.9 is off by a rounding error, which leaves a deviation of 1e-7, and dividing
by that makes noise of size 1. A test for 0 misses it, and an absolute floor such as 1e-5 takes a
channel of tiny values for a constant. So the bar is relative to the channel's own size.
"""


@alternative
class FlattensChannels:
    def __init__(self):
        self.statistics = None

    def fit(self, images):
        rows = images.transpose(0, 1).flatten(1)
        deviation, mean = torch.std_mean(rows, dim=1, correction=0)
        kept = deviation > 1e-5 * torch.maximum(rows.amax(1), -rows.amin(1))
        factor = torch.where(kept, deviation.reciprocal(), torch.ones_like(deviation))
        self.statistics = mean[:, None, None], factor[:, None, None]
        return self

    def transform(self, images):
        mean, factor = self._known()
        return (images - mean).mul_(factor)

    def inverse(self, images):
        mean, factor = self._known()
        return images / factor + mean

    def _known(self):
        if self.statistics is None:
            raise RuntimeError("not fitted")
        return self.statistics


@alternative
class GoesChannelByChannel:
    def fit(self, images):
        self.channels = []
        for k in range(images.shape[1]):
            channel = images[:, k]
            mean = channel.mean()
            deviation = (channel - mean).square().mean().sqrt()
            if deviation <= 1e-5 * channel.abs().max():
                deviation = torch.ones_like(deviation)
            self.channels.append((mean, deviation))
        return self

    def transform(self, images):
        return self._each(images, lambda x, mean, deviation: (x - mean) / deviation)

    def inverse(self, images):
        return self._each(images, lambda x, mean, deviation: x * deviation + mean)

    def _each(self, images, change):
        if not hasattr(self, "channels"):
            raise RuntimeError("fit comes before this")
        changed = (
            change(images[:, k], mean, deviation)
            for k, (mean, deviation) in enumerate(self.channels)
        )
        return torch.stack(list(changed), dim=1)


@alternative
class KeepsNumbers:
    def __init__(self):
        self._means = self._scales = None

    def fit(self, images):
        pixels = images.permute(1, 0, 2, 3).reshape(images.shape[1], -1)
        if images.device.type != "mps":
            pixels = pixels.double()
        means, deviations = pixels.mean(1), pixels.var(1, correction=0).sqrt()
        bars = 1e-5 * pixels.abs().amax(1)
        self._means = means.tolist()
        triples = zip(deviations.tolist(), bars.tolist(), strict=True)
        self._scales = [1.0 if deviation <= bar else deviation for deviation, bar in triples]
        return self

    def transform(self, images):
        mean, scale = self._on(images)
        return (images - mean) / scale

    def inverse(self, images):
        mean, scale = self._on(images)
        return torch.addcmul(mean, images, scale)

    def _on(self, images):
        if self._means is None:
            raise RuntimeError("fit has not been called")
        both = torch.tensor([self._means, self._scales], device=images.device)
        return both[0].view(1, -1, 1, 1), both[1].view(1, -1, 1, 1)


class _Normalizer:
    """What the wrong answers below share: all but the mistake."""

    mean = scale = None

    def fit(self, images):
        self.mean, self.scale = self.statistics(images)
        return self

    def statistics(self, images):
        deviation = self.deviation(images)
        constant = self.constant(deviation, images)
        return self.centre(images), torch.where(constant, 1, deviation)

    def centre(self, images):
        return images.mean((0, 2, 3), keepdim=True)

    def deviation(self, images):
        return images.std((0, 2, 3), correction=0, keepdim=True)

    def constant(self, deviation, images):
        return deviation <= 1e-5 * images.abs().amax((0, 2, 3), keepdim=True)

    def fitted(self):
        if self.mean is None:
            raise RuntimeError("call fit first")
        return self.mean, self.scale

    def transform(self, images):
        mean, scale = self.fitted()
        return (images - mean) / scale

    def inverse(self, images):
        mean, scale = self.fitted()
        return images * scale + mean


@misconception(
    caught_by=(
        "test_a_brighter_validation_set_stays_brighter",
        "test_one_image_is_not_centred_on_itself",
    )
)
class FitsEachSet(_Normalizer):
    "Each set is normalised by its own statistics."

    def transform(self, images):
        self.fitted()
        self.fit(images)
        return super().transform(images)


@misconception(caught_by="test_images_do_not_depend_on_those_before")
class LearnsOnTheWay(_Normalizer):
    "Statistics get better with every image that is seen."

    def transform(self, images):
        mean, scale = self.fitted()
        out = (images - mean) / scale
        self.mean = 0.9 * mean + 0.1 * images.mean((0, 2, 3), keepdim=True)
        return out


@misconception(caught_by="test_one_image_is_not_centred_on_itself")
class CentresEachImage(_Normalizer):
    "An image is normalised by its own mean, with the set's deviation."

    def transform(self, images):
        _, scale = self.fitted()
        return (images - images.mean((2, 3), keepdim=True)) / scale


@misconception(caught_by="test_a_pixel_has_no_mean_of_its_own")
class GoesByPixel(_Normalizer):
    "The mean image is what is subtracted."

    def centre(self, images):
        return images.mean(0, keepdim=True)


@misconception(
    caught_by=("test_each_channel_has_its_own_mean", "test_each_channel_has_its_own_deviation")
)
class HasOneNumberForAll(_Normalizer):
    "The data have one mean and one deviation."

    def statistics(self, images):
        mean, scale = super().statistics(images.reshape(1, 1, 1, -1))
        shape = 1, images.shape[1], 1, 1
        return mean.expand(shape), scale.expand(shape)


@misconception(caught_by="test_each_channel_has_its_own_deviation")
class HasOneDeviation(_Normalizer):
    "Channels have means of their own, the scale is common."

    def deviation(self, images):
        return super().deviation(images).mean(1, keepdim=True).expand(1, images.shape[1], 1, 1)


@misconception(caught_by="test_each_channel_has_its_own_mean")
class ForgetsTheAxes(_Normalizer):
    "The means of the channels line up with the channels by themselves."

    def statistics(self, images):
        mean, scale = super().statistics(images)
        return mean.flatten(), scale.flatten()


@misconception(caught_by="test_statistics_by_hand")
class DividesByOneLess(_Normalizer):
    "std() is the standard deviation."

    def deviation(self, images):
        return images.std((0, 2, 3), keepdim=True)


@misconception(
    caught_by=("test_statistics_by_hand", "test_training_images_have_mean_0_and_deviation_1")
)
class DividesByTheVariance(_Normalizer):
    "What is divided by is the variance."

    def deviation(self, images):
        return images.var((0, 2, 3), correction=0, keepdim=True)


@misconception(caught_by="test_training_images_have_mean_0_and_deviation_1")
class OnlyCentres(_Normalizer):
    "Once the mean is 0 the data are normalised."

    def deviation(self, images):
        return torch.ones_like(super().deviation(images))


@misconception(caught_by="test_training_images_have_mean_0_and_deviation_1")
class GoesFromMinToMax(_Normalizer):
    "To normalise is to bring the values to 0 to 1."

    def statistics(self, images):
        low, high = images.amin((0, 2, 3), keepdim=True), images.amax((0, 2, 3), keepdim=True)
        return low, torch.where(self.constant(high - low, images), 1, high - low)


@misconception(caught_by="test_a_constant_channel_gives_zeros")
class DividesByZero(_Normalizer):
    "Data always vary."

    def constant(self, deviation, images):
        return torch.zeros_like(deviation, dtype=torch.bool)


@misconception(caught_by="test_rounding_is_no_deviation")
class AsksForZero(_Normalizer):
    "A constant channel has deviation 0."

    def constant(self, deviation, images):
        return deviation == 0


@misconception(caught_by="test_rounding_is_no_deviation_below_0")
class ComparesWithTheLargest(_Normalizer):
    "The largest value says how large the values are."

    def constant(self, deviation, images):
        return (deviation == 0) | (deviation <= 1e-5 * images.amax((0, 2, 3), keepdim=True))


@misconception(caught_by="test_tiny_values_count")
class HasAnAbsoluteBar(_Normalizer):
    "A deviation below 1e-5 is as good as none."

    def constant(self, deviation, images):
        return deviation <= 1e-5


@misconception(caught_by="test_tiny_values_count")
class AddsALittle(_Normalizer):
    "A small number under the fraction keeps it from becoming infinite."

    def statistics(self, images):
        mean, scale = super().statistics(images)
        return mean, scale + 1e-5


@misconception(caught_by="test_a_deviation_below_the_bar_is_none")
class HasALowerBar(_Normalizer):
    "Rounding errors of float32 are 1e-7, so whatever is above counts."

    def constant(self, deviation, images):
        return deviation <= 1e-6 * images.abs().amax((0, 2, 3), keepdim=True)


@misconception(caught_by="test_a_small_deviation_counts")
class HasAHigherBar(_Normalizer):
    "A hundredth of the largest value is nothing."

    def constant(self, deviation, images):
        return deviation <= 1e-2 * images.abs().amax((0, 2, 3), keepdim=True)


@misconception(caught_by="test_a_deviation_above_the_bar_counts")
class SubtractsSquares(_Normalizer):
    "The variance is the mean of squares minus the square of the mean."

    def deviation(self, images):
        squares = images.square().mean((0, 2, 3), keepdim=True)
        return (squares - self.centre(images).square()).clamp(min=0).sqrt()


@misconception(caught_by="test_a_constant_channel_can_change_later")
class CutsConstantsOut(_Normalizer):
    "A constant channel has nothing to say, so it is 0 from then on."

    def transform(self, images):
        out = super().transform(images)
        return torch.where(self.still, 0, out)

    def statistics(self, images):
        self.still = self.constant(self.deviation(images), images)
        return super().statistics(images)


@misconception(caught_by="test_a_constant_channel_is_no_others_matter")
class GivesUpOnAll(_Normalizer):
    "If a deviation is 0, none can be divided by."

    def constant(self, deviation, images):
        return super().constant(deviation, images).any().expand(deviation.shape)


@misconception(caught_by=("test_inverse_brings_images_back", "test_inverse_by_hand"))
class InvertsInTheSameOrder(_Normalizer):
    "Undo each step, in the order they were done."

    def inverse(self, images):
        mean, scale = self.fitted()
        return (images + mean) * scale


@misconception(caught_by="test_inverse_by_hand")
class RemembersTheLast(_Normalizer):
    "inverse gives back what transform was given."

    def transform(self, images):
        self.last = images.clone()
        return super().transform(images)

    def inverse(self, images):
        self.fitted()
        return getattr(self, "last", images).clone()


@misconception(
    caught_by=("test_transform_before_fit_is_refused", "test_inverse_before_fit_is_refused")
)
class DoesNothingUnfitted(_Normalizer):
    "Without statistics images stay what they are."

    def fitted(self):
        return (0, 1) if self.mean is None else (self.mean, self.scale)


@misconception(caught_by="test_transform_before_fit_is_refused")
class FitsWhenNeeded(_Normalizer):
    "Whoever forgot to call fit wants these images to be fitted."

    def transform(self, images):
        if self.mean is None:
            self.fit(images)
        return super().transform(images)


@misconception(caught_by="test_inverse_before_fit_is_refused")
class ChecksInTransformOnly(_Normalizer):
    "inverse comes after transform, where the check is."

    def inverse(self, images):
        return images.clone() if self.mean is None else super().inverse(images)


@misconception(caught_by="test_fit_returns_the_object")
class ReturnsNothing(_Normalizer):
    "fit changes the object, so it returns None."

    def fit(self, images):
        super().fit(images)


@misconception(caught_by="test_a_second_fit_forgets_the_first")
class KeepsTheFirstFit(_Normalizer):
    "Statistics are set once and for all."

    def fit(self, images):
        return self if self.mean is not None else super().fit(images)


@misconception(caught_by="test_two_normalizers_have_nothing_in_common")
class KeepsThemOnTheClass(_Normalizer):
    "A value that is written in the class belongs to the object."

    def fit(self, images):
        type(self).mean, type(self).scale = self.statistics(images)
        return self


@misconception(caught_by="test_changing_the_images_afterwards_changes_nothing")
class ComputesLater(_Normalizer):
    "fit keeps the images, and the statistics are computed when they are needed."

    def fit(self, images):
        self.images = images
        return self

    def fitted(self):
        if not hasattr(self, "images"):
            raise RuntimeError("call fit first")
        return self.statistics(self.images)


@misconception(caught_by="test_images_stay_as_they_are")
class WorksInPlace(_Normalizer):
    "Normalised images replace the images."

    def transform(self, images):
        mean, scale = self.fitted()
        return images.sub_(mean).div_(scale)


@misconception(caught_by="test_images_stay_as_they_are")
class CentresInFit(_Normalizer):
    "The training images can be centred while their mean is at hand."

    def deviation(self, images):
        mean = self.centre(images)
        deviation = images.sub_(mean).square().mean((0, 2, 3), keepdim=True).sqrt()
        images.add_(mean)
        return deviation


@misconception(caught_by="test_height_and_width_may_be_others")
class KeepsFullStatistics(_Normalizer):
    "A mean is subtracted from images of its own height and width."

    def statistics(self, images):
        mean, scale = super().statistics(images)
        shape = 1, *images.shape[1:]
        return mean.expand(shape), scale.expand(shape)
