from copy import deepcopy

import pytest
import torch
from torch import nn

from dojo.checks import answer_of, assert_refused, assert_same, unchanged
from katas.gradients.gradients_accumulate import accumulate


def test_even_pieces_give_the_gradients_of_the_whole(device, generator):
    model, batch = net(device, generator), examples(12, device, generator)
    what = "12 examples in 4 pieces; 4 times as large would mean that each counted in full"
    assert_like_one_backward(model, batch, 4, what)


def test_uneven_pieces_count_by_their_size(device, generator):
    model = net(device, generator)
    for count, pieces in ((5, 4), (7, 2)):
        batch = examples(count, device, generator)
        what = (
            f"{count} examples in {pieces} pieces, where each example counts alike, not each piece"
        )
        assert_like_one_backward(model, batch, pieces, what)


def test_the_shares_add_up_to_one(device):
    model = nn.Linear(2, 1, device=device)  # each example's gradient for the bias is 1
    for count, pieces in ((12, 4), (5, 4), (6, 1)):
        model.zero_grad()
        batch = torch.ones(count, 2, device=device), torch.zeros(count, 1, device=device)
        accumulate(model, lambda outputs, _: outputs.mean(), batch, pieces)
        meaning = (
            f"the mean of {count} gradients that are 1; {pieces} would mean that each of {pieces} "
            "pieces counted in full, less than 1 that shares were given to examples or pieces "
            "that there are not"
        )
        assert_same(model.bias.grad, torch.ones(1, device=device), meaning)


def test_one_piece_is_a_plain_backward(device, generator):
    model, batch = net(device, generator), examples(6, device, generator)
    gradients_from_before(model, generator)
    what = "6 examples in one piece, which are the whole, added to the gradients from before"
    assert_like_one_backward(model, batch, 1, what)


def test_a_piece_may_be_one_example(device, generator):
    model, batch = net(device, generator), examples(4, device, generator)
    what = "4 examples in 4 pieces, each of them a quarter of the whole"
    assert_like_one_backward(model, batch, 4, what)


def test_gradients_from_before_are_added_to(device, generator):
    model, batch = net(device, generator), examples(12, device, generator)
    gradients_from_before(model, generator)
    what = "12 examples in 4 pieces, added to the gradients from before, which stay as they were"
    assert_like_one_backward(model, batch, 4, what)


def test_a_second_call_adds_as_much_again(device, generator):
    model, batch = net(device, generator), examples(12, device, generator)
    expected = deepcopy(model)
    for _ in range(2):
        one_backward(expected, batch)
        accumulate(model, nn.functional.mse_loss, batch, 3)
    assert_same_gradients(model, expected, "12 examples in 3 pieces, twice: two gradients")


def test_each_example_goes_through_once(device):
    for count, pieces in ((8, 4), (11, 4), (5, 2)):
        numbers = [number for piece in seen_by_model(count, pieces, device) for number in piece]
        assert sorted(numbers) == list(range(count)), (
            f"examples 0 to {count - 1} in {pieces} pieces go through the model once each, those "
            f"that went were {numbers}"
        )


def test_no_piece_is_larger_than_its_share(device):
    for count, pieces, most in ((8, 4, 2), (11, 4, 3), (5, 4, 2)):
        sizes = [len(piece) for piece in seen_by_model(count, pieces, device)]
        assert max(sizes) <= most, (
            f"{count} examples in {pieces} pieces: none has more than {most}, got pieces of {sizes}"
        )


def test_there_are_no_more_pieces_than_asked_for(device):
    for count, pieces in ((8, 4), (12, 3)):
        sizes = [len(piece) for piece in seen_by_model(count, pieces, device)]
        assert len(sizes) <= pieces, (
            f"{count} examples in at most {pieces} pieces, got {len(sizes)}, of {sizes} examples"
        )


def test_the_rest_is_no_piece_of_its_own(device):
    for count, pieces in ((11, 4), (5, 4), (5, 2)):
        sizes = [len(piece) for piece in seen_by_model(count, pieces, device)]
        assert len(sizes) <= pieces, (
            f"{count} examples in at most {pieces} pieces, got {len(sizes)}, of {sizes} examples: "
            "pieces must be larger, for none to be left over"
        )


