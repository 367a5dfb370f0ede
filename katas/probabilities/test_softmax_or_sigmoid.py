from math import exp, log

import pytest
import torch

from dojo.checks import answer_of, assert_same, unchanged
from katas.probabilities.softmax_or_sigmoid import any_of, one_of


def test_nothing_found_still_gets_a_class(device):
    classes, probabilities = answers([[-10.0, -5.0, -10.0]], device)
    assert_same(classes, tensor([1], device), "-5 is the least improbable; one_of has to choose")
    meaning = (
        "exp(5) against 1 and 1; 0.0067 would mean a sigmoid, which asks about class 1 alone, -5 "
        "the logit itself"
    )
    assert_same(probabilities, tensor([1 / (1 + 2 * exp(-5))], device), meaning)


def test_nothing_found_is_no_class(device):
    got = any_of(tensor([[-10.0, -5.0, -10.0]], device))
    meaning = (
        "no probability is above 0.007; class 1 alone would mean that the classes competed, or "
        "that one of them was to be named, all three a sigmoid of a sigmoid, which is above 0.5"
    )
    assert_same(got, tensor([[False, False, False]], device), meaning)


def test_two_things_share_a_probability_of_1(device):
    classes, probabilities = answers([[5.0, 6.0, 4.0], [5.0, 6.0, -3.0]], device)
    assert_same(classes, tensor([1, 1], device), "the larger of the two logits")
    expected = [1 / (1 + exp(-1) + exp(-2)), 1 / (1 + exp(-1) + exp(-9))]
    meaning = (
        "one thing takes from another; 1.00 would mean a sigmoid, 0.34 sigmoids over their sum, "
        "0.73 in the first item that the third class was left out"
    )
    assert_same(probabilities, tensor(expected, device), meaning)


def test_both_of_two_things_are_found(device):
    got = any_of(tensor([[5.0, 6.0, -3.0], [0.2, -4.0, 3.0]], device))
    meaning = (
        "all positive logits are above 0.5; one class for each item would mean that classes "
        "compete, or that only the best was kept"
    )
    assert_same(got, tensor([[True, True, False], [True, False, True]], device), meaning)


def test_of_two_classes_the_difference_counts(device):
    classes, probabilities = answers([[1.0, 3.0], [-4.0, -6.0]], device)
    assert_same(classes, tensor([1, 0], device), "the larger of two logits")
    share = 1 / (1 + exp(-2))
    meaning = "2 apart, which is 0.88, the sigmoid of 2; 0.95 would mean the sigmoid of 3"
    assert_same(probabilities, tensor([share, share], device), meaning)


def test_the_surest_of_several_sure_ones(device):
    classes, _ = answers([[20.0, 30.0, 25.0], [200.0, 100.0, 300.0]], device)
    meaning = "the largest logits; 0 and 0 would mean the first of sigmoids that were rounded to 1"
    assert_same(classes, tensor([1, 2], device), meaning)


def test_7_more_on_every_logit_changes_no_choice(device):
    logits = tensor([[-10.0, -5.0, -10.0], [5.0, 6.0, -3.0]], device)
    for more in (7.0, -12.0):
        classes, probabilities = one_of(logits + more)
        expected = [1 / (1 + 2 * exp(-5)), 1 / (1 + exp(-1) + exp(-9))]
        meaning = f"with {more:g} on all logits the classes compete as before"
        assert_same(classes, tensor([1, 1], device), meaning)
        assert_same(probabilities, tensor(expected, device), meaning)


def test_7_more_on_every_logit_finds_something(device):
    got = any_of(tensor([[-10.0, -5.0, -10.0]], device) + 7)
    meaning = "(-3, 2, -3) has a yes of probability 0.88, where (-10, -5, -10) had none"
    assert_same(got, tensor([[False, True, False]], device), meaning)
    got = any_of(tensor([[-10.0, -5.0, -10.0]], device) + 20)
    meaning = "(10, 15, 10) is yes three times, where softmax sees (-10, -5, -10) again"
    assert_same(got, tensor([[True, True, True]], device), meaning)


