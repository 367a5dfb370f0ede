"""Which two ways mend batch norm on small batches?

One turns a number that every such layer has; which, and in which direction? The other is to be
written here: a layer that does not rely on the batch alone, not even in training.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dojo import alternative, misconception

__all__ = ["RunningBatchNorm"]


class RunningBatchNorm(nn.Module):
    """Batch norm that normalises by running sums, in training too.

    For each channel it keeps three running figures: a sum of values, a sum of their squares, and
    how many they were. Each is 0 at the beginning, and each training batch mixes its own in, as
    figure = (1 - momentum) * figure + momentum * that of the batch. Then the batch is normalised,
    already by the new figures: mean = sum / count, variance = sum of squares / count - mean², and
    the result is (x - mean) / root of (variance + eps). In eval mode figures are used as they are,
    and nothing changes. How it behaves in eval mode before any training is left open.

    x is of shape (batch, channels) or (batch, channels, height, width), float32, not empty, and
    left as it is; the result is of that shape and dtype. Every pixel is a value of its channel. A
    single value per channel is no reason to refuse. Rounding can put the variance of a channel that
    never changes below 0: it counts as 0 then, and outputs and gradients stay finite.

    There are no parameters. What is kept is in buffers, so that state_dict() and to() take it along
    and a fresh layer that loads it gives the same in eval mode. The buffers carry no graph.
    Gradients flow through the batch's own share in the figures, and no further back: every step
    can be followed by a backward pass of its own.
    """

    def __init__(self, channels: int, momentum: float = 0.1, eps: float = 1e-5) -> None:
        """Take the number of channels, the share of each new batch, and what the variance gets."""
        super().__init__()
        self.momentum, self.eps = momentum, eps
        self.register_buffer("figures", torch.zeros(3, channels))

    def forward(
        self, x: Float[Tensor, "batch channels *pixels"]
    ) -> Float[Tensor, "batch channels *pixels"]:
        """Return x, normalised; in training mode after mixing its figures in."""
        figures = self.figures
        if self.training:
            figures = (1 - self.momentum) * figures + self.momentum * _figures(x)
            self.figures = figures.detach()
        sums, squares, counts = figures
        mean = sums / counts
        var = (squares / counts - mean.square()).clamp(min=0)
        return (x - _along(mean, x)) / (_along(var, x) + self.eps).sqrt()


def _figures(x: Tensor) -> Tensor:
    axes = (0, *range(2, x.ndim))
    return torch.stack([x.sum(axes), x.square().sum(axes), torch.ones_like(x).sum(axes)])


def _along(statistic: Tensor, x: Tensor) -> Tensor:
    return statistic.reshape(-1, *[1] * (x.ndim - 2))


HINTS = (
    "After the first batch sums / counts is that batch's mean, though both are only a tenth: why? "
    "What would a running mean that starts at 0 give? And which part of the new figures depends "
    "on x?",
    "Mix into a local variable, with its graph, and normalise by that. What is stored for the next "
    "step is detach()ed. The buffers hold what has been added up, and are divided only when used.",
    "figures = (1 - momentum) * self.figures + momentum * stack([x.sum(axes), x.square().sum(axes),"
    " x.numel() / channels]); self.figures = figures.detach(); mean = sums / counts; var = (squares"
    " / counts - mean**2).clamp(min=0).",
)
ANSWER = """
A larger eps, which damps what a tiny deviation would blow up, and running statistics in training
too. Measured on 16 projections of digits in batches of two, against the normalisation by the whole
set: plain batch norm is off by 0.92, with eps = 0.1 by 0.76, with running statistics by 0.20.

Three details make it work. Dividing by a count that is mixed in the same way debiases: the zeros at
the beginning weigh nothing, and the first step is plain batch norm. Averaging sums and squares, not
deviations, makes the variance that of all values of late: the mean of many deviations of two values
each is far too small, and stays so. And a batch counts by its size, so a last batch of one does
little harm. The price: the gradient no longer sees what earlier batches contributed, which is why
old figures are detached, and E[x²] - E[x]² cancels badly where the mean is far from 0.

