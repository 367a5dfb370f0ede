import pytest
import torch
from torch import nn

from dojo.checks import answer_of, assert_refused, assert_same, unchanged
from katas.networks.lsuv import lsuv_

# What the learner measures in float32 is measured here in float64: they may differ by so much.
ROUNDING = 1e-5


def test_the_deviation_comes_to_1(device):
    layer, x = linear([[1.0, -2.0, 0.5], [3.0, 0.0, 4.0]], [0.5, -1.0]), batch(device)
    layer.to(device)
    tune(layer, x)
    assert_deviation(layer, x, "", "the layer itself is to be scaled, its weights and its bias")


def test_the_mean_comes_to_0(device):
    layer, x = linear([[1.0, -2.0, 0.5], [3.0, 0.0, 4.0]], [0.5, -1.0]), batch(device)
    layer.to(device)
    tune(layer, x)
    assert_mean(layer, x, "", "where a layer has a bias, the mean is taken off it")


def test_a_bias_far_off_is_brought_back(device):
    layer, x = linear([[0.1, -0.2, 0.05], [0.3, 0.0, 0.4]], [8.0, 8.0]).to(device), batch(device)
    tune(layer, x)
    meaning = (
        "both units had a bias of 8. Taking the mean off a bias settles it for weights as they "
        "were; where they are divided, the bias is too, or another step follows"
    )
    assert_mean(layer, x, "", meaning)


def test_biases_far_apart_are_brought_together(device):
    layer, x = linear([[0.1, -0.2, 0.05], [0.3, 0.0, 0.4]], [7.0, -9.0]).to(device), batch(device)
    tune(layer, x)
    meaning = (
        "the units had a bias of 7 and one of -9, 16 apart, which makes a deviation of about 8, "
        "whatever the weights: the bias has to be divided as well"
    )
    assert_deviation(layer, x, "", meaning)


def test_a_mean_alone_is_reason_enough(device):
    layer, x = linear([[1.0]], [2.0]).to(device), ones_and_minus_ones(device)
    tune(layer, x)
    assert_mean(layer, x, "", "the deviation was 1 from the beginning, the mean was 2")


def test_a_deviation_alone_is_reason_enough(device):
    layer, x = linear([[3.0]], [0.0]).to(device), ones_and_minus_ones(device)
    tune(layer, x)
    assert_deviation(layer, x, "", "the mean was 0 from the beginning, the deviation was 3")


def test_a_convolution_comes_to_deviation_1(device, generator):
    model, x = net(device, generator)
    tune(model, x)
    meaning = "the first layer to run, a convolution, is a layer like the linear ones"
    assert_deviation(model, x, "wide", meaning)
    assert_mean(model, x, "wide", meaning)


def test_a_later_layer_comes_to_deviation_1(device, generator):
    model, x = net(device, generator)
    tune(model, x)
    meaning = (
        "a layer is tuned on what the tuned layers before it give; what they gave before, or give "
        "before they are tuned, is something else"
    )
    for name in ("narrow", "flat.mixer", "head"):
        assert_deviation(model, x, name, meaning)
    assert_mean(model, x, "head", meaning)


def test_the_order_is_that_of_the_run(device):
    model, x = Reversed(linear([[2.0]], [1.0]), linear([[5.0]], [3.0])).to(device), batch(device)
    tune(model, x)
    meaning = "model.second is defined before model.first, and runs after it"
    assert_deviation(model, x, "first", meaning)
    assert_deviation(model, x, "second", meaning)


def test_a_layer_within_a_block_is_tuned(device):
    inner = nn.Sequential(nn.Tanh(), nn.Sequential(linear([[2.0, 1.0, -4.0]], [3.0])))
    model, x = nn.Sequential(nn.Identity(), inner).to(device), batch(device)
    tune(model, x)
    assert_deviation(model, x, "1.1.0", "the layer is three levels down, in a block of a block")


def test_a_layer_without_bias_comes_to_deviation_1(device):
    layer, x = linear([[2.0, -1.0, 0.5]]).to(device), batch(device) + 1
    tune(layer, x)
    meaning = "it has no bias, so that its mean is not 0 and its mean square not its variance"
    assert_deviation(layer, x, "", meaning)


def test_a_layer_without_bias_keeps_its_mean(device):
    layer, x = linear([[2.0, -1.0, 0.5]]).to(device), batch(device) + 1
    before = outputs(layer, x)[""]
    tune(layer, x)
    assert layer.bias is None, "a layer without a bias is given none"
    got, expected = outputs(layer, x)[""].mean(), before.mean() / before.std()
    assert abs(got - expected) < 1e-3, (
        f"without a bias only the scale changes: the mean is {expected:.4f}, got {got:.4f}"
    )


