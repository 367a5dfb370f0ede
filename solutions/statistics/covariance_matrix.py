"""What does the mean of products of deviations calculate, for many columns at once?

A table has a covariance for each pair of its columns, and all of them come out of one calculation.
"""

from jaxtyping import Float
from torch import Tensor

from dojo import alternative, misconception

__all__ = ["covariance_matrix"]


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
    deviations = x - x.mean(dim=0)
    return deviations.T @ deviations / (len(x) - correction)


def _centred(x: Tensor) -> Tensor:
    return x - x.mean(dim=0, keepdim=True)


HINTS = (
    "For 4 samples of 3 features the answer is 3 by 3. Which of the two axes is added up along, "
    "and so has to vanish? Along which is the mean?",
    "After the means are off, entry (i, j) is column i times column j, summed over the samples. "
    "Which operation has a sum of products in every entry, and which of its two factors has to "
    "lie on its side?",
    "d = x - x.mean(dim=0), then d.T @ d / (len(x) - correction).",
)
ANSWER = """
It is the covariance matrix: d.T @ d, divided by the number of samples, where d is the table with
the mean of each column taken off. A matrix product is a table of sums of products, so all pairs of
columns are served by one call; the diagonal holds the variances.

A mean of products divides by n; torch.cov divides by n - 1 unless told otherwise. torch.cov and
numpy.cov also expect the table on its side, with a feature in each row: hand them samples by
features, and with as many samples as features you will not even see that the answer is about the
samples. With one feature torch.cov gives a number of rank 0 in place of a 1 by 1 matrix.

Fewer samples than features are allowed, but then the matrix is singular: n samples have at most
n - 1 directions to vary in, which bites as soon as it is inverted. Mean of products minus product
of means loses even its signs to rounding, and with them eigenvalues that no covariance can have.

How you write it decides the speed: with 30 samples of 50 features, on one CPU thread, the product
was about 450 times as fast as a loop over pairs of columns, einsum and broadcasting about 230
times, a loop over columns with a product for each 20 to 60 times. Broadcasting lays out samples
times features times features numbers; with 200 samples it falls to a quarter of the product's
speed.
"""


@alternative
def asks_einsum(x, correction=1):
    import torch

    d = x - x.mean(0)
    return torch.einsum("ni,nj->ij", d, d) / (x.shape[0] - correction)


@alternative
def broadcasts_all_pairs(x, correction=1):
    d = _centred(x)
    return (d[:, :, None] * d[:, None, :]).sum(dim=0) / (len(x) - correction)


@alternative
def works_in_float64(x, correction=1):
    d = x if x.device.type == "mps" else x.double()
    d = d - d.mean(dim=0)
    return (d.mT.matmul(d) / (x.size(0) - correction)).to(x.dtype)


@alternative
def shifts_by_the_first_sample(x, correction=1):
    import torch

    shifted, n = x - x[0], len(x)
    total = shifted.sum(0)
    return (shifted.T @ shifted - torch.outer(total, total) / n) / (n - correction)


@alternative
def divides_before_the_product(x, correction=1):
    import torch

    d = _centred(x)
    return torch.tensordot(d, d / (len(x) - correction), dims=([0], [0]))


@alternative
def lays_the_table_on_its_side(x, correction=1):
    rows = x.T - x.T.mean(1, keepdim=True)
    return (rows @ rows.T).div(rows.shape[1] - correction)


@misconception(caught_by="test_there_is_a_row_and_a_column_for_each_feature")
def compares_samples(x, correction=1):
    "x @ x.T multiplies all pairs, so the transpose comes second."
    d = x - x.mean(dim=1, keepdim=True)
    return d @ d.T / (x.shape[1] - correction)


@misconception(caught_by="test_a_shift_changes_nothing")
def does_not_centre(x, correction=1):
    "Covariances are the mean products of the columns."
    return x.T @ x / (len(x) - correction)


