from contextlib import suppress
from itertools import cycle

import numpy as np
import pytest
import torch
from torch import nn

from dojo.checks import answer_of, assert_refused
from katas.practice.check_every_step import first_fault


def test_nan_is_a_fault(device):
    model = chain(double, lambda x: x * torch.nan, double)
    assert_fault(model, examples(device), ("1", "nan"), "layer 1 makes NaN of all numbers")


def test_one_nan_is_enough(device):
    model = chain(double, lambda x: torch.where(x == 6, torch.nan, x), double)
    assert_fault(model, examples(device), ("1", "nan"), "layer 1 makes NaN of one number of six")


def test_infinity_is_a_fault(device):
    model = chain(double, lambda x: 1 / (x - 6), torch.atan)
    why = "layer 1 divides by a zero, so that one number of six is inf"
    assert_fault(model, examples(device), ("1", "infinite"), why)


def test_minus_infinity_is_infinite(device):
    model = chain(double, lambda x: torch.where(x > 5, x * -torch.inf, x), torch.atan)
    assert_fault(model, examples(device), ("1", "infinite"), "layer 1 makes -inf of 6 and 8")


def test_nan_beside_infinity_is_nan(device):
    model = chain(double, lambda x: torch.stack([x[:, 0] * torch.inf, x[:, 1] * torch.nan], 1))
    assert_fault(model, examples(device), ("1", "nan"), "layer 1 gives inf and NaN, and NaN leads")


def test_an_infinity_for_every_example_is_infinite(device):
    model = chain(double, lambda x: torch.full_like(x, torch.inf))
    why = "layer 1 gives inf for every example, and infinite comes before constant"
    assert_fault(model, examples(device), ("1", "infinite"), why)


def test_a_dead_relu_is_constant(device):
    model = nn.Sequential(Apply(double), Apply(lambda x: x - 100), nn.ReLU(), Apply(double))
    why = "layer 2, a relu that gets nothing above 0, gives 0 throughout"
    assert_fault(model, examples(device), ("2", "constant"), why)


def test_the_same_features_for_every_example_are_constant(device):
    layer = nn.Linear(2, 3)
    nn.init.zeros_(layer.weight)
    layer.bias.data = torch.tensor([1.0, -2.0, 30.0])
    model = nn.Sequential(Apply(double), layer, Apply(double)).to(device)
    why = "layer 1 has weights of 0, so each example gets its biases 1, -2, 30"
    assert_fault(model, examples(device), ("1", "constant"), why)


def test_rounding_hides_no_constant(device):
    large = torch.tensor([33333333.3, 0.1, 12345678.9], device=device)
    model = chain(double, lambda x: large.repeat(len(x), 1), double)
    x = torch.arange(14.0, device=device).reshape(7, 2)
    why = "layer 1 gives seven examples the same; rounding gives them a deviation that is not 0"
    assert_fault(model, x, ("1", "constant"), why)


def test_nearly_the_same_is_not_constant(device):
    model = chain(lambda x: 1000 + x / 1000, lambda x: x - 1000)
    why = "1000.001, 1000.003 and 999.999 are different numbers, their deviation is 0.002"
    assert_fault(model, examples(device), None, why)


def test_two_like_examples_are_no_constant(device):
    x = torch.tensor([[1.0, 3.0], [1.0, 3.0], [-2.0, 0.5]], device=device)
    why = "the first two examples of the batch are the same, the third is another"
    assert_fault(chain(double, double), x, None, why)


def test_one_dead_unit_is_no_fault(device):
    model = nn.Sequential(Apply(lambda x: x - torch.tensor([0.0, 9.0], device=device)), nn.ReLU())
    why = "one unit of the relu gives 0 for all examples, the other tells them apart"
    assert_fault(model, examples(device), None, why)


def test_a_relus_zeros_are_no_fault(device):
    x = torch.tensor([[1.0, -1.0, -2.0], [-1.0, 2.0, -3.0], [-3.0, -4.0, 0.5]], device=device)
    why = "six of nine numbers of the relu are 0, as is usual, and each feature varies"
    assert_fault(nn.Sequential(nn.ReLU(), Apply(double)), x, None, why)


def test_a_small_spread_is_vanishing(device):
    model = chain(double, lambda x: x * 1e-5, lambda x: x * 1e5)
    why = "the deviations behind layer 1 are 0.00003 and 0.00006, less than 0.0001"
    assert_fault(model, examples(device), ("1", "vanishing"), why)


def test_a_large_spread_is_exploding(device):
    model = chain(double, lambda x: x * 1e5, lambda x: x / 1e5)
    why = "the deviations behind layer 1 are some 400,000, more than 10,000"
    assert_fault(model, examples(device), ("1", "exploding"), why)


