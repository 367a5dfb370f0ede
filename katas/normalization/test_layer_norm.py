import pytest
import torch
from torch import nn

from dojo.checks import answer_of, assert_same, unchanged
from katas.normalization.layer_norm import LayerNorm

# Mean 4 and deviation 3, then mean 30 and deviation 20.
ROWS = [[1.0, 7.0, 1.0, 1.0, 7.0, 7.0], [10.0, 10.0, 50.0, 50.0, 10.0, 50.0]]
NORMAL_ROWS = [[-1.0, 1.0, -1.0, -1.0, 1.0, 1.0], [-1.0, -1.0, 1.0, 1.0, -1.0, 1.0]]
SHAPES = ((5,), (4, 6), (3, 4, 6))
BATCHES = ((7,), (1,), (), (2, 3))


def test_an_example_is_normalised_by_itself(device):
    got = normal(layer((6,), device), tensor(ROWS, device))
    assert_same(
        got,
        tensor(NORMAL_ROWS, device),
        "1 and 7 lie 3 around their mean of 4, which is once their deviation; -1 in all of row 1 "
        "would mean statistics over the batch, 0.91 a variance over n - 1",
    )


def test_all_of_an_example_has_one_mean(device):
    x = tensor(ROWS, device).view(2, 2, 3)
    assert_same(
        normal(layer((2, 3), device), x),
        tensor(NORMAL_ROWS, device).view(2, 2, 3),
        "shape (2, 3): all six numbers of an example have one mean and one deviation; 0.71 and "
        "1.41 would mean that each row of three is normalised by itself",
    )


def test_a_grey_picture_has_one_mean(device):
    x = tensor(ROWS, device).view(2, 1, 2, 3)
    meaning = "pictures of shape (1, 2, 3): 0.71 and 1.41 would mean a mean for each line of pixels"
    expected = tensor(NORMAL_ROWS, device).view(2, 1, 2, 3)
    assert_same(normal(layer((1, 2, 3), device), x), expected, meaning)


def test_every_word_of_a_sentence_is_an_example(device):
    words = tensor([*ROWS, *reversed(ROWS)], device).view(2, 2, 6)
    expected = tensor([*NORMAL_ROWS, *reversed(NORMAL_ROWS)], device).view(2, 2, 6)
    meaning = "2 sentences of 2 words with 6 features, shape (6,): each word has its own mean"
    assert_same(normal(layer((6,), device), words), expected, meaning)


def test_outputs_are_torchs(device, generator):
    for shape in SHAPES:
        norm, twin = pair(shape, device, generator)
        for examples in BATCHES:
            x = numbers((*examples, *shape), generator)
            expected = twin(x.double()).detach().float().to(device)
            meaning = f"x of shape {tuple(x.shape)}, normalised over shape {shape}, is torch's"
            assert_same(normal(norm, x.to(device)).detach(), expected, meaning)


def test_gradients_of_x_are_torchs(device, generator):
    for shape in SHAPES:
        for examples in BATCHES:
            norm, twin = pair(shape, device, generator)
            got, expected = gradients(
                norm, twin, numbers((*examples, *shape), generator), generator
            )
            meaning = f"the gradient of x, shape {(*examples, *shape)}, over shape {shape}"
            assert_alike(got, expected, f"{meaning}: it flows through mean and variance as well")


def test_gradients_of_weight_and_bias_are_torchs(device, generator):
    for shape in SHAPES:
        norm, twin = pair(shape, device, generator)
        gradients(norm, twin, numbers((7, *shape), generator), generator)
        for name in ("weight", "bias"):
            got, expected = getattr(norm, name).grad, getattr(twin, name).grad
            assert got is not None, f"after backward {name}.grad is None: it has no part in it"
            assert_alike(got, expected.float().to(device), f"the gradient of {name}, {shape}")


def test_a_shift_has_no_gradient(device, generator):
    _, grad = pulled((3, 8), device, generator)
    assert_alike(
        grad.sum(1),
        torch.zeros(3, device=device),
        "the gradient of x, summed over an example: a shift of all its numbers moves its mean as "
        "far and changes nothing; another sum would mean that the mean is detached or not taken",
    )


