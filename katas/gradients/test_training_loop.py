from copy import deepcopy

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy, mse_loss

from dojo.checks import answer_of, assert_refused, assert_same
from katas.gradients.training_loop import fit


def test_a_step_is_that_of_sgd(device):
    model = one_weight(6.0, device)
    fit(model, towards([[2.0], [2.0]], device), towards([[-2.0]], device), half_square, 0.5, 1)
    got = model.weight.item()
    assert got == 3, (
        f"two batches, two halves of the way from 6 to 2: 4, then 3, got {got}; 1 would mean that "
        "the second step used both gradients, 12 that steps go uphill"
    )


def test_every_batch_has_its_step(device):
    model = one_weight(6.0, device)
    fit(model, towards([[2.0], [0.0]], device), towards([[-2.0]], device), half_square, 0.5, 1)
    got = model.weight.item()
    assert got == 2, (
        f"half of the way from 6 to 2, then half of that to 0: 4, then 2, got {got}; 4 would mean "
        "that only the first batch had a step, 1 one step along the sum of both gradients"
    )


def test_each_batch_has_its_own_gradient(device):
    model = one_weight(6.0, device)
    fit(model, towards([[2.0], [4.0]], device), towards([[-2.0]], device), half_square, 0.5, 1)
    got = model.weight.item()
    assert got == 4, (
        f"the first batch takes 6 to 4, where the second one's slope is 0: 4, got {got}; 2 would "
        "mean that the second step went by the sum of both gradients"
    )


def test_gradients_from_before_do_not_count(device):
    model = one_weight(6.0, device)
    model.weight.grad = torch.full_like(model.weight, 100.0)
    fit(model, towards([[2.0]], device), towards([[-2.0]], device), half_square, 0.5, 1)
    got = model.weight.item()
    assert got == 4, (
        f"a step from 6 towards 2 ends at 4, got {got}: -46 would mean that the 100 which were in "
        ".grad before fit counted, too"
    )


def test_a_parameter_without_part_stays(device):
    model = one_weight(6.0, device)
    model.unused = nn.Parameter(torch.tensor([7.0], device=device))
    answer_of(
        lambda: fit(
            model, towards([[2.0]], device), towards([[-2.0]], device), half_square, 0.5, 2
        ),
        "a parameter that takes no part in the loss has no gradient, and that is no error",
    )
    assert model.unused.item() == 7, f"it took no part, and went from 7 to {model.unused.item()}"


def test_a_frozen_parameter_stays(device, generator):
    model = net(generator).to(device)
    model[0].weight.requires_grad_(False)
    before = model[0].weight.clone()
    train, valid = noise(generator, device, 8, 3), noise(generator, device, 5)
    answer_of(lambda: fit(model, train, valid, mse_loss, 0.1, 2), "one weight is frozen")
    assert_same(model[0].weight, before, "a weight that does not require grad stays as it is")


def test_weights_end_where_sgd_takes_them(device, generator):
    mine = net(generator)
    expected = deepcopy(mine)
    mine.to(device)
    train = noise(generator, "cpu", 8, 8, 3)
    valid = noise(generator, device, 4)
    fit(mine, [(x.to(device), y.to(device)) for x, y in train], valid, mse_loss, 0.1, 3)
    for x, y in train * 3:
        params = [*expected.parameters()]
        slopes = torch.autograd.grad(mse_loss(expected(x), y), params)
        for param, slope in zip(params, slopes, strict=True):
            param.data -= 0.1 * slope
    for (name, got), wanted in zip(mine.named_parameters(), expected.parameters(), strict=True):
        meaning = f"{name} after 3 epochs of batches of 8, 8 and 3, a step of SGD each"
        assert_same(got.detach().cpu(), wanted.detach(), meaning)


def test_every_epoch_trains(device):
    model = one_weight(6.0, device)
    fit(model, towards([[2.0]], device), towards([[-2.0]], device), half_square, 0.5, 3)
    got = model.weight.item()
    assert got == 2.5, (
        f"three epochs of a batch halve the way from 6 to 2 three times: 4, 3, 2.5, got {got}; "
        "4 would mean that only the first one trained"
    )


def test_every_epoch_has_a_row(device):
    rows = two_epochs(device)
    assert len(rows) == 2, f"2 epochs have 2 rows, got {len(rows)}: {rows}"


def test_the_train_loss_comes_first(device):
    rows = two_epochs(device)
    assert tuple(rows[-1]) == (2.0, 12.5), (
        f"the last epoch begins 2 off the training target, half square 2, and ends 5 off the other "
        f"one, 12.5: expected (2.0, 12.5), got {rows[-1]}"
    )


