from copy import deepcopy

import pytest
import torch
from torch import nn

from dojo.checks import answer_of, assert_same
from katas.gradients.one_epoch import train_epoch


def test_a_step_goes_downhill(device):
    model = one_weight(6.0, device)
    train_epoch(model, towards([[2.0]], device), half_square, lr=0.5)
    assert model.weight.item() <= 6, (
        f"the loss falls from 6 towards 2, the weight went to {model.weight.item()}: uphill"
    )


def test_a_step_goes_by_the_gradient(device):
    model = one_weight(6.0, device)
    train_epoch(model, towards([[2.0]], device), half_square, lr=0.5)
    got = model.weight.item()
    assert got == 4, (
        f"rate 0.5 times slope 4 is 2, off 6: 4, got {got}; 6 would mean that the gradient had "
        "been cleared before the step"
    )


def test_each_batch_has_its_step(device):
    model = one_weight(6.0, device)
    train_epoch(model, towards([[2.0], [2.0]], device), half_square, lr=0.5)
    got = model.weight.item()
    assert got == 3, (
        f"two batches, two halves of the way from 6 to 2: 4, then 3, got {got}; 4 would mean a "
        "step for the last batch only, 2 one along the sum of both gradients, 1 that the second "
        "step used both"
    )


def test_each_step_starts_from_a_clean_gradient(device):
    model = one_weight(6.0, device)
    train_epoch(model, towards([[2.0], [4.0]], device), half_square, lr=0.5)
    got = model.weight.item()
    assert got == 4, (
        f"the first batch takes 6 to 4, where the second one's slope is 0: 4, got {got}; 2 would "
        "mean that the second step went by the sum of both gradients"
    )


def test_the_steps_add_up(device):
    got = after_slopes(1.0, -4.0, 2.0, device=device)
    assert got == 1.5, (
        f"half of slopes 1, -4, 2 taken off 1, one after the other: 0.5, 2.5, 1.5, got {got}; 2.5 "
        "would mean that each gradient was added to those before, 0 a step for the last batch only"
    )


def test_the_first_batches_count(device):
    got = after_slopes(1.0, -2.0, 4.0, device=device)
    assert got == -0.5, (
        f"half of slopes 1, -2, 4 taken off 1, one after the other: 0.5, 1.5, -0.5, got {got}; -1 "
        "would mean a step for the last batch only"
    )


def test_gradients_from_before_do_not_count(device):
    model = one_weight(6.0, device)
    model.weight.grad = torch.full((1, 1), 100.0, device=device)
    train_epoch(model, towards([[2.0]], device), half_square, lr=0.5)
    got = model.weight.item()
    assert got == 4, (
        f"half of the way from 6 to 2 is 4, got {got}: -46 would mean that a gradient of 100, left "
        "from before the epoch, was added to that of the first batch"
    )


def test_a_batch_of_four_makes_the_step_of_one(device):
    model = one_weight(6.0, device)
    train_epoch(model, towards([[2.0, 2.0, 2.0, 2.0]], device), half_square, lr=0.5)
    got = model.weight.item()
    assert got == 4, (
        "four examples that all draw the weight from 6 to 2 take it half of the way, to 4, got "
        f"{got}: 5.5 would mean a step divided by their number, as if the loss were a sum"
    )


def test_a_short_last_batch_takes_part(device):
    model = one_weight(6.0, device)
    train_epoch(model, towards([[2.0, 2.0], [10.0]], device), half_square, lr=0.5)
    got = model.weight.item()
    assert got > 4, (
        f"a batch of two draws the weight down from 6, a batch of one then up to 10, got {got}: 4 "
        "would mean that the shorter batch was left out"
    )


def test_a_short_batch_makes_a_whole_step(device):
    model = one_weight(6.0, device)
    train_epoch(model, towards([[2.0, 2.0], [10.0]], device), half_square, lr=0.5)
    got = model.weight.item()
    assert got == 7, (
        "whatever their size, each batch takes the weight half of the way to its target, from 6 to "
        f"4, and on to 7, got {got}"
    )


def test_takes_the_steps_of_torch_at_a_half_to_the_last_bit(device, generator):
    # Half of a number is exact, so each step rounds once, as the optimiser's does.
    exactly = {"rtol": 0, "atol": 0} if device.type == "cpu" else {}
    assert_trains_like_torch(0.5, device, generator, **exactly)