def test_four_pieces_save_less_than_half(device, digits):
    assert_saves_less_than_half(4, device, digits)


def test_eight_pieces_save_less_than_half(device, digits):
    assert_saves_less_than_half(8, device, digits)


def test_the_examples_may_be_images(device, generator):
    images = torch.randn(6, 3, 4, 5, generator=generator).to(device)
    labels = torch.tensor([0, 2, 1, 1, 0, 2], device=device)
    model = nn.Sequential(nn.Flatten(), nn.Linear(60, 3, device=device))
    expected, loss_func = deepcopy(model), nn.functional.cross_entropy
    loss_func(expected(images), labels).backward()
    why = "6 images of 3 channels and their labels are a batch"
    answer_of(lambda: accumulate(model, loss_func, (images, labels), 3), why)
    assert_same_gradients(model, expected, "6 images in 3 pieces")


def test_a_parameter_without_part_keeps_its_gradient(device, generator):
    model, batch = net(device, generator), examples(6, device, generator)
    model.unused = nn.Parameter(torch.ones(2, device=device))
    model.forward = lambda inputs: model[2](model[1](model[0](inputs)))
    for before in (None, torch.tensor([3.0, -1.0], device=device)):
        model.unused.grad = None if before is None else before.clone()
        accumulate(model, nn.functional.mse_loss, batch, 3)
        after = model.unused.grad
        if before is None:
            assert after is None, f"a parameter without part had no gradient, now it has {after}"
        else:
            assert_same(after, before, "the gradient of a parameter that takes no part")


def test_a_frozen_parameter_is_passed_over(device, generator):
    model, batch = net(device, generator), examples(6, device, generator)
    model[0].weight.requires_grad_(False)
    expected = deepcopy(model)
    one_backward(expected, batch)
    why = "a parameter that does not require grad has no gradient, the others have theirs"
    answer_of(lambda: accumulate(model, nn.functional.mse_loss, batch, 3), why)
    assert_same_gradients(model, expected, "the first layer's weight is frozen")


def test_the_model_stays_in_its_mode(device, generator):
    model, batch = net(device, generator), examples(6, device, generator)
    for training in (True, False):
        model.train(training)
        during = []
        hook = model.register_forward_pre_hook(lambda model, _, d=during: d.append(model.training))
        accumulate(model, nn.functional.mse_loss, batch, 3)
        hook.remove()
        modes = {*during, model.training}
        assert modes == {training}, (
            f"model.training was {training} and is to stay so, in the pieces and afterwards it was "
            f"{[*during, model.training]}"
        )


def test_only_gradients_change(device, generator):
    model, batch = net(device, generator), examples(6, device, generator)
    with unchanged(*batch, *model.parameters()):
        accumulate(model, nn.functional.mse_loss, batch, 3)


def test_more_pieces_than_examples_are_refused(device, generator):
    model = net(device, generator)
    for count, pieces in ((4, 5), (3, 8)):
        assert_refused(
            lambda count=count, pieces=pieces: accumulate(
                model, nn.functional.mse_loss, examples(count, device, generator), pieces
            ),
            ValueError,
            f"{count} examples can't fill {pieces} pieces",
            mentions=(count, pieces),
        )


def test_a_refusal_leaves_the_gradients(device, generator):
    model, batch = net(device, generator), examples(4, device, generator)
    why, loss_func = "4 examples can't fill 7 pieces", nn.functional.mse_loss
    assert_refused(lambda: accumulate(model, loss_func, batch, 7), ValueError, why)
    left = [name for name, param in model.named_parameters() if param.grad is not None]
    assert not left, f"{why}, and the gradients stay as they were: {left[0]} has one now"


