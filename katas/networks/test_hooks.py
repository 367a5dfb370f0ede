import gc
import weakref
from collections import OrderedDict
from math import isclose, sqrt

import pytest
import torch
from torch import nn

from dojo.checks import answer_of, assert_same
from katas.networks.hooks import ActivationStats


def test_the_with_binds_what_has_the_rows(device):
    with ActivationStats(nn.ReLU().to(device)) as stats:
        assert isinstance(getattr(stats, "rows", None), dict), (
            f"`as` binds what __enter__ returns: an object with a dict, rows, got {stats!r}"
        )


def test_a_row_is_mean_and_deviation(device):
    rows = watched(nn.Identity(), torch.tensor([[1.0, 2.0], [3.0, 6.0]], device=device))
    meaning = (
        "the output is [[1, 2], [3, 6]]: mean 3, and a deviation of sqrt(14 / 3) = 2.1602 over all "
        "four. 4.67 would be the variance, 1.87 divided by 4 in place of 3, 1.41 a mean of rows"
    )
    assert_rows(rows, {"": [(3.0, sqrt(14 / 3))]}, meaning)
    assert isinstance(rows[""][0], tuple), f"a row is a tuple, got {rows['']}"


def test_a_row_is_that_of_the_output(device):
    rows = watched(nn.ReLU(), torch.tensor([-4.0, -2.0, 3.0, 6.0], device=device))
    meaning = "relu puts out 0, 0, 3, 6; a mean of 0.75 would be that of what comes in"
    assert_rows(rows, {"": [(2.25, sqrt(8.25))]}, meaning)


def test_layers_are_listed_by_their_names(device):
    got = set(watched(net(device), batch(device)))
    assert got >= {"first", "bend"}, (
        f"layers have their names from named_modules(), such as first and bend, got {sorted(got)}"
    )


def test_layers_within_blocks_are_watched(device):
    got = set(watched(net(device), batch(device)))
    assert got >= {"block.bend", "block.inner.0"}, (
        f"the layer bend of block is block.bend, the first one of its block inner block.inner.0, "
        f"got {sorted(got)}"
    )


def test_layers_without_weights_are_watched(device):
    got = watched(net(device), batch(device))
    for name in ("bend", "block.bend"):
        assert got.get(name), f"the relu {name} has no weights and yet an output, got {sorted(got)}"


def test_a_block_is_no_layer(device):
    got = set(watched(net(device), batch(device)))
    blocks = sorted(got & {"", "block", "block.inner"})
    assert not blocks, (
        f"a module with children is no layer, and its output is its last layer's: {blocks} are to "
        "be left out ('' is the model)"
    )


def test_each_layer_has_its_own_rows(device):
    model, x = net(device), batch(device)
    rows = watched(model, x)
    layers = {
        "first": model.first,
        "bend": model.bend,
        "block.inner.0": model.block.inner[0],
        "block.bend": model.block.bend,
    }
    for name, layer in layers.items():
        x = layer(x).detach()
        row = (x.mean().item(), x.std().item())
        assert_rows({name: rows.get(name)}, {name: [row]}, f"what {name} puts out is {x.tolist()}")


def test_a_model_of_one_layer_has_an_empty_name(device):
    got = list(watched(nn.Tanh(), batch(device)))
    assert got == [""], f"a model without children is its one layer, of the name '', got {got}"


def test_one_row_a_call(device):
    model = nn.Sequential(nn.Identity())
    with ActivationStats(model) as stats:
        for values in ([1.0, 3.0], [5.0, 5.0], [-2.0, -8.0]):
            run(model, torch.tensor(values, device=device))
    expected = {"0": [(2.0, sqrt(2)), (5.0, 0.0), (-5.0, sqrt(18))]}
    assert_rows(rows_of(stats), expected, "a row for each of three calls, in their order")


def test_a_layer_used_twice_in_a_run_has_two_rows(device):
    rows = watched(Twice(nn.ReLU(), nn.ReLU()), torch.tensor([-1.0, 3.0], device=device))
    meaning = "it is called on -1, 3 and then on 1, -3: a row for each call"
    assert_rows(
        {"layer": rows.get("layer")}, {"layer": [(1.5, sqrt(4.5)), (0.5, sqrt(0.5))]}, meaning
    )


def test_a_shared_layer_has_its_first_name(device):
    shared = nn.ReLU()
    model = nn.Sequential(nn.Identity(), shared, nn.Sequential(nn.Identity(), shared))
    rows = watched(model, torch.tensor([-1.0, 3.0], device=device))
    got = len(rows.get("1") or ())
    assert got == 2, (
        f"one layer stands in places 1 and 2.1: its two calls in a run belong to 1, its first "
        f"name, got {got} rows there and {sorted(rows)} as names"
    )


