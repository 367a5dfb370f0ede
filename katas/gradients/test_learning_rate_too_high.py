from itertools import pairwise
from math import isclose

import pytest
import torch

from dojo.checks import answer_of, unchanged
from katas.gradients.learning_rate_too_high import largest_stable_lr, loss_curve, plot_curves

# A bowl with the curvatures 1 and 9 that lies askew: its diagonal is 5 and 5.
ASKEW = [[5.0, 4.0], [4.0, 5.0]]
RATES = (0.05, 0.2, 0.23)


def test_one_weight():
    got = largest_stable_lr(torch.tensor([[4.0]], dtype=torch.float64))
    assert isclose(got, 0.5), (
        f"with curvature 4 a step multiplies w by 1 - 4 rate, which is -1 at 0.5, got {got}: 0.25 "
        "is where w reaches 0 at once; beyond it w changes its sign and still shrinks"
    )


def test_the_steepest_direction_decides():
    for curvatures in ((1.0, 10.0), (10.0, 3.0, 5.0)):
        got = largest_stable_lr(torch.diag(torch.tensor(curvatures, dtype=torch.float64)))
        assert isclose(got, 0.2), (
            f"of the curvatures {curvatures} the largest, 10, allows 2 / 10, got {got:.4g}"
        )


def test_the_bowl_may_lie_askew():
    got = largest_stable_lr(askew()[0])
    assert isclose(got, 2 / 9), (
        f"the eigenvalues of {ASKEW} are 1 and 9, so 2 / 9 = 0.222, got {got:.4g}: 0.4 "
        "would mean the diagonal, 0.2 its sum"
    )


def test_the_rate_is_a_float():
    got = largest_stable_lr(askew()[0])
    assert isinstance(got, float), f"the rate is a Python float, got a {type(got).__name__}"


def test_a_rate_below_falls_at_every_step(hessians):
    for hessian, start in hessians:
        rate = 0.99 * largest_stable_lr(hessian)
        losses = loss_curve(hessian, start, rate, 500)
        rises = [step for step in range(500) if losses[step + 1] >= losses[step]]
        assert not rises, (
            f"0.99 of the largest stable rate is {rate:.4g}, and the loss rises at step {rises[0]}"
        )


def test_a_rate_above_grows_without_end(hessians):
    for hessian, start in hessians:
        rate = 1.01 * largest_stable_lr(hessian)
        losses = loss_curve(hessian, start, rate, 500)
        assert losses[-1] > 1e4 * losses[0], (
            f"1.01 of the largest stable rate is {rate:.4g}, and after 500 steps the loss is "
            f"{losses[-1]:.3g}, from {losses[0]:.3g}: it should have grown a million-fold"
        )


def test_the_loss_is_half_of_w_h_w():
    got = loss_curve(*askew(), 0.1, 0)
    assert len(got) == 1, f"without a step there is the loss at the start alone, got {got}"
    assert isclose(got[0], 4.5), f"(2, -1)·H(2, -1) / 2 is 9 / 2, got {got[0]}: 9 lacks the half"


def test_two_steps_by_hand():
    got = loss_curve(*one_weight(curvature=2.0, start=3.0), 0.25, 2)
    assert all(map(isclose, got, (9.0, 2.25, 0.5625))), (
        f"with curvature 2 and rate 0.25 w is 3, 1.5, 0.75, and w² is 9, 2.25, 0.5625, got {got}: "
        "9, 20.25 would mean a step uphill, 9, 0 twice the gradient"
    )


def test_the_bowl_may_lie_askew_for_a_step_too():
    got = loss_curve(*askew(), 0.1, 1)[-1]
    # H(2, -1) is (6, 3), so w becomes (1.4, -1.3).
    assert isclose(got, 1.845), f"from (2, -1) to (1.4, -1.3), whose loss is 1.845, got {got:.6g}"


def test_there_is_a_loss_before_the_first_step():
    got = loss_curve(*one_weight(curvature=2.0, start=3.0), 0.25, 4)[0]
    assert isclose(got, 9.0), f"the loss at the start, 9, comes first, got {got}"


