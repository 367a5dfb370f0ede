"""Why is accuracy not a loss?

Nudge the weights a little in any direction, and see which of the two numbers notices.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from dojo import alternative, misconception

__all__ = ["accuracy", "share_of_nudges_felt"]


def accuracy(
    predictions: Float[Tensor, "examples classes"], targets: Int[Tensor, " examples"]
) -> float:
    """Return the share of the examples whose target is the class with the highest prediction.

    At least one example; predictions may be any numbers, below 0 as well. Ties are not judged.
    """
    return (predictions.argmax(1) == targets).double().mean().item()


def share_of_nudges_felt(
    metric: Callable[[Tensor], float | Tensor],
    weights: Float[Tensor, "..."],
    eps: float,
    count: int,
    generator: torch.Generator,
) -> float:
    """Return the share of small random steps away from the weights that the metric notices.

    metric takes a tensor of the weights' shape and dtype and gives one number, as a float or a
    tensor. A nudge is a step from weights, of length eps: the root of the sum of the squares of all
    of its numbers. Its direction is random, every direction as likely as any other. It is felt
    where the metric there is another number than at weights itself, larger or smaller, by however
    little.

    count nudges are tried, at least one, each from weights and in a direction of its own, drawn
    with the generator, which is on the CPU like the weights: the same seed gives the same nudges,
    and torch's global generator is not used. The weights stay as they are; the metric changes
    nothing of what it is given.
    """
    before = float(metric(weights))
    felt = 0
    for _ in range(count):
        direction = torch.randn(weights.shape, dtype=weights.dtype, generator=generator)
        felt += float(metric(weights + eps * direction / direction.norm())) != before
    return felt / count


HINTS = (
    "Draw accuracy over one weight, by hand: what does it look like between two places where some "
    "picture changes its class?",
    "Normal draws, one for each weight, point in every direction alike. Divided by their norm they "
    "have length 1. Compare the metric at weights + eps * direction with the one at weights by !=.",
    "d = torch.randn(weights.shape, dtype=weights.dtype, generator=generator); "
    "float(metric(weights + eps * d / d.norm())) != float(metric(weights)). Add up count of these "
    "and divide by count. accuracy: argmax over axis 1, ==, and the mean.",
)
ANSWER = """
Accuracy is made of comparisons: it changes only where some example changes its class, and between
those places it is level, like a staircase seen from above. On a step of the staircase its slope is
exactly 0, not small, so gradient descent would not learn slowly from it but not at all. Where it
jumps it has no slope. A loss such as cross-entropy notices every direction: a little more
probability for the right class, and it is a little lower, long before any class changes.

Accuracy is not deaf: a nudge a thousand times as long changes the class of some picture nearly
always. That is why it is a good thing to report after an epoch, when the weights have moved far.