Both ways are the course's. In common use are others: group norm and layer norm, which need no
batch, batch renormalisation, and batch norm synchronised over several devices. Pictures hide the
mistakes, since many pixels make a large batch: test such a layer on vectors.
"""


@alternative
class ThreeBuffers(nn.Module):
    def __init__(self, channels, momentum=0.1, eps=1e-5):
        super().__init__()
        self.mom, self.eps = momentum, eps
        self.register_buffer("sums", torch.zeros(channels, 1))
        self.register_buffer("squares", torch.zeros(channels, 1))
        self.register_buffer("count", torch.tensor(0.0))

    def forward(self, x):
        rows = x.transpose(0, 1).flatten(1)
        if self.training:
            for name in ("sums", "squares", "count"):
                setattr(self, name, getattr(self, name).detach())
            sums = self.sums.lerp(rows.sum(1, keepdim=True), self.mom)
            squares = self.squares.lerp((rows * rows).sum(1, keepdim=True), self.mom)
            count = self.count * (1 - self.mom) + rows.shape[1] * self.mom
            self.sums, self.squares, self.count = sums.detach(), squares.detach(), count
        else:
            sums, squares, count = self.sums, self.squares, self.count
        mean = sums / count
        var = torch.relu(squares / count - mean**2)
        rows = (rows - mean) * (var + self.eps).rsqrt()
        return rows.view(x.shape[1], x.shape[0], *x.shape[2:]).transpose(0, 1)


@alternative
class KeepsMeansAndWeights(nn.Module):
    """The same figures, kept as mean, mean of squares and weight."""

    def __init__(self, channels, momentum=0.1, eps=1e-5):
        super().__init__()
        self.momentum, self.eps = momentum, eps
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("square", torch.zeros(channels))
        self.register_buffer("weight", torch.zeros(()))

    def forward(self, x):
        mean, square = self.mean, self.square
        if self.training:
            axes = [axis for axis in range(x.ndim) if axis != 1]
            new = self.momentum * (x.numel() // x.shape[1])
            weight = (1 - self.momentum) * self.weight + new
            share = new / weight
            mean = mean + share * (x.mean(axes) - mean)
            square = square + share * (x.pow(2).mean(axes) - square)
            with torch.no_grad():
                self.mean.copy_(mean)
                self.square.copy_(square)
                self.weight.copy_(weight)
        var = torch.where(square > mean * mean, square - mean * mean, torch.zeros_like(mean))
        return (x - _along(mean, x)) / torch.sqrt(_along(var, x) + self.eps)


@alternative
class UpdatesInPlace(nn.Module):
    """Buffers move in place; the batch's own share is put on top with its graph."""

    def __init__(self, channels, momentum=0.1, eps=1e-5):
        super().__init__()
        self.momentum, self.eps = momentum, eps
        self.register_buffer("figures", torch.zeros(3, channels))

    def forward(self, x):
        figures = self.figures.clone()
        if self.training:
            own = self.momentum * _figures(x)
            self.figures.mul_(1 - self.momentum)
            figures = self.figures + own
            self.figures = self.figures + own.detach()
        mean = figures[0] / figures[2]
        var = figures[1] / figures[2] - mean * mean
        return (x - _along(mean, x)) / (_along(var.clamp_min(0), x) + self.eps) ** 0.5


class _Running(nn.Module):
    """What the wrong answers below share: all but the mistake."""

    def __init__(self, channels, momentum=0.1, eps=1e-5):
        super().__init__()
        self.momentum, self.eps = momentum, eps
        self.register_buffer("figures", torch.zeros(3, channels))

    def forward(self, x):
        figures = self.figures
        if self.training:
            figures = self.mixed(figures, self.batch(x))
            self.keep(figures)
        return self.normalised(x, figures)

    def batch(self, x):
        return _figures(x)

    def mixed(self, old, new):
        return (1 - self.momentum) * old + self.momentum * new

    def keep(self, figures):
        self.figures = figures.detach()

    def normalised(self, x, figures):
        mean, var = self.statistics(figures)
        return (x - _along(mean, x)) / (_along(var, x) + self.eps).sqrt()

    def statistics(self, figures):
        sums, squares, counts = figures
        mean = sums / counts
        return mean, (squares / counts - mean.square()).clamp(min=0)


@misconception(
    caught_by=(
        "test_squares_are_averaged_and_not_deviations",
        "test_digits_in_pairs_are_nearly_normalised_as_the_whole",
    )
)
class AveragesDeviations(_Running):
    "The deviation of all is the running mean of the batches' deviations."

    def batch(self, x):
        sums, squares, counts = _figures(x)
        # A root has no gradient at 0.
        var = (squares / counts - (sums / counts).square()).clamp(min=1e-12)
        return torch.stack([sums, var.sqrt() * counts, counts])

    def statistics(self, figures):
        sums, deviations, counts = figures
        return sums / counts, (deviations / counts).square()