def test_the_deviation_is_torchs(device):
    layer, x = linear([[2.0]], [1.0]).to(device), torch.tensor([[1.0], [4.0], [-2.0]]).to(device)
    tune(layer, x)
    meaning = "it is torch's std(); 1.2247 would mean that squares were divided by 3 in place of 2"
    assert_deviation(layer, x, "", meaning)


def test_all_weights_have_one_factor(device, generator):
    model, x = net(device, generator)
    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    tune(model, x)
    for name in ("wide", "narrow", "flat.mixer", "head"):
        weight = model.get_submodule(name).weight.detach()
        factors = (weight / before[f"{name}.weight"]).double().cpu()
        low, high = factors.min().item(), factors.max().item()
        assert low > 0, f"weights of {name} have changed their sign: a factor of {low:.4f}"
        assert high - low < 1e-4 * high, (
            f"all weights of {name} are to be multiplied by one number, got factors from "
            f"{low:.4f} to {high:.4f}: units keep their differences, and what was drawn stays"
        )


def test_a_weak_layer_is_not_dead(device):
    layer, x = linear([[1e-5, -2e-5, 3e-5]], [0.0]).to(device), batch(device)
    tune(layer, x)
    assert_deviation(layer, x, "", "its numbers are small but not equal: a factor helps")


def test_a_layer_within_tol_is_left_as_it_is(device):
    layer, x = linear([[1.3]], [0.2]).to(device), ones_and_minus_ones(device)
    before = copies(layer)
    tune(layer, x, tol=0.5)
    why = "deviation 1.3 and mean 0.2 are within a tol of 0.5"
    assert_same_parameters(layer, before, why)


def test_a_second_time_nothing_changes(device, generator):
    model, x = net(device, generator)
    tune(model, x)
    before = copies(model)
    tune(model, x)
    assert_same_parameters(model, before, "all layers are within tol by the first time")


def test_a_small_tol_asks_for_more(device):
    layer, x = linear([[1.0005]], [0.0005]).to(device), ones_and_minus_ones(device)
    tune(layer, x, tol=1e-4)
    meaning = "deviation 1.0005 and mean 0.0005 are not within a tol of 0.0001"
    assert_deviation(layer, x, "", meaning, tol=1e-4)
    assert_mean(layer, x, "", meaning, tol=1e-4)


def test_float64_is_measured_as_float64(device, float64):
    layer = linear([[1.0, -2.0, 0.5], [3.0, 0.0, 4.0]], [0.5, -1.0]).to(device, float64)
    x = batch(device).to(float64)
    tune(layer, x, tol=1e-9)
    got = layer.weight.dtype
    assert got == float64, f"a layer of float64 stays one, got {got}"
    out = outputs(layer, x)[""]
    mean, deviation = out.mean().item(), out.std().item()
    assert abs(deviation - 1) < 1.1e-9, (
        f"1 within 1e-9 expected, the deviation is off by {deviation - 1:.2g}"
    )
    assert abs(mean) < 1.1e-9, f"0 within 1e-9 expected, the mean is {mean:.2g}"


def test_a_layer_that_runs_twice_is_tuned_on_its_first_run(device):
    model, x = Twice(linear([[2.0]], [1.5])).to(device), ones_and_minus_ones(device)
    tune(model, x)
    meaning = "it runs twice, and what counts is its first run"
    assert_deviation(model, x, "layer", meaning)
    assert_mean(model, x, "layer", meaning)


def test_a_layer_that_does_not_run_stays(device):
    spare = linear([[5.0]], [3.0])
    model, x = Twice(linear([[2.0]], [1.5]), spare).to(device), ones_and_minus_ones(device)
    before = copies(spare)
    tune(model, x)
    assert_same_parameters(spare, before, "the layer spare is no part of the run")


def test_other_modules_keep_their_weights(device):
    norm = nn.LayerNorm(3)
    nn.init.constant_(norm.weight, 2.0)
    model, x = nn.Sequential(norm, linear([[1.0, -2.0, 3.0]], [1.0])).to(device), batch(device)
    before = copies(norm)
    tune(model, x)
    assert_same_parameters(norm, before, "a layer norm is no nn.Linear and no nn.Conv2d")


