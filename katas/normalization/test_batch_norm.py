from contextlib import suppress

import pytest
import torch

from dojo.checks import answer_of, assert_refused, assert_same, unchanged
from katas.normalization.batch_norm import BatchNorm

# Channel 0 has mean 4 and deviation 3, channel 1 mean 30 and deviation 20.
ROWS = [[1.0, 10.0], [7.0, 50.0], [1.0, 50.0], [7.0, 10.0]]
NORMAL_ROWS = [[-1.0, -1.0], [1.0, 1.0], [-1.0, 1.0], [1.0, -1.0]]
# The same means and deviations in two pictures of 1 by 3; of a pixel, or of a picture, they differ.
PICTURES = [
    [[[1.0, 1.0, 7.0]], [[10.0, 50.0, 50.0]]],
    [[[7.0, 1.0, 7.0]], [[10.0, 10.0, 50.0]]],
]
NORMAL_PICTURES = [
    [[[-1.0, -1.0, 1.0]], [[-1.0, 1.0, 1.0]]],
    [[[1.0, -1.0, 1.0]], [[-1.0, -1.0, 1.0]]],
]
ROW_SHAPES = [(size, 3) for size in (7, 3, 13, 5, 40)]
PICTURE_SHAPES = [(size, 3, 4, 5) for size in (3, 1, 2, 6, 4)]


def test_each_channel_of_a_batch_is_normalised(device):
    got = trained(layer(2, device), tensor(ROWS, device))
    assert_same(
        got,
        tensor(NORMAL_ROWS, device),
        "1 and 7 lie 3 around their mean of 4, which is once their deviation; 0.87 would mean "
        "a variance over n - 1, 0.4 to 8 running statistics, 5 and more one mean for all channels",
    )


def test_a_picture_channel_is_one_group(device):
    got = trained(layer(2, device), tensor(PICTURES, device))
    assert_same(
        got,
        tensor(NORMAL_PICTURES, device),
        "1 and 7 lie once their deviation around the mean over both pictures and all pixels; 0 "
        "would mean statistics of each pixel, 1.41 those of each picture",
    )


def test_training_on_rows_is_torchs(device, generator):
    assert_outputs_are_torchs(ROW_SHAPES, device, generator)


def test_training_on_pictures_is_torchs(device, generator):
    assert_outputs_are_torchs(PICTURE_SHAPES, device, generator)


def test_what_came_before_does_not_show(device, generator):
    x, before = (batch(shape, generator).to(device) for shape in ((6, 3), (9, 3)))
    fresh, used = layer(3, device), layer(3, device)
    trained(used, before * 4 - 50)
    assert_same(
        trained(used, x),
        trained(fresh, x),
        "training mode, the same batch after another history: another output would mean that "
        "running statistics take part in training",
    )


def test_the_running_mean_moves_a_tenth(device):
    norm = layer(2, device)
    trained(norm, tensor(ROWS, device))
    assert_same(
        norm.running_mean,
        tensor([0.4, 3.0], device),
        "running_mean, 0.9 times 0 plus 0.1 times [4, 30]; [3.6, 27] would mean that momentum is "
        "the share of the old value, [4, 30] that the first batch is taken whole",
    )


def test_the_running_variance_moves_a_tenth(device):
    norm = layer(2, device)
    trained(norm, tensor(ROWS, device))
    assert_same(
        norm.running_var,
        tensor([0.9 + 3.6 / 3, 0.9 + 160 / 3], device),
        "running_var, 0.9 times 1 plus 0.1 times a sum of squares (36 in channel 0) over 3; 1.8 "
        "would mean over 4, 10.9 swapped shares, 1.2 a start at 0, 1.246 a deviation, 12 the first "
        "batch taken whole",
    )


