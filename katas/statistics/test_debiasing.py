import gc
import weakref

import pytest
import torch

from dojo.checks import answer_of, assert_same, unchanged
from katas.statistics.debiasing import DebiasedAverage

# Two streams of values from 2 to 5, side by side.
STREAM = ((5.0, 2.0), (5.0, 2.0), (2.0, 5.0), (3.0, 4.0), (5.0, 2.0))


def test_the_first_average_is_the_first_value(device):
    x = tensor([7.0, -3.0, 0.5], device)
    for beta in (0.75, 0.9, 0.5):
        assert_near(
            averages(beta, [x])[-1],
            x,
            f"the first average with beta {beta} is the first value, for there is no other; "
            f"{1 - beta:.2g} of it would mean no correction, inf an exponent of 0",
        )


def test_two_steps_by_hand(device):
    got = averages(0.75, [tensor([7.0, -7.0], device), tensor([14.0, 7.0], device)])[-1]
    assert_near(
        got,
        tensor([11.0, 1.0], device),
        "(3 * 7 + 4 * 14) / 7 and (3 * -7 + 4 * 7) / 7, for a weight is 3/4 of the next; [4.81, "
        "0.438] would mean no correction, [19.3, 1.75] a division by 1 - beta or an exponent of "
        "1, [20, -8] that the corrected average was stored, [8.75, -3.5] a start at the first "
        "value, [10.5, 0] the mean of all, [9.33, -2.33] that beta weighs the new value",
    )


def test_the_share_of_each_of_three_values(device):
    basis = torch.eye(3, device=device) * 37
    got = averages(0.75, list(basis))[-1]
    assert_near(
        got,
        tensor([9.0, 12.0, 16.0], device),
        "37 times the shares of the first, second and third of three values, each 3/4 of the "
        "next; equal shares would mean the mean of all, [20.8, 6.94, 9.25] a start at the first "
        "value",
    )


def test_a_constant_stream_is_right_from_the_start(device):
    x = tensor([1.0, -0.5, 0.0], device)
    for beta, tolerance in ((0.9, 1e-5), (0.999, 1e-4)):
        for step, got in enumerate(averages(beta, [x] * 40), 1):
            # The share 0.001 of a new value is itself rounded in float32: what the stub allows.
            assert_same(
                got,
                x,
                f"step {step} of a constant stream, beta {beta}: closer to 0 means that the start "
                "still has weight, further away that the correction is too large",
                rtol=tolerance,
                atol=tolerance,
            )


def test_with_beta_one_half_each_value_counts_twice_the_one_before(device):
    values = [tensor([number], device) for number in (7.0, 14.0, 21.0)]
    got = averages(0.5, values)[-1]
    meaning = "(1 * 7 + 2 * 14 + 4 * 21) / 7; 14 would mean the mean of all, 14.9 no correction"
    assert_near(got, tensor([17.0], device), meaning)


def test_every_average_is_a_number(device):
    for step, got in enumerate(averages(0.75, tensor(STREAM, device)), 1):
        assert got.isfinite().all(), (
            f"step {step} gives {got.tolist()}: something is divided by 0, as 1 - beta**0 is "
            "before the first step"
        )


def test_no_average_is_above_all_values(device):
    for step, got in enumerate(averages(0.75, tensor(STREAM, device)), 1):
        # 5 + 1e-4: rounding, many times over.
        assert not (got > 5.0001).any(), (
            f"values from 2 to 5 have an average of {got.max().item():.4g} at step {step}: above "
            "all of them, so the weights add up to more than 1"
        )


def test_no_average_is_below_all_values(device):
    for step, got in enumerate(averages(0.75, tensor(STREAM, device)), 1):
        # 2 - 1e-4: rounding, many times over.
        assert not (got < 1.9999).any(), (
            f"values from 2 to 5 have an average of {got.min().item():.4g} at step {step}: below "
            "all of them, so the weights add up to less than 1"
        )


def test_the_correction_makes_it_larger(device):
    for step, (got, plain) in enumerate(corrected_and_plain(device), 1):
        assert (got > plain).all(), (
            f"step {step}: the plain average of positive values is {plain.tolist()}, too close to "
            f"its start at 0, the corrected one {got.tolist()}: it should be larger"
        )


def test_the_correction_makes_it_no_smaller(device):
    for step, (got, plain) in enumerate(corrected_and_plain(device), 1):
        assert (got > 0.9999 * plain).all(), (
            f"step {step}: the plain average of positive values is {plain.tolist()}, too close to "
            f"its start at 0, the corrected one {got.tolist()}: that is closer still"
        )


def test_the_weights_are_those_written_out(device, generator):
    values = torch.randn(20, 5, generator=generator)
    for beta in (0.9, 0.3):
        weights = torch.tensor([beta ** (19 - k) for k in range(20)], dtype=torch.float64)
        expected = (weights / weights.sum() @ values.double()).float().to(device)
        meaning = f"the mean of 20 values, weighted by {beta}**k for the one k steps ago"
        assert_near(averages(beta, values.to(device))[-1], expected, meaning)


def test_with_beta_zero_it_is_the_last_value(device):
    x = tensor([6.0, -3.0, 0.5], device)
    got = averages(0.0, [x + 1, x])[-1]
    meaning = "with beta 0 only the last value counts; 0 would mean that beta weighs the new value"
    assert_near(got, x, meaning)


def test_in_the_long_run_it_is_the_plain_average(device, generator):
    values = torch.randn(300, 4, generator=generator)
    plain = torch.zeros(4, dtype=torch.float64)
    for x in values.double():
        plain = 0.9 * plain + 0.1 * x
    meaning = "after 300 steps with beta 0.9 the start has a weight of 2e-14: nothing to correct"
    assert_near(averages(0.9, values.to(device))[-1], plain.float().to(device), meaning)