def test_takes_the_steps_of_torch_at_a_tenth(device, generator):
    assert_trains_like_torch(0.1, device, generator)


def test_each_example_counts_alike_in_the_mean(device):
    got = mean_of_targets([[1.0, 1.0, 1.0], [5.0]], device)
    assert close(got, 2), (
        f"losses 1, 1, 1 and, in a batch of its own, 5: mean 2, got {got}; 3 would be the mean of "
        "the batches' means"
    )


def test_the_mean_is_one_of_examples(device):
    got = mean_of_targets([[1.0, 3.0], [5.0, 7.0], [0.0, 2.0]], device)
    assert close(got, 3), (
        f"losses 1, 3, 5, 7, 0, 2 have the mean 3, got {got}: 9 would be the sum of the batches' "
        "means, 6 the sum of all losses over the number of batches, 1.5 that of the means over the "
        "number of examples"
    )


def test_one_batch_has_its_own_mean(device):
    got = mean_of_targets([[1.0, 2.0, 3.0, 6.0]], device)
    assert close(got, 3), (
        f"losses 1, 2, 3, 6 have the mean 3, got {got}: 12 would be their sum, 0.75 their mean "
        "divided once more by their number"
    )


def test_equal_losses_are_their_own_mean(device):
    got = mean_of_targets([[3.0], [3.0]], device)
    assert close(got, 3), f"losses 3 and 3 have the mean 3, got {got}: 6 is their sum"


def test_the_mean_is_no_larger_than_the_largest_loss(device):
    got = mean_of_targets([[1.0, 2.0, 3.0, 6.0]], device)
    assert got < 6, f"losses 1, 2, 3, 6 have a mean below 6, got {got}: 12 is their sum"


def test_all_batches_are_in_the_mean(device):
    got = mean_of_targets([[2.0], [6.0], [1.0]], device)
    assert close(got, 3), (
        f"losses 2, 6, 1 of three batches have the mean 3, got {got}: 1 is that of the last batch"
    )


def test_a_loss_is_that_before_its_step(device):
    got = train_epoch(one_weight(6.0, device), towards([[2.0]], device), half_square, lr=0.5)
    assert close(got, 8), f"(6 - 2)²/2 is 8, got {got}: 2 would be the loss after the step, at 4"


def test_the_mean_is_a_float(device):
    got = train_epoch(one_weight(6.0, device), towards([[2.0]], device), half_square, lr=0.5)
    assert isinstance(got, float), (
        f"the mean loss is a float, got {type(got).__name__}: a Tensor may keep the graphs of the "
        "whole epoch alive"
    )


def test_a_batch_goes_through_the_model_once(device):
    seen = inputs_seen(device)
    assert sorted(set(seen)) == [1, 2, 3], f"inputs 1, 2 and 3 all go through, got {seen}"
    assert len(seen) == 3, (
        f"3 batches go through the model once each, got {seen}: batch norm and dropout notice"
    )


def test_the_batches_come_in_their_order(device):
    seen = list(dict.fromkeys(inputs_seen(device)))
    assert seen == [1, 2, 3], f"inputs 1, 2, 3 are trained on in this order, got {seen}"


def test_running_statistics_see_each_batch(device):
    model = nn.Sequential(nn.BatchNorm1d(1), nn.Linear(1, 1)).to(device).eval()
    train_epoch(model, towards([[2.0, 1.0], [3.0, 0.0]], device), half_square, lr=0.1)
    got = model[0].num_batches_tracked.item()
    assert got == 2, (
        f"batch norm takes the statistics of 2 batches in train mode, it has those of {got}"
    )


def test_batches_need_no_length(device):
    class Loader:
        def __iter__(self):
            return iter(towards([[2.0], [2.0]], device))

    why = "batches need not have a length"
    model = one_weight(6.0, device)
    answer_of(lambda: train_epoch(model, Loader(), half_square, lr=0.5), why)
    assert model.weight.item() == 3, f"6 goes over 4 to 3, got {model.weight.item()}"


