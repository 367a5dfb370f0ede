"""Which of two measures of spread reacts more to an outlier?

The two are the standard deviation and the mean absolute deviation. Measure what one number does to
each, then compare.
"""

import torch
from jaxtyping import Float64
from torch import Tensor

from dojo import alternative, misconception

__all__ = ["outlier_effect"]


def outlier_effect(x: Float64[Tensor, " n"], outlier: float) -> tuple[float, float]:
    """Return by what factor two measures of spread grow when one more number joins x.

    The first factor is that of the standard deviation (n - 1), the second that of the mean absolute
    deviation (about the mean, over n). Each is the spread of all n + 1 numbers over the spread of x
    alone: 3.0 means three times as wide, and below 1 that the spread has shrunk. Both are Python
    floats, right to 1e-6 of their size, also for numbers around 10,000,000 with a spread of 1.

    x is on the CPU, has at least one number, in any order, and is left as it is. The number that
    joins may lie anywhere, be it at the mean of x or a million deviations from it, on either side.

    Raises:
        ValueError: all numbers in x are equal, or there is only one, whichever number it is (0.1
            too): no factor leads away from a spread of 0.
    """
    if x.min() == x.max():
        raise ValueError(f"the numbers in x, {len(x)} in all, do not differ: give some that do")
    joined = torch.cat([x, x.new_tensor([outlier])])
    standard = joined.std() / x.std()
    absolute = _mean_absolute_deviation(joined) / _mean_absolute_deviation(x)
    return standard.item(), absolute.item()


def _mean_absolute_deviation(x: Tensor) -> Tensor:
    return (x - x.mean()).abs().mean()


HINTS = (
    "Build the longer list of numbers, and keep the shorter one: you need the spread of both.",
    "torch.cat joins two tensors, so the number has to become one of shape (1,) and of x's dtype. "
    "What is the mean that the n + 1 numbers deviate from?",
    "joined = torch.cat([x, x.new_tensor([outlier])]); then joined.std() / x.std(), and the same "
    "with (t - t.mean()).abs().mean(). First raise ValueError if x.min() == x.max().",
)
ANSWER = """
As a rule the standard deviation: it squares deviations before it averages them, so one that is ten
times as large counts a hundred times as much. A number k deviations from the mean multiplies the
standard deviation by the root of (n - 1) / n + k² / (n + 1), whatever the other numbers are: with n
= 100 and k = 10 by 1.41, where the mean absolute deviation of normal data grows by about 1.12.

It is a rule and no law, as it is often told. Append 9 to (-1, 1): the standard deviation grows by
3.74, the mean absolute deviation by 4. Of 100 draws of 3 normal numbers the mean absolute deviation
grew as much or more in 33 to 71, depending on how far out the newcomer was; with 50 heavy-tailed
numbers and an outlier at 5 deviations in 46 of 100. Where the data has outliers already, one more
changes little. A number at the mean makes both shrink, and neither is robust: far enough out, one
number decides both. For that there is the median of the absolute deviations.
"""


@alternative
def asks_numpy(x, outlier):
    import numpy as np

    before = x.numpy()
    if np.ptp(before) == 0:
        raise ValueError(f"the numbers in x are all {before[0]}")
    after = np.append(before, outlier)
    absolute = [np.abs(part - part.mean()).mean() for part in (before, after)]
    return after.std(ddof=1) / before.std(ddof=1), absolute[1] / absolute[0]


@alternative
def uses_the_standard_library(x, outlier):
    import statistics

    before = x.tolist()
    if len(set(before)) == 1:
        raise ValueError(f"{before[0]} is the only number there is")
    after = [*before, outlier]

    def absolute(numbers):
        mean = statistics.fmean(numbers)
        return statistics.fmean(abs(number - mean) for number in numbers)

    return statistics.stdev(after) / statistics.stdev(before), absolute(after) / absolute(before)


@alternative
def needs_the_distance_only(x, outlier):
    if (x == x[0]).all():
        raise ValueError("x is constant")
    n, mean, far = len(x), x.mean().item(), outlier - x.mean().item()
    deviations = x - mean
    grown = (n - 1) / n + (far / x.std().item()) ** 2 / (n + 1)
    # The mean moves by far / (n + 1), so the newcomer is far * n / (n + 1) from the new one.
    moved = (deviations - far / (n + 1)).abs().sum().item() + abs(far) * n / (n + 1)
    return grown**0.5, moved / (n + 1) / deviations.abs().mean().item()


