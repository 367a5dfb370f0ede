"""What is a major limitation of batch norm?

It takes the mean and deviation of a batch for those of all data. How good is that guess, and when
is there nothing left to guess from?
"""

import torch
from jaxtyping import Float
from torch import Tensor

from dojo import alternative, misconception

__all__ = ["batch_noise", "batch_norm"]


def batch_noise(
    x: Float[Tensor, "examples features"], size: int, count: int, generator: torch.Generator
) -> float:
    """Return how far means of random batches lie from the mean of all, relative to an example.

    It draws `count` batches of `size` examples each, every one at random from all examples. The
    result is the root mean square of (mean of a batch - mean of all examples), divided by the root
    mean square of (example - mean of all examples): each of the two is one number, from a mean of
    squares over all features and all drawn batches, or all features and all examples. It's a
    Python float.

    Batches may be drawn with or without replacement, as you like. All that is random comes from
    `generator`, which is on the CPU, wherever x is. size is from 1 to the number of examples,
    count at least 1, and the examples are not all equal, though single features may never change.
    x is left as it is.
    """
    picks = torch.randint(len(x), (count, size), generator=generator).to(x.device)
    centre = x.mean(0)
    noise, spread = x[picks].mean(1) - centre, x - centre
    return (noise.square().mean() / spread.square().mean()).sqrt().item()


def batch_norm(
    x: Float[Tensor, "batch channels *pixels"],
    running_mean: Float[Tensor, " channels"],
    running_var: Float[Tensor, " channels"],
    training: bool,
    eps: float = 1e-5,
) -> Float[Tensor, "batch channels *pixels"]:
    """Return (x - mean) / root of (variance + eps), channel by channel, as batch norm does.

    x is of shape (batch, channels) or (batch, channels, height, width). In training, mean and
    variance are those of all values that a channel has in x, and the variance divides by their
    number; otherwise they are running_mean and running_var. There is no weight and no bias, and
    all that is passed in is left as it is: running statistics are not updated.

    Raises:
        ValueError: in training, x has just one value in each channel; the message gives the shape
            of x. Outside of training such an x is as good as any.
    """
    axes = (0, *range(2, x.ndim))
    mean, var = running_mean, running_var
    if training:
        if x.numel() == x.shape[1]:
            raise ValueError(
                f"x has shape {tuple(x.shape)}, one value per channel, and no variance: "
                "give more in training"
            )
        mean, var = x.mean(axes), x.var(axes, correction=0)
    return (x - _along_channels(mean, x)) / (_along_channels(var, x) + eps).sqrt()


def _along_channels(statistic: Tensor, x: Tensor) -> Tensor:
    return statistic.reshape(-1, *[1] * (x.ndim - 2))


HINTS = (
    "Take two pictures, normalise them by their own mean and deviation, and look at the numbers. "
    "What would they be for two other pictures? And what for one alone?",
    "How many values does a channel have in (1, 3), (1, 3, 1, 1) and (1, 3, 4, 5)? In batch_noise, "
    "look up many examples at once with a table of indices, a row for each batch.",
    "torch.randint(len(x), (count, size), generator=generator) indexes x; average over the batch, "
    "take the mean of all off, square, mean, divide, root. In training refuse where x.numel() == "
    "x.shape[1]; else mean and var(correction=0) over all axes but 1.",
)
ANSWER = """
Its statistics are those of the batch, and the mean of a batch is off by 1 / sqrt(size) of a
deviation: an eighth for 64 examples, 0.7 of one for two. The layers behind it get that noise as
their input. Two values per channel always come out as -1 and 1 (nearly: eps takes a little), so
that only their order survives; one value has deviation 0, and torch refuses it in training.

That batch norm can't train with a batch size of 1 is often said, and wrong for convolutional nets:
a picture has many values per channel, which is enough for a deviation. What fails is one value per
channel: a vector alone, or a picture that has been pooled to 1 by 1. The classic place is the last
batch of an epoch, when one example is left over: drop_last=True mends it. In eval mode running
statistics are used, and no batch is too small; what a net met in training is then not quite what
it meets afterwards, and the smaller the batches were the less.
"""


@alternative(replaces="batch_noise")
def draws_one_batch_after_another(x, size, count, generator):
    centre = x.mean(dim=0, keepdim=True)
    total = 0.0
    for _ in range(count):
        picks = torch.randperm(len(x), generator=generator)[:size].to(x.device)
        total += (x[picks].mean(0, keepdim=True) - centre).pow(2).mean()
    return float((total / count / (x - centre).pow(2).mean()) ** 0.5)