def test_the_running_variance_counts_pixels_too(device):
    norm = layer(2, device)
    trained(norm, tensor(PICTURES, device))
    assert_same(
        norm.running_var,
        tensor([0.9 + 5.4 / 5, 0.9 + 240 / 5], device),
        "running_var, 0.9 plus 0.1 times the sum of squares (54 in channel 0) over 5, as there are "
        "6 values a channel; 2.7 would mean that n - 1 counts two pictures",
    )


def test_ten_times_the_values_have_a_hundred_times_the_variance(device):
    grown = []
    for factor in (1.0, 10.0):
        norm = layer(2, device)
        trained(norm, factor * tensor(ROWS, device))
        grown.append(norm.running_var - 0.9)
    meaning = "running_var less 0.9 for ten times the batch; ten times would mean a deviation"
    # 0.9 and its like cancel but for 1e-7.
    assert_same(grown[1], 100 * grown[0], meaning, rtol=1e-5, atol=1e-4)


def test_momentum_is_what_was_asked_for(device):
    norm = layer(2, device, momentum=0.5)
    trained(norm, tensor(ROWS, device))
    trained(norm, tensor(ROWS, device) + 1)
    assert_same(
        norm.running_mean,
        tensor([3.5, 23.0], device),
        "running_mean after means [4, 30] and [5, 31], half of the new one each time; [0.86, 5.8] "
        "would mean a tenth, [4.5, 30.5] that the first batch is taken whole",
    )


def test_running_statistics_are_torchs(device, generator):
    for shapes in (ROW_SHAPES, PICTURE_SHAPES):
        norm, twin = pair(shapes[0], device, generator)
        for shape in shapes:
            x = batch(shape, generator)
            trained(norm, x.to(device))
            twin(x.double())
        for name in ("running_mean", "running_var"):
            meaning = f"{name} after five batches of shape {shape} and the like"
            assert_same(getattr(norm, name), getattr(twin, name).float().to(device), meaning)


def test_eval_mode_normalises_by_the_running_ones(device):
    norm = layer(2, device)
    with torch.no_grad():
        norm.running_mean.copy_(tensor([-2.0, 10.0], device))
        norm.running_var.copy_(tensor([100.0, 400.0], device))
    for values, what in ((ROWS, "rows"), (PICTURES, "pictures")):
        x = tensor(values, device)
        per_channel = [-1] + [1] * (x.ndim - 2)
        mean = tensor([-2.0, 10.0], device).view(per_channel)
        deviation = tensor([10.0, 20.0], device).view(per_channel)
        meaning = f"{what} in eval mode: less [-2, 10], over [10, 20], whatever the batch's own are"
        assert_same(evaluated(norm, x), (x - mean) / deviation, meaning)


def test_eval_mode_moves_no_statistics(device):
    norm = layer(2, device)
    trained(norm, tensor(ROWS, device) * 2)
    before = statistics_of(norm)
    evaluated(norm, tensor(ROWS, device))
    assert_unmoved(norm, before, "a batch in eval mode")


def test_gradients_of_x_are_torchs(device, generator):
    for shapes in (ROW_SHAPES, PICTURE_SHAPES):
        norm, twin = pair(shapes[0], device, generator)
        for shape in shapes:
            got, expected = gradients(norm, twin, batch(shape, generator), generator)
            meaning = f"the gradient of x, shape {shape}, in training mode"
            assert_alike(got, expected, f"{meaning}: it flows through mean and variance as well")


def test_gradients_of_x_in_eval_mode_are_torchs(device, generator):
    for shape in (ROW_SHAPES[0], PICTURE_SHAPES[0]):
        norm, twin = pair(shape, device, generator)
        for each in (norm, twin):
            with torch.no_grad():
                each.running_mean.copy_(torch.tensor([5.0, -1.0, 4.0]))
                each.running_var.copy_(torch.tensor([9.0, 0.5, 100.0]))
        got, expected = gradients(norm.eval(), twin.eval(), batch(shape, generator), generator)
        meaning = f"the gradient of x, shape {shape}: weight over the running deviation, no more"
        assert_alike(got, expected, meaning)


