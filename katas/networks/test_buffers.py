import io

import pytest
import torch
from torch import nn

from dojo.checks import answer_of, assert_same, unchanged
from katas.networks.buffers import Standardize

MEAN, DEVIATION = (1.0, -2.0, 10.0), (2.0, 0.5, 4.0)


def test_each_channel_has_its_own_numbers(device):
    # 3 channels of 3 by 3 pixels: three numbers fit any of the last three axes.
    x = torch.arange(54.0).reshape(2, 3, 3, 3)
    expected = standardized(x.tolist(), MEAN, DEVIATION)
    got = run(made(device), x.to(device))
    meaning = (
        "(x - mean) / deviation with the numbers of the channel, the second axis; where only the "
        "corner of each channel is right, they went along the height or the width"
    )
    assert_same(got, torch.tensor(expected, device=device), meaning)


def test_any_number_of_channels_will_do(device, generator):
    for shape in ((4, 1, 2, 3), (1, 2, 5, 4), (3, 5, 2, 1)):
        x = torch.randint(-20, 20, shape, generator=generator).float()
        mean, deviation = (*MEAN, 0.25, -8.0), (*DEVIATION, 8.0, 0.25)
        mean, deviation = mean[: shape[1]], deviation[: shape[1]]
        got = run(made(device, mean, deviation), x.to(device))
        expected = torch.tensor(standardized(x.tolist(), mean, deviation), device=device)
        assert_same(got, expected, f"pictures of shape {shape}")


def test_a_small_deviation_is_no_other(device):
    x = torch.tensor([0.5, 0.25], device=device).reshape(1, 2, 1, 1)
    got = run(made(device, (0.0, 0.0), (2**-10, 2**-13)), x).flatten()
    meaning = "divided by 1/1024 and 1/8192, and by nothing more, not even by 0.00001"
    assert_same(got, torch.tensor([512.0, 2048.0], device=device), meaning)


def test_a_large_deviation_is_divided_by(device):
    x = torch.tensor([4096.0, -2048.0], device=device).reshape(1, 2, 1, 1)
    got = run(made(device, (0.0, 0.0), (4096.0, 1024.0)), x).flatten()
    meaning = "4096 / 4096 and -2048 / 1024; 64 would mean that the root was divided by"
    assert_same(got, torch.tensor([1.0, -2.0], device=device), meaning)


def test_a_deviation_above_1_brings_pixels_closer(device):
    x = torch.tensor([-5.0, 5.0], device=device).reshape(1, 1, 1, 2)
    low, high = run(made(device, (3.0,), (4.0,)), x).flatten().tolist()
    assert 0 < high - low < 10, (
        f"two pixels are 10 apart, and by a deviation of 4 {high - low:g}: standardised is not "
        "only centred"
    )


def test_train_and_eval_mode_agree(device):
    x = torch.arange(36.0, device=device).reshape(2, 3, 3, 2)
    layer = made(device)
    in_eval = run(layer.eval(), x)
    meaning = "in train mode as in eval mode it is standardised with the numbers given"
    assert_same(run(layer.train(), x), in_eval, meaning)


def test_the_module_takes_its_numbers_along(device):
    layer = answer_of(
        lambda: built().to(device=device, dtype=torch.float16), "the module moves to the device"
    )
    for name, values in (("mean", MEAN), ("deviation", DEVIATION)):
        meaning = (
            f"{name} after module.to(device, torch.float16): a plain attribute stays behind, as it "
            "was"
        )
        got = attribute(layer, name).detach().flatten()
        expected = torch.tensor(values, dtype=torch.float16, device=device)
        assert_same(got, expected, meaning)