def test_a_layer_that_grows_slowly_gets_several_steps(device):
    layer, x = Slow(1, 1, bias=False), ones_and_minus_ones(device)
    nn.init.constant_(layer.weight, 40.0)
    layer.to(device)
    tune(layer, x)
    meaning = (
        "its output grows more slowly than its weights: dividing them by the deviation brings it "
        "from 7.6 to 2.5, then to 1.51, 1.2 and so on, in ten steps to 1"
    )
    assert_deviation(layer, x, "", meaning)


def test_a_layer_that_never_settles_is_told(device):
    layer, x = Stubborn(1, 1), ones_and_minus_ones(device)
    model = nn.Sequential()
    model.body = nn.Sequential()
    model.body.firm = layer
    model.to(device)
    why = "the layer body.firm has a deviation of 3 whatever its weights"
    assert_refused(lambda: run(model, x), RuntimeError, why, mentions=["body.firm"])


def test_there_are_no_more_than_max_steps_steps(device):
    x = ones_and_minus_ones(device)
    for options, most in (({"max_steps": 3}, 3), ({}, 10)):
        layer = Stubborn(1, 1).to(device)
        try:
            run(layer, x, **options)
        except (RuntimeError, Endless) as error:
            if isinstance(error, NotImplementedError):
                raise
        got = sum(a != b for a, b in zip(layer.seen[1:], layer.seen, strict=False))
        assert got <= most, (
            f"max_steps is {most}{'' if options else ' by default'}: the weights of a layer are "
            f"changed {most} times at most, got {got} changes"
        )


def test_without_a_step_left_nothing_changes(device):
    layer, x = linear([[3.0]], [1.0]).to(device), ones_and_minus_ones(device)
    before = copies(layer)
    why = "deviation 3 and mean 1 are not within tol, and there are 0 steps"
    assert_refused(lambda: run(layer, x, max_steps=0), RuntimeError, why)
    assert_same_parameters(layer, before, why)


def test_a_layer_may_be_within_tol_without_a_step(device):
    layer, x = linear([[1.0]], [0.0]).to(device), ones_and_minus_ones(device)
    before = copies(layer)
    tune(layer, x, max_steps=0)
    assert_same_parameters(layer, before, "deviation 1 and mean 0 need no step")


def test_a_layer_without_output_is_dead(device):
    model, x = dead(device, 0.0)
    why = "the second layer puts out zeros only, and no factor makes 1 of a deviation of 0"
    assert_refused(lambda: run(model, x), ValueError, why)


def test_a_constant_output_is_dead_too(device):
    model, x = dead(device, 0.5)
    why = "the second layer puts out 0.5 throughout, with a deviation of 0"
    assert_refused(lambda: run(model, x), ValueError, why)


def test_rounding_hides_no_dead_layer(device):
    for bias in (0.1, -7.3):
        model, x = dead(device, bias)
        why = (
            f"the second layer puts out {bias} throughout; rounded sums may make its deviation "
            "1e-8 or so in place of 0, and yet no factor helps"
        )
        assert_refused(lambda: run(model, x), ValueError, why)


def test_the_error_has_the_name_of_the_dead_layer(device):
    model, x = dead(device, 0.0)
    why = "the layer that is dead is model.body.squeeze"
    assert_refused(lambda: run(model, x), ValueError, why, mentions=["body.squeeze"])


def test_a_dead_layer_stays_as_it_is(device):
    model, x = dead(device, 0.0)
    before = copies(model.body.squeeze)
    try:
        run(model, x)
    except (ValueError, RuntimeError) as error:
        if isinstance(error, NotImplementedError):
            raise
    why = "the layer is dead, and dividing by its deviation of 0 makes NaN of its weights"
    assert_same_parameters(model.body.squeeze, before, why)


def test_no_hook_is_left(device, generator):
    model, x = net(device, generator)
    before = hooks(model)
    tune(model, x)
    assert hooks(model) == before, "the layers are tuned, and hooks are left in the model"


def test_no_hook_is_left_after_an_error(device):
    model, x = dead(device, 0.0)
    before = hooks(model)
    try:
        run(model, x)
    except (ValueError, RuntimeError) as error:
        if isinstance(error, NotImplementedError):
            raise
    assert hooks(model) == before, "an error ended the run, and hooks are left in the model"


def test_hooks_of_others_stay(device):
    layer, x = linear([[2.0]], [1.0]).to(device), ones_and_minus_ones(device)
    handle = layer.register_forward_hook(lambda *call: None)
    before = hooks(layer)
    tune(layer, x)
    after = hooks(layer)
    handle.remove()
    assert after == before, "a hook of somebody else was in the layer, and is gone"