def test_gradients_of_weight_and_bias_are_torchs(device, generator):
    for shapes in (ROW_SHAPES, PICTURE_SHAPES):
        norm, twin = pair(shapes[0], device, generator)
        gradients(norm, twin, batch(shapes[0], generator), generator)
        for name in ("weight", "bias"):
            got, expected = getattr(norm, name).grad, getattr(twin, name).grad
            assert got is not None, f"after backward {name}.grad is None: {name} has no part in it"
            assert_alike(got, expected.float().to(device), f"the gradient of {name}")


def test_a_shift_has_no_gradient(device, generator):
    for shape in ((7, 3), (2, 3, 4, 5)):
        grad = torch.stack(pulled(shape, device, generator)[1].cpu().unbind(1)).flatten(1)
        assert_same(
            grad.sum(1),
            torch.zeros(3),
            f"the gradient of x, shape {shape}, summed over a channel: a shift of all its values "
            "moves its mean as far and changes nothing; another sum would mean a detached mean",
        )


def test_a_stretch_has_no_gradient(device, generator):
    for shape in ((7, 3), (2, 3, 4, 5)):
        x, grad = pulled(shape, device, generator)
        stretch = x - x.mean([0, *range(2, x.ndim)], keepdim=True)
        assert_same(
            torch.stack((grad * stretch).cpu().unbind(1)).flatten(1).sum(1),
            torch.zeros(3),
            f"the gradient of x, shape {shape}, along a stretch of a channel, which stretches its "
            "deviation as much and changes nothing; another value would mean a detached variance",
            # eps leaves a trace of about eps / variance, a millionth of gradients around 10.
            rtol=0.0,
            atol=1e-4,
        )


def test_two_steps_of_training_in_a_row(device, generator):
    norm = layer(3, device)
    for step in (1, 2):
        backward(norm.train(), device, generator, f"step {step} needs no graph of an earlier one")
    assert norm.weight.grad is not None, "after two backwards weight.grad is None"


def test_a_step_in_eval_mode_after_training(device, generator):
    norm = layer(3, device)
    backward(norm.train(), device, generator, "the first step needs nothing else")
    backward(norm.eval(), device, generator, "eval mode needs no graph of the training before")


def test_running_statistics_carry_no_graph(device, generator):
    norm = layer(3, device)
    trained(norm, batch((5, 3), generator).to(device).requires_grad_())
    for name in ("running_mean", "running_var"):
        assert not getattr(norm, name).requires_grad, (
            f"{name} requires a gradient after a training step: it keeps the graph of every batch"
        )


def test_eps_is_added_to_the_variance(device):
    norm = layer(2, device, eps=7.0)
    got = trained(norm, tensor(ROWS, device))[:, :1]
    assert_same(
        got,
        tensor([[-0.75], [0.75], [-0.75], [0.75]], device),
        "3 over the root of 9 + 7, in training; 0.3 would mean 3 + 7, 1 that eps is ignored",
    )
    with torch.no_grad():
        norm.running_mean.fill_(4.0)
        norm.running_var.fill_(9.0)
    got = evaluated(norm, tensor(ROWS, device))[:, :1]
    assert_same(got, tensor([[-0.75], [0.75], [-0.75], [0.75]], device), "the same in eval mode")


def test_a_constant_channel_is_0(device):
    x = tensor([[2.0, 1.0], [2.0, 3.0], [2.0, 8.0]], device)
    got = trained(layer(2, device), x)[:, 0]
    assert_same(got, torch.zeros(3, device=device), "2, 2, 2; nan would mean 0 over 0, without eps")