@misconception(caught_by="test_each_column_has_a_mean_of_its_own")
def takes_one_mean_for_all(x, correction=1):
    "The mean is x.mean()."
    d = x - x.mean()
    return d.T @ d / (len(x) - correction)


@misconception(caught_by="test_each_column_has_a_mean_of_its_own")
def centres_the_samples(x, correction=1):
    "Each row has its mean taken off."
    d = x - x.mean(dim=1, keepdim=True)
    return d.T @ d / (len(x) - correction)


@misconception(caught_by="test_the_samples_are_counted")
def counts_the_features(x, correction=1):
    "n is the length of a row."
    d = _centred(x)
    return d.T @ d / (x.shape[1] - correction)


@misconception(caught_by="test_the_samples_are_counted")
def counts_all_numbers(x, correction=1):
    "n is the number of numbers in x."
    d = _centred(x)
    return d.T @ d / (x.numel() - correction)


@misconception(caught_by="test_correction_one_by_name")
def divides_by_n(x, correction=1):
    "The mean of n products divides by n."
    d = _centred(x)
    return d.T @ d / len(x)


@misconception(caught_by="test_by_default_one_less_divides")
def corrects_only_when_asked(x, correction=0):
    "Without a word about it, a mean divides by n."
    d = _centred(x)
    return d.T @ d / (len(x) - correction)


@misconception(caught_by="test_correction_zero_is_the_mean_of_the_products")
def always_divides_by_one_less(x, correction=1):
    "A covariance divides by n - 1."
    d = _centred(x)
    return d.T @ d / (len(x) - 1)


@misconception(caught_by="test_a_correction_never_makes_a_variance_smaller")
def adds_the_correction(x, correction=1):
    "The correction is added to the count."
    d = _centred(x)
    return d.T @ d / (len(x) + correction)


@misconception(caught_by="test_a_factor_goes_through_its_row_and_column")
def correlates(x, correction=1):
    "The entries lie between -1 and 1, with 1 on the diagonal."
    import torch

    d = _centred(x)
    lengths = d.square().sum(0).sqrt()
    return d.T @ d / torch.outer(lengths, lengths)


@misconception(caught_by="test_the_matrix_is_symmetric")
def takes_slopes(x, correction=1):
    "Entry (i, j) says by how much feature j rises for each unit of feature i."
    d = _centred(x)
    products = d.T @ d
    return products / products.diagonal()[:, None]


@misconception(caught_by="test_the_matrix_is_symmetric")
def fills_one_half(x, correction=1):
    "Below the diagonal everything is there a second time, so it stays empty."
    d = _centred(x)
    return (d.T @ d / (len(x) - correction)).triu()


@misconception(caught_by="test_agrees_with_torch_cov_of_the_transpose")
def keeps_the_variances_only(x, correction=1):
    "Different features have nothing to do with each other."
    d = _centred(x)
    return (d.square().sum(0) / (len(x) - correction)).diag()


@misconception(caught_by="test_no_eigenvalue_is_below_zero")
def loses_the_signs(x, correction=1):
    "Like variances, covariances are at least 0."
    d = _centred(x)
    return (d.T @ d).abs() / (len(x) - correction)


@misconception(caught_by=("test_float32_far_from_zero", "test_no_eigenvalue_is_below_zero"))
def subtracts_the_product_of_means(x, correction=1):
    "The mean of the products minus the product of the means is the same matrix."
    import torch

    n, mean = len(x), x.mean(0)
    return (x.T @ x / n - torch.outer(mean, mean)) * n / (n - correction)


@misconception(caught_by="test_float64_far_from_zero")
def trusts_in_float64(x, correction=1):
    "In float64 the mean of the products minus the product of the means has digits enough."
    import torch

    if x.device.type == "mps":
        return _centred(x).T @ _centred(x) / (len(x) - correction)
    n, y = len(x), x.double()
    mean = y.mean(0)
    return ((y.T @ y / n - torch.outer(mean, mean)) * n / (n - correction)).to(x.dtype)