def test_between_the_bounds_all_is_well(device):
    for factor in (1e-4, 1.0, 1e3):
        why = f"deviations of about {4 * factor} lie between the bounds 0.0001 and 10,000"
        assert_fault(chain(double, lambda x, by=factor: x * by), examples(device), None, why)


def test_large_numbers_are_no_explosion(device):
    why = "the outputs lie around 100,000, but differ by 4 or so"
    assert_fault(chain(double, lambda x: x + 1e5), examples(device), None, why)


def test_biases_do_not_hide_a_lost_signal(device):
    bias = torch.tensor([1.0, -2.0], device=device)
    model = chain(double, lambda x: x * 1e-5 + bias, lambda x: (x - bias) * 1e5)
    why = "behind layer 1 an example's numbers are about 1 and -2, the same for all but for 0.00004"
    assert_fault(model, examples(device), ("1", "vanishing"), why)


def test_one_feature_may_carry_the_signal(device):
    why = "the one feature of layer 1 is 2, 6 and -2: it deviates by 4 over the examples"
    assert_fault(chain(double, lambda x: x[:, :1]), examples(device), None, why)


def test_one_feature_alone_is_no_signal(device):
    model = chain(double, lambda x: sparse(x, 100, 2e-4))
    why = "one of 100 features deviates by 0.0002, the rest by 0: root mean square 0.00002"
    assert_fault(model, column(device), ("1", "vanishing"), why)


def test_the_spread_is_a_root_mean_square(device):
    model = chain(double, lambda x: sparse(x, 100, 5e-3))
    why = (
        "one of 100 features deviates by 0.005, the rest by 0: root mean square 0.0005, while "
        "their mean would be 0.00005"
    )
    assert_fault(model, column(device), None, why)


def test_every_number_of_an_example_is_a_feature(device):
    picture = torch.tensor([[[1.0, 2.0], [3.0, -4.0]]], device=device)
    model = chain(double, lambda x: picture + 1e-5 * x[:, :, None, None], double)
    x = examples(device)[:, :1]
    why = "layer 1 gives 1 by 2 by 2 pictures with unlike pixels, alike up to 0.00004 for all"
    assert_fault(model, x, ("1", "vanishing"), why)


def test_low_is_the_lower_bound(device):
    x = examples(device)
    why = "the deviations are about 4"
    assert_fault(chain(double), x, ("0", "vanishing"), f"{why}, less than low=100", low=100.0)
    model = chain(lambda x: x * 1e-6)
    assert_fault(model, x, None, "deviations of 0.000002 are more than low=1e-8", low=1e-8)


def test_high_is_the_upper_bound(device):
    x = examples(device)
    assert_fault(chain(double), x, ("0", "exploding"), "deviations of 4 exceed high=1", high=1.0)
    model = chain(lambda x: x * 1e6)
    assert_fault(model, x, None, "deviations of 2,000,000 are less than high=1e8", high=1e8)


def test_a_signal_fades_over_many_layers(device, generator):
    model = deep(generator, torchs_start).to(device)
    x = torch.randn(64, 32, generator=generator)
    name = first_below(model.cpu(), x, 1e-4)
    assert_fault(
        model.to(device),
        x.to(device),
        (name, "vanishing"),
        f"20 hidden layers with torch's default start: float64 on the CPU has the spread over the "
        f"examples under 0.0001 from layer {name} on; None would mean that the biases, which go on "
        "varying from feature to feature, were taken for a signal",
    )


def test_kaimings_start_keeps_the_signal(device, generator):
    model = deep(generator, kaimings_start).to(device)
    x = torch.randn(64, 32, generator=generator).to(device)
    assert_fault(model, x, None, "20 hidden layers with Kaiming's start keep the signal")


def test_the_first_of_several_faults_is_named(device):
    model = chain(double, lambda x: x * torch.nan, double, double)
    got = first_fault(model, examples(device))
    assert got is not None, "layers 1, 2 and 3 give NaN, and no fault was found"
    assert got[0] == "1", (
        f"layer 1 makes NaN, layers 2 and 3 can't but hand it on: the one to name is 1, got {got}"
    )


def test_an_early_mild_fault_comes_before_a_late_nan(device):
    model = chain(lambda x: x * 1e-5, lambda x: x * 1e5, lambda x: x * torch.nan)
    why = "layer 0 makes the signal vanish, two layers before another makes NaN: the first counts"
    assert_fault(model, examples(device), ("0", "vanishing"), why)


def test_the_fault_is_the_layer_that_made_it(device):
    model = chain(double, double, lambda x: x * torch.nan)
    why = "what comes into the last layer is sound, what it gives is NaN"
    assert_fault(model, examples(device), ("2", "nan"), why)


