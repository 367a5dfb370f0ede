from copy import deepcopy

import pytest
import torch
from torch import nn

from dojo.checks import answer_of, assert_same, unchanged
from katas.networks.train_and_eval import Dropout, set_training


def test_the_flag_of_the_model_itself(device):
    for model in (nested(device), nn.Linear(2, 3).to(device)):
        switch(model, False)
        assert not model.training, (
            "model.training is True after set_training(model, False): the model is a module too"
        )


def test_the_flag_of_its_layers(device):
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Dropout(0.5)).to(device)
    switch(model, False)
    assert_modes(model, False, "each layer reads its own flag, and none asks the model")


def test_the_flag_of_layers_deeper_down(device):
    model = nested(device)
    switch(model, False)
    left = [name for name, part in leaves(model) if part.training and name.count(".") > 0]
    assert not left, (
        f"{', '.join(left)} are in train mode after set_training(model, False): modules lie in "
        "modules in modules"
    )


def test_containers_have_a_mode_too(device):
    model = nested(device)
    switch(model, False)
    assert_modes(model, False, "every module inside has the mode, containers of others included")


def test_train_mode_comes_back(device):
    model = nested(device).eval()
    switch(model, True)
    assert_modes(model, True, "the model was in eval mode, and is set to train mode")


def test_what_is_in_the_mode_already_stays_in_it(device):
    for mode in (True, False):
        model = nested(device).train(mode)
        switch(model, mode)
        assert_modes(model, mode, "it was in this mode before, and is not to be turned over")


def test_layers_are_set_where_the_model_is_in_the_mode_already(device):
    for mode in (True, False):
        model = nested(device).train(not mode)
        model.training = mode
        switch(model, mode)
        assert_modes(model, mode, "the model itself was in this mode before, its layers were not")


def test_an_empty_place_is_no_module(device):
    model = nn.Sequential(nn.Linear(2, 3), nn.Dropout(0.5)).to(device)
    model.register_module("shortcut", None)
    switch(model, False)
    assert_modes(model, False, "one place for a module is empty, the others are set all the same")


def test_torchs_layers_follow(device, generator):
    x = torch.randn(6, 4, generator=generator).to(device)
    model = nn.Sequential(nn.BatchNorm1d(4), nn.Sequential(nn.Dropout(0.5))).to(device)
    model(x)  # running statistics other than 0 and 1
    expected = deepcopy(model).eval()(x)
    switch(model, False)
    meaning = (
        "batch norm and dropout after set_training(model, False) do what they do after "
        "model.eval(); other values would mean that the attribute they read was not set"
    )
    assert_same(model(x), expected, meaning)


def test_train_and_eval_are_not_called(device, monkeypatch):
    model, calls = nested(device), []
    train = nn.Module.train

    def noted(self, mode=True):
        calls.append(mode)
        return train(self, mode)

    monkeypatch.setattr(nn.Module, "train", noted)
    monkeypatch.setattr(nn.Module, "eval", lambda self: noted(self, False))
    switch(model, False)
    switch(model, True)
    assert not calls, "train() or eval() was called: find what they do, and do it yourself"


def test_requires_grad_stays(device):
    model = nested(device)
    model[0].weight.requires_grad_(False)
    before = [param.requires_grad for param in model.parameters()]
    for mode in (False, True):
        switch(model, mode)
        got = [param.requires_grad for param in model.parameters()]
        assert got == before, (
            f"requires_grad of the parameters was {before}, and is {got} after set_training(model, "
            f"{mode}): the mode freezes nothing, and thaws nothing"
        )


def test_torch_goes_on_recording_gradients(device):
    model = nested(device)
    try:
        switch(model, False)
        assert torch.is_grad_enabled(), (
            "torch records no gradients after set_training(model, False): that is no_grad's work, "
            "and this one would last for the rest of the program"
        )
        with torch.no_grad():
            switch(model, True)
            assert not torch.is_grad_enabled(), (
                "torch records gradients after set_training(model, True) inside of no_grad()"
            )
    finally:
        torch.set_grad_enabled(True)


def test_in_eval_mode_the_input_comes_back(device):
    x = torch.tensor([[3.0, -2.0, 0.5], [-0.25, 0.0, 7.0]], device=device)
    for p in (0.0, 0.4, 0.9, 1.0):
        meaning = (
            f"p = {p} in eval mode, where x passes as it is: zeros would mean that numbers were "
            "dropped, other numbers that they were scaled"
        )
        assert_same(run(dropout(p, device).eval(), x), x, meaning)


