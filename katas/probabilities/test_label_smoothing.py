from math import log

import pytest
import torch
from torch.nn.functional import cross_entropy

from dojo.checks import answer_of, assert_same, unchanged
from dojo.counting import count
from katas.probabilities.label_smoothing import smooth_cross_entropy


def test_three_classes_by_hand(device):
    logits = tensor([[0.5, 0.25, 0.25]], device).log()
    got = smooth_cross_entropy(logits, tensor([0], device), 0.3)
    meaning = (
        "0.8 log(2) + (0.1 + 0.1) log(4), that is 1.2 log(2); 1.3 log(2) or 0.901 would mean 0.7 "
        "for the true class and 0.15 for each other, 1.1 log(2) or 0.762 shares of 0.7, 0.1, 0.1"
    )
    assert_same(got, tensor(1.2 * log(2), device), meaning)


def test_equal_logits_cost_the_same_for_any_eps(device):
    logits = tensor([[1.0, 1.0, 1.0, 1.0], [-2.0, -2.0, -2.0, -2.0]], device)
    for eps in (0.0, 0.2, 0.5, 1.0):
        got = smooth_cross_entropy(logits, tensor([2, 0], device), eps)
        meaning = (
            f"log(4) at eps = {eps}, for the shares of a label add up to 1: less would mean that "
            "they add up to less, more to more"
        )
        assert_same(got, tensor(log(4), device), meaning)


def test_eps_of_zero_is_cross_entropy(device, generator):
    logits, targets = drawn(5, 3, device, generator)
    got = smooth_cross_entropy(logits, targets, 0.0)
    assert_same(got, expected(logits, targets, 0.0), "eps = 0 leaves the one-hot label as it is")


def test_eps_of_one_ignores_the_targets(device):
    logits = tensor([[2.0, -1.0, 0.5]], device)
    first, *others = (smooth_cross_entropy(logits, tensor([n], device), 1.0) for n in (0, 1, 2))
    for got in others:
        meaning = "the same for each target, since all of the label is smoothed"
        assert_same(got, first, f"{meaning}; another loss would mean that one class is special")


def test_eps_of_one_asks_for_all_classes_alike(device):
    logits = tensor([[2.0, -1.0, 0.5]], device)
    got = smooth_cross_entropy(logits, tensor([1], device), 1.0)
    meaning = (
        "the mean of the three classes' losses; 5.22 would mean their sum, less than 1.1 that "
        "a mean was taken of something else, for no prediction of three classes does better"
    )
    assert_same(got, expected(logits, tensor([1], device), 1.0), meaning)


def test_no_loss_is_negative(device):
    logits = tensor([[5.0, 1.0, -2.0], [0.0, 30.0, 0.0]], device)
    for eps in (0.0, 0.5, 1.0):
        got = smooth_cross_entropy(logits, tensor([0, 1], device), eps)
        assert bool((torch.as_tensor(got) >= 0).all()), (
            f"a log-probability is never above 0, so no loss is below, got {got} at eps = {eps}: "
            "the weights belong to logs of probabilities"
        )


def test_the_loss_is_lowest_at_the_smoothed_label(device):
    # A fifth of 1 for 4 classes is 0.05 each: 0.85 for the true one.
    logits = tensor([[0.05, 0.85, 0.05, 0.05], [0.05, 0.05, 0.05, 0.85]], device).log()
    got = gradient(logits, tensor([1, 3], device), 0.2)
    meaning = (
        "predictions of 1 - eps + eps / C for the true class, and eps / C for others, can't be "
        "improved, so there is no gradient; there is one where labels are other than these"
    )
    assert_same(got, torch.zeros(2, 4, device=device), meaning)


def test_the_amount_of_smoothing_is_eps(device):
    logits = tensor([[0.0, 4.0, -2.0], [1.0, -3.0, 0.5]], device)
    targets = tensor([1, 1], device)
    for eps in (0.01, 0.05, 0.1, 0.5, 0.9):
        got = smooth_cross_entropy(logits, targets, eps)
        assert_same(got, expected(logits, targets, eps), f"smoothed by eps = {eps}")