def test_every_epoch_validates(device):
    got = [row[1] for row in two_epochs(device)][:1]
    assert got != [12.5], (
        "the first epoch's loss on valid, 18, is that of the last one, 12.5: every epoch validates"
    )


def test_the_valid_loss_is_that_after_the_epoch(device):
    model = one_weight(6.0, device)
    rows = fit(model, towards([[2.0]], device), towards([[-2.0]], device), half_square, 0.5, 1)
    got = max(rows[0])
    assert got == 18, (
        f"after its step the weight is 4, 6 off the target of valid, half square 18, got {got}: 32 "
        "would mean that it was measured before"
    )


def test_the_train_loss_is_that_before_each_step(device):
    model = one_weight(6.0, device)
    batches = towards([[2.0], [2.0]], device)
    rows = fit(model, batches, towards([[-2.0]], device), half_square, 0.5, 1)
    assert min(rows[0]) == 5, (
        f"the batches find the weight 4 and 2 off, half squares 8 and 2, on average 5, got "
        f"{min(rows[0])}: 0.5 would be the loss after the epoch, 1.25 the mean after each step"
    )


def test_the_train_loss_is_over_examples(device):
    got = rows_at_rate_0([[1.0, 1.0, 1.0], [5.0]], [[7.0]], device)[0][0]
    assert got == 2, f"losses 1, 1, 1 and 5 are 2 on average, got {got}: 3 is the mean of batches"


def test_the_train_loss_is_that_of_all_batches(device):
    got = rows_at_rate_0([[1.0], [3.0], [5.0]], [[7.0]], device)[0][0]
    assert got == 3, f"losses 1, 3 and 5 are 3 on average, got {got}: 5 is the last, 9 the sum"


def test_the_valid_loss_is_over_examples(device):
    got = rows_at_rate_0([[7.0]], [[1.0, 1.0, 1.0], [5.0]], device)[0][1]
    assert got == 2, f"losses 1, 1, 1 and 5 are 2 on average, got {got}: 3 is the mean of batches"


def test_rows_hold_floats(device):
    rows = two_epochs(device)
    kinds = {type(loss).__name__ for row in rows for loss in row}
    assert kinds == {"float"}, f"losses are Python floats, got {sorted(kinds)}"
    assert [len(row) for row in rows] == [2] * len(rows), f"a row has two losses, got {rows}"


def test_no_epochs_change_nothing(device):
    model = one_weight(6.0, device)
    rows = fit(model, towards([[2.0]], device), towards([[-2.0]], device), half_square, 0.5, 0)
    got = model.weight.item()
    assert (list(rows), got) == ([], 6), f"0 epochs: no rows, weight 6, got {rows}, weight {got}"


def test_an_empty_valid_is_refused(device):
    model = one_weight(6.0, device)
    assert_refused(
        lambda: fit(model, towards([[2.0]], device), [], half_square, 0.5, 1),
        ValueError,
        "valid has no batches, so no loss",
        mentions=["valid"],
    )


def test_every_epoch_trains_in_train_mode(device):
    for mode in (True, False):
        seen = [training for part, training, _ in visits(device, mode) if part == "train"]
        assert seen == [True] * 6, (
            f"3 epochs of 2 batches in train mode, after a start with training={mode}, got {seen}"
        )


def test_validation_is_in_eval_mode(device):
    seen = [training for part, training, _ in visits(device) if part == "valid"]
    assert not any(seen), f"validation is in eval mode, the model's training was {seen}"


def test_validation_is_without_gradients(device):
    seen = [recording for part, _, recording in visits(device) if part == "valid"]
    assert not any(seen), (
        f"torch.is_grad_enabled() in validation was {seen}: eval mode does not switch it off"
    )


def test_training_comes_first_in_each_epoch(device):
    parts = [part for part, _, _ in visits(device)]
    assert parts == ["train", "train", "valid"] * 3, f"train, then valid, each epoch, got {parts}"


def test_a_batch_goes_through_the_model_once(device):
    parts = [part for part, _, _ in visits(device)]
    assert parts.count("train") == 6, (
        f"3 epochs of 2 batches are 6 calls of the model, got {parts.count('train')}"
    )


def test_a_model_in_train_mode_comes_back_in_it(device):
    assert_comes_back(True, device)


def test_a_model_in_eval_mode_comes_back_in_it(device):
    assert_comes_back(False, device)


def test_gradients_are_on_again_afterwards(device):
    two_epochs(device)
    recording = torch.is_grad_enabled()
    torch.set_grad_enabled(True)
    assert recording, "after fit gradients are recorded again, and were left switched off"


