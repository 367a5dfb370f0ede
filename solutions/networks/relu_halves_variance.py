"""Does initialisation for relu need anything special?

Relu throws half of the numbers away. After fifty layers that is felt.
"""

from collections.abc import Iterable

import torch
from jaxtyping import Float
from torch import Generator, Tensor, nn

from dojo import alternative, misconception

__all__ = ["kaiming_", "layer_scales"]


def kaiming_(weight: Float[Tensor, "outputs inputs *kernel"], generator: Generator) -> None:
    """Draw the weight of a layer anew, in place, so that relu behind the layer keeps the signal.

    weight is that of a linear layer, (outputs, inputs), or of a convolution, (outputs, inputs,
    height, width); it may be a Parameter, which stays a leaf and records nothing. Its numbers are
    drawn each by itself, around 0, normal or uniform, with one variance for all: the one for which
    the mean square of relu(layer(x)) is on average that of x, where the layer has no bias and x is
    spread evenly around 0 or comes out of such a relu.

    The generator, which is on the CPU wherever the weight is, is the only source of chance: the
    same state gives the same weight, and a second call draws on.
    """
    fan_in = weight[0].numel()
    with torch.no_grad():
        weight.copy_(torch.randn(weight.shape, generator=generator) * (2 / fan_in) ** 0.5)


def layer_scales(
    weights: Iterable[Float[Tensor, "outputs inputs"]], x: Float[Tensor, "batch inputs"]
) -> Float[Tensor, " layers"]:
    """Return the mean square of the numbers behind each layer of a relu network, first to last.

    A layer is relu(x @ weight.T), and its result is the next one's x. The mean is over all numbers
    of the batch, and what is squared is the number itself, as it comes out of relu. There is one
    layer at least; widths may differ. x and the weights are left as they are.
    """
    scales = []
    for weight in weights:
        x = (x @ weight.T).relu()
        scales.append(x.square().mean())
    return torch.stack(scales)


HINTS = (
    "Send normal numbers through relu. Which part of the mean square is left? And the product with "
    "a weight of variance v and n inputs: how does it change the mean square?",
    "The product multiplies the mean square by n times v, relu by a half. n is how many numbers "
    "each output is a sum of: for a convolution the kernel's places count as well.",
    "deviation = (2 / weight[0].numel()) ** 0.5; under torch.no_grad() weight.copy_(deviation * "
    "torch.randn(weight.shape, generator=generator)). layer_scales: x = (x @ weight.T).relu(), and "
    "x.square().mean(), for each weight.",
)
ANSWER = """
Yes, a factor of 2 in the variance: 2 / fan-in in place of 1 / fan-in, after He et al. (2015). Relu
sets half of the numbers to 0, so of the mean square half is left, and the weights have to make up
for it. Without the factor the signal fades as 2 ** -50 over fifty layers, to 1e-15; with a
deviation twice as large it grows to 1e15.

It is the mean square that relu halves, not the variance, though that is how it is often told: what
comes out of relu has a mean above 0, and its variance is 34% of that of a normal input. The next
layer's weights are around 0, so what it passes on depends on the mean square.

On the way the scale wanders, for every layer draws its own luck: after fifty layers of 256 units it
lay anywhere between 0.04 and 7 in fifty tries, and narrower layers wander farther. Nothing is wrong
then. Batch norm and residual connections make such care less needed, not needless.
"""


def _fan_in(weight):
    return weight[0].numel()


def _draw(weight, generator, deviation):
    with torch.no_grad():
        weight.copy_(torch.randn(weight.shape, generator=generator) * deviation)


def _scales(weights, x, of_layer):
    scales = []
    for weight in weights:
        before = x @ weight.T
        x = before.clamp(min=0)
        scales.append(of_layer(before, x))
    return torch.stack(scales)


@alternative(replaces="kaiming_")
def draws_evenly(weight, generator):
    reach = (6 / _fan_in(weight)) ** 0.5
    drawn = torch.empty(weight.shape).uniform_(-reach, reach, generator=generator)
    weight.data = weight.data.copy_(drawn)


@alternative(replaces="kaiming_")
def asks_torch(weight, generator):
    drawn = torch.empty(weight.shape)
    nn.init.kaiming_normal_(drawn, nonlinearity="relu", generator=generator)
    weight.detach().copy_(drawn)


@alternative(replaces="layer_scales")
def collects_first(weights, x):
    outputs = []
    for weight in weights:
        x = torch.maximum(torch.nn.functional.linear(x, weight), torch.zeros((), device=x.device))
        outputs.append(x)
    return torch.stack([out.norm() ** 2 / out.numel() for out in outputs])


@misconception(caught_by="test_a_linear_layer_has_its_variance", replaces="kaiming_")
def keeps_a_linear_layer(weight, generator):
    "1 / fan-in keeps the signal, whatever comes behind."
    _draw(weight, generator, _fan_in(weight) ** -0.5)


@misconception(caught_by="test_weights_are_large_enough", replaces="kaiming_")
def takes_the_variance_for_the_deviation(weight, generator):
    "The deviation is 2 / fan-in."
    _draw(weight, generator, 2 / _fan_in(weight))


@misconception(caught_by="test_weights_are_small_enough", replaces="kaiming_")
def doubles_the_deviation(weight, generator):
    "Relu halves the signal, so the weights are twice as large."
    _draw(weight, generator, 2 * _fan_in(weight) ** -0.5)


@misconception(caught_by="test_outputs_do_not_count", replaces="kaiming_")
def counts_the_outputs(weight, generator):
    "The first axis of a weight is its inputs."
    _draw(weight, generator, (2 / (weight.numel() / weight.shape[1])) ** 0.5)


