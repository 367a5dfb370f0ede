"""Why do mathematicians prefer the standard deviation to the mean absolute deviation?

One reason can be programmed: its square, the variance, can be put together from parts. The numbers
themselves are not needed for that.
"""

from dojo import alternative, misconception

__all__ = ["merge"]


def merge(
    a: tuple[float, float, float], b: tuple[float, float, float]
) -> tuple[float, float, float]:
    """Return count, mean and variance of two groups of numbers taken together.

    A group is known as (count, mean, variance), with the variance over count, not count - 1. The
    count is a whole number, int or float, and may be in the millions. An empty group is (0, 0.0,
    0.0): merged with another it changes nothing, and two empty ones give an empty one.

    The result is such a group too and can be merged further. But for rounding, neither the order
    nor the grouping of merges matters. Mean and variance are right to 1e-9 of their size where the
    numbers lie around 0, and to 1e-6 where they lie around 100,000,000 with a spread of 1, also
    after a thousand merges.
    """
    (count_a, mean_a, variance_a), (count_b, mean_b, variance_b) = a, b
    count = count_a + count_b
    if count == 0:
        return 0, 0.0, 0.0
    share_a, share_b = count_a / count, count_b / count
    shift = mean_b - mean_a
    variance = share_a * variance_a + share_b * variance_b + share_a * share_b * shift**2
    return count, mean_a + share_b * shift, variance


HINTS = (
    "Merge two groups of one number each, 0 and 6. Their variances are 0: where does that of the "
    "two together come from?",
    "Each group's squares about the mean of all are its squares about its own mean, plus its count "
    "times the squared distance between the two means. What does an empty group weigh?",
    "With shares p = n / (n + m) and q = m / (n + m) the mean is mean_a + q * (mean_b - mean_a), "
    "the variance p * variance_a + q * variance_b + p * q * (mean_b - mean_a)**2; look out for "
    "n + m == 0.",
)
ANSWER = """
"It makes proofs easier" is the well-known answer, and this is one reason why: variances add up from
parts, the spread within the groups plus the spread between their means. So the variance of a data
set can be computed in chunks, on many machines, or one number at a time, and batch norm can merge
its batches. Standard deviations come along, by a root at the end.

Mean absolute deviations do not add up. (-1, -1, 1, 1) and (-2, 0, 0, 2) agree in count 4, mean 0
and mean absolute deviation 1, yet joined with (1, 1, 1, 1) the one has 0.75 and the other 0.875: no
function of the three numbers can tell which, so no merge can exist.

It bites where batches are averaged: a mean of batch variances ignores that the batch means differ,
and a short last batch counts as much as a whole one. Keep squares about the mean, never the sum of
squares: around 100,000,000 a variance of 0.67 comes out as 2.0 that way.
"""


@alternative
def moves_each_group_to_the_new_mean(a, b):
    count = a[0] + b[0]
    if not count:
        return a
    mean = (a[0] * a[1] + b[0] * b[1]) / count
    squares = sum(n * (variance + (old - mean) ** 2) for n, old, variance in (a, b))
    return count, mean, squares / count


@alternative
def keeps_sums_about_the_first_mean(a, b):
    if not a[0]:
        return b
    if not b[0]:
        return a
    count, shift = a[0] + b[0], b[1] - a[1]
    moved = b[0] * shift / count
    squares = a[0] * a[2] + b[0] * (b[2] + shift**2)
    return count, a[1] + moved, squares / count - moved**2


@alternative
def averages_with_numpy(a, b):
    import numpy as np

    counts, means, variances = np.array([a, b], dtype=np.float64).T
    if not counts.any():
        return 0.0, 0.0, 0.0
    mean = np.average(means, weights=counts)
    variance = np.average(variances + (means - mean) ** 2, weights=counts)
    return [counts.sum(), mean, variance]


