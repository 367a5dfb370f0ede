import pytest
import torch
from torch import nn

from dojo.checks import answer_of, assert_same, unchanged
from katas.networks.relu_halves_variance import kaiming_, layer_scales

LINEAR, CONVOLUTION = (300, 500), (64, 32, 3, 3)


def test_a_linear_layer_has_its_variance(device):
    got = 500 * drawn(LINEAR, device).var(correction=0).item()
    assert 1.9 < got < 2.1, (  # 2, give or take 0.01
        f"with 500 inputs relu keeps the mean square at a variance of 2 / 500, got {got:.3g} / "
        "500: 1 would leave half of it in each layer, 2.5 would be by the outputs or by both"
    )


def test_a_convolution_has_its_variance(device):
    got = 288 * drawn(CONVOLUTION, device).var(correction=0).item()
    assert 1.9 < got < 2.1, (  # 2, give or take 0.02
        f"32 channels and 3 by 3 places are 288 inputs, so the variance is 2 / 288, got {got:.3g} "
        "/ 288: 18 would mean that the kernel was forgotten, 1 that relu was"
    )


def test_weights_are_large_enough(device):
    got = 500 * drawn(LINEAR, device).var(correction=0).item()
    assert got > 0.1, f"a variance of {got:.3g} / 500: is it the deviation that is 2 / 500?"


def test_weights_are_small_enough(device):
    got = 500 * drawn((100, 500), device).var(correction=0).item()
    assert got < 3.5, f"a variance of {got:.3g} / 500, where 2 / 500 is due: 4 would be squared"


def test_outputs_do_not_count(device):
    wide, narrow = (64 * drawn((n, 64), device).var(correction=0).item() for n in (2000, 20))
    assert 0.8 < wide / narrow < 1.25, (  # give or take 0.04
        f"64 inputs give one variance, whatever the outputs: {wide:.3g} / 64 for 2,000 of them, "
        f"{narrow:.3g} / 64 for 20"
    )


def test_the_kernel_counts(device):
    large, small = (drawn((200, 10, n, n), device).var(correction=0).item() for n in (5, 1))
    assert 20 < small / large < 31, (  # 25, give or take 0.9
        f"5 by 5 places have a variance 25 times as small as one place, got {small / large:.3g} "
        "times: 1 would mean that the kernel does not count"
    )


def test_weights_lie_around_zero(device):
    for shape in (LINEAR, CONVOLUTION):
        weight = drawn(shape, device)
        got = (weight.mean() / weight.std().clamp(min=1e-12)).item()
        assert abs(got) < 0.05, (  # give or take 0.007
            f"weights have mean 0, got {got:.2f} deviations: 1.7 would mean uniform from 0 up"
        )


def test_no_two_rows_are_alike(device):
    weight = drawn((6, 40), device)
    assert len(weight.cpu().unique(dim=0)) == 6, "outputs have equal weights, and stay twins"


def test_no_two_columns_are_alike(device):
    weight = drawn((40, 6), device)
    assert len(weight.cpu().unique(dim=1)[0]) == 6, "inputs have equal weights"


def test_a_single_output_will_do(device):
    got = 5000 * drawn((1, 5000), device).var(correction=0).item()
    assert 1.7 < got < 2.3, f"5,000 inputs and one output: 2 / 5000, got {got:.3g} / 5000"


def test_it_works_in_place(device):
    weight = torch.full((3, 4), 9.0, device=device)
    place = weight.data_ptr()
    kaiming_(weight, torch.Generator().manual_seed(1))
    assert not (weight == 9).any().item(), "the weight was 9 all over, and numbers of it still are"
    assert weight.data_ptr() == place, "the numbers were put into other memory"


def test_a_parameter_records_nothing(device):
    weight = nn.Parameter(torch.zeros(5, 7, device=device))
    answer_of(lambda: kaiming_(weight, torch.Generator()), "a Parameter is drawn anew")
    assert weight.is_leaf, "the Parameter is no leaf any more: the draw was recorded"


def test_a_parameter_still_learns(device):
    weight = nn.Parameter(torch.zeros(5, 7, device=device))
    answer_of(lambda: kaiming_(weight, torch.Generator()), "a Parameter is drawn anew")
    assert weight.requires_grad, "requires_grad was True, and is False: it would not learn"


def test_equal_states_give_equal_weights(device):
    first, second = (drawn((4, 9), device, seed=5) for _ in range(2))
    assert_same(second, first, "equal seeds give equal weights", rtol=0, atol=0)


def test_a_second_call_draws_on(device):
    source = torch.Generator().manual_seed(5)
    first, second = torch.zeros(2, 4, 9, device=device).unbind()
    kaiming_(first, source)
    kaiming_(second, source)
    assert not torch.equal(first.cpu(), second.cpu()), (
        "two layers drawn from one generator are alike: it goes on, and isn't reseeded"
    )


