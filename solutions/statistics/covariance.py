"""What is covariance?

How two columns of numbers move together: above their means at the same time, or by turns.
"""

from jaxtyping import Float
from torch import Tensor

from dojo import alternative, misconception

__all__ = ["covariance"]


def covariance(
    x: Float[Tensor, " n"], y: Float[Tensor, " n"], correction: int = 1
) -> Float[Tensor, ""]:
    """Return the covariance of the pairs (x[0], y[0]), (x[1], y[1]), ..., without torch.cov.

    It is the sum, over all places, of the distance of x from its mean times the distance of y from
    its own, over n - correction. Distances have a sign. correction is 0 or 1.

    x and y are of one length, at least 1, of one dtype, float32 or float64, and on one device; they
    need not be contiguous and are left as they are. The result is a tensor of rank 0, of that dtype
    and on that device, and float64 keeps its digits. A constant column has a covariance of 0, but
    for rounding. One pair with correction 1 gives NaN and no error, with correction 0 it gives 0.

    Far from 0 the result is still within 1% for columns that are clearly related (a correlation of
    0.5 or more): for float32 numbers around 10,000 with a spread of 1, for float64 numbers around
    100,000,000 with a spread of 1.

    Raises:
        ValueError: the lengths differ, also where one of them is 1; the message gives both.
    """
    if len(x) != len(y):
        raise ValueError(f"x has {len(x)} numbers, y has {len(y)}: give pairs")
    return ((x - x.mean()) * (y - y.mean())).sum() / (len(x) - correction)


def _refuse_other_lengths(x: Tensor, y: Tensor) -> None:
    if x.shape != y.shape:
        raise ValueError(f"lengths {len(x)} and {len(y)} differ")


def _products(x: Tensor, y: Tensor) -> Tensor:
    _refuse_other_lengths(x, y)
    return (x - x.mean()) * (y - y.mean())


HINTS = (
    "Take x = 1, 3, 3, 9 and y = 11, 23, 17, 29 on paper. Both are above their means in the last "
    "place. How far, and what does the product of the two distances tell? What is its sign where "
    "one is above and the other below?",
    "Take each mean off first, then multiply, then add up. Which lengths must be refused before "
    "torch stretches one of them? With one pair, 0 / 0 is an error for plain numbers and NaN for a "
    "tensor.",
    "After the check of the lengths: ((x - x.mean()) * (y - y.mean())).sum() / (len(x) - "
    "correction).",
)
ANSWER = """
Covariance is the average product of deviations. It is positive where x and y are above and below
their means at the same places, negative where they take turns, and the covariance of a column with
itself is its variance. n - 1 divides in torch.cov and numpy.cov unless told otherwise; courses that
write "the mean of the products" divide by n.

The well-known answer leaves out the units. They are those of x times those of y: put x into
millimetres and the covariance grows a thousandfold while the relation stays what it was. So the
sign says something and the size alone does not; for that, divide by both standard deviations, which
gives Pearson's coefficient. And 0 does not mean unrelated: over numbers that lie evenly about 0, x²
has no covariance with x, though x tells all about it. Only a straight-line relation shows.

The shortcut, mean of products minus product of means, cancels: around 10,000 both terms are around
100,000,000, where float32 numbers are 8 apart. Nor is it enough to take the mean off one of the
two, which is the same on paper: what rounding leaves of that mean is multiplied by all of the
other.
"""


@alternative
def multiplies_as_vectors(x, y, correction=1):
    _refuse_other_lengths(x, y)
    return (x - x.mean()) @ (y - y.mean()) / (x.numel() - correction)


@alternative
def shifts_by_the_first_pair(x, y, correction=1):
    _refuse_other_lengths(x, y)
    n = x.shape[0]
    a, b = x - x[0], y - y[0]
    return ((a * b).sum() - a.sum() * b.sum() / n) / (n - correction)


@alternative
def works_in_float64(x, y, correction=1):
    import torch

    _refuse_other_lengths(x, y)
    a, b = (x, y) if x.device.type == "mps" else (x.to(torch.float64), y.to(torch.float64))
    total = ((a - a.mean()) * (b - b.mean())).sum()
    return (total / (len(x) - correction)).to(x.dtype)