def test_a_stretch_has_no_gradient(device, generator):
    x, grad = pulled((3, 8), device, generator)
    assert_alike(
        (grad * (x - x.mean(1, keepdim=True))).sum(1),
        torch.zeros(3, device=device),
        "the gradient of x along a stretch of an example, which stretches its deviation as much "
        "and changes nothing; another value would mean that the deviation is detached or not taken",
    )


def test_the_other_examples_have_no_say(device, generator):
    for shape in SHAPES:
        norm = layer(shape, device)
        x, others = (numbers((4, *shape), generator).to(device) for _ in range(2))
        first, second = normal(norm, x), normal(norm, torch.cat((x[:1], others * 9 - 50)))
        meaning = f"example 0 of shape {shape} beside others than before"
        assert_same(second[0], first[0], f"{meaning}: a change means statistics over the batch")


def test_a_batch_of_one_is_as_good_as_any(device):
    norm, x = layer((6,), device), tensor(ROWS, device)
    for example, expected in zip(x, tensor(NORMAL_ROWS, device), strict=True):
        meaning = "an example alone in its batch; 0 would mean that it was compared with itself"
        assert_same(normal(norm, example[None]), expected[None], meaning)
        assert_same(normal(norm, example), expected, "a single example, without a batch axis")


def test_eval_mode_changes_nothing(device, generator):
    for shape in SHAPES:
        norm = layer(shape, device)
        x = numbers((4, *shape), generator).to(device)
        trained = normal(norm.train(), x)
        meaning = f"examples of shape {shape} in eval mode, after training: as in training mode"
        assert_same(normal(norm.eval(), x), trained, meaning)


def test_weight_and_bias_have_the_shape(device):
    for shape in SHAPES:
        norm = layer(shape, device)
        for name, start in (("weight", 1.0), ("bias", 0.0)):
            got = getattr(norm, name).detach()
            meaning = f"{name} of a new layer of shape {shape}"
            assert_same(got, torch.full(shape, start, device=device), meaning)


def test_weight_and_bias_are_learned(device):
    names = sorted(name for name, _ in layer((4, 6), device).named_parameters())
    assert names == ["bias", "weight"], f"the parameters are bias and weight, got {names}"


def test_state_dict_holds_weight_and_bias_only(device, generator):
    norm = layer((4, 6), device)
    normal(norm.train(), numbers((3, 4, 6), generator).to(device))
    names = sorted(norm.state_dict())
    assert names == ["bias", "weight"], (
        f"state_dict holds bias and weight, got {names}: what is calculated anew for each example "
        "need not be kept"
    )


def test_each_place_has_a_weight_and_a_bias(device):
    weight = tensor([[2.0, -1.0, 0.0], [3.0, 0.5, 1.0]], device)
    bias = tensor([[0.0, 5.0, -4.0], [1.0, 0.0, 2.0]], device)
    norm = layer((2, 3), device)
    with torch.no_grad():
        for mine, values in ((norm.weight, weight), (norm.bias, bias)):
            assert mine.shape == (2, 3), f"weight and bias have shape (2, 3), got {mine.shape}"
            mine.copy_(values)
    expected = tensor(NORMAL_ROWS, device).view(2, 2, 3) * weight + bias
    meaning = "-1s and 1s, times the weight of their place, plus its bias"
    assert_same(normal(norm, tensor(ROWS, device).view(2, 2, 3)), expected, meaning)


def test_eps_is_added_to_the_variance(device):
    got = normal(layer((6,), device, eps=7.0), tensor(ROWS[:1], device))
    meaning = "3 over the root of 9 + 7; 0.3 would mean 3 + 7, 1 that eps is ignored"
    assert_same(got, 0.75 * tensor(NORMAL_ROWS[:1], device), meaning)


def test_a_tiny_deviation_is_not_blown_up(device):
    got = normal(layer((2,), device), tensor([[-1e-3, 1e-3]], device))
    expected = 1e-3 / (1e-6 + 1e-5) ** 0.5  # 0.3015
    meaning = "0.001 over the root of 0.001² + 1e-5; 0.99 would mean 0.001 + 1e-5, 1 no eps"
    assert_same(got, tensor([[-expected, expected]], device), meaning)


