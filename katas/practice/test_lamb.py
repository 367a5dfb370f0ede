from copy import deepcopy
from math import sqrt

import pytest
import torch

from dojo.checks import answer_of, assert_same, unchanged
from katas.practice.lamb import Lamb


def test_a_step_is_the_rate_times_the_norm_long(device):
    got = moved([[3.0, 4.0]], [[1.0, -2.0]], device).norm().item()
    assert_number(
        got,
        0.5,
        "weights of norm 5 at rate 0.1 move by 0.5; 0.141 would mean Adam's own step, without a "
        "ratio, 0.04 a ratio upside down",
    )


def test_tensors_of_other_norms_make_other_steps(device):
    short, long = (
        moved([[3.0 * size, 4.0 * size]], [[1.0, -2.0]], device).norm().item() for size in (1, 10)
    )
    assert abs(short - long) > 0.01, (
        f"tensors of norm 5 and 50 move by 0.5 and 5, both moved by {short:.3g}: their norms have "
        "no say in it"
    )


def test_a_vector_has_its_ratio_too(device):
    got = moved([3.0, 4.0], [1.0, -2.0], device).norm().item()
    assert_number(
        got,
        0.5,
        "a vector of norm 5 at rate 0.1 moves by 0.5, as any other tensor; 0.141 would mean Adam's "
        "own step",
    )


def test_the_length_has_no_bounds(device):
    got = moved([[300.0, 400.0]], [[1.0, -2.0]], device).norm().item()
    assert_number(
        got,
        50,
        "weights of norm 500 at rate 0.1 move by 50; 1.41 would mean a ratio that was cut to 10, "
        "0.141 one of 1",
    )


def test_a_step_goes_against_adams_direction(device):
    got = moved([[3.0, 4.0]], [[1.0, -2.0]], device)
    got = got / got.norm()
    meaning = (
        "Adam's first step has one size in all places, (1, -1) for gradients 1 and -2, so it goes "
        "along (-1, 1); (-1, 2) would mean that the roots of the squares were left out, (1, -1) a "
        "step uphill"
    )
    assert_close(got, [[-sqrt(0.5), sqrt(0.5)]], meaning)


def test_each_tensor_has_a_length_of_its_own(device):
    large = parameter([[3.0, 4.0]], [[1.0, -2.0]], device)
    small = parameter([0.03, 0.0, -0.04], [5.0, 0.5, 0.5], device)
    lengths = lengths_of(Lamb([large, small], lr=0.1), [large, small])
    assert_number(
        lengths[0],
        0.5,
        "of two tensors that of norm 5 moves by 0.5; 0.3 would mean one ratio for all",
        rel=1e-4,
    )
    assert_number(
        lengths[1],
        0.005,
        "of two tensors that of norm 0.05 moves by 0.005; 0.4 would mean one ratio for all",
        rel=1e-4,  # moves of 0.003, as differences of numbers of 0.04 with 7 digits
    )


def test_all_of_a_tensor_shares_one_ratio(device):
    got = moved([[3.0, 4.0], [0.0, 12.0], [0.0, 0.0]], [[1.0, 2.0], [3.0, 1.0], [0.0, 0.0]], device)
    meaning = (
        "four weights move alike and two rest, the norm is 13: 1.3 in length, 0.65 for each of the "
        "four; 0.354 and 0.849 would mean a ratio for each row"
    )
    assert_close(got, [[-0.65, -0.65], [-0.65, -0.65], [0.0, 0.0]], meaning)


def test_decay_takes_part_in_the_ratio(device):
    options = {"weight_decay": 0.5, "betas": (0.0, 0.0)}
    got = moved([[3.0, 4.0]], [[1.0, -2.0]], device, **options).norm().item()
    assert_number(
        got,
        0.5,
        "with decay the step is still 0.1 times the norm of 5 long; more or less would mean that "
        "decay joined after the ratio was taken",
    )


def test_decay_joins_adams_part(device):
    options = {"weight_decay": 0.5, "betas": (0.0, 0.0)}
    got = moved([[3.0, 4.0]], [[1.0, -2.0]], device, **options)
    got = got / got.norm()
    meaning = (
        "Adam's part (1, -1) and half of the weights (3, 4) add up to (2.5, 1); (1, 0) would mean "
        "that the decay was added to the gradient"
    )
    assert_close(got, [[-2.5 / sqrt(7.25), -1 / sqrt(7.25)]], meaning)