@alternative
def takes_pairs_one_after_the_other(x, y, correction=1):
    import math

    if len(x) != len(y):
        raise ValueError(f"{len(x)} against {len(y)}")
    mean_x = mean_y = total = 0.0
    for count, (a, b) in enumerate(zip(x.tolist(), y.tolist(), strict=True), 1):
        mean_y += (b - mean_y) / count
        total += (a - mean_x) * (b - mean_y)
        mean_x += (a - mean_x) / count
    divisor = len(x) - correction
    return x.new_tensor(total / divisor if divisor else math.nan)


@alternative
def subtracts_two_variances(x, y, correction=1):
    _refuse_other_lengths(x, y)
    a, b = x - x.mean(), y - y.mean()
    return ((a + b).square().sum() - (a - b).square().sum()) / 4 / (len(x) - correction)


@alternative
def corrects_the_mean(x, y, correction=1):
    import torch

    _refuse_other_lengths(x, y)
    table = torch.stack([x, y])
    a, b = table - table.mean(dim=1, keepdim=True)
    return (a * b).mean() * len(x) / (len(x) - correction)


@misconception(caught_by="test_what_rises_as_the_other_falls_is_negative")
def does_not_centre(x, y, correction=1):
    "Covariance is the mean of the products."
    _refuse_other_lengths(x, y)
    return (x * y).sum() / (len(x) - correction)


@misconception(caught_by=("test_float32_far_from_zero", "test_a_constant_far_from_zero_has_none"))
def subtracts_the_product_of_means(x, y, correction=1):
    "The mean of the products minus the product of the means is the same number."
    _refuse_other_lengths(x, y)
    n = len(x)
    return ((x * y).mean() - x.mean() * y.mean()) * n / (n - correction)


@misconception(caught_by="test_float64_far_from_zero")
def trusts_in_float64(x, y, correction=1):
    "In float64 the mean of the products minus the product of the means has digits enough."
    _refuse_other_lengths(x, y)
    n = len(x)
    if x.device.type == "mps":
        return _products(x, y).sum() / (n - correction)
    a, b = x.double(), y.double()
    return (((a * b).mean() - a.mean() * b.mean()) * n / (n - correction)).to(x.dtype)


@misconception(caught_by=("test_float32_far_from_zero", "test_float64_far_from_zero"))
def centres_only_x(x, y, correction=1):
    "Once x is centred the mean of y drops out of the sum, so it may stay in."
    _refuse_other_lengths(x, y)
    return ((x - x.mean()) * y).sum() / (len(x) - correction)


@misconception(caught_by="test_float64_keeps_its_digits")
def works_in_float32(x, y, correction=1):
    "float32 is enough once the means are off."
    _refuse_other_lengths(x, y)
    products = (x - x.mean()).float() * (y - y.mean()).float()
    return (products.sum() / (len(x) - correction)).to(x.dtype)


@misconception(caught_by="test_a_curve_may_have_none")
def multiplies_distances_without_sign(x, y, correction=1):
    "A distance from the mean has no sign."
    return _products(x, y).abs().sum() / (len(x) - correction)


@misconception(caught_by="test_what_rises_as_the_other_falls_is_negative")
def is_never_negative(x, y, correction=1):
    "Like a variance, a covariance is at least 0."
    return _products(x, y).sum().abs() / (len(x) - correction)


@misconception(caught_by=("test_by_default_one_less_divides", "test_correction_one_by_name"))
def divides_by_n(x, y, correction=1):
    "The mean of n products divides by n."
    return _products(x, y).mean()


@misconception(caught_by="test_by_default_one_less_divides")
def corrects_only_when_asked(x, y, correction=0):
    "Without a word about it, a mean divides by n."
    return _products(x, y).sum() / (len(x) - correction)


@misconception(caught_by="test_correction_zero_is_the_mean_of_the_products")
def always_divides_by_one_less(x, y, correction=1):
    "A covariance divides by n - 1."
    return _products(x, y).sum() / (len(x) - 1)


@misconception(caught_by="test_a_correction_never_brings_it_nearer_to_zero")
def adds_the_correction(x, y, correction=1):
    "The correction is added to the count."
    return _products(x, y).sum() / (len(x) + correction)


@misconception(caught_by="test_a_factor_goes_through")
def takes_the_root(x, y, correction=1):
    "A root brings the products back to the unit of the data, as for a standard deviation."
    result = _products(x, y).sum() / (len(x) - correction)
    return result.sign() * result.abs().sqrt()


