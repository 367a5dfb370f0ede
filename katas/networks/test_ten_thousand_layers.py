import pytest
import torch
from torch import nn

from dojo.checks import answer_of, assert_same
from dojo.counting import count
from katas.networks.ten_thousand_layers import deep_init_


def test_a_signal_keeps_its_length(device, generator):
    weights, x = drawn((6, 5, 5), device), torch.randn(8, 5, generator=generator).to(device)
    for number, weight in enumerate(weights):
        got = (x @ weight.T).norm(dim=1) / x.norm(dim=1)
        meaning = f"eight signals through layer {number}: lengths behind it over lengths before"
        # Sums of five products in float32.
        assert_same(got, torch.ones(8, device=device), meaning, rtol=0, atol=1e-5)


def test_a_signal_of_equal_numbers_keeps_its_length(device):
    got = drawn((6, 5, 5), device).sum(2).norm(dim=1) / 5**0.5
    meaning = "ones through six layers: lengths behind each over the length before"
    assert_same(got, torch.ones(6, device=device), meaning, rtol=0, atol=1e-5)


def test_a_gradient_of_one_output_keeps_its_length(device):
    got = drawn((6, 5, 5), device).norm(dim=2)
    meaning = "a gradient of 1 for a single output, of five, back through six layers: its length"
    assert_same(got, torch.ones(6, 5, device=device), meaning, rtol=0, atol=1e-5)


def test_signals_do_not_grow_on_average(device):
    got = drawn((40, 16, 16), device).square().sum((1, 2)).mean().item() / 16
    assert got < 1.5, f"on average a layer makes a mean square of 1 into {got:.2f}: 2 is He's start"


def test_no_signal_grows(device):
    largest = singular_values(drawn((20, 16, 16), device)).max().item()
    assert largest < 1.5, (
        f"some signal is {largest:.2g} times as long behind a layer: 2 is what variance 1 / n does "
        "to the one it likes best, 2.8 He's start"
    )


def test_no_signal_fades(device):
    least = singular_values(drawn((20, 16, 16), device)).min().item()
    assert least > 0.7, f"some signal has {least:.2g} of its length behind a layer, and not all"


def test_a_gradient_keeps_its_length(device, generator):
    weights = drawn((4, 7, 7), device)
    x = torch.randn(3, 7, generator=generator).to(device).requires_grad_()
    slope = torch.randn(3, 7, generator=generator).to(device)
    y = x
    for weight in weights:
        y = y @ weight.T
    [got] = torch.autograd.grad(y, x, slope)
    meaning = "gradients through four layers: lengths in front of them over lengths behind"
    lengths = got.norm(dim=1) / slope.norm(dim=1)
    assert_same(lengths, torch.ones(3, device=device), meaning, rtol=0, atol=1e-5)


