from copy import deepcopy

import pytest
import torch
from torch import nn

from dojo.checks import answer_of
from katas.practice.overfit_first import can_overfit


def test_a_small_net_learns_32_digits(device, digits, generator):
    x, y = some_digits(digits, generator, device)
    model = net(generator, x.shape[1], 32, 10).to(device)
    assert_fits(True, model, (x, y), "64 pixels, 32 hidden units, 32 digits", steps=60, lr=0.03)


def test_dropout_is_off_for_the_verdict(device):
    layer = one_weight(1.0, device)[0]
    ones = torch.ones(64, 1, device=device)
    why = (
        "the model gives each target exactly, but with dropout before it, where half of the inputs "
        "are 0 and half are 2, a loss of 1: it is to be judged without"
    )
    batch, model = (ones, ones.clone()), nn.Sequential(nn.Dropout(0.5), layer)
    assert_fits(True, model, batch, why, nn.functional.mse_loss, steps=1, lr=0.0)


def test_two_linear_layers_do_not_learn_xor(device, generator):
    model = nn.Sequential(linear(2, 16, generator), linear(16, 1, generator)).to(device)
    why = "two linear layers in a row are one, and the best one leaves XOR at a loss of 0.25"
    assert_fits(False, model, xor(device), why, nn.functional.mse_loss, steps=60, lr=0.05)


def test_a_relu_between_them_learns_xor(device, generator):
    model = net(generator, 2, 16, 1).to(device)
    why = "two linear layers with a relu between them learn the four points of XOR"
    assert_fits(True, model, xor(device), why, nn.functional.mse_loss, steps=100, lr=0.05)


def test_a_dead_relu_does_not_fit(device, generator):
    model = net(generator, 6, 8, 4)
    model[0].bias.data.fill_(-100)
    why = (
        "with biases of -100 no unit of the relu ever wakes: only the last bias learns, which "
        "makes the loss fall, as far as the frequencies of the classes go"
    )
    assert_fits(False, model.to(device), numbers(generator, device), why, steps=40, lr=0.1)


def test_weights_of_zero_do_not_fit(device, generator):
    model = net(generator, 6, 8, 4)
    for param in model.parameters():
        param.data.zero_()
    why = "with all weights 0 nothing but the last bias gets a gradient"
    assert_fits(False, model.to(device), numbers(generator, device), why, steps=20, lr=0.05)


def test_a_softmax_too_many_does_not_fit(device, generator):
    model = nn.Sequential(*net(generator, 6, 8, 4), nn.Softmax(1)).to(device)
    why = "probabilities taken for logits, of 4 classes, can't bring cross-entropy under 0.74"
    assert_fits(False, model, numbers(generator, device), why, steps=20, lr=0.05)


def test_one_input_with_two_targets_does_not_fit(device):
    model = nn.Sequential(zeros(1, 2)).to(device)
    batch = torch.ones(2, 1, device=device), torch.tensor([0, 1], device=device)
    model[0].bias.data[0] = 0.5
    why = "the same input twice, as class 0 and as class 1: settled, but at a loss of 0.69"
    assert_fits(False, model, batch, why, lr=0.05)


def test_right_answers_are_not_enough(device):
    model = nn.Sequential(zeros(1, 2))
    model[0].bias.data[1] = 2.0
    batch = torch.ones(3, 1, device=device), torch.ones(3, dtype=torch.int64, device=device)
    why = "logits 0 and 2 name the right class, at a loss of 0.127, and a rate of 0 leaves it there"
    assert_fits(False, model.to(device), batch, why, steps=1, lr=0.0)


def test_a_loss_of_nan_does_not_fit(device):
    model, batch = one_weight(0.0, device)
    why = "the loss is NaN, which is less than nothing"
    assert_fits(False, model, batch, why, lambda out, y: (out * torch.nan).mean(), steps=2)


def test_the_answer_is_a_bool(device):
    for loss, expected in ((0.01, True), (0.5, False)):
        got = verdict(loss, device)
        assert isinstance(got, bool), (
            f"for a loss of {loss} the answer is {expected}, a bool, got {type(got).__name__}"
        )


def test_below_is_below(device):
    got = verdict(0.25, device, below=0.25)
    assert not got, "a loss of 0.25 is not less than below=0.25, got True"


def test_below_is_what_the_caller_says(device):
    assert verdict(0.25, device, below=0.26), "a loss of 0.25 is less than 0.26, got False"
    assert not verdict(0.04, device, below=0.03), "a loss of 0.04 is not less than 0.03, got True"