@misconception(caught_by="test_a_factor_goes_through")
def divides_by_the_deviations(x, y, correction=1):
    "Covariance lies between -1 and 1."
    deviations = (_products(x, x).sum() * _products(y, y).sum()).sqrt()
    return _products(x, y).sum() / deviations


@misconception(caught_by="test_x_and_y_can_change_places")
def takes_the_slope(x, y, correction=1):
    "Covariance says by how much y rises for each unit of x."
    return _products(x, y).sum() / _products(x, x).sum()


@misconception(caught_by="test_by_default_one_less_divides")
def averages_before_it_multiplies(x, y, correction=1):
    "The mean of the products is the product of the means, of the deviations too."
    _refuse_other_lengths(x, y)
    n = len(x)
    return (x - x.mean()).sum() * (y - y.mean()).sum() / n / (n - correction)


@misconception(caught_by="test_each_has_a_mean_of_its_own")
def takes_one_mean_for_both(x, y, correction=1):
    "There is one mean, that of all the numbers."
    _refuse_other_lengths(x, y)
    mean = (x.mean() + y.mean()) / 2
    return ((x - mean) * (y - mean)).sum() / (len(x) - correction)


@misconception(caught_by="test_correction_zero_is_the_mean_of_the_products")
def measures_from_the_median(x, y, correction=1):
    "The middle of the data is their median."
    _refuse_other_lengths(x, y)
    return ((x - x.median()) * (y - y.median())).sum() / (len(x) - correction)


@misconception(caught_by="test_the_pairs_matter")
def sorts_first(x, y, correction=1):
    "Only the values count, in whatever order they come."
    return _products(x.sort().values, y.sort().values).sum() / (len(x) - correction)


@misconception(caught_by="test_one_number_is_no_match_for_many")
def stretches_one_number(x, y, correction=1):
    "One number goes with all the others, as broadcasting has it."
    if 1 not in (len(x), len(y)):
        _refuse_other_lengths(x, y)
    return ((x - x.mean()) * (y - y.mean())).sum() / (max(len(x), len(y)) - correction)


@misconception(caught_by="test_other_lengths_raise_a_value_error")
def leaves_the_check_to_torch(x, y, correction=1):
    "torch complains by itself about lengths that differ."
    return ((x - x.mean()) * (y - y.mean())).sum() / (len(x) - correction)


@misconception(caught_by="test_other_lengths_give_no_answer")
def cuts_the_longer_one(x, y, correction=1):
    "The pairs end where the shorter of the two ends, as with zip."
    n = min(len(x), len(y))
    return _products(x[:n], y[:n]).sum() / (n - correction)


@misconception(caught_by="test_the_message_gives_both_lengths")
def says_only_that_they_differ(x, y, correction=1):
    "Whoever calls it knows how long x and y are."
    if len(x) != len(y):
        raise ValueError("x and y must be of one length")
    return _products(x, y).sum() / (len(x) - correction)


@misconception(caught_by="test_one_pair_has_none_with_correction_one")
def gives_one_pair_a_covariance_of_zero(x, y, correction=1):
    "One pair does not spread, so its covariance is 0."
    return _products(x, y).sum() / max(len(x) - correction, 1)


@misconception(caught_by="test_one_pair_raises_nothing")
def scales_by_a_python_number(x, y, correction=1):
    "n / (n - correction) is an ordinary factor."
    return _products(x, y).mean() * (len(x) / (len(x) - correction))


@misconception(caught_by="test_one_pair_over_n_has_a_covariance_of_zero")
def finds_one_pair_too_few(x, y, correction=1):
    "One pair has no covariance, whatever divides."
    result = _products(x, y).sum() / (len(x) - correction)
    return result if len(x) > 1 else result * float("nan")


@misconception(caught_by="test_the_inputs_stay_as_they_are")
def subtracts_in_place(x, y, correction=1):
    "x and y are not needed any more once their means are off."
    _refuse_other_lengths(x, y)
    return (x.sub_(x.mean()) * y.sub_(y.mean())).sum() / (len(x) - correction)


@misconception(caught_by="test_the_result_is_of_the_inputs_dtype")
def returns_float32(x, y, correction=1):
    "Results are float32."
    return (_products(x, y).sum() / (len(x) - correction)).float()


@misconception(caught_by="test_the_result_is_of_the_inputs_dtype")
def returns_a_number(x, y, correction=1):
    "One number is a float, no tensor."
    return (_products(x, y).sum() / (len(x) - correction)).item()
