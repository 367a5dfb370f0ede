"""Why does SGD use mini-batches?

Here you draw them, take their gradients, and measure how far these are from the full gradient.
"""

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from dojo import alternative, misconception

__all__ = ["batch_gradients", "gradient_noise"]


def batch_gradients(
    x: Float[Tensor, "examples features"],
    y: Float[Tensor, " examples"],
    w: Float[Tensor, " features"],
    size: int,
    count: int,
    generator: Generator,
) -> Float[Tensor, "count features"]:
    """Return the gradients of the loss over `count` batches, each of `size` examples.

    The loss of a batch is the mean of (x @ w - y)² over its examples; the gradient is that with
    respect to w. Each example of each batch is drawn from all examples, all of them equally likely,
    whatever was drawn before: with replacement. So a batch may be larger than the data.

    generator lives on the CPU and is the only source of chance: equal states give equal batches.
    x, y and w are float32 or float64, on one device, and are left as they are; w may require grad.
    The result has their dtype and device, and no graph behind it.

    The number of operations does not grow with count, and for 1,000 batches of 16 examples of 5
    features it is more than 10 times as fast as a loop over the batches.
    """
    w = w.detach()
    places = torch.randint(len(x), (count, size), generator=generator).to(x.device)
    inputs = x[places]
    errors = inputs @ w - y[places]
    return 2 * (errors[..., None] * inputs).mean(1)


def gradient_noise(
    gradients: Float[Tensor, "count features"], full: Float[Tensor, " features"]
) -> float:
    """Return the mean squared distance of the gradients from the full gradient.

    The squared distance of one gradient is the sum over features of its squared differences.
    """
    return (gradients - full).square().sum(1).mean().item()


HINTS = (
    "The gradient for one example is 2 (x·w - y) x. What is it for a batch, and what shape do the "
    "examples of all batches have together?",
    "Draw all places at once: torch.randint(len(x), (count, size), generator=generator). x[places] "
    "has a third axis. Along which axis is the mean, and where does the error need an axis more?",
    "errors = x[places] @ w - y[places]; 2 * (errors[..., None] * x[places]).mean(1). The noise: "
    "(gradients - full).square().sum(1).mean().item()",
)
ANSWER = """
The usual answer names one half: a batch fits into memory and makes good use of the hardware, which
takes hardly longer for 64 examples than for one. The other half is about the data. A batch's
gradient is right on average and noisy, and its noise, the mean squared distance from the full
gradient, falls with 1 / size. The distance itself falls with 1 / sqrt(size) only: four times the
work halves it.

So for the work of one pass over 1,000 examples, fifteen steps of 64 come close to the best possible
loss, while one step on all of them, with a gradient four times as exact, has hardly set out. Steps
of one example arrive as well, but one by one: a thousand calls in place of fifteen. In between lies
the size that uses the hardware and still takes many steps.
"""


@alternative(replaces="batch_gradients")
def multiplies_matrices(x, y, w, size, count, generator):
    places = torch.randint(0, x.shape[0], (count * size,), generator=generator).to(x.device)
    inputs = x[places].unflatten(0, (count, size))
    with torch.no_grad():
        errors = (inputs * w).sum(-1) - y[places].view(count, size)
        return (inputs.mT @ errors.unsqueeze(-1)).squeeze(-1) * 2 / size


@alternative(replaces="batch_gradients")
def draws_fractions(x, y, w, size, count, generator):
    places = (torch.rand(size, count, generator=generator, dtype=torch.float64) * len(x)).long()
    places = places.to(x.device)
    residuals = x @ w.detach() - y
    return (2 * residuals[places].unsqueeze(-1) * x[places]).sum(0) / size


@alternative(replaces="batch_gradients")
def weighs_the_examples_gradients(x, y, w, size, count, generator):
    chances = torch.ones(len(x))
    draws = torch.multinomial(chances, count * size, replacement=True, generator=generator)
    each = 2 * (x @ w.detach() - y)[:, None] * x
    return each[draws.to(x.device)].view(count, size, -1).mean(1)


@misconception(caught_by="test_a_larger_batch_has_no_larger_gradient", replaces="batch_gradients")
def sums_over_the_batch(x, y, w, size, count, generator):
    "The gradient of a batch is the sum of its examples' gradients."
    return _gradients(x, y, w, _drawn(x, size, count, generator)) * size


@misconception(caught_by="test_there_is_a_row_for_each_batch", replaces="batch_gradients")
def averages_over_the_batches(x, y, w, size, count, generator):
    "The gradients of several batches are one gradient."
    return _gradients(x, y, w, _drawn(x, size, count, generator)).mean(0, keepdim=True)


@misconception(caught_by="test_the_inputs_stay_as_they_are", replaces="batch_gradients")
def takes_the_errors_in_place(x, y, w, size, count, generator):
    "Targets are not needed once the errors are known."
    y.sub_(x @ w.detach())
    places = _drawn(x, size, count, generator)
    return -2 * (y[places][..., None] * x[places]).mean(1)


