"""What is Pearson's correlation coefficient?

How closely two columns of numbers lie on a line, whatever their units.
"""

from jaxtyping import Float
from torch import Tensor

from dojo import alternative, misconception

__all__ = ["pearson"]


def pearson(x: Float[Tensor, " n"], y: Float[Tensor, " n"]) -> Float[Tensor, ""]:
    """Return Pearson's correlation coefficient of the pairs (x[0], y[0]), (x[1], y[1]), ...

    Without torch.corrcoef. x and y are of one dtype, float32 or float64, and on one device; their
    numbers are finite. The result is a tensor of rank 0, of that dtype and on that device. x and y
    are left as they are.

    The result is never above 1 nor below -1, not by rounding either. In float32 too it is right to
    0.001 for numbers around 10,000 with a spread of 1. Numbers are constant only if all are equal:
    0, 1 and 3 millionths are not, nor are 4096 and 4096.01.

    Raises:
        ValueError: the lengths differ, also where one of them is 1 (the message gives both); there
            are fewer than 2 pairs; or x or y is constant.
    """
    if len(x) != len(y):
        raise ValueError(f"x has {len(x)} numbers, y {len(y)}: give pairs")
    if len(x) < 2:
        raise ValueError(f"{len(x)} pairs have no correlation: give at least 2")
    if (x == x[0]).all() or (y == y[0]).all():
        raise ValueError("x or y is constant: what does not vary is not related to anything")
    dx, dy = x - x.mean(), y - y.mean()
    return ((dx * dy).sum() / (dx.norm() * dy.norm())).clamp(-1, 1)


HINTS = (
    "Begin with the covariance. Which numbers must it be divided by for metres and seconds to go?",
    "Take the deviations of x and of y from their means. n or n - 1 does not matter as long as the "
    "same one divides above and below, so leave both away: what remains are three sums of products "
    "of deviations. Is the sum of squares of 1,000 equal numbers really 0?",
    "With dx = x - x.mean() and dy = y - y.mean(): (dx * dy).sum() / (dx.norm() * dy.norm()), "
    "clamped to [-1, 1], after checks of the lengths and of (x == x[0]).all(), and of y.",
)
ANSWER = """
It is the covariance over the product of the two standard deviations, or the cosine of the angle
between the two rows of deviations: 1 on a rising line, -1 on a falling one, whatever its slope,
since the units cancel. It sees lines only: for y = x² on symmetric x it is 0, for a steep curve
that always rises it is below 1.

What divides, n or n - 1, cancels as well, if it is the same above and below. It is not in a
notebook that takes (dx * dy).mean(), over n, and divides by torch's std(), over n - 1: on 4 points
of a line that gives 0.75, and the notebook prints 0.74 for columns whose coefficient is 0.99.

Rounding bites twice. A quarter to a third of all lines come out above 1 in float32, by a unit or
two in the last place, and acos or sqrt(1 - r²) of that is NaN. And the float32 mean of 1,000 times
0.1 is not 0.1, so a constant column has a deviation that is not 0, and a coefficient made of
rounding errors: compare the numbers with each other, not their deviation with 0.
"""


@alternative
def averages_products_of_standard_scores(x, y):
    _refuse(x, y)
    scores_x = (x - x.mean()) / x.std(correction=0)
    scores_y = (y - y.mean()) / y.std(correction=0)
    return (scores_x * scores_y).mean().clamp(min=-1, max=1)


@alternative
def takes_the_cosine_of_deviations(x, y):
    import torch

    _refuse(x, y)
    r = torch.nn.functional.cosine_similarity(x - x.mean(), y - y.mean(), dim=0)
    return r.minimum(torch.ones_like(r)).maximum(-torch.ones_like(r))


@alternative
def reads_the_covariance_matrix(x, y):
    import torch

    _refuse(x, y)
    c = torch.stack([x, y]).cov()
    return (c[0, 1] / (c[0, 0].sqrt() * c[1, 1].sqrt())).clamp(-1, 1)


@alternative
def measures_the_distance_of_unit_vectors(x, y):
    _refuse(x, y)
    dx, dy = x - x.mean(), y - y.mean()
    return (1 - (dx / dx.norm() - dy / dy.norm()).square().sum() / 2).clamp(-1, 1)


@alternative
def takes_the_root_of_both_slopes(x, y):
    _refuse(x, y)
    dx, dy = x - x.mean(), y - y.mean()
    above = (dx * dy).sum()
    slopes = above / (dx * dx).sum() * (above / (dy * dy).sum())
    return above.sign() * slopes.sqrt().clamp(max=1)


@alternative
def works_in_float64_where_there_is_one(x, y):
    _refuse(x, y)
    wide = (x, y) if x.device.type == "mps" else (x.double(), y.double())
    dx, dy = (t - t.mean() for t in wide)
    return ((dx @ dy) / ((dx @ dx) * (dy @ dy)).sqrt()).clamp(-1, 1).to(x.dtype)


