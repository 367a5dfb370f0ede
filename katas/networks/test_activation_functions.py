from itertools import pairwise, product

import pytest
import torch
from torch import nn

from dojo.checks import answer_of, assert_refused, assert_same, unchanged
from katas.networks.activation_functions import collapse


def test_an_early_bias_goes_through_the_later_weights(device):
    single = merged([layer([[2.0]], [1.0]), layer([[3.0]], [4.0])], device)
    meaning = (
        "3(2x + 1) + 4 is 6x + 7; 6x + 5 would mean that the biases were only added up, 6x + 4 "
        "that the first one was lost"
    )
    assert_outputs(single, [[0.0], [1.0], [-2.0]], [[7.0], [13.0], [-5.0]], device, meaning)


def test_the_later_layer_multiplies_from_the_left(device):
    turn, stretch = layer([[0.0, -1.0], [1.0, 0.0]]), layer([[3.0, 0.0], [0.0, 1.0]])
    single = merged([turn, stretch], device)
    meaning = (
        "(1, 2) is turned to (-2, 1), then its first number is tripled; (-2, 3) would mean that "
        "the weights were multiplied in the other order"
    )
    assert_outputs(single, [[1.0, 2.0]], [[-6.0, 1.0]], device, meaning)


def test_a_bias_counts_once(device):
    single = merged([layer([[2.0, 0.0], [0.0, 3.0]], [1.0, -1.0])], device)
    meaning = (
        "(2a + 1, 3b - 1) at (5, 1); biases that count more often would mean that they got into "
        "the weights"
    )
    assert_outputs(single, [[5.0, 1.0]], [[11.0, 2.0]], device, meaning)


def test_one_layer_is_its_own_match(device, generator):
    for bias in (True, False):
        assert_merges(stack((4, 3), (bias,), generator), device, generator)


def test_one_square_layer_is_its_own_match(device, generator):
    for bias in (True, False):
        assert_merges(stack((3, 3), (bias,), generator), device, generator)


def test_two_layers_are_one(device, generator):
    for sizes in ((3, 5, 2), (4, 1, 6), (1, 7, 1)):
        assert_merges(stack(sizes, (True, True), generator), device, generator)


def test_six_layers_are_one(device, generator):
    sizes = (5, 8, 3, 7, 2, 6, 4)
    for _ in range(3):
        assert_merges(stack(sizes, (True,) * 6, generator), device, generator)


def test_square_layers_are_one(device, generator):
    for count in (2, 3, 4, 5, 6):
        layers = stack((3,) * (count + 1), (True,) * count, generator)
        assert_merges(layers, device, generator)


def test_no_layer_need_have_a_bias(device, generator):
    for count in (1, 2, 4):
        layers = stack((3, 5, 2, 4, 3)[: count + 1], (False,) * count, generator)
        assert_merges(layers, device, generator)


def test_a_bias_of_the_first_layer_alone_counts(device, generator):
    for count in (2, 3, 4):
        biases = (True, *[False] * (count - 1))
        layers = stack((3, 5, 2, 4, 3)[: count + 1], biases, generator)
        assert_merges(layers, device, generator)


def test_a_bias_of_the_last_layer_alone_counts(device, generator):
    for count in (2, 3, 4):
        biases = (*[False] * (count - 1), True)
        layers = stack((3, 5, 2, 4, 3)[: count + 1], biases, generator)
        assert_merges(layers, device, generator)


def test_a_layer_without_bias_between_others_will_do(device, generator):
    assert_merges(stack((3, 5, 4, 2), (True, False, True), generator), device, generator)


def test_every_mixture_of_biases(device, generator):
    for biases in product((True, False), repeat=4):
        assert_merges(stack((3, 5, 2, 4, 3), biases, generator), device, generator)


def test_the_outputs_at_0_agree(device, generator):
    layers = stack((3, 5, 2), (True, True), generator, device)
    x = torch.zeros(1, 3, device=device)
    expected = run_all(layers, x)
    meaning = "at 0 the weights of the first layer have no say: what is left are the biases"
    assert_same(run(merged(layers, device), x), expected, meaning)


