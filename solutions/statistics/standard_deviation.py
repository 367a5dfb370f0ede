"""How is the standard deviation calculated?

And how does it bring columns of any unit to one scale, those that do not vary included?
"""

from jaxtyping import Float
from torch import Tensor

from dojo import alternative, misconception

__all__ = ["standard_deviation", "standardize"]


def standard_deviation(x: Float[Tensor, "*shape"], dim: int) -> Float[Tensor, "*rest"]:
    """Return the standard deviation along axis dim: the root of the variance that n - 1 divides.

    That is without torch.var or torch.std. Each slice along dim has a mean of its own. There are at
    least two numbers along dim, which may be negative and then counts from the last axis. The
    result has x's shape without that axis, x's dtype and device. x is left as it is.
    """
    centred = x - x.mean(dim, keepdim=True)
    return (centred.square().sum(dim) / (x.shape[dim] - 1)).sqrt()


def standardize(x: Float[Tensor, "*shape"], dim: int) -> Float[Tensor, "*shape"]:
    """Return x with mean 0 and standard deviation 1 in each slice along dim.

    A spread of 1e-6 becomes 1 like any other; but a constant slice, in which all numbers are equal,
    becomes zeros, exactly, whatever the number and the length. So does a slice of length 1.
    The result has x's shape, dtype and device. x is left as it is.
    """
    constant = x.amax(dim, keepdim=True) == x.amin(dim, keepdim=True)
    centred = (x - x.mean(dim, keepdim=True)).masked_fill(constant, 0)
    squares = centred.square().sum(dim, keepdim=True) / max(x.shape[dim] - 1, 1)
    return centred / squares.sqrt().masked_fill(constant, 1)


HINTS = (
    "The variance is in squared units; what brings it back? For standardize print "
    "torch.full((1000,), 0.1).mean() - 0.1.",
    "Centre along dim with keepdim=True, square, sum, divide by n - 1, take the root. A constant "
    "slice cannot be told by its deviation, which rounding makes larger than 0: by what then?",
    "constant = x.amax(dim, keepdim=True) == x.amin(dim, keepdim=True); set centred to 0 and the "
    "deviation to 1 where it holds, then divide.",
)
ANSWER = """
It is the root of the variance, and so in the unit of the data again: metres, not square metres. The
well-known answer leaves open what divides. n - 1 makes the variance of a sample right on average,
and is what torch.std takes; n describes the numbers at hand, and is what numpy.std takes. The root
of each square, averaged, is another thing, the mean absolute deviation.

Dividing by it standardizes, and a constant column is where that fails. Its deviation ought to be 0
and gives 0 / 0; but the float32 mean of a thousand times 0.1 is off by 7e-9, so the deviation comes
out as small, not as 0, and the column as ones or minus ones: noise at full size. A small number
added to the deviation hides that for some columns, and squashes those whose spread is small in
earnest. Comparing the largest with the smallest number asks what was meant.
"""


@alternative(replaces=("standard_deviation", "standardize"))
class ThroughNorms:
    @staticmethod
    def standard_deviation(x, dim):
        centred = x - x.mean(dim, keepdim=True)
        return centred.norm(dim=dim) / (x.size(dim) - 1) ** 0.5

    @staticmethod
    def standardize(x, dim):
        import torch

        first = x.narrow(dim, 0, 1)
        constant = (x == first).all(dim, keepdim=True)
        centred = x - x.mean(dim, keepdim=True)
        spread = centred.norm(dim=dim, keepdim=True) / max(x.size(dim) - 1, 1) ** 0.5
        return torch.where(constant, torch.zeros_like(x), centred / spread)