def test_the_order_is_that_of_execution(device):
    class Backwards(nn.Module):
        def __init__(self):
            super().__init__()
            self.last = Apply(double)
            self.middle = Apply(lambda x: x * 0)
            self.first = Apply(lambda x: x * 1e-5)

        def forward(self, x):
            return self.last(self.middle(self.first(x)))

    why = "all three are at fault, defined as last, middle, first, and run the other way round"
    assert_fault(Backwards(), examples(device), ("first", "vanishing"), why)


def test_the_layer_is_named_not_the_block_around_it(device):
    block = nn.Sequential(Apply(double), chain(double, lambda x: x * torch.nan))
    model = nn.Sequential(Apply(double), block, Apply(double))
    why = "the name in named_modules() of the layer, not of a block, and whole"
    assert_fault(model, examples(device), ("1.1.1", "nan"), why)


def test_what_a_container_computes_is_not_judged(device):
    class Scaled(nn.Sequential):
        def forward(self, x):
            return super().forward(x) * 1e6

    model = nn.Sequential(Scaled(Apply(double)), Apply(lambda x: x / 1e6))
    why = "the layers' outputs are sound; what a module with modules inside multiplies is not asked"
    assert_fault(model, examples(device), None, why)


def test_a_model_without_modules_inside_is_a_layer(device):
    why = "the model is its own one layer, and named_modules() calls it ''"
    assert_fault(Apply(lambda x: x * torch.nan), examples(device), ("", "nan"), why)


def test_a_layer_that_does_not_run_is_not_judged(device):
    model = chain(double, lambda x: x * torch.nan, double)
    model.forward = lambda x: model[2](model[0](x))
    why = "layer 1, which would make NaN, does not run"
    assert_fault(model, examples(device), None, why)


def test_the_second_run_of_a_layer_counts(device):
    small = Apply(lambda x: x / 1000)
    model = nn.Sequential(small, Apply(double), small)
    why = "layer 0 runs twice, and only behind the second time are the deviations under 0.00001"
    assert_fault(model, examples(device), ("0", "vanishing"), why)


def test_a_second_run_does_not_move_a_layer_forward(device):
    same = Apply(double)
    model = nn.Sequential(same, Apply(lambda x: x * 1e6), same)
    why = "layer 0 is sound when it runs before layer 1, and explodes only when it runs after it"
    assert_fault(model, examples(device), ("1", "exploding"), why)


def test_an_output_is_judged_before_a_later_layer_writes_into_it(device):
    model = nn.Sequential(Apply(double), Apply(lambda x: x - 100), nn.ReLU(inplace=True))
    why = "layer 1 is sound; the relu behind it, in place, overwrites that with zeros"
    assert_fault(model, examples(device), ("2", "constant"), why)


def test_no_hook_stays(device):
    model = chain(double, double)
    first_fault(model, examples(device))
    assert hooks_on(model) == 0, f"{hooks_on(model)} hooks were left on a model that had none"


def test_no_hook_stays_after_an_error(device):
    model = chain(double, fails, double)
    with suppress(ValueError):
        first_fault(model, examples(device))
    assert hooks_on(model) == 0, (
        f"the model's forward raised ValueError, and {hooks_on(model)} hooks were left on it"
    )


def test_hooks_of_others_stay(device):
    model, calls = chain(double, double), []
    model[0].register_forward_hook(lambda *_: calls.append(1))
    first_fault(model, examples(device))
    calls.clear()
    model(examples(device))
    assert len(calls) == 1, "the caller had a hook on layer 0, which is not called any more"


def test_an_error_of_the_model_comes_out(device):
    model, why = chain(double, fails, double), "layer 1 raises ValueError('no such axis: 7')"
    assert_refused(lambda: first_fault(model, examples(device)), ValueError, why, mentions=[7])


def test_batch_norms_statistics_stay(device):
    model = nn.Sequential(Apply(double), nn.BatchNorm1d(2)).to(device)
    first_fault(model, examples(device))
    assert_as_before(model, {"running_mean": [0, 0], "running_var": [1, 1]})
    seen = model[1].num_batches_tracked.item()
    assert seen == 0, f"batch norm had seen 0 batches, and counts {seen} after the check"


def test_buffers_stay_after_an_error(device):
    model = nn.Sequential(Apply(double), nn.BatchNorm1d(2), Apply(fails)).to(device)
    with suppress(ValueError):
        first_fault(model, examples(device))
    assert_as_before(model, {"running_mean": [0, 0], "running_var": [1, 1]})


