import pytest
import torch
from torch.nn.functional import batch_norm as torchs

from dojo.checks import answer_of, assert_refused, assert_same, unchanged
from katas.normalization.small_batches import batch_noise, batch_norm

# Of 25 seeds the noise of digits was 0.96 to 1.03 of what it should be: it is judged by 10%.
WITHIN = 0.1


def test_a_batch_of_one_is_as_noisy_as_an_example(device, digits, generator):
    got = noise(pictures(digits, device), 1, 200, generator)
    assert abs(got - 1) < WITHIN, (
        f"the mean of one digit is the digit: expected 1, got {got:.3g}: 0.3 would mean that "
        "nothing was divided by the distances of examples"
    )


def test_noise_times_the_root_of_the_size_is_1(device, digits, generator):
    x = pictures(digits, device)
    for size in (4, 16, 64):
        got = noise(x, size, 200, generator) * size**0.5
        assert abs(got - 1) < WITHIN, (
            f"{size} digits: noise times the root of {size} should be 1, got {got:.3g}: "
            f"{size**-0.5:.3g} would mean that noise falls as 1 / size, squares without a root, "
            "more than 1 that distances are taken from 0 and not from the mean of all"
        )


def test_coins(device, generator):
    # 400 throws of 10 coins. Means of 16 are no coins any more, so a mean of distances is not the
    # root of a mean of squares. 4,000 of them are within 1.1% (the deviation of the root).
    x = torch.randint(2, (400, 10), generator=generator).to(device) * 2.0 - 1
    got = noise(x, 16, 400, generator)
    assert abs(got * 4 - 1) < WITHIN, (
        f"16 throws of coins: the noise is 1 / 4, got {got:.3g}: 0.196 would mean an average of "
        "distances and no root of an average of squares"
    )


def test_one_batch_of_one_example(device, generator):
    # The mean is 1, the squared distances are 1, 1, 1 and 9, on average 3.
    x = torch.tensor([[0.0], [0.0], [0.0], [4.0]], device=device)
    expected = [(square / 3) ** 0.5 for square in (1, 9)]
    got = {noise(x, 1, 1, generator) for _ in range(12)}
    assert_among(got, expected, "one batch with one of 0, 0, 0, 4 lies 1 or 3 off, over root 3")


def test_every_batch_is_drawn_anew(device, generator):
    x = torch.tensor([[0.0], [0.0], [0.0], [4.0]], device=device)
    got = noise(x, 1, 2_000, generator)
    assert abs(got - 1) < WITHIN, (  # five deviations of the root of a mean of 2,000 squares
        f"2,000 batches of one of 0, 0, 0, 4 have noise 1, got {got:.3g}: 0.577 or 1.73 would "
        "mean that one batch was used again and again, 0.866 a division by n - 1"
    )


def test_neighbours_make_no_random_batch(device, generator):
    x = torch.tensor([0.0, 1.0]).repeat_interleave(200).unsqueeze(1).to(device)
    got = noise(x, 16, 500, generator)
    assert abs(got * 4 - 1) < 0.2, (  # six deviations of the root of a mean of 500 squares
        f"200 zeros, then 200 ones, in batches of 16: the noise is 1 / 4, got {got:.3g}: near 1 "
        "means that neighbours were taken, which are all alike"
    )


def test_features_count_by_their_size(device, generator):
    # Distances from the mean (1, 10): (1, 10), (2, 10), (1, 20); their squares add up to 606.
    x = torch.tensor([[0.0, 0.0], [3.0, 0.0], [0.0, 30.0]], device=device)
    expected = [(3 * squares / 606) ** 0.5 for squares in (101, 104, 401)]
    got = {noise(x, 1, 1, generator) for _ in range(12)}
    meaning = (
        "squares are averaged over all features before anything is divided; 1.12 would mean that "
        "each feature was divided by its own spread"
    )
    assert_among(got, expected, meaning)


def test_a_feature_that_never_changes_is_no_nan(device, generator):
    x = torch.tensor([[7.0, 1.0, 7.0], [7.0, -1.0, 7.0]], device=device)
    got = noise(x, 1, 5, generator)
    assert abs(got - 1) < 1e-5, (
        f"every example lies 1 off in the only feature that changes: expected 1, got {got:.3g}: "
        "nan means that 0 was divided by 0 in the others"
    )


