import copy

import pytest
import torch
from torch.nn.functional import batch_norm

from dojo.checks import answer_of, assert_same, unchanged
from katas.normalization.running_batch_norm import RunningBatchNorm

# In float32 the difference of a mean of squares and a squared mean has lost some digits.
ROUGHLY = {"rtol": 1e-3, "atol": 1e-3}
DEBIASED = (
    "both the sum and the count of the first batch are a tenth, so this is plain batch norm; "
    "2.6 times as large would mean a running mean and variance that start at 0"
)


def test_the_first_step_is_batch_norm(device, generator):
    x = drawn(generator, 6, 3)
    got = step(layer(3, device), x.to(device))
    assert_close(got, batch_norm(x, None, None, training=True), DEBIASED)


def test_the_first_step_is_batch_norm_for_pictures(device, generator):
    x = drawn(generator, 2, 3, 4, 5)
    got = step(layer(3, device), x.to(device))
    meaning = f"{DEBIASED}; a channel has 2 x 4 x 5 values"
    assert_close(got, batch_norm(x, None, None, training=True), meaning)


def test_the_first_gradient_is_batch_norms(device, generator):
    for shape in ((6, 3), (2, 3, 4, 5)):
        x, slope = drawn(generator, *shape), torch.randn(shape, generator=generator)
        got = gradient(layer(3, device), x, slope, device)
        double = x.double().detach().requires_grad_()
        (batch_norm(double, None, None, training=True) * slope).sum().backward()
        meaning = (
            "the batch's mean and deviation depend on every x, and gradients flow through both: "
            f"shape {shape}, gradient of x"
        )
        assert_close(got, double.grad, meaning)


def test_a_sum_of_first_outputs_has_no_gradient(device, generator):
    x = drawn(generator, 5, 3)
    got = gradient(layer(3, device), x, torch.ones(5, 3), device)
    meaning = (
        "the outputs of a first batch add up to 0, whatever x is; 0.5 or so would mean that the "
        "mean is taken for a constant"
    )
    assert_close(got, torch.zeros(5, 3), meaning)


def test_two_unequal_batches(device):
    # 0.9 of the old and as much again, a tenth, of the new: weights of values are 0.09 and 0.1.
    first, second = torch.tensor([[0.0], [4.0]]), torch.tensor([[1.0], [2.0], [6.0]])
    norm = layer(1, device)
    step(norm, first.to(device))
    got = step(norm, second.to(device))
    count = 0.09 * 2 + 0.1 * 3
    mean = (0.09 * 4 + 0.1 * 9) / count
    var = (0.09 * 16 + 0.1 * 41) / count - mean**2
    meaning = (
        f"0, 4 and then 1, 2, 6: mean (0.09 * 4 + 0.1 * 9) / (0.09 * 2 + 0.1 * 3), which is "
        f"{mean:.4g}, and variance {var:.4g}; 3 and 4.67, the batch's own, have no say"
    )
    assert_close(got, (second - mean) / (var + 1e-5) ** 0.5, meaning)


def test_squares_are_averaged_and_not_deviations(device):
    norm = layer(1, device, momentum=0.5)
    step(norm, torch.tensor([[-1.0], [1.0]], device=device))
    x = torch.tensor([[-3.0], [3.0]])
    var = (0.25 * 2 + 0.5 * 18) / 1.5
    meaning = (
        f"-1, 1 and then -3, 3, momentum 0.5: the variance is (0.25 * 2 + 0.5 * 18) / 1.5, which "
        f"is {var:.4g}; the square of the mean of the deviations 1 and 3 would be 5.44"
    )
    assert_close(step(norm, x.to(device)), x / (var + 1e-5) ** 0.5, meaning)


def test_a_batch_of_one_counts_as_one(device, generator):
    batches = [drawn(generator, size, 2) for size in (4, 1, 2, 1)]
    norm = layer(2, device)
    for number, x in enumerate(batches, 1):
        expected = by_formula(batches[:number])
        meaning = f"batch {number} of sizes 4, 1, 2, 1: each batch counts by its size, one as 1"
        assert_close(step(norm, x.to(device)), expected, meaning)