def test_the_flag_is_what_switches_it(device):
    model = nn.Sequential(nn.Flatten(), nn.Sequential(dropout(0.5, device)))
    x = torch.ones(4, 50, device=device)
    for mode in (False, True, False):
        switch(model, mode)
        dropped = (run(model, x) == 0).any().item()
        assert dropped == mode, (
            f"a Dropout inside a model that set_training put into {'train' if mode else 'eval'} "
            f"mode {'drops numbers' if dropped else 'drops nothing'}: forward is to read "
            "self.training, which every module has, and set_training to set just that"
        )


def test_a_share_of_p_is_zeroed(device):
    x = torch.ones(4, 25_000, device=device)
    for p in (0.3, 0.5, 0.8):
        got = (run(dropout(p, device), x) == 0).float().mean().item()
        # 0.02 is more than ten deviations of the share of 100,000 numbers.
        assert abs(got - p) < 0.02, (
            f"with p = {p} a share of {got:.3f} is zeroed: {1 - p:.1f} would mean that p was taken "
            "for the share that is kept"
        )


def test_the_mean_stays(device):
    x = torch.ones(4, 25_000, device=device)
    for p in (0.2, 0.5):
        got = run(dropout(p, device), x).mean().item()
        # 0.02 is more than six deviations of the mean of 100,000 numbers.
        assert abs(got - 1) < 0.02, (
            f"with p = {p} ones have the mean {got:.3f} afterwards, and keep 1: {1 - p:.1f} would "
            "mean that those that stay were not scaled"
        )


def test_what_stays_is_divided_by_what_is_kept(device):
    x = torch.tensor([[3.0, -2.0, 0.5, 10.0], [-0.25, 4.0, 7.0, -1.0]], device=device)
    layer = dropout(0.75, device)
    for _ in range(20):
        got = run(layer, x)
        meaning = (
            "with p = 0.75 a number stays with probability 1/4, and is 4 times as large then, "
            "however many of the 8 stay this time"
        )
        assert_same(got, torch.where(got == 0, 0.0, 4 * x), meaning)


def test_what_stays_is_larger_than_before(device):
    x = torch.ones(4, 50, device=device)
    for p in (0.3, 0.8):
        got = run(dropout(p, device), x)
        assert (got[got != 0] > 1).all(), (
            f"with p = {p} some ones are zeroed, and no other is larger for it: got "
            f"{got.max().item():g} for those that stay"
        )


def test_p_0_zeroes_nothing(device):
    x = torch.tensor([[3.0, -2.0, 0.5], [-0.25, 0.125, 7.0]], device=device)
    assert_same(run(dropout(0.0, device), x), x, "with p = 0 all numbers stay, and are not scaled")


def test_p_1_zeroes_everything(device):
    x = torch.tensor([[3.0, -2.0, 0.5], [-0.25, 0.0, 7.0]], device=device)
    meaning = "with p = 1 no number stays; NaN would mean 0/0"
    assert_same(run(dropout(1.0, device), x), torch.zeros_like(x), meaning)


def test_with_p_1_gradients_are_recorded(device):
    x = torch.ones(2, 3, device=device, requires_grad=True)
    got = run(dropout(1.0, device), x)
    assert got.requires_grad, (
        "with p = 1 the result has no graph, and a backward from it alone would raise: the "
        "gradient is 0, not missing"
    )


def test_with_p_1_the_gradient_is_0(device):
    x = torch.ones(2, 3, device=device, requires_grad=True)
    got = run(dropout(1.0, device), x)
    if got.requires_grad:  # whether it does is for the test before
        (gradient,) = torch.autograd.grad(got.sum(), x)
        meaning = "no number counts; NaN would mean 0 times the infinite slope of x / 0"
        assert_same(gradient, torch.zeros_like(gradient), meaning)


def test_the_gradient_is_the_factor_or_0(device):
    for p, factor in ((0.0, 1.0), (0.75, 4.0)):
        x = torch.full((5, 20), -3.0, device=device, requires_grad=True)
        got = run(dropout(p, device), x)
        (gradient,) = torch.autograd.grad(got.sum(), x)
        expected = torch.where(got == 0, 0.0, torch.full_like(x, factor))
        meaning = f"with p = {p} it is {factor} for what stays, and 0 for what is zeroed"
        assert_same(gradient, expected.detach(), meaning)


def test_eval_mode_records_gradients(device):
    x = torch.tensor([[3.0, -2.0], [0.5, 0.0]], device=device, requires_grad=True)
    got = run(dropout(0.4, device).eval(), x)
    assert got.requires_grad, (
        "in eval mode no gradient is recorded: that is what no_grad is for, eval mode stops none"
    )
    (gradient,) = torch.autograd.grad((got * 2).sum(), x)
    assert_same(gradient, torch.full_like(gradient, 2), "x passes as it is, and so do gradients")