@alternative
def computes_in_fractions(a, b):
    from fractions import Fraction

    (n, mean_a, variance_a), (m, mean_b, variance_b) = ([Fraction(x) for x in g] for g in (a, b))
    count = n + m or Fraction(1)
    mean = (n * mean_a + m * mean_b) / count
    squares = n * (variance_a + mean_a**2) + m * (variance_b + mean_b**2)
    return int(n + m), float(mean), float(squares / count - mean**2)


def _mean(a, b):
    return a[1] + b[0] / (a[0] + b[0]) * (b[1] - a[1])


def _between(a, b):
    """The part of the variance that comes from the distance of the means."""
    return a[0] * b[0] / (a[0] + b[0]) ** 2 * (b[1] - a[1]) ** 2


def _within(a, b):
    return (a[0] * a[2] + b[0] * b[2]) / (a[0] + b[0])


def _is_empty(a, b):
    return a[0] + b[0] == 0


@misconception(
    caught_by=("test_variances_are_weighted_by_counts", "test_the_larger_group_has_more_say")
)
def averages_the_variances(a, b):
    "The variance within two groups is the mean of the two."
    if not a[0] or not b[0]:
        return a if a[0] else b
    return a[0] + b[0], _mean(a, b), (a[2] + b[2]) / 2 + _between(a, b)


@misconception(
    caught_by=("test_variances_are_weighted_by_counts", "test_equal_groups_with_equal_means")
)
def adds_the_variances(a, b):
    "Variances add up, as those of two dice do."
    if _is_empty(a, b):
        return a
    return a[0] + b[0], _mean(a, b), a[2] + b[2] + _between(a, b)


@misconception(caught_by="test_means_are_weighted_by_counts")
def averages_the_means(a, b):
    "The mean of two groups is the mean of their means."
    if not a[0] or not b[0]:
        return a if a[0] else b
    return a[0] + b[0], (a[1] + b[1]) / 2, _within(a, b) + _between(a, b)


@misconception(
    caught_by=("test_means_are_weighted_by_counts", "test_an_empty_group_is_neutral_for_the_mean")
)
def swaps_the_weights(a, b):
    "From a's mean towards b's it is the share of a."
    if _is_empty(a, b):
        return a
    mean = a[1] + a[0] / (a[0] + b[0]) * (b[1] - a[1])
    return a[0] + b[0], mean, _within(a, b) + _between(a, b)


@misconception(caught_by="test_two_single_numbers")
def ignores_the_shift(a, b):
    "The spread of two groups is the mean of their spreads, by count."
    if _is_empty(a, b):
        return a
    return a[0] + b[0], _mean(a, b), _within(a, b)


@misconception(caught_by="test_the_distance_between_unequal_groups_counts")
def halves_the_shift(a, b):
    "The common mean lies halfway, so each group is half the distance away from it."
    if not a[0] or not b[0]:
        return a if a[0] else b
    return a[0] + b[0], _mean(a, b), _within(a, b) + (b[1] - a[1]) ** 2 / 4


@misconception(caught_by="test_the_distance_between_equal_groups_counts")
def forgets_the_square(a, b):
    "The distance between the means is added as it is."
    if _is_empty(a, b):
        return a
    between = a[0] * b[0] / (a[0] + b[0]) ** 2 * abs(b[1] - a[1])
    return a[0] + b[0], _mean(a, b), _within(a, b) + between


@misconception(caught_by="test_the_order_does_not_matter")
def moves_the_second_only(a, b):
    "The first group is where it was: only the numbers of the second are away from its mean."
    if not a[0] or not b[0]:
        return a if a[0] else b
    count = a[0] + b[0]
    return count, _mean(a, b), _within(a, b) + b[0] / count * (b[1] - a[1]) ** 2


@misconception(
    caught_by=(
        "test_equal_groups_with_equal_means",
        "test_two_single_numbers",
    )
)
def divides_by_one_less(a, b):
    "A variance divides by n - 1, that of the whole too."
    if _is_empty(a, b):
        return a
    count = a[0] + b[0]
    return count, _mean(a, b), (_within(a, b) + _between(a, b)) * count / max(1, count - 1)


