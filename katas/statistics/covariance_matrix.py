"""What does the mean of products of deviations calculate, for many columns at once?

A table has a covariance for each pair of its columns, and all of them come out of one calculation.
"""

from jaxtyping import Float
from torch import Tensor


def covariance_matrix(
    x: Float[Tensor, "samples features"], correction: int = 1
) -> Float[Tensor, "features features"]:
    """Return the covariances of all pairs of columns of x, without torch.cov.

    The entry in row i, column j is the sum, over the samples, of the distance of feature i from its
    mean times the distance of feature j from its own, over samples - correction; on the diagonal
    are the variances. correction is 0 or 1.

    x is float32 or float64, with at least one sample and one feature; it need not be contiguous and
    is left as it is. dtype and device stay, and float64 keeps its digits. One feature gives a 1 by
    1 matrix. One sample gives NaN throughout with correction 1, and 0 with correction 0; neither is
    an error. A constant feature has covariances of 0, but for rounding.

    There may be fewer samples than features. The matrix is symmetric and has no eigenvalue below 0,
    but for rounding: for float32 numbers around 100 no lower than -1e-5 times the largest. Far from
    0 its entries are still within 0.001: for float32 numbers around 10,000 with a spread of 1, for
    float64 numbers around 100,000,000 with a spread of 1.

    The number of operations is the same for all sizes, so there is no loop, neither over features
    nor over samples, and no number is read out on the way (item, tolist, numpy, a boolean mask). On
    4 samples of 50 features it is more than 100 times as fast as a loop over all pairs of columns,
    each of them both ways round, that subtracts each mean once.
    """
    raise NotImplementedError
