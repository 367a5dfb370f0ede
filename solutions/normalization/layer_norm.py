"""How does layer norm differ from batch norm?

Both subtract a mean and divide by a deviation. It matters whose.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dojo import alternative, misconception

__all__ = ["LayerNorm"]


class LayerNorm(nn.Module):
    """Layer norm of examples of one shape: the last axes of x, however many, have that shape.

    The axes before them count examples: one axis as a rule, several for sentences of words, none
    for a single example. It does what torch.nn.LayerNorm does, in training mode and in eval mode.
    Equal are the outputs and the gradients of x, weight and bias.

    The output is (x - mean) / sqrt(variance + eps) * weight + bias. Which numbers mean and variance
    are calculated on is the question; the variance of n numbers is the sum of their squared
    differences from the mean, over n, and gradients flow through both. weight and bias are
    parameters, at first 1 and 0 in every place; state_dict holds these two and nothing else.
    """

    def __init__(self, shape: tuple[int, ...], eps: float = 1e-5) -> None:
        """Take the shape of an example, which is that of weight and bias, and eps above 0."""
        super().__init__()
        self.axes, self.eps = tuple(range(-len(shape), 0)), eps
        self.weight = nn.Parameter(torch.ones(shape))
        self.bias = nn.Parameter(torch.zeros(shape))

    def forward(self, x: Float[Tensor, "*examples_shape"]) -> Float[Tensor, "*examples_shape"]:
        """Normalise x, which has at least one example and is left as it is.

        There may be a single example, and an example may be a single number.
        """
        mean = x.mean(self.axes, keepdim=True)
        var = x.var(self.axes, correction=0, keepdim=True)
        return (x - mean) / (var + self.eps).sqrt() * self.weight + self.bias


HINTS = (
    "Pass a batch through torch.nn.LayerNorm, change one example, and pass it again. Which outputs "
    "are others? Do the same with torch.nn.BatchNorm1d in training mode.",
    "Each example has a mean and a deviation of its own, over all the last axes together, so "
    "nothing has to be kept for eval mode. Which axes are these, counted from the end?",
    "axes = tuple(range(-len(shape), 0)); then x.mean(axes, keepdim=True) and x.var(axes, "
    "correction=0, keepdim=True); eps goes under the root, weight and bias have the whole shape.",
)
ANSWER = """
Batch norm takes a mean for each channel over the examples of a batch; layer norm takes one for each
example over its own features. So no example depends on its neighbours, a batch of one is as good as
any, training and eval mode do the same, and there are no running statistics to keep, to save or to
get wrong. Weight and bias have a number for each feature.