@alternative(replaces="batch_noise")
def deals_shuffled_decks(x, size, count, generator):
    hands = len(x) // size
    decks = -(-count // hands)
    picks = torch.cat(
        [
            torch.randperm(len(x), generator=generator)[: hands * size].view(hands, size)
            for _ in range(decks)
        ]
    )[:count]
    means = x[picks.to(x.device)].sum(1) / size
    centre = x.sum(0) / len(x)
    return ((means - centre).norm() / (x - centre).norm()).item() * (len(x) / count) ** 0.5


@alternative(replaces="batch_noise")
def weighs_examples_by_a_matrix(x, size, count, generator):
    chances = torch.ones(len(x)).expand(count, -1)
    picks = torch.multinomial(chances, size, replacement=True, generator=generator)
    shares = torch.zeros(count, len(x)).scatter_add_(1, picks, torch.full(picks.shape, 1 / size))
    x = x - x.mean(0)
    means = shares.to(x.device, x.dtype) @ x
    return means.square().mean().sqrt().item() / x.square().mean().sqrt().item()


@alternative(replaces="batch_norm")
def asks_torch(x, running_mean, running_var, training, eps=1e-5):
    from torch.nn.functional import batch_norm as torchs

    if training:
        return torchs(x, None, None, training=True, eps=eps)
    return torchs(x, running_mean, running_var, eps=eps)


@alternative(replaces="batch_norm")
def lays_channels_in_rows(x, running_mean, running_var, training, eps=1e-5):
    rows = x.transpose(0, 1).flatten(1)
    mean, var = running_mean.unsqueeze(1), running_var.unsqueeze(1)
    if training:
        if rows.shape[1] < 2:
            raise ValueError(f"{x.shape}: a single value has no deviation")
        mean = rows.mean(1, keepdim=True)
        var = (rows - mean).square().mean(1, keepdim=True)
    rows = (rows - mean) * (var + eps).rsqrt()
    return rows.view(x.shape[1], x.shape[0], *x.shape[2:]).transpose(0, 1)


@alternative(replaces="batch_norm")
def always_works_on_pictures(x, running_mean, running_var, training, eps=1e-5):
    pictures = x if x.ndim == 4 else x[:, :, None, None]
    mean, var = running_mean[:, None, None], running_var[:, None, None]
    if training:
        batch, _, height, width = pictures.shape
        if batch * height * width == 1:
            raise ValueError(f"one value per channel in {list(x.shape)}")
        var, mean = torch.var_mean(pictures, dim=(0, 2, 3), correction=0, keepdim=True)
    return ((pictures - mean) / torch.sqrt(var + eps)).reshape(x.shape)


@misconception(
    caught_by="test_noise_times_the_root_of_the_size_is_1",
    replaces="batch_noise",
)
def forgets_the_root(x, size, count, generator):
    "Noise falls as 1 over the size of a batch."
    means, centre = _means(x, size, count, generator), x.mean(0)
    return ((means - centre).square().mean() / (x - centre).square().mean()).item()


@misconception(caught_by="test_noise_is_drawn_and_not_calculated", replaces="batch_noise")
def knows_the_formula(x, size, count, generator):
    "It comes out as 1 over the root of the size, so nothing needs to be drawn."
    return size**-0.5


@misconception(caught_by="test_every_batch_is_drawn_anew", replaces="batch_noise")
def repeats_one_batch(x, size, count, generator):
    "A random batch is drawn once and then looked at `count` times."
    picks = torch.randint(len(x), (size,), generator=generator).to(x.device)
    means = torch.stack([x[picks].mean(0) for _ in range(count)])
    return _relative(means - x.mean(0), x - x.mean(0))


@misconception(caught_by="test_one_batch_of_one_example", replaces="batch_noise")
def draws_as_many_as_it_likes(x, size, count, generator):
    "More batches make the figure better, so it is at least 200."
    return _relative(_means(x, size, max(count, 200), generator) - x.mean(0), x - x.mean(0))


@misconception(caught_by="test_neighbours_make_no_random_batch", replaces="batch_noise")
def takes_neighbours(x, size, count, generator):
    "A slice that starts at a random place is a random batch."
    starts = torch.randint(len(x) - size + 1, (count, 1), generator=generator)
    means = x[(starts + torch.arange(size)).to(x.device)].mean(1)
    return _relative(means - x.mean(0), x - x.mean(0))


@misconception(caught_by="test_coins", replaces="batch_noise")
def averages_distances(x, size, count, generator):
    "How far means lie off is the mean of their distances."
    means, centre = _means(x, size, count, generator), x.mean(0)
    return ((means - centre).abs().mean() / (x - centre).abs().mean()).item()


@misconception(
    caught_by=(
        "test_a_feature_that_never_changes_is_no_nan",
        "test_features_count_by_their_size",
    ),
    replaces="batch_noise",
)
def divides_feature_by_feature(x, size, count, generator):
    "Every feature has a noise of its own, and the result is their mean."
    means, centre = _means(x, size, count, generator), x.mean(0)
    noise = (means - centre).square().mean(0) / (x - centre).square().mean(0)
    return noise.mean().sqrt().item()


@misconception(
    caught_by=("test_features_count_by_their_size", "test_one_batch_of_one_example"),
    replaces="batch_noise",
)
def compares_batches_with_each_other(x, size, count, generator):
    "The spread of the batches' means says how far they lie off."
    means = _means(x, size, count, generator)
    return _relative(means - means.mean(0), x - x.mean(0))


@misconception(caught_by="test_one_batch_of_one_example", replaces="batch_noise")
def divides_by_one_less(x, size, count, generator):
    "The spread of examples is their standard deviation, which divides by n - 1."
    means, spread = _means(x, size, count, generator), x - x.mean(0)
    variance = spread.square().sum(0).mean() / (len(x) - 1)
    return ((means - x.mean(0)).square().mean() / variance).sqrt().item()


@misconception(caught_by="test_noise_times_the_root_of_the_size_is_1", replaces="batch_noise")
def measures_from_zero(x, size, count, generator):
    "The root mean square of a batch's mean is its noise."
    return _relative(_means(x, size, count, generator), x)


@misconception(caught_by="test_a_batch_of_one_is_as_noisy_as_an_example", replaces="batch_noise")
def does_not_divide(x, size, count, generator):
    "Noise is how far the means lie off."
    return (_means(x, size, count, generator) - x.mean(0)).square().mean().sqrt().item()


@misconception(caught_by="test_chance_is_the_generators", replaces="batch_noise")
def uses_the_global_generator(x, size, count, generator):
    "torch draws well without a generator."
    return _relative(_means(x, size, count, None) - x.mean(0), x - x.mean(0))


@misconception(caught_by="test_noise_is_drawn_and_not_calculated", replaces="batch_noise")
def seeds_the_generator(x, size, count, generator):
    "A generator is seeded before it is used, so that results can be repeated."
    means = _means(x, size, count, generator.manual_seed(0))
    return _relative(means - x.mean(0), x - x.mean(0))


@misconception(caught_by="test_noise_is_a_float", replaces="batch_noise")
def returns_a_tensor(x, size, count, generator):
    "A tensor of rank 0 is a float."
    means, centre = _means(x, size, count, generator), x.mean(0)
    return ((means - centre).square().mean() / (x - centre).square().mean()).sqrt()


@misconception(caught_by="test_the_examples_stay_as_they_are", replaces="batch_noise")
def centres_in_place(x, size, count, generator):
    "The mean of all is taken off the examples first, once for all."
    x -= x.mean(0)
    return _relative(_means(x, size, count, generator), x)


def _means(x, size, count, generator):
    picks = torch.randint(len(x), (count, size), generator=generator)
    return x[picks.to(x.device)].mean(1)


def _relative(noise, spread):
    return (noise.square().mean() / spread.square().mean()).sqrt().item()


@misconception(
    caught_by=(
        "test_a_vector_alone_cannot_train",
        "test_a_picture_of_one_pixel_cannot_train",
    ),
    replaces="batch_norm",
)
def lets_zeros_through(x, running_mean, running_var, training, eps=1e-5):
    "One value is its own mean, so it comes out as 0."
    return _normalised(x, *(_statistics(x) if training else (running_mean, running_var)), eps)


@misconception(
    caught_by=(
        "test_two_values_become_minus_1_and_1",
        "test_a_vector_alone_cannot_train",
    ),
    replaces="batch_norm",
)
def estimates_the_deviation(x, running_mean, running_var, training, eps=1e-5):
    "A deviation estimated from a sample divides by n - 1, and of one value it is NaN."
    if training:
        mean = _statistics(x)[0]
        squares = (x - _along_channels(mean, x)).square().transpose(0, 1).flatten(1)
        running_mean, running_var = mean, squares.sum(1) / (squares.shape[1] - 1)
    return _normalised(x, running_mean, running_var, eps)


@misconception(caught_by="test_outside_of_training_one_is_enough", replaces="batch_norm")
def refuses_at_any_time(x, running_mean, running_var, training, eps=1e-5):
    "Batch norm can't work on one value per channel."
    _refuse_single_values(x, True)
    return _normalised(x, *(_statistics(x) if training else (running_mean, running_var)), eps)


@misconception(caught_by="test_one_picture_can_train", replaces="batch_norm")
def counts_examples(x, running_mean, running_var, training, eps=1e-5):
    "Batch norm can't train with a batch size of 1."
    if training and len(x) == 1:
        raise ValueError(f"a batch of 1 in shape {tuple(x.shape)}")
    return _normalised(x, *(_statistics(x) if training else (running_mean, running_var)), eps)


@misconception(caught_by="test_a_picture_of_one_pixel_cannot_train", replaces="batch_norm")
def trusts_any_picture(x, running_mean, running_var, training, eps=1e-5):
    "A picture has many pixels, so only a vector can be too little."
    if training and len(x) == 1 and x.ndim == 2:
        raise ValueError(f"one value per channel in shape {tuple(x.shape)}")
    return _normalised(x, *(_statistics(x) if training else (running_mean, running_var)), eps)


@misconception(caught_by="test_small_batches_of_small_pictures_can_train", replaces="batch_norm")
def refuses_single_pixels(x, running_mean, running_var, training, eps=1e-5):
    "A picture of one pixel can't be normalised, however many there are."
    if training and (len(x) == 1 if x.ndim == 2 else x[0, 0].numel() == 1):
        raise ValueError(f"one value per channel in shape {tuple(x.shape)}")
    return _normalised(x, *(_statistics(x) if training else (running_mean, running_var)), eps)


@misconception(caught_by="test_training_on_pictures", replaces="batch_norm")
def normalises_each_pixel(x, running_mean, running_var, training, eps=1e-5):
    "The statistics are taken over the batch, and that is axis 0."
    _refuse_single_values(x, training)
    if training:
        return (x - x.mean(0)) / (x.var(0, correction=0) + eps).sqrt()
    return _normalised(x, running_mean, running_var, eps)


@misconception(caught_by="test_one_channel_does_not_know_of_another", replaces="batch_norm")
def normalises_all_at_once(x, running_mean, running_var, training, eps=1e-5):
    "A batch has one mean and one deviation."
    _refuse_single_values(x, training)
    if training:
        return (x - x.mean()) / (x.var(correction=0) + eps).sqrt()
    return _normalised(x, running_mean, running_var, eps)


@misconception(
    caught_by=(
        "test_training_on_pictures",
        "test_running_statistics_have_no_say_in_training",
    ),
    replaces="batch_norm",
)
def always_uses_running_statistics(x, running_mean, running_var, training, eps=1e-5):
    "Running statistics are there to be used, in training most of all."
    _refuse_single_values(x, training)
    return _normalised(x, running_mean, running_var, eps)


@misconception(
    caught_by=("test_outside_of_training_one_is_enough", "test_running_statistics_in_evaluation"),
    replaces="batch_norm",
)
def always_uses_the_batch(x, running_mean, running_var, training, eps=1e-5):
    "Batch norm normalises by the batch."
    _refuse_single_values(x, training)
    return _normalised(x, *_statistics(x), eps)


@misconception(caught_by="test_all_that_is_passed_in_stays", replaces="batch_norm")
def updates_the_statistics(x, running_mean, running_var, training, eps=1e-5):
    "Whoever sees a batch in training takes it into the running statistics."
    from torch.nn.functional import batch_norm as torchs

    return torchs(x, running_mean, running_var, training=training, eps=eps)


@misconception(
    caught_by="test_eps_is_in_the_root",
    replaces="batch_norm",
)
def adds_eps_to_the_deviation(x, running_mean, running_var, training, eps=1e-5):
    "eps keeps the divisor from 0, so it is added to the divisor."
    _refuse_single_values(x, training)
    mean, var = _statistics(x) if training else (running_mean, running_var)
    return (x - _along_channels(mean, x)) / (_along_channels(var, x).sqrt() + eps)


@misconception(caught_by="test_eps_is_in_the_root", replaces="batch_norm")
def needs_no_eps(x, running_mean, running_var, training, eps=1e-5):
    "eps is so small that it can be left out where no variance is 0."
    _refuse_single_values(x, training)
    mean, var = _statistics(x) if training else (running_mean, running_var)
    return _normalised(x, mean, torch.where(var == 0, 1e-5, var), 0)


@misconception(caught_by="test_all_that_is_passed_in_stays", replaces="batch_norm")
def normalises_in_place(x, running_mean, running_var, training, eps=1e-5):
    "What goes into a norm is not needed any more."
    _refuse_single_values(x, training)
    mean, var = _statistics(x) if training else (running_mean, running_var)
    return x.copy_(_normalised(x, mean, var, eps))


def _statistics(x):
    axes = (0, *range(2, x.ndim))
    return x.mean(axes), x.var(axes, correction=0)


def _normalised(x, mean, var, eps):
    return (x - _along_channels(mean, x)) / (_along_channels(var, x) + eps).sqrt()


def _refuse_single_values(x, training):
    if training and x.numel() == x.shape[1]:
        raise ValueError(f"one value per channel in shape {tuple(x.shape)}")