def test_a_generator_of_batches_will_do(device):
    model = one_weight(6.0, device)
    batches = (batch for batch in towards([[2.0], [2.0]], device))
    why = "batches may come from a generator, which has no length and is gone through once"
    got = answer_of(lambda: train_epoch(model, batches, half_square, lr=0.5), why)
    assert model.weight.item() == 3, f"{why}: 6 goes over 4 to 3, got {model.weight.item()}"
    assert close(got, 5), f"{why}: losses 8 and 2 have the mean 5, got {got}"


def test_the_model_is_in_train_mode_during_the_epoch(device):
    for training in (True, False):
        model, modes = nn.Sequential(one_weight(6.0, device)).train(training), []
        model.register_forward_pre_hook(lambda model, _, modes=modes: modes.append(model.training))
        train_epoch(model, towards([[2.0], [2.0]], device), half_square, lr=0.5)
        assert all(modes), (
            f"model.training is True for each batch, got {modes} from a model that came with "
            f"{training}"
        )


def test_the_layers_are_in_train_mode_too(device):
    model, modes = nn.Sequential(one_weight(6.0, device)).eval(), []
    model[0].register_forward_pre_hook(lambda layer, _: modes.append(layer.training))
    train_epoch(model, towards([[2.0], [2.0]], device), half_square, lr=0.5)
    assert all(modes), (
        f"layers are in train mode for each batch, as the model is, got training {modes}"
    )


def test_a_model_in_train_mode_comes_back_in_it(device):
    assert_comes_back(training=True, device=device)


def test_a_model_in_eval_mode_comes_back_in_it(device):
    assert_comes_back(training=False, device=device)


def test_a_parameter_without_part_stays(device):
    model = one_weight(6.0, device)
    model.unused = nn.Parameter(torch.tensor(7.0, device=device))
    why = "a parameter that takes no part has no gradient"
    answer_of(lambda: train_epoch(model, towards([[2.0]], device), half_square, lr=0.5), why)
    got = model.unused.item()
    assert got == 7, f"{why}, so it stays at 7, got {got}"


def test_a_parameter_behind_one_without_part_moves(device):
    model = nn.Module()
    model.unused = nn.Parameter(torch.tensor(7.0, device=device))
    model.layer = one_weight(6.0, device)
    model.forward = lambda inputs: model.layer(inputs)
    why = "the first parameter takes no part, the second one does"
    answer_of(lambda: train_epoch(model, towards([[2.0]], device), half_square, lr=0.5), why)
    got = model.layer.weight.item()
    assert got == 4, f"{why}: it goes from 6 to 4, got {got}"


def test_an_old_gradient_moves_no_parameter_without_part(device):
    model = one_weight(6.0, device)
    model.unused = nn.Parameter(torch.tensor(7.0, device=device))
    model.unused.grad = torch.tensor(3.0, device=device)
    train_epoch(model, towards([[2.0]], device), half_square, lr=0.5)
    got = model.unused.item()
    assert got == 7, (
        f"a parameter that takes no part stays at 7, got {got}: it had a gradient of 3 from before"
    )


def test_a_frozen_parameter_stays(device):
    model = nn.Sequential(one_weight(1.0, device), one_weight(6.0, device))
    model[0].weight.requires_grad_(False)
    why = "a parameter that does not require grad is frozen"
    answer_of(lambda: train_epoch(model, towards([[2.0]], device), half_square, lr=0.5), why)
    frozen, other = model[0].weight, model[1].weight
    assert frozen.item() == 1, f"{why}: it stays at 1, got {frozen.item()}"
    assert not frozen.requires_grad, f"{why}, and is so afterwards: it requires grad now"
    assert other.item() == 4, f"the one that is not frozen goes from 6 to 4, got {other.item()}"


def test_the_models_own_parameters_move(device):
    model = one_weight(6.0, device)
    weight = model.weight
    train_epoch(model, towards([[2.0]], device), half_square, lr=0.5)
    assert model.weight is weight, "the model has another parameter now, which no one else knows"
    assert weight.item() != 6, "the model's parameter is at 6 as before: was a copy trained?"
    assert weight.requires_grad, "the model's parameter required grad, and does not any more"