@alternative
def pads_and_centres(x, outlier):
    if x.unique().numel() < 2:
        raise ValueError("x has no spread")
    wider = torch.nn.functional.pad(x, (0, 1), value=outlier)
    before, after = x - x.mean(), wider - wider.mean()
    standard = after.norm() / len(x) ** 0.5 / (before.norm() / (len(x) - 1) ** 0.5)
    return float(standard), float(after.abs().mean() / before.abs().mean())


def _refuse_constant(x):
    if x.min() == x.max():
        raise ValueError(f"all {len(x)} numbers are equal")


def _joined(x, outlier):
    return torch.cat([x, x.new_tensor([outlier])])


def _standard_deviation(x):
    return ((x - x.mean()).square().sum() / (len(x) - 1)).sqrt()


def _factors(before, after, standard=_standard_deviation, absolute=_mean_absolute_deviation):
    """Both factors, of numbers that may be constant."""
    return (
        (standard(after) / standard(before)).item(),
        (absolute(after) / absolute(before)).item(),
    )


@misconception(
    caught_by=("test_a_far_number_widens_both", "test_the_growth_of_the_standard_deviation")
)
def divides_the_wrong_way(x, outlier):
    "Growth is before over after."
    _refuse_constant(x)
    standard, absolute = _factors(x, _joined(x, outlier))
    return 1 / standard, 1 / absolute


@misconception(caught_by="test_another_number_gives_other_factors")
def overwrites_the_baseline(x, outlier):
    "Once the number has joined, x is all there is to compare with."
    _refuse_constant(x)
    x = _joined(x, outlier)
    return _factors(x, x)


@misconception(
    caught_by=("test_the_growth_of_the_mean_absolute_deviation", "test_the_order_of_x_is_all_one")
)
def replaces_the_last(x, outlier):
    "The outlier takes the place of a number, so that there are as many before as after."
    _refuse_constant(x)
    return _factors(x, torch.cat([x[:-1], x.new_tensor([outlier])]))


@misconception(caught_by="test_far_out_the_standard_deviation_grows_more")
def swaps_the_two(x, outlier):
    "The order in which two results are returned is all one."
    _refuse_constant(x)
    return _factors(x, _joined(x, outlier))[::-1]


@misconception(caught_by="test_the_unit_does_not_matter")
def takes_differences(x, outlier):
    "What something grows by is the difference."
    _refuse_constant(x)
    after = _joined(x, outlier)
    absolute = _mean_absolute_deviation(after) - _mean_absolute_deviation(x)
    return (after.std() - x.std()).item(), absolute.item()


@misconception(
    caught_by=("test_the_growth_follows_from_the_distance", "test_the_distance_of_no_change")
)
def divides_by_n(x, outlier):
    "A standard deviation is the root of a mean, and a mean divides by n."
    _refuse_constant(x)

    def standard(numbers):
        return numbers.std(correction=0)

    return _factors(x, _joined(x, outlier), standard=standard)


@misconception(caught_by="test_a_number_at_the_mean_lowers_the_standard_deviation")
def forgets_the_root(x, outlier):
    "Variance and standard deviation grow alike."
    _refuse_constant(x)
    return _factors(x, _joined(x, outlier), standard=torch.var)


@misconception(caught_by="test_a_number_at_the_mean_lowers_the_mean_absolute_deviation")
def absolute_over_n_minus_one(x, outlier):
    "Both measures divide by n - 1."
    _refuse_constant(x)

    def absolute(numbers):
        return (numbers - numbers.mean()).abs().sum() / (len(numbers) - 1)

    return _factors(x, _joined(x, outlier), absolute=absolute)


@misconception(caught_by="test_a_number_at_the_mean_lowers_the_mean_absolute_deviation")
def sums_the_deviations(x, outlier):
    "The counts cancel in a ratio, so sums will do."
    _refuse_constant(x)

    def absolute(numbers):
        return (numbers - numbers.mean()).abs().sum()

    return _factors(x, _joined(x, outlier), absolute=absolute)


