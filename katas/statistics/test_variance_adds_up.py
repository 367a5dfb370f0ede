import numpy as np
import torch

from dojo.checks import answer_of
from katas.statistics.variance_adds_up import merge

EMPTY = (0, 0.0, 0.0)


def test_counts_add_up():
    for a, b, expected in (
        ((2, 1.0, 1.0), (3, 1.0, 1.0), 5),
        ((2.0, 1.0, 1.0), (3.0, 1.0, 1.0), 5.0),
        ((10**6, 2.0, 1.0), (3 * 10**6, 6.0, 1.0), 4 * 10**6),
    ):
        got = merged(a, b)[0]
        assert got == expected, f"{a[0]:,} numbers and {b[0]:,} are {expected:,}, got {got:,}"


def test_means_are_weighted_by_counts():
    mean = merged((1, 0.0, 2.0), (3, 4.0, 2.0))[1]
    assert_near(
        mean,
        3.0,
        "the mean of one number around 0 and three around 4; 2 would mean that the means count the "
        "same, 1 that the weights are swapped",
    )


def test_equal_groups_with_equal_means():
    variance = merged((5, -3.0, 4.0), (5, -3.0, 4.0))[2]
    assert_near(
        variance,
        4.0,
        "a group of variance 4 merged with its like; 8 would mean that variances were added, 4.44 "
        "a division by n - 1, 2 a standard deviation",
    )


def test_variances_are_weighted_by_counts():
    variance = merged((3, 5.0, 2.0), (1, 5.0, 6.0))[2]
    assert_near(
        variance,
        3.0,
        "the variance of three numbers with 2 and one with 6, around the same mean; 8 would mean "
        "a sum, 2 weights of n - 1, 4 that both count the same or a division by n - 1",
    )


def test_the_larger_group_has_more_say():
    variance = merged((6, 5.0, 2.0), (2, 5.0, 6.0))[2]
    assert variance < 4, (
        f"six numbers have variance 2, two have 6, around the same mean: together it is nearer to "
        f"2, got {variance:.4g}; 4 would mean that both count the same, 8 a sum"
    )


def test_two_single_numbers():
    variance = merged((1, -1.0, 0.0), (1, 1.0, 0.0))[2]
    assert_near(
        variance,
        1.0,
        "the variance of -1 and 1; 0 would mean that the distance between them was left out, 2 a "
        "division by n - 1, 0.5 that it was not squared",
    )


def test_the_distance_between_equal_groups_counts():
    # -1 and 1, 5 and 7: each two lie 2 and 4 from their common mean of 3.
    variance = merged((2, 0.0, 1.0), (2, 6.0, 1.0))[2]
    assert_near(
        variance,
        10.0,
        "the variance of -1, 1, 5, 7; 1 would mean that the distance between the means, 6, was "
        "left out, 2.5 that it was not squared, 19 that only one group was moved, 13.3 a division "
        "by n - 1",
    )


def test_the_distance_between_unequal_groups_counts():
    variance = merged((1, 0.0, 0.0), (3, 4.0, 0.0))[2]
    assert_near(
        variance,
        3.0,
        "the variance of 0, 4, 4, 4: their mean is 3, so (9 + 1 + 1 + 1) / 4; 4 would mean that "
        "each group is half of the distance away, 0 that the distance was left out",
    )


def test_the_order_does_not_matter():
    a, b = (2, 1.0, 0.5), (5, -7.0, 3.0)
    assert_same_group(merged(b, a), merged(a, b), f"{a} and {b} in the other order")


def test_the_grouping_does_not_matter():
    a, b, c = (2, 1.0, 0.5), (5, -7.0, 3.0), (1, 12.0, 0.0)
    left, right = merged(merged(a, b), c), merged(a, merged(b, c))
    assert_same_group(left, right, "(a with b) with c is a with (b with c)")


def test_wherever_the_data_is_split(generator):
    numbers = torch.randn(12, generator=generator, dtype=torch.float64).exp() - 1
    for place in range(1, 12):
        got = merged(group(numbers[:place]), group(numbers[place:]))
        meaning = f"12 numbers, split into {place} and {12 - place} and merged, are the whole"
        assert_same_group(got, group(numbers), meaning)


def test_a_thousand_numbers_one_at_a_time(generator):
    numbers = 3 + torch.randn(1000, generator=generator, dtype=torch.float64)
    together = EMPTY
    for number in numbers.tolist():
        together = merged(together, (1, number, 0.0))
    meaning = "1,000 numbers merged one by one, each a group of its own with variance 0"
    assert_same_group(together, group(numbers), meaning)


def test_an_empty_group_is_neutral_for_the_mean():
    for other in ((3, 8.0, 2.5), (1, -6.0, 0.0)):
        for a, b in ((EMPTY, other), (other, EMPTY)):
            meaning = f"the mean of {a} merged with {b}: an empty group has no weight"
            assert_near(merged(a, b)[1], other[1], meaning)


def test_an_empty_group_is_neutral_for_the_variance():
    for other in ((3, 8.0, 2.5), (1, -6.0, 0.0)):
        for a, b in ((EMPTY, other), (other, EMPTY)):
            meaning = f"the variance of {a} merged with {b}: an empty group is no distance away"
            assert_near(merged(a, b)[2], other[2], meaning)


def test_two_empty_groups_can_be_merged():
    count = merged(EMPTY, EMPTY)[0]
    assert count == 0, f"two empty groups hold no numbers, got a count of {count}"


def test_two_empty_groups_are_an_empty_one():
    got = merged(EMPTY, EMPTY)
    assert got == EMPTY, f"two empty groups give (0, 0.0, 0.0), got {got}"


def test_far_from_zero_the_digits_are_kept():
    far = 100_000_000.0
    for a, b, expected, numbers in (
        ((2, far - 0.5, 0.25), (1, far + 1, 0.0), (3, far, 2 / 3), "-1, 0 and 1"),
        ((1, far - 3, 0.0), (2, far + 1.5, 0.25), (3, far, 14 / 3), "-3, 1 and 2"),
        (EMPTY, (3, far, 2 / 3), (3, far, 2 / 3), "-1, 0 and 1"),
    ):
        for got, right, name in zip(
            merged(a, b)[1:], expected[1:], ("mean", "variance"), strict=True
        ):
            # What the stub allows.
            assert abs(got - right) <= 1e-6, (
                f"100,000,000 plus {numbers}, merged from {a} and {b}: {name} {right:.9g}, got "
                f"{got:.9g}: squares of such numbers, or float32, have no digits left for it"
            )


def merged(a, b):
    """The three parts of a merge, as a tuple."""

    def parts():
        count, mean, variance = merge(a, b)
        return count, float(mean), float(variance)

    return answer_of(parts, f"{a} and {b} merge to (count, mean, variance)")


def group(numbers):
    """Count, mean and variance of numbers that are all there."""
    values = numbers.numpy()
    return len(values), float(np.mean(values)), float(np.var(values))


def assert_same_group(got, expected, meaning):
    assert got[0] == expected[0], f"{meaning}: count {expected[0]}, got {got[0]}"
    assert_near(got[1], expected[1], f"the mean: {meaning}")
    assert_near(got[2], expected[2], f"the variance: {meaning}")


def assert_near(got, expected, meaning):
    # What the stub allows for numbers around 0.
    assert abs(got - expected) <= 1e-9 * max(1, abs(expected)), (
        f"expected {expected:.10g}, got {got:.10g}: {meaning}"
    )