@misconception(caught_by="test_outputs_do_not_count", replaces="kaiming_")
def counts_both(weight, generator):
    "Inputs and outputs matter alike, so their mean is taken."
    kernel = weight[0, 0].numel()
    _draw(weight, generator, (4 / (kernel * (weight.shape[0] + weight.shape[1]))) ** 0.5)


@misconception(caught_by="test_the_kernel_counts", replaces="kaiming_")
def forgets_the_kernel(weight, generator):
    "Inputs are channels."
    _draw(weight, generator, (2 / weight.shape[1]) ** 0.5)


@misconception(caught_by="test_weights_lie_around_zero", replaces="kaiming_")
def draws_from_0_up(weight, generator):
    "torch.rand draws weights."
    with torch.no_grad():
        drawn = torch.rand(weight.shape, generator=generator)
        weight.copy_(drawn * (24 / _fan_in(weight)) ** 0.5)


@misconception(caught_by="test_no_two_rows_are_alike", replaces="kaiming_")
def draws_one_row_for_all(weight, generator):
    "Outputs are alike, so they start alike."
    row = torch.randn(weight.shape[1:], generator=generator) * (2 / _fan_in(weight)) ** 0.5
    with torch.no_grad():
        weight.copy_(row.expand(weight.shape))


@misconception(caught_by="test_no_two_columns_are_alike", replaces="kaiming_")
def draws_one_column_for_all(weight, generator):
    "Inputs are alike, so they start alike."
    column = torch.randn(len(weight), generator=generator) * (2 / _fan_in(weight)) ** 0.5
    with torch.no_grad():
        weight.copy_(column.view(-1, *[1] * (weight.ndim - 1)).expand(weight.shape))


@misconception(caught_by="test_it_works_in_place", replaces="kaiming_")
def rebinds_the_name(weight, generator):
    "weight = ... changes the weight."
    weight = torch.randn(weight.shape, generator=generator) * (2 / _fan_in(weight)) ** 0.5


@misconception(caught_by="test_a_parameter_records_nothing", replaces="kaiming_")
def records_itself(weight, generator):
    "What ends in an underscore works in place on anything."
    drawn = torch.randn(weight.shape, generator=generator) * (2 / _fan_in(weight)) ** 0.5
    weight.copy_(drawn)


@misconception(caught_by="test_a_parameter_still_learns", replaces="kaiming_")
def freezes_the_parameter(weight, generator):
    "With requires_grad_(False) it may be written to."
    weight.requires_grad_(False)
    _draw(weight, generator, (2 / _fan_in(weight)) ** 0.5)


@misconception(caught_by="test_equal_states_give_equal_weights", replaces="kaiming_")
def draws_from_the_global_generator(weight, generator):
    "torch draws from the right generator by itself."
    _draw(weight, None, (2 / _fan_in(weight)) ** 0.5)


@misconception(caught_by="test_a_second_call_draws_on", replaces="kaiming_")
def begins_anew(weight, generator):
    "A generator is a seed."
    again = torch.Generator().manual_seed(generator.initial_seed())
    _draw(weight, again, (2 / _fan_in(weight)) ** 0.5)


@misconception(caught_by="test_half_of_the_mean_square_is_left", replaces="layer_scales")
def takes_the_variance(weights, x):
    "The scale of a signal is its variance."
    return _scales(weights, x, lambda before, after: after.var(correction=0))


@misconception(caught_by="test_scales_are_measured_behind_relu", replaces="layer_scales")
def measures_before_relu(weights, x):
    "The output of a layer is what the product gives."
    return _scales(weights, x, lambda before, after: before.square().mean())


@misconception(caught_by="test_scales_by_hand", replaces="layer_scales")
def takes_the_root(weights, x):
    "A scale is in the units of the signal."
    return _scales(weights, x, lambda before, after: after.square().mean().sqrt())


@misconception(caught_by="test_a_larger_batch_has_no_larger_scale", replaces="layer_scales")
def adds_the_squares(weights, x):
    "The scale is the length of the signal, squared."
    return _scales(weights, x, lambda before, after: after.square().sum())


@misconception(caught_by="test_scales_by_hand", replaces="layer_scales")
def takes_the_mean_first(weights, x):
    "The mean square is the square of the mean."
    return _scales(weights, x, lambda before, after: after.mean().square())


@misconception(caught_by="test_zeros_count", replaces="layer_scales")
def leaves_the_dead_out(weights, x):
    "What relu has set to 0 is no signal any more."

    def of_layer(before, after):
        return after.square().sum() / (after > 0).sum().clamp(min=1)

    return _scales(weights, x, of_layer)


@misconception(caught_by="test_each_layer_has_a_scale", replaces="layer_scales")
def gives_the_last_only(weights, x):
    "What matters is what comes out in the end."
    return _scales(weights, x, lambda before, after: after.square().mean())[-1:]


@misconception(caught_by="test_a_layer_gets_what_the_last_one_gave", replaces="layer_scales")
def sends_the_same_x_to_all(weights, x):
    "Each layer is measured by itself, on x."
    return torch.stack([(x @ weight.T).relu().square().mean() for weight in weights])


@misconception(caught_by="test_x_and_the_weights_stay_as_they_are", replaces="layer_scales")
def writes_into_x(weights, x):
    "The old signal is not needed any more."
    scales = []
    for weight in weights:
        result = (x @ weight.T).relu()
        scales.append(result.square().mean())
        if result.shape == x.shape and not x.requires_grad:
            x.copy_(result)
        else:
            x = result
    return torch.stack(scales)