def test_float64_stays_float64(device, float64, generator):
    layers = [each.to(float64) for each in stack((3, 5, 2, 4), (True, False, True), generator)]
    assert_merges(layers, device, generator)


def test_layers_may_come_in_a_tuple(device, generator):
    layers = stack((3, 5, 2), (True, True), generator, device)
    x = torch.randn(6, 3, generator=generator).to(device)
    expected = run_all(layers, x)
    single = answer_of(lambda: collapse(tuple(layers)), "two layers in a tuple become one")
    assert_same(run(single, x), expected, "layers in a tuple, as in a list")


def test_it_is_a_linear_layer_of_torch(device, generator):
    for count in (1, 3):
        single = merged(stack((3, 5, 2, 4)[: count + 1], (True,) * count, generator), device)
        assert isinstance(single, nn.Linear), (
            f"{count} layers become one nn.Linear, got a {type(single).__name__}"
        )


def test_the_sizes_are_true(device, generator):
    for sizes in ((3, 4), (3, 5, 2), (2, 2, 7, 5)):
        single = merged(stack(sizes, (True,) * (len(sizes) - 1), generator), device)
        got = single.in_features, single.out_features
        assert got == (sizes[0], sizes[-1]), (
            f"layers of sizes {sizes} become one from {sizes[0]} to {sizes[-1]}: in_features and "
            f"out_features say {got}"
        )


def test_the_layers_stay_as_they_are(device, generator):
    for biases in ((True,), (True, True, True), (False, True, False)):
        layers = stack((3, 5, 2, 3)[: len(biases) + 1], biases, generator, device)
        before = parameters(layers)
        with unchanged(*before):
            merged(layers, device)
        now = parameters(layers)
        same = len(now) == len(before) and all(a is b for a, b in zip(now, before, strict=True))
        assert same, (
            f"{described(layers)} had {len(before)} parameters and now have other ones: the result "
            "is a layer of its own, and not one of these"
        )
        got = [(each.in_features, each.out_features) for each in layers]
        wanted = [tuple(each.weight.shape[::-1]) for each in layers]
        assert got == wanted, f"layers of sizes {wanted} now say that they have sizes {got}"


def test_a_single_layer_is_copied(device, generator):
    for bias in (True, False):
        assert_copied(stack((3, 4), (bias,), generator, device), device)


def test_several_layers_share_nothing_with_the_result(device, generator):
    for biases in product((True, False), repeat=3):
        assert_copied(stack((3, 5, 2, 4), biases, generator, device), device)


def test_a_relu_between_the_layers_is_refused(device, generator):
    for place in (0, 1, 2):
        assert_not_merged(nn.ReLU(), place, device, generator)


def test_an_activation_at_the_end_is_refused(device, generator):
    assert_not_merged(nn.Sigmoid(), 3, device, generator)


def test_other_modules_are_refused_too(device, generator):
    for other in (nn.Dropout(0.5), nn.Softplus(), nn.Sequential(nn.Linear(3, 3))):
        assert_not_merged(other, 1, device, generator)


def test_a_norm_has_weights_and_is_refused(device, generator):
    for other in (nn.LayerNorm(3), nn.BatchNorm1d(3)):
        assert_not_merged(other, 1, device, generator)


def test_a_relu_alone_is_refused(device):
    for layers in ([nn.ReLU()], [nn.ReLU(), nn.Tanh()]):
        why = "there is no linear layer"
        assert_refused(lambda: collapse(layers), TypeError, why)


def test_the_error_names_the_class(device, generator):
    for other in (nn.ReLU(), nn.Tanh(), nn.Dropout(0.5), nn.LayerNorm(3)):
        name = type(other).__name__
        layers = stack((3, 3, 3), (True, True), generator, device)
        layers.insert(1, other.to(device))
        why = f"a {name} between two layers"
        assert_refused(lambda: collapse(layers), TypeError, why, mentions=(name,))


