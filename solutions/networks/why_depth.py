"""One nonlinearity can approximate any function. Why do we use more?

Count the straight pieces of what a network draws, and see what they cost.
"""

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dojo import alternative, misconception

__all__ = ["linear_pieces", "sawtooth"]


def sawtooth(depth: int) -> nn.Sequential:
    """Return a network that draws 2 ** (depth - 1) teeth between 0 and 1.

    It takes x of shape (N, 1) and gives y of that shape, float32 both. From x = 0 to x = 1 the line
    goes up from 0 to 1 and down to 0 again, in straight pieces all equally long, as often as there
    are teeth; at each multiple of 1 / 2 ** depth y is exactly 0 or 1. What it does left of 0 and
    right of 1 is left open.

    depth, 1 or more, is the number of hidden layers. Each is an nn.Linear of two outputs and an
    nn.ReLU behind it; last comes an nn.Linear with one output. Two nn.Linear may follow one
    another, but nothing else is in it, each layer has weights of its own, and there are 10 numbers
    at most for each hidden layer.
    """
    layers: list[nn.Module] = []
    for width in [1] + [2] * (depth - 1):
        layers += [nn.Linear(width, 2), nn.ReLU()]
    network = nn.Sequential(*layers, nn.Linear(2, 1))
    with torch.no_grad():
        for linear in network[::2]:
            linear.weight.copy_(torch.tensor([2.0, -4.0]) if linear.in_features == 2 else 1)
            linear.bias.copy_(torch.tensor([0.0, -0.5])[: linear.out_features])
    return network


def linear_pieces(x: Float[Tensor, " points"], y: Float[Tensor, " points"]) -> int:
    """Return of how many straight pieces a line through the points (x, y) is made.

    x rises from point to point, not always by the same. Each piece goes straight on for two whole
    steps at least, a step being the way from one point to the next. A kink may be at a point or
    between two, and then the step across it belongs to neither piece. The slopes of two pieces that
    meet differ by a hundredth of the steepest slope at least, be it in size or in sign; those of
    the steps within a piece agree but for rounding, of a millionth of the largest y.
    """
    slopes = y.double().diff() / x.double().diff()
    straight = slopes.diff().abs() <= 0.004 * slopes.abs().max()
    return 1 + int((straight[1:] & ~straight[:-1]).sum())


HINTS = (
    "Draw one tooth on [0, 1] with two relus: one that goes up from 0, and one that begins at the "
    "middle. What comes out if a tooth is sent through the tooth again?",
    "2 relu(x) - 4 relu(x - 0.5) goes up to 1 and down to 0, and every further layer does the same "
    "to what it gets, once on the way up and once on the way down. For linear_pieces: at which "
    "points does a step have the slope of the one before?",
    "nn.Linear(2, 2) with weight [[2, -4], [2, -4]] and bias [0, -0.5] in the middle; [[1], [1]] "
    "with the same bias first, [[2, -4]] without a bias last. Pieces: straight = slopes.diff() is "
    "nearly 0; count where straight begins to be true.",
)
ANSWER = """
Because of what it costs. Each hidden layer here doubles the number of pieces for six numbers more;
in a single layer every piece takes a unit, so a thousand pieces take a thousand units, where ten
layers of two do. A layer of n units on a line draws n + 1 pieces at most.

The theorem about a single hidden layer speaks of continuous functions on a bounded set, and of as
many units as it takes. It does not say how many these are, nor that training would find them. Depth
makes functions cheap that are made by doing the same again to what came out: folding, as here, or
parts made of parts in pictures and language. It is no gift for every function, and deep networks
were hard to train until initialisation, normalisation and residual connections came along.
"""


def _tooth(network, first=(0.0, -0.5), peak=2.0):
    with torch.no_grad():
        for linear in network:
            if isinstance(linear, nn.Linear):
                one = linear.in_features == 1
                linear.weight.copy_(1 if one else torch.tensor([peak, -2 * peak]))
                linear.bias.copy_(torch.tensor(first)[: linear.out_features])
    return network