def test_two_calls_differ(device):
    x, layer = torch.ones(4, 50, device=device), dropout(0.5, device)
    same = torch.equal(run(layer, x.clone()), run(layer, x.clone()))
    assert not same, "two calls zero the same 200 numbers: the mask is drawn anew each time"


def test_two_layers_differ(device):
    x = torch.ones(4, 50, device=device)
    same = torch.equal(*(run(dropout(0.5, device), x.clone()) for _ in range(2)))
    assert not same, "the first calls of two layers zero the same 200 numbers: each draws its own"


def test_two_examples_differ(device):
    for shape in ((2, 100), (2, 3, 5, 6)):
        first, second = run(dropout(0.5, device), torch.ones(shape, device=device))
        assert not torch.equal(first, second), (
            f"of shape {shape} both examples have the same numbers zeroed: each has its own mask"
        )


def test_the_numbers_of_an_example_are_drawn_apart(device):
    got = run(dropout(0.5, device), torch.ones(20, 10, device=device))
    zeros = (got == 0).sum(1).tolist()
    assert not set(zeros) <= {0, 10}, (
        "of 20 examples of 10 numbers each is zeroed as a whole or not at all: each number is "
        "drawn on its own"
    )


def test_the_pixels_of_a_channel_are_drawn_apart(device):
    got = run(dropout(0.5, device), torch.ones(2, 3, 4, 5, device=device))
    zeros = (got == 0).sum((2, 3)).flatten().tolist()
    assert not set(zeros) <= {0, 20}, (
        "each channel of 4 by 5 pixels is zeroed as a whole or not at all: each number is drawn on "
        "its own"
    )


def test_the_number_zeroed_varies(device):
    x, layer = torch.ones(1, 4, device=device), dropout(0.5, device)
    zeros = {(run(layer, x) == 0).sum().item() for _ in range(100)}
    assert len(zeros) > 1, (
        f"of 4 numbers just {zeros.pop()} are zeroed in each of 100 calls: each is zeroed with "
        "probability p on its own, and their number is luck"
    )


def test_any_shape_will_do(device):
    for shape in ((), (1,), (300,), (2, 3, 4), (2, 1, 3, 2, 5)):
        got = run(dropout(0.5, device), torch.full(shape, 3.0, device=device))
        expected = torch.where(got == 0, 0.0, torch.full(shape, 6.0, device=device))
        assert_same(got, expected, "3 is doubled or zeroed by p = 0.5")


def test_the_dtype_stays(device):
    x = torch.ones(4, 5, device=device, dtype=torch.float16)
    for mode in (True, False):
        got = run(dropout(0.5, device).train(mode), x)
        assert got.dtype == x.dtype, (
            f"float16 comes back as {got.dtype} in {'train' if mode else 'eval'} mode"
        )


def test_the_input_stays_as_it_is(device):
    x = torch.full((4, 25), -3.0, device=device)
    for p in (0.5, 1.0):
        with unchanged(x):
            run(dropout(p, device), x)


@pytest.mark.parametrize("examples", [10, 1_000, 10_000])
def test_benchmark(bench, device, generator, examples):
    """In train mode. No two draws are alike: what stays is scaled back, the rest put back."""

    def undone(dropped, x):
        return torch.where(dropped == 0, x, 0.75 * dropped)

    def one_by_one(x):
        return undone(torch.stack([nn.functional.dropout(example, 0.25) for example in x]), x)

    def made(program):
        layer = program(0.25).to(device)
        return lambda x: undone(layer(x), x)

    def inputs():
        return (torch.randn(examples, 64, generator=generator).to(device),)

    bench(one_by_one, Dropout, inputs, made=made)


def nested(device):
    """Layers up to three deep, in containers of several kinds."""
    inner = nn.Sequential(nn.BatchNorm1d(4), nn.ModuleList([nn.Dropout(0.5), nn.Linear(4, 4)]))
    return nn.Sequential(nn.Linear(3, 4), nn.ModuleDict({"body": inner})).to(device)


def leaves(model):
    return [(name, part) for name, part in model.named_modules() if not any(part.children())]


def switch(model, mode):
    why = f"set_training(model, {mode}) sets the mode of a {type(model).__name__}"
    answer_of(lambda: set_training(model, mode), why)


def assert_modes(model, mode, why):
    wrong = [
        name or "the model itself"
        for name, part in model.named_modules()
        if part.training is not mode
    ]
    assert not wrong, (
        f"after set_training(model, {mode}) the flag of {', '.join(wrong)} is not {mode}: {why}"
    )


def dropout(p, device):
    return answer_of(lambda: Dropout(p).to(device), f"Dropout({p}) can be made")


def run(layer, x):
    shape, mode = tuple(x.shape), "train" if layer.training else "eval"
    return answer_of(lambda: layer(x), f"x of shape {shape} passes in {mode} mode")
