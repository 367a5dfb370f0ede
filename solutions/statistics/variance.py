"""What does variance measure?

How far numbers lie from their mean, in squared units: data in metres have it in square metres.
"""

from jaxtyping import Float
from torch import Tensor

from dojo import alternative, misconception

__all__ = ["variance"]


def variance(
    x: Float[Tensor, "*shape"], dim: int, correction: int = 1
) -> Float[Tensor, "*other_axes"]:
    """Return the variance of x along its axis dim, without torch.var or torch.std.

    It is the sum of the squared distances from the mean, over n - correction, where n is the size
    of the axis. Each slice along dim has a mean of its own, and the result has the shape of x
    without that axis. correction is 0 or 1. A negative dim counts from the last axis.

    x is float32 or float64, of any rank from 1, with at least one number on each axis; it need not
    be contiguous and is left as it is. dtype and device stay, and so do the digits of float64. One
    number with correction 1 gives NaN, as in torch; with correction 0 it gives 0. The result is
    never negative, and within 1e-4 of the true variance (relatively) also far from 0: for float32
    data around 10,000 with a spread of 1, for float64 data around 100,000,000.

    The number of operations is the same for all sizes, and no number is read out on the way (item,
    tolist, numpy, a boolean mask). On 1,000 rows of 50, along axis 1, it is more than 30 times as
    fast as a loop over the rows.
    """
    deviations = x - x.mean(dim, keepdim=True)
    return deviations.square().sum(dim) / (x.shape[dim] - correction)


HINTS = (
    "Take 1, 3, 3, 9 on paper: the mean, the four distances from it, their squares. What do you do "
    "with these four squares?",
    "x.mean(dim) of a table has one axis less, and x - x.mean(dim) may broadcast along the wrong "
    "one, or not at all. Which argument of mean keeps the axis? Subtract before you square: the "
    "squares of numbers around 10,000 have no digits left for what is small.",
    "d = x - x.mean(dim, keepdim=True), then d.square().sum(dim) / (x.shape[dim] - correction). "
    "A tensor over 0 is what is asked for one number: 0 / 0 is NaN.",
)
ANSWER = """
Variance measures spread: the average squared distance from the mean, in squared units, which is why
its root is what people quote. Averaging over n describes the numbers at hand; this is the formula
of many courses, the mean of squared deviations, and correction 0 here. Averaging over n - 1
estimates the spread of whatever the numbers were drawn from: deviations are taken from the mean of
the sample, which lies closer to the sample than the true one does, and n - 1 makes up for that.
torch.var takes n - 1 unless told otherwise, numpy.var takes n; batch normalization uses n in
training and stores n - 1.

The textbook shortcut, mean of squares minus squared mean, is exact on paper only. Around 10,000 the
two terms are 100,000,000, where float32 numbers are 8 apart: a variance of 1 comes out as 0, 8 or
-8, and the root of that is NaN. In float64 the same happens around 100,000,000. Subtract the mean
first, or at least any number near it.
"""


@alternative
def squares_the_norm(x, dim, correction=1):
    from torch.linalg import vector_norm

    distance = vector_norm(x - x.mean(dim=dim, keepdim=True), dim=dim)
    return distance**2 / (x.size(dim) - correction)


@alternative
def shifts_by_the_first_number(x, dim, correction=1):
    n = x.shape[dim]
    shifted = x - x.narrow(dim, 0, 1)
    total = (shifted * shifted).sum(dim) - shifted.sum(dim).square() / n
    return total / (n - correction)


@alternative
def works_in_float64(x, dim, correction=1):
    import torch

    y = x if x.device.type == "mps" else x.to(torch.float64)
    y = y - y.sum(dim, keepdim=True) / y.shape[dim]
    return (y.pow(2).sum(dim) / (y.shape[dim] - correction)).to(x.dtype)


@alternative
def multiplies_deviations_with_themselves(x, dim, correction=1):
    import torch

    d = x - x.mean(dim, keepdim=True)
    return torch.linalg.vecdot(d, d, dim=dim) / (x.shape[dim] - correction)


@alternative
def corrects_afterwards(x, dim, correction=1):
    n = x.shape[dim]
    return ((x - x.mean(dim).unsqueeze(dim)) ** 2).mean(dim) * n / (n - correction)


@alternative
def writes_the_nan(x, dim, correction=1):
    n = x.shape[dim]
    if n == correction:
        return x.select(dim, 0) * float("nan")
    return (x - x.mean(dim, keepdim=True)).abs().pow(2).sum(dim).div(n - correction)