def test_equal_logits_share_equally(device):
    for number in (2, 4):
        classes, probabilities = answers([[1.5] * number + [-100.0]], device)
        meaning = f"{number} equal logits share 1 between them"
        assert_same(probabilities, tensor([1 / number], device), meaning)
        assert classes.tolist() in [[place] for place in range(number)], (
            f"any of the first {number} classes will do, got {classes.tolist()}: one_of has to "
            "choose, however small its best probability"
        )


def test_equal_logits_are_found_together(device):
    got = any_of(tensor([[2.0, 2.0, -1.0], [-2.0, -2.0, -2.0]], device))
    expected = tensor([[True, True, False], [False, False, False]], device)
    assert_same(got, expected, "each class by itself: equal logits get equal answers")


def test_the_threshold_is_a_probability(device):
    logits = tensor([[0.3, 0.7, -0.5]], device)
    meaning = "probabilities 0.574, 0.668, 0.378"
    got = any_of(logits, threshold=0.55)
    assert_same(got, tensor([[True, True, False]], device), f"{meaning}, and 0.574 is above 0.55")
    got = any_of(logits, threshold=0.68)
    meaning = f"{meaning}, and 0.668 is not above 0.68; the logit 0.7 would be"
    assert_same(got, tensor([[False, False, False]], device), meaning)


def test_the_threshold_moves_the_line(device):
    odds = tensor([[1 / 9, 3 / 7, 1.5, 4.0]], device)  # of probabilities 0.1, 0.3, 0.6, 0.8
    for threshold, found in ((0.05, 4), (0.2, 3), (0.4, 2), (0.7, 1), (0.85, 0)):
        got = any_of(odds.log(), threshold)
        expected = tensor(
            [[probability > threshold for probability in (0.1, 0.3, 0.6, 0.8)]], device
        )
        meaning = f"of probabilities 0.1, 0.3, 0.6, 0.8 there are {found} above {threshold}"
        assert_same(got, expected, meaning)


def test_a_higher_threshold_finds_no_more(device):
    logits = tensor([[-2.0, -1.0, -0.2, 0.2, 1.0, 2.0]], device)
    found = [int(any_of(logits, threshold).sum()) for threshold in (0.1, 0.3, 0.6, 0.8, 0.9)]
    assert found == sorted(found, reverse=True), (
        f"the higher the threshold the fewer are above it, got {found} classes at 0.1, 0.3, 0.6, "
        "0.8, 0.9: more would mean that it was the absence that was compared"
    )


def test_the_line_is_at_a_half_if_nothing_is_said(device):
    got = any_of(tensor([[log(0.49 / 0.51), log(0.51 / 0.49)]], device))
    assert_same(got, tensor([[False, True]], device), "0.51 is above 0.5, and 0.49 is not")


def test_equal_to_the_threshold_is_not_above_it(device):
    got = any_of(tensor([[0.0, 1.0, -1.0]], device), 0.5)
    meaning = "a logit of 0 is a probability of just 0.5, which is not above 0.5"
    assert_same(got, tensor([[False, True, False]], device), meaning)


def test_the_other_classes_have_no_say(device):
    for others in (-50.0, 0.5, 50.0):
        got = any_of(tensor([[1.0, others, others], [-1.0, others, others]], device))[:, 0]
        meaning = f"logits 1 and -1 are yes and no, whatever the others: they are {others:g} here"
        assert_same(got, tensor([True, False], device), meaning)


def test_an_item_alone_gets_the_same(device):
    logits = tensor([[4.0, 1.0, 2.0], [9.0, 8.0, 6.0], [-3.0, -9.0, -2.0], [1, -1, 3]], device)
    classes, probabilities = one_of(logits)
    labels = any_of(logits)
    for place in range(4):
        item = logits[place : place + 1]
        meaning = f"item {place}, in a batch of 4 and alone: items have nothing to do with another"
        alone = one_of(item)
        assert_same(classes[place : place + 1], alone[0], meaning)
        assert_same(probabilities[place : place + 1], alone[1], meaning)
        assert_same(labels[place : place + 1], any_of(item), meaning)