@misconception(
    caught_by=(
        "test_two_unequal_batches",
        "test_digits_in_pairs_are_nearly_normalised_as_the_whole",
    )
)
class AveragesVariances(_Running):
    "The variance of all is the running mean of the batches' variances."

    def batch(self, x):
        sums, squares, counts = _figures(x)
        return torch.stack([sums, squares - sums.square() / counts, counts])

    def statistics(self, figures):
        sums, squares, counts = figures
        return sums / counts, (squares / counts).clamp(min=0)


@misconception(caught_by="test_the_first_step_is_batch_norm")
class StartsFromZero(_Running):
    "Running means start at 0 and get there in time."

    def batch(self, x):
        sums, squares, counts = _figures(x)
        return torch.stack([sums / counts, squares / counts, counts])

    def statistics(self, figures):
        mean, square, _ = figures
        return mean, (square - mean.square()).clamp(min=0)


@misconception(
    caught_by=(
        "test_a_sum_of_first_outputs_has_no_gradient",
        "test_a_later_gradient_sees_its_own_share",
    )
)
class HidesTheFigures(_Running):
    "Running statistics are no part of the graph, so they are made under no_grad."

    def batch(self, x):
        return _figures(x.detach())


@misconception(caught_by="test_the_first_gradient_is_batch_norms")
class HidesTheVariance(_Running):
    "Only the mean depends on x; the deviation is a scale."

    def statistics(self, figures):
        mean, var = super().statistics(figures)
        return mean, var.detach()


@misconception(
    caught_by=("test_every_step_has_a_backward_pass", "test_what_is_kept_carries_no_graph")
)
class RemembersTheGraph(_Running):
    "Gradients flow wherever the figures come from, so nothing is to be detached."

    def keep(self, figures):
        self.figures = figures


@misconception(caught_by="test_what_is_kept_carries_no_graph")
class DetachesWhenMixing(_Running):
    "It is early enough to detach old figures when the next batch comes."

    def mixed(self, old, new):
        return super().mixed(old.detach(), new)

    def keep(self, figures):
        self.figures = figures


@misconception(caught_by="test_a_channel_that_never_changes_stays_finite")
class TrustsTheVariance(_Running):
    "E[x²] - E[x]² is a mean of squares, so it is never below 0."

    def statistics(self, figures):
        sums, squares, counts = figures
        return sums / counts, squares / counts - (sums / counts).square()


@misconception(caught_by="test_eps_is_added_to_the_variance")
class IgnoresEps(_Running):
    "Running statistics replace a larger eps, so eps can stay what it is."

    def __init__(self, channels, momentum=0.1, eps=1e-5):
        super().__init__(channels, momentum)


@misconception(
    caught_by=("test_eps_is_added_to_the_variance", "test_eps_is_small_if_nothing_is_said")
)
class AddsEpsToTheDeviation(_Running):
    "eps keeps the divisor from 0, so it is added to the divisor."

    def normalised(self, x, figures):
        mean, var = self.statistics(figures)
        # A root has no gradient at 0.
        return (x - _along(mean, x)) / ((_along(var, x) + 1e-12).sqrt() + self.eps)


@misconception(caught_by="test_small_variances_stay_as_they_are")
class KeepsTheVarianceLarge(_Running):
    "A small variance is raised to at least 0.01, so that it does no harm."

    def statistics(self, figures):
        mean, var = super().statistics(figures)
        return mean, var.clamp(min=0.01)


@misconception(
    caught_by=(
        "test_two_unequal_batches",
        "test_digits_in_pairs_are_nearly_normalised_as_the_whole",
    )
)
class UsesTheBatchInTraining(_Running):
    "Running statistics are for eval mode; training normalises by the batch."

    def forward(self, x):
        if not self.training:
            return self.normalised(x, self.figures)
        self.keep(self.mixed(self.figures, self.batch(x)))
        return self.normalised(x, self.batch(x))


@misconception(caught_by="test_the_first_step_is_batch_norm")
class DividesByOneLess(_Running):
    "A variance estimated from a sample divides by n - 1."

    def statistics(self, figures):
        mean, var = super().statistics(figures)
        counts = figures[2] / self.momentum
        return mean, var * counts / (counts - 1).clamp(min=1)


@misconception(caught_by=("test_two_unequal_batches", "test_a_batch_of_one_counts_as_one"))
class CountsBatchesAlike(_Running):
    "A batch is a batch: each has the same weight, whatever its size."

    def batch(self, x):
        figures = _figures(x)
        return figures / figures[2]