def test_a_first_batch_of_one_becomes_0(device):
    x = torch.tensor([[0.5, -2.0]], device=device)
    for shape in ((1, 2), (1, 2, 1, 1)):
        got = step(layer(2, device), x.view(shape))
        # Rounding may leave 1e-7, of which 1 / root of eps makes 1e-4.
        meaning = f"shape {shape}: its own mean off, over the root of eps"
        assert_same(got, torch.zeros(shape, device=device), meaning, rtol=0, atol=0.01)


def test_every_pixel_counts(device, generator):
    batches = [drawn(generator, *shape) for shape in ((2, 3, 4, 5), (3, 3, 1, 2), (1, 3, 2, 1))]
    norm = layer(3, device)
    for number, x in enumerate(batches, 1):
        expected = by_formula(batches[:number])
        meaning = f"batch {number}: 40, 6 and 2 values per channel, that is how much they count"
        assert_close(step(norm, x.to(device)), expected, meaning)


def test_a_later_gradient_sees_its_own_share(device, generator):
    batches = [drawn(generator, size, 2) for size in (4, 3, 2)]
    norm = layer(2, device)
    for number, x in enumerate(batches, 1):
        slope = torch.randn(x.shape, generator=generator)
        got = gradient(norm, x, slope, device)
        double = x.double().detach().requires_grad_()
        (by_formula([*batches[: number - 1], double]) * slope).sum().backward()
        meaning = f"step {number}: the batch's share in the figures has a gradient, the past none"
        assert_close(got, double.grad, meaning)


def test_every_step_has_a_backward_pass(device, generator):
    # As in a net: a weight in front is part of every graph.
    weight = torch.ones(2, device=device, requires_grad=True)
    norm = layer(2, device)
    for number in range(1, 4):
        x = drawn(generator, 4, 2).to(device)
        why = f"backward pass {number}, after as many steps, needs no earlier graph"
        answer_of(lambda: step(norm, x * weight).square().sum().backward(), why)


def test_what_is_kept_carries_no_graph(device, generator):
    weight = torch.ones(2, device=device, requires_grad=True)
    norm = layer(2, device)
    step(norm, drawn(generator, 4, 2).to(device) * weight)
    for name, buffer in norm.named_buffers():
        assert not buffer.requires_grad, (
            f"buffer {name} carries the graph of the last batch: it keeps its memory, and the "
            "layer can't be copied"
        )
    answer_of(lambda: copy.deepcopy(norm), "between two steps a layer can be copied")


def test_a_channel_that_never_changes_stays_finite(device, generator):
    for value in (100.0, 3.3):
        norm = layer(2, device)
        for number in range(1, 13):
            x = drawn(generator, 2 + number % 3, 2)
            x[:, 1] = value
            x = x.to(device).requires_grad_()
            got = step(norm, x)
            got.sum().backward()
            for what, numbers in (("output", got.detach()), ("gradient", x.grad)):
                assert bool(numbers.isfinite().all()), (
                    f"a channel that is always {value:g}, {what} at step {number}: expected finite "
                    f"numbers, got {numbers[:, 1].tolist()}: rounding puts E[x²] - E[x]² a little "
                    "above 0 or below"
                )


def test_digits_in_pairs_are_nearly_normalised_as_the_whole(device, digits, generator):
    x = digits.images.flatten(1) / 255
    x = x @ torch.randn(x.shape[1], 16, generator=generator) / x.shape[1] ** 0.5
    whole = (x - x.mean(0)) / x.std(0, correction=0)
    norm = layer(16, device)
    running, plain, large_eps = [], [], []
    for _ in range(40):
        pair = torch.randint(len(x), (2,), generator=generator)
        running.append(step(norm, x[pair].to(device)).detach().cpu() - whole[pair])
        plain.append(batch_norm(x[pair], None, None, training=True) - whole[pair])
        large_eps.append(batch_norm(x[pair], None, None, training=True, eps=0.1) - whole[pair])
    errors = [
        torch.cat(differences[20:]).square().mean().sqrt().item()
        for differences in (running, plain, large_eps)
    ]
    assert errors[1] > errors[2], "a larger eps mends a little"
    # Of 50 seeds the ratio was 0.18 to 0.28; with averaged variances 0.40 to 0.60.
    assert errors[0] < errors[1] / 3, (
        "16 projections of digits in pairs, steps 21 to 40, error against the normalisation of the "
        f"whole set: plain batch norm has {errors[1]:.2f}, with eps=0.1 {errors[2]:.2f}, running "
        f"figures should have less than a third of the first, got {errors[0]:.2f}: 0.46 would mean "
        "that variances of pairs were averaged, 0.8 that deviations were, 0.9 plain batch norm"
    )