def test_there_is_a_loss_after_the_last_step():
    got = loss_curve(*one_weight(curvature=2.0, start=3.0), 0.25, 4)
    assert got[-1] < 0.04, f"after 4 steps w is 3 / 16, and w² 0.0352, got {got[-1]} at the end"


def test_beyond_half_of_it_steps_overshoot_and_still_come_down():
    got = loss_curve(*one_weight(curvature=10.0, start=1.0), 0.16, 6)
    ratios = [later / earlier for earlier, later in pairwise(got)]
    assert all(isclose(ratio, 0.36) for ratio in ratios), (
        f"at 1.6 over the curvature w is multiplied by -0.6, the loss by 0.36, got {ratios}"
    )


def test_losses_are_floats():
    got = loss_curve(*askew(), 0.1, 2)
    kinds = {type(loss).__name__ for loss in got}
    assert kinds == {"float"}, f"losses are Python floats, got {kinds}"


def test_the_inputs_stay_as_they_are():
    hessian, start = askew()
    with unchanged(hessian, start):
        largest_stable_lr(hessian)
        loss_curve(hessian, start, 0.1, 3)


def test_the_curves_are_on_the_axes_handed_over(figure):
    ax = drawn(figure)
    assert ax.lines, "there is no curve on the axes that were handed over"


def test_each_rate_has_a_curve(figure):
    ax = drawn(figure)
    got = [list(line.get_ydata()) for line in ax.lines]
    assert len(got) == len(RATES), f"{len(RATES)} rates have {len(RATES)} curves, got {len(got)}"
    for rate, losses in zip(RATES, got, strict=True):
        expected = loss_curve(*askew(), rate, 12)
        assert losses == pytest.approx(expected), f"the curve of rate {rate} is not its loss curve"


def test_curves_begin_at_step_zero(figure):
    for line in drawn(figure).lines:
        got = [float(x) for x in line.get_xdata()]
        assert got[0] == 0, f"the loss at the start stands at step 0, got step {got[0]:g}"
        assert got == list(range(len(got))), f"steps are 0, 1, 2 and so on, got {got}"


def test_the_loss_has_a_logarithmic_scale(figure):
    got = drawn(figure).get_yscale()
    assert got == "log", f"losses that shrink by a factor want a logarithmic scale, got {got}"


def test_there_is_a_legend(figure):
    legend = drawn(figure).get_legend()
    assert legend is not None, "there is no legend: labels show when ax.legend() is called"


def test_the_legend_tells_the_rates(figure):
    legend = drawn(figure).get_legend()
    assert legend is not None, "there is no legend to tell the rates"
    texts = [text.get_text() for text in legend.get_texts()]
    missing = [rate for rate in RATES if not any(str(rate) in text for text in texts)]
    assert not missing, f"the legend is to name the rates, {missing} are not in {texts}"


def test_axes_say_what_they_show(figure):
    ax = drawn(figure)
    assert ax.get_xlabel(), "the axis of steps has no label"
    assert ax.get_ylabel(), "the axis of losses has no label"


@pytest.fixture
def hessians(generator):
    """Ten bowls of three weights, curvatures 0.5 to 10, that lie askew, and starts."""
    drawn = []
    for _ in range(10):
        axes, _ = torch.linalg.qr(torch.randn(3, 3, dtype=torch.float64, generator=generator))
        curvatures = 0.5 + 9.5 * torch.rand(3, dtype=torch.float64, generator=generator)
        start = torch.randn(3, dtype=torch.float64, generator=generator)
        drawn.append((axes @ torch.diag(curvatures) @ axes.T, start))
    return drawn


def askew():
    start = torch.tensor([2.0, -1.0], dtype=torch.float64)
    return torch.tensor(ASKEW, dtype=torch.float64), start


def one_weight(curvature, start):
    return (
        torch.tensor([[curvature]], dtype=torch.float64),
        torch.tensor([start], dtype=torch.float64),
    )


def drawn(figure):
    ax = figure.subplots()
    answer_of(
        lambda: plot_curves(ax, *askew(), RATES, 12), "three rates can be drawn over 12 steps"
    )
    return ax
