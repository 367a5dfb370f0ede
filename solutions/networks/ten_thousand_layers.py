"""What makes it possible to train 10,000 layers?

A signal that loses a thousandth in each layer has lost everything after ten thousand.
"""

import torch
from jaxtyping import Float
from torch import Generator, Tensor, nn

from dojo import alternative, misconception

__all__ = ["deep_init_"]


def deep_init_(weights: Float[Tensor, "layers width width"], generator: Generator) -> None:
    """Draw the weights of all layers anew, in place, so that no signal changes its length.

    Whatever x is, x @ weights[i].T is as long as x, for each layer, and so is each gradient on its
    way back; after 10,000 layers of width 16 in a row lengths have changed by less than 0.001 of
    themselves. Layers are drawn independently of each other, so that no two are alike (but for
    width 1, where there is little choice).

    weights is float32 or float64, and as exact as that allows; it may be a Parameter, which stays a
    leaf and records nothing. There is at least one layer, of width 1 or more. The generator, which
    is on the CPU wherever the weights are, is the only source of chance: the same state gives the
    same weights, and a second call draws on.

    All layers are drawn at once: it takes as many operations for many layers as for few.
    """
    drawn = torch.randn(weights.shape, dtype=weights.dtype, generator=generator)
    orthogonal, triangular = torch.linalg.qr(drawn)
    signs = triangular.diagonal(dim1=1, dim2=2).sign()
    with torch.no_grad():
        weights.copy_(orthogonal * signs[:, None])


HINTS = (
    "Which matrices change no vector's length? It is not enough that lengths stay on average: what "
    "is a factor of 0.999 after 10,000 layers?",
    "Rotations and reflections: matrices whose rows have length 1 and stand at right angles to "
    "each other. Which decomposition of a random matrix has such a factor?",
    "drawn = torch.randn(weights.shape, dtype=weights.dtype, generator=generator); "
    "q, r = torch.linalg.qr(drawn) does all layers at once; weights.copy_(q) under "
    "torch.no_grad().",
)
ANSWER = """
Orthogonal weights: every layer rotates or mirrors, so no signal grows or fades, and no gradient
either, in whichever direction. The usual starts, with variance 1 / n, keep the length on average
only. Some directions grow in each layer and others shrink, and a product of many such matrices
squeezes nearly everything into one direction: at width 16 all is 0 long before layer 10,000.

It is half of the answer. Between the layers stand nonlinearities: plain networks of 10,000 layers
were trained with orthogonal weights and tanh at a scale that was chosen for it (Xiao et al., 2018),
residual ones with Fixup, which shrinks each branch at the start (Zhang et al., 2019). With tanh at
gain 1 a signal fades still, but slowly.

QR of a normal matrix gives an orthogonal one. To draw evenly from all of them, multiply its columns
by the signs of R's diagonal; for lengths it makes no difference. And mind nn.init.orthogonal_: on a
stack of matrices it flattens all axes but the first, and makes layers orthogonal to one another,
none of them by itself.
"""


def _write(weights, numbers):
    with torch.no_grad():
        weights.copy_(numbers)


def _normal(weights, generator):
    return torch.randn(weights.shape, dtype=weights.dtype, generator=generator)


def _orthogonal(weights, generator):
    return torch.linalg.qr(_normal(weights, generator)).Q


@alternative
def takes_q_as_it_is(weights, generator):
    _write(weights, _orthogonal(weights, generator))


@alternative
def takes_singular_vectors(weights, generator):
    left, _, right = torch.linalg.svd(_normal(weights, generator))
    weights.data.copy_(left @ right)


@alternative
def turns_by_an_exponential(weights, generator):
    some = 3 * _normal(weights, generator).double()  # float32 would lose 1e-6 in each layer
    _write(weights, torch.linalg.matrix_exp(some - some.mT))


@misconception(caught_by="test_a_signal_keeps_its_length")
def normal_over_the_root(weights, generator):
    "With variance 1 / n a signal keeps its length."
    _write(weights, _normal(weights, generator) / weights.shape[2] ** 0.5)


