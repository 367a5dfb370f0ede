from itertools import pairwise

import numpy as np
import pytest
import torch

from dojo.checks import answer_of, assert_same, unchanged
from katas.networks.relu import plot_relu, relu

INF, NAN = float("inf"), float("nan")
# As far off as a float32 may be that was counted up in small steps.
CLOSE = 1e-3


def test_negative_numbers_become_zero(device):
    got = relu(torch.tensor([-3.0, -0.001, -1e30, 0.0], device=device))
    meaning = "numbers below 0 become 0; 3 would mean their size, -3 that the wrong half was cut"
    assert_same(got, torch.zeros(4, device=device), meaning, rtol=0, atol=0)


def test_positive_numbers_stay(device):
    x = torch.tensor([0.001, 0.5, 7.25, 1e30], device=device)
    meaning = (
        "numbers above 0 stay as they are, however large; 1 everywhere would mean a switch, 6 a "
        "limit, and a little more than there was a corner rounded off"
    )
    assert_same(relu(x), x.clone(), meaning, rtol=0, atol=0)


def test_minus_infinity_becomes_zero(device):
    got = relu(torch.tensor([-INF, 1.0], device=device))
    meaning = (
        "minus infinity is below 0; NaN would mean that it was multiplied by 0, or that infinity "
        "was added to it"
    )
    assert_same(got, torch.tensor([0.0, 1.0], device=device), meaning)


def test_infinity_stays(device):
    got = relu(torch.tensor([INF, -1.0], device=device))
    assert_same(got, torch.tensor([INF, 0.0], device=device), "infinity is above 0, and stays")


def test_nan_stays_nan(device):
    got = relu(torch.tensor([NAN, 1.0, -1.0], device=device))
    meaning = (
        "a NaN must be seen; 0 would mean that it was not above 0, and that hides what went wrong"
    )
    assert_same(got, torch.tensor([NAN, 1.0, 0.0], device=device), meaning)


def test_integers_stay_integers(device):
    for dtype in (torch.int64, torch.int8):
        x = torch.tensor([[-3, 0], [5, -100], [1, 100]], dtype=dtype, device=device)
        expected = torch.tensor([[0, 0], [5, 0], [1, 100]], dtype=dtype, device=device)
        assert_same(relu(x), expected, "of whole numbers too what is above 0 stays")


def test_large_integers_are_exact(device):
    large = 2**60 + 1
    got = relu(torch.tensor([large, -large, 2**24 + 1], device=device))
    expected = torch.tensor([large, 0, 2**24 + 1], device=device)
    assert_same(got, expected, "off by one would mean a detour through floats")


def test_the_dtype_is_that_of_x(device):
    got = relu(torch.tensor([-1.0, 2.0], device=device, dtype=torch.float16)).dtype
    assert got == torch.float16, f"an x of torch.float16 has such a result, got {got}"


def test_every_digit_stays(device, float64):
    x = torch.tensor([1 + 2**-40, 2.0**-300], device=device, dtype=float64)
    meaning = "in float64; without the last digits would mean float32 on the way"
    assert_same(relu(x), x.clone(), meaning, rtol=0, atol=0)


def test_the_input_stays_as_it_is(device):
    x = torch.tensor([[-2.0, 0.0, 3.0]], device=device)
    with unchanged(x):
        relu(x)


def test_any_shape_stays_as_it_is(device):
    for shape in ((), (0,), (3,), (2, 1, 4)):
        got = tuple(relu(torch.full(shape, -1.0, device=device)).shape)
        assert got == shape, f"an input of shape {shape} has an output of that shape, got {got}"


def test_the_gradient_reaches_x(device):
    x = torch.tensor([0.5], device=device, requires_grad=True)
    got = answer_of(lambda: relu(x), "an x that wants a gradient has a ReLU")
    assert got.requires_grad, (
        "backward() has no way to x: the result was computed on detached numbers"
    )


def test_above_zero_the_slope_is_one(device):
    got = slopes([0.001, 2.0, 7.0, 1_000.0], device)
    meaning = "above 0 the line rises by 1 for 1; 0 at 7 would mean that it is cut off at the top"
    assert_same(got, torch.ones(4, device=device), meaning)


def test_below_zero_there_is_no_slope(device):
    got = slopes([-0.001, -2.0, -1_000.0], device)
    meaning = "below 0 the line is flat; 0.01 would mean that it leaks, 1 that the half is wrong"
    assert_same(got, torch.zeros(3, device=device), meaning)


def test_the_slope_at_zero_is_zero(device):
    got = slopes([0.0, -0.0], device)
    meaning = (
        "at the corner the slope asked for is 0; 1 would mean clamp, 0.5 the maximum of x and 0 or "
        "the mean of x and |x|"
    )
    assert_same(got, torch.zeros(2, device=device), meaning)


