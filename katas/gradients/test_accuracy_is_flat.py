import pytest
import torch
from torch.nn.functional import cross_entropy

from dojo.checks import answer_of, unchanged
from katas.gradients.accuracy_is_flat import accuracy, share_of_nudges_felt

# Four examples of three classes; the highest are classes 0, 2, 1 and 2.
PREDICTIONS = [[0.7, 0.2, 0.1], [0.1, 0.3, 0.6], [0.2, 0.5, 0.3], [0.0, 0.1, 0.9]]


def test_accuracy_is_a_share():
    got = accuracy_of(PREDICTIONS, [0, 2, 1, 0])
    assert got == 0.75, f"3 of 4 are right, a share of 0.75, got {got}: 3 would mean a count"


def test_accuracy_is_a_float():
    got = accuracy_of(PREDICTIONS, [0, 2, 0, 0])
    assert isinstance(got, float), f"a share is a Python float, got {got!r}"


def test_each_row_is_an_example():
    got = accuracy_of([[0.7, 0.3, 0.1], [0.9, 0.4, 0.2], [0.8, 0.1, 0.0]], [0, 0, 0])
    assert got == 1.0, (
        f"class 0 is the highest in each of three rows, and right, got {got}: less would mean that "
        "the highest of each column was taken, the best example of a class"
    )


def test_the_share_of_wrong_answers_is_not_asked_for():
    got = accuracy_of(PREDICTIONS, [1, 1, 2, 1])
    assert got == 0.0, f"none of 4 is right, got {got}: 1 would mean the share of wrong ones"


def test_the_highest_prediction_is_the_answer():
    got = accuracy_of(PREDICTIONS, [2, 0, 0, 0])
    assert got == 0.0, (
        f"each target has the lowest prediction, got {got}: it's the highest that wins"
    )


def test_predictions_need_not_be_probabilities():
    got = accuracy_of([[-3.0, -1.0], [40.0, 20.0], [0.2, 0.4]], [1, 1, 1])
    assert got == pytest.approx(2 / 3), (
        f"-1 beats -3 and 0.4 beats 0.2, but 20 does not beat 40: 2 of 3 are right, got {got}: "
        "1/3 would mean that numbers above 0.5 count"
    )


def test_a_sure_answer_counts_no_more():
    got = [accuracy_of([[1.0, 0.0], [0.0, height]], [0, 1]) for height in (0.001, 1000.0)]
    assert got == [1.0, 1.0], (
        f"right is right, by 0.001 or by 1,000, got {got}: probabilities would tell them apart"
    )


def test_a_metric_without_slope_feels_nothing():
    got = share(lambda weights: 3.0)
    assert got == 0.0, f"a metric that is always 3 feels no nudge, got a share of {got}"


def test_a_metric_may_give_a_tensor():
    got = share(lambda weights: (weights * torch.tensor([1.0, 2.0, -5.0])).sum())
    assert got == 1.0, f"a weighted sum feels every nudge, got a share of {got}"


def test_half_of_the_nudges(generator):
    start = torch.zeros(3, dtype=torch.float64)
    got = share(lambda weights: float(weights[1] > 0), start, count=1000, generator=generator)
    assert 0.4 < got < 0.6, (
        f"half of all directions lift weight 1 above 0, got {got}: 1 would mean that one felt "
        "nudge is enough, hundreds would be a count"
    )


def test_a_change_for_the_worse_is_felt(generator):
    got = share(lambda weights: -weights.square().sum(), generator=generator, start=torch.zeros(3))
    assert got == 1.0, f"each step from the top is felt, as a fall, got a share of {got}"


def test_a_change_for_the_better_is_felt(generator):
    got = share(lambda weights: weights.square().sum(), generator=generator, start=torch.zeros(3))
    assert got == 1.0, f"each step from the bottom is felt, as a rise, got a share of {got}"


def test_both_ways_are_tried_from_the_weights(generator):
    # The same at both ends of a step, and another number between them.
    start = torch.zeros(3, dtype=torch.float64)
    got = share(lambda weights: float(weights.abs().sum() > 0), start, generator=generator)
    assert got == 1.0, (
        f"each step away from 0 turns the metric from 0 into 1, got a share of {got}: 0 would mean "
        "that the two sides of the weights are compared with each other"
    )


