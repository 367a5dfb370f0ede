from collections import Counter
from itertools import combinations, product

import pytest
import torch

from dojo.checks import answer_of, assert_refused
from katas.data.small_dataset import subset

# Places of 7: 1, 5, 8, 12; of -2: 0, 2, 3, 6, 9, 11; of 30: 4, 7, 10.
LABELS = (-2, 7, -2, -2, 30, 7, -2, 30, 7, -2, 30, -2, 7)
SIZES = {7: 4, -2: 6, 30: 3}


def test_each_class_has_as_many_as_asked(generator):
    for classes in ([7, -2], [30, 7, -2], [30]):
        for per_class in (1, 2, 3):
            got = classes_of(drawn(LABELS, classes, per_class, generator))
            expected = dict.fromkeys(classes, per_class)
            assert all(got[label] == per_class for label in classes), (
                f"{per_class} of each of the classes {classes}: expected {expected}, got "
                f"{dict(got)}. Are the indices places in labels?"
            )


def test_other_classes_stay_out(generator):
    for classes in ([7, -2], [30], [7]):
        got = set(classes_of(drawn(LABELS, classes, 2, generator)))
        assert got <= set(classes), f"classes {classes} were asked for, and {got} are drawn"


def test_no_example_comes_twice(generator):
    for _ in range(20):
        got = drawn(LABELS, [-2, 7], 4, generator)
        assert len(set(got)) == len(got), f"an index comes twice in {sorted(got)}"


def test_a_whole_class_can_be_drawn(generator):
    for label, places in ((7, [1, 5, 8, 12]), (30, [4, 7, 10])):
        got = sorted(drawn(LABELS, [label], len(places), generator))
        assert got == places, f"all {len(places)} examples of class {label} are {places}, got {got}"


def test_balance_is_not_left_to_chance(generator):
    labels = [0] * 500 + [1] * 5
    for _ in range(5):
        got = Counter(labels[i] for i in drawn(labels, [0, 1], 5, generator))
        assert got == {0: 5, 1: 5}, f"5 of each, where one class is rare, got {dict(got)}"


def test_every_example_is_equally_likely(generator):
    counts = Counter()
    for _ in range(600):
        counts.update(drawn(LABELS, [-2, 7], 2, generator))
    for label in (-2, 7):
        for place in (i for i, each in enumerate(LABELS) if each == label):
            share, expected = counts[place] / 600, 2 / SIZES[label]
            # At least 5 standard deviations.
            assert abs(share - expected) < 0.11, (
                f"2 of the {SIZES[label]} examples of class {label}, 600 times: the one at "
                f"{place} is due in {expected:.0%} of them, got {share:.0%}"
            )


def test_any_two_examples_of_a_class_can_come_together(generator):
    counts = Counter()
    for _ in range(600):
        counts[tuple(sorted(drawn(LABELS, [-2], 2, generator)))] += 1
    for pair in combinations((0, 2, 3, 6, 9, 11), 2):
        # 40 each, with a deviation of 6.1.
        assert 9 < counts[pair] < 72, (
            f"2 of 6 examples, 600 times: each of 15 pairs comes about 40 times, {pair} came "
            f"{counts[pair]} times. Are they drawn one by one?"
        )


def test_classes_are_drawn_independently(generator):
    labels = [5, 6, 6, 5]
    counts = Counter()
    for _ in range(400):
        counts[tuple(sorted(drawn(labels, [5, 6], 1, generator)))] += 1
    for pair in product((0, 3), (1, 2)):
        pair = tuple(sorted(pair))
        # 100 each, with a deviation of 8.7.
        assert 55 < counts[pair] < 145, (
            f"one of two examples from each of two classes, 400 times: each of the 4 outcomes "
            f"comes about 100 times, {pair} came {counts[pair]} times"
        )


def test_equal_states_give_equal_indices():
    first, second = (
        drawn(LABELS * 9, [-2, 7], 5, torch.Generator().manual_seed(3)) for _ in range(2)
    )
    assert first == second, (
        f"the generator was in one state both times, the indices are {first} and {second}: is it "
        "the only source of chance?"
    )


def test_another_seed_gives_other_indices():
    got = {
        tuple(drawn(LABELS * 9, [-2, 7], 5, torch.Generator().manual_seed(seed)))
        for seed in range(3)
    }
    assert len(got) == 3, f"three seeds, and {len(got)} different draws of 5 from 54 and from 36"


def test_another_state_gives_other_indices(generator):
    got = [tuple(drawn(LABELS * 9, [-2, 7], 5, generator)) for _ in range(3)]
    assert len(set(got)) == 3, (
        f"the generator went on between three draws, and {len(set(got))} of them differ"
    )


def test_the_global_generator_is_left_alone(generator):
    before = torch.get_rng_state()
    drawn(LABELS, [-2, 7], 3, generator)
    assert torch.equal(torch.get_rng_state(), before), "torch's global generator was drawn from"


def test_the_result_is_one_row_of_int64(generator):
    for classes, per_class in (([-2, 7], 3), ([30], 1)):
        got = answer(LABELS, classes, per_class, generator)
        assert isinstance(got, torch.Tensor), f"expected a tensor, got a {type(got).__name__}"
        expected = (len(classes) * per_class,)
        assert (tuple(got.shape), got.dtype) == (expected, torch.int64), (
            f"{per_class} of {len(classes)} classes are an int64 tensor of shape {expected}, got "
            f"{got.dtype} of shape {tuple(got.shape)}"
        )