@pytest.mark.parametrize("examples", [100, 1_000, 5_000])
def test_benchmark(bench, device, generator, examples):
    """torch.optim.SGD (here called loop) against yours, in batches of 100."""
    model = net(generator).to(device)
    start = deepcopy(model.state_dict())

    def made(program):
        def epoch(x, y):
            model.load_state_dict(start)
            batches = list(zip(x.split(100), y.split(100), strict=True))
            loss = program(model, batches, nn.functional.mse_loss, 0.125)
            return loss, [param.detach().clone() for param in model.parameters()]

        return epoch

    def inputs():
        shapes = (examples, 4), (examples, 2)
        return tuple(torch.randn(shape, generator=generator).to(device) for shape in shapes)

    bench(made(torchs_mean_loss), train_epoch, inputs, made=made)


def torchs_mean_loss(model, batches, loss_func, lr):
    """For batches of one size."""
    losses = torchs_epoch(model, batches, loss_func, lr)
    return sum(losses) / len(losses)


def assert_trains_like_torch(lr, device, generator, **tolerance):
    mine = net(generator).to(device)
    expected = deepcopy(mine)
    inputs = torch.randn(19, 4, generator=generator).to(device)
    targets = torch.randn(19, 2, generator=generator).to(device)
    batches = list(zip(inputs.split(8), targets.split(8), strict=True))  # 8, 8 and 3
    loss_func = nn.functional.mse_loss
    loss = train_epoch(mine, batches, loss_func, lr)
    losses = torchs_epoch(expected, batches, loss_func, lr)
    pairs = zip(mine.named_parameters(), expected.parameters(), strict=True)
    for (name, got), wanted in pairs:
        meaning = f"{name} as torch.optim.SGD leaves it after batches of 8, 8 and 3 at rate {lr}"
        assert_same(got.detach(), wanted.detach(), meaning, **tolerance)
    mean = (8 * losses[0] + 8 * losses[1] + 3 * losses[2]) / 19
    assert close(loss, mean), f"the mean loss of 19 examples is {mean:.6f}, got {loss}"


def torchs_epoch(model, batches, loss_func, lr):
    optimiser, losses = torch.optim.SGD(model.parameters(), lr), []
    for inputs, targets in batches:
        optimiser.zero_grad()
        loss = loss_func(model(inputs), targets)
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses


def assert_comes_back(training, device):
    model = nn.Sequential(one_weight(6.0, device)).train(training)
    train_epoch(model, towards([[2.0]], device), half_square, lr=0.5)
    modes = [module.training for module in model.modules()]
    assert modes == [training, training], (
        f"model.training was {training} before the epoch, for the model and its layer, and is "
        f"{modes} after it"
    )


def inputs_seen(device):
    """The inputs that went through the model in an epoch of batches 1, 2, 3."""
    model, seen = one_weight(0.5, device), []
    model.register_forward_pre_hook(lambda _, args: seen.append(args[0].item()))
    numbers = [torch.full((1, 1), number, device=device) for number in (1.0, 2.0, 3.0)]
    train_epoch(model, [(number, number) for number in numbers], half_square, lr=0.1)
    return seen


def mean_of_targets(targets, device):
    """The mean loss at rate 0, where an example's loss is its target."""
    model = one_weight(0.0, device)
    return train_epoch(model, towards(targets, device), lambda out, y: (y - out).mean(), lr=0.0)


def after_slopes(*slopes, device):
    """Where a weight of 1 ends at rate 0.5, if each batch's loss has one of these slopes."""
    model = one_weight(1.0, device)
    batches = towards([[slope] for slope in slopes], device)
    train_epoch(model, batches, lambda out, slope: (out * slope).mean(), lr=0.5)
    return model.weight.item()


def close(got, wanted):
    return abs(got - wanted) <= 1e-5 * abs(wanted)  # a loss in float32 has 7 digits


def half_square(outputs, targets):
    return (outputs - targets).square().mean() / 2


def towards(targets, device):
    """Batches whose inputs are 1, so that a lone weight is drawn to the targets."""
    columns = [torch.tensor(batch, device=device).unsqueeze(1) for batch in targets]
    return [(torch.ones_like(column), column) for column in columns]


def one_weight(value, device):
    layer = nn.Linear(1, 1, bias=False)
    nn.init.constant_(layer.weight, value)
    return layer.to(device)


def net(generator):
    model = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 2))
    for param in model.parameters():
        param.data = torch.randn(param.shape, generator=generator)
    return model
