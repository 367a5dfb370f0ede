"""Which numbers does a layer start with, before it has learned anything?

Two things have to be right about them, and the second depends on what follows the layer.
"""

import torch
from jaxtyping import Float32
from torch import Tensor

from dojo import alternative, misconception

__all__ = ["init_linear"]


def init_linear(
    n_in: int, n_out: int, nonlinearity: str, generator: torch.Generator
) -> tuple[Float32[Tensor, "n_out n_in"], Float32[Tensor, " n_out"]]:
    """Return a new weight and a new bias for the layer weight @ x + bias; the bias is 0.

    The numbers of the weight are drawn independently of each other, all with mean 0 and all with
    the same variance; normal or uniform, as you like. The variance is the one that keeps the size
    of a signal: the mean square of what comes out is, on average, that of x, however many inputs
    and outputs there are. What comes out is weight @ x if nonlinearity is "linear", and relu of
    weight @ x if it is "relu"; any other name raises a ValueError that says which name it was.
    Over 120,000 numbers the variance is to be right within 3%.

    A net of such weights learns: 64 inputs, 16 relu units and 10 outputs read 80% of new digits
    after 100 steps of gradient descent on 512 digits at a learning rate of 0.5, and no two of the
    units are the same then.

    All draws come from generator, a CPU one, which goes on from where it is: equal seeds give
    equal weights, a second call others. Neither tensor requires a gradient.
    """
    if nonlinearity not in _GAINS:
        raise ValueError(f"nonlinearity is {nonlinearity!r}: it can be 'relu' or 'linear'")
    deviation = (_GAINS[nonlinearity] / n_in) ** 0.5
    return deviation * torch.randn(n_out, n_in, generator=generator), torch.zeros(n_out)


# What the variance of a sum of n_in products of variance 1 is to be multiplied by.
_GAINS = {"linear": 1, "relu": 2}

HINTS = (
    "Take n_in inputs of mean square 1 and weights of mean 0 and variance v, all independent. What "
    "is the mean square of their weighted sum? Which v makes it 1?",
    "Relu sets to 0 whatever is negative, half of it. What is left of the mean square, and what "
    "does v have to be, to make up for that?",
    "The variance is 1 / n_in for linear and 2 / n_in for relu. torch.randn has variance 1 and is "
    "multiplied by a deviation, the root of a variance; give it generator=generator.",
)
ANSWER = """
At random, and small: the usual answer, for two reasons. Random, because units that start equal get
equal gradients and stay equal for ever, so that a layer of them is one unit; weights of 0 do not
even start. Of the right size, because each layer multiplies the signal: a sum of n_in products has
n_in times their variance, so 1 / n_in keeps it (LeCun's scale), and 2 / n_in where relu takes half
of the mean square away (He's). The number of outputs has a say only on the way back; Glorot's 2 /
(n_in + n_out) is the compromise.

"Small" is not enough: 0.01 times a normal number is too small or too large, all depending on n_in.
In two layers a wrong size can still learn digits, slowly or well; in fifty the signal is gone, or
infinite. Normal or uniform makes no difference, but the bound of a uniform draw is the root of 3
times the deviation.

A bias may start at 0, since the weights tell the units apart already. And 1 / n_in is not the last
word for other activations: torch's own gain for tanh is 5/3.
"""


@alternative
def draws_uniform_numbers(n_in, n_out, nonlinearity, generator):
    bound = (3 * _variance(n_in, nonlinearity)) ** 0.5
    weight = torch.empty(n_out, n_in).uniform_(-bound, bound, generator=generator)
    return weight, weight.new_zeros(n_out)


@alternative
def asks_torch(n_in, n_out, nonlinearity, generator):
    if nonlinearity not in ("relu", "linear"):
        raise ValueError(f"there is no init for {nonlinearity}")
    weight = torch.empty(n_out, n_in)
    torch.nn.init.kaiming_normal_(weight, nonlinearity=nonlinearity, generator=generator)
    return weight, torch.zeros(n_out)


@alternative
def tosses_coins(n_in, n_out, nonlinearity, generator):
    deviation = _variance(n_in, nonlinearity) ** 0.5
    coins = torch.randint(2, (n_out, n_in), generator=generator)
    return deviation * (2.0 * coins - 1), torch.zeros(n_out)


@alternative
def draws_unit_by_unit(n_in, n_out, nonlinearity, generator):
    deviation = _variance(n_in, nonlinearity) ** 0.5
    rows = [torch.normal(torch.zeros(n_in), deviation, generator=generator) for _ in range(n_out)]
    return torch.stack(rows), torch.zeros(n_out)


def _variance(n_in, nonlinearity):
    if nonlinearity == "relu":
        return 2 / n_in
    if nonlinearity == "linear":
        return 1 / n_in
    raise ValueError(f"{nonlinearity} is neither relu nor linear")