def test_double_converts_them(device, float64):
    layer = made(device, (0.1, 0.2), (0.3, 0.7)).double()
    x = torch.tensor([1.0, -1.0], dtype=float64, device=device).reshape(1, 2, 1, 1)
    got = run(layer, x).detach().flatten()
    as_float32 = torch.tensor([[0.1, 0.2], [0.3, 0.7]]).double()
    expected = (torch.tensor([1.0, -1.0], dtype=float64) - as_float32[0]) / as_float32[1]
    assert_same(got, expected.to(device), "after .double() in float64, numbers and pictures")
    for name in ("mean", "deviation"):
        got = attribute(layer, name).dtype
        assert got == float64, f"after .double() {name} is float64 as all of the module, got {got}"


def test_the_result_has_the_modules_dtype(device):
    x = torch.arange(12.0, device=device).reshape(1, 3, 2, 2).half()
    got = run(made(device).half(), x)
    assert got.dtype == torch.float16, (
        f"after .half() float16 pictures come out as {got.dtype}: numbers that stayed float32 make "
        "float32 of all they meet"
    )


def test_the_state_dict_holds_the_numbers(device):
    layer = made(device)
    held, inside = layer.state_dict(), nn.Sequential(nn.ReLU(), layer).state_dict()
    for name, values in (("mean", MEAN), ("deviation", DEVIATION)):
        assert name in held, (
            f"state_dict() has {keys(held)}, and no {name}: a file saved from it lacks that number"
        )
        got = held[name].detach().flatten()
        assert_same(got, torch.tensor(values, device=device), f"{name} in state_dict()")
        assert f"1.{name}" in inside, f"in a model it is 1.{name}, state_dict() has {keys(inside)}"


def test_the_state_dict_holds_nothing_else(device):
    more = sorted(made(device).state_dict().keys() - {"mean", "deviation"})
    assert not more, f"state_dict() holds {', '.join(more)} besides mean and deviation"


def test_they_have_the_shape_given(device):
    layer = made(device)
    for name in ("mean", "deviation"):
        kept = attribute(layer, name)
        for where, numbers in (
            ("the module", kept),
            ("state_dict()", layer.state_dict().get(name)),
        ):
            shape = (3,) if numbers is None else tuple(numbers.shape)
            assert shape == (3,), f"{name} was given in shape (3,), and {where} has it in {shape}"


def test_they_are_no_parameters(device):
    got = [name for name, _ in made(device).named_parameters()]
    assert not got, (
        f"parameters() lists {', '.join(got)}: an optimiser takes what is listed there, and "
        "requires_grad_(True) on the model would make it learn"
    )


def test_training_leaves_them_alone(device):
    layer = made(device)
    model = nn.Sequential(layer, nn.Flatten(), nn.Linear(12, 1).to(device)).train()
    x = torch.arange(24.0, device=device).reshape(2, 3, 2, 2)
    for _ in range(3):
        run(model, x).square().mean().backward()
        with torch.no_grad():
            for param in model.parameters():
                if param.grad is not None:
                    param -= 0.01 * param.grad
                    param.grad = None
    for name, values in (("mean", MEAN), ("deviation", DEVIATION)):
        meaning = f"{name} after three steps of training: it is given, and neither learned nor fed"
        got = attribute(layer, name).detach().flatten()
        assert_same(got, torch.tensor(values, device=device), meaning, rtol=0, atol=0)


def test_they_require_no_gradient(device):
    mean, deviation = (torch.tensor(v, device=device).requires_grad_() for v in (MEAN, DEVIATION))
    layer = answer_of(lambda: Standardize(mean * 1, deviation), "a Standardize is made").to(device)
    for name in ("mean", "deviation"):
        assert not attribute(layer, name).requires_grad, (
            f"{name} requires grad: it is a constant, even where the tensor given was none"
        )
    got = run(layer, torch.ones(1, 3, 2, 2, device=device))
    assert not got.requires_grad, "pictures that require no grad come out with a graph"


