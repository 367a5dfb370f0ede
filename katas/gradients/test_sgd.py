import pytest
import torch

from dojo.checks import answer_of, assert_same
from katas.gradients.sgd import sgd


def test_a_step_goes_downhill(device):
    p = parameter(3.0, device)
    sgd(lambda params, _: params[0] * 1.0, [p], [None], lr=0.5)
    assert p.item() == 2.5, (
        f"a step at rate 0.5 down a slope of 1, from 3: 2.5, got {p.item()}; 3.5 would mean a step "
        "uphill, 3 none at all"
    )


def test_each_batch_has_its_step(device):
    p = parameter(6.0, device)
    sgd(parabola, [p], [2.0, 2.0], lr=0.5)
    assert p.item() == 3, (
        f"two batches, two halves of the way from 6 to 2, so 4 and then 3, got {p.item()}: 4 would "
        "mean one step on the mean of both, 2 one on their sum"
    )


def test_each_step_starts_from_a_clean_gradient(device):
    p = parameter(6.0, device)
    sgd(parabola, [p], [2.0, 4.0], lr=0.5)
    assert p.item() == 4, (
        f"the first batch takes 6 to 4, where the second one's slope is 0: 4, got {p.item()}; 2 "
        "would mean that the second step went by the first one's gradient too, or again"
    )


def test_the_steps_add_up(device):
    p = parameter(1.0, device)
    sgd(slope, [p], [1.0, -4.0, 2.0], lr=0.5)
    assert p.item() == 1.5, (
        f"half of slopes 1, -4, 2 taken off 1, one after the other: 0.5, 2.5, 1.5, got {p.item()}; "
        "2.5 would mean that each gradient was added to those before, -0.5 that all steps took the "
        "first one's"
    )


def test_the_rate_stays_the_same(device):
    p = parameter(1.0, device)
    sgd(slope, [p], [2.0, 2.0, 2.0], lr=0.5)
    assert p.item() == -2, (
        f"three equal slopes make three equal steps, of 1 each from 1 to -2, got {p.item()}: more "
        "would mean that steps get shorter, or are shared by the batches, less that they grow"
    )


def test_each_step_follows_its_own_batch(device):
    p = parameter(0.0, device)
    sgd(parabola, [p], [8.0, -4.0, 2.0], lr=0.5)
    assert p.item() == 1, (
        f"half of the way from 0 to 8, then to -4, then to 2: 4, 0, 1, got {p.item()}; 7 would "
        "mean that all steps went to the first batch's 8, 12 that they all took its gradient"
    )


def test_a_steeper_slope_makes_a_longer_step(device):
    for rise in (1.0, -4.0, 0.0, 0.5):
        p = parameter(1.0, device)
        sgd(slope, [p], [rise], lr=0.5)
        assert p.item() == 1 - rise / 2, (
            f"from 1, at rate 0.5, down a slope of {rise}: {1 - rise / 2}, got {p.item()}"
        )


def test_all_parameters_move_at_once(device):
    a, b = parameter(1.0, device), parameter(5.0, device)
    sgd(lambda params, _: (params[0] - params[1]) ** 2 / 2, [a, b], [None], lr=0.5)
    assert (a.item(), b.item()) == (3, 3), (
        "1 and 5 draw each other half of the way, so both come to 3, got "
        f"{a.item()} and {b.item()}: 4 would mean that the second saw the first already moved"
    )


def test_the_path_on_a_parabola(device, float64):
    start = torch.tensor([1.0, -2.0, 4.0], dtype=float64, device=device)
    bends = torch.tensor([0.5, 1.0, 3.0], dtype=float64, device=device)
    p = start.clone().requires_grad_()
    sgd(lambda params, _: (bends * params[0] ** 2).sum() / 2, [p], [None] * 20, lr=0.1)
    meaning = "each step takes off the share rate times bend, so start * (1 - 0.1 * bend)^20"
    # 20 steps of a few roundings of 1e-16 each
    assert_same(p.detach(), start * (1 - 0.1 * bends) ** 20, meaning, rtol=1e-12, atol=0)