def _normal(n_in, n_out, nonlinearity, generator):
    deviation = _variance(n_in, nonlinearity) ** 0.5
    return deviation * torch.randn(n_out, n_in, generator=generator), torch.zeros(n_out)


@misconception(caught_by=("test_a_net_reads_digits", "test_no_two_units_end_equal"))
def starts_at_zero(n_in, n_out, nonlinearity, generator):
    "Nothing is known yet, so all weights are 0, and training does the rest."
    _variance(n_in, nonlinearity)
    return torch.zeros(n_out, n_in), torch.zeros(n_out)


@misconception(caught_by=("test_a_net_reads_digits", "test_no_two_units_end_equal"))
def starts_with_one_number(n_in, n_out, nonlinearity, generator):
    "What counts is the size of the weights, so one number of the right size will do for all."
    deviation = _variance(n_in, nonlinearity) ** 0.5
    return torch.full((n_out, n_in), deviation), torch.zeros(n_out)


@misconception(caught_by=("test_units_start_different", "test_no_two_units_end_equal"))
def gives_all_units_one_row(n_in, n_out, nonlinearity, generator):
    "Units are told apart by training, so they can start with the same random row."
    row, bias = _normal(n_in, 1, nonlinearity, generator)
    return row.repeat(n_out, 1), bias.repeat(n_out)


@misconception(caught_by="test_inputs_are_weighed_differently")
def gives_all_inputs_one_column(n_in, n_out, nonlinearity, generator):
    "A unit has one random number, for whatever comes in."
    deviation = _variance(n_in, nonlinearity) ** 0.5
    column = deviation * torch.randn(n_out, 1, generator=generator)
    return column.repeat(1, n_in), torch.zeros(n_out)


@misconception(caught_by=("test_units_start_different", "test_another_seed_gives_other_weights"))
def spreads_numbers_evenly(n_in, n_out, nonlinearity, generator):
    "If the spread is right the numbers need not be random."
    bound = (3 * _variance(n_in, nonlinearity)) ** 0.5
    return torch.linspace(-bound, bound, n_out * n_in).view(n_out, n_in), torch.zeros(n_out)


@misconception(caught_by="test_more_inputs_ask_for_smaller_weights")
def takes_randn_as_it_is(n_in, n_out, nonlinearity, generator):
    "Weights are normal numbers, of variance 1."
    _variance(n_in, nonlinearity)
    return torch.randn(n_out, n_in, generator=generator), torch.zeros(n_out)


@misconception(caught_by="test_more_inputs_ask_for_smaller_weights")
def takes_small_numbers(n_in, n_out, nonlinearity, generator):
    "Weights are to be random and small, and 0.01 is small."
    _variance(n_in, nonlinearity)
    return 0.01 * torch.randn(n_out, n_in, generator=generator), torch.zeros(n_out)


@misconception(caught_by="test_weights_are_negative_as_well_as_positive")
def draws_from_zero_to_one(n_in, n_out, nonlinearity, generator):
    "A random number is one between 0 and 1."
    _variance(n_in, nonlinearity)
    return torch.rand(n_out, n_in, generator=generator), torch.zeros(n_out)


@misconception(caught_by="test_weights_are_negative_as_well_as_positive")
def keeps_weights_positive(n_in, n_out, nonlinearity, generator):
    "With the variance right it does not matter where the middle is."
    width = (12 * _variance(n_in, nonlinearity)) ** 0.5
    return width * torch.rand(n_out, n_in, generator=generator), torch.zeros(n_out)


@misconception(caught_by="test_variance_falls_as_inputs_grow")
def takes_the_variance_for_the_deviation(n_in, n_out, nonlinearity, generator):
    "randn is multiplied by the variance that the weights are to have."
    variance = _variance(n_in, nonlinearity)
    return variance * torch.randn(n_out, n_in, generator=generator), torch.zeros(n_out)


@misconception(caught_by="test_the_number_of_outputs_has_no_say")
def counts_the_outputs(n_in, n_out, nonlinearity, generator):
    "The variance is shared out among the units of the layer."
    deviation = _variance(n_out, nonlinearity) ** 0.5
    return deviation * torch.randn(n_out, n_in, generator=generator), torch.zeros(n_out)


@misconception(caught_by="test_the_number_of_outputs_has_no_say")
def counts_inputs_and_outputs(n_in, n_out, nonlinearity, generator):
    "Forwards and backwards count alike, so the variance depends on the mean of both numbers."
    deviation = _variance((n_in + n_out) / 2, nonlinearity) ** 0.5
    return deviation * torch.randn(n_out, n_in, generator=generator), torch.zeros(n_out)


@misconception(
    caught_by=("test_a_relu_layer_has_this_variance", "test_a_linear_layer_has_this_variance")
)
def takes_the_deviation_for_the_bound(n_in, n_out, nonlinearity, generator):
    "Uniform numbers between minus and plus the deviation have that deviation."
    bound = _variance(n_in, nonlinearity) ** 0.5
    weight = torch.empty(n_out, n_in).uniform_(-bound, bound, generator=generator)
    return weight, torch.zeros(n_out)


