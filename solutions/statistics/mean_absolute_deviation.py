"""What does (t - t.mean()).abs().mean() calculate?

The mean absolute deviation: how far numbers are from their mean, on average. Here along one axis.
"""

from jaxtyping import Float
from torch import Tensor

from dojo import alternative, misconception

__all__ = ["mean_absolute_deviation"]


def mean_absolute_deviation(x: Float[Tensor, "*shape"], dim: int) -> Float[Tensor, "*rest"]:
    """Return the mean distance of the numbers along axis dim from their own mean.

    Each slice along dim, such as each column of a table for dim 0, has a mean and a deviation of
    its own. x is of any rank from 1 up; dim may be negative, counting from the last axis. The
    result has x's shape without that axis, x's dtype and device. x is left as it is.
    """
    return (x - x.mean(dim, keepdim=True)).abs().mean(dim)


HINTS = (
    "The formula takes one mean of all numbers. What has to change for a mean of each column?",
    "x.mean(dim) has one axis less than x, and may broadcast along the wrong one, or not at all. "
    "What does keepdim=True do?",
    "(x - x.mean(dim, keepdim=True)).abs().mean(dim)",
)
ANSWER = """
It is the mean absolute deviation: the average distance of the numbers from their mean, in the unit
of the data. abs() is what makes it one; without it, deviations above and below cancel to 0, always.
Distances count as they are, where the standard deviation squares them: of 1, 2, 4, 18 the one is
5.875 and the other 6.87 (dividing by n), and it is never the larger of the two.

MAD is short for two things. The other is the median absolute deviation, the median of the distances
from the median, which a single wild number cannot move: 1.5 for the same four numbers. Say which
one you mean, and look up which one a library means.
"""


@alternative
def subtracts_through_unsqueeze(x, dim):
    mean = x.sum(dim) / x.shape[dim]
    return (x - mean.unsqueeze(dim)).abs().sum(dim) / x.shape[dim]


@alternative
def asks_for_a_norm(x, dim):
    import torch

    centred = x - x.mean(dim, keepdim=True)
    return torch.linalg.vector_norm(centred, ord=1, dim=dim) / x.size(dim)


@alternative
def moves_the_axis_first(x, dim):
    first = x.movedim(dim, 0)
    return (first - first.mean(0)).abs().mean(0)


@alternative
def doubles_what_is_above(x, dim):
    above = (x - x.mean(dim, keepdim=True)).clamp(min=0)  # as much lies above the mean as below
    return 2 * above.mean(dim)


@misconception(caught_by="test_four_numbers")
def forgets_abs(x, dim):
    "The mean deviation is the mean of the deviations."
    return (x - x.mean(dim, keepdim=True)).mean(dim)


@misconception(caught_by="test_four_numbers")
def takes_abs_first(x, dim):
    "abs() may come before the mean is taken off."
    return (x.abs() - x.mean(dim, keepdim=True).abs()).mean(dim)


@misconception(caught_by="test_four_numbers")
def measures_from_the_median(x, dim):
    "The middle of the data is its median."
    return (x - x.median(dim, keepdim=True).values).abs().mean(dim)


@misconception(caught_by="test_distances_are_averaged")
def takes_the_median_of_distances(x, dim):
    "MAD is the median of the distances."
    return (x - x.mean(dim, keepdim=True)).abs().median(dim).values


@misconception(caught_by="test_a_shift_changes_nothing")
def measures_from_zero(x, dim):
    "How large the numbers are is how far they are spread."
    return x.abs().mean(dim)


@misconception(caught_by="test_four_numbers")
def squares(x, dim):
    "Squares make deviations positive as well as abs() does."
    return (x - x.mean(dim, keepdim=True)).pow(2).mean(dim)


@misconception(caught_by="test_distances_count_as_they_are")
def takes_the_root_of_the_mean_square(x, dim):
    "The root undoes the square, so this is the mean distance."
    return (x - x.mean(dim, keepdim=True)).pow(2).mean(dim).sqrt()


@misconception(caught_by="test_each_column_has_a_mean_of_its_own")
def takes_one_mean_for_the_table(x, dim):
    "t.mean() is the mean, as the question has it."
    return (x - x.mean()).abs().mean(dim)


@misconception(caught_by="test_rows_and_columns_are_told_apart")
def always_takes_the_last_axis(x, dim):
    "The numbers of a table stand in its rows."
    return (x - x.mean(-1, keepdim=True)).abs().mean(-1)


@misconception(caught_by="test_a_negative_axis_counts_from_the_last")
def takes_a_negative_axis_for_the_first(x, dim):
    "Axes count from 0, and what is below 0 is the first."
    dim = max(dim, 0)
    return (x - x.mean(dim, keepdim=True)).abs().mean(dim)


@misconception(caught_by="test_the_shape_is_that_without_the_axis")
def keeps_the_axis(x, dim):
    "keepdim=True goes with every mean."
    return (x - x.mean(dim, keepdim=True)).abs().mean(dim, keepdim=True)


@misconception(caught_by="test_the_shape_is_that_without_the_axis")
def averages_everything(x, dim):
    "The formula gives one number."
    return (x - x.mean(dim, keepdim=True)).abs().mean()


@misconception(caught_by="test_one_number_alone_does_not_deviate")
def divides_by_one_less(x, dim):
    "A deviation is divided by n - 1."
    return (x - x.mean(dim, keepdim=True)).abs().sum(dim) / (x.shape[dim] - 1)


@misconception(caught_by="test_x_stays_as_it_is")
def subtracts_in_place(x, dim):
    "The mean can be taken off where the numbers stand."
    return x.sub_(x.mean(dim, keepdim=True)).abs().mean(dim)


@misconception(caught_by="test_the_dtype_stays")
def works_in_float32(x, dim):
    "float32 is what torch calculates in."
    return (x.float() - x.float().mean(dim, keepdim=True)).abs().mean(dim)