def test_takes_the_steps_of_torch(device, generator):
    start = [torch.randn(shape, generator=generator) for shape in ((4, 3), (3,), ())]
    data = [torch.randn(5, 4, generator=generator).to(device) for _ in range(6)]
    paths = []
    for descend in (sgd, torchs_sgd):
        params = [p.to(device, copy=True).requires_grad_() for p in start]
        path = []
        losses = descend(small_net, params, watched(data, params, path), 0.1)
        path.append([p.detach().clone() for p in params])
        paths.append((path, losses))
    (mine, my_losses), (expected, their_losses) = paths
    assert len(mine) == 7, f"6 batches are read, one each step, got {len(mine) - 1}"
    for step, (got, wanted) in enumerate(zip(mine, expected, strict=True)):
        for g, w in zip(got, wanted, strict=True):
            assert_same(g, w, f"where torch.optim.SGD is after step {step} of 6")
    assert my_losses == pytest.approx(their_losses, rel=1e-5), (
        f"each loss before its step is {their_losses}, got {my_losses}"
    )


def test_ends_near_the_least_squares_answer(device, generator):
    x, y, best = noisy_line(generator)
    p = torch.zeros(3, device=device, requires_grad=True)
    batches = drawn_batches(x.to(device), y.to(device), generator, epochs=20, size=50)
    sgd(lambda params, batch: (batch[0] @ params[0] - batch[1]).square().mean(), [p], batches, 0.02)
    off = (p.detach().cpu() - best).abs().max().item()
    # Over 50 seeds the reference is off by 0.0011 to 0.0065, the first batch for ever by 0.034 up.
    assert off < 0.02, (
        f"400 steps on batches of 50 end within 0.02 of the least-squares answer, got {off:.3g}: "
        "0.03 to 0.3 would mean that one batch stood for all"
    )


def test_a_loss_is_that_before_its_step(device):
    got = sgd(parabola, [parameter(6.0, device)], [2.0], lr=0.5)
    assert got == [8], (
        f"(p - 2)²/2 is 8 for p at 6, got {got}: [2] would be the loss after the step, at 4"
    )


def test_each_loss_is_that_of_its_batch(device):
    got = sgd(parabola, [parameter(6.0, device)], [2.0, 2.0, 5.0], lr=0.5)
    assert got == [8, 2, 2], (
        "half of the square of p's distance to 2, 2, 5, for p at 6, 4, 3: losses 8, 2, 2, got "
        f"{got}"
    )


def test_as_many_losses_as_batches(device):
    for count in (0, 1, 4):
        p = parameter(6.0, device)
        got = sgd(parabola, [p], (2.0 for _ in range(count)), lr=0.5)
        assert len(got) == count, f"{count} batches have {count} losses, got {got}"


def test_the_losses_are_floats(device):
    got = sgd(parabola, [parameter(6.0, device)], [2.0, 2.0], lr=0.5)
    assert isinstance(got, list), f"the losses come as a list, got {type(got).__name__}"
    kinds = sorted({type(value).__name__ for value in got})
    assert kinds == ["float"], (
        f"each loss is a float, got {kinds}: a Tensor keeps its graph, with all that it has saved"
    )


def test_the_loss_is_calculated_once_a_batch(device):
    calls = []

    def loss(params, batch):
        calls.append(batch)
        return parabola(params, batch)

    sgd(loss, [parameter(6.0, device)], [2.0, 3.0, 1.0], lr=0.5)
    assert calls == [2, 3, 1], (
        f"for batches 2, 3, 1 loss is called once each, in this order, got calls for {calls}"
    )


def test_batches_are_read_one_at_a_time(device):
    params, path = [parameter(6.0, device)], []
    sgd(parabola, params, watched([2.0, 2.0, 2.0], params, path), lr=0.5)
    seen = [p.item() for [p] in path]
    assert seen == [6, 4, 3], (
        f"p is at 6, 4, 3 when the three batches are read, got {seen}: 6, 6, 6 would mean that all "
        "were read before the first step"
    )


def test_gradients_from_before_do_not_count(device):
    p = parameter(6.0, device)
    p.grad = torch.tensor(100.0, device=device)
    sgd(parabola, [p], [2.0], lr=0.5)
    assert p.item() == 4, (
        f"half of the way from 6 to 2 is 4, got {p.item()}: -46 would mean that a gradient of 100, "
        "left from before the call, was added"
    )


def test_a_parameter_without_part_stays(device):
    p, unused = parameter(6.0, device), parameter(7.0, device)
    why = "a loss need not depend on each parameter"
    answer_of(lambda: sgd(parabola, [p, unused], [2.0], lr=0.5), why)
    assert (p.item(), unused.item()) == (4, 7), (
        f"the one that the loss depends on goes from 6 to 4, the other stays at 7, got {p.item()} "
        f"and {unused.item()}"
    )


