import pytest
import torch

from dojo.checks import answer_of, assert_same, unchanged
from dojo.counting import count
from katas.gradients.mini_batches import batch_gradients, gradient_noise


def test_one_example_has_the_gradient_of_its_square(device, generator):
    x, y, w = tensors([[1.0, -2.0]], [3.0], [2.0, 1.0], device)
    got = gradients_of(x, y, w, 1, 2, generator)
    # x·w is 0, so the error is -3, and 2 * -3 * (1, -2) the gradient.
    expected = torch.tensor([[-6.0, 12.0]] * 2, device=device)
    meaning = "(-3, 6) would mean that the 2 of the square is lost, (6, -12) the error's sign"
    assert_same(got, expected, meaning)


def test_a_larger_batch_has_no_larger_gradient(device, generator):
    x, y, w = tensors([[1.0, -2.0]], [3.0], [2.0, 1.0], device)
    got = gradients_of(x, y, w, 5, 1, generator)
    meaning = "five times one example; (-30, 60) would mean a sum in place of the mean"
    assert_same(got, torch.tensor([[-6.0, 12.0]], device=device), meaning)


def test_agrees_with_autograd(device, float64, generator):
    x, y, w = (each.to(float64) for each in linear(1, generator, device))
    got = gradients_of(x, y, w, 3, 2, generator)
    inside = w.clone().requires_grad_()
    (x @ inside - y).square().mean().backward()
    assert_same(got, inside.grad.expand(2, -1), "autograd, on the one example that there is")


def test_there_is_a_row_for_each_batch(device, generator):
    x, y, w = linear(20, generator, device)
    for size, batches in ((3, 7), (1, 1), (40, 2)):
        got = tuple(gradients_of(x, y, w, size, batches, generator).shape)
        assert got == (batches, 5), f"{batches} batches, 5 features, got shape {got}"


def test_batches_differ(device, generator):
    x, y, w = linear(1_000, generator, device)
    got = gradients_of(x, y, w, 2, 8, generator).unique(dim=0)
    assert len(got) == 8, f"8 batches of 2 from 1,000 examples differ, got {len(got)} gradients"


def test_examples_of_a_batch_differ(device, generator):
    x, y, w = tensors([[1.0], [3.0]], [0.0, 0.0], [1.0], device)  # gradients 2 and 18
    got = gradients_of(x, y, w, 30, 20, generator)
    mixed = ((got > 2.1) & (got < 17.9)).all()
    assert mixed, (
        f"a batch of 30 holds both of two examples, whose gradients are 2 and 18, so it lies "
        f"between, got {got.flatten().tolist()[:4]}: is one of them repeated?"
    )


def test_the_last_example_is_drawn_as_often(device, generator):
    x, y, w = tensors([[1.0], [3.0]], [0.0, 0.0], [1.0], device)
    got = (gradients_of(x, y, w, 1, 1_000, generator) > 10).float().mean().item()
    assert 0.4 < got < 0.6, (  # six standard errors
        f"of two examples the second is drawn in half of 1,000 draws, got a share of {got}"
    )


def test_a_batch_may_be_larger_than_the_data(device, generator):
    x, y, w = tensors([[1.0], [3.0]], [0.0, 0.0], [1.0], device)
    got = gradients_of(x, y, w, 2, 200, generator).flatten()
    alone = ((got < 2.1) | (got > 17.9)).float().mean().item()
    assert 0.2 < alone < 0.8, (
        f"two draws from two examples give the same one twice in half of all batches, got a share "
        f"of {alone}: 0 would mean that no example may come twice"
    )
    larger = gradients_of(x, y, w, 7, 3, generator)
    assert larger.shape == (3, 1), f"batches of 7 from 2 examples, got shape {tuple(larger.shape)}"


