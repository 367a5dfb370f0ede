import pickle
from copy import deepcopy
from math import exp, log, log1p

import pytest
import torch
from torch import nn

from dojo.checks import answer_of, assert_same, unchanged
from dojo.counting import count
from katas.networks.function_or_module import Softplus, softplus

BETAS = (0.5, 1.0, 2.0, 7.0)


def test_at_0_it_is_log_2_over_beta(device):
    for beta in BETAS:
        got = softplus(torch.zeros((), device=device), beta)
        meaning = f"log(1 + exp(0)) / {beta}; 0 would mean relu, whose corner is not rounded"
        assert_same(got, torch.tensor(log(2) / beta, device=device), meaning)


def test_without_a_beta_it_is_1(device):
    x = torch.tensor([-1.0, 2.0], device=device)
    expected = torch.tensor([log1p(exp(-1)), log1p(exp(2))], device=device)
    assert_same(softplus(x), expected, "log(1 + exp(x)): the function's beta is 1 by default")
    got = run(made(), x)
    assert_same(got, expected, "log(1 + exp(x)): the module's beta is 1 by default")


def test_values_follow_the_formula(device):
    for beta in BETAS:
        x = [[-3.0, -1.5, -0.25], [0.5, 1.0, 4.0]]
        got = softplus(torch.tensor(x, device=device), beta)
        expected = [[log1p(exp(beta * each)) / beta for each in row] for row in x]
        meaning = f"log(1 + exp({beta} · x)) / {beta} at {x}"
        assert_same(got, torch.tensor(expected, device=device), meaning)


def test_beta_divides_too(device):
    got = softplus(torch.tensor([3.0], device=device), 4.0)
    meaning = "beta 4 at 3 is a little more than relu's 3; 12 would mean that beta only multiplies"
    assert_same(got, torch.tensor([log1p(exp(12)) / 4], device=device), meaning)


def test_beta_multiplies_too(device):
    got = softplus(torch.tensor([-2.0], device=device), 0.25)
    meaning = "log(1 + exp(-0.5)) / 0.25; 0.51 would mean that beta only divides"
    assert_same(got, torch.tensor([log1p(exp(-0.5)) / 0.25], device=device), meaning)


def test_a_larger_beta_is_nearer_to_relu(device):
    x = torch.tensor([-1.0, 0.5, 2.0], device=device)
    soft, sharp = ((softplus(x, beta) - x.relu()).abs().amax().item() for beta in (0.5, 8.0))
    assert sharp < soft, (
        f"at -1, 0.5 and 2 the curve is off relu by {soft:.3g} at most with beta 0.5, and by "
        f"{sharp:.3g} with beta 8, which is to be less: the larger beta, the sharper the corner"
    )


def test_a_small_beta_rounds_a_wide_corner(device):
    x, beta = [-30.0, 25.0, 60.0], 0.1
    got = softplus(torch.tensor(x, device=device), beta)
    expected = [log1p(exp(beta * each)) / beta for each in x]
    meaning = "with beta 0.1 the curve is well above relu at 25 and at -30"
    assert_same(got, torch.tensor(expected, device=device), meaning)


def test_the_value_at_1000_is_finite(device):
    for beta in (1.0, 5.0, 0.2):
        got = softplus(torch.tensor([1000.0, -1000.0], device=device), beta)
        assert got.isfinite().all(), (
            f"with beta {beta} about 1000 and 0 at 1000 and -1000, got {got.tolist()}: "
            f"exp({beta * 1000:.0f}) is too large for float32, and log does not bring it back"
        )


def test_the_value_at_1000_is_that_of_relu(device):
    for beta in (1.0, 5.0, 0.2):
        got = softplus(torch.tensor([1000.0, -1000.0, 150.0], device=device), beta)
        meaning = f"with beta {beta} the rounded corner is far away: 1000, 0 and 150"
        assert_same(got, torch.tensor([1000.0, 0.0, 150.0], device=device), meaning)


def test_the_slope_at_1000_is_1_or_0(device):
    for beta in (1.0, 5.0, 0.2):
        meaning = (
            f"with beta {beta} at 1000 and -1000 relu's slopes; NaN would mean an infinity times "
            "0, in the gradient of a value that was computed and not chosen"
        )
        assert_slopes([1000.0, -1000.0], beta, [1.0, 0.0], device, meaning)