def _stack(depth, first=(0.0, -0.5), peak=2.0):
    layers = [nn.Linear(1, 2), nn.ReLU()]
    for _ in range(depth - 1):
        layers += [nn.Linear(2, 2), nn.ReLU()]
    return _tooth(nn.Sequential(*layers, nn.Linear(2, 1)), first, peak)


def _slopes(x, y):
    return y.double().diff() / x.double().diff()


def _alike(slopes, share=0.004):
    return slopes.diff().abs() <= share * slopes.abs().max()


@alternative(replaces="sawtooth")
def joins_blocks_of_seven(depth):
    blocks = []
    for _ in range(depth):
        blocks += [nn.Linear(1, 2), nn.ReLU(), nn.Linear(2, 1)]
    return _tooth(nn.Sequential(*blocks))


@alternative(replaces="sawtooth")
def folds_from_the_other_side(depth):
    network = _stack(depth)
    with torch.no_grad():
        network[0].weight.fill_(-1)
        network[0].bias.copy_(torch.tensor([1.0, 0.5]))
    return network


@alternative(replaces="linear_pieces")
def walks_along(x, y):
    slopes = _slopes(x, y).tolist()
    steepest = max(map(abs, slopes))
    pieces, inside = 0, False
    for before, after in pairwise(slopes):
        alike = abs(after - before) <= 0.003 * steepest
        pieces += alike and not inside
        inside = alike
    return pieces


@misconception(caught_by="test_a_layer_has_two_units", replaces="sawtooth")
def a_single_wide_layer(depth):
    "One layer can draw any line, so one layer does."
    units = 2**depth
    network = nn.Sequential(nn.Linear(1, units), nn.ReLU(), nn.Linear(units, 1))
    with torch.no_grad():
        network[0].weight.fill_(1)
        network[0].bias.copy_(-torch.arange(units) / units)
        signs = 1 - 2 * (torch.arange(units) % 2)
        network[2].weight.copy_(signs * units * torch.where(torch.arange(units) > 0, 2, 1))
        network[2].bias.zero_()
    return network


@misconception(caught_by="test_every_layer_doubles_the_teeth", replaces="sawtooth")
def adds_a_piece_a_layer(depth):
    "Each layer adds a kink."
    network = _stack(depth)
    with torch.no_grad():
        for linear in network[2:-1:2]:
            linear.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0]]))
            linear.bias.zero_()
    return network


@misconception(caught_by="test_teeth_reach_from_0_to_1", replaces="sawtooth")
def teeth_that_shrink(depth):
    "Up by 1 and down by 1 makes a tooth, whatever its height."
    return _stack(depth, peak=1.0)


@misconception(caught_by="test_the_line_begins_at_0", replaces="sawtooth")
def begins_at_1(depth):
    "Down and up is as good as up and down."
    network = _stack(depth)
    with torch.no_grad():
        network[-1].weight.neg_()
        network[-1].bias.fill_(1)
    return network


@misconception(caught_by="test_depth_1_is_one_tooth", replaces="sawtooth")
def one_layer_more(depth):
    "The first layer only takes the input, so it does not count."
    return _stack(depth + 1)


@misconception(caught_by="test_each_layer_has_weights_of_its_own", replaces="sawtooth")
def runs_one_block_again_and_again(depth):
    "Layers that do the same may be the same."
    block = _tooth(nn.Sequential(nn.Linear(1, 2), nn.ReLU(), nn.Linear(2, 1)))
    return nn.Sequential(*[layer for _ in range(depth) for layer in block])


@misconception(caught_by="test_it_is_a_plain_sequential", replaces="sawtooth")
def folds_by_abs(depth):
    "1 - |2x - 1| is a tooth as well."

    class Tooth(nn.Module):
        def forward(self, x):
            return 1 - (2 * x - 1).abs()

    return nn.Sequential(*[Tooth() for _ in range(depth)])


@misconception(caught_by="test_it_is_a_plain_sequential", replaces="sawtooth")
def squashes_in_the_end(depth):
    "A sigmoid in the end keeps y between 0 and 1."
    return nn.Sequential(*_stack(depth), nn.Hardtanh(0, 1))


@misconception(caught_by="test_a_column_comes_out", replaces="sawtooth")
def gives_a_row(depth):
    "One number an input needs no axis of its own."
    return nn.Sequential(*_stack(depth), nn.Flatten(0))