@pytest.mark.parametrize("pieces", [1, 10, 100])
def test_benchmark(bench, device, generator, pieces):
    """One backward on the whole batch (here called loop) against yours: what do pieces cost?"""
    model = nn.Sequential(nn.Linear(64, 256), nn.Tanh(), nn.Linear(256, 10)).to(device)

    def made(program):
        def gradients(inputs, labels):
            model.zero_grad()
            program(model, nn.functional.cross_entropy, (inputs, labels), pieces)
            return [param.grad for param in model.parameters()]

        return gradients

    def inputs():
        labels = torch.randint(10, (1_000,), generator=generator)
        return torch.randn(1_000, 64, generator=generator).to(device), labels.to(device)

    bench(made(all_at_once), accumulate, inputs, made=made)


def all_at_once(model, loss_func, batch, pieces):
    inputs, targets = batch
    loss_func(model(inputs), targets).backward()


def assert_like_one_backward(model, batch, pieces, what):
    expected = deepcopy(model)
    for param, copy in zip(model.parameters(), expected.parameters(), strict=True):
        copy.grad = None if param.grad is None else param.grad.clone()  # deepcopy leaves it out
    one_backward(expected, batch)
    accumulate(model, nn.functional.mse_loss, batch, pieces)
    assert_same_gradients(model, expected, what)
    model.zero_grad()


def assert_same_gradients(model, expected, what):
    pairs = zip(model.named_parameters(), expected.parameters(), strict=True)
    for (name, param), other in pairs:
        if other.grad is None:
            assert param.grad is None, f"{what}: {name} has no gradient, got {param.grad}"
        else:
            meaning = f"{name}'s gradient, as one backward on the whole leaves it, for {what}"
            assert_same(param.grad, other.grad, meaning)


def assert_saves_less_than_half(pieces, device, digits):
    images = digits.images[:103].flatten(1).to(device) / 255
    batch = images, digits.labels[:103].to(device)
    pixels = images.shape[1]
    model = nn.Sequential(nn.Linear(pixels, 64), nn.ReLU(), nn.Linear(64, 10)).to(device)
    loss_func = nn.functional.cross_entropy
    with Saved() as whole:
        loss_func(model(batch[0]), batch[1]).backward()
    with Saved() as mine:
        accumulate(model, loss_func, batch, pieces)
    assert 0 < mine.most < whole.most / 2, (
        f"103 digits in {pieces} pieces: less than half of the {whole.most:,} numbers that the "
        f"whole batch has saved for backward, got {mine.most:,} at once: all of them would mean "
        "that each piece's graph is kept till the end, two pieces' that one outlives its backward"
    )


class Saved:
    """Counts the numbers that are saved for backward at once."""

    def __init__(self):
        self.now = self.most = 0
        self.hooks = torch.autograd.graph.saved_tensors_hooks(self.keep, lambda kept: kept.tensor)

    def __enter__(self):
        self.hooks.__enter__()
        return self

    def __exit__(self, *error):
        self.hooks.__exit__(*error)

    def keep(self, tensor):
        self.now += tensor.numel()
        self.most = max(self.most, self.now)
        return Kept(tensor, self)


class Kept:
    def __init__(self, tensor, saved):
        self.tensor, self.saved = tensor.detach(), saved

    def __del__(self):
        self.saved.now -= self.tensor.numel()


def seen_by_model(count, pieces, device):
    """The numbers of the examples that went through the model, a list for each call."""
    model, seen = nn.Linear(1, 1, device=device), []
    model.register_forward_pre_hook(lambda _, args: seen.append(args[0].flatten().int().tolist()))
    numbers = torch.arange(float(count), device=device).unsqueeze(1)
    accumulate(model, nn.functional.mse_loss, (numbers, numbers / count), pieces)
    return seen


def one_backward(model, batch):
    inputs, targets = batch
    nn.functional.mse_loss(model(inputs), targets).backward()


def gradients_from_before(model, generator):
    for param in model.parameters():
        param.grad = torch.randn(param.shape, generator=generator).to(param.device)


def net(device, generator):
    model = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2))
    for param in model.parameters():
        param.data = torch.randn(param.shape, generator=generator)
    return model.to(device)


def examples(count, device, generator):
    inputs = torch.randn(count, 4, generator=generator)
    targets = 3 * torch.randn(count, 2, generator=generator)
    return inputs.to(device), targets.to(device)