@misconception(caught_by="test_variances_are_weighted_by_counts")
def weighs_by_one_less(a, b):
    "Pooling weighs each variance by its degrees of freedom, n - 1, and then n counts the whole."
    if not a[0] or not b[0]:
        return a if a[0] else b
    count = a[0] + b[0]
    within = ((a[0] - 1) * a[2] + (b[0] - 1) * b[2]) / max(1, count - 2)
    return count, _mean(a, b), within + _between(a, b)


@misconception(caught_by="test_an_empty_group_is_neutral_for_the_mean")
def counts_an_empty_group_as_one(a, b):
    "A count of 0 becomes 1, so that nothing is divided by 0."
    weights = (max(1, a[0]), *a[1:]), (max(1, b[0]), *b[1:])
    if _is_empty(a, b):
        return a
    return a[0] + b[0], _mean(*weights), _within(a, b) + _between(a, b)


@misconception(caught_by="test_an_empty_group_is_neutral_for_the_variance")
def shifts_from_an_empty_group(a, b):
    "A mean of 0.0 is a mean, and its distance counts."
    if _is_empty(a, b):
        return a
    weights = (max(1, a[0]), *a[1:]), (max(1, b[0]), *b[1:])
    return a[0] + b[0], _mean(a, b), _within(a, b) + _between(*weights)


@misconception(caught_by="test_an_empty_group_is_neutral_for_the_mean")
def gives_nothing_with_an_empty_group(a, b):
    "With nothing in one of them there is nothing to merge."
    if not a[0] or not b[0]:
        return 0, 0.0, 0.0
    return a[0] + b[0], _mean(a, b), _within(a, b) + _between(a, b)


@misconception(caught_by="test_two_empty_groups_can_be_merged")
def divides_by_no_count(a, b):
    "At least one of the groups holds a number."
    return a[0] + b[0], _mean(a, b), _within(a, b) + _between(a, b)


@misconception(caught_by="test_two_empty_groups_are_an_empty_one")
def has_no_mean_when_empty(a, b):
    "Without numbers there is no mean: it is NaN."
    if _is_empty(a, b):
        return 0, float("nan"), float("nan")
    return a[0] + b[0], _mean(a, b), _within(a, b) + _between(a, b)


@misconception(caught_by="test_far_from_zero_the_digits_are_kept")
def goes_through_the_sum_of_squares(a, b):
    "The variance is the mean of squares minus the square of the mean, in floats as on paper."
    if _is_empty(a, b):
        return a
    (n, mean_a, variance_a), (m, mean_b, variance_b) = a, b
    mean = (n * mean_a + m * mean_b) / (n + m)
    squares = n * (variance_a + mean_a**2) + m * (variance_b + mean_b**2)
    return n + m, mean, squares / (n + m) - mean**2


@misconception(
    caught_by=("test_far_from_zero_the_digits_are_kept", "test_a_thousand_numbers_one_at_a_time")
)
def computes_in_float32(a, b):
    "A tensor computes as exactly as a Python float."
    import torch

    if _is_empty(a, b):
        return a
    count = a[0] + b[0]
    means, variances = torch.tensor([a[1], b[1]]), torch.tensor([a[2], b[2]])
    weights = torch.tensor([a[0] / count, b[0] / count])
    mean = weights @ means
    return count, mean.item(), (weights @ (variances + (means - mean) ** 2)).item()


@misconception(caught_by="test_counts_add_up")
def keeps_the_first_count(a, b):
    "The first group takes in the second, and stays what it is."
    if not a[0]:
        return b
    return a[0], _mean(a, b), _within(a, b) + _between(a, b)


@misconception(caught_by="test_equal_groups_with_equal_means")
def returns_the_deviation(a, b):
    "Spread is the root of the mean square, whatever it is called."
    if _is_empty(a, b):
        return a
    return a[0] + b[0], _mean(a, b), (_within(a, b) + _between(a, b)) ** 0.5