def test_the_slope_multiplies_what_comes_back(device):
    weights = torch.tensor([5.0, 0.25, 2.0], device=device)
    meaning = (
        "with 5, 0.25, 2 times the outputs in the loss, and the last x below 0; 1, 1, 0 would mean "
        "that backward() left out what comes from the loss"
    )
    got = slopes([1.0, 2.0, -1.0], device, weights)
    assert_same(got, torch.tensor([5.0, 0.25, 0.0], device=device), meaning)


def test_a_negative_gradient_passes_too(device):
    weights = torch.tensor([-3.0, -2.0], device=device)
    meaning = (
        "with -3, -2 times the outputs in the loss, and the last x below 0; 0 first would mean "
        "that a negative gradient was cut off as a negative x is"
    )
    got = slopes([1.0, -1.0], device, weights)
    assert_same(got, torch.tensor([-3.0, 0.0], device=device), meaning)


def test_the_line_is_on_the_axes_handed_over(figure):
    assert drawn(figure).lines, "there is no line on the axes that were handed over"


def test_points_go_from_left_to_right(figure):
    x, _ = curve(figure)
    back = [(a, b) for a, b in pairwise(x) if b < a]
    assert not back, (
        f"points go from left to right, got {back[0][1]:.3g} after {back[0][0]:.3g}: plot joins "
        "points in the order in which they come"
    )


def test_the_line_starts_at_minus_2(figure):
    got = min(curve(figure)[0])
    assert abs(got + 2) < CLOSE, f"the line starts at -2, got {got:.3g}"


def test_the_line_ends_at_2(figure):
    got = max(curve(figure)[0])
    assert abs(got - 2) < CLOSE, (
        f"the line ends at 2, got {got:.3g}: a little less would mean that an arange stopped "
        "before its end"
    )


def test_away_from_zero_the_line_is_right(figure):
    check(figure, [-2.0, -1.5, -1.0, 1.0, 1.5, 2.0])


def test_the_line_has_a_corner_at_zero(figure):
    check(figure, np.linspace(-1, 1, 201), ": without a point close to 0 there is no corner")


def test_the_axes_have_labels(figure):
    ax = drawn(figure)
    assert ax.get_xlabel(), "the horizontal axis has no label"
    assert ax.get_ylabel(), "the vertical axis has no label"


def test_the_limits_hide_nothing_at_the_sides(figure):
    left, right = sorted(drawn(figure).get_xlim())
    assert left <= -2 + CLOSE, f"the picture shows -2 to 2, got a limit of {left:.3g} on the left"
    assert right >= 2 - CLOSE, f"the picture shows -2 to 2, got a limit of {right:.3g} on the right"


def test_the_limits_hide_nothing_at_the_top(figure):
    low, high = sorted(drawn(figure).get_ylim())
    assert low <= 0, f"below 0 the line is at 0, got a lower limit of {low:.3g}"
    assert high >= 2 - CLOSE, f"at 2 the line is at 2, got an upper limit of {high:.3g}"


@pytest.mark.parametrize("examples", [10, 100, 1_000])
def test_benchmark(bench, device, generator, examples):
    def one_by_one(x):
        return torch.stack([torch.where(example > 0, example, 0) for example in x])

    def inputs():
        return (torch.randn(examples, 500, generator=generator).to(device),)

    bench(one_by_one, relu, inputs)


def slopes(places, device, weights=1.0):
    x = torch.tensor(places, device=device, requires_grad=True)
    result = answer_of(lambda: relu(x), "an x that wants a gradient has a ReLU")
    assert result.requires_grad, "backward() has no way to x, so there is no slope"
    (weights * result).sum().backward()
    return x.grad


def drawn(figure):
    ax = figure.subplots()
    answer_of(lambda: plot_relu(ax), "ReLU can be drawn on these axes")
    return ax


def curve(figure):
    lines = drawn(figure).lines
    assert lines, "there is no line on the axes that were handed over"
    line = max(lines, key=lambda line: len(line.get_xdata()))
    return [np.asarray(numbers, dtype=float) for numbers in line.get_data(orig=False)]


def check(figure, places, meaning=""):
    x, y = curve(figure)
    order = np.argsort(x, kind="stable")
    # A line that ends early is another test's business.
    places = np.array([place for place in places if min(x) <= place <= max(x)])
    heights = np.interp(places, x[order], y[order])
    for place, height in zip(places, heights, strict=True):
        expected = max(place, 0)
        assert abs(height - expected) < 0.05, (
            f"at {place:.3g} ReLU is {expected:.3g}, and the line is at {height:.3g}{meaning}"
        )