@misconception(caught_by=("test_four_points_on_a_line", "test_units_and_zero_points_do_not_matter"))
def takes_the_covariance(x, y):
    "How two columns vary together is their covariance."
    dx, dy = _deviations(x, y)
    return (dx * dy).mean()


@misconception(caught_by=("test_four_points_on_a_line", "test_units_and_zero_points_do_not_matter"))
def divides_by_variances(x, y):
    "Covariance is made free of units by the variances of both columns."
    dx, dy = _deviations(x, y)
    return (dx * dy).mean() / (dx.square().mean() * dy.square().mean())


@misconception(caught_by=("test_four_points_on_a_line", "test_six_pairs_by_hand"))
def mixes_n_and_n_minus_one(x, y):
    "mean() and std() divide by the same count."
    dx, dy = _deviations(x, y)
    return ((dx * dy).mean() / (x.std() * y.std())).clamp(-1, 1)


@misconception(caught_by=("test_a_steeper_line_is_no_closer_one", "test_x_and_y_can_change_places"))
def takes_the_slope(x, y):
    "The coefficient says how much y rises when x rises by 1."
    dx, dy = _deviations(x, y)
    return (dx * dy).sum() / dx.square().sum()


@misconception(caught_by=("test_a_valley_has_no_slope", "test_six_pairs_by_hand"))
def forgets_to_centre(x, y):
    "The coefficient is the cosine of the angle between x and y."
    _refuse(x, y)
    return ((x * y).sum() / (x.norm() * y.norm())).clamp(-1, 1)


@misconception(caught_by="test_numbers_around_ten_thousand_agree_with_float64")
def subtracts_the_product_of_means(x, y):
    "Mean of products minus product of means is covariance, so the formula saves the deviations."
    _refuse(x, y)
    above = (x * y).mean() - x.mean() * y.mean()
    below_x = (x * x).mean() - x.mean() ** 2
    below_y = (y * y).mean() - y.mean() ** 2
    return (above / (below_x.sqrt() * below_y.sqrt())).clamp(-1, 1)


@misconception(caught_by=("test_a_curve_that_always_rises_stays_below_one",))
def correlates_ranks(x, y):
    "What counts is whether y rises whenever x does."
    _refuse(x, y)
    ranks_x, ranks_y = (t.argsort().argsort().to(t.dtype) for t in (x, y))
    return _ratio(ranks_x, ranks_y).clamp(-1, 1)


@misconception(caught_by="test_a_falling_line_gives_minus_one")
def forgets_the_sign(x, y):
    "A correlation is strong or weak, from 0 to 1."
    return _ratio(x, y).abs().clamp(max=1)


@misconception(caught_by=("test_a_falling_line_gives_minus_one", "test_six_pairs_by_hand"))
def squares_it(x, y):
    "The coefficient is the share of variance that a line explains."
    return _ratio(x, y).square().clamp(max=1)


@misconception(
    caught_by=("test_no_rising_line_is_above_one", "test_no_falling_line_is_below_minus_one")
)
def trusts_the_formula(x, y):
    "The formula can't give more than 1, so the result can't be more than 1."
    return _ratio(x, y)


@misconception(caught_by="test_no_falling_line_is_below_minus_one")
def guards_the_top_only(x, y):
    "A coefficient must not exceed 1, and min() sees to that."
    return _ratio(x, y).clamp(max=1)


@misconception(caught_by=("test_a_constant_x_is_refused", "test_a_constant_y_is_refused"))
def gives_nan_for_constants(x, y):
    "A column that does not vary gives NaN, and NaN says it all."
    _refuse_lengths(x, y)
    dx, dy = x - x.mean(), y - y.mean()
    return ((dx * dy).sum() / (dx.norm() * dy.norm())).clamp(-1, 1)


@misconception(caught_by=("test_a_constant_x_is_refused", "test_a_constant_y_is_refused"))
def calls_constants_unrelated(x, y):
    "A column that does not vary has the coefficient 0 with any other."
    _refuse_lengths(x, y)
    if (x == x[0]).all() or (y == y[0]).all():
        return x.new_zeros(())
    return _ratio(x, y).clamp(-1, 1)


@misconception(caught_by="test_a_constant_y_is_refused")
def looks_at_x_only(x, y):
    "y is the column that is measured, so only x can be a bad choice."
    _refuse_lengths(x, y)
    if (x == x[0]).all():
        raise ValueError("x is constant")
    dx, dy = x - x.mean(), y - y.mean()
    return ((dx * dy).sum() / (dx.norm() * dy.norm())).clamp(-1, 1)