def test_a_single_number_is_its_own_mean(device):
    meaning = "an example without deviation; nan would mean 0 over 0: no eps, or n - 1"
    x = tensor([[4.0], [-2.0]], device)
    assert_same(normal(layer((1,), device), x), torch.zeros(2, 1, device=device), meaning)
    x = torch.full((2, 3, 4), 4.0, device=device)
    assert_same(normal(layer((3, 4), device), x), torch.zeros_like(x), meaning)


def test_fog_comes_out_as_sunshine(device, generator):
    sunny = torch.rand(3, 8, 9, generator=generator)
    both = torch.stack((sunny, 0.3 * sunny + 0.6))
    got = normal(layer((3, 8, 9), device), both.to(device))
    apart = (got[0] - got[1]).abs().max().item()
    kept = torch.nn.BatchNorm2d(3)(both).detach()
    by_batch_norm = (kept[0] - kept[1]).abs().max().item()
    assert by_batch_norm > 1, f"batch norm keeps the two apart, here by {by_batch_norm:.3g}"
    # eps leaves them 0.002 apart at most.
    assert apart < 0.01, (
        f"a picture x and 0.3 x + 0.6 come out up to {apart:.3g} apart: less its own mean, over "
        f"its own deviation each is the same (batch norm keeps them {by_batch_norm:.3g} apart)"
    )


def test_the_batch_stays_as_it_is(device):
    norm, x = layer((6,), device), tensor(ROWS, device)
    with unchanged(x):
        normal(norm, x)


@pytest.mark.parametrize("examples", [10, 1_000, 10_000])
def test_benchmark(bench, device, generator, examples):
    def one_by_one(x):
        return torch.stack([nn.functional.layer_norm(example, (64,)) for example in x])

    def inputs():
        return (torch.randn(examples, 64, generator=generator).to(device),)

    bench(one_by_one, LayerNorm, inputs, made=lambda program: program((64,)).to(device))


def assert_alike(got, expected, meaning):
    # Sums of terms that cancel lose a digit or two of float32; mistakes are off by 0.01 and more.
    assert_same(got, expected, meaning, rtol=1e-4, atol=1e-4)


def gradients(norm, twin, x, generator):
    """The gradients of x, mine and torch's, for the same gradient of the output."""
    mine = x.clone().to(norm.weight.device).requires_grad_()
    theirs = x.double().requires_grad_()
    pull = torch.randn(x.shape, generator=generator)
    backward((normal(norm, mine) * pull.to(mine.device)).sum())
    (twin(theirs) * pull.double()).sum().backward()
    assert mine.grad is not None, "after backward x.grad is None: x takes no part in the output"
    return mine.grad, theirs.grad.float().to(mine.device)


def pulled(shape, device, generator):
    x = numbers(shape, generator).to(device).requires_grad_()
    pull = torch.randn(shape, generator=generator).to(device)
    backward((normal(layer(shape[1:], device), x) * pull).sum())
    assert x.grad is not None, "after backward x.grad is None: x takes no part in the output"
    return x.detach(), x.grad


def backward(loss):
    answer_of(loss.backward, "gradients flow back through the layer")


def pair(shape, device, generator):
    """A layer and torch's own, in float64 on the CPU, with the same uneven weight and bias."""
    norm, twin = layer(shape, device), torch.nn.LayerNorm(shape).double()
    with torch.no_grad():
        for name in ("weight", "bias"):
            values, mine = torch.randn(shape, generator=generator), getattr(norm, name)
            assert mine.shape == shape, f"{name} has shape {tuple(mine.shape)}, and not {shape}"
            mine.copy_(values.to(device))
            getattr(twin, name).copy_(values)
    return norm, twin


def numbers(shape, generator):
    return 5 + 3 * torch.randn(shape, generator=generator)


def layer(shape, device, **options):
    return answer_of(
        lambda: LayerNorm(shape, **options).to(device), f"a layer of shape {shape} is made"
    )


def normal(norm, x):
    return answer_of(lambda: norm(x), f"shape {tuple(x.shape)} can be normalised")


def tensor(values, device):
    return torch.tensor(values, device=device)
