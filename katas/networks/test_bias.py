import pytest
import torch
from torch import nn

from dojo.checks import answer_of, assert_same, unchanged
from katas.networks.bias import Linear


def test_at_0_the_output_is_the_bias(device):
    layer = filled([[2.0, -3.0], [0.5, 7.0], [1.0, 1.0]], [3.0, -1.0, 0.5], device)
    meaning = (
        "at 0 the weights have no say, what is left is the bias; 0 would mean that it is not "
        "added, its negative that it is taken off"
    )
    assert_outputs(layer, [[0.0, 0.0]], [[3.0, -1.0, 0.5]], device, meaning)


def test_at_0_as_many_outputs_as_inputs_are_the_bias(device):
    layer = filled([[2.0, -3.0], [0.5, 7.0]], [3.0, -1.0], device)
    meaning = (
        "at 0 what is left is the bias, added after the weights; [9, -5.5] would mean that it was "
        "added to the input and then weighted"
    )
    assert_outputs(layer, [[0.0, 0.0]], [[3.0, -1.0]], device, meaning)


def test_an_output_is_a_weighted_sum_plus_its_bias(device):
    layer = filled([[2.0, -3.0], [0.5, 4.0], [1.0, 1.0]], [3.0, -1.0, 0.5], device)
    meaning = "2·1 - 3·2 + 3, 0.5·1 + 4·2 - 1, and 1 + 2 + 0.5"
    assert_outputs(layer, [[1.0, 2.0]], [[-1.0, 7.5, 3.5]], device, meaning)


def test_without_bias_the_output_at_0_is_0(device, generator):
    for _ in range(3):
        layer = made(4, 3, device, bias=False)
        with torch.no_grad():
            layer.weight.copy_(torch.randn(layer.weight.shape, generator=generator))
        meaning = "without a bias nothing is added to the weighted sum of zeros"
        assert_outputs(layer, [[0.0] * 4] * 2, [[0.0] * 3] * 2, device, meaning)


def test_with_a_bias_the_line_is_found(device):
    loss = trained(made(1, 1, device), [[3.0]], [[2.0]], device)
    assert loss < 1e-6, (
        "y = 2x + 3 at x = -1, 0, 1 is reached by a weight of 2 and a bias of 3, with a loss of 0, "
        f"got {loss:.4g}: 9 would mean that the bias did not move from 0"
    )


def test_without_bias_the_line_is_out_of_reach(device):
    loss = trained(made(1, 1, device, bias=False), [[3.0]], [[2.0]], device)
    assert abs(loss - 9) < 1e-4, (
        "y = 2x + 3 at x = -1, 0, 1: the best weight is 2, and is off by 3 everywhere, a mean "
        f"square of 9, got {loss:.4g}: 0 would mean that a bias was learned all the same"
    )


def test_each_output_finds_its_own_line(device):
    loss = trained(made(1, 2, device), [[3.0, -1.0]], [[2.0, 1.0]], device)
    assert loss < 1e-6, (
        "y = (2x + 3, x - 1) needs two biases, 3 and -1, and is then reached with a loss of 0, got "
        f"{loss:.4g}: 4 would mean that both outputs share a bias of 1, 5 that none moved from 0"
    )


def test_the_state_dict_of_torch_fits(device):
    for n_in, n_out, bias in ((5, 3, True), (2, 2, True), (5, 3, False)):
        layer = made(n_in, n_out, device, bias=bias)
        oracle = nn.Linear(n_in, n_out, bias=bias)
        got, wanted = sorted(layer.state_dict()), sorted(oracle.state_dict())
        assert got == wanted, (
            f"{called(n_in, n_out, bias)}: torch's state_dict has {wanted}, this one {got}"
        )
        load(layer, oracle)
        for name, value in oracle.state_dict().items():
            assert_same(getattr(layer, name).detach(), value.to(device), f"{name} was loaded")


def test_the_outputs_for_a_batch_are_those_of_torch(device, generator):
    for n_in, n_out, bias in ((5, 3, True), (2, 4, True), (5, 3, False), (3, 1, True)):
        layer, oracle = pair(n_in, n_out, device, generator, bias)
        x = torch.randn(7, n_in, generator=generator).to(device)
        meaning = f"a batch of 7 through {called(n_in, n_out, bias)}, as torch's layer has it"
        assert_same(run(layer, x), oracle(x).detach(), meaning)