def test_labels_may_be_a_tensor(generator):
    for dtype in (torch.int64, torch.int8):
        got = classes_of(drawn(torch.tensor(LABELS, dtype=dtype), [7, -2], 3, generator))
        assert got == {7: 3, -2: 3}, f"labels as a tensor of {dtype}: 3 of each, got {dict(got)}"


def test_no_classes_no_indices(generator):
    got = tuple(torch.as_tensor(answer(LABELS, [], 3, generator)).shape)
    assert got == (0,), f"no classes: a tensor of shape (0,), got shape {got}"


def test_no_indices_are_int64_too(generator):
    got = answer(LABELS, [], 3, generator)
    assert isinstance(got, torch.Tensor), f"expected a tensor, got a {type(got).__name__}"
    assert got.dtype == torch.int64, f"no classes: an int64 tensor, got {got.dtype}"


def test_a_class_with_too_few_is_refused(generator):
    for per_class in (18, 35):
        why = f"class 21 has 17 examples, not {per_class}"
        assert_refused(lambda: subset(few(), [34, 21], per_class, generator), ValueError, why)


def test_a_class_without_examples_is_refused(generator):
    for labels in (few(), []):
        why = f"class 45 has none of {len(labels)} examples"
        assert_refused(lambda: subset(labels, [45], 3, generator), ValueError, why)


def test_the_refusal_names_the_class_and_the_counts(generator):
    for label, has, asked in ((21, 17, 18), (21, 17, 35), (34, 40, 66), (45, 0, 3)):
        why = f"class {label} has {has} examples, not {asked}"
        assert_refused(
            lambda: subset(few(), [label], asked, generator),
            ValueError,
            why,
            mentions=(label, has, asked),
        )


def test_a_repeated_class_is_refused(generator):
    for classes in ([21, 34, 21], [21, 21]):
        assert_refused(
            lambda: subset([21, 34] * 20, classes, 2, generator),
            ValueError,
            f"class 21 stands twice in {classes}",
            mentions=(21,),
        )


def test_labels_stay_as_they_are(generator):
    for labels in (list(LABELS), torch.tensor(LABELS)):
        classes = [7, -2]
        answer_of(lambda: subset(labels, classes, 3, generator), "3 of each of [7, -2]")
        assert list(labels) == list(LABELS), f"labels {list(LABELS)} were changed to {labels}"
        assert classes == [7, -2], f"classes [7, -2] were changed to {classes}"


def test_verdicts_on_it_carry_over(digits):
    small, large, _ = verdicts(digits)
    # 4.5 points; 2 to 7 in each of 50 splits. With 2 of each it is 15 to 31.
    assert large - small < 0.1, (
        f"the nearest neighbour is right on {large:.1%} of held-out digits, and on {small:.1%} "
        "with 20 of each to choose from: a useful subset costs less than 10 points"
    )


def test_the_better_method_is_better_on_it(digits):
    small, _, baseline = verdicts(digits)
    # By 8 points (7.3 to 9.2 over 10 times 5 splits); with one of each by 0.9 to 3.3.
    assert small - baseline > 0.045, (
        f"with 20 of each the nearest neighbour is right on {small:.1%} of held-out digits, pixel "
        f"similarity on {baseline:.1%}: it is better by 10 points on all digits, and has to be "
        "clearly better on the subset"
    )


def few():
    """17 of class 21, 40 of class 34."""
    return [21] * 17 + [34] * 40


def verdicts(digits):
    """Accuracies on held-out digits: nearest neighbour of 20 of each, of all; pixels of 20 of each.

    Pixels: the least mean absolute difference from a digit's mean picture. Means of five splits.
    """
    return torch.tensor([verdicts_of(digits, seed) for seed in range(5)]).mean(0).tolist()


def verdicts_of(digits, seed):
    train, valid = digits.split(0.7, seed)
    if train.labels.bincount(minlength=10).min() < 20:
        pytest.skip("the digits lack one of the ten, or have fewer than 20 of it")
    images, held_out = (part.images.flatten(1) / 255 for part in (train, valid))
    generator = torch.Generator().manual_seed(seed)
    places = drawn(train.labels, list(range(10)), 20, generator)
    chosen, labels = images[places], train.labels[places]
    nearest = labels[torch.cdist(held_out, chosen).argmin(1)]
    nearest_of_all = train.labels[torch.cdist(held_out, images).argmin(1)]
    found = labels.unique()
    ideals = torch.stack([chosen[labels == k].mean(0) for k in found])
    similar = found[torch.cdist(held_out, ideals, p=1).argmin(1)]
    predicted = nearest, nearest_of_all, similar
    return [(p == valid.labels).float().mean().item() for p in predicted]


def answer(labels, classes, per_class, generator):
    why = f"{len(labels)} examples have {per_class} of each of {classes}"
    mine = labels.clone() if isinstance(labels, torch.Tensor) else list(labels)
    return answer_of(lambda: subset(mine, list(classes), per_class, generator), why)


def drawn(labels, classes, per_class, generator):
    """The indices as a list, once they are known to be places in labels."""
    got = answer(labels, classes, per_class, generator)
    places = answer_of(lambda: [int(i) for i in got], "the answer is a row of indices")
    wrong = [i for i in places if not 0 <= i < len(labels)]
    assert not wrong, f"labels have places 0 to {len(labels) - 1}, got {wrong[0]}"
    return places


def classes_of(places):
    return Counter(LABELS[i] for i in places)