def test_classes_come_first_and_probabilities_second(device):
    classes, probabilities = answers([[0.0, 30.0, 0.0], [0.0, 0.0, 30.0]], device)
    assert_same(classes, tensor([1, 2], device), "the first of the two results is the classes")
    meaning = "the second of the two results is the probabilities, nearly 1 here"
    assert_same(probabilities, tensor([1.0, 1.0], device), meaning)


def test_a_class_is_an_index_not_a_row(device):
    got = tuple(one_of(tensor([[0.0, 3.0, 1.0], [2.0, 0.0, 1.0]], device))[0].shape)
    assert got == (2,), f"two items have two classes, of shape (2,), got {got}"


def test_a_class_is_an_int64_index(device):
    got = one_of(tensor([[0.0, 3.0, 1.0], [2.0, 0.0, 1.0]], device))[0].dtype
    assert got == torch.int64, f"classes index tensors, so they are torch.int64, got {got}"


def test_yes_or_no_is_a_boolean(device):
    got = any_of(tensor([[0.0, 3.0, 1.0], [2.0, 0.0, 1.0]], device)).dtype
    assert got == torch.bool, f"each answer is yes or no, torch.bool, got {got}"


def test_probabilities_keep_the_dtype(device):
    got = one_of(tensor([[0.0, 3.0, 1.0], [2.0, 0.0, 1.0]], device).half())[1].dtype
    assert got == torch.float16, f"logits of torch.float16 have such probabilities, got {got}"


def test_large_logits_have_probabilities(device):
    logits = [[1_000.0, 999.0, 0.0], [-1_000.0, -1_000.0, -1_001.0], [-1_000.0, 1_000.0, 0.0]]
    _, probabilities = answers(logits, device)
    expected = [1 / (1 + exp(-1)), 1 / (2 + exp(-1)), 1.0]
    meaning = "NaN would mean that exp(1000) was divided by exp(1000), or 0 by 0"
    assert_same(probabilities, tensor(expected, device), meaning)
    got = any_of(tensor(logits, device))
    expected = [[True, True, False], [False, False, False], [False, True, False]]
    assert_same(got, tensor(expected, device), "1,000 and 999 are yes; 0 and what is below no")


def test_a_batch_of_any_size_stays_a_batch(device):
    for items, classes in ((1, 3), (0, 3), (2, 1), (1, 1)):
        logits = torch.ones(items, classes, device=device)
        why = f"there are answers where logits have shape ({items}, {classes})"
        for got in answer_of(lambda: one_of(logits), why):
            assert got.shape == (items,), (
                f"logits of shape ({items}, {classes}) give ({items},), got {tuple(got.shape)}"
            )
        labels = answer_of(lambda: any_of(logits), why)
        assert_same(labels, torch.ones(items, classes, device=device) > 0, why)


def test_the_logits_stay_as_they_are(device):
    logits = tensor([[1.0, 3.0, 1.0], [2.0, -3.0, 1.0]], device)
    with unchanged(logits):
        one_of(logits)


def test_any_of_leaves_its_logits(device):
    logits = tensor([[1.0, 3.0, 1.0], [2.0, -3.0, 1.0]], device)
    with unchanged(logits):
        any_of(logits)


@pytest.mark.parametrize("items", [10, 1_000, 10_000])
def test_benchmark(bench, device, generator, items):
    def one_by_one(logits):
        best = [item.softmax(0).max(0) for item in logits]
        probabilities, classes = zip(*best, strict=True)
        return torch.stack(classes), torch.stack(probabilities)

    def inputs():
        return (3 * torch.randn(items, 10, generator=generator).to(device),)

    bench(one_by_one, one_of, inputs)


def answers(logits, device):
    got = one_of(tensor(logits, device))
    assert isinstance(got, tuple), f"one_of gives classes and probabilities, got {got!r}"
    assert len(got) == 2, f"one_of gives two tensors, got {len(got)}"
    return got


def tensor(values, device):
    return torch.tensor(values, device=device)
