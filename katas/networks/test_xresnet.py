import pytest
import torch
from torch import nn
from torch.nn.functional import adaptive_avg_pool2d, cross_entropy

from dojo.checks import answer_of, assert_same, unchanged
from katas.networks.xresnet import ResBlock, stem, xresnet50

PICTURES = (3, 3, 16, 24)
SHAPES = [(16, 16, 1), (16, 16, 2), (12, 16, 1), (12, 16, 2)]  # c_in, c_out, stride


def test_the_stem_quarters_the_size(device):
    for c_in, c_out in ((3, 16), (1, 8)):
        x = torch.zeros(2, c_in, 16, 24, device=device)
        got = tuple(new_stem(c_in, c_out, device)(x).shape)
        assert got == (2, c_out, 4, 6), (
            f"16 by 24 pixels leave a stem of {c_out} channels as (2, {c_out}, 4, 6), got {got}"
        )


def test_the_stem_is_a_sequential():
    got = stem(3, 16)
    assert isinstance(got, nn.Sequential), f"a stem is nn.Sequential, got {type(got).__name__}"


def test_kernels_of_the_stem_are_three_by_three(device, generator):
    kernels = [conv.kernel_size for conv in convolutions(*stem_and_pictures(device, generator))]
    assert kernels == [(3, 3)] * 3, f"the stem has three kernels, of 3×3, got {kernels}"


def test_channels_of_the_stem(device, generator):
    convs = convolutions(*stem_and_pictures(device, generator))
    got = [(conv.in_channels, conv.out_channels) for conv in convs]
    assert got == [(3, 8), (8, 8), (8, 16)], (
        f"from 3 channels to 16 it goes by 8 and 8, in and out [(3, 8), (8, 8), (8, 16)], got {got}"
    )


def test_the_first_convolution_has_a_stride(device, generator):
    got = convolutions(*stem_and_pictures(device, generator))[0].stride
    assert got == (2, 2), f"the first convolution of the stem has a stride of 2, got {got}"


def test_only_the_first_convolution_has_a_stride(device, generator):
    got = [conv.stride for conv in convolutions(*stem_and_pictures(device, generator))]
    assert set(got[1:]) <= {(1, 1)}, (
        f"after the first convolution of the stem only the pooling halves the size, got {got}"
    )


def test_each_convolution_of_the_stem_has_a_norm(device, generator):
    got = len(ran(*stem_and_pictures(device, generator), nn.BatchNorm2d))
    assert got == 3, f"three convolutions have three norms, got {got}"


def test_the_stem_ends_in_a_relu(device, generator):
    low = lows_of_the_stem(device, generator)[-1]
    assert low >= 0, f"the last convolution of a stem has a relu too, got {low:.2f} out of it"


def test_convolutions_of_the_stem_have_relus_between(device, generator):
    for number, low in enumerate(lows_of_the_stem(device, generator)[1:-1], 1):
        assert low >= 0, f"what follows convolution {number} of the stem sees {low:.2f}: no relu"


def test_a_new_block_is_relu_of_its_input(device, generator):
    x = torch.randn(3, 16, 4, 6, generator=generator).to(device)
    for training in (True, False):
        got = new_block(16, 16, 1, device).train(training)(x)
        meaning = f"a new block gives relu(x), training: {training}"
        assert_same(got.detach(), x.relu(), meaning, rtol=0, atol=0)


def test_a_new_block_with_a_stride_gives_means(device, generator):
    x = torch.randn(3, 16, 4, 6, generator=generator).to(device)
    means = x.reshape(3, 16, 2, 2, 3, 2).mean((3, 5))
    for training in (True, False):
        got = new_block(16, 16, 2, device).train(training)(x)
        meaning = f"a new block gives relu of the means over 2×2 pixels, training: {training}"
        assert_same(got.detach(), means.relu(), meaning)