def test_numbers_from_a_file_replace_its_own(device):
    saved, file = made(device), io.BytesIO()
    torch.save(saved.state_dict(), file)
    file.seek(0)
    other = made(device, (0.0, 7.0, -3.0), (5.0, 1.0, 0.25))
    x = torch.arange(12.0, device=device).reshape(1, 3, 2, 2)
    run(other, x)
    state = torch.load(file, weights_only=True, map_location=device)
    answer_of(lambda: other.load_state_dict(state), "the state_dict of another one can be loaded")
    expected = torch.tensor(standardized(x.tolist(), MEAN, DEVIATION), device=device)
    meaning = (
        "built with other numbers, then loaded: the numbers of the file count, and what was "
        "computed from those given at first is out of date"
    )
    assert_same(run(other, x), expected, meaning)


def test_what_is_given_is_copied(device):
    given = [torch.tensor(values, device=device) for values in (MEAN, DEVIATION)]
    layer = answer_of(lambda: Standardize(*given).to(device), "a Standardize can be made")
    x = torch.arange(12.0, device=device).reshape(1, 3, 2, 2)
    before = run(layer, x)
    for numbers in given:
        numbers.mul_(3)
    meaning = "as before, though the tensors given were tripled: the module has copies of them"
    assert_same(run(layer, x), before, meaning)


def test_loading_leaves_what_was_given(device):
    given = [torch.tensor(values, device=device) for values in (MEAN, DEVIATION)]
    layer = answer_of(lambda: Standardize(*given).to(device), "a Standardize can be made")
    state = {name: torch.full((3,), 9.0, device=device) for name in layer.state_dict()}
    with unchanged(*given):
        answer_of(lambda: layer.load_state_dict(state), "other numbers can be loaded")


def test_gradients_pass_to_the_pictures(device):
    x = torch.arange(24.0, device=device).reshape(2, 3, 2, 2).requires_grad_()
    got = run(made(device), x)
    assert got.requires_grad, "what comes out has no graph: nothing before this layer could learn"
    (gradient,) = torch.autograd.grad(got.sum(), x)
    expected = torch.tensor([0.5, 2.0, 0.25], device=device)[:, None, None].expand(2, 3, 2, 2)
    assert_same(gradient, expected, "1 / deviation for each pixel of a channel")


def test_the_pictures_stay_as_they_are(device):
    x = torch.arange(24.0, device=device).reshape(2, 3, 2, 2)
    with unchanged(x):
        run(made(device), x)


@pytest.mark.parametrize("images", [1, 100, 1_000])
def test_benchmark(bench, device, generator, images):
    mean, deviation = (torch.tensor(values, device=device) for values in (MEAN, DEVIATION))

    def channel_by_channel(x):
        result = torch.empty_like(x)
        for image in range(len(x)):
            for channel in range(3):
                centred = x[image, channel] - mean[channel]
                result[image, channel] = centred / deviation[channel]
        return result

    def inputs():
        return (torch.randn(images, 3, 32, 32, generator=generator).to(device),)

    def made(program):
        return program(mean, deviation).to(device)

    bench(channel_by_channel, Standardize, inputs, made=made)


def standardized(pictures, mean, deviation):
    """The same, number by number."""
    return [
        [
            [[(pixel - m) / d for pixel in row] for row in channel]
            for channel, m, d in zip(picture, mean, deviation, strict=True)
        ]
        for picture in pictures
    ]


def built(mean=MEAN, deviation=DEVIATION):
    numbers = torch.tensor(mean), torch.tensor(deviation)
    return answer_of(lambda: Standardize(*numbers), f"Standardize takes {len(mean)} channels")


def made(device, mean=MEAN, deviation=DEVIATION):
    return built(mean, deviation).to(device)


def run(layer, x):
    return answer_of(lambda: layer(x), f"pictures of shape {tuple(x.shape)} pass")


def attribute(layer, name):
    return answer_of(lambda: getattr(layer, name), f"the module has an attribute {name}")


def keys(state):
    return ", ".join(state) or "nothing"