def test_the_slope_at_0_is_a_half(device):
    for beta in BETAS:
        meaning = (
            f"with beta {beta} at 0; 0 would mean that relu and |x| each said 0 there, 1 a clamp"
        )
        assert_slopes([0.0], beta, [0.5], device, meaning)


def test_the_slope_is_a_sigmoid(device):
    for beta in BETAS:
        x = [-2.0, -0.5, 0.25, 1.5]
        expected = [1 / (1 + exp(-beta * each)) for each in x]
        assert_slopes(x, beta, expected, device, f"1 / (1 + exp(-{beta} · x)) at {x}")


def test_float64_stays_float64(device, float64):
    x = torch.tensor([-2.0, 0.0, 3.0], dtype=float64, device=device)
    expected = [log1p(exp(2 * each)) / 2 for each in (-2, 0, 3)]
    meaning = "log(1 + exp(2x)) / 2, in the dtype of x"
    assert_same(softplus(x, 2.0), torch.tensor(expected, dtype=float64, device=device), meaning)


def test_x_is_left_as_it_is(device):
    x = torch.tensor([[-2.0, 0.0, 3.0], [1.0, -1.0, 500.0]], device=device)
    with unchanged(x):
        softplus(x, 2.0)
        run(made(3.0), x)


def test_the_function_is_written_out(device):
    x = torch.tensor([-2.0, 3.0], device=device)
    layer = made(2.0)
    for call, what in ((lambda: softplus(x, 2.0), "function"), (lambda: layer(x), "module")):
        with count(device) as counts:
            answer_of(call, f"the {what} takes a vector")
        found = [name for name in counts.operations if "softplus" in name]
        assert not found, f"the {what} is to be made of other functions, it calls {found[0]}"


def test_it_is_a_module(device):
    layer = made(2.0)
    assert isinstance(layer, nn.Module), (
        "a Softplus is to be an nn.Module: no other object finds a place in a model"
    )


def test_a_module_can_be_called(device):
    got = run(made(2.0), torch.tensor([[1.0], [-1.0]], device=device))
    expected = [[log1p(exp(2)) / 2], [log1p(exp(-2)) / 2]]
    assert_same(got, torch.tensor(expected, device=device), "log(1 + exp(2x)) / 2 at 1 and -1")


def test_the_module_hands_its_beta_on(device):
    values = [-2.0, -0.5, 0.0, 1.5]
    for beta in BETAS:
        x = torch.tensor(values, device=device, requires_grad=True)
        meaning = (
            f"Softplus({beta}) gives what the function gives with beta {beta}; with beta 1 it "
            f"would be {[round(log1p(exp(each)), 4) for each in values]}"
        )
        expected = [log1p(exp(beta * each)) / beta for each in values]
        got = answer_of(lambda: made(beta)(x), "the module takes a vector")
        assert_same(got, torch.tensor(expected, device=device), meaning)
        answer_of(lambda: got.sum().backward(), "a gradient goes through the module")
        slopes = [1 / (1 + exp(-beta * each)) for each in values]
        assert_same(x.grad, torch.tensor(slopes, device=device), f"slopes with beta {beta}")


def test_two_modules_have_two_betas(device):
    x = torch.tensor([0.0], device=device)
    first, second = made(2.0), made(0.5)
    for layer, beta in ((first, 2.0), (second, 0.5)):
        meaning = f"log(2) / {beta}: another Softplus was made with another beta"
        assert_same(run(layer, x), torch.tensor([log(2) / beta], device=device), meaning)


def test_it_sits_in_a_sequential(device):
    def build():
        return nn.Sequential(nn.Flatten(), made(2.0), nn.ReLU()).to(device).eval()

    model = answer_of(build, "an nn.Sequential takes a Softplus")
    got = run(model, torch.tensor([[[1.0], [-1.0]]], device=device))
    expected = [[log1p(exp(2)) / 2, log1p(exp(-2)) / 2]]
    assert_same(got, torch.tensor(expected, device=device), "in a Sequential as by itself")


