from itertools import pairwise
from math import exp, log

import pytest
import torch

from dojo.checks import answer_of, assert_same, unchanged
from katas.networks.sigmoid import plot_sigmoid, sigmoid

FAR = (89.0, 100.0, 1_000.0)  # e^89 is the first whole power that float32 does not hold
# As far off as a float32 may be that was counted up in small steps.
CLOSE = 1e-3


def test_at_zero_it_is_a_half(device):
    got = sigmoid(torch.zeros(1, device=device))
    meaning = "1 / (1 + 1); 0 would mean tanh, whose S goes from -1 to 1"
    assert_same(got, torch.tensor([0.5], device=device), meaning)


def test_odds_become_probabilities(device):
    x = torch.tensor([log(3), -log(4), log(99), -log(999)], device=device)
    expected = torch.tensor([0.75, 0.2, 0.99, 0.001], device=device)
    meaning = (
        "the sigmoid of log 3 is 1 / (1 + 1/3), that of -log 4 is 1 / (1 + 4); 0.25 first would "
        "mean a lost minus, 0.9 tanh with x not halved, 0.775 a straight line, 0.864 or 0.7544 the "
        "normal curve added up"
    )
    assert_same(sigmoid(x), expected, meaning)


def test_values_far_to_the_left(device):
    x = torch.tensor([-each for each in FAR], device=device)
    meaning = f"at {x.tolist()} there is nothing left but 0"
    assert_same(sigmoid(x), torch.zeros(3, device=device), meaning)


def test_values_far_to_the_right(device):
    x = torch.tensor(FAR, device=device)
    meaning = f"at {FAR} the value is 1; NaN would mean that infinity was divided by infinity"
    assert_same(sigmoid(x), torch.ones(3, device=device), meaning)


def test_the_two_halves_add_up_to_one(device, generator):
    x = 3 * torch.randn(5, 7, generator=generator).to(device)
    got = 1 - sigmoid(x)
    meaning = "1 - s(x) is s(-x): turned about its middle the curve falls on itself"
    assert_same(got, sigmoid(-x), meaning)


def test_it_rises_everywhere(device):
    x = torch.linspace(-8, 8, 65, device=device)
    got = sigmoid(x).tolist()
    falls = [place for place in range(64) if not got[place] < got[place + 1]]
    assert not falls, (
        f"it rises everywhere, got {got[falls[0]]:.5f} at {x[falls[0]].item():g} and "
        f"{got[falls[0] + 1]:.5f} at {x[falls[0] + 1].item():g}"
    )


def test_the_gradient_reaches_x(device):
    x = torch.tensor([0.5], device=device, requires_grad=True)
    got = answer_of(lambda: sigmoid(x), "an x that wants a gradient has a sigmoid")
    assert got.requires_grad, (
        "backward() has no way to x: the result was computed on detached numbers"
    )


def test_the_slope_at_zero_is_a_quarter(device):
    meaning = (
        "at 0 the slope is 1/2 times 1/2; 0 would mean that |x| stands in the formula, 0.5 that "
        "x was not halved for tanh"
    )
    assert_same(slopes([0.0], device), torch.tensor([0.25], device=device), meaning)


def test_every_input_has_a_slope(device):
    places = [-9.0, -7.0, -4.0, -2.5, -0.3, 0.3, 2.5, 4.0, 7.0, 9.0]
    expected = torch.tensor([exp(-x) / (1 + exp(-x)) ** 2 for x in places], device=device)
    meaning = "the slope is s (1 - s); 0 would mean that there the curve is flat"
    assert_same(slopes(places, device), expected, meaning)


def test_the_gradient_far_to_the_left(device):
    got = slopes([-each for each in FAR], device)
    meaning = (
        f"far to the left, at -{FAR[0]:g} and beyond, there is no slope left; NaN would mean that "
        "e^-x overflowed and backward() took infinity times 0, in a branch not chosen perhaps"
    )
    assert_same(got, torch.zeros(3, device=device), meaning)


def test_the_gradient_far_to_the_right(device):
    got = slopes(FAR, device)
    meaning = (
        f"far to the right, at {FAR[0]:g} and beyond, there is no slope left; NaN would mean that "
        "e^x overflowed and backward() took infinity times 0, in a branch not chosen perhaps"
    )
    assert_same(got, torch.zeros(3, device=device), meaning)


def test_the_slope_multiplies_what_comes_back(device):
    weights = torch.tensor([4.0, -8.0, 0.0], device=device)
    got = slopes([0.0, 0.0, 0.0], device, weights)
    meaning = (
        "with 4, -8 and 0 times the outputs in the loss, slopes of 1/4 become 1, -2 and 0; 0.25 "
        "three times would mean that backward() left out what comes from the loss"
    )
    assert_same(got, torch.tensor([1.0, -2.0, 0.0], device=device), meaning)