def test_a_buffer_that_is_not_saved_stays(device):
    class Counter(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("runs", torch.zeros(1), persistent=False)

        def forward(self, x):
            self.runs += 1
            return x

    model = nn.Sequential(Apply(double), Counter()).to(device)
    first_fault(model, examples(device))
    assert_as_before(model, {"runs": [0]})


def test_a_model_in_train_mode_runs_in_train_mode(device):
    norm = nn.BatchNorm1d(2)
    norm.running_var.fill_(1e14)
    model = nn.Sequential(Apply(double), norm).to(device)
    why = (
        "in train mode batch norm uses the batch's own deviation, and its output is sound; "
        "'vanishing' would mean that the model was put into eval mode, with other statistics"
    )
    assert_fault(model, examples(device), None, why)


def test_a_layer_in_eval_mode_runs_and_stays_in_it(device):
    norm = nn.BatchNorm1d(2)
    norm.running_var.fill_(1e14)
    model = nn.Sequential(Apply(double), norm).to(device)
    norm.eval()
    why = "the batch norm is in eval mode, with a running variance of 1e14, which makes all tiny"
    assert_fault(model, examples(device), ("1", "vanishing"), why)
    assert not norm.training, "the batch norm came in eval mode, and is in train mode now"


def test_the_modes_stay(device):
    model = chain(double, double, double)
    model[1].eval()
    first_fault(model, examples(device))
    modes = [module.training for module in model.modules()]
    assert modes == [True, True, False, True], (
        f"all were in train mode but layer 1; after the check training is {modes}, the model first"
    )


@pytest.mark.parametrize("layers", [2, 20, 200])
def test_benchmark(bench, device, generator, layers):
    sound = [nn.Linear(64, 64, bias=False) for _ in range(layers - 1)]
    for layer in sound:
        nn.init.eye_(layer.weight)
    model = nn.Sequential(*sound, Apply(lambda x: x**3)).to(device)
    # Only cubes of such numbers are out of bounds, too small and too large in turns.
    scales = cycle((0.01, 100.0))

    def inputs():
        return (next(scales) * torch.randn(64, 64, generator=generator).to(device),)

    bench(None, first_fault, inputs, made=lambda program: lambda x: program(model, x))


def assert_fault(model, x, expected, why, **bounds):
    got = answer_of(lambda: first_fault(model, x, **bounds), why)
    assert got == expected, f"{why}: expected {expected}, got {got!r}"


def assert_as_before(model, expected):
    buffers = {name.rpartition(".")[2]: buffer for name, buffer in model.named_buffers()}
    for name, numbers in expected.items():
        got = buffers[name].tolist()
        assert got == numbers, f"{name} was {numbers} before the check, and is {got} after it"


def hooks_on(model):
    return sum(
        len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules()
    )


def examples(device):
    return torch.tensor([[1.0, 3.0], [3.0, -2.0], [-1.0, 4.0]], device=device)


def column(device):
    return torch.tensor([[-1.0], [0.0], [1.0]], device=device) / 2


def sparse(x, features, scale):
    """All features 0 but the first, which is x times scale."""
    return torch.cat([x * scale, torch.zeros(len(x), features - 1, device=x.device)], dim=1)


def chain(*funcs):
    return nn.Sequential(*(Apply(func) for func in funcs))


class Apply(nn.Module):
    """A layer without weights."""

    def __init__(self, func):
        super().__init__()
        self.func = func

    def forward(self, x):
        return self.func(x)


def double(x):
    return 2 * x


def fails(x):
    raise ValueError("no such axis: 7")


def deep(generator, start):
    layers = []
    for _ in range(20):
        layers += [nn.Linear(32, 32), nn.ReLU()]
    model = nn.Sequential(*layers, nn.Linear(32, 10))
    for layer in model:
        if isinstance(layer, nn.Linear):
            start(layer, generator)
    return model


def torchs_start(layer, generator):
    bound = layer.in_features**-0.5
    for param in layer.parameters():
        param.data = (2 * torch.rand(param.shape, generator=generator) - 1) * bound


def kaimings_start(layer, generator):
    deviation = (2 / layer.in_features) ** 0.5
    layer.weight.data = torch.randn(layer.weight.shape, generator=generator) * deviation
    layer.bias.data.zero_()


def first_below(model, x, bound):
    """The name of the first layer with a spread below the bound, in numpy and float64."""
    numbers = x.double().numpy()
    for name, layer in model.named_children():
        if isinstance(layer, nn.Linear):
            weight, bias = (param.detach().double().numpy() for param in layer.parameters())
            numbers = numbers @ weight.T + bias
        else:
            numbers = np.maximum(numbers, 0)
        if np.sqrt(numbers.var(axis=0).mean()) < bound:
            return name
    return None