def test_eps_is_added_to_the_variance(device, generator):
    x = drawn(generator, 6, 3)
    for mode, got in in_both_modes(layer(3, device, eps=0.5), x.to(device)):
        expected = batch_norm(x, None, None, training=True, eps=0.5)
        assert_close(got, expected, f"eps 0.5, {mode}: the root of (variance + 0.5)")


def test_eps_is_small_if_nothing_is_said(device, generator):
    x = drawn(generator, 6, 2)
    # A small variance beside a large mean would drown in rounding.
    x = (x - x.mean(0)) * torch.tensor([3e-3, 0.5])
    for mode, got in in_both_modes(layer(2, device), x.to(device)):
        expected = batch_norm(x, None, None, training=True)
        meaning = f"variances around 4e-5 and 1, {mode}: the root of (variance + 1e-5)"
        assert_close(got, expected, meaning)


def test_small_variances_stay_as_they_are(device, generator):
    x = drawn(generator, 6, 2)
    x = (x - x.mean(0)) * torch.tensor([0.03, 0.02])
    for mode, got in in_both_modes(layer(2, device, eps=1e-6), x.to(device)):
        expected = batch_norm(x, None, None, training=True, eps=1e-6)
        meaning = f"variances around 0.004 and 0.002, {mode}: they are not to be raised"
        assert_close(got, expected, meaning)


def test_momentum_is_the_share_of_the_new(device, generator):
    batches = [drawn(generator, size, 2) for size in (4, 3, 5)]
    # With one mean for all, only the variances have to be mixed.
    batches = [scale * (x - x.mean(0)) for scale, x in zip((1, 3, 0.5), batches, strict=True)]
    for momentum in (0.3, 0.8, 1.0):
        norm = layer(2, device, momentum=momentum)
        for number, x in enumerate(batches, 1):
            meaning = f"momentum {momentum:g}, step {number}: the share of the new figures"
            expected = by_formula(batches[:number], momentum)
            assert_close(step(norm, x.to(device)), expected, meaning)


def test_eval_normalises_by_what_was_learnt(device, generator):
    batches = [drawn(generator, size, 2) for size in (4, 3)]
    norm = learnt(batches, device)
    mean, var = figures(batches)
    for shape in ((5, 2), (1, 2), (2, 2, 3, 1)):
        x = drawn(generator, *shape) + 4
        got = answer_of(lambda: norm(x.to(device)), f"shape {shape} can be normalised in eval mode")
        expected = batch_norm(x.double(), mean, var)
        meaning = f"eval mode, shape {shape}: by the figures of training, the batch has no share"
        assert_close(got, expected, meaning)


def test_eval_changes_nothing(device, generator):
    batches = [drawn(generator, size, 2) for size in (4, 3, 2)]
    norm = learnt(batches[:2], device)
    for _ in range(3):
        norm((drawn(generator, 5, 2) + 4).to(device))
    norm.train()
    got = step(norm, batches[2].to(device))
    meaning = "after two training steps and three batches in eval mode, which leave no trace"
    assert_close(got, by_formula(batches), meaning)


def test_a_fresh_layer_can_load_what_was_learnt(device, generator):
    norm = learnt([drawn(generator, size, 2) for size in (4, 3)], device)
    x = drawn(generator, 5, 2).to(device)
    fresh = layer(2, device).eval()
    state = {name: tensor.clone() for name, tensor in norm.state_dict().items()}
    answer_of(lambda: fresh.load_state_dict(state), "a fresh layer can load the state of another")
    meaning = "the layer that was loaded gives what the layer that was saved gives, in eval mode"
    assert_same(answer_of(lambda: fresh(x), meaning), norm(x), meaning)