@alternative(replaces=("standard_deviation", "standardize"))
class FirstNumberOff:
    @staticmethod
    def standard_deviation(x, dim):
        shifted = x - x.narrow(dim, 0, 1)  # a constant slice is zeros by now, exactly
        centred = shifted - shifted.mean(dim, keepdim=True)
        return ((centred * centred).sum(dim) / (x.shape[dim] - 1)) ** 0.5

    @staticmethod
    def standardize(x, dim):
        shifted = x - x.narrow(dim, 0, 1)
        centred = shifted - shifted.mean(dim, keepdim=True)
        variance = (centred * centred).sum(dim, keepdim=True) / max(x.shape[dim] - 1, 1)
        return centred / variance.sqrt().where(variance > 0, 1)


@alternative(replaces="standardize")
def asks_torch_for_the_deviation(x, dim):
    import torch

    low, high = torch.aminmax(x, dim=dim, keepdim=True)
    spread = x.std(dim, keepdim=True, correction=1 if x.shape[dim] > 1 else 0)
    scaled = (x - x.mean(dim, keepdim=True)) / torch.where(low == high, 1, spread)
    return torch.where(low == high, 0 * scaled, scaled)


@misconception(caught_by="test_four_numbers", replaces="standard_deviation")
def returns_the_variance(x, dim):
    "The standard deviation is the mean squared distance from the mean."
    return _deviation(x, dim).square()


@misconception(caught_by="test_four_numbers", replaces="standard_deviation")
def takes_the_root_of_each_square(x, dim):
    "The root may be taken of each square."
    centred = x - x.mean(dim, keepdim=True)
    return centred.square().sqrt().sum(dim) / (x.shape[dim] - 1)


@misconception(caught_by="test_two_numbers", replaces="standard_deviation")
def divides_by_n(x, dim):
    "A mean of n squares divides by n."
    centred = x - x.mean(dim, keepdim=True)
    return centred.square().mean(dim).sqrt()


@misconception(caught_by="test_four_numbers", replaces="standard_deviation")
def takes_one_off_the_root(x, dim):
    "n - 1 divides what comes out of the root."
    centred = x - x.mean(dim, keepdim=True)
    return centred.square().sum(dim).sqrt() / (x.shape[dim] - 1)


@misconception(caught_by="test_data_far_from_zero", replaces="standard_deviation")
def subtracts_the_squared_mean(x, dim):
    "The mean of squares minus the squared mean is the variance, and one pass will do."
    n = x.shape[dim]
    variance = (x.square().mean(dim) - x.mean(dim).square()) * n / (n - 1)
    return variance.clamp(min=0).sqrt()


@misconception(
    caught_by="test_each_column_has_a_deviation_of_its_own", replaces="standard_deviation"
)
def takes_one_mean_for_the_table(x, dim):
    "x.mean() is the mean of the data."
    return ((x - x.mean()).square().sum(dim) / (x.shape[dim] - 1)).sqrt()


@misconception(caught_by="test_the_shape_is_that_without_the_axis", replaces="standard_deviation")
def takes_one_deviation_for_the_table(x, dim):
    "A data set has one standard deviation."
    return x.std()


@misconception(caught_by="test_the_shape_is_that_without_the_axis", replaces="standard_deviation")
def keeps_the_axis(x, dim):
    "keepdim=True goes with every reduction."
    return _deviation(x, dim).unsqueeze(dim)


@misconception(caught_by="test_rows_and_columns_are_told_apart", replaces="standard_deviation")
def always_takes_the_last_axis(x, dim):
    "Numbers that belong together stand in a row."
    return _deviation(x, -1)


@misconception(caught_by="test_a_negative_axis_counts_from_the_last", replaces="standard_deviation")
def takes_a_negative_axis_for_the_first(x, dim):
    "Axes count from 0, and what is below 0 is the first."
    return _deviation(x, max(dim, 0))


@misconception(caught_by="test_measuring_leaves_x_as_it_is", replaces="standard_deviation")
def centres_in_place(x, dim):
    "The mean can be taken off where the numbers stand."
    return _deviation(x.sub_(x.mean(dim, keepdim=True)), dim)