def test_the_bias_is_added_last(device):
    norm = layer(2, device)
    with torch.no_grad():
        norm.weight.copy_(tensor([2.0, -3.0], device))
        norm.bias.copy_(tensor([0.5, 4.0], device))
    for values, normal in ((ROWS, NORMAL_ROWS), (PICTURES, NORMAL_PICTURES)):
        got = trained(norm, tensor(values, device)).movedim(1, -1)
        expected = tensor(normal, device).movedim(1, -1) * tensor([2.0, -3.0], device)
        meaning = "channel 0 times 2 plus 0.5, channel 1 times -3 plus 4"
        assert_same(got, expected + tensor([0.5, 4.0], device), meaning)


def test_one_value_a_channel_is_refused_in_training(device):
    assert_refused_in_training((1, 7), device)


def test_one_picture_of_one_pixel_is_refused_in_training(device):
    assert_refused_in_training((1, 7, 1, 1), device)


def test_a_refused_batch_moves_no_statistics(device):
    norm = layer(7, device).train()
    for shape in ((1, 7), (1, 7, 1, 1)):
        before = statistics_of(norm)
        with suppress(ValueError):
            norm(torch.full(shape, 4.0, device=device))
        assert_unmoved(norm, before, f"shape {shape}, one value a channel, in training mode")


def test_one_picture_of_many_pixels_trains(device):
    x = tensor([PICTURES[0]], device)[..., 1:]  # 1 and 7; 50 and 50
    got = trained(layer(2, device), x)
    expected = tensor([[[[-1.0, 1.0]], [[0.0, 0.0]]]], device)
    # A mean of 50 that is off by a rounding comes out a thousand times as large.
    meaning = "one picture, two values a channel: 1 and 7, and 50 and 50"
    assert_same(got, expected, meaning, rtol=0, atol=0.01)


def test_one_value_a_channel_is_normal_in_eval_mode(device):
    norm = layer(2, device)
    with torch.no_grad():
        norm.running_mean.copy_(tensor([4.0, 30.0], device))
        norm.running_var.copy_(tensor([9.0, 400.0], device))
    for shape in ((1, 2), (1, 2, 1, 1)):
        x = tensor([7.0, 70.0], device).view(shape)
        expected = tensor([1.0, 2.0], device).view(shape)
        meaning = f"one example, shape {shape}, in eval mode; 0 would mean that it is its own mean"
        assert_same(evaluated(norm, x), expected, meaning)


def test_what_it_is_made_of(device):
    norm = layer(3, device)
    names = sorted(name for name, _ in norm.named_parameters())
    assert names == ["bias", "weight"], f"bias and weight are the parameters, got {names}"
    for name, start in (("weight", 1), ("bias", 0), ("running_mean", 0), ("running_var", 1)):
        got = getattr(norm, name).detach()
        assert_same(got, torch.full((3,), float(start), device=device), f"{name} of a new layer")


def test_state_dict_holds_the_running_statistics(device):
    norm = layer(2, device)
    trained(norm, tensor(ROWS, device))
    saved = norm.state_dict()
    for name in ("weight", "bias", "running_mean", "running_var"):
        assert name in saved, f"{name} is missing in state_dict, which has {sorted(saved)}"
        assert_same(saved[name], getattr(norm, name).detach(), f"{name} in state_dict")


def test_the_batch_stays_as_it_is(device):
    norm = layer(2, device)
    for values in (ROWS, PICTURES):
        x = tensor(values, device)
        with unchanged(x):
            trained(norm, x)
            evaluated(norm, x)


@pytest.mark.parametrize("channels", [3, 64, 2_048])
def test_benchmark(bench, device, generator, channels):
    def made(program):
        # At a momentum of 1 the running statistics do not depend on earlier calls.
        norm = program(channels, momentum=1.0).to(device)
        return lambda x: (norm(x), norm.running_mean.clone(), norm.running_var.clone())

    def inputs():
        return (batch((8, channels, 4, 4), generator).to(device),)

    bench(channel_by_channel, BatchNorm, inputs, made=made)