def test_the_global_generator_is_left_alone(device):
    before = torch.get_rng_state()
    drawn((4, 9), device)
    assert torch.equal(torch.get_rng_state(), before), "torch's global generator was used"


def test_fifty_layers_keep_the_signal(device):
    source = torch.Generator().manual_seed(0)
    x = torch.randn(64, 256, generator=source).to(device)
    weights = torch.zeros(50, 256, 256, device=device).unbind()
    for weight in weights:
        kaiming_(weight, source)
    got = layer_scales(weights, x)[-1].item()
    assert 1e-3 < got < 1e3, (  # 0.04 to 7 over 50 seeds
        f"after 50 layers the mean square is {got:.2g}: 1e-15 would mean that relu was not made up "
        "for, 1e15 that it was twice"
    )


def test_scales_by_hand(device):
    got = scales_of([[[1, 0], [2, -1], [0, 3]], [[1, 1, 1]]], [[1, 2], [3, -1]], device)
    # Layer 1: 1, 0, 6 and 3, 7, -3, the last of which relu takes; layer 2: 7 and 10.
    expected = torch.tensor([95 / 6, 149 / 2], device=device)
    meaning = "squares 1, 0, 36, 9, 49, 0 over 6, then 49 and 100 over 2"
    assert_same(got, expected, meaning)


def test_scales_are_measured_behind_relu(device):
    got = scales_of([[[-1, 0], [0, -1]]], [[3, 4]], device)
    assert got.tolist() == [0], f"-3 and -4 are 0 behind relu, got {got.tolist()}: 12.5 is before"


def test_a_steady_signal_has_a_scale(device):
    got = scales_of([[[1, 0], [0, 1]]], [[1, 1]], device)
    assert_same(got, torch.ones(1, device=device), "ones have a mean square of 1; 0: variance")


def test_zeros_count(device):
    got = scales_of([[[1, 0], [0, 1]]], [[-2, 4]], device)
    assert got.tolist() != [16], "0 and 4 have a mean square of 8; 16 leaves out what relu took"


def test_half_of_the_mean_square_is_left(device, generator):
    x = torch.randn(400, 100, generator=generator).to(device)
    got = layer_scales([torch.eye(100, device=device)], x).item()
    assert 0.47 < got < 0.53, (  # 0.5, give or take 0.006
        f"relu leaves half of a normal input's mean square, 1, got {got:.3f}: 0.34 would be the "
        "variance around the mean, 1 before relu"
    )


def test_each_layer_has_a_scale(device):
    got = scales_of([[[1, 0], [0, 1]]] * 3, [[1, 2]], device)
    assert tuple(got.shape) == (3,), f"3 layers have 3 scales, got shape {tuple(got.shape)}"


def test_a_layer_gets_what_the_last_one_gave(device):
    got = scales_of([[[2]], [[3]], [[0.5]]], [[1]], device)
    meaning = "1 becomes 2, 6 and 3, squares 4, 36 and 9; 4, 9, 0.25 would be each on x"
    assert_same(got, torch.tensor([4.0, 36.0, 9.0], device=device), meaning)


def test_a_larger_batch_has_no_larger_scale(device):
    one, four = (scales_of([[[1, 2]]], [[1, 1]] * count, device).item() for count in (1, 4))
    assert one == four, f"an example once and four times: scales {one} and {four}, a mean and a sum"


def test_x_and_the_weights_stay_as_they_are(device, generator):
    x, *weights = torch.randn(4, 3, 3, generator=generator).to(device).unbind()
    with unchanged(x, *weights):
        layer_scales(weights, x)


@pytest.mark.parametrize("layers", [1, 10, 100])
def test_benchmark(bench, device, generator, layers):
    def example_by_example(weights, x):
        scales = []
        for weight in weights:
            x = torch.stack([(weight @ example).relu() for example in x])
            scales.append(x.square().mean())
        return torch.stack(scales)

    def inputs():
        weights = torch.randn(layers, 128, 128, generator=generator) * (2 / 128) ** 0.5
        x = torch.randn(32, 128, generator=generator)
        return list(weights.to(device)), x.to(device)

    bench(example_by_example, layer_scales, inputs)


def drawn(shape, device, seed=3):
    """A weight of zeros, drawn anew."""
    weight = torch.zeros(shape, device=device)
    source = torch.Generator().manual_seed(seed)
    answer_of(lambda: kaiming_(weight, source), f"a weight of shape {shape} is drawn anew")
    return weight


def scales_of(weights, x, device):
    weights = [torch.tensor(weight, dtype=torch.float32, device=device) for weight in weights]
    x = torch.tensor(x, dtype=torch.float32, device=device)
    return answer_of(lambda: layer_scales(weights, x), f"{len(weights)} layers")