def test_below_is_a_loss_not_a_share(device):
    assert verdict(0.049, device), (
        "a loss of 0.049 is less than 0.05, though it has not fallen at all, got False"
    )
    assert not verdict(0.051, device), "a loss of 0.051 is not less than 0.05, got True"


def test_the_verdict_comes_after_the_last_step(device):
    model, batch = one_weight(0.0, device)
    why = "Adam's first step is as long as the rate: 1, from 0 to the target, where the loss is 0"
    assert_fits(True, model, batch, why, nn.functional.mse_loss, steps=1, lr=1.0)


def test_lr_is_the_rate(device):
    model, batch = one_weight(0.0, device)
    for lr in (0.25, 3.0):
        why = f"one step of {lr} from 0 to the target 1 leaves {1 - lr}"
        for below, expected in ((1.01, True), (0.99, False)):
            bar = below * (1 - lr) ** 2
            assert_fits(
                expected, model, batch, why, nn.functional.mse_loss, steps=1, lr=lr, below=bar
            )


def test_the_defaults_are_200_steps_of_a_hundredth(device):
    count = modes_seen(device, training=True).count(True)
    assert count == 200, f"without steps it takes 200 steps in train mode, there were {count}"
    assert_brackets(device, {}, {"steps": 200, "lr": 0.01})


def test_the_scale_of_the_loss_does_not_slow_it_down(device):
    model, batch = one_weight(0.0, device)
    why = "Adam's steps do not shrink with the loss: a thousandth of it is learnt as fast"
    assert_fits(True, model, batch, why, small_loss, steps=4, lr=0.25, below=3e-4)


def test_it_trains_like_torchs_adam(device):
    assert_brackets(device, {"steps": 15, "lr": 0.1}, {"steps": 15, "lr": 0.1})


def test_it_takes_as_many_steps_as_told(device):
    for steps in (1, 7):
        modes = modes_seen(device, training=True, steps=steps)
        assert modes.count(True) == steps, (
            f"steps={steps}, with a loss that is low from the start: {steps} forward passes in "
            f"train mode are to come, there were {modes.count(True)}"
        )


def test_it_trains_in_train_mode(device):
    modes = modes_seen(device, training=False, steps=3)
    assert modes[:3] == [True] * 3, (
        "a model that comes in eval mode is trained in train mode for 3 steps, or dropout and "
        f"batch norm are never tried: a layer saw training = {modes}"
    )


def test_it_is_judged_in_eval_mode(device):
    modes = modes_seen(device, training=True, steps=2)
    assert modes[-1] is False, f"the last forward pass is one in eval mode, training was {modes}"


def test_the_weights_stay(device):
    model, batch = one_weight(0.5, device)
    can_overfit(model, batch, nn.functional.mse_loss, steps=3)
    got = model[0].weight.item()
    assert got == 0.5, f"the caller's weight was 0.5, and is {got} after the check"


def test_the_gradients_stay(device):
    model, batch = one_weight(0.5, device)
    can_overfit(model, batch, nn.functional.mse_loss, steps=2)
    got = model[0].weight.grad
    assert got is None, f"the caller's weight had no gradient, and has {got} after the check"
    kept = model[0].weight.grad = torch.full((1, 1), 7.0, device=device)
    can_overfit(model, batch, nn.functional.mse_loss, steps=2)
    got = model[0].weight.grad
    assert got is kept or (got is not None and got.item() == 7), (
        f"the caller's weight had a gradient of 7, and has {got} after the check"
    )


def test_the_buffers_stay(device):
    model = nn.Sequential(nn.BatchNorm1d(1), zeros(1, 1)).to(device)
    batch = torch.tensor([[1.0], [4.0]], device=device), torch.ones(2, 1, device=device)
    can_overfit(model, batch, nn.functional.mse_loss, steps=2)
    norm = model[0]
    got = norm.running_mean.item(), norm.running_var.item(), norm.num_batches_tracked.item()
    assert got == (0, 1, 0), (
        f"batch norm had mean 0, variance 1 and no batches seen, and has {got} after the check"
    )


def test_the_modes_stay(device):
    model, batch = one_weight(0.5, device)
    for modes in ([True, False], [False, True], [True, True]):
        model.training, model[0].training = modes
        can_overfit(model, batch, nn.functional.mse_loss, steps=2)
        got = [model.training, model[0].training]
        assert got == modes, f"training was {modes} for the model and its layer, and is {got} now"


