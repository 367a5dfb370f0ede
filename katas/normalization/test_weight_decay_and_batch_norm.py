from copy import deepcopy
from math import sqrt

import pytest
import torch
from torch import nn

from dojo.checks import answer_of, assert_same
from katas.normalization.weight_decay_and_batch_norm import scale_effect


@pytest.mark.parametrize("k", [2, 10, 100])
def test_outputs_behind_a_batch_norm_stay(device, digits, generator, k):
    layer, norm, x, y = of_digits(digits, generator, device)
    change, _ = effect(layer, norm, x, y, k)
    assert 0 <= change < 0.01, (
        f"the batch norm divides by a deviation that is {k} times as large, so no output changes "
        f"by 0.01, got {change}: 0.5 and more would mean that the norm was in eval mode, or that "
        "it was the layer's outputs that were compared"
    )


@pytest.mark.parametrize("k", [2, 10, 100])
def test_the_gradient_becomes_k_times_smaller(device, digits, generator, k):
    layer, norm, x, y = of_digits(digits, generator, device)
    _, ratio = effect(layer, norm, x, y, k)
    assert abs(ratio * k - 1) < 0.01, (
        f"at {k} times the weight the gradient is 1/{k} = {1 / k:g} as long, got {ratio}: {k} "
        f"would mean old over new, {1 + 1 / k:g} that the first gradient was added to the second, "
        "1 that the gradient was the one by the old weight, anything else a loss that is not "
        "mse_loss: the sum of the outputs has no gradient but what rounding leaves"
    )


def test_a_step_turns_the_weight_1_over_k_squared_as_far(device, digits, generator):
    layer, norm, x, y = of_digits(digits, generator, device)
    k = 2
    _, ratio = effect(layer, norm, x, y, k)
    larger = deepcopy(layer)
    larger.weight.data *= k
    turned, turned_larger = (turn_of_a_step(each, norm, x, y, lr=0.1) for each in (layer, larger))
    expected = (turned_larger / turned).item()
    assert abs(ratio / k / expected - 1) < 0.01, (
        f"one step of SGD turns the weight, to which its gradient is perpendicular, {expected:.4f} "
        f"times as far when it is {k} times as large; a gradient that is {ratio} as long, on a "
        f"weight {k} times as long, would turn it {ratio / k:.4f} times as far"
    )


def test_a_convolution_behaves_alike(device, generator):
    layer = nn.Conv2d(2, 3, 3).to(device)
    draw(layer, generator)
    x = torch.randn(5, 2, 7, 6, generator=generator).to(device)
    y = torch.randn(5, 3, 5, 4, generator=generator).to(device)
    change, ratio = effect(layer, nn.BatchNorm2d(3).to(device), x, y, 4.0)
    assert change < 0.01, f"channels are normalised as features are, a change of {change} is not"
    assert abs(ratio * 4 - 1) < 0.01, f"at 4 times the weight the ratio is 0.25, got {ratio}"


def test_a_lone_layer_is_scaled_in_full(device):
    layer = lone_layer([[1.0, -2.0]], None, device)
    # Outputs 1, -2 and 5, and at k = 3 they are 3, -6 and 15.
    x, y = tensor([[1.0, 0.0], [0.0, 1.0], [1.0, -2.0]], device), tensor([[0.0]] * 3, device)
    change, ratio = effect(layer, nn.Identity(), x, y, 3.0)
    meaning = "0 would mean that there was always a norm"
    assert close(change, 10), f"from 5 to 15 is a change of 10, got {change}: {meaning}"
    meaning = "9 would mean that the gradient was multiplied by k, 1/3 that nothing was measured"
    assert close(ratio, 3), f"towards 0 the gradient grows with the weight, got {ratio}: {meaning}"


def test_as_far_beyond_the_target_the_gradient_is_as_long(device):
    layer = lone_layer([[1.0]], None, device)
    x, y = tensor([[1.0], [1.0]], device), tensor([[3.0], [3.0]], device)
    _, ratio = effect(layer, nn.Identity(), x, y, 5.0)
    assert close(ratio, 1), (
        f"1 is short of 3 by 2, 5 is beyond by 2: gradients of one length, got {ratio}: 0 would "
        "mean that one was added to the other, 5 the gradient by the old weight"
    )


def test_a_k_of_1_changes_nothing(device, digits, generator):
    layer, norm, x, y = of_digits(digits, generator, device)
    change, ratio = effect(layer, norm, x, y, 1)
    assert change < 1e-5, f"the weight times 1 gives the outputs as they were, got {change}"
    assert close(ratio, 1), f"the weight times 1 has the gradient that it had, got {ratio}"