@misconception(caught_by="test_signals_do_not_grow_on_average")
def kaiming(weights, generator):
    "He's initialisation is the one for deep networks."
    _write(weights, _normal(weights, generator) * (2 / weights.shape[2]) ** 0.5)


@misconception(caught_by="test_no_signal_grows")
def rows_of_length_1(weights, generator):
    "If every row has length 1, so has what comes out."
    _write(weights, nn.functional.normalize(_normal(weights, generator), dim=2))


@misconception(caught_by="test_no_signal_fades")
def divides_by_the_largest_singular_value(weights, generator):
    "A largest singular value of 1 keeps signals from growing, and that is all it takes."
    drawn = _normal(weights, generator)
    _write(weights, drawn / torch.linalg.matrix_norm(drawn, 2)[:, None, None])


@misconception(caught_by="test_ten_thousand_layers_keep_all_lengths")
def a_little_more_than_1(weights, generator):
    "A gain of 1.0001 does no harm, and guards against fading."
    _write(weights, 1.0001 * _orthogonal(weights, generator))


@misconception(caught_by="test_seeds_matter")
def the_identity(weights, generator):
    "What changes nothing keeps every length."
    _write(weights, torch.eye(weights.shape[1], dtype=weights.dtype).expand(weights.shape))


@misconception(caught_by="test_no_two_layers_are_alike")
def one_matrix_for_all(weights, generator):
    "Layers that start alike will learn to differ."
    _write(weights, _orthogonal(weights[:1], generator).expand(weights.shape))


@misconception(caught_by="test_no_two_layers_are_alike")
def every_other_layer_anew(weights, generator):
    "A matrix and its transpose make a pair that changes nothing."
    half = _orthogonal(weights[: (len(weights) + 1) // 2], generator)
    _write(weights, torch.stack([half, half], 1).flatten(0, 1)[: len(weights)])


@misconception(caught_by="test_a_signal_keeps_its_length")
def asks_torch_for_the_stack(weights, generator):
    "nn.init.orthogonal_ makes each matrix of a stack orthogonal."
    drawn = torch.empty(weights.shape, dtype=weights.dtype)
    _write(weights, nn.init.orthogonal_(drawn, generator=generator))


@misconception(caught_by="test_it_works_in_place")
def rebinds_the_name(weights, generator):
    "weights = ... changes the weights."
    weights = _orthogonal(weights, generator)


@misconception(caught_by="test_operations_do_not_grow_with_the_layers")
def layer_by_layer(weights, generator):
    "Each layer has a decomposition of its own."
    with torch.no_grad():
        for weight in weights:
            weight.copy_(torch.linalg.qr(_normal(weight, generator)).Q)


@misconception(caught_by="test_a_parameter_records_nothing")
def records_itself(weights, generator):
    "What works in place works on a Parameter."
    weights.copy_(_orthogonal(weights, generator))


@misconception(caught_by="test_float64_is_exact")
def works_in_float32(weights, generator):
    "Weights are float32."
    _write(weights, torch.linalg.qr(torch.randn(weights.shape, generator=generator)).Q)


@misconception(caught_by="test_equal_states_give_equal_weights")
def draws_from_the_global_generator(weights, generator):
    "torch finds the generator by itself."
    _write(weights, _orthogonal(weights, None))


@misconception(caught_by="test_a_second_call_draws_on")
def begins_anew(weights, generator):
    "A generator is a seed."
    again = torch.Generator().manual_seed(generator.initial_seed())
    _write(weights, _orthogonal(weights, again))


@misconception(caught_by="test_a_gradient_keeps_its_length")
def keeps_one_signal_only(weights, generator):
    "Scaled by what a trial signal has lost, a layer keeps the length of signals."
    drawn = _normal(weights, generator)
    trial = torch.ones(weights.shape[2], dtype=weights.dtype)
    lost = (drawn @ trial).norm(dim=1) / trial.norm()
    _write(weights, drawn / lost[:, None, None])