def test_noise_is_drawn_and_not_calculated(device, generator):
    x = torch.randn(40, 3, generator=generator).to(device)
    first, second = noise(x, 5, 3, generator), noise(x, 5, 3, generator)
    assert first != second, (
        f"the generator goes on, so two calls draw other batches, got {first:.6g} twice: nothing "
        "was drawn, or the generator was set back"
    )


def test_chance_is_the_generators(device, generator):
    x = torch.randn(40, 3, generator=generator).to(device)
    first, second = (noise(x, 5, 3, torch.Generator().manual_seed(7)) for _ in range(2))
    assert first == second, (
        f"two generators with one seed draw the same, got {first:.6g} and {second:.6g}: something "
        "is drawn that isn't the generator's"
    )


def test_noise_is_a_float(device, generator):
    got = batch_noise(torch.randn(40, 3, generator=generator).to(device), 5, 3, generator)
    assert isinstance(got, float), f"batch_noise returns a float, got a {type(got).__name__}"


def test_the_examples_stay_as_they_are(device, generator):
    x = torch.randn(40, 3, generator=generator).add(2).to(device)
    with unchanged(x):
        noise(x, 5, 3, generator)


def test_two_values_become_minus_1_and_1(device, digits):
    for low, high in ((0.0, 0.1), (0.0, 5.0), (-30.0, 200.0)):
        got = trained(torch.tensor([[low, high], [high, low]], device=device))
        expected = torch.tensor([[-1.0, 1.0], [1.0, -1.0]], device=device)
        meaning = (
            f"of {low:g} and {high:g} only the order survives; 0.71 would mean a deviation that "
            "divides by n - 1"
        )
        assert_same(got, expected, meaning, rtol=0, atol=0.01)  # eps takes 0.2% of 0.1
    pair = pictures(digits, device)[:2]
    apart = (pair[0] - pair[1]).abs() > 0.1
    assert_same(
        trained(pair)[1] * apart,
        (pair[1] - pair[0]).sign() * apart,
        "where two digits differ, the darker pixel is 1 and the other -1, whatever they were",
        rtol=0,
        atol=0.01,
    )


def test_training_on_vectors(device, generator):
    x = (3 * torch.randn(7, 4, generator=generator) + 5).to(device)
    expected = torchs(x, None, None, training=True)
    meaning = (
        "mean and variance of the batch, divided by 7; running statistics have no say in training"
    )
    assert_same(trained(x), expected, meaning)


def test_training_on_pictures(device, generator):
    x = (3 * torch.randn(5, 3, 4, 2, generator=generator) + 5).to(device)
    expected = torchs(x, None, None, training=True)
    meaning = "mean and variance of all 5 x 4 x 2 values of a channel, which has no say elsewhere"
    assert_same(trained(x), expected, meaning)


def test_running_statistics_have_no_say_in_training(device):
    x = torch.tensor([[1.0], [2.0], [6.0]], device=device)
    expected = torch.tensor([[-2.0], [-1.0], [3.0]], device=device) / (14 / 3) ** 0.5
    for shape in ((3, 1), (3, 1, 1, 1), (1, 1, 3, 1)):
        got = trained(x.view(shape))
        meaning = f"1, 2, 6 in shape {shape} have mean 3 and variance 14 / 3, whatever ran before"
        assert_same(got, expected.view(shape), meaning, rtol=0, atol=1e-4)  # eps takes 1e-5


def test_one_channel_does_not_know_of_another(device):
    for shape in ((3, 2), (3, 2, 1, 1)):
        x = torch.tensor([[1.0, 100.0], [2.0, 900.0], [3.0, 200.0]], device=device).view(shape)
        got = trained(x)[:, 0].flatten()
        expected = torch.tensor([-1.0, 0.0, 1.0], device=device) * 1.5**0.5
        meaning = "1, 2, 3 in a channel of variance 2 / 3, whatever another channel holds"
        assert_same(got, expected, meaning, rtol=0, atol=1e-4)  # eps takes 1e-5


def test_running_statistics_in_evaluation(device, generator):
    mean, var = statistics(3, device)
    for shape in ((7, 3), (5, 3, 4, 2)):
        x = torch.randn(shape, generator=generator).to(device)
        got = answer_of(lambda: batch_norm(x, mean, var, False), f"{shape} can be normalised")
        expected = torchs(x, mean, var)
        assert_same(got, expected, f"running statistics (1, 2, 3) and (4, 5, 6), shape {shape}")