@misconception(caught_by="test_pieces_are_equally_long", replaces="sawtooth")
def teeth_that_lean(depth):
    "A kink is a kink, wherever it is."
    layers = _stack(depth)
    with torch.no_grad():
        for linear in layers[::2]:
            if linear.out_features == 2:
                linear.bias.copy_(torch.tensor([0.0, -0.75]))
            if linear.in_features == 2:
                linear.weight.copy_(torch.tensor([4 / 3, -16 / 3]))
    return layers


@misconception(caught_by="test_a_kink_between_two_points", replaces="linear_pieces")
def counts_changes_of_slope(x, y):
    "Where the slope changes a new piece begins."
    return int((~_alike(_slopes(x, y))).sum()) + 1


@misconception(caught_by="test_slopes_may_come_back", replaces="linear_pieces")
def counts_distinct_slopes(x, y):
    "Pieces are as many as there are slopes."
    slopes = _slopes(x, y)
    kept = slopes[1:][_alike(slopes)]
    return len((kept / kept.abs().max().clamp(min=1e-12)).mul(50).round().unique())


@misconception(caught_by="test_a_straight_line_is_one_piece", replaces="linear_pieces")
def counts_kinks(x, y):
    "A kink makes a piece."
    straight = _alike(_slopes(x, y))
    return int(straight[0]) + int((straight[1:] & ~straight[:-1]).sum()) - 1


@misconception(caught_by="test_two_slopes_of_one_sign", replaces="linear_pieces")
def counts_turns(x, y):
    "A piece goes up, and the next one down."
    signs = _slopes(x, y).sign()
    straight = torch.cat([signs[1:] == signs[:-1]])
    return int(straight[0]) + int((straight[1:] & ~straight[:-1]).sum())


@misconception(caught_by="test_unequal_steps", replaces="linear_pieces")
def looks_at_y_alone(x, y):
    "Points lie evenly, so y tells it all."
    straight = _alike(y.double().diff())
    return int(straight[0]) + int((straight[1:] & ~straight[:-1]).sum())


@misconception(caught_by="test_rounding_is_no_kink", replaces="linear_pieces")
def compares_exactly(x, y):
    "Slopes on one piece are equal."
    slopes = _slopes(x, y)
    straight = slopes[1:] == slopes[:-1]
    return int(straight[0]) + int((straight[1:] & ~straight[:-1]).sum())


@misconception(caught_by="test_small_numbers_count", replaces="linear_pieces")
def tolerates_a_hundredth(x, y):
    "Slopes that differ by less than 0.01 are the same."
    straight = _slopes(x, y).diff().abs() < 0.01
    return int(straight[0]) + int((straight[1:] & ~straight[:-1]).sum())


@misconception(caught_by="test_a_piece_of_two_steps_counts", replaces="linear_pieces")
def wants_three_steps(x, y):
    "Two steps may agree by chance, three don't."
    straight = _alike(_slopes(x, y))
    longer = straight[1:] & straight[:-1]
    return int(longer[0]) + int((longer[1:] & ~longer[:-1]).sum())


@misconception(caught_by="test_a_slope_of_0_is_a_slope", replaces="linear_pieces")
def leaves_level_pieces_out(x, y):
    "Where nothing rises or falls there is no piece."
    slopes = _slopes(x, y)
    straight = _alike(slopes) & (slopes[1:].abs() > 1e-9)
    return int(straight[0]) + int((straight[1:] & ~straight[:-1]).sum())


@misconception(caught_by="test_the_count_is_an_int", replaces="linear_pieces")
def gives_a_tensor(x, y):
    "A sum of a tensor is a number."
    straight = _alike(_slopes(x, y))
    return straight[0].int() + (straight[1:] & ~straight[:-1]).sum()


@misconception(caught_by="test_the_points_stay_as_they_are", replaces="linear_pieces")
def moves_the_line_to_0(x, y):
    "Where a line begins does not matter, so it may be moved."
    slopes = _slopes(x.sub_(x[0].clone()), y.sub_(y[0].clone()))
    straight = _alike(slopes)
    return 1 + int((straight[1:] & ~straight[:-1]).sum())