def test_every_epoch_asks_for_new_batches(device):
    train = Loader([towards([[2.0]], device), towards([[4.0]], device), towards([[0.0]], device)])
    model = one_weight(6.0, device)
    answer_of(
        lambda: fit(model, train, towards([[-2.0]], device), half_square, 0.5, 3),
        "train gives other batches each epoch, three times",
    )
    got = model.weight.item()
    assert got == 2, (
        f"train leads 6 half of the way to 2, 4 and 0, an epoch each: 4, 4, 2, got {got}; 2.5 "
        "would mean that the first epoch's batches were kept"
    )


def test_train_may_come_in_another_order_each_epoch(device):
    class Reshuffled:
        targets = (2.0, 4.0, 0.0)

        def __iter__(self):
            yield from towards([self.targets[:1]], device)
            self.targets = self.targets[1:]  # the epoch is over

    model = one_weight(6.0, device)
    fit(model, Reshuffled(), towards([[-2.0]], device), half_square, 0.5, 3)
    got = model.weight.item()
    assert got == 2, (
        f"train leads 6 half of the way to 2, 4 and 0, an epoch each: 4, 4, 2, got {got}; 2.5 "
        "would mean that the first epoch's batches were kept"
    )


def test_valid_is_gone_through_once_an_epoch(device):
    valid = Loader([towards([[-2.0]], device)] * 3)
    rows = answer_of(
        lambda: fit(one_weight(6.0, device), towards([[2.0]], device), valid, half_square, 0.5, 3),
        "valid can be gone through once in each of three epochs, and no more often",
    )
    assert valid.rounds == len(rows) == 3, (
        f"valid was asked for its batches {valid.rounds} times in 3 epochs, which gave {rows}"
    )


def test_batches_may_come_from_a_generator(device):
    class Stream:
        def __iter__(self):
            yield from towards([[2.0], [2.0]], device)

    model = one_weight(6.0, device)
    answer_of(
        lambda: fit(model, Stream(), Stream(), half_square, 0.5, 2),
        "what iter() gives can be gone through, and has neither a length nor an index",
    )
    got = model.weight.item()
    assert got == 2.25, f"four steps halve the way from 6 to 2: 2.25, got {got}"


def test_weights_are_the_same_whatever_valid_holds(device, generator):
    calm, wild = net(generator, norm=True).to(device), None
    wild = deepcopy(calm)
    train, valid = noise(generator, device, 8, 8), noise(generator, device, 6)
    fit(calm, train, valid, mse_loss, 0.1, 2)
    fit(wild, train, [(50 * x, 9 + y) for x, y in valid], mse_loss, 0.1, 2)
    for (name, one), other in zip(
        calm.state_dict().items(), wild.state_dict().values(), strict=True
    ):
        assert_same(
            one,
            other,
            f"{name} after the same training with another valid: validation has taught the model",
        )


def test_running_statistics_are_those_of_training(device, generator):
    model = net(generator, norm=True).to(device)
    train, valid = noise(generator, device, 8, 8), noise(generator, device, 6)
    fit(model, train, valid, mse_loss, 0.1, 3)
    got = model[1].num_batches_tracked.item()
    assert got == 6, f"batch norm has seen 3 epochs of 2 training batches, 6, its count is {got}"


def test_a_net_learns_to_read_digits(device, digits):
    train, held_out = digits.split(0.8, seed=0)
    model = answer_of(lambda: trained(train, device), "64 hidden units, 10 epochs of digits")
    inputs, targets = pictures(held_out, device)
    with torch.no_grad():
        right = (model(inputs).argmax(1) == targets).float().mean().item()
    assert right >= 0.9, (  # 92 to 98% over 50 splits
        f"of held-out digits {right:.0%} are read, not 90%: 10 to 25% would mean that gradients "
        "pile up or steps are missing, about 75% a single epoch"
    )


@pytest.mark.parametrize("batches", [1, 10, 50])
def test_benchmark(bench, device, generator, batches):
    """Losses asked for once an epoch (here called loop) against yours: does waiting cost?"""
    model = net(generator).to(device)
    start = deepcopy(model.state_dict())

    def made(program):
        def epoch(x, y):
            model.load_state_dict(start)
            *train, last = zip(x, y, strict=True)
            rows = program(model, train, [last], mse_loss, 0.125, 1)
            return rows, [param.detach().clone() for param in model.parameters()]

        return epoch

    def inputs():
        shapes = (batches + 1, 32, 4), (batches + 1, 32, 2)
        return tuple(torch.randn(shape, generator=generator).to(device) for shape in shapes)

    bench(made(ask_late), fit, inputs, made=made)