def test_no_layers_are_refused(device):
    for empty in ([], ()):
        assert_refused(lambda: collapse(empty), ValueError, "there is no layer to begin with")


@pytest.mark.parametrize("layers", [1, 10, 100])
def test_benchmark(bench, device, generator, layers):
    def inputs():
        drawn = stack((64,) * (layers + 1), (True,) * layers, generator, device)
        for each in drawn:
            each.bias.data /= 100  # large sums of biases would round by more than is tolerated
        return (drawn,)

    def made(program):
        return lambda layers: tuple(program(layers).state_dict().values())

    bench(input_by_input, collapse, inputs, made=made)


@torch.no_grad()
def input_by_input(layers):
    """The weight, a column for each input that is 1 while the others are 0, and the bias."""
    columns = []
    for column in torch.eye(layers[0].in_features, device=layers[0].weight.device):
        for each in layers:
            column = each.weight @ column
        columns.append(column)
    zeros = torch.zeros_like(layers[0].weight[0])
    return torch.stack(columns, dim=1), run_all(layers, zeros)


def layer(weight, bias=None):
    """A layer with these weights, and with this bias or none."""
    weight = torch.tensor(weight)
    made = nn.Linear(*weight.shape[::-1], bias=bias is not None)
    with torch.no_grad():
        made.weight.copy_(weight)
        if bias is not None:
            made.bias.copy_(torch.tensor(bias))
    return made


def stack(sizes, biases, generator, device="cpu"):
    """Layers from each size to the next, drawn as large as keeps the outputs near 1."""
    layers = []
    for (n_in, n_out), bias in zip(pairwise(sizes), biases, strict=True):
        made = nn.Linear(n_in, n_out, bias=bias)
        with torch.no_grad():
            made.weight.copy_(torch.randn(n_out, n_in, generator=generator) / n_in**0.5)
            if bias:
                made.bias.copy_(torch.randn(n_out, generator=generator))
        layers.append(made.to(device))
    return layers


def parameters(layers):
    return [param for each in layers for param in each.parameters()]


def merged(layers, device):
    layers = [each.to(device) for each in layers]
    return answer_of(lambda: collapse(layers), f"{described(layers)} become one")


def described(layers):
    each = (
        f"{made.in_features}->{made.out_features}{'' if made.bias is not None else ' without bias'}"
        for made in layers
    )
    return f"layers {', '.join(each)}"


def run(single, x):
    why = f"the collapsed layer takes an input of shape {tuple(x.shape)}"
    got = answer_of(lambda: single(x), why)
    return got.detach() if isinstance(got, torch.Tensor) else got


def run_all(layers, x):
    with torch.no_grad():
        for each in layers:
            x = each(x)
    return x


def assert_outputs(single, x, expected, device, meaning):
    got = run(single, torch.tensor(x, device=device))
    assert_same(got, torch.tensor(expected, device=device), meaning)


def assert_merges(layers, device, generator):
    layers = [each.to(device) for each in layers]
    x = torch.randn(6, layers[0].in_features, generator=generator).to(layers[0].weight)
    expected = run_all(layers, x)
    single = merged(layers, device)
    assert_same(run(single, x), expected, f"{described(layers)}, run one after the other")


def assert_copied(layers, device):
    before = [param.detach().clone() for param in parameters(layers)]
    single = merged(layers, device)

    def change():
        with torch.no_grad():
            for param in single.parameters():
                param.zero_()

    answer_of(change, "the result can be changed")
    meaning = "the parameters of the result were set to 0, and the layers' own went with them"
    for now, then in zip(parameters(layers), before, strict=True):
        assert_same(now.detach(), then, meaning)


def assert_not_merged(other, place, device, generator):
    """Assert that collapse refuses a module put into this place among three square layers."""
    layers = stack((3, 3, 3, 3), (True, True, True), generator, device)
    layers.insert(place, other.to(device))
    why = f"a {type(other).__name__} in place {place} of {len(layers)} is not linear"
    assert_refused(lambda: collapse(layers), TypeError, why)