def test_many_classes(device, generator):
    logits, targets = drawn(4, 1_000, device, generator)
    got = smooth_cross_entropy(logits, targets, 0.1)
    meaning = (
        "4 items of 1,000 classes; near 900 would mean eps for each class in place of eps / C, "
        "near 300 the C of a table of three classes"
    )
    assert_same(got, expected(logits, targets, 0.1), meaning)


def test_a_sure_prediction_of_the_wrong_class(device):
    logits = tensor([[0.0, 30.0]], device)
    got = smooth_cross_entropy(logits, tensor([0], device), 0.2)
    meaning = (
        "0.9 times 30, for a label of 0.9; 2.3 would mean that the predictions were smoothed, so "
        "that no mistake costs more than -log(eps / C)"
    )
    assert_same(got, tensor(27.0, device), meaning)


def test_high_and_low_logits_do_not_overflow(device):
    logits = tensor([[1_000.0, 999.0, 1_001.5], [-800.0, -801.0, -799.5]], device)
    targets = tensor([1, 0], device)
    got = smooth_cross_entropy(logits, targets, 0.3)
    meaning = "inf, -inf or NaN would mean that exp(1000) or the log of exp(-800) was taken"
    # Near 1,000 float32 has steps of 6e-5, and logsumexp(logits) is such a number.
    assert_same(got, expected(logits, targets, 0.3), meaning, rtol=1e-5, atol=1e-4)


def test_an_improbable_class_costs_a_finite_loss(device):
    logits = tensor([[50.0, -100.0, 0.0], [0.0, -200.0, 20.0]], device)
    targets = tensor([1, 0], device)
    got = smooth_cross_entropy(logits, targets, 0.3)
    meaning = "inf would mean the log of a softmax, in which exp(-150) became 0"
    assert_same(got, expected(logits, targets, 0.3), meaning)


def test_logits_need_not_be_normalised(device, generator):
    logits, targets = drawn(4, 3, device, generator)
    moved = logits + tensor([[5.0], [-3.0], [0.0], [20.0]], device)
    got = smooth_cross_entropy(moved, targets, 0.2)
    meaning = "one number more on all logits of an item changes nothing: a softmax does not see it"
    # Numbers up to 30 are rounded by up to 1e-6 before they are subtracted.
    assert_same(got, expected(logits, targets, 0.2), meaning, rtol=1e-5, atol=1e-5)


def test_the_classes_share_within_an_item(device):
    logits = tensor([[3.0, 0.0], [3.0, 0.0], [3.0, 0.0], [3.0, 0.0], [3.0, 0.0]], device)
    targets = tensor([0, 0, 0, 0, 0], device)
    got = smooth_cross_entropy(logits, targets, 0.2)
    meaning = "five items alike; log(5), 1.61, would mean a softmax over the items"
    assert_same(got, expected(logits, targets, 0.2), meaning)


def test_the_true_classes_are_picked_row_by_row(device):
    logits = tensor([[9.0, 0.0, 0.0], [0.0, 0.0, 9.0], [0.0, 9.0, 0.0], [9.0, 0.0, 0.0]], device)
    targets = tensor([0, 2, 1, 0], device)
    got = smooth_cross_entropy(logits, targets, 0.1)
    meaning = (
        "each item has its own target right, which leaves 0.6 for smoothing; above 5 would mean "
        "that all targets were looked up in every item"
    )
    assert_same(got, expected(logits, targets, 0.1), meaning)


def test_twice_the_items_cost_the_same(device, generator):
    logits, targets = drawn(3, 4, device, generator)
    once = expected(logits, targets, 0.1)
    got = smooth_cross_entropy(logits.repeat(2, 1), targets.repeat(2), 0.1)
    assert_same(got, once, "a mean over the items; twice as much would mean their sum")


def test_the_result_is_a_tensor(device, generator):
    got = smooth_cross_entropy(*drawn(3, 4, device, generator), 0.1)
    assert isinstance(got, torch.Tensor), (
        f"expected a tensor, got {got!r}: there is no way back from a number to the logits"
    )


def test_the_result_is_one_number(device, generator):
    for items in (1, 3):
        got = torch.as_tensor(smooth_cross_entropy(*drawn(items, 4, device, generator), 0.1))
        assert got.shape == (), (
            f"{items} items have one loss, of shape (), got shape {tuple(got.shape)}: "
            f"({items},) would mean one for each item"
        )