@misconception(caught_by=("test_the_growth_of_the_mean_absolute_deviation", "test_numpy_agrees"))
def deviates_from_the_median(x, outlier):
    "The mean absolute deviation is taken about the median, which an outlier does not move."
    _refuse_constant(x)

    def absolute(numbers):
        return (numbers - numbers.quantile(0.5)).abs().mean()

    return _factors(x, _joined(x, outlier), absolute=absolute)


@misconception(caught_by="test_the_growth_of_the_mean_absolute_deviation")
def takes_the_median_of_deviations(x, outlier):
    "MAD is the median of the absolute deviations."
    _refuse_constant(x)

    def absolute(numbers):
        return (numbers - numbers.quantile(0.5)).abs().quantile(0.5)

    return _factors(x, _joined(x, outlier), absolute=absolute)


@misconception(caught_by="test_the_growth_of_the_mean_absolute_deviation")
def keeps_the_old_mean(x, outlier):
    "A single number hardly moves the mean, so the old one serves for both."
    _refuse_constant(x)
    before, after = x - x.mean(), _joined(x, outlier) - x.mean()
    standard = (after.square().sum() / len(x)).sqrt() / x.std()
    return standard.item(), (after.abs().mean() / before.abs().mean()).item()


@misconception(caught_by="test_two_numbers_can_tell_otherwise")
def puts_the_larger_first(x, outlier):
    "The standard deviation always reacts more, so the larger factor is its own."
    _refuse_constant(x)
    standard, absolute = _factors(x, _joined(x, outlier))
    return max(standard, absolute), min(standard, absolute)


@misconception(caught_by="test_a_number_at_the_mean_shrinks_both")
def never_shrinks(x, outlier):
    "One more number can only widen the spread."
    _refuse_constant(x)
    standard, absolute = _factors(x, _joined(x, outlier))
    return max(1.0, standard), max(1.0, absolute)


@misconception(caught_by="test_the_side_does_not_matter")
def ignores_low_numbers(x, outlier):
    "An outlier is a number that is too large."
    _refuse_constant(x)
    return _factors(x, _joined(x, outlier)) if outlier >= x.min() else (1.0, 1.0)


@misconception(caught_by="test_the_standard_deviation_far_from_zero")
def subtracts_large_squares(x, outlier):
    "The variance is the mean of squares minus the square of the mean, in numbers as well."
    _refuse_constant(x)

    def standard(numbers):
        n = len(numbers)
        variance = (numbers.square().mean() - numbers.mean().square()) * n / (n - 1)
        return variance.clamp_min(0).sqrt()

    return _factors(x, _joined(x, outlier), standard=standard)


@misconception(
    caught_by=(
        "test_the_standard_deviation_far_from_zero",
        "test_the_mean_absolute_deviation_far_from_zero",
    )
)
def rounds_the_outlier(x, outlier):
    "torch.cat makes both parts equally exact."
    _refuse_constant(x)
    return _factors(x, torch.cat([x, torch.tensor([outlier], dtype=torch.float32)]))


@misconception(caught_by="test_x_stays_as_it_is")
def centres_in_place(x, outlier):
    "x may be centred where it stands: spread does not depend on the mean."
    _refuse_constant(x)
    mean = x.mean().item()
    return _factors(x.sub_(mean), _joined(x, outlier - mean))


@misconception(caught_by="test_both_factors_are_python_floats")
def returns_tensors(x, outlier):
    "A tensor of rank 0 is a number."
    _refuse_constant(x)
    return tuple(torch.tensor(_factors(x, _joined(x, outlier)), dtype=torch.float64))


@misconception(caught_by=("test_zeros_are_refused", "test_any_constant_is_refused"))
def divides_by_zero(x, outlier):
    "Where the spread was 0 the growth is infinite, and torch says so."
    return _factors(x, _joined(x, outlier))


@misconception(caught_by="test_any_constant_is_refused")
def compares_the_deviation_with_zero(x, outlier):
    "Equal numbers have a standard deviation of exactly 0."
    if len(x) == 1 or _standard_deviation(x) == 0:
        raise ValueError("x is constant")
    return _factors(x, _joined(x, outlier))


@misconception(caught_by="test_a_single_number_is_refused")
def lets_a_single_number_pass(x, outlier):
    "One number is not constant: for that it takes two."
    if len(x) > 1:
        _refuse_constant(x)
    return _factors(x, _joined(x, outlier))