def channel_by_channel(x):
    """The output, with weight 1 and bias 0, and the mean and variance of each channel."""
    normal, means, variances = [], [], []
    for channel in x.unbind(1):
        means.append(channel.mean())
        variances.append(channel.var())
        normal.append((channel - means[-1]) / (channel.var(correction=0) + 1e-5).sqrt())
    return torch.stack(normal, 1), torch.stack(means), torch.stack(variances)


def assert_refused_in_training(shape, device):
    norm, x = layer(7, device).train(), torch.full(shape, 4.0, device=device)
    why = f"shape {shape} has one value a channel, which leaves nothing to train on"
    assert_refused(lambda: norm(x), ValueError, why, mentions=shape)


def statistics_of(norm):
    return {name: getattr(norm, name).clone() for name in ("running_mean", "running_var")}


def assert_unmoved(norm, before, event):
    for name, expected in before.items():
        assert_same(getattr(norm, name), expected, f"{name} after {event}, as it was before")


def assert_outputs_are_torchs(shapes, device, generator):
    norm, twin = pair(shapes[0], device, generator)
    for number, shape in enumerate(shapes, 1):
        x = batch(shape, generator)
        got, expected = trained(norm, x.to(device)), twin(x.double())
        meaning = f"batch {number}, shape {shape}, in training mode, against torch's own"
        assert_same(got.detach(), expected.detach().float().to(device), meaning)


def assert_alike(got, expected, meaning):
    # Sums of terms that cancel lose a digit or two of float32; mistakes are off by 0.1 and more.
    assert_same(got, expected, meaning, rtol=1e-4, atol=1e-4)


def gradients(norm, twin, x, generator):
    """The gradients of x, mine and torch's, for the same gradient of the output."""
    mine, theirs = x.clone().to(norm.weight.device).requires_grad_(), x.double().requires_grad_()
    pull = torch.randn(x.shape, generator=generator)
    (answer_of(lambda: norm(mine), forward_of(x)) * pull.to(mine.device)).sum().backward()
    (twin(theirs) * pull.double()).sum().backward()
    assert mine.grad is not None, "after backward x.grad is None: x takes no part in the output"
    return mine.grad, theirs.grad.float().to(mine.device)


def backward(norm, device, generator, why):
    x = batch((5, 3), generator).to(device).requires_grad_()
    loss = answer_of(lambda: norm(x), forward_of(x)).pow(3).sum()
    answer_of(loss.backward, f"backward: {why}")


def pulled(shape, device, generator):
    x = batch(shape, generator).to(device).requires_grad_()
    pull = torch.randn(shape, generator=generator).to(device)
    (trained(layer(shape[1], device), x) * pull).sum().backward()
    assert x.grad is not None, "after backward x.grad is None: x takes no part in the output"
    return x.detach(), x.grad


def pair(shape, device, generator):
    """A layer and torch's own, in float64 on the CPU, with the same uneven weight and bias."""
    norm = layer(shape[1], device)
    kind = torch.nn.BatchNorm1d if len(shape) == 2 else torch.nn.BatchNorm2d
    twin = kind(shape[1]).double()
    with torch.no_grad():
        for name in ("weight", "bias"):
            values = torch.randn(shape[1], generator=generator)
            getattr(norm, name).copy_(values.to(device))
            getattr(twin, name).copy_(values)
    return norm, twin


def batch(shape, generator):
    return 5 + 3 * torch.randn(shape, generator=generator)


def layer(channels, device, **options):
    return answer_of(
        lambda: BatchNorm(channels, **options).to(device), f"a layer of {channels} channels is made"
    )


def trained(norm, x):
    return answer_of(lambda: norm.train()(x), forward_of(x))


def evaluated(norm, x):
    with torch.no_grad():
        return answer_of(lambda: norm.eval()(x), forward_of(x))


def forward_of(x):
    return f"shape {tuple(x.shape)} can be normalised"


def tensor(values, device):
    return torch.tensor(values, device=device)