def test_a_square_layer_gives_the_outputs_of_torch(device, generator):
    layer, oracle = pair(3, 3, device, generator)
    x = torch.randn(4, 3, generator=generator).to(device)
    meaning = (
        "row i of the weight makes output i; columns in their place would mean that the weight was "
        "not transposed"
    )
    assert_same(run(layer, x), oracle(x).detach(), meaning)


def test_one_vector_gives_one_vector(device, generator):
    for bias in (True, False):
        layer, oracle = pair(5, 3, device, generator, bias)
        x = torch.randn(5, generator=generator).to(device)
        meaning = f"a vector of 5 through {called(5, 3, bias)}, no batch"
        assert_same(run(layer, x), oracle(x).detach(), meaning)


def test_axes_before_the_last_stay(device, generator):
    for bias in (True, False):
        layer, oracle = pair(5, 3, device, generator, bias)
        for axes in ((2, 4), (2, 1, 3)):
            x = torch.randn(*axes, 5, generator=generator).to(device)
            meaning = f"the last axis of shape {(*axes, 5)} becomes 3, the others stay"
            assert_same(run(layer, x), oracle(x).detach(), meaning)


def test_the_weight_has_the_gradient_of_torchs(device, generator):
    for bias in (True, False):
        mine, theirs = gradients(5, 3, bias, device, generator)
        assert_same(mine["weight"], theirs["weight"], "the gradient of the weight, as torch has it")


def test_the_bias_has_the_gradient_of_torchs(device, generator):
    mine, theirs = gradients(5, 3, True, device, generator)
    meaning = "the gradient of the bias, as torch has it: the sum over the batch"
    assert_same(mine["bias"], theirs["bias"], meaning)


def test_the_input_has_the_gradient_of_torchs(device, generator):
    for bias in (True, False):
        mine, theirs = gradients(5, 3, bias, device, generator)
        assert_same(mine["x"], theirs["x"], "the gradient of the input, as torch has it")


def test_what_is_learned_is_weight_and_bias(device):
    got = sorted(name for name, _ in made(5, 3, device).named_parameters())
    assert got == ["bias", "weight"], (
        f"parameters() is to list weight and bias, it lists {', '.join(got) or 'nothing'}: only a "
        "Parameter is seen by an optimiser, and nothing else is to be learned"
    )


def test_without_bias_the_weight_is_all_that_is_learned(device):
    got = sorted(name for name, _ in made(5, 3, device, bias=False).named_parameters())
    assert got == ["weight"], (
        f"with bias=False parameters() is to list the weight alone, it lists {', '.join(got)}: a "
        "bias that starts at 0 is one, and would be trained"
    )


def test_the_bias_requires_grad(device):
    layer = made(5, 3, device)
    for name in ("weight", "bias"):
        found = getattr(layer, name)
        assert found is not None, f"a layer made with a bias has None for its {name}"
        assert found.requires_grad, f"{name} does not require grad: nothing will ever move it"


def test_a_bias_is_there_unless_it_is_refused(device):
    for layer, what in (
        (made(5, 3, device), "Linear(5, 3)"),
        (made(5, 3, device, bias=True), "Linear(5, 3, bias=True)"),
    ):
        assert layer.bias is not None, f"{what} has a bias, got None"


def test_without_bias_there_is_none(device):
    layer = made(5, 3, device, bias=False)
    got = answer_of(lambda: layer.bias, "a layer without bias has an attribute bias all the same")
    assert got is None, (
        f"with bias=False the attribute is None, got {got}: a bias of zeros is still a bias"
    )


def test_the_weight_has_a_row_for_each_output(device):
    for n_in, n_out in ((5, 3), (1, 4)):
        got = tuple(made(n_in, n_out, device).weight.shape)
        assert got == (n_out, n_in), (
            f"{n_out} outputs of {n_in} inputs: a weight of shape {(n_out, n_in)}, got {got}"
        )


def test_the_bias_has_a_number_for_each_output(device):
    for n_in, n_out in ((5, 3), (1, 4), (3, 1)):
        bias = made(n_in, n_out, device).bias
        got = None if bias is None else tuple(bias.shape)
        assert got == (n_out,), (
            f"{n_out} outputs of {n_in} inputs: a bias of shape {(n_out,)}, got {got}"
        )


def test_all_starts_finite(device):
    for n_in, n_out in ((40, 30), (1, 4)):
        for bias in (True, False):
            for name, param in made(n_in, n_out, device, bias=bias).named_parameters():
                assert param.isfinite().all(), (
                    f"{called(n_in, n_out, bias)}: {name} starts with numbers that are not finite"
                )