def test_decay_has_its_share_in_the_first_step(device):
    got = moved([[3.0, 4.0]], [[1.0, -2.0]], device, weight_decay=0.5)
    got = got / got.norm()
    meaning = (
        "debiased, Adam's part of the first step is (1, -1), and half of the weights (3, 4) join "
        "it: (2.5, 1) in all; another direction would mean that Adam's part is too long or too "
        "short, for lack of debiasing"
    )
    assert_close(got, [[-2.5 / sqrt(7.25), -1 / sqrt(7.25)]], meaning)


def test_the_average_of_the_gradients_is_debiased(device):
    options = {"weight_decay": 0.5, "betas": (0.9, 0.0)}
    got = moved([[3.0, 4.0]], [[1.0, -2.0]], device, **options)
    got = got / got.norm()
    meaning = (
        "Adam's part of the first step is (1, -1), half of the weights (3, 4) join it: (2.5, 1); "
        "(1.6, 1.9) would mean that the average of the gradients was not debiased"
    )
    assert_close(got, [[-2.5 / sqrt(7.25), -1 / sqrt(7.25)]], meaning)


def test_both_averages_are_debiased(device):
    got = moved([[3.0, 4.0]], [[1.0, -3.0]], device, eps=1.0)
    got = got / got.norm()
    meaning = (
        "the first step is along gradient / (its size + eps), for eps 1 that is (1/2, -3/4); (1, "
        "-2.83) would mean that no average was debiased, (1, -2.83) also that only the mean was"
    )
    assert_close(got, [[-2 / sqrt(13), 3 / sqrt(13)]], meaning)


def test_eps_joins_the_root(device):
    got = moved([[3.0, 4.0]], [[1.0, -3.0]], device, eps=3.0, betas=(0.0, 0.0))
    got = got / got.norm()
    meaning = (
        "the step is along gradient / (its size + eps), for eps 3 that is (1/4, -1/2); (1/2, -0.87)"
        " would mean that eps was added under the root"
    )
    assert_close(got, [[-1 / sqrt(5), 2 / sqrt(5)]], meaning)


def test_eps_is_a_millionth_unless_said(device):
    got = moved([[3.0, 4.0]], [[2e-6, 1.0]], device)
    got = (got[:, 0] / got[:, 1]).item()
    assert_number(
        got,
        2 / 3,
        "a gradient of 2e-6 counts for 2e-6 / (2e-6 + 1e-6) = 2/3 beside one of 1; 0.995 would "
        "mean an eps of 1e-8",
        rel=1e-4,
    )


def test_the_rate_is_a_thousandth_unless_said(device):
    param = parameter([[3.0, 4.0]], [[1.0, -2.0]], device)
    [got] = lengths_of(Lamb([param]), [param])
    assert_number(
        got, 0.005, "weights of norm 5 move by a thousandth of that", rel=1e-3
    )  # a move of 0.0035, as the difference of numbers around 4 with 7 digits


def test_nothing_decays_unless_said(device):
    got = moved([[300.0, 400.0]], [[1.0, -2.0]], device)
    got = got / got.norm()
    meaning = "without decay the step is along (-1, 1), though the weights are as large as 300, 400"
    assert_close(got, [[-sqrt(0.5), sqrt(0.5)]], meaning)


def test_twenty_steps_follow_the_formulas(device, float64, generator):
    for options in ({"lr": 0.1, "weight_decay": 0.1, "betas": (0.8, 0.95), "eps": 1e-3}, {}):
        start, gradients = drawn(generator)
        params = [p.to(device, copy=True).requires_grad_() for p in start]
        optimizer = Lamb(params, **options)
        for grads in gradients:
            give(params, grads)
            optimizer.step()
        for number, param in enumerate(params):
            expected = formulas(start[number], [grads[number] for grads in gradients], **options)
            meaning = f"where tensor {number + 1} of 2 is after 20 steps with options {options}"
            # 20 steps of some ten roundings of 1e-16 each
            assert_same(param.detach().cpu(), expected, meaning, rtol=1e-12, atol=1e-14)


def test_a_bias_that_starts_at_zero_moves(device):
    got = moved([0.0, 0.0, 0.0], [1.0, -2.0, 0.0], device)
    meaning = (
        "where the weights are all 0 the step is the rate times Adam's own; 0 would mean that a "
        "bias that starts at zero stays there for ever"
    )
    assert_close(got, [-0.1, 0.1, 0.0], meaning)


def test_a_zero_gradient_makes_no_nan(device):
    for start in ([0.0, 0.0], [3.0, -4.0]):
        got = moved(start, [0.0, 0.0], device)
        meaning = f"with gradients of 0 and no decay {start} has nowhere to go; NaN is 0 / 0"
        assert_close(got, [0.0, 0.0], meaning)