def test_eps_is_in_the_root(device, generator):
    mean, var = torch.zeros(2, device=device), torch.tensor([1e-6, 0.5], device=device)
    x = (torch.randn(6, 2, generator=generator) * torch.tensor([1e-3, 2.0])).to(device)
    for training in (True, False):
        for options in ({}, {"eps": 0.3}):
            got = batch_norm(x, mean, var, training, **options)
            if training:
                expected = torchs(x, None, None, training=True, **options)
            else:
                expected = torchs(x, mean, var, **options)
            eps = options.get("eps", "1e-5, its default")
            meaning = f"the root of (variance + eps), eps {eps}, training={training}"
            assert_same(got, expected, meaning)


def test_a_vector_alone_cannot_train(device):
    for channels in (3, 1):
        assert_cannot_train((1, channels), device)


def test_a_picture_of_one_pixel_cannot_train(device):
    for channels in (3, 1):
        assert_cannot_train((1, channels, 1, 1), device)


def test_one_picture_can_train(device, generator):
    for shape in ((1, 3, 4, 5), (1, 3, 1, 2), (1, 1, 2, 1)):
        x = torch.randn(shape, generator=generator).to(device)
        expected = torchs(x, None, None, training=True)
        meaning = f"shape {shape}: a channel of one picture has many values"
        assert_same(trained(x), expected, meaning)


def test_small_batches_of_small_pictures_can_train(device, generator):
    for shape in ((2, 3, 1, 1), (5, 1, 1, 1), (2, 1)):
        x = torch.randn(shape, generator=generator).to(device)
        expected = torchs(x, None, None, training=True)
        assert_same(trained(x), expected, f"shape {shape}: a channel has more than one value")


def test_outside_of_training_one_is_enough(device):
    mean, var = statistics(3, device)
    for shape in ((1, 3), (1, 3, 1, 1)):
        x = torch.tensor([5.0, 2.0, -3.0], device=device).view(shape)
        got = answer_of(
            lambda: batch_norm(x, mean, var, False), f"shape {shape} is good enough in evaluation"
        )
        expected = torch.tensor([4 / 4**0.5, 0.0, -6 / 6**0.5], device=device).view(shape)
        meaning = "running statistics (1, 2, 3) and (4, 5, 6); zeros would mean the batch's own"
        assert_same(got, expected, meaning, rtol=0, atol=1e-4)  # eps takes 1e-5


def test_all_that_is_passed_in_stays(device, generator):
    for shape in ((7, 3), (5, 3, 4, 2)):
        x = torch.randn(shape, generator=generator).to(device)
        for training in (True, False):
            mean, var = statistics(3, device)
            with unchanged(x, mean, var):
                batch_norm(x, mean, var, training)


@pytest.mark.parametrize("batches", [10, 300, 3_000])
def test_benchmark(bench, device, generator, batches):
    def made(program):
        # 0.2, the root of 1 / 25, and by chance some hundredths more or less: so it is rounded.
        return lambda x: round(program(x, 25, batches, generator), 1)

    def inputs():
        return (torch.randn(1_000, 50, generator=generator).mul(10).add(5).to(device),)

    bench(made(batch_by_batch), batch_noise, inputs, made=made)


def batch_by_batch(x, size, count, generator):
    centre = x.mean(0)
    squares = []
    for _ in range(count):
        picks = torch.randint(len(x), (size,), generator=generator).to(x.device)
        squares.append((x[picks].mean(0) - centre).square().mean())
    return (torch.stack(squares).mean() / (x - centre).square().mean()).sqrt().item()


def assert_cannot_train(shape, device):
    x = torch.full(shape, 2.0, device=device)
    why = f"one value per channel, shape {shape}, has no variance to train on"
    mean, var = statistics(shape[1], device)
    assert_refused(lambda: batch_norm(x, mean, var, True), ValueError, why, mentions=shape)


def assert_among(got, expected, meaning):
    for number in got:
        assert any(abs(number - right) < 1e-4 for right in expected), (
            f"expected one of {', '.join(f'{right:.3g}' for right in expected)}, got "
            f"{number:.3g}: {meaning}"
        )


def noise(x, size, count, generator):
    why = f"{count} batches of {size} can be drawn from {len(x)} examples"
    return float(answer_of(lambda: batch_noise(x, size, count, generator), why))


def trained(x):
    mean, var = statistics(x.shape[1], x.device)
    why = f"shape {tuple(x.shape)} has more than one value per channel"
    return answer_of(lambda: batch_norm(x, mean, var, True), why)


def statistics(channels, device):
    first = torch.arange(1.0, channels + 1)
    return first.to(device), (first + 3).to(device)


def pictures(digits, device):
    return (digits.images.flatten(1) / 255).to(device)