def test_there_is_nothing_to_learn(device):
    layer = made(2.0)
    got = answer_of(lambda: [name for name, _ in layer.named_parameters()], "parameters are listed")
    assert not got, (
        f"a Softplus has no parameters, this one has {', '.join(got)}: an optimiser would train it"
    )


def test_there_is_nothing_to_save(device):
    layer = made(2.0)
    got = list(answer_of(layer.state_dict, "state_dict() can be asked for"))
    assert not got, (
        f"the state_dict of a Softplus is empty, this one has {', '.join(got)}: a model with the "
        "function in its place could not load it"
    )


def test_forward_hooks_run(device):
    layer, seen = made(2.0), []

    def register():
        layer.register_forward_hook(lambda *call: seen.append(call))

    answer_of(register, "a forward hook can be registered")
    x = torch.tensor([0.0], device=device)
    out = answer_of(lambda: nn.Sequential(layer)(x), "a Softplus with a hook can be called")
    assert len(seen) == 1, (
        f"the forward hook runs once at a call, it ran {len(seen)} times: calling the module is "
        "what runs the hooks"
    )
    _, inputs, output = seen[0]
    assert inputs[0] is x, "the hook is handed the input"
    assert output is out, "the hook is handed the output"


def test_forward_pre_hooks_run(device):
    layer, seen = made(2.0), []

    def register():
        layer.register_forward_pre_hook(lambda _, inputs: seen.extend(inputs))

    answer_of(register, "a forward pre-hook can be registered")
    x = torch.tensor([0.0], device=device)
    answer_of(lambda: layer(x), "a Softplus with a hook can be called")
    assert len(seen) == 1, f"the forward pre-hook runs once at a call, it ran {len(seen)} times"


def test_a_deep_copy_has_its_beta(device):
    assert_copies(made(2.5), deepcopy, "a deep copy", device)


def test_it_pickles_with_its_beta(device):
    def through_pickle(layer):
        return pickle.loads(pickle.dumps(layer))

    assert_copies(made(2.5), through_pickle, "what comes out of a pickle", device)


def test_a_used_module_can_be_copied(device):
    layer = made(2.5)
    x = torch.tensor([1.0, 2.0], device=device, requires_grad=True)
    answer_of(lambda: layer(x).sum().backward(), "a gradient goes through the module")
    assert_copies(layer, deepcopy, "a deep copy of a module that was used", device)


def test_the_repr_says_beta(device):
    for beta in (2.5, 0.125):
        got = repr(made(beta))
        assert f"beta={beta}" in got, (
            f"the repr of Softplus({beta}) says beta={beta}, got {got!r}: a model is read by what "
            "it prints"
        )


@pytest.mark.parametrize("numbers", [100, 10_000, 1_000_000])
def test_benchmark(bench, device, generator, numbers):
    """Torch's own function, a single pass (here called loop), against a call of your module."""

    def inputs():
        return (torch.randn(numbers, generator=generator).to(device),)

    def functional(x):
        return nn.functional.softplus(x, 2.0)

    bench(functional, Softplus, inputs, made=lambda program: program(2.0).to(device))


def made(*beta):
    given = ", ".join(map(str, beta))
    return answer_of(lambda: Softplus(*beta), f"Softplus({given}) can be made")


def run(layer, x):
    why = f"an input of shape {tuple(x.shape)} goes through the module"
    return answer_of(lambda: layer(x), why)


def assert_slopes(values, beta, expected, device, meaning):
    x = torch.tensor(values, device=device, requires_grad=True)
    why = f"a gradient goes back to x from softplus with beta {beta}"
    answer_of(lambda: softplus(x, beta).sum().backward(), why)
    assert_same(x.grad, torch.tensor(expected, device=device), meaning)


def assert_copies(layer, copy, what, device):
    """Assert that a copy of a Softplus(2.5) is another one with this beta."""
    twin = answer_of(lambda: copy(layer), f"{what} can be had")
    assert twin is not layer, f"{what} is another object than the module"
    x = torch.tensor([-0.5, 0.0, 1.0], device=device)
    expected = [log1p(exp(2.5 * each)) / 2.5 for each in (-0.5, 0.0, 1.0)]
    meaning = f"{what} of Softplus(2.5) has its beta; 0.6931 in the middle would mean a beta of 1"
    assert_same(run(twin, x), torch.tensor(expected, device=device), meaning)