@misconception(caught_by="test_float32_far_from_zero")
def centres_one_factor(x, correction=1):
    "Once one factor is centred the mean of the other drops out of the sum."
    return _centred(x).T @ x / (len(x) - correction)


@misconception(caught_by="test_float64_keeps_its_digits")
def works_in_float32(x, correction=1):
    "float32 is enough once the means are off."
    d = _centred(x).float()
    return (d.T @ d / (len(x) - correction)).to(x.dtype)


@misconception(caught_by="test_the_result_is_of_the_inputs_dtype")
def returns_float32(x, correction=1):
    "Results are float32."
    d = _centred(x)
    return (d.T @ d / (len(x) - correction)).float()


@misconception(caught_by="test_one_feature_gives_a_matrix_too")
def squeezes_the_matrix(x, correction=1):
    "A 1 by 1 matrix is a number, as torch.cov has it."
    d = _centred(x)
    return (d.T @ d / (len(x) - correction)).squeeze()


@misconception(caught_by="test_one_sample_has_none_with_correction_one")
def gives_one_sample_zeros(x, correction=1):
    "One sample does not spread, so everything is 0."
    d = _centred(x)
    return d.T @ d / max(len(x) - correction, 1)


@misconception(caught_by="test_one_sample_raises_nothing")
def scales_by_a_python_number(x, correction=1):
    "1 / (n - correction) is an ordinary factor."
    d = _centred(x)
    return d.T @ d * (1 / (len(x) - correction))


@misconception(caught_by="test_one_sample_over_n_gives_zeros")
def finds_one_sample_too_few(x, correction=1):
    "One sample has no covariances, whatever divides."
    d = _centred(x)
    result = d.T @ d / (len(x) - correction)
    return result if len(x) > 1 else result * float("nan")


@misconception(caught_by="test_a_constant_feature_has_none")
def drops_constant_features(x, correction=1):
    "A feature that never changes says nothing and is undefined."
    d = _centred(x)
    changes = (x != x[0]).any(0).to(x.dtype)
    return (d / changes).T @ d / (len(x) - correction)


@misconception(caught_by="test_the_input_stays_as_it_is")
def subtracts_in_place(x, correction=1):
    "x is not needed any more once its means are off."
    d = x.sub_(x.mean(dim=0))
    return d.T @ d / (len(x) - correction)


@misconception(
    caught_by=("test_the_operations_do_not_grow_with_the_features", "test_beats_the_loop")
)
def loops_over_the_pairs(x, correction=1):
    "Each pair of columns has a covariance of its own, so each takes a call of its own."
    import torch

    columns = _centred(x).unbind(1)
    rows = [torch.stack([(a * b).sum() for b in columns]) for a in columns]
    return torch.stack(rows) / (len(x) - correction)


@misconception(caught_by="test_the_operations_do_not_grow_with_the_features")
def loops_over_the_columns(x, correction=1):
    "One of the two loops may stay, if the inner one is gone."
    import torch

    d = _centred(x)
    return torch.stack([d.T @ column for column in d.unbind(1)]) / (len(x) - correction)


@misconception(caught_by="test_the_operations_do_not_grow_with_the_samples")
def loops_over_the_samples(x, correction=1):
    "Each sample adds a table of products to the sum, so it takes a loop over samples."
    import torch

    total = x.new_zeros(x.shape[1], x.shape[1])
    for row in _centred(x):
        total += torch.outer(row, row)
    return total / (len(x) - correction)


@misconception(caught_by="test_no_number_is_read_out_on_the_way")
def lets_numpy_do_it(x, correction=1):
    "For statistics there is numpy."
    import numpy as np
    import torch

    numbers = x.cpu().numpy()
    d = numbers - numbers.mean(0)
    with np.errstate(all="ignore"):
        return torch.from_numpy(d.T @ d / np.float64(len(x) - correction)).to(x)