To see this takes some care. In float32 the loss too misses nudges, up to a fifth of them at a
length of 1e-4, for the change drowns in rounding. And a nudge of a single weight may belong to a
pixel that is blank in every picture: then nothing can notice it.
"""


def _direction(weights, generator):
    direction = torch.randn(weights.shape, dtype=weights.dtype, generator=generator)
    return direction / direction.norm()


def _share(metric, weights, eps, count, generator, felt=lambda after, before: after != before):
    before = float(metric(weights))
    nudged = (weights + eps * _direction(weights, generator) for _ in range(count))
    return sum(felt(float(metric(there)), before) for there in nudged) / count


@alternative(replaces="accuracy")
def accuracy_by_hand(predictions, targets):
    rows = zip(predictions.tolist(), targets.tolist(), strict=True)
    return sum(row.index(max(row)) == target for row, target in rows) / len(targets)


@alternative(replaces="accuracy")
def sorts_the_classes(predictions, targets):
    best = predictions.sort(dim=-1, descending=True).indices[:, 0]
    return int((best == targets).sum()) / targets.numel()


@alternative(replaces="share_of_nudges_felt")
def draws_all_directions_first(metric, weights, eps, count, generator):
    drawn = torch.randn(count, weights.numel(), generator=generator, dtype=torch.float64)
    steps = torch.nn.functional.normalize(drawn, dim=1) * eps
    values = [metric(weights + step.view_as(weights).to(weights.dtype)) for step in steps]
    old = metric(weights)
    return torch.tensor([float(value) != float(old) for value in values]).float().mean().item()


@alternative(replaces="share_of_nudges_felt")
def works_in_a_copy(metric, weights, eps, count, generator):
    place, start = weights.detach().clone(), float(metric(weights))
    missed = 0
    for _ in range(count):
        step = torch.empty_like(place).normal_(0, 3, generator=generator)
        step *= eps / torch.linalg.vector_norm(step)
        place.copy_(weights.detach()).add_(step)
        missed += float(metric(place.clone())) == start
    return 1 - missed / count


@alternative(replaces="share_of_nudges_felt")
def asks_for_more_and_for_less(metric, weights, eps, count, generator):
    felt = 0
    for _ in range(count):
        there = torch.randn(weights.shape, dtype=weights.dtype, generator=generator)
        there = weights + there * (eps / there.norm())
        is_more = float(metric(there)) > float(metric(weights))
        felt += is_more or float(metric(there)) < float(metric(weights))
    return felt / count


@misconception(caught_by="test_accuracy_is_a_share", replaces="accuracy")
def counts(predictions, targets):
    "Accuracy is the number of right answers."
    return float((predictions.argmax(1) == targets).sum())


@misconception(caught_by="test_each_row_is_an_example", replaces="accuracy")
def takes_the_best_example_of_each_class(predictions, targets):
    "argmax(0) gives the class, as the classes come first."
    best = predictions.argmax(0)
    shared = min(len(best), len(targets))
    return (best[:shared] == targets[:shared]).double().mean().item()


@misconception(caught_by="test_the_highest_prediction_is_the_answer", replaces="accuracy")
def takes_the_lowest(predictions, targets):
    "The smallest number is the smallest distance, so it wins."
    return (predictions.argmin(1) == targets).double().mean().item()


@misconception(caught_by="test_predictions_need_not_be_probabilities", replaces="accuracy")
def asks_for_more_than_half(predictions, targets):
    "A class is predicted where its number is above 0.5."
    of_target = predictions.gather(1, targets[:, None]).squeeze(1)
    return (of_target > 0.5).double().mean().item()


@misconception(caught_by="test_a_sure_answer_counts_no_more", replaces="accuracy")
def averages_probabilities(predictions, targets):
    "Accuracy is the probability that the right class gets, on average."
    probabilities = predictions.softmax(1)
    return probabilities.gather(1, targets[:, None]).double().mean().item()


@misconception(caught_by="test_accuracy_is_a_float", replaces="accuracy")
def gives_a_tensor(predictions, targets):
    "A tensor with one number is a number."
    return (predictions.argmax(1) == targets).double().mean()


@misconception(caught_by="test_the_share_of_wrong_answers_is_not_asked_for", replaces="accuracy")
def gives_the_error_rate(predictions, targets):
    "Less is better, so accuracy counts what is wrong."
    return (predictions.argmax(1) != targets).double().mean().item()


@misconception(caught_by="test_half_of_the_nudges", replaces="share_of_nudges_felt")
def counts_the_nudges(metric, weights, eps, count, generator):
    "What is asked for is how many nudges are felt."
    return _share(metric, weights, eps, count, generator) * count


@misconception(caught_by="test_half_of_the_nudges", replaces="share_of_nudges_felt")
def says_whether_any_is_felt(metric, weights, eps, count, generator):
    "If one nudge is felt, the metric feels."
    return float(_share(metric, weights, eps, count, generator) > 0)


@misconception(
    caught_by="test_each_nudge_has_a_direction_of_its_own", replaces="share_of_nudges_felt"
)
def one_direction_for_all(metric, weights, eps, count, generator):
    "A random direction is drawn once, and tried."
    there = weights + eps * _direction(weights, generator)
    before = float(metric(weights))
    return sum(float(metric(there)) != before for _ in range(count)) / count


@misconception(caught_by="test_the_weights_stay_as_they_are", replaces="share_of_nudges_felt")
def nudges_pile_up(metric, weights, eps, count, generator):
    "weights += step tries a step."
    before, felt = float(metric(weights)), 0
    for _ in range(count):
        weights += eps * _direction(weights, generator)
        felt += float(metric(weights)) != before
    return felt / count


@misconception(caught_by="test_each_nudge_starts_at_the_weights", replaces="share_of_nudges_felt")
def walks_on(metric, weights, eps, count, generator):
    "The next nudge goes on from where the last one ended."
    place, before, felt = weights.clone(), float(metric(weights)), 0
    for _ in range(count):
        place = place + eps * _direction(weights, generator)
        felt += float(metric(place)) != before
    return felt / count


@misconception(
    caught_by="test_both_ways_are_tried_from_the_weights", replaces="share_of_nudges_felt"
)
def compares_the_two_sides(metric, weights, eps, count, generator):
    "A slope is measured from both sides, so the two sides are compared."
    felt = 0
    for _ in range(count):
        step = eps * _direction(weights, generator)
        felt += float(metric(weights + step)) != float(metric(weights - step))
    return felt / count


@misconception(caught_by="test_a_change_of_a_billionth_counts", replaces="share_of_nudges_felt")
def compares_after_rounding(metric, weights, eps, count, generator):
    "Numbers that agree to six places are the same."
    return _share(
        metric, weights, eps, count, generator, lambda after, before: abs(after - before) > 1e-6
    )


@misconception(caught_by="test_a_change_in_the_tenth_place_counts", replaces="share_of_nudges_felt")
def compares_in_float32(metric, weights, eps, count, generator):
    "A float32 is precise enough for a loss."
    return _share(
        metric,
        weights,
        eps,
        count,
        generator,
        lambda after, before: bool(torch.tensor(after) != torch.tensor(before)),
    )


@misconception(caught_by="test_a_change_for_the_worse_is_felt", replaces="share_of_nudges_felt")
def feels_rises_only(metric, weights, eps, count, generator):
    "A nudge is felt where the metric gets better."
    return _share(metric, weights, eps, count, generator, lambda after, before: after > before)


@misconception(caught_by="test_a_change_for_the_better_is_felt", replaces="share_of_nudges_felt")
def feels_falls_only(metric, weights, eps, count, generator):
    "A nudge that helps is one after which the metric is lower."
    return _share(metric, weights, eps, count, generator, lambda after, before: after < before)


@misconception(caught_by="test_a_nudge_has_length_eps", replaces="share_of_nudges_felt")
def a_step_of_any_length(metric, weights, eps, count, generator):
    "eps times a normal draw is a step of length eps."
    before, felt = float(metric(weights)), 0
    for _ in range(count):
        step = eps * torch.randn(weights.shape, dtype=weights.dtype, generator=generator)
        felt += float(metric(weights + step)) != before
    return felt / count


@misconception(caught_by="test_the_length_is_over_all_weights", replaces="share_of_nudges_felt")
def scales_each_row(metric, weights, eps, count, generator):
    "Each row of weights takes a step of length eps."
    before, felt = float(metric(weights)), 0
    for _ in range(count):
        step = torch.randn(weights.shape, dtype=weights.dtype, generator=generator)
        step = eps * step / step.norm(dim=-1, keepdim=True)
        felt += float(metric(weights + step)) != before
    return felt / count


@misconception(caught_by="test_the_length_is_no_largest_change", replaces="share_of_nudges_felt")
def every_weight_by_eps(metric, weights, eps, count, generator):
    "Every weight goes up or down by eps."
    before, felt = float(metric(weights)), 0
    for _ in range(count):
        step = torch.randn(weights.shape, dtype=weights.dtype, generator=generator).sign()
        felt += float(metric(weights + eps * step)) != before
    return felt / count


@misconception(caught_by="test_a_nudge_moves_all_weights", replaces="share_of_nudges_felt")
def nudges_a_single_weight(metric, weights, eps, count, generator):
    "A direction is one weight, up or down."
    before, felt = float(metric(weights)), 0
    for _ in range(count):
        step = torch.zeros_like(weights)
        sign = 2 * torch.randint(2, (), generator=generator) - 1
        step.view(-1)[torch.randint(weights.numel(), (), generator=generator)] = sign * eps
        felt += float(metric(weights + step)) != before
    return felt / count


@misconception(caught_by="test_every_direction_is_as_likely", replaces="share_of_nudges_felt")
def draws_from_a_cube(metric, weights, eps, count, generator):
    "Uniform draws from -1 to 1, scaled to length 1, are uniform directions."
    before, felt = float(metric(weights)), 0
    for _ in range(count):
        step = 2 * torch.rand(weights.shape, dtype=weights.dtype, generator=generator) - 1
        felt += float(metric(weights + eps * step / step.norm())) != before
    return felt / count


@misconception(caught_by="test_a_nudge_goes_down_as_often_as_up", replaces="share_of_nudges_felt")
def draws_upward_steps(metric, weights, eps, count, generator):
    "torch.rand draws a random direction."
    before, felt = float(metric(weights)), 0
    for _ in range(count):
        step = torch.rand(weights.shape, dtype=weights.dtype, generator=generator)
        felt += float(metric(weights + eps * step / step.norm())) != before
    return felt / count


@misconception(caught_by="test_the_generator_draws", replaces="share_of_nudges_felt")
def draws_from_the_global_generator(metric, weights, eps, count, generator):
    "torch.manual_seed is what makes draws repeatable."
    torch.manual_seed(0)
    return _share(metric, weights, eps, count, torch.default_generator)


@misconception(
    caught_by="test_the_metric_gets_weights_of_their_dtype", replaces="share_of_nudges_felt"
)
def works_in_float32(metric, weights, eps, count, generator):
    "Weights are float32."
    return _share(metric, weights.float(), eps, count, generator)


@misconception(caught_by="test_count_nudges_are_tried", replaces="share_of_nudges_felt")
def tries_one_less(metric, weights, eps, count, generator):
    "The first of count runs is the one without a nudge."
    return _share(metric, weights, eps, max(count - 1, 1), generator)


@misconception(
    caught_by="test_a_metric_without_slope_feels_nothing", replaces="share_of_nudges_felt"
)
def compares_the_weights(metric, weights, eps, count, generator):
    "Weights that have moved are felt."
    felt = 0
    for _ in range(count):
        there = weights + eps * _direction(weights, generator)
        metric(there)
        felt += not torch.equal(there, weights)
    return felt / count