def test_a_tensor_without_gradient_stays(device):
    moving = parameter([3.0, 4.0], [1.0, -2.0], device)
    resting = parameter([5.0, 6.0], [1.0, 1.0], device)
    never = parameter([7.0, 8.0], None, device)
    optimizer = Lamb([moving, never, resting], lr=0.1, weight_decay=0.5)
    take_step(optimizer)
    resting.grad = None
    with unchanged(resting, never):
        take_step(optimizer)


def test_each_tensor_counts_its_own_steps(device):
    first = parameter([3.0, 4.0], [1.0, -2.0], device)
    late = parameter([3.0, 4.0], None, device)
    optimizer = Lamb([first, late], lr=0.1, weight_decay=0.5)
    take_step(optimizer)
    late.grad = torch.tensor([1.0, -2.0], device=device)
    before = late.detach().clone()
    take_step(optimizer)
    got = late.detach() - before
    got = got / got.norm()
    meaning = (
        "the optimizer's second step is the first with a gradient for this tensor, so both of its "
        "averages are debiased as such: along (2.5, 1)"
    )
    assert_close(got, [-2.5 / sqrt(7.25), -1 / sqrt(7.25)], meaning)


def test_a_new_optimizer_goes_on_from_the_state(device, generator):
    assert_goes_on(device, generator, lr=0.1, weight_decay=0.5)


def test_a_new_optimizer_goes_on_without_decay(device, generator):
    assert_goes_on(device, generator, lr=0.1, betas=(0.9, 0.9), eps=0.0)


def test_each_group_has_its_own_rate(device):
    one = parameter([[3.0, 4.0]], [[1.0, -2.0]], device)
    other = parameter([[3.0, 4.0]], [[1.0, -2.0]], device)
    groups = [{"params": [one], "lr": 0.2}, {"params": [other]}]
    lengths = lengths_of(Lamb(groups, lr=0.1), [one, other])
    assert_number(lengths[0], 1.0, "weights of norm 5 in a group of rate 0.2 move by 1")
    assert_number(lengths[1], 0.5, "weights of norm 5 in a group without a rate move by 0.1 of it")


def test_each_group_moves(device):
    one = parameter([[3.0, 4.0]], [[1.0, -2.0]], device)
    other = parameter([[6.0, 8.0]], [[1.0, -2.0]], device)
    got = lengths_of(Lamb([{"params": [one]}, {"params": [other]}], lr=0.1), [one, other])[1]
    assert_number(got, 1.0, "the second of two groups, with weights of norm 10, moves by 1")


def test_a_rate_can_be_changed_between_steps(device):
    param = parameter([[3.0, 4.0]], [[1.0, -2.0]], device)
    optimizer = Lamb([param], lr=0.1)
    optimizer.param_groups[0]["lr"] = 0.2
    [got] = lengths_of(optimizer, [param])
    assert_number(got, 1.0, "the rate in the group was set from 0.1 to 0.2: 5 moves by 1, not 0.5")


def test_a_closure_can_compute_gradients(device):
    param = parameter([[3.0, 4.0]], None, device)
    calls = []

    def closure():
        calls.append(None)
        loss = (param * torch.tensor([[1.0, -2.0]], device=device)).sum()
        loss.backward()
        return loss

    optimizer = Lamb([param], lr=0.1)
    before = param.detach().clone()
    answer_of(
        lambda: optimizer.step(closure), "a closure that calls backward can be handed to step"
    )
    assert len(calls) == 1, f"the closure is called once, it was called {len(calls)} times"
    got = (param.detach() - before).norm().item()
    assert_number(got, 0.5, "weights of norm 5 move by 0.5, by the gradients of the closure")


def test_what_the_closure_returned_comes_back(device):
    param = parameter([3.0, 4.0], [1.0, -2.0], device)
    loss = torch.tensor(0.25, device=device)
    got = answer_of(lambda: Lamb([param]).step(lambda: loss), "step takes a closure")
    assert got is loss, f"step returns what the closure returned, the loss of 0.25, got {got!r}"
    got = take_step(Lamb([param]))
    assert got is None, f"without a closure step returns None, got {got!r}"


def test_gradients_are_left_as_they_are(device):
    param = parameter([3.0, 4.0], [1.0, -2.0], device)
    optimizer = Lamb([param], lr=0.1, weight_decay=0.5)
    with unchanged(param.grad):
        take_step(optimizer)
        take_step(optimizer)