def test_the_gradient_reaches_every_class(device, generator):
    for eps in (0.0, 0.1, 0.7):
        logits, targets = drawn(5, 3, device, generator)
        wide = logits.detach().cpu().double().requires_grad_()
        cross_entropy(wide, targets.cpu(), label_smoothing=eps).backward()
        meaning = (
            f"the softmax less the smoothed label, over 5 items, at eps = {eps}; that of one-hot "
            "labels times 1 - eps would mean that the uniform part was left out of the graph"
        )
        assert_same(gradient(logits, targets, eps), wide.grad.float().to(device), meaning)


def test_the_dtype_is_that_of_the_logits(device, generator):
    logits, targets = drawn(3, 4, device, generator)
    logits = logits.half()
    got = smooth_cross_entropy(logits, targets, 0.1)
    # Log-probabilities of up to 8 are rounded by up to 0.004 in float16.
    meaning = "logits of float16 give a loss of float16"
    assert_same(got, expected(logits, targets, 0.1), meaning, rtol=1e-3, atol=1e-2)


def test_the_inputs_stay_as_they_are(device, generator):
    logits, targets = drawn(3, 4, device, generator)
    with unchanged(logits, targets):
        smooth_cross_entropy(logits, targets, 0.1)


def test_no_table_of_targets_is_written(device):
    counts = counted(device, items=8, number=1_000)
    written = sum(new.elements for new in counts.new) / 8_000
    assert written <= 2.5, (
        f"8 items of 1,000 classes: the new tensors hold {written:.3g} times as many numbers as "
        f"logits, where 2.5 is the most; {counts.describe()}: is there a table of labels?"
    )


def test_no_new_tensor_is_items_by_items(device):
    counts = counted(device, items=60, number=3)
    assert counts.largest <= 180, (
        f"logits of 60 items and 3 classes hold 180 numbers; {counts.describe()}: do (60, 1) and "
        "(60,) meet somewhere, or is every target looked up in every item?"
    )


def test_the_operations_do_not_grow_with_the_items(device):
    few, many = (counted(device, items=items, number=5) for items in (2, 60))
    assert many.launches <= few.launches, (
        f"2 items took {few.launches} operations, 60 items took {many.describe()}: is there a loop?"
    )


def test_beats_the_loop(race, device, generator):
    def inputs():
        return *drawn(1_000, 10, device, generator), 0.1

    race(loop, smooth_cross_entropy, inputs, at_least=20)


@pytest.mark.parametrize("items", [10, 1_000, 10_000])
def test_benchmark(bench, device, generator, items):
    bench(loop, smooth_cross_entropy, lambda: (*drawn(items, 10, device, generator), 0.1))


def loop(logits, targets, eps):
    losses = []
    for item, target in zip(logits, targets.tolist(), strict=True):
        log_probs = item.log_softmax(0)
        losses.append(-(1 - eps) * log_probs[target] - eps * log_probs.mean())
    return torch.stack(losses).mean()


def expected(logits, targets, eps):
    """What torch's own loss says in float64, rounded to the dtype of logits."""
    wide = cross_entropy(logits.cpu().double(), targets.cpu(), label_smoothing=eps)
    return wide.to(logits.dtype).to(logits.device)


def gradient(logits, targets, eps):
    logits = logits.clone().requires_grad_()
    loss = answer_of(
        lambda: smooth_cross_entropy(logits, targets, eps), "logits that require grad have a loss"
    )
    assert isinstance(loss, torch.Tensor), f"expected a tensor of rank 0, got {loss!r}"
    answer_of(loss.backward, "gradients flow back to logits")
    return logits.grad


def counted(device, items, number):
    logits = torch.ones(items, number, device=device)
    targets = torch.zeros(items, dtype=torch.int64, device=device)
    with count(device) as counts:
        smooth_cross_entropy(logits, targets, 0.1)
    return counts


def drawn(items, number, device, generator):
    logits = 2 * torch.randn(items, number, generator=generator)
    targets = torch.randint(number, (items,), generator=generator)
    return logits.to(device), targets.to(device)


def tensor(values, device):
    return torch.tensor(values, device=device)