def test_ten_thousand_layers_keep_all_lengths(device):
    product = drawn((10_000, 16, 16), device)
    while len(product) > 1:  # neighbours, two by two: 14 times
        odd = product[len(product) // 2 * 2 :]
        product = torch.cat([product[1::2] @ product[: len(product) // 2 * 2 : 2], odd])
    values = singular_values(product)
    low, high = values.min().item(), values.max().item()
    assert 0.999 < low <= high < 1.001, (  # 1, give or take 0.0001
        f"through 10,000 layers lengths are multiplied by {low:.3g} to {high:.3g}: 0 is a signal "
        "that faded, nan or inf one that grew, 2.7 a gain of 1.0001 in each layer"
    )


def test_no_two_layers_are_alike(device):
    weights = drawn((40, 3, 3), device).cpu()
    got = len(weights.unique(dim=0))
    assert got == 40, f"40 layers were drawn, {got} of them differ"


def test_seeds_matter(device):
    first, second = (drawn((3, 4, 4), device, seed=seed).cpu() for seed in (1, 2))
    assert not torch.equal(first, second), "seeds 1 and 2 give the same weights: nothing is drawn"


def test_equal_states_give_equal_weights(device):
    first, second = (drawn((3, 4, 4), device, seed=5) for _ in range(2))
    assert_same(second, first, "equal seeds give equal weights", rtol=0, atol=0)


def test_a_second_call_draws_on(device):
    source = torch.Generator().manual_seed(5)
    first, second = (torch.zeros(3, 4, 4, device=device) for _ in range(2))
    for weights in (first, second):
        deep_init_(weights, source)
    assert not torch.equal(first.cpu(), second.cpu()), (
        "two calls with one generator give the same: it goes on, and isn't reseeded"
    )


def test_the_global_generator_is_left_alone(device):
    before = torch.get_rng_state()
    drawn((3, 4, 4), device)
    assert torch.equal(torch.get_rng_state(), before), "torch's global generator was used"


def test_it_works_in_place(device):
    weights = torch.full((3, 4, 4), 9.0, device=device)
    place = weights.data_ptr()
    deep_init_(weights, torch.Generator())
    assert not (weights == 9).any().item(), "the weights were 9 all over, and some still are"
    assert weights.data_ptr() == place, "the numbers were put into other memory"


def test_a_parameter_records_nothing(device):
    weights = nn.Parameter(torch.zeros(3, 4, 4, device=device))
    answer_of(lambda: deep_init_(weights, torch.Generator()), "a Parameter is drawn anew")
    assert weights.is_leaf, "the Parameter is no leaf any more: the draw was recorded"
    assert weights.requires_grad, "requires_grad was True, and is False: it would not learn"


def test_a_width_of_1_or_2(device):
    for shape in ((5, 1, 1), (1, 2, 2), (1, 1, 1)):
        values = singular_values(drawn(shape, device))
        meaning = f"weights of shape {shape} stretch nothing"
        # Sums of two products in float32.
        assert_same(values, torch.ones(shape[:2]), meaning, rtol=0, atol=1e-5)


def test_float64_is_exact(device, float64):
    values = singular_values(drawn((4, 6, 6), device, float64))
    off = (values - 1).abs().max().item()
    assert off < 1e-12, (
        f"in float64 lengths change by some 1e-16, not by {off:.1e}: was it float32?"
    )


def test_operations_do_not_grow_with_the_layers(device):
    few, many = (counted(layers, device) for layers in (3, 30))
    assert many.launches <= few.launches, (
        f"3 layers took {few.launches} operations, 30 took {many.describe()}: a loop over layers"
    )


@pytest.mark.parametrize("layers", [10, 100, 1_000])
def test_benchmark(bench, device, generator, layers):
    def made(program):
        def lengths(signals):
            """The length of each signal behind its layer, whatever weights were drawn."""
            weights = torch.zeros(layers, 16, 16, device=device)
            program(weights, generator)
            return (weights @ signals[..., None]).squeeze(2).norm(dim=1)

        return lengths

    def layer_by_layer(weights, generator):
        for weight in weights:
            weight.copy_(nn.init.orthogonal_(torch.empty(16, 16), generator=generator))

    def inputs():
        return (torch.randn(layers, 16, generator=generator).to(device),)

    bench(made(layer_by_layer), deep_init_, inputs, made=made)


def drawn(shape, device, dtype=torch.float32, seed=3):
    """Weights of zeros, drawn anew."""
    weights = torch.zeros(shape, dtype=dtype, device=device)
    source = torch.Generator().manual_seed(seed)
    answer_of(lambda: deep_init_(weights, source), f"weights of shape {shape} are drawn anew")
    return weights


def singular_values(weights):
    """By how much a layer stretches, from the direction that it stretches most to the least."""
    return torch.linalg.svdvals(weights.cpu().nan_to_num(0, 0, 0))


def counted(layers, device):
    weights, source = torch.zeros(layers, 4, 4, device=device), torch.Generator()
    with count(device) as counts:
        deep_init_(weights, source)
    return counts