def test_parameters_stay_the_same_objects(device, generator):
    model, x = net(device, generator)
    before = dict(model.named_parameters())
    tune(model, x)
    for name, param in model.named_parameters():
        assert param is before.get(name), (
            f"{name} is another object than before: an optimiser made beforehand holds on to the "
            "old one and trains that"
        )


def test_parameters_still_require_grad(device, generator):
    model, x = net(device, generator)
    tune(model, x)
    for name, param in model.named_parameters():
        assert param.requires_grad, f"{name} no longer requires grad, and training leaves it out"
        assert param.is_leaf, f"{name} is no leaf any more: it has a history"
        assert param.grad is None, f"{name} has a .grad, and nothing was trained"


def test_gradients_are_recorded_afterwards(device):
    assert_grad_mode_stays(True, device)


def test_where_none_are_recorded_it_stays_so(device):
    assert_grad_mode_stays(False, device)


def test_the_mode_stays(device):
    for training in (True, False):
        layer = linear([[2.0]], [1.0]).to(device)
        model = nn.Sequential(layer, nn.Dropout(0.0)).train(training)
        tune(model, ones_and_minus_ones(device))
        got = [module.training for module in model.modules()]
        assert got == [training] * 3, f"training was {training} throughout, afterwards {got}"


def test_the_model_runs_in_the_mode_in_which_it_comes(device):
    for training in (True, False):
        probe = Probe()
        model = nn.Sequential(probe, linear([[2.0]], [1.0])).to(device).train(training)
        tune(model, ones_and_minus_ones(device))
        assert set(probe.modes) <= {training}, (
            f"the model came with training {training}, and ran with {probe.modes}"
        )


def test_the_batch_stays_as_it_is(device):
    layer, x = linear([[1.0, -2.0, 0.5]], [0.5]).to(device), batch(device)
    with unchanged(x):
        tune(layer, x)


@pytest.mark.parametrize("layers", [1, 10, 50])
def test_benchmark(bench, device, generator, layers):
    pairs = [(nn.Linear(32, 32), nn.ReLU()) for _ in range(layers)]
    model = nn.Sequential(*(module for pair in pairs for module in pair)).to(device)
    untuned = copies(model)

    def made(program):
        def tuned(x):
            model.load_state_dict(untuned)
            program(model, x, 1e-5)  # a small tol: then all right answers are the same
            return list(copies(model).values())

        return tuned

    def inputs():
        return (torch.randn(64, 32, generator=generator).to(device),)

    bench(made(by_a_run_for_each_layer), lsuv_, inputs, made=made)


@torch.no_grad()
def by_a_run_for_each_layer(model, x, tol):
    """Run the model from its beginning to each layer; one step is enough, so tol is not asked."""
    for number, layer in enumerate(model, 1):
        if isinstance(layer, nn.Linear):
            output = model[:number](x)
            layer.weight.div_(output.std())
            layer.bias.sub_(output.mean()).div_(output.std())


class Endless(Exception):
    """What ends a loop that does not end by itself."""


class Stubborn(nn.Linear):
    """Three times its input, whatever its weights; it keeps what they were in each run."""

    def __init__(self, *sizes):
        super().__init__(*sizes)
        nn.init.constant_(self.weight, 0.5)
        self.seen = []

    def forward(self, x):
        self.seen.append(self.weight.item())
        if len(self.seen) > 300:
            raise Endless("300 runs of one layer, and no end")
        return 3 * x


class Slow(nn.Linear):
    """A layer that puts out w to the power of 0.55, times x; w is above 0."""

    def forward(self, x):
        return super().forward(x) * self.weight.detach().abs().mean() ** -0.45


class Reversed(nn.Module):
    """Two layers that run in the other order than that of their definition."""

    def __init__(self, first, second):
        super().__init__()
        self.second, self.first = second, first

    def forward(self, x):
        return self.second(torch.tanh(self.first(x[:, :1])))


class Twice(nn.Module):
    """A layer that runs on x and then on what it has made of x; perhaps one that never runs."""

    def __init__(self, layer, spare=None):
        super().__init__()
        self.layer, self.spare = layer, spare

    def forward(self, x):
        return self.layer(torch.relu(self.layer(x)))


class Probe(nn.Module):
    """A module that changes nothing, and notes at each run whether it trains."""

    def __init__(self):
        super().__init__()
        self.modes = []

    def forward(self, x):
        self.modes.append(self.training)
        return x * 1


