"""What are RMSE and the L1 norm?

Two ways to turn many errors into one number, and the norm behind one of them.
"""

from jaxtyping import Float
from torch import Tensor

from dojo import alternative, misconception

__all__ = ["l1_norm", "mean_absolute_error", "rmse"]


def rmse(a: Float[Tensor, "*shape"], b: Float[Tensor, "*shape"]) -> Float[Tensor, ""]:
    """Return the root of the mean of the squared differences of a and b.

    a and b are of one shape, of any rank (0 included), with at least one number, of one dtype and
    on one device. The result is a tensor of rank 0, of that dtype and on that device. a and b are
    left as they are.

    Raises:
        ValueError: the shapes differ, be it only by an axis of size 1; the message gives both.
    """
    _refuse_other_shapes(a, b)
    return (a - b).pow(2).mean().sqrt()


def mean_absolute_error(
    a: Float[Tensor, "*shape"], b: Float[Tensor, "*shape"]
) -> Float[Tensor, ""]:
    """Return the mean of the absolute differences of a and b.

    All else is as for rmse, the ValueError for other shapes too.
    """
    _refuse_other_shapes(a, b)
    return (a - b).abs().mean()


def l1_norm(v: Float[Tensor, "*shape"]) -> Float[Tensor, ""]:
    """Return the L1 norm of all numbers in v, as if they stood in one row.

    v is of any rank and left as it is; the result is of rank 0, of v's dtype and on its device.
    """
    return v.abs().sum()


def _refuse_other_shapes(a: Tensor, b: Tensor) -> None:
    if a.shape != b.shape:
        raise ValueError(
            f"a has shape {tuple(a.shape)}, b {tuple(b.shape)}: give two tensors of one shape"
        )


HINTS = (
    "Read the names backwards: root of the mean of the squares of the errors. Which of the three "
    "functions adds up, and which divide by the number of errors?",
    "Subtract, then square or abs(), then mean() over everything. What does a - b give for shapes "
    "(4,) and (4, 1)? Look at the shapes first.",
    "(a - b).pow(2).mean().sqrt(), (a - b).abs().mean() and v.abs().sum(), each of the first two "
    "after a check that a.shape == b.shape.",
)
ANSWER = """
RMSE is the root of the mean of the squared errors; the root brings it back to the unit of the data.
The L1 norm is the sum of absolute values, and the mean absolute error is that sum over n: course
notes often call the mean "L1", and so does torch's l1_loss, which averages unless told otherwise.

Squares weigh one large error more than many small ones, so RMSE is at least as large as the mean
absolute error, and equal only where all errors are of one size (in float32 rounding may then put it
a little below). For the same reason one outlier can dominate an RMSE. Check shapes before you
subtract: (n,) against (n, 1) broadcasts to n by n differences, and the mean of those is a plausible
number about nothing.
"""


@alternative(replaces=("rmse", "mean_absolute_error", "l1_norm"))
class TorchsOwnLosses:
    @staticmethod
    def rmse(a, b):
        from torch.nn.functional import mse_loss

        _refuse_other_shapes(a, b)
        return mse_loss(a, b).sqrt()

    @staticmethod
    def mean_absolute_error(a, b):
        from torch.nn.functional import l1_loss

        _refuse_other_shapes(a, b)
        return l1_loss(a, b)

    @staticmethod
    def l1_norm(v):
        import torch

        return torch.linalg.vector_norm(v, ord=1)


@alternative(replaces=("rmse", "mean_absolute_error", "l1_norm"))
class NormsOverCounts:
    @staticmethod
    def rmse(a, b):
        if a.shape != b.shape:
            raise ValueError(f"shapes {a.shape} and {b.shape} differ")
        return (b - a).flatten().norm() / a.numel() ** 0.5

    @staticmethod
    def mean_absolute_error(a, b):
        if a.shape != b.shape:
            raise ValueError(f"shapes {a.shape} and {b.shape} differ")
        return (b - a).flatten().norm(1) / a.numel()

    @staticmethod
    def l1_norm(v):
        return v.flatten().norm(p=1)


@alternative(replaces=("mean_absolute_error", "l1_norm"))
class SumsOfWhatIsLarger:
    @staticmethod
    def mean_absolute_error(a, b):
        _refuse_other_shapes(a, b)
        return (a.maximum(b) - a.minimum(b)).mean()

    @staticmethod
    def l1_norm(v):
        return v.relu().sum() + (-v).relu().sum()


@alternative(replaces="rmse")
def works_in_float64(a, b):
    _refuse_other_shapes(a, b)
    if a.device.type == "mps":
        return (a - b).square().mean().sqrt()
    return (a.double() - b.double()).square().mean().sqrt().to(a.dtype)


@misconception(caught_by="test_rmse_of_four_errors", replaces="rmse")
def forgets_the_root(a, b):
    "The mean squared error is what RMSE stands for."
    _refuse_other_shapes(a, b)
    return (a - b).pow(2).mean()