There is a price. A sunny picture and the same in fog, 0.3 x + 0.6, come out alike: brightness and
contrast of the whole example are lost, while batch norm, which compares it with others, keeps them.
That layer norm does worse than batch norm was said of convolutional nets on pictures; transformers
use it throughout. Mind what a layer is: the course's version normalises all of a picture, torch's
whatever last axes it is given. In a transformer that is the last axis alone, and each word is
normalised by itself.
"""


@alternative
class CallsTorch(nn.Module):
    def __init__(self, shape, eps=1e-5):
        super().__init__()
        self.eps = eps
        _register(self, shape)

    def forward(self, x):
        return nn.functional.layer_norm(x, self.weight.shape, self.weight, self.bias, self.eps)


@alternative
class FlattensEachExample(nn.Module):
    def __init__(self, shape, eps=1e-5):
        super().__init__()
        self.shape, self.eps = tuple(shape), eps
        _register(self, shape)

    def forward(self, x):
        rows = x.reshape(-1, self.weight.numel())
        centred = rows - rows.mean(1, keepdim=True)
        normal = centred * torch.rsqrt(centred.square().mean(1, keepdim=True) + self.eps)
        return torch.addcmul(self.bias, normal.reshape(x.shape), self.weight)


@alternative
class GoesOneByOne(nn.Module):
    def __init__(self, shape, eps=1e-5):
        super().__init__()
        self.rank, self.eps = len(shape), eps
        _register(self, shape)

    def forward(self, x):
        if x.ndim > self.rank:
            return torch.stack([self.forward(example) for example in x.unbind(0)])
        centred = x - x.mean()
        return centred / (centred.pow(2).mean() + self.eps).sqrt() * self.weight + self.bias


def _register(layer, shape):
    layer.weight = nn.Parameter(torch.ones(shape))
    layer.bias = nn.Parameter(torch.zeros(shape))


class _LayerNorm(nn.Module):
    """What the wrong answers below share: all but the mistake."""

    def __init__(self, shape, eps=1e-5):
        super().__init__()
        self.rank, self.eps = len(shape), eps
        _register(self, shape)

    def forward(self, x):
        return self._scale(self._centre(x) / self._deviation(self._var(x)))

    def _axes(self, x):
        return tuple(range(x.ndim - self.rank, x.ndim))

    def _mean(self, x):
        return x.mean(self._axes(x), keepdim=True)

    def _var(self, x):
        return x.var(self._axes(x), correction=0, keepdim=True)

    def _centre(self, x):
        return x - self._mean(x)

    def _deviation(self, var):
        return (var + self.eps).sqrt()

    def _scale(self, normal):
        return normal * self.weight + self.bias


@misconception(
    caught_by=(
        "test_an_example_is_normalised_by_itself",
        "test_the_other_examples_have_no_say",
        "test_fog_comes_out_as_sunshine",
    )
)
class NormalisesOverTheBatch(_LayerNorm):
    "Normalising compares the examples of a batch, place by place."

    def _axes(self, x):
        return tuple(range(x.ndim - self.rank)) or super()._axes(x)


@misconception(caught_by="test_the_other_examples_have_no_say")
class NormalisesAllAtOnce(_LayerNorm):
    "A layer has one mean: that of all its numbers."

    def _axes(self, x):
        return tuple(range(x.ndim))


@misconception(caught_by="test_all_of_an_example_has_one_mean")
class NormalisesTheLastAxis(_LayerNorm):
    "Layer norm runs over the last axis, as in a transformer."

    def _axes(self, x):
        return (x.ndim - 1,)


@misconception(caught_by="test_all_of_an_example_has_one_mean")
class NormalisesEachChannel(_LayerNorm):
    "Each channel of an example has a mean of its own, as in batch norm."

    def _axes(self, x):
        axes = super()._axes(x)
        return axes if self.rank == 1 else axes[1:]


@misconception(caught_by="test_every_word_of_a_sentence_is_an_example")
class NormalisesAllButTheFirst(_LayerNorm):
    "The first axis counts the examples, and the rest is the layer."

    def _axes(self, x):
        return tuple(range(1, x.ndim)) if x.ndim > self.rank else super()._axes(x)


@misconception(
    caught_by=("test_an_example_is_normalised_by_itself", "test_a_single_number_is_its_own_mean")
)
class DividesByOneLess(_LayerNorm):
    "var() with its default is the variance."

    def _var(self, x):
        return self._centre(x).pow(2).sum(self._axes(x), keepdim=True) / (self.weight.numel() - 1)


@misconception(
    caught_by=("test_eps_is_added_to_the_variance", "test_a_tiny_deviation_is_not_blown_up")
)
class AddsEpsOutside(_LayerNorm):
    "eps is added to what is divided by."

    def _deviation(self, var):
        return var.sqrt() + self.eps


@misconception(
    caught_by=("test_a_single_number_is_its_own_mean", "test_a_tiny_deviation_is_not_blown_up")
)
class ForgetsEps(_LayerNorm):
    "eps is too small to matter."

    def _deviation(self, var):
        return var.sqrt()


@misconception(caught_by="test_eps_is_added_to_the_variance")
class IgnoresEps(_LayerNorm):
    "eps is 1e-5 everywhere."

    def __init__(self, shape, eps=1e-5):
        super().__init__(shape)


@misconception(
    caught_by=("test_weight_and_bias_have_the_shape", "test_each_place_has_a_weight_and_a_bias")
)
class WeighsChannels(_LayerNorm):
    "A channel has one weight and one bias, as in batch norm."

    def __init__(self, shape, eps=1e-5):
        super().__init__(shape, eps)
        _register(self, (shape[0], *[1] * (len(shape) - 1)))


@misconception(caught_by="test_each_place_has_a_weight_and_a_bias")
class WeighsAChannelAsOne(_LayerNorm):
    "A channel is scaled as one, by the mean of its weights."

    def _scale(self, normal):
        within = tuple(range(1, self.rank))
        if not within:
            return super()._scale(normal)
        return normal * self.weight.mean(within, keepdim=True) + self.bias


@misconception(caught_by="test_each_place_has_a_weight_and_a_bias")
class AddsTheBiasFirst(_LayerNorm):
    "Shift, then scale."

    def _scale(self, normal):
        return (normal + self.bias) * self.weight


@misconception(caught_by="test_weight_and_bias_are_learned")
class KeepsTheScaleFixed(_LayerNorm):
    "A normalisation has nothing to learn."

    def __init__(self, shape, eps=1e-5):
        super().__init__(shape, eps)
        del self.weight, self.bias
        self.register_buffer("weight", torch.ones(shape))
        self.register_buffer("bias", torch.zeros(shape))


@misconception(caught_by="test_state_dict_holds_weight_and_bias_only")
class KeepsRunningStatistics(_LayerNorm):
    "A norm keeps running statistics, whether or not they are used."

    def __init__(self, shape, eps=1e-5):
        super().__init__(shape, eps)
        self.register_buffer("running_mean", torch.zeros(()))
        self.register_buffer("running_var", torch.ones(()))

    def forward(self, x):
        if self.training:
            self.running_mean.lerp_(x.detach().mean(), 0.1)
            self.running_var.lerp_(x.detach().var(correction=0), 0.1)
        return super().forward(x)


@misconception(
    caught_by=(
        "test_eval_mode_changes_nothing",
        "test_state_dict_holds_weight_and_bias_only",
    )
)
class UsesRunningStatistics(KeepsRunningStatistics):
    "In eval mode a norm goes by what it saw in training."

    def _mean(self, x):
        return super()._mean(x) if self.training else self.running_mean

    def _var(self, x):
        return super()._var(x) if self.training else self.running_var


@misconception(caught_by="test_eval_mode_changes_nothing")
class RestsInEval(_LayerNorm):
    "In eval mode there is nothing to normalise, only to scale."

    def forward(self, x):
        return super().forward(x) if self.training else self._scale(x)


@misconception(caught_by="test_a_batch_of_one_is_as_good_as_any")
class RefusesABatchOfOne(_LayerNorm):
    "One example has no statistics."

    def forward(self, x):
        if self.training and x.ndim > self.rank and len(x) == 1:
            raise ValueError(f"shape {tuple(x.shape)} has one example")
        return super().forward(x)


@misconception(
    caught_by=(
        "test_gradients_of_x_are_torchs",
        "test_a_shift_has_no_gradient",
        "test_a_stretch_has_no_gradient",
    )
)
class DetachesTheStatistics(_LayerNorm):
    "Mean and deviation are constants of an example, and nothing to learn."

    def _mean(self, x):
        return super()._mean(x).detach()

    def _var(self, x):
        return super()._var(x).detach()


@misconception(caught_by="test_a_shift_has_no_gradient")
class DetachesTheMean(_LayerNorm):
    "The mean is subtracted like a constant; only the deviation has a gradient."

    def _mean(self, x):
        return super()._mean(x).detach()


@misconception(caught_by="test_a_stretch_has_no_gradient")
class DetachesTheVariance(_LayerNorm):
    "The deviation is a scale like a constant; only the mean has a gradient."

    def _var(self, x):
        return super()._var(x).detach()


@misconception(
    caught_by=("test_a_shift_has_no_gradient", "test_fog_comes_out_as_sunshine"),
)
class DividesByTheRootMeanSquare(_LayerNorm):
    "What counts is the scale: the mean may stay."

    def _centre(self, x):
        return x

    def _var(self, x):
        return x.pow(2).mean(self._axes(x), keepdim=True)


@misconception(
    caught_by=("test_a_stretch_has_no_gradient", "test_fog_comes_out_as_sunshine"),
)
class OnlyCentres(_LayerNorm):
    "To normalise is to bring the mean to 0."

    def _var(self, x):
        return torch.ones_like(self._mean(x))


@misconception(caught_by="test_the_batch_stays_as_it_is")
class CentresInPlace(_LayerNorm):
    "x is not needed any more once its mean is taken from it."

    def forward(self, x):
        if x.requires_grad:
            return super().forward(x)
        deviation = self._deviation(self._var(x))
        return self._scale(x.sub_(self._mean(x)) / deviation)