def test_random_numbers_go_on_as_before(device):
    layer, batch = one_weight(0.5, device)
    model = nn.Sequential(nn.Dropout(0.5), layer)
    torch.manual_seed(5)
    expected = two_draws(device)
    torch.manual_seed(5)
    can_overfit(model, batch, nn.functional.mse_loss, steps=2)
    got = two_draws(device)
    assert got == expected, (
        f"after the seed 5 come {expected}, with a check in between that must not show {got}: "
        "dropout has drawn from the same numbers"
    )


@pytest.mark.parametrize("examples", [10, 100, 1_000])
def test_benchmark(bench, device, generator, examples):
    model = net(generator, 64, 256, 10).to(device)

    def made(program):
        def verdict_and_loss(*batch):
            losses = []

            def loss_func(outputs, targets):
                losses.append(nn.functional.cross_entropy(outputs, targets))
                return losses[-1]

            # The last loss is the one that is judged: a verdict alone could be a guess.
            return program(model, batch, loss_func, steps=5), losses[-1].detach()

        return verdict_and_loss

    def inputs():
        x = torch.randn(examples, 64, generator=generator)
        return x.to(device), torch.randint(10, (examples,), generator=generator).to(device)

    bench(None, can_overfit, inputs, made=made)


def assert_fits(expected, model, batch, why, loss_func=nn.functional.cross_entropy, **settings):
    got = answer_of(lambda: can_overfit(model, batch, loss_func, **settings), why)
    assert bool(got) is expected, f"{why}: expected {expected}, got {got}"


def assert_brackets(device, settings, told):
    """A bar just above the loss that torch's Adam reaches is passed, one just below it is not."""
    model, batch = one_weight(-2.0, device)
    expected, loss_func = deepcopy(model), nn.functional.mse_loss
    optimiser = torch.optim.Adam(expected.parameters(), lr=told["lr"])
    for _ in range(told["steps"]):
        optimiser.zero_grad()
        loss_func(expected(batch[0]), batch[1]).backward()
        optimiser.step()
    loss = loss_func(expected(batch[0]), batch[1]).item()
    why = f"{told['steps']} steps of Adam at {told['lr']} from -2 to 1 leave a loss of {loss}"
    for share, fits in ((1.01, True), (0.99, False)):
        bar = share * loss
        assert_fits(fits, model, batch, f"{why}; bar {bar}", loss_func, below=bar, **settings)


def small_loss(outputs, targets):
    return nn.functional.mse_loss(outputs, targets) / 1000


def two_draws(device):
    return [torch.rand(2).tolist(), torch.rand(2, device=device).tolist()]


def verdict(loss, device, **settings):
    """The answer for a loss that is always the same."""
    model, batch = one_weight(0.0, device)
    return can_overfit(model, batch, lambda out, y: 0 * out.sum() + loss, steps=1, **settings)


def modes_seen(device, training, **settings):
    """The modes that a layer was in, one for each time that it ran."""
    model, batch, modes = *one_weight(1.0, device), []

    class Recorder(nn.Module):
        def forward(self, x):
            modes.append(self.training)
            return x

    model.append(Recorder())
    can_overfit(model.train(training), batch, nn.functional.mse_loss, **settings)
    return modes


def some_digits(digits, generator, device):
    indices = torch.randperm(len(digits), generator=generator)[:32]
    x = digits.images[indices].flatten(1).float() / 255
    return x.to(device), digits.labels[indices].to(device)


def xor(device):
    x = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], device=device)
    return x, torch.tensor([[0.0], [1.0], [1.0], [0.0]], device=device)


def numbers(generator, device):
    """Eight examples of six numbers, of four classes, one more frequent than the others."""
    y = torch.tensor([0, 1, 2, 3, 0, 0, 2, 0])
    return torch.randn(8, 6, generator=generator).to(device), y.to(device)


def one_weight(value, device):
    """A model that multiplies by its one weight, and a batch that draws the weight to 1."""
    layer = nn.Linear(1, 1, bias=False)
    nn.init.constant_(layer.weight, value)
    ones = torch.ones(2, 1, device=device)
    return nn.Sequential(layer).to(device), (ones, ones.clone())


def net(generator, inputs, hidden, outputs):
    layers = linear(inputs, hidden, generator), nn.ReLU(), linear(hidden, outputs, generator)
    return nn.Sequential(*layers)


def linear(inputs, outputs, generator):
    layer = nn.Linear(inputs, outputs)
    for param in layer.parameters():
        param.data = (2 * torch.rand(param.shape, generator=generator) - 1) * inputs**-0.5
    return layer


def zeros(inputs, outputs):
    layer = nn.Linear(inputs, outputs)
    for param in layer.parameters():
        nn.init.zeros_(param)
    return layer