def test_a_block_has_the_size_it_promises(device):
    for c_in, c_out, stride in SHAPES:
        x = torch.zeros(2, c_in, 4, 6, device=device)
        block = new_block(c_in, c_out, stride, device)
        got = tuple(answer_of(lambda: block(x), f"{c_in} to {c_out}, stride {stride}").shape)
        wanted = (2, c_out, 4 // stride, 6 // stride)
        assert got == wanted, f"{c_in} to {c_out} channels, stride {stride}: {wanted}, got {got}"


def test_no_convolution_of_one_by_one_has_a_stride(device, generator):
    for c_in, c_out, stride in SHAPES:
        for conv in convolutions(*block_and_input(c_in, c_out, stride, device, generator)):
            assert conv.kernel_size != (1, 1) or conv.stride == (1, 1), (
                f"{c_in} to {c_out} channels, stride {stride}: a 1×1 convolution with stride "
                f"{conv.stride} looks at one pixel in four"
            )


def test_every_number_counts_where_only_the_size_changes(device, generator):
    assert_all_count(16, device, generator)


def test_every_number_counts_where_channels_change(device, generator):
    assert_all_count(12, device, generator)


def test_every_pixel_counts_in_the_branch(device, generator):
    block, x = block_and_input(16, 16, 2, device, generator)
    norm = last_norm(block, x)
    norm.bias.data.fill_(10)  # above what the last relu cuts
    weights = torch.randn(3, 16, 2, 3, generator=generator).to(device)
    gradients = []
    for weight in (1, 0):
        norm.weight.data.fill_(weight)
        out = (block(x.requires_grad_()) * weights).sum()
        gradients += torch.autograd.grad(out, x)
    through_the_branch = gradients[0] - gradients[1]
    # Rounding leaves 1e-7. Relus of the branch could hide pixels, and hid none over 50 seeds.
    ignored = (through_the_branch.abs() < 1e-5).all(1).float().mean().item()
    assert ignored < 0.4, (
        f"stride 2: {ignored:.0%} of the pixels have no say in what the branch gives; 75% would "
        "mean that it takes one in four"
    )


def test_the_branch_is_a_bottleneck(device, generator):
    assert_bottleneck(16, device, generator)


def test_the_output_decides_how_narrow_it_is(device, generator):
    assert_bottleneck(12, device, generator)


def test_only_other_channels_ask_for_a_convolution(device, generator):
    for c_in, c_out, stride in SHAPES:
        convs = convolutions(*block_and_input(c_in, c_out, stride, device, generator))
        got = [(conv.in_channels, conv.out_channels) for conv in convs].count((c_in, c_out))
        wanted = int(c_in != c_out)
        assert got == wanted, (
            f"{c_in} to {c_out} channels, stride {stride}: {wanted} convolutions go straight from "
            f"{c_in} to {c_out}, got {got}"
        )


def test_the_last_norm_learns_at_once(device, generator):
    block, x = block_and_input(16, 16, 1, device, generator)
    norm = last_norm(block, x)
    weigh(block(x), generator).backward()
    assert has_gradient(norm.weight), (
        "the weight of the branch's last norm gets a gradient in the first backward, got none, or "
        "zeros: a branch that adds nothing has to begin to learn somewhere"
    )


def test_all_parameters_learn_after_one_step(device, generator):
    for c_in, c_out, stride in SHAPES:
        block, x = block_and_input(c_in, c_out, stride, device, generator)
        weigh(block(x), generator).backward()
        with torch.no_grad():
            for param in block.parameters():
                if param.grad is not None:
                    param -= 0.1 * param.grad
        block.zero_grad()
        weigh(block(x), generator).backward()
        still = [name for name, param in block.named_parameters() if not has_gradient(param)]
        assert not still, (
            f"{c_in} to {c_out} channels, stride {stride}: after one step there are still no "
            f"gradients for {', '.join(still)}"
        )


def test_the_branch_is_added_to_what_came_in(device, generator):
    block, x = block_and_input(16, 16, 1, device, generator)
    with torch.no_grad():
        last_norm(block, x).bias.fill_(1)
        got = block(x)
    meaning = "the branch was made to give 1 everywhere, and relu(x + 1) cuts only below -1"
    assert_same(got, (x + 1).relu(), meaning)


def test_the_branch_can_take_away(device, generator):
    block, x = block_and_input(16, 16, 1, device, generator)
    with torch.no_grad():
        last_norm(block, x).bias.fill_(-1)
        got = block(x)
    meaning = "the branch was made to give -1 everywhere; a relu of its own would make that 0"
    assert_same(got, (x - 1).relu(), meaning)


def test_a_new_shortcut_keeps_its_negatives(device, generator):
    low = lifted(2, device, generator).min().item()
    assert low < -0.1, (
        "the branch was made to give 10, and what is above that in the output comes from the "
        f"shortcut: its lowest value is {low:.2f}, as if a relu had cut it"
    )


def test_a_new_shortcut_has_a_norm(device, generator):
    shortcut = lifted(1, device, generator)
    mean = shortcut.mean((0, 2, 3)).abs().max().item()
    # Numbers near 10 in float32 have a mean that is right to six digits.
    assert mean < 1e-3, (
        "the branch was made to give 10, and the rest comes from the shortcut: after a norm each "
        f"channel has mean 0 over the batch, got up to {mean:.2f}"
    )


def test_the_input_stays_as_it_is(device, generator):
    for c_in, c_out, stride in SHAPES:
        block, x = block_and_input(c_in, c_out, stride, device, generator)
        for norm in ran(block, x, nn.BatchNorm2d):
            norm.bias.data.fill_(1)  # a new branch adds 0, and would not show
        with unchanged(x):
            block(x)


def test_the_whole_has_as_many_parameters_as_published():
    with torch.device("meta"):  # shapes without numbers: 0.4 s less
        model = xresnet50(1000)
    got = sum(param.numel() for param in model.parameters())
    assert got == 25_576_264, (
        f"a ResNet-50-D for 1,000 classes has 25,576,264 parameters, got {got:,}, a difference of "
        f"{got - 25_576_264:+,}"
    )


def test_a_small_net_learns_digits_by_heart(device, digits, generator):
    some, _ = digits.split(32 / len(digits), seed=0)
    x = adaptive_avg_pool2d(some.images.unsqueeze(1) / 255, 8).to(device)
    y = some.labels.to(device)
    body = new_stem(1, 16, device), new_block(16, 16, 1, device), new_block(16, 32, 2, device)
    model = nn.Sequential(*body, nn.Flatten(), nn.Linear(32, 10)).to(device)
    for param in model.parameters():
        if param.ndim > 1:
            drawn = torch.randn(param.shape, generator=generator)
            param.data.copy_(drawn * (2 / param[0].numel()) ** 0.5)
    trained(model, x, y)
    out = model(x)
    right = int((out.argmax(1) == y).sum())
    loss = cross_entropy(out, y).item()
    # Over 50 seeds the loss is at most 0.04, and at least 2.0 where nothing gets through.
    assert (right, loss < 0.3) == (32, True), (
        "a stem, two blocks and a linear layer know 32 digits by heart after 20 steps, got "
        f"{right} of them, at a loss of {loss:.2f}: 2.3 would mean that nothing was learned"
    )


@pytest.mark.parametrize("pictures", [1, 10, 100])
def test_benchmark(bench, device, generator, pictures):
    """There is no loop over pictures: in training a norm needs all of them at once."""

    def made(program):
        block = program(64, 64, 2)
        for param in block.parameters():
            # In a new block the branch gives 0. Parameters may come in any order, so sizes seed.
            numbers = torch.Generator().manual_seed(param.numel())
            param.data.copy_(torch.randn(param.shape, generator=numbers))
        return block.to(device)

    def inputs():
        return (torch.randn(pictures, 64, 16, 16, generator=generator).to(device),)

    bench(None, ResBlock, inputs, made=made)


def new_stem(c_in, c_out, device):
    return answer_of(lambda: stem(c_in, c_out).to(device), "a stem can be built and moved")


def new_block(c_in, c_out, stride, device):
    block = ResBlock(c_in, c_out) if stride == 1 else ResBlock(c_in, c_out, stride)
    return block.to(device)


def stem_and_pictures(device, generator):
    return new_stem(3, 16, device), torch.randn(PICTURES, generator=generator).to(device)


def block_and_input(c_in, c_out, stride, device, generator):
    x = torch.randn(3, c_in, 4, 6, generator=generator).to(device)
    return new_block(c_in, c_out, stride, device), x


def ran(model, x, kind):
    """The modules of a kind in the order in which they run."""
    order, hooks = [], []
    for module in model.modules():
        if isinstance(module, kind):
            hooks.append(module.register_forward_hook(lambda module, *_: order.append(module)))
    with torch.no_grad():
        answer_of(lambda: model(x), f"x of shape {tuple(x.shape)} goes through")
    for hook in hooks:
        hook.remove()
    assert order, f"no {kind.__name__} among the modules ran: build them with conv_norm"
    return order


def convolutions(model, x):
    return ran(model, x, nn.Conv2d)


def last_norm(block, x):
    """The last norm of the branch: where no channels change the shortcut has none."""
    return ran(block, x, nn.BatchNorm2d)[-1]


def assert_all_count(c_in, device, generator):
    for stride in (1, 2):
        block, x = block_and_input(c_in, 16, stride, device, generator)
        lift(block, x)
        weigh(block(x.requires_grad_()), generator).backward()
        ignored = (x.grad == 0).float().mean().item()
        assert ignored == 0, (
            f"{c_in} to 16 channels, stride {stride}: {ignored:.0%} of the numbers that come in "
            "have no say in what a new block, so its shortcut, gives: 75% would mean that it takes "
            "one pixel in four"
        )


def assert_bottleneck(c_in, device, generator):
    convs = convolutions(*block_and_input(c_in, 16, 2, device, generator))
    got = [(conv.in_channels, conv.out_channels, conv.kernel_size) for conv in convs]
    wanted = [(c_in, 4, (1, 1)), (4, 4, (3, 3)), (4, 16, (1, 1))]
    assert all(conv in got for conv in wanted), (
        f"the branch from {c_in} to 16 channels has convolutions (in, out, kernel) {wanted}, and "
        f"those of the block are {got}"
    )


def lift(block, x):
    """Make the branch give 10 everywhere, if it gives 0, so that the last relu cuts nothing."""
    norms = ran(block, x, nn.BatchNorm2d)
    for norm in [norm for norm in norms if norm.weight.count_nonzero() == 0][-1:]:
        norm.bias.data.fill_(10)


def lifted(stride, device, generator):
    """What the shortcut from 12 to 16 channels adds to a branch that gives 10 everywhere."""
    block, x = block_and_input(12, 16, stride, device, generator)
    lift(block, x)
    return block(x).detach() - 10


def lows_of_the_stem(device, generator):
    """The lowest number that goes into each convolution, and the lowest of the output."""
    model, x = stem_and_pictures(device, generator)
    for norm in ran(model, x, nn.BatchNorm2d):
        norm.bias.data.fill_(-1)  # or a max pooling might leave no negatives
    lows = []
    for conv in convolutions(model, x):
        conv.register_forward_pre_hook(lambda _, args: lows.append(args[0].min().item()))
    out = model(x)
    return [*lows, out.min().item()]


def has_gradient(param):
    return param.grad is not None and param.grad.count_nonzero().item() > 0


def weigh(out, generator):
    """A loss in which each number counts differently: a norm makes the plain sum constant."""
    return (out * torch.randn(out.shape, generator=generator).to(out.device)).sum()


def trained(model, x, y):
    params = list(model.parameters())
    speeds = [torch.zeros_like(param) for param in params]
    for _ in range(20):
        gradients = torch.autograd.grad(cross_entropy(model(x), y), params, allow_unused=True)
        with torch.no_grad():
            for param, gradient, speed in zip(params, gradients, speeds, strict=True):
                if gradient is not None:
                    param -= 0.2 * speed.mul_(0.9).add_(gradient)