def test_they_are_right_on_average(device, generator):
    x, y, w = linear(50, generator, device)
    for size in (1, 16):
        got = gradients_of(x, y, w, size, 2_000, generator)
        error = (got.mean(0) - full_gradient(x, y, w)).abs()
        allowed = 5 * got.std(0, correction=0) / 2_000**0.5  # five standard errors
        assert (error <= allowed).all(), (
            f"the mean of 2,000 gradients of batches of {size} is off by {error.tolist()}, where "
            f"chance explains {allowed.tolist()}: does each input go with its own target?"
        )


def test_noise_falls_with_the_size(device, generator):
    x, y, w = linear(1_000, generator, device)
    full = full_gradient(x, y, w)
    noise = {
        size: size * gradient_noise(gradients_of(x, y, w, size, 1_000, generator), full)
        for size in (1, 4, 16, 64)
    }
    for size, product in noise.items():
        ratio = product / noise[4]
        assert 0.6 < ratio < 1.6, (  # 0.84 to 1.18 over 20 seeds
            f"noise times size is the same for all sizes, got {ratio:.3g} times as much for {size} "
            f"as for 4: {size / 4:g} would mean noise that does not fall, or sums"
        )


def test_many_small_steps_beat_one_large_one(device, generator):
    x, y, _ = linear(1_000, generator, device)
    ends = []
    for size, steps in ((64, 15), (1_000, 1)):
        w = torch.zeros(5, device=device)
        for _ in range(steps):
            w = w - 0.1 * gradients_of(x, y, w, size, 1, generator)[0]
        ends.append((x @ w - y).square().mean().item())
    assert ends[0] < 2 < 20 < ends[1], (
        f"for the work of one epoch 15 steps of 64 end near the best loss, 1, and one step of "
        f"1,000 above 30, got {ends[0]:.3g} and {ends[1]:.3g}"
    )


def test_one_state_gives_one_result(device):
    x, y, w = linear(30, torch.Generator().manual_seed(1), device)
    first, second = (
        gradients_of(x, y, w, 4, 6, torch.Generator().manual_seed(3)) for _ in range(2)
    )
    assert_same(second, first, "the generator was in the same state both times")


def test_another_state_gives_another_result(device, generator):
    x, y, w = linear(30, generator, device)
    first, second = (gradients_of(x, y, w, 4, 6, generator) for _ in range(2))
    assert not torch.equal(first, second), (
        "the generator went on between two calls, and both drew the same: is it seeded anew?"
    )


def test_the_global_generator_is_left_alone(device, generator):
    x, y, w = linear(30, generator, device)
    before = torch.get_rng_state()
    gradients_of(x, y, w, 4, 6, generator)
    assert torch.equal(torch.get_rng_state(), before), "torch's global generator was drawn from"


def test_the_result_has_no_graph(device, generator):
    x, y, w = linear(30, generator, device)
    got = gradients_of(x, y, w.requires_grad_(), 4, 6, generator)
    assert not got.requires_grad, "w requires grad, and so do its gradients: they are to be numbers"
    assert w.grad is None, "w had no .grad before, and has one now"


def test_dtype_and_device_stay(device, float64, generator):
    for dtype in (torch.float32, float64):
        x, y, w = tensors([[1.0, -2.0]], [3.0], [2.0, 1.0], device)
        got = gradients_of(x.to(dtype), y.to(dtype), w.to(dtype), 1, 1, generator)
        assert_same(got, torch.tensor([[-6.0, 12.0]], dtype=dtype, device=device), f"{dtype}")


def test_the_inputs_stay_as_they_are(device, generator):
    x, y, w = linear(30, generator, device)
    w += 1
    with unchanged(x, y, w):
        gradients_of(x, y, w, 4, 6, generator)
    with unchanged(x, w):
        gradient_noise(x, w)