def test_a_shared_layer_has_one_name(device):
    shared = nn.ReLU()
    rows = watched(nn.Sequential(shared, shared), torch.tensor([-1.0, 3.0], device=device))
    got = {name: len(each) for name, each in rows.items()}
    assert list(got.values()) == [2], (
        "one layer stands in places 0 and 1, and a run calls it twice: two rows, under one name, "
        f"got {got} rows; 4 would mean that it was hooked once for each name"
    )


def test_a_layer_that_never_ran_has_an_empty_list(device):
    rows = watched(Twice(nn.ReLU(), nn.ReLU()), torch.tensor([-1.0, 3.0], device=device))
    assert rows.get("spare") == [], (
        f"the layer spare is never called: an empty list, got {rows.get('spare')}"
    )


def test_a_layer_called_by_itself_counts(device):
    model = net(device)
    with ActivationStats(model) as stats:
        run(model.bend, torch.tensor([-1.0, 3.0], device=device))
    got = len(rows_of(stats).get("bend") or ())
    assert got == 1, f"model.bend(x) is a call of a layer of the model: a row for it, got {got}"


def test_numbers_are_plain_floats(device):
    rows = watched(net(device), batch(device)).get("first")
    assert rows, "the layer first ran once and has no row"
    for what, number in zip(("mean", "deviation"), rows[0], strict=False):
        assert type(number) is float, (
            f"the {what} is to be a plain float, got a {type(number).__name__}: a tensor may hold "
            "on to a graph, and to memory of the device"
        )


def test_a_row_is_there_at_once(device):
    model = nn.Sequential(nn.Identity())
    with ActivationStats(model) as stats:
        run(model, torch.tensor([1.0, 3.0], device=device))
        rows = {name: list(each) for name, each in rows_of(stats).items()}
    assert_rows(rows, {"0": [(2.0, sqrt(2))]}, "the with is not over, and the row is there")


def test_what_becomes_of_an_output_later_does_not_count(device):
    model = nn.Sequential(nn.Identity(), nn.ReLU(inplace=True))
    rows = watched(model, torch.tensor([-4.0, -2.0, 3.0, 6.0], device=device))
    meaning = (
        "layer 0 puts out -4, -2, 3, 6; a mean of 2.25 would mean that it was measured when the "
        "relu behind it had overwritten it"
    )
    assert_rows({"0": rows.get("0")}, {"0": [(0.75, sqrt(62.75 / 3))]}, meaning)


def test_what_is_no_tensor_goes_through(device):
    model = nn.Sequential(Pair(), First())
    with ActivationStats(model):
        got = run(model, torch.tensor([1.0, 3.0], device=device))
    assert_same(got, torch.tensor([2.0, 6.0], device=device), "a tuple goes from layer to layer")


def test_what_is_no_tensor_has_no_row(device):
    model = nn.Sequential(Pair(), First(), nn.Identity())
    rows = watched(model, torch.tensor([1.0, 3.0], device=device))
    got = {name: len(each) for name, each in rows.items()}
    assert got == {"0": 0, "1": 1, "2": 1}, (
        f"layer 0 puts out a tuple, which has no row, 1 and 2 a tensor each; got {got} rows"
    )


def test_integers_go_through(device):
    x = torch.tensor([[[1, 2, 3]]], device=device)
    model = nn.Flatten()
    with ActivationStats(model):
        got = run(model, x)
    assert_same(got, torch.tensor([[1, 2, 3]], device=device), "integers, as without the with")


def test_integers_are_measured_as_floats(device):
    rows = watched(nn.Flatten(), torch.tensor([[[1, 2, 3]]], device=device))
    meaning = "the output is [1, 2, 3], of integers, which have a mean and a deviation too"
    assert_rows(rows, {"": [(2.0, 1.0)]}, meaning)


def test_outputs_are_what_they_were(device):
    model, x = net(device), batch(device)
    expected = model(x).detach()
    with ActivationStats(model):
        got = run(model, x)
    meaning = "as without the with; a hook that returns something puts it in the output's place"
    assert_same(got.detach(), expected, meaning, rtol=0, atol=0)


def test_gradients_are_what_they_were(device):
    model, x = net(device), batch(device).requires_grad_()
    expected = gradients(model(x), model, x)
    with ActivationStats(model):
        out = run(model, x)
        got = answer_of(lambda: gradients(out, model, x), "backward runs within the with")
    for (name, right), (_, mine) in zip(expected, got, strict=True):
        assert mine is not None, f"{name} has a gradient without the with, and none in it"
        meaning = f"the gradient of {name}, as without the with: watching cuts nothing off"
        assert_same(mine, right, meaning, rtol=0, atol=0)