def test_a_change_of_a_billionth_counts(generator):
    got = share(lambda weights: weights.sum() * 1e-7, generator=generator)
    assert got == 1.0, (
        f"a metric that moves by about a billionth has moved, got a share of {got}: less would "
        "mean that it is rounded, or compared with a tolerance"
    )


def test_a_change_in_the_tenth_place_counts(generator):
    got = share(lambda weights: 1 + weights.sum() * 1e-8, generator=generator)
    assert got == 1.0, (
        f"a metric that moves in its tenth place has moved, got a share of {got}: less would mean "
        "that it went through a float32, which has seven"
    )


def test_a_nudge_has_length_eps():
    lengths = [step.norm().item() for step in steps(torch.arange(6.0).double(), eps=0.25)]
    assert all(abs(length - 0.25) < 1e-9 for length in lengths), (
        f"each of 8 nudges has length 0.25, got {[round(length, 3) for length in lengths]}"
    )


def test_the_length_is_over_all_weights():
    got = [step.norm().item() for step in steps(torch.arange(12.0).double().view(3, 4), eps=0.25)]
    assert all(abs(length - 0.25) < 1e-9 for length in got), (
        f"a nudge of 3 by 4 weights has length 0.25, got {got[0]:.3f}: 0.433, that times the root "
        "of 3, would mean that each row takes a step of its own"
    )


def test_the_length_is_no_largest_change():
    largest = [step.abs().max().item() for step in steps(torch.arange(50.0).double(), eps=0.25)]
    assert max(largest) < 0.2, (
        f"where 50 weights share a step of 0.25, no one moves by all of it, got {max(largest):.3f}"
    )


def test_a_nudge_moves_all_weights():
    moved = [(step != 0).sum().item() for step in steps(torch.arange(6.0).double())]
    assert moved == [6] * len(moved), f"a direction has a part in all 6 weights, moved: {moved}"


def test_each_nudge_starts_at_the_weights():
    # Steps of a walk would be 0.25 long each, and ever further from where it began.
    lengths = [step.norm().item() for step in steps(torch.zeros(6).double(), eps=0.25)]
    assert max(lengths) < 0.26, (
        f"no nudge of 0.25 ends further than that from the weights, got {max(lengths):.3f} after "
        f"{len(lengths)} nudges: each one starts where the last one ended"
    )


def test_each_nudge_has_a_direction_of_its_own():
    drawn = torch.stack(steps(torch.zeros(6).double(), count=8))
    assert len(drawn.unique(dim=0)) == 8, f"8 nudges in 8 directions, got {drawn}"


def test_count_nudges_are_tried():
    tried = [len(steps(torch.zeros(6).double(), count=count)) for count in (1, 7)]
    assert tried == [1, 7], (
        f"1 and then 7 nudges were asked for, the metric has seen {tried} different ones"
    )


def test_every_direction_is_as_likely():
    drawn = torch.stack(steps(torch.zeros(2).double(), count=3000)).abs()
    near_an_axis = (drawn.min(1).values / drawn.max(1).values < 0.41421356).double().mean().item()
    assert 0.46 < near_an_axis < 0.54, (  # half, with a deviation of 0.009
        f"half of all directions are nearer to an axis than to a diagonal, got {near_an_axis:.1%}: "
        "41% would mean draws from a square, whose corners stick out"
    )


def test_a_nudge_goes_down_as_often_as_up():
    drawn = torch.stack(steps(torch.zeros(3).double(), count=500))
    down = (drawn < 0).double().mean(0)
    assert all(0.4 < share < 0.6 for share in down.tolist()), (  # half, with a deviation of 0.022
        f"each weight goes down in half of the nudges, got shares of {down.tolist()}"
    )


def test_the_generator_draws():
    first, again, other = (
        torch.stack(steps(torch.zeros(6).double(), seed=seed)) for seed in (3, 3, 4)
    )
    assert torch.equal(first, again), "the same seed gives the same nudges, and does not"
    assert not torch.equal(first, other), "seeds 3 and 4 give the same nudges: neither drew them"


def test_the_global_generator_is_left_alone():
    before = torch.get_rng_state()
    steps(torch.zeros(6).double())
    after = torch.get_rng_state()
    assert torch.equal(before, after), "torch's global generator was used, or seeded"


def test_the_metric_gets_weights_of_their_dtype():
    seen = [weights.dtype for weights in visited(torch.zeros(2, 3, dtype=torch.float64))]
    assert set(seen) == {torch.float64}, f"the weights are float64, the metric got {set(seen)}"