def test_the_input_is_left_as_it_is(device, generator):
    for n_in, n_out in ((3, 3), (3, 2)):
        layer = made(n_in, n_out, device)
        x = torch.randn(4, n_in, generator=generator).to(device)
        with unchanged(x):
            run(layer, x)


def test_it_is_not_the_layer_of_torch(device):
    for part in made(5, 3, device).modules():
        assert not isinstance(part, nn.Linear), (
            "the layer is to be made of parameters of your own, this one has torch.nn.Linear in it"
        )


@pytest.mark.parametrize("examples", [10, 1_000, 10_000])
def test_benchmark(bench, device, generator, examples):
    oracle = nn.Linear(64, 64).to(device)

    def made(program):
        layer = program(64, 64)
        layer.load_state_dict(oracle.state_dict())
        return layer.to(device)

    def one_by_one(x):
        return torch.stack([oracle(example) for example in x])

    def inputs():
        return (torch.randn(examples, 64, generator=generator).to(device),)

    bench(one_by_one, Linear, inputs, made=made)


def called(n_in, n_out, bias):
    return f"Linear({n_in}, {n_out}, bias={bias})"


def made(n_in, n_out, device, **options):
    why = f"a layer from {n_in} to {n_out} can be made and moved to the device"
    return answer_of(lambda: Linear(n_in, n_out, **options).to(device), why)


def filled(weight, bias, device):
    """A layer with these weights and biases."""
    weight, bias = torch.tensor(weight), torch.tensor(bias)
    layer = made(*weight.shape[::-1], device)

    def fill():
        with torch.no_grad():
            layer.weight.copy_(weight)
            layer.bias.copy_(bias)

    answer_of(fill, f"weight and bias have shapes {tuple(weight.shape)} and {tuple(bias.shape)}")
    return layer


def load(layer, oracle):
    which = called(oracle.in_features, oracle.out_features, oracle.bias is not None)
    why = f"{which} takes the state_dict of torch's layer"
    answer_of(lambda: layer.load_state_dict(oracle.state_dict()), why)


def pair(n_in, n_out, device, generator, bias=True):
    """A layer and torch's own with the same weights, all of them drawn."""
    oracle = nn.Linear(n_in, n_out, bias=bias)
    with torch.no_grad():
        for param in oracle.parameters():
            param.copy_(torch.randn(param.shape, generator=generator))
    layer = made(n_in, n_out, device, bias=bias)
    load(layer, oracle)
    return layer, oracle.to(device)


def run(layer, x):
    got = answer_of(lambda: layer(x), f"an input of shape {tuple(x.shape)} goes through the layer")
    return got.detach() if isinstance(got, torch.Tensor) else got


def assert_outputs(layer, x, expected, device, meaning):
    got = run(layer, torch.tensor(x, device=device))
    assert_same(got, torch.tensor(expected, device=device), meaning)


def gradients(n_in, n_out, bias, device, generator):
    """The gradients of weight, bias and input: of the learner's layer, and of torch's."""
    layer, oracle = pair(n_in, n_out, device, generator, bias)
    x = torch.randn(7, n_in, generator=generator).to(device)
    slopes = torch.randn(7, n_out, generator=generator).to(device)
    both = []
    for each in (layer, oracle):
        inputs = x.clone().requires_grad_()

        def backward(each=each, inputs=inputs):
            (each(inputs) * slopes).sum().backward()

        answer_of(backward, "a gradient goes backwards through the layer")
        params = {name: param.grad for name, param in each.named_parameters()}
        both.append({"x": inputs.grad, "bias": None, **params})
    return both


def trained(layer, shift, slope, device):
    """The loss that gradient descent ends at, on y = slope · x + shift at x = -1, 0, 1."""
    x = torch.tensor([[-1.0], [0.0], [1.0]], device=device)
    y = x * torch.tensor(slope, device=device) + torch.tensor(shift, device=device)

    def loss_of():
        return (layer(x) - y).square().mean()

    def descend():
        for _ in range(100):
            layer.zero_grad()
            loss_of().backward()
            with torch.no_grad():
                for param in layer.parameters():
                    if param.grad is not None:
                        param -= 0.5 * param.grad
        return loss_of().item()

    return answer_of(descend, "the layer can be trained")