@misconception(caught_by="test_float32_far_from_zero")
def subtracts_the_squared_mean(x, dim, correction=1):
    "The mean of the squares minus the squared mean is the same number and takes one pass."
    n = x.shape[dim]
    return (x.square().mean(dim) - x.mean(dim).square()) * n / (n - correction)


@misconception(caught_by="test_float32_far_from_zero")
def cuts_off_below_zero(x, dim, correction=1):
    "A difference of squares that comes out negative is only rounding, and clamp mends it."
    n = x.shape[dim]
    return (x.square().mean(dim) - x.mean(dim).square()).clamp(min=0) * n / (n - correction)


@misconception(caught_by="test_float64_far_from_zero")
def trusts_in_float64(x, dim, correction=1):
    "In float64 the mean of squares minus the squared mean has digits enough."
    n, y = x.shape[dim], x if x.device.type == "mps" else x.double()
    result = (y.square().mean(dim) - y.mean(dim).square()).clamp(min=0) * n / (n - correction)
    return result.to(x.dtype)


@misconception(caught_by="test_float64_keeps_its_digits")
def works_in_float32(x, dim, correction=1):
    "Once the mean is taken off, float32 is enough, so I convert right away."
    y = x.float()
    y = (y - y.mean(dim, keepdim=True)).square().sum(dim) / (x.shape[dim] - correction)
    return y.to(x.dtype)


@misconception(
    caught_by=("test_by_default_one_less_divides", "test_correction_one_divides_by_one_less")
)
def divides_by_n(x, dim, correction=1):
    "The mean of n squares divides by n."
    return (x - x.mean(dim, keepdim=True)).square().mean(dim)


@misconception(caught_by="test_by_default_one_less_divides")
def corrects_only_when_asked(x, dim, correction=0):
    "Without a word about it, a mean divides by n."
    return (x - x.mean(dim, keepdim=True)).square().sum(dim) / (x.shape[dim] - correction)


@misconception(caught_by="test_correction_zero_divides_by_n")
def always_divides_by_one_less(x, dim, correction=1):
    "A variance divides by n - 1."
    return (x - x.mean(dim, keepdim=True)).square().sum(dim) / (x.shape[dim] - 1)


@misconception(caught_by="test_a_correction_never_makes_it_smaller")
def adds_the_correction(x, dim, correction=1):
    "The correction is added to the count."
    return (x - x.mean(dim, keepdim=True)).square().sum(dim) / (x.shape[dim] + correction)


@misconception(caught_by="test_a_factor_counts_squared")
def takes_absolute_values(x, dim, correction=1):
    "Squares only serve to lose the sign, and abs() does that too."
    return (x - x.mean(dim, keepdim=True)).abs().sum(dim) / (x.shape[dim] - correction)


@misconception(caught_by=("test_a_factor_counts_squared", "test_three_numbers_in_a_row"))
def takes_the_root(x, dim, correction=1):
    "Spread is in the unit of the data, so a root is taken at the end."
    squares = (x - x.mean(dim, keepdim=True)).square()
    return (squares.sum(dim) / (x.shape[dim] - correction)).sqrt()


@misconception(caught_by="test_correction_zero_divides_by_n")
def squares_the_sum(x, dim, correction=1):
    "Squaring and adding up can change places."
    return (x - x.mean(dim, keepdim=True)).sum(dim).square() / (x.shape[dim] - correction)


@misconception(caught_by="test_a_shift_changes_nothing")
def measures_from_zero(x, dim, correction=1):
    "Variance is the mean of the squares."
    return x.square().sum(dim) / (x.shape[dim] - correction)


@misconception(caught_by="test_correction_zero_divides_by_n")
def measures_from_the_median(x, dim, correction=1):
    "The middle of the data is their median."
    middle = x.median(dim, keepdim=True).values
    return (x - middle).square().sum(dim) / (x.shape[dim] - correction)


@misconception(caught_by="test_each_row_has_a_mean_of_its_own")
def takes_one_mean_for_all(x, dim, correction=1):
    "The mean is x.mean()."
    return (x - x.mean()).square().sum(dim) / (x.shape[dim] - correction)


@misconception(caught_by="test_the_named_axis_goes")
def always_takes_the_last_axis(x, dim, correction=1):
    "The numbers of a sample lie side by side in a row."
    return (x - x.mean(-1, keepdim=True)).square().sum(-1) / (x.shape[-1] - correction)