def test_the_mode_stays(device):
    probe = Probe()
    model = nn.Sequential(probe, nn.Dropout(0.5)).to(device)
    for training in (True, False):
        model.train(training)
        with ActivationStats(model):
            run(model, batch(device))
        assert probe.modes.pop() == training, (
            f"training is {training} for the model that came in, and not during the with"
        )
        assert model.training == training, f"training is {training} before, and not afterwards"


def test_a_layer_runs_once_a_call(device):
    probe = Probe()
    model = nn.Sequential(nn.Identity(), probe).to(device)
    with ActivationStats(model):
        run(model, batch(device))
    got = len(probe.modes)
    assert got == 1, f"one call of the model runs each layer once, got {got} runs"


def test_no_output_is_kept(device):
    model = net(device)
    kept = []
    handle = model.bend.register_forward_hook(lambda *call: kept.append(weakref.ref(call[2])))
    with ActivationStats(model) as stats:
        run(model, batch(device))
        gc.collect()
        assert kept[0]() is None, (
            "the output of a layer outlives the call: something holds on to it, and in training "
            "that means to the activations of every batch"
        )
    handle.remove()
    assert stats is not None


def test_making_one_changes_nothing(device):
    model = net(device)
    before = inside(model)
    stats = answer_of(lambda: ActivationStats(model), "ActivationStats takes a model")
    assert inside(model) == before, "no with was entered, and there are hooks in the model"
    run(model, batch(device))
    rows = getattr(stats, "rows", None) or {}
    got = sum(len(each) for each in rows.values())
    assert got == 0, f"no with was entered, and {got} rows were written"


def test_no_hook_is_left(device):
    model = net(device)
    before = inside(model)
    with ActivationStats(model):
        run(model, batch(device))
    assert_clean(model, before, "the with is over")


def test_no_hook_is_left_after_an_exception(device):
    model = net(device)
    before = inside(model)
    try:
        with ActivationStats(model):
            run(model, batch(device))
            raise Stop
    except Stop:
        pass
    assert_clean(model, before, "an exception ended the with")


def test_no_hook_is_left_after_an_interrupt(device):
    model = net(device)
    before = inside(model)
    try:
        with ActivationStats(model):
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    assert_clean(model, before, "the stop key ended the with")


def test_an_exception_goes_on(device):
    came = None
    try:
        with ActivationStats(net(device)):
            raise KeyError("inside")
    except KeyError as error:
        came = error
    assert came is not None, (
        "an exception within the with was swallowed: a true value from __exit__ does that"
    )


def test_hooks_from_before_stay(device):
    model, seen = net(device), []
    handle = model.bend.register_forward_hook(lambda *call: seen.append(1))
    with ActivationStats(model):
        run(model, batch(device))
    run(model, batch(device))
    handle.remove()
    assert len(seen) == 2, (
        "a hook of somebody else was in the model before: it is to run in both calls, within the "
        f"with and after it, it ran {len(seen)} times"
    )


def test_hooks_that_came_within_the_with_stay(device):
    model, seen = net(device), []
    with ActivationStats(model):
        handle = model.bend.register_forward_hook(lambda *call: seen.append(1))
    run(model, batch(device))
    handle.remove()
    assert len(seen) == 1, (
        "somebody else's hook came within the with and runs on afterwards, it ran "
        f"{len(seen)} times: only one's own hooks are taken out"
    )


def test_later_calls_are_not_watched(device):
    model = nn.Sequential(nn.Identity(), nn.ReLU())
    with ActivationStats(model) as stats:
        run(model, batch(device))
    before = {name: len(rows) for name, rows in rows_of(stats).items()}
    run(model, batch(device))
    got = {name: len(rows) for name, rows in rows_of(stats).items()}
    assert got == before, f"rows were {before} at the end of the with, {got} after one more call"


def test_rows_stay_when_the_with_is_over(device):
    model = nn.Sequential(nn.Identity())
    with ActivationStats(model) as stats:
        run(model, torch.tensor([1.0, 3.0], device=device))
    assert_rows(
        rows_of(stats), {"0": [(2.0, sqrt(2))]}, "the with is over, and its rows are for you"
    )


def test_two_at_once(device):
    model = nn.Sequential(nn.Identity())
    first, second, third = (torch.tensor([n, n], device=device) for n in (1.0, 2.0, 3.0))
    with ActivationStats(model) as outer:
        run(model, first)
        with ActivationStats(model) as inner:
            run(model, second)
        run(model, third)
    assert_rows(
        rows_of(outer), {"0": [(1.0, 0.0), (2.0, 0.0), (3.0, 0.0)]}, "the outer one saw all"
    )
    assert_rows(
        rows_of(inner), {"0": [(2.0, 0.0)]}, "the inner one saw the call that it was there for"
    )