@misconception(
    caught_by=("test_rmse_of_four_errors", "test_one_large_error_moves_rmse_more"),
    replaces="rmse",
)
def takes_the_mean_of_roots(a, b):
    "Root and mean can change places."
    _refuse_other_shapes(a, b)
    return (a - b).pow(2).sqrt().mean()


@misconception(caught_by="test_rmse_of_four_errors", replaces="rmse")
def takes_the_root_of_the_sum(a, b):
    "RMSE is the length of the difference."
    _refuse_other_shapes(a, b)
    return (a - b).pow(2).sum().sqrt()


@misconception(
    caught_by=("test_rmse_of_a_single_error", "test_errors_that_cancel_count"), replaces="rmse"
)
def divides_by_one_less(a, b):
    "A mean of squares divides by n - 1, as a standard deviation does."
    _refuse_other_shapes(a, b)
    return ((a - b).pow(2).sum() / (a.numel() - 1)).sqrt()


@misconception(caught_by="test_the_same_error_everywhere_is_no_zero", replaces="rmse")
def takes_the_deviation(a, b):
    "RMSE is the standard deviation of the errors."
    _refuse_other_shapes(a, b)
    return (a - b).std(correction=0)


@misconception(caught_by="test_numbers_of_any_rank_are_averaged_at_once", replaces="rmse")
def averages_rmse_over_rows(a, b):
    "The RMSE of a table is the mean of the RMSE of its rows."
    _refuse_other_shapes(a, b)
    return (a - b).pow(2).mean(-1).sqrt().mean() if a.ndim else (a - b).abs()


@misconception(caught_by="test_the_inputs_stay_as_they_are", replaces="rmse")
def subtracts_in_place(a, b):
    "a is no longer needed once b is taken from it."
    _refuse_other_shapes(a, b)
    return a.sub_(b).pow(2).mean().sqrt()


@misconception(caught_by="test_rmse_against_fewer_numbers_is_refused", replaces="rmse")
def broadcasts_rmse(a, b):
    "(n,) and (n, 1) hold the same numbers, so torch pairs them up."
    return (a - b).pow(2).mean().sqrt()


@misconception(caught_by="test_rmse_of_another_shape_is_refused", replaces="rmse")
def compares_counts(a, b):
    "Shapes fit when they hold equally many numbers."
    if a.numel() != b.numel():
        raise ValueError(f"shapes {tuple(a.shape)} and {tuple(b.shape)}")
    return (a.flatten() - b.flatten()).pow(2).mean().sqrt()


@misconception(caught_by="test_the_result_is_of_the_inputs_dtype", replaces="rmse")
def returns_a_number(a, b):
    "One number is a float, no tensor."
    _refuse_other_shapes(a, b)
    return (a - b).pow(2).mean().sqrt().item()


@misconception(caught_by="test_mean_absolute_error_of_four_errors", replaces="mean_absolute_error")
def forgets_abs(a, b):
    "An error is a difference, and its mean is the mean error."
    _refuse_other_shapes(a, b)
    return (a - b).mean()


@misconception(caught_by="test_mean_absolute_error_of_four_errors", replaces="mean_absolute_error")
def takes_abs_last(a, b):
    "abs() may come before or after the mean."
    _refuse_other_shapes(a, b)
    return (a - b).mean().abs()


@misconception(caught_by="test_mean_absolute_error_of_four_errors", replaces="mean_absolute_error")
def sums_the_errors(a, b):
    "The L1 norm of the errors is their mean absolute error."
    _refuse_other_shapes(a, b)
    return (a - b).abs().sum()


@misconception(caught_by="test_one_large_error_moves_rmse_more", replaces="mean_absolute_error")
def takes_the_largest_error(a, b):
    "The worst error is the one that counts."
    _refuse_other_shapes(a, b)
    return (a - b).abs().max()


@misconception(
    caught_by=(
        "test_mean_absolute_error_of_another_shape_is_refused",
        "test_mean_absolute_error_against_fewer_numbers_is_refused",
    ),
    replaces="mean_absolute_error",
)
def broadcasts_errors(a, b):
    "A mean absolute error comes out the same however the numbers are laid out."
    return (a - b).abs().mean()


@misconception(caught_by="test_zeros_leave_the_l1_norm_as_it_is", replaces="l1_norm")
def takes_the_mean(v):
    "L1 is the mean of absolute values, as in a loss."
    return v.abs().mean()


@misconception(caught_by="test_l1_norm_of_a_single_number_is_its_size", replaces="l1_norm")
def sums_with_signs(v):
    "The L1 norm is the sum of the entries."
    return v.sum()


@misconception(caught_by="test_l1_norm_is_a_sum", replaces="l1_norm")
def takes_the_euclidean_norm(v):
    "norm() is the norm."
    return v.norm()


@misconception(caught_by="test_l1_norm_of_a_matrix_takes_all_numbers", replaces="l1_norm")
def takes_the_matrix_norm(v):
    "torch.linalg.norm with ord=1 is the L1 norm, also of a matrix."
    import torch

    return torch.linalg.norm(v, ord=1) if v.ndim < 3 else v.abs().sum()