def test_tensors_move_in_place(device):
    param = parameter([3.0, 4.0], [1.0, -2.0], device)
    window = param.detach()
    take_step(Lamb([param], lr=0.1))
    assert torch.equal(window, param.detach()), (
        f"who looks at the tensor's memory sees {window.tolist()}, the tensor is "
        f"{param.tolist()}: it was given new memory, not moved in place"
    )
    assert param.requires_grad, "the tensor required grad before, and does not any more"
    assert param.is_leaf, "the tensor is no leaf any more: its step was recorded as a graph"


@pytest.mark.parametrize("tensors", [1, 10, 100])
def test_benchmark(bench, device, generator, tensors):
    def made(program):
        def two_steps(start, *gradients):
            params = [weights.clone().requires_grad_() for weights in start]
            optimizer = program(params, lr=0.1, weight_decay=0.1)
            for grads in gradients:
                give(params, grads)
                optimizer.step()
            return [param.detach() for param in params]

        return two_steps

    def inputs():
        return tuple(torch.randn(3, tensors, 64, 64, generator=generator).to(device))

    bench(None, Lamb, inputs, made=made)


def parameter(values, gradient, device):
    made = torch.tensor(values, device=device, requires_grad=True)
    if gradient is not None:
        made.grad = torch.tensor(gradient, device=device)
    return made


def moved(values, gradient, device, **options):
    """By how much a first step moves a tensor, at rate 0.1."""
    param = parameter(values, gradient, device)
    before = param.detach().clone()
    take_step(Lamb([param], lr=0.1, **options))
    return param.detach() - before


def lengths_of(optimizer, params):
    """How far a step moves each of the parameters."""
    before = [param.detach().clone() for param in params]
    take_step(optimizer)
    return [(p.detach() - b).norm().item() for p, b in zip(params, before, strict=True)]


def take_step(optimizer):
    return answer_of(optimizer.step, "a step can be made")


def assert_number(got, expected, meaning, rel=1e-5):
    """By default for moves of 0.3 and more, as differences of numbers below 10 with 7 digits."""
    assert abs(got - expected) <= rel * expected, f"{meaning}: expected {expected:g}, got {got:g}"


def assert_close(got, expected, meaning):
    # eps and differences of float32 numbers up to 400 leave 1e-6 of them
    assert_same(got.cpu(), torch.tensor(expected), meaning, rtol=1e-4, atol=1e-6)


def drawn(generator):
    """Two tensors of unlike scale, and the gradients of 20 steps, of unlike scale too."""
    shapes, scales = ((3, 2), (4,)), (5.0, 0.01)
    start = [
        scale * torch.randn(shape, generator=generator, dtype=torch.float64)
        for shape, scale in zip(shapes, scales, strict=True)
    ]
    gradients = [
        [
            scale * torch.randn(shape, generator=generator, dtype=torch.float64)
            for shape, scale in zip(shapes, (3.0, 0.02), strict=True)
        ]
        for _ in range(20)
    ]
    return start, gradients


def give(params, grads):
    """Put new gradients where the old ones were, as backward does after zero_()."""
    for param, grad in zip(params, grads, strict=True):
        if param.grad is None:
            param.grad = torch.empty_like(param)
        with torch.no_grad():
            param.grad.copy_(grad)


def formulas(w, gradients, lr=1e-3, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.0):
    """LAMB as published, with the norm itself in the ratio."""
    w, m, v = w.clone(), torch.zeros_like(w), torch.zeros_like(w)
    for t, g in enumerate(gradients, 1):
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g * g
        u = (m / (1 - betas[0] ** t)) / ((v / (1 - betas[1] ** t)).sqrt() + eps) + weight_decay * w
        w = w - lr * (w.square().sum().sqrt() / u.square().sum().sqrt()) * u
    return w


def assert_goes_on(device, generator, **options):
    """Six steps, and the last three by a new optimizer too: the same weights, to the bit."""
    start = torch.randn(3, 2, generator=generator)
    gradients = torch.randn(6, 3, 2, generator=generator)
    param = start.to(device, copy=True).requires_grad_()
    optimizer = Lamb([param], **options)
    for number, grad in enumerate(gradients):
        if number == 3:
            copy = param.detach().clone().requires_grad_()
            resumed = Lamb([copy])
            resumed.load_state_dict(deepcopy(optimizer.state_dict()))
        give([param], [grad])
        take_step(optimizer)
        if number >= 3:
            give([copy], [grad])
            take_step(resumed)
    assert torch.equal(copy.detach(), param.detach()), (
        "a new optimizer with the state_dict of the old one makes the same steps, to the bit: "
        f"{param.tolist()}, got {copy.tolist()}: something that the steps need is not in it"
    )