def test_a_gradient_from_before_moves_no_parameter_without_part(device):
    p, unused = parameter(6.0, device), parameter(7.0, device)
    unused.grad = torch.tensor(3.0, device=device)
    sgd(parabola, [p, unused], [2.0], lr=0.5)
    assert unused.item() == 7, (
        f"a parameter that no loss depends on stays at 7, got {unused.item()}: it was moved by a "
        "gradient of 3 that it had before the call"
    )


def test_a_parameter_rests_where_a_batch_leaves_it_out(device):
    a, b = parameter(8.0, device), parameter(4.0, device)
    answer_of(
        lambda: sgd(lambda params, which: params[which] ** 2 / 2, [a, b], [0, 1], lr=0.5),
        "a loss need not depend on each parameter",
    )
    assert (a.item(), b.item()) == (4, 2), (
        f"a step for the first takes 8 to 4, one for the second 4 to 2, got {a.item()} and "
        f"{b.item()}: a first one at 2 would mean that it moved again, by an earlier gradient"
    )


def test_the_parameters_move_in_place(device):
    p = parameter(6.0, device)
    params = [p]
    sgd(parabola, params, [2.0], lr=0.5)
    assert params[0] is p, "the list holds another tensor than before: the model never hears of it"
    assert p.item() == 4, f"the caller's own tensor goes from 6 to 4, it is at {p.item()}"


def test_the_parameters_stay_in_their_memory(device):
    p = parameter(6.0, device)
    window = p.detach()
    sgd(parabola, [p], [2.0], lr=0.5)
    assert window.item() == p.item(), (
        f"who looks at the parameter's memory sees {window.item()}, the parameter is {p.item()}: "
        "it was given new memory, not moved in place"
    )


def test_the_parameters_can_be_trained_on(device):
    p = parameter(6.0, device)
    sgd(parabola, [p], [2.0], lr=0.5)
    assert p.requires_grad, "the parameter required grad before, and does not any more"
    assert p.is_leaf, "the parameter is no leaf any more: its steps were recorded as a graph"
    got = answer_of(
        lambda: sgd(parabola, [p], [2.0], lr=0.5), "a second call goes on from the first"
    )
    assert got == [2], f"a second call begins at 4, with loss 2, got {got}"


@pytest.mark.parametrize("batches", [1, 10, 50])
def test_benchmark(bench, device, generator, batches):
    """torch.optim.SGD (here called loop) against yours."""
    start = [torch.randn(shape, generator=generator).to(device) for shape in ((4, 3), (3,), ())]

    def made(program):
        def path(data):
            params = [p.clone().requires_grad_() for p in start]
            losses = program(small_net, params, list(data), 0.125)
            return losses, [p.detach() for p in params]

        return path

    def inputs():
        return (torch.randn(batches, 5, 4, generator=generator).to(device),)

    bench(made(torchs_sgd), sgd, inputs, made=made)


def parabola(params, bottom):
    return (params[0] - bottom) ** 2 / 2


def slope(params, rise):
    return params[0] * rise


def parameter(value, device):
    return torch.tensor(value, device=device, requires_grad=True)


def small_net(params, x):
    weight, bias, scale = params
    return (torch.tanh(x @ weight + bias) * scale - 1).square().mean()


def torchs_sgd(loss, params, batches, lr):
    optimiser, losses = torch.optim.SGD(params, lr), []
    for batch in batches:
        optimiser.zero_grad()
        value = loss(params, batch)
        value.backward()
        losses.append(value.item())
        optimiser.step()
    return losses


def watched(batches, params, path):
    """The batches one by one; path gets the parameters as they are when each one is read."""
    for batch in batches:
        path.append([p.detach().clone() for p in params])
        yield batch


def noisy_line(generator):
    x = torch.randn(1000, 3, generator=generator)
    y = x @ torch.tensor([1.0, -2.0, 0.5]) + 0.5 * torch.randn(1000, generator=generator)
    return x, y, torch.linalg.lstsq(x, y.unsqueeze(1)).solution.squeeze(1)


def drawn_batches(x, y, generator, epochs, size):
    for _ in range(epochs):
        for indices in torch.randperm(len(x), generator=generator).to(x.device).split(size):
            yield x[indices], y[indices]