@misconception(caught_by="test_a_thousand_times_a_tenth_is_constant")
def compares_the_deviation_with_zero(x, y):
    "Equal numbers have a standard deviation of exactly 0."
    _refuse_lengths(x, y)
    dx, dy = x - x.mean(), y - y.mean()
    below = dx.norm() * dy.norm()
    if below == 0:
        raise ValueError("x or y is constant")
    return ((dx * dy).sum() / below).clamp(-1, 1)


@misconception(caught_by="test_a_spread_of_a_millionth_is_a_spread")
def refuses_small_deviations(x, y):
    "A standard deviation below a hundred-thousandth is rounding noise."
    dx, dy = _deviations(x, y)
    if dx.square().mean().sqrt() < 1e-5 or dy.square().mean().sqrt() < 1e-5:
        raise ValueError("x or y is constant")
    return ((dx * dy).sum() / (dx.norm() * dy.norm())).clamp(-1, 1)


@misconception(caught_by="test_a_spread_far_from_zero_is_a_spread")
def refuses_what_is_close(x, y):
    "allclose() tells whether all numbers are equal."
    if len(x) == len(y) > 1 and (x.allclose(x[0]) or y.allclose(y[0])):
        raise ValueError("x or y is constant")
    return _ratio(x, y).clamp(-1, 1)


@misconception(caught_by="test_a_valley_has_no_slope")
def compares_both_ends(x, y):
    "A column that ends where it began has not moved."
    r = _ratio(x, y).clamp(-1, 1)
    if x[0] == x[-1] or y[0] == y[-1]:
        raise ValueError("x or y is constant")
    return r


@misconception(caught_by="test_a_spread_of_a_hundredth_is_no_rounding_error")
def adds_a_small_number(x, y):
    "A small number under the fraction does no harm, and keeps it from 0 / 0."
    dx, dy = _deviations(x, y)
    spreads = dx.square().mean().sqrt() * dy.square().mean().sqrt()
    return ((dx * dy).mean() / (spreads + 1e-8)).clamp(-1, 1)


@misconception(
    caught_by=("test_lengths_that_differ_are_refused", "test_one_number_against_many_is_refused")
)
def cuts_to_the_shorter(x, y):
    "Pairs end where the shorter column ends, as in zip()."
    n = min(len(x), len(y))
    return _ratio(x[:n], y[:n]).clamp(-1, 1)


@misconception(caught_by="test_one_number_against_many_is_refused")
def lets_torch_check_the_lengths(x, y):
    "Lengths of 1 fit any length, as in all of torch."
    if len(x) != len(y) and 1 not in (len(x), len(y)):
        raise ValueError(f"x has {len(x)} numbers, y {len(y)}")
    if len(x) == len(y):
        return _ratio(x, y).clamp(-1, 1)
    dx, dy = x - x.mean(), y - y.mean()
    return ((dx * dy).sum() / (dx.norm() * dy.norm())).clamp(-1, 1)


@misconception(caught_by="test_no_pair_or_one_has_no_correlation")
def gives_nothing_for_too_few(x, y):
    "Where there is nothing to correlate, the result is 0."
    if len(x) == len(y) < 2:
        return x.new_zeros(())
    return _ratio(x, y).clamp(-1, 1)


@misconception(caught_by="test_two_pairs_lie_on_a_line")
def wants_three_pairs(x, y):
    "Two points always lie on a line, so two pairs have no coefficient."
    if len(x) < 3:
        raise ValueError(f"{len(x)} pairs are too few")
    return _ratio(x, y).clamp(-1, 1)


@misconception(caught_by="test_the_result_is_a_tensor_of_the_inputs_dtype")
def returns_a_number(x, y):
    "A coefficient is a number, so it is a float."
    return _ratio(x, y).clamp(-1, 1).item()


@misconception(caught_by="test_the_result_is_a_tensor_of_the_inputs_dtype")
def narrows_to_float32(x, y):
    "A coefficient needs few digits, so float32 is enough for it."
    return _ratio(x, y).clamp(-1, 1).float()


@misconception(caught_by="test_x_and_y_stay_as_they_are")
def centres_in_place(x, y):
    "Only the deviations are needed from here on, so they may take the place of the numbers."
    _refuse(x, y)
    dx, dy = x.sub_(x.mean()), y.sub_(y.mean())
    return ((dx * dy).sum() / (dx.norm() * dy.norm())).clamp(-1, 1)


def _refuse_lengths(x, y):
    if len(x) != len(y):
        raise ValueError(f"x has {len(x)} numbers, y {len(y)}")
    if len(x) < 2:
        raise ValueError(f"{len(x)} pairs are too few")


def _refuse(x, y):
    _refuse_lengths(x, y)
    if x.min() == x.max() or y.min() == y.max():
        raise ValueError("x or y is constant")


def _deviations(x, y):
    _refuse(x, y)
    return x - x.mean(), y - y.mean()


def _ratio(x, y):
    dx, dy = _deviations(x, y)
    return (dx * dy).sum() / (dx.norm() * dy.norm())