def test_adam_corrects_in_the_same_way(device, generator):
    gradients = torch.randn(6, 3, generator=generator).to(device)
    parameter = torch.nn.Parameter(torch.zeros(3, device=device))
    adam = torch.optim.Adam([parameter], lr=0.1, betas=(0.8, 0.99))
    for step, got in enumerate(averages(0.8, gradients), 1):
        parameter.grad = gradients[step - 1].clone()
        adam.step()
        state = adam.state[parameter]
        expected = state["exp_avg"] / (1 - 0.8 ** float(state["step"]))
        meaning = f"exp_avg / (1 - beta1**{step}) of torch.optim.Adam, fed the same gradients"
        assert_near(got, expected, meaning)


def test_a_tensor_of_any_shape_keeps_it(device):
    for shape in ((), (1,), (3, 2), (2, 1, 4), (0, 3)):
        x = torch.full(shape, 7.0, device=device)
        for got in averages(0.75, [x, 2 * x]):
            shown = tuple(got.shape)
            assert shown == shape, f"values of shape {shape} have an average of it, got {shown}"


def test_the_dtype_is_that_of_the_values(device, float64):
    for dtype in (torch.float32, float64):
        x = torch.tensor([7.0, -7.0], dtype=dtype, device=device)
        for got in averages(0.75, [x, 2 * x]):
            assert got.dtype == dtype, f"values of {dtype} have an average of it, got {got.dtype}"


def test_two_averages_have_nothing_in_common(device):
    x = tensor([7.0, -7.0], device)
    one, other = DebiasedAverage(0.75), DebiasedAverage(0.75)
    alone = update(one, x.clone())
    meaning = "a second object with the same first value; it shares the first one's steps or values"
    assert_near(update(other, x), alone, meaning)


def test_averages_returned_earlier_stay(device):
    moving = DebiasedAverage(0.75)
    first = update(moving, tensor([7.0, -7.0], device))
    second = update(moving, tensor([14.0, 7.0], device))
    copies = first.clone(), second.clone()
    update(moving, tensor([-100.0, 100.0], device))
    for number, (average, copy) in enumerate(zip((first, second), copies, strict=True), 1):
        meaning = f"average {number}, as it was returned; it was updated in place since"
        assert_same(average, copy, meaning, rtol=0.0, atol=0.0)
    assert (first != second).any(), "averages 1 and 2 are one tensor, updated in place"


def test_values_stay_as_they_are(device):
    values = [tensor([7.0, -4.0], device), tensor([14.0, 1.0], device), tensor([0.5, 2.0], device)]
    moving = DebiasedAverage(0.75)
    with unchanged(*values):
        for x in values:
            update(moving, x)


def test_the_average_records_no_gradients(device):
    moving = DebiasedAverage(0.75)
    for _ in range(2):
        got = update(moving, tensor([7.0, -7.0], device).requires_grad_())
        assert not got.requires_grad, (
            "the average of values with gradients records gradients itself: the graph of every "
            "step piles up behind it"
        )


def test_values_are_not_kept_alive(device):
    moving = DebiasedAverage(0.75)
    for step in range(3):
        x = tensor([7.0, -7.0], device) + step
        update(moving, x)
        gone = weakref.ref(x)
        del x
        assert is_free(gone), f"value {step + 1} is kept alive, and by the average alone"


def test_the_calculation_behind_a_value_is_not_kept_alive(device):
    moving = DebiasedAverage(0.75)
    for step in range(3):
        weight = (tensor([7.0, -7.0], device) + step).requires_grad_()
        update(moving, weight * 2)
        gone = weakref.ref(weight)
        del weight
        assert is_free(gone), (
            f"what value {step + 1} was calculated from is kept alive: the average holds its graph"
        )


@pytest.mark.parametrize("steps", [10, 100, 1_000])
def test_benchmark(bench, device, generator, steps):
    """The weighted mean of all values so far, anew at each step (here called loop), and yours."""

    def from_all_values(values):
        powers = 0.9 ** torch.arange(steps, device=device).flip(0)
        means = [powers[-n:] @ values[:n] / powers[-n:].sum() for n in range(1, steps + 1)]
        return torch.stack(means)

    def made(program):
        def from_the_last_average(values):
            moving = program(0.9)
            return torch.stack([moving.update(x) for x in values])

        return from_the_last_average

    def inputs():
        return (torch.rand(steps, 300, generator=generator).to(device),)

    bench(from_all_values, DebiasedAverage, inputs, made=made)


def averages(beta, values):
    """The average after each of the values, of which the program gets copies."""
    moving = DebiasedAverage(beta)
    return [update(moving, x.clone()) for x in values]


def corrected_and_plain(device):
    """The corrected average after each of STREAM, and the plain one, worked out here."""
    plain = torch.zeros(2, device=device)
    got_all = averages(0.75, tensor(STREAM, device))
    for got, x in zip(got_all, tensor(STREAM, device), strict=True):
        plain = 0.75 * plain + 0.25 * x
        yield got, plain


def update(moving, x):
    what = f"a tensor of shape {tuple(x.shape)} on {x.device.type} can be averaged"
    return answer_of(lambda: moving.update(x), what)


def assert_near(got, expected, meaning):
    # What the stub allows in float32: weights like 0.1 are rounded, and dividing adds to it.
    assert_same(got, expected, meaning, rtol=1e-5, atol=1e-5)


def is_free(gone):
    """Whether what a weak reference points to is gone, at the latest once cycles are collected."""
    if gone() is not None:
        gc.collect()
    return gone() is None


def tensor(values, device):
    return torch.tensor(values, device=device)