@misconception(caught_by="test_a_constant_column_becomes_zeros", replaces="standardize")
def divides_by_zero(x, dim):
    "Every column has some spread."
    return (x - x.mean(dim, keepdim=True)) / _deviation(x, dim).unsqueeze(dim)


@misconception(
    caught_by=("test_a_constant_column_of_tenths_becomes_zeros", "test_a_small_spread_becomes_one"),
    replaces="standardize",
)
def adds_a_small_number(x, dim):
    "1e-6 in the denominator does no harm, and saves the constant columns."
    return (x - x.mean(dim, keepdim=True)) / (_deviation(x, dim).unsqueeze(dim) + 1e-6)


@misconception(caught_by="test_a_constant_column_of_tenths_becomes_zeros", replaces="standardize")
def asks_whether_the_deviation_is_zero(x, dim):
    "A column is constant if its deviation is 0."
    deviation = _deviation(x, dim).unsqueeze(dim)
    return (x - x.mean(dim, keepdim=True)) / deviation.masked_fill(deviation == 0, 1)


@misconception(caught_by="test_a_small_spread_becomes_one", replaces="standardize")
def takes_small_for_constant(x, dim):
    "A deviation below 1e-5 is rounding."
    deviation = _deviation(x, dim).unsqueeze(dim)
    still = deviation < 1e-5
    return (x - x.mean(dim, keepdim=True)).masked_fill(still, 0) / deviation.masked_fill(still, 1)


@misconception(caught_by="test_the_mean_becomes_zero", replaces="standardize")
def only_divides(x, dim):
    "Standardizing is dividing by the standard deviation."
    constant = x.amax(dim, keepdim=True) == x.amin(dim, keepdim=True)
    scaled = x / _deviation(x, dim).unsqueeze(dim)
    return scaled.masked_fill(constant, 0)


@misconception(caught_by="test_the_deviation_becomes_one", replaces="standardize")
def divides_by_the_variance(x, dim):
    "Squared deviations become 1 when they are divided by their mean."
    return _standardized(x, dim, lambda deviation: deviation.square())


@misconception(caught_by="test_two_numbers_come_out_at_the_root_of_a_half", replaces="standardize")
def divides_by_numpys_deviation(x, dim):
    "A standard deviation is a standard deviation; numpy's will do."
    n = x.shape[dim]
    return _standardized(x, dim, lambda deviation: deviation * ((n - 1) / n) ** 0.5)


@misconception(caught_by="test_each_column_is_scaled_by_its_own", replaces="standardize")
def scales_by_the_largest_deviation(x, dim):
    "One scale for the table keeps its columns comparable."
    return _standardized(x, dim, lambda deviation: deviation.amax().expand_as(deviation))


@misconception(caught_by="test_one_number_is_a_constant_slice", replaces="standardize")
def divides_by_n_minus_one_of_one(x, dim):
    "There are always two numbers and more."
    low, high = x.amin(dim, keepdim=True), x.amax(dim, keepdim=True)
    still = (low == high) & (x.shape[dim] > 1)
    centred = (x - x.mean(dim, keepdim=True)).masked_fill(still, 0)
    return centred / _deviation(x, dim).unsqueeze(dim).masked_fill(still, 1)


@misconception(caught_by="test_standardizing_leaves_x_as_it_is", replaces="standardize")
def standardizes_in_place(x, dim):
    "What is standardized takes the place of what was not."
    return x.copy_(_standardized(x, dim, lambda deviation: deviation))


def _deviation(x, dim):
    centred = x - x.mean(dim, keepdim=True)
    return (centred.square().sum(dim) / (x.shape[dim] - 1)).sqrt()


def _standardized(x, dim, scale):
    constant = x.amax(dim, keepdim=True) == x.amin(dim, keepdim=True)
    centred = (x - x.mean(dim, keepdim=True)).masked_fill(constant, 0)
    return centred / scale(_deviation(x, dim).unsqueeze(dim)).masked_fill(constant, 1)