def test_a_negative_k_turns_the_outputs_round(device, generator):
    layer, x, y = small(generator, device)
    change, ratio = effect(layer, nn.BatchNorm1d(3).to(device), x, y, -2.0)
    outputs = nn.functional.batch_norm(layer(x).detach(), None, None, training=True)
    expected = 2 * outputs.abs().max().item()
    assert abs(change - expected) < 0.01, (
        f"at k = -2 the outputs change their sign, and {expected / 2:.3f} changes most, by "
        f"{expected:.3f}, got {change}"
    )
    assert abs(ratio * 2 - 1) < 0.01, (
        f"a length has no sign: at k = -2 the gradient is half as long, got {ratio}"
    )


def test_eps_decides_where_outputs_are_small(device):
    layer = lone_layer([[0.01]], None, device)
    x, y = tensor([[-1.0], [0.5], [3.5]], device), tensor([[1.0], [2.0], [0.0]], device)
    # Outputs -0.01, 0.005, 0.035: mean 0.01, variance 3.5e-4; at k = 0.1 it is 3.5e-6.
    expected = 0.025 / sqrt(3.5e-4 + 1e-5) - 0.0025 / sqrt(3.5e-6 + 1e-5)
    change, _ = effect(layer, nn.BatchNorm1d(1).to(device), x, y, 0.1)
    assert abs(change - expected) < 0.001, (
        f"at k = 0.1 the variance, 3.5e-6, is below eps, 1e-5, and the last output shrinks by "
        f"{expected:.3f}, got {change}: 0 would mean that eps was left out"
    )


def test_the_bias_is_not_scaled(device):
    layer = lone_layer([[1.0, -2.0]], [4.0], device)
    x, y = tensor([[1.0, 0.0], [0.0, 1.0]], device), tensor([[0.0]] * 2, device)
    change, _ = effect(layer, nn.Identity(), x, y, 2.0)
    assert close(change, 2), (
        f"times 2 the outputs 1 + 4 and -2 + 4 become 2 + 4 and -4 + 4, a change of 2, got "
        f"{change}: 5 would mean that the bias of 4 was scaled too"
    )


def test_the_gradient_is_that_of_the_weight(device):
    layer = lone_layer([[1.0, -2.0]], [4.0], device)
    x, y = tensor([[1.0, 0.0], [0.0, 1.0]], device), tensor([[0.0]] * 2, device)
    # Errors are the outputs: 5 and 2, so x has them collected as (5, 2); at k = 2 (6, 0).
    _, ratio = effect(layer, nn.Identity(), x, y, 2.0)
    assert close(ratio, 6 / sqrt(29)), (
        f"the gradient by the weight goes from (5, 2) to (6, 0), 6 / sqrt(29) = 1.114 times as "
        f"long, got {ratio}: 6/7 would mean the gradient by the bias"
    )


def test_the_sign_of_a_change_does_not_count(device):
    layer = lone_layer([[1.0]], None, device)
    x, y = tensor([[-1.0], [0.25]], device), tensor([[0.0], [0.0]], device)
    change, _ = effect(layer, nn.Identity(), x, y, 3.0)
    assert close(change, 2), (
        f"-1 becomes -3, 0.25 becomes 0.75: a change of 2, got {change}: 0.5 would mean that only "
        "increases were looked at"
    )


def test_the_change_is_that_of_one_output(device):
    layer = lone_layer([[1.0]], None, device)
    x, y = tensor([[-3.0], [1.0], [2.0]], device), tensor([[0.0]] * 3, device)
    change, _ = effect(layer, nn.Identity(), x, y, -1.0)
    assert close(change, 6), (
        f"-3 becomes 3, 1 becomes -1, 2 becomes -2: the first changes by 6, got {change}: 4 would "
        "mean the mean of the changes, 1 the largest output after less the largest before"
    )


def test_the_change_is_no_share_of_the_output(device):
    layer = lone_layer([[4.0]], None, device)
    x, y = tensor([[2.0], [1.0]], device), tensor([[0.0], [0.0]], device)
    change, _ = effect(layer, nn.Identity(), x, y, 1.5)
    assert close(change, 4), f"from 8 to 12 is a change of 4, got {change}: 0.5 would be a share"