def test_noise_by_hand(device):
    gradients = torch.tensor([[1.0, 2.0, 0.0], [3.0, 0.0, 0.0]], device=device)
    got = gradient_noise(gradients, torch.zeros(3, device=device))
    assert got == 7.0, (
        f"1 + 4 and 9 are 7 on average, got {got}: 2.65 would mean a root, 2.33 a mean over "
        "features, 14 a sum over batches, 4.67 an average over features of sums over batches"
    )


def test_noise_of_one_gradient_is_its_squared_distance(device):
    got = gradient_noise(torch.tensor([[3.0, 4.0]], device=device), torch.zeros(2, device=device))
    assert got == 25.0, f"(3, 4) is 5 from the origin, so 25, got {got}: 12.5 is a mean of squares"


def test_noise_of_many_is_that_of_one(device):
    full = torch.zeros(1, device=device)
    one, three = (gradient_noise(torch.full((n, 1), 2.0, device=device), full) for n in (1, 3))
    assert one == three, f"gradients that agree have the noise of one, got {one} and {three}"


def test_noise_is_measured_from_the_full_gradient(device):
    gradients = torch.tensor([[4.0, 1.0], [4.0, 1.0]], device=device)
    got = gradient_noise(gradients, torch.tensor([1.0, 1.0], device=device))
    assert got == 9.0, f"both are 3 from (1, 1), so 9, got {got}: 0 is measured from their own mean"


def test_noise_is_a_float(device):
    got = gradient_noise(torch.ones(2, 3, device=device), torch.zeros(3, device=device))
    assert isinstance(got, float), f"expected a Python float, got a {type(got).__name__}"


def test_the_operations_do_not_grow_with_the_batches(device, generator):
    x, y, w = linear(30, generator, device)
    launches = []
    for batches in (3, 300):
        with count(device) as counts:
            gradients_of(x, y, w, 4, batches, generator)
        launches.append(counts.launches)
    assert launches[1] <= launches[0], (
        f"3 batches took {launches[0]} operations, 300 took {launches[1]}: is there a loop?"
    )


def test_beats_the_loop(race, device, generator):
    race(loop, thousand, lambda: alike(generator, device), at_least=10)


@pytest.mark.parametrize("batches", [10, 300, 3_000])
def test_benchmark(bench, device, generator, batches):
    def made(program):
        return lambda x, y, w: program(x, y, w, 16, batches, torch.Generator().manual_seed(5))

    bench(made(loop), batch_gradients, lambda: linear(1_000, generator, device), made=made)


def thousand(x, y, w):
    """A thousand batches of 16, by the learner."""
    return batch_gradients(x, y, w, 16, 1_000, torch.Generator().manual_seed(5))


def loop(x, y, w, size=16, batches=1_000, draw=None):
    draw = draw or torch.Generator().manual_seed(5)
    rows = []
    for _ in range(batches):
        places = torch.randint(len(x), (size,), generator=draw).to(x.device)
        inputs = x[places]
        errors = inputs @ w - y[places]
        rows.append(2 * (errors[:, None] * inputs).mean(0))
    return torch.stack(rows)


def alike(generator, device):
    """A hundred equal examples, so that it does not matter which of them are drawn."""
    x, y, w = linear(1, generator, device)
    return x.repeat(100, 1), y.repeat(100), w


def linear(examples, generator, device):
    """Five features, weights 1 to 5, noise of deviation 1; and weights of 0 to begin with."""
    x = torch.randn(examples, 5, generator=generator)
    noise = torch.randn(examples, generator=generator)
    y = x @ torch.arange(1.0, 6.0) + noise
    return x.to(device), y.to(device), torch.zeros(5, device=device)


def full_gradient(x, y, w):
    return 2 * ((x @ w - y)[:, None] * x).mean(0)


def gradients_of(x, y, w, size, batches, generator):
    return answer_of(
        lambda: batch_gradients(x, y, w, size, batches, generator),
        f"{batches} batches of {size} drawn from {len(x)} examples have gradients",
    )


def tensors(x, y, w, device):
    return tuple(torch.tensor(values, device=device) for values in (x, y, w))