@misconception(caught_by="test_the_first_step_is_batch_norm_for_pictures")
class CountsPictures(_Running):
    "The count is the number of examples."

    def batch(self, x):
        sums, squares, counts = _figures(x)
        return torch.stack([sums, squares, torch.full_like(counts, len(x))])


@misconception(caught_by="test_every_pixel_counts")
class AveragesPixelsFirst(_Running):
    "A picture counts as one example, by the means of its pixels."

    def batch(self, x):
        return _figures(x) / (x.numel() / len(x) / x.shape[1])


@misconception(caught_by=("test_two_unequal_batches", "test_momentum_is_the_share_of_the_new"))
class TurnsMomentumRound(_Running):
    "Momentum is the share that stays."

    def mixed(self, old, new):
        return self.momentum * old + (1 - self.momentum) * new


@misconception(caught_by="test_momentum_is_the_share_of_the_new")
class IgnoresMomentum(_Running):
    "A tenth of the new is right for running figures."

    def __init__(self, channels, momentum=0.1, eps=1e-5):
        super().__init__(channels, eps=eps)


@misconception(caught_by="test_two_unequal_batches")
class AddsUpForEver(_Running):
    "Sums and counts add up, and every batch so far counts the same."

    def mixed(self, old, new):
        return old + new


@misconception(caught_by="test_two_unequal_batches")
class LooksBackOnly(_Running):
    "A batch is normalised by what was known before it, and mixed in afterwards."

    def forward(self, x):
        if not self.training:
            return super().forward(x)
        old = self.figures
        figures = self.mixed(old, self.batch(x))
        self.keep(figures)
        return self.normalised(x, torch.where(old[2] == 0, figures, old))


@misconception(caught_by="test_eval_changes_nothing")
class LearnsInEval(_Running):
    "Running figures run on in eval mode."

    def forward(self, x):
        figures = self.mixed(self.figures, self.batch(x))
        self.keep(figures)
        return self.normalised(x, figures)


@misconception(caught_by="test_eval_normalises_by_what_was_learnt")
class PeeksInEval(_Running):
    "In eval mode the batch still has its share, it is only not kept."

    def forward(self, x):
        figures = self.mixed(self.figures, self.batch(x))
        if self.training:
            self.keep(figures)
        return self.normalised(x, figures)


@misconception(caught_by="test_a_batch_of_one_counts_as_one")
class RefusesSingleValues(_Running):
    "One value per channel has no deviation, so training on it must be refused."

    def batch(self, x):
        if x.numel() == x.shape[1]:
            raise ValueError(f"one value per channel in shape {tuple(x.shape)}")
        return super().batch(x)


@misconception(caught_by="test_a_batch_of_one_counts_as_one")
class SkipsSingleValues(_Running):
    "A single value says nothing about a deviation, so it is left out."

    def mixed(self, old, new):
        return old if new[2, 0] == 1 and old[2, 0] > 0 else super().mixed(old, new)


@misconception(caught_by="test_a_fresh_layer_can_load_what_was_learnt")
class KeepsPlainTensors(_Running):
    "What is no parameter is a plain attribute."

    def __init__(self, channels, momentum=0.1, eps=1e-5):
        super().__init__(channels, momentum, eps)
        del self.figures
        self.figures = torch.zeros(())

    def mixed(self, old, new):
        return super().mixed(old.to(new.device), new)


@misconception(caught_by="test_there_is_nothing_to_train")
class HasWeightAndBias(_Running):
    "Batch norm has a weight and a bias."

    def __init__(self, channels, momentum=0.1, eps=1e-5):
        super().__init__(channels, momentum, eps)
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def normalised(self, x, figures):
        return super().normalised(x, figures) * _along(self.weight, x) + _along(self.bias, x)


@misconception(caught_by="test_two_layers_have_figures_of_their_own")
class SharesFigures(_Running):
    "The figures belong to the class."

    kept: torch.Tensor | None = None

    def __init__(self, channels, momentum=0.1, eps=1e-5):
        super().__init__(channels, momentum, eps)
        SharesFigures.kept = None

    def forward(self, x):
        if SharesFigures.kept is not None:
            self.figures = SharesFigures.kept
        result = super().forward(x)
        SharesFigures.kept = self.figures
        return result


@misconception(caught_by="test_the_batch_stays_as_it_is")
class WritesIntoTheBatch(_Running):
    "What goes into a norm is not needed any more."

    def normalised(self, x, figures):
        result = super().normalised(x, figures)
        with torch.no_grad():
            x.copy_(result)
        return result