@misconception(caught_by="test_batches_differ", replaces="batch_gradients")
def draws_one_batch(x, y, w, size, count, generator):
    "A batch is drawn, and its gradient is taken count times."
    places = _drawn(x, size, 1, generator)
    return _gradients(x, y, w, places.expand(count, -1))


@misconception(caught_by="test_examples_of_a_batch_differ", replaces="batch_gradients")
def repeats_one_example(x, y, w, size, count, generator):
    "A batch is one draw, size examples long."
    return _gradients(x, y, w, _drawn(x, 1, count, generator).expand(-1, size))


@misconception(caught_by="test_one_state_gives_one_result", replaces="batch_gradients")
def ignores_the_generator(x, y, w, size, count, generator):
    "torch has a generator of its own."
    return _gradients(x, y, w, torch.randint(len(x), (count, size)).to(x.device))


@misconception(caught_by="test_another_state_gives_another_result", replaces="batch_gradients")
def seeds_the_generator(x, y, w, size, count, generator):
    "A generator has to be seeded before it is used."
    return _gradients(x, y, w, _drawn(x, size, count, generator.manual_seed(0)))


@misconception(
    caught_by="test_one_example_has_the_gradient_of_its_square", replaces="batch_gradients"
)
def forgets_the_two(x, y, w, size, count, generator):
    "The derivative of a square is the thing that is squared."
    return _gradients(x, y, w, _drawn(x, size, count, generator)) / 2


@misconception(
    caught_by="test_one_example_has_the_gradient_of_its_square", replaces="batch_gradients"
)
def takes_target_minus_prediction(x, y, w, size, count, generator):
    "An error squared has the same gradient with either sign."
    return -_gradients(x, y, w, _drawn(x, size, count, generator))


@misconception(caught_by="test_a_batch_may_be_larger_than_the_data", replaces="batch_gradients")
def draws_without_replacement(x, y, w, size, count, generator):
    "No example comes twice in a batch."
    orders = torch.stack([torch.randperm(len(x), generator=generator) for _ in range(count)])
    return _gradients(x, y, w, orders[:, :size].to(x.device))


@misconception(caught_by="test_the_last_example_is_drawn_as_often", replaces="batch_gradients")
def never_draws_the_last(x, y, w, size, count, generator):
    "The last place is len(x) - 1, so that is where drawing ends."
    places = torch.randint(max(len(x) - 1, 1), (count, size), generator=generator)
    return _gradients(x, y, w, places.to(x.device))


@misconception(caught_by="test_they_are_right_on_average", replaces="batch_gradients")
def pairs_inputs_with_other_targets(x, y, w, size, count, generator):
    "Inputs and targets are drawn alike."
    places, others = _drawn(x, size, count, generator), _drawn(x, size, count, generator)
    inputs = x[places]
    return 2 * ((inputs @ w.detach() - y[others])[..., None] * inputs).mean(1)


@misconception(
    caught_by=("test_the_operations_do_not_grow_with_the_batches", "test_beats_the_loop"),
    replaces="batch_gradients",
)
def loops_over_the_batches(x, y, w, size, count, generator):
    "A gradient is taken batch by batch."
    rows = []
    for places in _drawn(x, size, count, generator):
        inputs = x[places]
        rows.append(2 * ((inputs @ w.detach() - y[places])[:, None] * inputs).mean(0))
    return torch.stack(rows)


@misconception(caught_by="test_the_result_has_no_graph", replaces="batch_gradients")
def keeps_a_graph(x, y, w, size, count, generator):
    "What is computed from w belongs to w's graph."
    places = _drawn(x, size, count, generator)
    return 2 * ((x[places] @ w - y[places])[..., None] * x[places]).mean(1)


@misconception(caught_by="test_noise_by_hand", replaces="gradient_noise")
def measures_a_deviation(gradients, full):
    "Noise is a distance, so there is a root."
    return (gradients - full).square().sum(1).mean().sqrt().item()


@misconception(caught_by="test_noise_is_measured_from_the_full_gradient", replaces="gradient_noise")
def measures_from_their_own_mean(gradients, full):
    "The mean of the batches' gradients is the full gradient."
    return (gradients - gradients.mean(0)).square().sum(1).mean().item()


@misconception(
    caught_by="test_noise_of_one_gradient_is_its_squared_distance", replaces="gradient_noise"
)
def averages_over_features(gradients, full):
    "A mean squared difference is a mean over all numbers."
    return (gradients - full).square().mean().item()


@misconception(caught_by="test_noise_of_many_is_that_of_one", replaces="gradient_noise")
def adds_the_distances_up(gradients, full):
    "Noise is what all batches are off together."
    return (gradients - full).square().sum().item()


@misconception(caught_by="test_noise_is_a_float", replaces="gradient_noise")
def returns_a_tensor(gradients, full):
    "A tensor of rank 0 is a number."
    return (gradients - full).square().sum(1).mean()


def _drawn(x, size, count, generator):
    return torch.randint(len(x), (count, size), generator=generator).to(x.device)


def _gradients(x, y, w, places):
    inputs = x[places]
    return 2 * ((inputs @ w.detach() - y[places])[..., None] * inputs).mean(1)