@misconception(caught_by="test_relu_asks_for_larger_weights")
def makes_no_difference_for_relu(n_in, n_out, nonlinearity, generator):
    "What follows the layer is the next layer's business."
    _variance(n_in, nonlinearity)
    return _normal(n_in, n_out, "linear", generator)


@misconception(caught_by="test_relu_asks_for_twice_the_variance")
def doubles_the_weights_for_relu(n_in, n_out, nonlinearity, generator):
    "Relu lets half through, so weights have to be twice as large."
    _variance(n_in, nonlinearity)
    weight, bias = _normal(n_in, n_out, "linear", generator)
    return (2 * weight if nonlinearity == "relu" else weight), bias


@misconception(caught_by="test_relu_asks_for_twice_the_variance")
def counts_what_variance_relu_leaves(n_in, n_out, nonlinearity, generator):
    "Relu leaves 34% of the variance, so weights have to make up for 66%."
    weight, bias = _normal(n_in, n_out, nonlinearity, generator)
    return (weight * (torch.pi / (torch.pi - 1)) ** 0.5 if nonlinearity == "relu" else weight), bias


@misconception(caught_by="test_equal_seeds_give_equal_weights")
def ignores_the_generator(n_in, n_out, nonlinearity, generator):
    "Random is random, whoever draws."
    return _normal(n_in, n_out, nonlinearity, None)


@misconception(caught_by="test_two_layers_get_different_weights")
def starts_the_generator_anew(n_in, n_out, nonlinearity, generator):
    "For equal seeds to give equal weights the generator is set back to its seed."
    generator.manual_seed(generator.initial_seed())
    return _normal(n_in, n_out, nonlinearity, generator)


@misconception(caught_by="test_another_seed_gives_other_weights")
def seeds_with_a_number_of_its_own(n_in, n_out, nonlinearity, generator):
    "A fixed seed makes weights reproducible, and no other is needed."
    return _normal(n_in, n_out, nonlinearity, torch.Generator().manual_seed(42 + n_in % 2))


@misconception(caught_by="test_another_name_is_refused")
def takes_other_names_for_linear(n_in, n_out, nonlinearity, generator):
    "Whatever is not relu is as good as linear."
    return _normal(n_in, n_out, "relu" if nonlinearity == "relu" else "linear", generator)


@misconception(caught_by="test_another_name_is_refused")
def looks_names_up(n_in, n_out, nonlinearity, generator):
    "A name that is not in the table raises an error by itself."
    deviation = ({"linear": 1, "relu": 2}[nonlinearity] / n_in) ** 0.5
    return deviation * torch.randn(n_out, n_in, generator=generator), torch.zeros(n_out)


@misconception(caught_by="test_the_error_says_which_name")
def says_only_what_there_is(n_in, n_out, nonlinearity, generator):
    "An error has to say what is allowed, and the caller knows what was asked for."
    if nonlinearity not in ("relu", "linear"):
        raise ValueError("there is no init for this nonlinearity")
    return _normal(n_in, n_out, nonlinearity, generator)


@misconception(caught_by="test_a_name_that_torch_knows_is_refused_too")
def leaves_names_to_torch(n_in, n_out, nonlinearity, generator):
    "torch knows which names there are."
    deviation = torch.nn.init.calculate_gain(nonlinearity) / n_in**0.5
    return deviation * torch.randn(n_out, n_in, generator=generator), torch.zeros(n_out)


@misconception(caught_by="test_the_bias_is_zero")
def draws_the_bias_too(n_in, n_out, nonlinearity, generator):
    "A bias is a weight, and weights start at random."
    weight, bias = _normal(n_in, n_out, nonlinearity, generator)
    return weight, bias + weight.std() * torch.randn(n_out, generator=generator)


@misconception(caught_by="test_each_output_has_a_row")
def turns_the_weight_round(n_in, n_out, nonlinearity, generator):
    "The shape is inputs by outputs, in the order of the arguments."
    weight, bias = _normal(n_in, n_out, nonlinearity, generator)
    return weight.T, bias


@misconception(caught_by="test_each_output_has_a_bias")
def gives_each_input_a_bias(n_in, n_out, nonlinearity, generator):
    "A bias is added to each input."
    return _normal(n_in, n_out, nonlinearity, generator)[0], torch.zeros(n_in)


@misconception(caught_by="test_neither_requires_a_gradient")
def returns_parameters(n_in, n_out, nonlinearity, generator):
    "Weights are there to be trained."
    weight, bias = _normal(n_in, n_out, nonlinearity, generator)
    return torch.nn.Parameter(weight), torch.nn.Parameter(bias)


@misconception(caught_by="test_both_are_float32")
def returns_float64(n_in, n_out, nonlinearity, generator):
    "Draws are more precise in float64."
    weight, bias = _normal(n_in, n_out, nonlinearity, generator)
    return weight.double(), bias.double()