def test_other_models_are_not_watched(device):
    model, other = nn.Sequential(nn.Identity()), nn.Sequential(nn.Tanh(), nn.Tanh())
    with ActivationStats(model) as stats, ActivationStats(other) as others:
        run(other, batch(device))
    got = {name: len(rows) for name, rows in rows_of(stats).items()}
    assert got == {"0": 0}, f"another model ran, whose rows are not this one's, got {got}"
    got = {name: len(rows) for name, rows in rows_of(others).items()}
    assert got == {"0": 1, "1": 1}, f"the other one has two layers that ran once each, got {got}"


@pytest.mark.parametrize("layers", [1, 10, 100])
def test_benchmark(bench, device, generator, layers):
    model = nn.Sequential(*(nn.Linear(64, 64) for _ in range(layers))).to(device)

    def layer_by_layer(x):
        rows = []
        for layer in model:
            x = layer(x)
            rows.append([(x.mean().item(), x.std().item())])
        return rows

    def made(program):
        def watched_layers(x):
            with program(model) as stats:
                model(x)
            return [stats.rows[name] for name, _ in model.named_children()]

        return watched_layers

    def inputs():
        return (torch.randn(32, 64, generator=generator).to(device),)

    bench(layer_by_layer, ActivationStats, inputs, made=made)


class Stop(Exception):
    """What the tests raise within a with."""


class Probe(nn.Module):
    """A layer that changes nothing, and notes at each run whether it trains."""

    def __init__(self):
        super().__init__()
        self.modes = []

    def forward(self, x):
        self.modes.append(self.training)
        return x * 1


class Pair(nn.Module):
    def forward(self, x):
        return x, x + 1


class First(nn.Module):
    def forward(self, pair):
        return pair[0] * 2


class Twice(nn.Module):
    """One layer used twice, on x and on -x, and one that is never used."""

    def __init__(self, layer, spare):
        super().__init__()
        self.layer, self.spare = layer, spare

    def forward(self, x):
        return self.layer(x) + self.layer(-x)


def net(device):
    """Two linear layers and two relus, the last pair in a block, of which one in another block."""
    inner = nn.Sequential(linear([[1.0, -1.0, 0.5], [-2.0, 0.25, 1.0]], [0.5, -0.5]))
    block = nn.Sequential(OrderedDict(inner=inner, bend=nn.ReLU()))
    first = linear([[1.0, -2.0], [0.5, 1.0], [-3.0, 0.0]], [0.0, 1.0, -1.0])
    return nn.Sequential(OrderedDict(first=first, bend=nn.ReLU(), block=block)).to(device)


def linear(weight, bias):
    layer = nn.Linear(len(weight[0]), len(weight))
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(weight))
        layer.bias.copy_(torch.tensor(bias))
    return layer


def batch(device):
    return torch.tensor([[1.0, -2.0], [3.0, 0.5], [-1.0, 0.25]], device=device)


def run(model, x):
    return answer_of(lambda: model(x), "a model that is watched can be called")


def watched(model, x):
    """The rows of one call of the model."""
    with ActivationStats(model) as stats:
        run(model, x)
    return rows_of(stats)


def rows_of(stats):
    assert hasattr(stats, "rows"), f"`as` binds an object with rows, got {stats!r}"
    return stats.rows


def gradients(out, model, x):
    named = [*model.named_parameters(), ("x", x)]
    grads = torch.autograd.grad(out.square().sum(), [each for _, each in named], allow_unused=True)
    return [(name, grad) for (name, _), grad in zip(named, grads, strict=True)]


def inside(model):
    """What each module holds: its attributes, and the hooks that it has of each kind."""
    return {
        name: {key: list(value) if "_hooks" in key else None for key, value in vars(module).items()}
        for name, module in model.named_modules()
    }


def assert_clean(model, before, when):
    after = inside(model)
    changed = [name or "the model" for name in before if after[name] != before[name]]
    assert not changed, (
        f"{when}, and something is left in {', '.join(changed)}: with each model(x) a hook that "
        "stays would run again"
    )


def assert_rows(got, expected, meaning):
    """Assert that all numbers are right, within float32's default tolerances."""
    assert len(got) == len(expected), f"layers {[*expected]} expected, got {[*got]}: {meaning}"
    for name, rows in expected.items():
        mine = got.get(name)
        assert mine is not None, f"no rows for layer {name!r}, got {got}: {meaning}"
        assert len(mine) == len(rows), (
            f"{len(rows)} rows expected for layer {name!r}, got {len(mine)}, {mine}: {meaning}"
        )
        for row, right in zip(mine, rows, strict=True):
            close = len(row) == 2 and all(
                isclose(float(a), b, rel_tol=1.3e-6, abs_tol=1e-5)
                for a, b in zip(row, right, strict=True)
            )
            assert close, (
                f"(mean, deviation) of layer {name!r} is to be ({right[0]:.6g}, {right[1]:.6g}), "
                f"got {row}: {meaning}"
            )