class Net(nn.Module):
    """Two convolutions and two linear layers, of which one has no bias."""

    def __init__(self):
        super().__init__()
        self.wide, self.narrow = nn.Conv2d(2, 4, 3), nn.Conv2d(4, 6, 3, stride=2)
        self.flat = nn.Sequential()
        self.flat.mixer = nn.Linear(12, 5, bias=False)
        self.head = nn.Linear(5, 3)

    def forward(self, x):
        x = torch.relu(self.narrow(torch.relu(self.wide(x))))
        return self.head(torch.relu(self.flat(x.flatten(1))))


def net(device, generator):
    model = Net()
    with torch.no_grad():
        for param in model.parameters():
            param.copy_(torch.randn(param.shape, generator=generator) * 0.3)
    x = torch.randn(40, 2, 7, 6, generator=generator) * 2 + 0.5
    return model.to(device), x.to(device)


def dead(device, bias):
    """A model whose second layer, of weights 0, puts out its bias; and a batch of 32."""
    squeeze = linear([[0.0, 0.0], [0.0, 0.0], [0.0, 0.0]], [bias] * 3)
    body = nn.Sequential()
    body.squeeze = squeeze
    model = nn.Sequential()
    model.first, model.body = linear([[1.0, -2.0, 0.5], [3.0, 0.0, 4.0]], [0.5, -1.0]), body
    return model.to(device), batch(device).repeat(8, 1)


def linear(weight, bias=None):
    layer = nn.Linear(len(weight[0]), len(weight), bias=bias is not None)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(weight))
        if bias is not None:
            layer.bias.copy_(torch.tensor(bias))
    return layer


def batch(device):
    rows = [[1.0, -2.0, 0.5], [3.0, 0.5, -1.0], [-1.0, 0.25, 2.0], [0.0, 4.0, -3.0]]
    return torch.tensor(rows, device=device)


def ones_and_minus_ones(device):
    """A column of mean 0 and deviation 1, as torch's std() has it."""
    x = torch.tensor([[1.0], [-1.0]]).repeat(50, 1)
    return (x / x.std()).to(device)


def tune(model, x, **options):
    given = "".join(f", {name}={value}" for name, value in options.items())
    answer_of(lambda: run(model, x, **options), f"lsuv_(model, batch{given}) tunes the layers")


def run(model, x, **options):
    with torch.enable_grad():  # and grad mode is as it was, whatever the answer makes of it
        lsuv_(model, x, **options)


@torch.no_grad()
def outputs(model, x):
    """What each linear layer and each convolution puts out in its first run, as float64."""
    found, handles = {}, []
    for name, layer in model.named_modules():
        if isinstance(layer, (nn.Linear, nn.Conv2d)):

            def keep(_, inputs, output, name=name):
                found.setdefault(name, output.cpu().double())

            handles.append(layer.register_forward_hook(keep))
    model(x)
    for handle in handles:
        handle.remove()
    return found


def assert_deviation(model, x, name, meaning, tol=1e-3):
    got = outputs(model, x)[name].std().item()
    assert abs(got - 1) <= tol + ROUNDING, (
        f"what {name or 'the layer'} puts out is to have a deviation of 1 within {tol}, got "
        f"{got:.6g}: {meaning}"
    )


def assert_mean(model, x, name, meaning, tol=1e-3):
    got = outputs(model, x)[name].mean().item()
    assert abs(got) <= tol + ROUNDING, (
        f"what {name or 'the layer'} puts out is to have a mean of 0 within {tol}, got {got:.6g}: "
        f"{meaning}"
    )


def assert_grad_mode_stays(wanted, device):
    layer, x = linear([[2.0]], [1.0]).to(device), ones_and_minus_ones(device)
    with torch.set_grad_enabled(wanted):
        answer_of(lambda: lsuv_(layer, x), f"grad mode is {wanted} at the place of the call")
        got = torch.is_grad_enabled()
    assert got == wanted, f"grad mode was {wanted} before the call, and is {got} afterwards"


def copies(module):
    return {name: param.detach().clone() for name, param in module.named_parameters()}


def assert_same_parameters(module, before, why):
    for name, param in module.named_parameters():
        meaning = f"{name} is to stay as it is: {why}"
        assert_same(param.detach(), before[name], meaning, rtol=0, atol=0)


def hooks(model):
    """The hooks of each module, of each kind."""
    return {
        name: {key: list(value) for key, value in vars(module).items() if "_hooks" in key}
        for name, module in model.named_modules()
    }