def test_a_gradients_length_is_that_of_all_its_numbers(device):
    layer = lone_layer([[1.0, 1.0]], None, device)
    x, y = tensor([[1.0, 0.0], [0.0, 1.0]], device), tensor([[-2.0], [3.0]], device)
    # Errors 3 and -2, at k = 2 they are 4 and -1.
    _, ratio = effect(layer, nn.Identity(), x, y, 2.0)
    assert close(ratio, sqrt(17 / 13)), (
        f"from (3, -2) to (4, -1) is sqrt(17 / 13) = 1.144 times as long, got {ratio}: 4/3 would "
        "mean the largest number, 1 the sum of absolute values"
    )


def test_both_results_are_floats(device, generator):
    layer, x, y = small(generator, device)
    got = scale_effect(layer, nn.BatchNorm1d(3).to(device), x, y, 2.0)
    assert isinstance(got, tuple), f"a tuple of two floats, got {type(got).__name__}"
    kinds = [type(number).__name__ for number in got]
    assert kinds == ["float", "float"], f"two Python floats, got {kinds}"


def test_a_norm_in_eval_mode_is_judged_in_training(device, generator):
    layer, x, y = small(generator, device)
    change, _ = effect(layer, nn.BatchNorm1d(3).to(device).eval(), x, y, 2.0)
    assert change < 0.01, (
        f"a norm that comes in eval mode is measured in training mode all the same, got {change}: "
        "running statistics know nothing of a larger weight"
    )


@pytest.mark.parametrize("k", [0.5, 2.0])
def test_the_weight_is_as_before(device, generator, k):
    layer, x, y = small(generator, device)
    before = layer.weight.detach().clone()
    effect(layer, nn.BatchNorm1d(3).to(device), x, y, k)
    meaning = f"{k} times the values would mean that the weight was left scaled"
    assert_same(layer.weight.detach(), before, meaning, rtol=0, atol=0)


def test_the_weight_is_as_before_to_the_last_bit(device, generator):
    layer = nn.Linear(7, 300).to(device)
    draw(layer, generator)
    before = layer.weight.detach().clone()
    x = torch.randn(5, 7, generator=generator).to(device)
    y = torch.randn(5, 300, generator=generator).to(device)
    effect(layer, nn.BatchNorm1d(300).to(device), x, y, 0.3)
    meaning = "times k and divided by k rounds twice; keep the old values"
    assert_same(layer.weight.detach(), before, meaning, rtol=0, atol=0)


def test_the_parameter_is_the_same_one(device, generator):
    layer, x, y = small(generator, device)
    weight = layer.weight
    effect(layer, nn.BatchNorm1d(3).to(device), x, y, 2.0)
    assert layer.weight is weight, "layer.weight is another object: an optimiser would lose it"


def test_running_statistics_are_as_before(device, generator):
    layer, x, y = small(generator, device)
    norm = nn.BatchNorm1d(3).to(device)
    norm(5 + layer(x).detach())
    before = {name: buffer.clone() for name, buffer in norm.named_buffers()}
    effect(layer, norm, x, y, 2.0)
    for name, buffer in norm.named_buffers():
        meaning = f"{name} moved: a forward pass in training mode updates it"
        assert_same(buffer, before[name], meaning, rtol=0, atol=0)


def test_a_norm_in_training_mode_comes_back_in_it(device, generator):
    layer, x, y = small(generator, device)
    norm = nn.BatchNorm1d(3).to(device)
    layer.eval()
    effect(layer, norm, x, y, 2.0)
    assert norm.training, "norm came in training mode and was left in eval mode"
    assert not layer.training, "layer came in eval mode and was left in training mode"


def test_a_norm_in_eval_mode_comes_back_in_it(device, generator):
    layer, x, y = small(generator, device)
    norm = nn.BatchNorm1d(3).to(device).eval()
    effect(layer, norm, x, y, 2.0)
    assert not norm.training, "norm came in eval mode and was left in training mode"
    assert layer.training, "layer came in training mode and was left in eval mode"


def test_no_gradient_is_left_behind(device, generator):
    layer, x, y = small(generator, device)
    effect(layer, nn.BatchNorm1d(3).to(device), x, y, 2.0)
    left = [name for name, param in layer.named_parameters() if param.grad is not None]
    assert not left, f"{left} of the layer had .grad None before, and have a gradient now"


def test_the_norms_own_gradients_are_as_before(device, generator):
    layer, x, y = small(generator, device)
    norm = nn.BatchNorm1d(3).to(device)
    norm.bias.grad = tensor([1.0, -2.0, 3.0], device)
    effect(layer, norm, x, y, 2.0)
    assert norm.weight.grad is None, "norm.weight had no gradient, and has one now"
    assert_same(norm.bias.grad, tensor([1.0, -2.0, 3.0], device), "norm.bias had this gradient")


