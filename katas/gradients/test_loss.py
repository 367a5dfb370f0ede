import pytest
import torch

from dojo.checks import assert_refused, assert_same, unchanged
from katas.gradients.loss import digit_loss


def test_three_predictions(device):
    got = digit_loss(probabilities([0.9, 0.4, 0.2], device), labels([1, 0, 1], device))
    expected = torch.tensor(1.3 / 3, device=device)
    meaning = (
        "0.1, 0.4 and 0.8 are wrong by 0.433 on average; 0.567 would mean that right and wrong "
        "were swapped, 0.3 that label 0 was left out, 0.333 that answers were counted"
    )
    assert_same(got, expected, meaning)


def test_it_is_zero_for_a_perfect_model(device):
    got = digit_loss(probabilities([1.0, 0.0, 1.0], device), labels([1, 0, 1], device)).item()
    assert got == 0, f"nothing is wrong, so 0, got {got:.3g}: 0.35 means a sigmoid on probabilities"


def test_it_is_one_for_a_model_that_is_wrong_throughout(device):
    got = digit_loss(probabilities([0.0, 1.0, 0.0], device), labels([1, 0, 1], device)).item()
    assert got == 1, f"each is as wrong as can be, by 1, got {got:.3g}"


def test_it_is_never_below_zero(device):
    for targets in ([1, 1, 1], [0, 0, 1], [0, 1, 0]):
        got = digit_loss(probabilities([0.5, 0.25, 0.75], device), labels(targets, device)).item()
        assert got > 0, (
            f"labels {targets}: something is wrong with each prediction, got a loss of {got:.3g}: "
            "without abs() errors of both signs cancel"
        )


def test_it_falls_when_a_prediction_gets_better(device):
    values, targets = [0.9, 0.4, 0.2, 0.6], [1, 0, 1, 0]
    before = digit_loss(probabilities(values, device), labels(targets, device)).item()
    for place, target in enumerate(targets):
        better = list(values)
        better[place] += 0.05 if target else -0.05
        after = digit_loss(probabilities(better, device), labels(targets, device)).item()
        assert after < before, (
            f"prediction {place} came 0.05 closer to its label {target}, and the loss went from "
            f"{before:.4g} to {after:.4g}: a count of wrong answers does not notice"
        )


def test_gradients_flow_back(device):
    predictions = probabilities([0.9, 0.4], device).requires_grad_()
    got = digit_loss(predictions, labels([1, 0], device))
    assert getattr(got, "requires_grad", False), "the loss has no graph: nothing can be learnt"


def test_the_slope_is_the_same_for_all(device):
    predictions = probabilities([0.9, 0.4, 0.2, 0.6], device).requires_grad_()
    loss = digit_loss(predictions, labels([1, 0, 1, 0], device))
    [got] = torch.autograd.grad(loss, predictions)
    expected = torch.tensor([-0.25, 0.25, -0.25, 0.25], device=device)
    meaning = "up for label 1, down for label 0, by 1 / 4 each; zeros would mean a count of answers"
    assert_same(got, expected, meaning)


def test_a_batch_twice_over_has_the_same_loss(device):
    predictions, targets = probabilities([0.9, 0.4, 0.2], device), labels([1, 0, 1], device)
    got = digit_loss(predictions.repeat(2), targets.repeat(2))
    meaning = "the same examples twice; twice the loss would mean a sum"
    assert_same(got, digit_loss(predictions, targets), meaning)


def test_an_axis_more_is_refused(device):
    for one, other in (((3,), (3, 1)), ((3, 1), (3,))):
        assert_refuses_shapes(one, other, device)


def test_another_count_is_refused(device):
    for one, other in (((1,), (3,)), ((3,), (1,)), ((3,), (2,))):
        assert_refuses_shapes(one, other, device)


def test_it_is_a_tensor_of_rank_zero(device, float64):
    for dtype in (torch.float32, float64):
        predictions = probabilities([0.75, 0.5], device).to(dtype)
        got = digit_loss(predictions, labels([1, 0], device))
        assert_same(got, torch.tensor(0.375, dtype=dtype, device=device), f"predictions {dtype}")


def test_predictions_stay_as_they_are(device):
    predictions, targets = probabilities([0.9, 0.4], device), labels([1, 0], device)
    with unchanged(predictions, targets):
        digit_loss(predictions, targets)


@pytest.mark.parametrize("examples", [10, 1_000, 10_000])
def test_benchmark(bench, device, generator, examples):
    def one_by_one(predictions, targets):
        pairs = zip(predictions, targets, strict=True)
        return torch.stack([(prediction - target).abs() for prediction, target in pairs]).mean()

    def inputs():
        targets = torch.randint(2, (examples,), generator=generator)
        return torch.rand(examples, generator=generator).to(device), targets.to(device)

    bench(one_by_one, digit_loss, inputs)


def assert_refuses_shapes(one, other, device):
    predictions = torch.full(one, 0.5, device=device)
    targets = torch.ones(other, dtype=torch.int64, device=device)
    assert_refused(
        lambda: digit_loss(predictions, targets),
        ValueError,
        f"predictions of shape {one} and labels of shape {other} are no pairs",
        mentions=(*one, *other),
    )


def probabilities(values, device):
    return torch.tensor(values, device=device)


def labels(values, device):
    return torch.tensor(values, device=device)