def test_the_input_stays_as_it_is(device):
    x = torch.tensor([[-2.0, 0.0, 3.0]], device=device)
    with unchanged(x):
        sigmoid(x)


def test_any_shape_stays_as_it_is(device):
    for shape in ((), (0,), (3,), (2, 1, 4)):
        got = tuple(sigmoid(torch.ones(shape, device=device)).shape)
        assert got == shape, f"an input of shape {shape} has an output of that shape, got {got}"


def test_the_dtype_is_that_of_x(device):
    got = sigmoid(torch.tensor([-1.0, 2.0], device=device, dtype=torch.float16)).dtype
    assert got == torch.float16, f"an x of torch.float16 has such an output, got {got}"


def test_float64_is_used_in_full(device, float64):
    x = torch.tensor([log(3), -log(4), log(99)], device=device, dtype=float64)
    expected = torch.tensor([0.75, 0.2, 0.99], device=device, dtype=float64)
    # The stub's own bound; float32 is off by 1e-8.
    meaning = "in float64; wrong by about 1e-8 would mean float32 on the way"
    assert_same(sigmoid(x), expected, meaning, rtol=0, atol=1e-12)


def test_the_line_is_on_the_axes_handed_over(figure):
    assert drawn(figure).lines, "there is no line on the axes that were handed over"


def test_points_go_from_left_to_right(figure):
    x, _ = curve(figure)
    back = [(a, b) for a, b in pairwise(x) if b < a]
    assert not back, (
        f"points go from left to right, got {back[0][1]:.3g} after {back[0][0]:.3g}: plot joins "
        "points in the order in which they come"
    )


def test_both_halves_are_drawn(figure):
    x, _ = curve(figure)
    assert min(x) <= -4 + CLOSE, f"the curve starts at -4 or before, got {min(x):g}"
    assert max(x) >= 4 - CLOSE, f"the curve ends at 4 or beyond, got {max(x):g}"


def test_points_lie_close_together(figure):
    x = sorted(min(max(each, -4), 4) for each in curve(figure)[0])
    widest, at = max((b - a, a) for a, b in pairwise(x))
    assert widest <= 0.2 + CLOSE, (
        f"points are 0.2 apart at most, got {widest:.3g} from {at:.3g} on: a coarse line has "
        "corners, and a sigmoid has none"
    )


def test_every_point_lies_on_the_sigmoid(figure):
    for x, y in zip(*curve(figure), strict=True):
        expected = 1 / (1 + exp(-x))
        assert abs(y - expected) < 0.001, (
            f"at {x:.3g} the sigmoid is {expected:.4f}, and the point drawn is at {y:.4f}"
        )


def test_the_axes_have_labels(figure):
    ax = drawn(figure)
    assert ax.get_xlabel(), "the horizontal axis has no label"
    assert ax.get_ylabel(), "the vertical axis has no label"


def test_the_limits_hide_nothing_at_the_sides(figure):
    left, right = sorted(drawn(figure).get_xlim())
    assert left <= -4 + CLOSE, f"the picture shows -4 to 4, got a limit of {left:.3g} on the left"
    assert right >= 4 - CLOSE, f"the picture shows -4 to 4, got a limit of {right:.3g} on the right"


def test_the_limits_hide_nothing_above_or_below(figure):
    low, high = sorted(drawn(figure).get_ylim())
    lowest = 1 / (1 + exp(4))
    assert low <= lowest + CLOSE, (
        f"at -4 the curve is at {lowest:.3f}, got a lower limit of {low:.3g}"
    )
    assert high >= 1 - lowest - CLOSE, (
        f"at 4 it is at {1 - lowest:.3f}, got an upper limit of {high:.3g}"
    )


@pytest.mark.parametrize("examples", [10, 100, 1_000])
def test_benchmark(bench, device, generator, examples):
    def one_by_one(x):
        return torch.stack([1 / (1 + torch.exp(-example)) for example in x])

    def inputs():
        return (torch.randn(examples, 500, generator=generator).to(device),)

    bench(one_by_one, sigmoid, inputs)


def slopes(places, device, weights=1.0):
    x = torch.tensor(places, device=device, requires_grad=True)
    result = answer_of(lambda: sigmoid(x), "an x that wants a gradient has a sigmoid")
    assert result.requires_grad, "backward() has no way to x, so there is no slope"
    (weights * result).sum().backward()
    return x.grad


def drawn(figure):
    ax = figure.subplots()
    answer_of(lambda: plot_sigmoid(ax), "the sigmoid can be drawn on these axes")
    return ax


def curve(figure):
    lines = drawn(figure).lines
    assert lines, "there is no line on the axes that were handed over"
    line = max(lines, key=lambda line: len(line.get_xdata()))
    assert len(line.get_xdata()) > 2, "there is no curve on the axes, only guides of two points"
    return [[float(each) for each in line.get_data(orig=False)[axis]] for axis in (0, 1)]