@misconception(caught_by="test_the_named_axis_goes")
def keeps_the_named_axis(x, dim, correction=1):
    "dim names the axis that stays, one variance for each place on it."
    rows = x.movedim(dim, 0).flatten(1) if x.ndim > 1 else x[None]
    result = (rows - rows.mean(1, keepdim=True)).square().sum(1) / (rows.shape[1] - correction)
    return result if x.ndim > 1 else result[0]


@misconception(caught_by="test_a_negative_axis_counts_from_the_last")
def wraps_a_negative_axis_wrongly(x, dim, correction=1):
    "Axis -1 of rank 3 is axis 1: the sign is all that differs."
    dim = min(abs(dim), x.ndim - 1)
    return (x - x.mean(dim, keepdim=True)).square().sum(dim) / (x.shape[dim] - correction)


@misconception(caught_by="test_each_column_has_a_mean_of_its_own")
def divides_by_the_count_of_all(x, dim, correction=1):
    "n is the number of numbers in x."
    return (x - x.mean(dim, keepdim=True)).square().sum(dim) / (x.numel() - correction)


@misconception(caught_by="test_each_row_has_a_mean_of_its_own")
def divides_by_the_length(x, dim, correction=1):
    "n is len(x)."
    return (x - x.mean(dim, keepdim=True)).square().sum(dim) / (len(x) - correction)


@misconception(caught_by="test_the_named_axis_goes")
def leaves_an_axis_of_one(x, dim, correction=1):
    "keepdim=True belongs in every step."
    squares = (x - x.mean(dim, keepdim=True)).square()
    return squares.sum(dim, keepdim=True) / (x.shape[dim] - correction)


@misconception(caught_by="test_one_number_has_no_variance_with_correction_one")
def gives_one_number_a_spread_of_zero(x, dim, correction=1):
    "One number does not spread, so its variance is 0."
    divisor = max(x.shape[dim] - correction, 1)
    return (x - x.mean(dim, keepdim=True)).square().sum(dim) / divisor


@misconception(caught_by="test_one_number_raises_nothing")
def scales_by_a_python_number(x, dim, correction=1):
    "n / (n - correction) is an ordinary factor."
    factor = x.shape[dim] / (x.shape[dim] - correction)
    return (x - x.mean(dim, keepdim=True)).square().mean(dim) * factor


@misconception(caught_by="test_one_number_over_n_has_a_variance_of_zero")
def finds_one_number_too_few(x, dim, correction=1):
    "One number has no variance, whatever divides."
    result = (x - x.mean(dim, keepdim=True)).square().sum(dim) / (x.shape[dim] - correction)
    return result if x.shape[dim] > 1 else result * float("nan")


@misconception(caught_by="test_the_result_is_of_the_inputs_dtype")
def returns_float32(x, dim, correction=1):
    "Results are float32."
    squares = (x - x.mean(dim, keepdim=True)).square()
    return (squares.sum(dim) / (x.shape[dim] - correction)).float()


@misconception(caught_by="test_the_input_stays_as_it_is")
def subtracts_in_place(x, dim, correction=1):
    "x is not needed any more once its mean is off."
    return x.sub_(x.mean(dim, keepdim=True)).square().sum(dim) / (x.shape[dim] - correction)


@misconception(caught_by=("test_the_operations_do_not_grow_with_the_rows", "test_beats_the_loop"))
def loops_over_the_slices(x, dim, correction=1):
    "Each slice has a mean of its own, so each takes a call of its own."
    import torch

    slices = x.movedim(dim, -1).reshape(-1, x.shape[dim])
    results = torch.stack([(s - s.mean()).square().sum() for s in slices])
    return results.reshape(x.movedim(dim, -1).shape[:-1]) / (x.shape[dim] - correction)


@misconception(caught_by="test_the_operations_do_not_grow_with_the_numbers")
def loops_along_the_axis(x, dim, correction=1):
    "A running mean takes the numbers one after the other."
    mean = total = x.select(dim, 0) * 0
    for count, value in enumerate(x.unbind(dim), 1):
        step = value - mean
        mean = mean + step / count
        total = total + step * (value - mean)
    return total / (x.shape[dim] - correction)


@misconception(caught_by="test_no_number_is_read_out_on_the_way")
def lets_numpy_do_it(x, dim, correction=1):
    "For statistics there is numpy."
    import torch

    numbers = x.cpu().numpy()
    squares = (numbers - numbers.mean(dim, keepdims=True)) ** 2
    return torch.as_tensor(squares.sum(dim)).to(x) / (x.shape[dim] - correction)