def test_inputs_collect_no_gradient(device, generator):
    layer, x, y = small(generator, device)
    x.requires_grad_()
    y.requires_grad_()
    effect(layer, nn.BatchNorm1d(3).to(device), x, y, 2.0)
    for name, t in (("x", x), ("y", y)):
        assert t.grad is None, f"{name}.grad was None, and now holds a gradient"


def test_a_gradient_from_before_is_still_there(device, generator):
    layer, x, y = small(generator, device)
    before = torch.full_like(layer.weight, 7.0)
    layer.weight.grad = before.clone()
    effect(layer, nn.BatchNorm1d(3).to(device), x, y, 2.0)
    got = layer.weight.grad
    assert got is not None, "layer.weight had a gradient, and has lost it"
    assert_same(got, before, "layer.weight had a gradient of sevens")


def test_a_gradient_from_before_does_not_count(device, generator):
    layer, x, y = small(generator, device)
    layer.weight.grad = torch.full_like(layer.weight, 7.0)
    _, ratio = effect(layer, nn.BatchNorm1d(3).to(device), x, y, 2.0)
    assert abs(ratio * 2 - 1) < 0.01, (
        f"half as long, whatever .grad held before, got {ratio}: something was added to it"
    )


@pytest.mark.parametrize("features", [10, 100, 1_000])
def test_benchmark(bench, device, generator, features):
    start = nn.Linear(features, features)
    draw(start, generator)

    def made(program):
        layer, norm = deepcopy(start).to(device), nn.BatchNorm1d(features).to(device)
        # At k = 2 no output would change; at -2 all change their sign.
        return lambda x, y: program(layer, norm, x, y, -2.0)

    def inputs():
        return tuple(torch.randn(2, 32, features, generator=generator).to(device))

    bench(None, scale_effect, inputs, made=made)


def effect(layer, norm, x, y, k):
    return answer_of(lambda: scale_effect(layer, norm, x, y, k), "the effect can be measured")


def turn_of_a_step(layer, norm, x, y, lr):
    """The tangent of the angle between a weight and what a step of SGD makes of it."""
    weight, gradient = layer.weight.detach(), gradient_of(layer, norm, x, y)
    along = (weight * gradient).sum() / (weight.norm() * gradient.norm())
    assert abs(along.item()) < 0.01, f"the gradient is perpendicular to the weight, not {along}"
    moved = weight - lr * gradient
    straight = (moved * weight).sum() / weight.norm()
    return (moved - straight * weight / weight.norm()).norm() / straight


def gradient_of(layer, norm, x, y):
    loss = nn.functional.mse_loss(deepcopy(norm).train()(layer(x)), y)
    return torch.autograd.grad(loss, layer.weight)[0]


def of_digits(digits, generator, device):
    """A layer with a norm behind it, 64 digits, and targets for it."""
    images = digits.images[:64].flatten(1) / 255
    layer = nn.Linear(images.shape[1], 16).to(device)
    draw(layer, generator)
    y = torch.randn(64, 16, generator=generator).to(device)
    return layer, nn.BatchNorm1d(16).to(device), images.to(device), y


def small(generator, device):
    """A layer from 4 to 3, and inputs and targets of 6 examples."""
    layer = nn.Linear(4, 3).to(device)
    draw(layer, generator)
    x = 2 * torch.randn(6, 4, generator=generator) + 1
    y = torch.randn(6, 3, generator=generator)
    return layer, x.to(device), y.to(device)


def draw(layer, generator):
    """Give weight and bias the sizes that PyTorch draws them with, from the generator."""
    bound = 1 / sqrt(layer.weight[0].numel())
    with torch.no_grad():
        for param in layer.parameters():
            param.copy_((2 * torch.rand(param.shape, generator=generator) - 1) * bound)


def lone_layer(weight, bias, device):
    """A layer with these numbers, and without a bias for None."""
    layer = nn.Linear(len(weight[0]), len(weight), bias=bias is not None)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(weight))
        if bias is not None:
            layer.bias.copy_(torch.tensor(bias))
    return layer.to(device)


def close(got, wanted):
    return abs(got - wanted) <= 1e-4 * abs(wanted)  # float32, a few operations long


def tensor(values, device):
    return torch.tensor(values, device=device)