def ask_late(model, train, valid, loss_func, lr, epochs):
    """Lets the device run ahead: each item() waits for it. For batches of one size."""
    rows = []
    for _ in range(epochs):
        losses = []
        for x, y in train:
            model.zero_grad()
            losses.append(loss_func(model(x), y))
            losses[-1].backward()
            with torch.no_grad():
                for param in model.parameters():
                    param -= lr * param.grad
        with torch.no_grad():
            checks = [loss_func(model(x), y) for x, y in valid]
        rows.append(tuple(torch.stack(part).mean().item() for part in (losses, checks)))
    return rows


class Loader:
    """Hands out other batches in each epoch, and counts the epochs."""

    def __init__(self, epochs):
        self.epochs, self.rounds = epochs, 0

    def __iter__(self):
        self.rounds += 1
        assert self.rounds <= len(self.epochs), (
            f"iter() was called {self.rounds} times in {len(self.epochs)} epochs: once in each"
        )
        return iter(self.epochs[self.rounds - 1])


class Shuffled:
    """Batches of 32 in a new order each epoch."""

    def __init__(self, inputs, targets):
        self.inputs, self.targets = inputs, targets
        self.generator = torch.Generator().manual_seed(0)

    def __iter__(self):
        order = torch.randperm(len(self.targets), generator=self.generator)
        for batch in order.to(self.inputs.device).split(32):
            yield self.inputs[batch], self.targets[batch]


def trained(digits, device):
    inputs, targets = pictures(digits, device)
    weights = torch.Generator().manual_seed(0)
    model = nn.Sequential(nn.Linear(inputs.shape[1], 64), nn.ReLU(), nn.Linear(64, 10))
    for layer in (model[0], model[2]):
        reach = layer.in_features**-0.5
        layer.weight.data.uniform_(-reach, reach, generator=weights)
        layer.bias.data.zero_()
    model.to(device)
    some = [(inputs[:100], targets[:100])]
    fit(model, Shuffled(inputs, targets), some, cross_entropy, 0.2, 10)
    return model.eval()


def pictures(digits, device):
    return digits.images[:1500].flatten(1).to(device) / 255, digits.labels[:1500].to(device)


def two_epochs(device):
    """The rows of a weight that goes from 6 to 4, then 3; valid's target is -2."""
    model = one_weight(6.0, device)
    return fit(model, towards([[2.0]], device), towards([[-2.0]], device), half_square, 0.5, 2)


def rows_at_rate_0(train, valid, device):
    """Rows where an example's loss is its target."""
    train, valid = towards(train, device), towards(valid, device)
    return fit(one_weight(0.0, device), train, valid, lambda out, y: (y - out).mean(), 0.0, 1)


def visits(device, training=True):
    """(part, training, grad enabled) of each call of the model, in 3 epochs of 2 + 1 batches."""
    model, seen = one_weight(0.5, device).train(training), []
    model.register_forward_pre_hook(
        lambda layer, args: seen.append(
            (
                "valid" if args[0].item() == 3 else "train",
                layer.training,
                torch.is_grad_enabled(),
            )
        )
    )
    one, two, three = (torch.full((1, 1), number, device=device) for number in (1.0, 2.0, 3.0))
    fit(model, [(one, one), (two, two)], [(three, three)], half_square, 0.1, 3)
    return seen


def assert_comes_back(training, device):
    model = nn.Sequential(one_weight(6.0, device)).train(training)
    fit(model, towards([[2.0]], device), towards([[-2.0]], device), half_square, 0.5, 1)
    modes = [module.training for module in model.modules()]
    assert modes == [training, training], (
        f"model.training was {training} before fit, for the model and its layer, and is {modes} now"
    )


def half_square(outputs, targets):
    return (outputs - targets).square().mean() / 2


def towards(targets, device):
    """Batches whose inputs are 1, so that a lone weight is drawn to the targets."""
    columns = [torch.tensor(batch, device=device).unsqueeze(1) for batch in targets]
    return [(torch.ones_like(column), column) for column in columns]


def noise(generator, device, *sizes):
    """Batches of these sizes: 4 inputs, 2 targets."""
    return [
        (
            torch.randn(size, 4, generator=generator).to(device),
            torch.randn(size, 2, generator=generator).to(device),
        )
        for size in sizes
    ]


def one_weight(value, device):
    layer = nn.Linear(1, 1, bias=False)
    nn.init.constant_(layer.weight, value)
    return layer.to(device)


def net(generator, norm=False):
    middle = nn.BatchNorm1d(6) if norm else nn.Tanh()
    model = nn.Sequential(nn.Linear(4, 6), middle, nn.Linear(6, 2))
    for param in model.parameters():
        param.data = torch.randn(param.shape, generator=generator)
    return model