def test_there_is_nothing_to_train(device):
    names = [name for name, _ in layer(2, device).named_parameters()]
    assert not names, f"there is no weight and no bias, and no other parameter, got {names}"


def test_two_layers_have_figures_of_their_own(device, generator):
    one, other = layer(2, device), layer(2, device)
    step(one, drawn(generator, 4, 2).to(device))
    x = drawn(generator, 3, 2)
    got = step(other, x.to(device))
    meaning = "the second layer's first step, though another layer has made one"
    assert_close(got, by_formula([x]), meaning)


def test_the_batch_stays_as_it_is(device, generator):
    norm = layer(3, device)
    for mode in (norm.train, norm.eval):
        mode()
        for shape in ((4, 3), (2, 3, 1, 2)):
            x = drawn(generator, *shape).to(device)
            with unchanged(x):
                norm(x)


@pytest.mark.parametrize("channels", [10, 100, 1_000])
def test_benchmark(bench, device, generator, channels):
    def made(program):
        def second_step(first, second):
            norm = program(channels).to(device)
            norm(first)
            return norm(second)

        return second_step

    def inputs():
        return tuple(drawn(generator, size, channels, 8, 8).to(device) for size in (8, 4))

    bench(channel_by_channel, RunningBatchNorm, inputs, made=made)


def channel_by_channel(first, second):
    """The second of two steps."""
    result = []
    for old, new in zip(first.unbind(1), second.unbind(1), strict=True):
        count = 0.09 * old.numel() + 0.1 * new.numel()
        mean = (0.09 * old.sum() + 0.1 * new.sum()) / count
        square = (0.09 * old.square().sum() + 0.1 * new.square().sum()) / count
        result.append((new - mean) / (square - mean.square() + 1e-5).sqrt())
    return torch.stack(result, dim=1)


def by_formula(batches, momentum=0.1, eps=1e-5):
    """The last of the batches, normalised by the figures of all, in float64 on the CPU."""
    mean, var = figures(batches, momentum)
    x = batches[-1].double()
    column = (-1, *[1] * (x.ndim - 2))
    return (x - mean.view(column)) / (var.view(column) + eps).sqrt()


def figures(batches, momentum=0.1):
    """Mean and variance, each batch with the weight that it still has."""
    weights = [momentum * (1 - momentum) ** age for age in range(len(batches))][::-1]
    rows = [x.double().transpose(0, 1).flatten(1) for x in batches]
    count = sum(w * row.shape[1] for w, row in zip(weights, rows, strict=True))
    mean = sum(w * row.sum(1) for w, row in zip(weights, rows, strict=True)) / count
    squares = (
        w * (row - mean[:, None]).square().sum(1) for w, row in zip(weights, rows, strict=True)
    )
    return mean, sum(squares) / count


def drawn(generator, *shape):
    """Numbers of mean 1 and deviation 2, on the CPU."""
    return 2 * torch.randn(shape, generator=generator) + 1


def layer(channels, device, **options):
    why = f"RunningBatchNorm({channels}) can be made and moved to {device.type}"
    return answer_of(lambda: RunningBatchNorm(channels, **options).to(device), why)


def learnt(batches, device):
    """A layer in eval mode that has seen the batches."""
    norm = layer(batches[0].shape[1], device)
    for x in batches:
        step(norm, x.to(device))
    return norm.eval()


def step(norm, x):
    return answer_of(lambda: norm(x), f"shape {tuple(x.shape)} can be normalised in training")


def in_both_modes(norm, x):
    """The mode and the output: in training, and of the same batch in eval mode after it."""
    yield "training", step(norm, x)
    yield "eval mode", norm.eval()(x)


def gradient(norm, x, slope, device):
    x = x.clone().to(device).requires_grad_()
    out = step(norm, x) * slope.to(device)
    answer_of(lambda: out.sum().backward(), "a training step can be followed by backward")
    assert x.grad is not None, "the output depends on x, and no gradient got there"
    return x.grad


def assert_close(got, expected, meaning):
    assert isinstance(got, torch.Tensor), f"expected a tensor, got a {type(got).__name__}"
    assert_same(got.detach(), expected.detach().float().to(got.device), meaning, **ROUGHLY)