def test_the_weights_stay_as_they_are():
    weights = torch.arange(6.0)
    with unchanged(weights):
        share(lambda there: there.sum(), weights)


def test_accuracy_feels_no_nudge_of_a_ten_thousandth(digits):
    felt = shares_on_digits(digits, accuracy, eps=1e-4)
    assert felt == [0.0] * len(felt), (
        f"at ten random starts no picture changes its class for a step of 1e-4, felt: {felt}: what "
        "feels it is no share of right answers"
    )


def test_cross_entropy_feels_every_nudge(digits):
    felt = shares_on_digits(digits, cross_entropy, eps=1e-4)
    assert felt == [1.0] * len(felt), (
        f"cross-entropy moves with every step of 1e-4 at each of ten random starts, felt: {felt}"
    )


def test_accuracy_hardly_feels_a_thousandth(digits):
    felt = shares_on_digits(digits, accuracy, eps=1e-3)
    mean = sum(felt) / len(felt)
    assert mean <= 0.1, f"at most one step of 1e-3 in ten changes accuracy, {mean:.0%} do: {felt}"


def test_accuracy_feels_a_long_step(digits):
    if digits.images.shape[1:] != (8, 8):
        pytest.skip("how long a step accuracy feels was measured on the pictures of 8 by 8")
    felt = shares_on_digits(digits, accuracy, eps=0.1)
    mean = sum(felt) / len(felt)
    assert mean >= 0.3, (  # measured: 0.65
        f"most steps of 0.1 change some picture's class, {mean:.0%} do: accuracy is flat, not deaf"
    )


def test_accuracy_has_a_slope_of_exactly_zero(digits):
    inputs, targets, weights, generator = a_start(digits, seed=0)
    for number in range(10):
        step = torch.randn(weights.shape, generator=generator, dtype=torch.float64)
        step *= 1e-5 / step.norm()
        ahead, behind = (
            answer_of(lambda w=w: accuracy(inputs @ w, targets), "predictions of 10 classes")
            for w in (weights + step, weights - step)
        )
        assert ahead == behind, (
            f"direction {number}: {ahead} ahead and {behind} behind, a slope that is not 0: no "
            "picture changes its class between them"
        )


def accuracy_of(predictions, targets):
    return answer_of(
        lambda: accuracy(torch.tensor(predictions), torch.tensor(targets)),
        f"{len(predictions)} examples of {len(predictions[0])} classes",
    )


def share(metric, start=None, *, eps=0.01, count=20, generator=None):
    if start is None:
        start = torch.tensor([0.5, -1.0, 2.0], dtype=torch.float64)
    generator = generator or torch.Generator().manual_seed(1)
    return answer_of(
        lambda: share_of_nudges_felt(metric, start, eps, count, generator),
        f"{count} nudges of {tuple(start.shape)} weights",
    )


def visited(start, *, eps=0.01, count=8, seed=1):
    """All places where the metric was asked for, weights themselves among them."""
    seen = []

    def metric(weights):
        seen.append(weights.detach().clone())
        return 0.0

    share(metric, start, eps=eps, count=count, generator=torch.Generator().manual_seed(seed))
    return seen


def steps(start, **settings):
    """The nudges, as steps from where the weights stood at the beginning.

    A metric may be asked twice in a row at one place.
    """
    origin = start.clone()
    places = [place for place in visited(start, **settings) if not torch.equal(place, origin)]
    others = [one for one, last in zip(places[1:], places, strict=False) if not one.equal(last)]
    return [place - origin for place in [*places[:1], *others]]


def a_start(digits, seed):
    """360 held-out digits and a linear model with random weights, all in float64."""
    _, held_out = digits.split(0.5, seed)
    inputs = held_out.images[:360].flatten(1).double() / 255
    generator = torch.Generator().manual_seed(seed)
    weights = torch.randn(inputs.shape[1], 10, generator=generator, dtype=torch.float64) / 8
    return inputs, held_out.labels[:360], weights, generator


def shares_on_digits(digits, measure, eps):
    result = []
    for seed in range(10):
        inputs, targets, weights, generator = a_start(digits, seed)
        result.append(
            share(
                lambda there, inputs=inputs, targets=targets: measure(inputs @ there, targets),
                weights,
                eps=eps,
                count=20,
                generator=generator,
            )
        )
    return result
