"""What is it called when one matrix is read in the shape of another, for an element-wise product?

Here one holds the numbers, and the other a factor for each row, or for each column.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from dojo import alternative, misconception

__all__ = ["scale_columns", "scale_rows"]


def scale_rows(
    m: Float[Tensor, "rows columns"], s: Float[Tensor, " rows"]
) -> Float[Tensor, "rows columns"]:
    """Multiply row i of m by s[i], for every row.

    m and s are of one dtype and on one device, and so is the result; m and s stay as they are. The
    result is a new tensor, and no other new one is as large as it or larger. The number of
    operations does not depend on the sizes; on 1,000 by 16 numbers they are more than 50 times as
    fast as a Python loop over the rows.

    Raises:
        ValueError: s is not of shape (rows,), be it of another rank or of another length: one
            factor for several rows is refused, too. The message gives the shapes of s and m.
    """
    if s.shape != m.shape[:1]:
        raise ValueError(f"s has shape {tuple(s.shape)}, m {tuple(m.shape)}: give a factor a row")
    return m * s[:, None]


def scale_columns(
    m: Float[Tensor, "rows columns"], s: Float[Tensor, " columns"]
) -> Float[Tensor, "rows columns"]:
    """Multiply column j of m by s[j], for every column.

    All else is as for scale_rows: dtype and device, one new tensor as large as the result, m and s
    as they are, no more operations for larger sizes, and, on 16 by 1,000 numbers, more than 50
    times as fast as a Python loop over the columns.

    Raises:
        ValueError: s is not of shape (columns,), be it of another rank or of another length: one
            factor for several columns is refused, too. The message gives the shapes of s and m.
    """
    if s.shape != m.shape[1:]:
        raise ValueError(
            f"s has shape {tuple(s.shape)}, m {tuple(m.shape)}: give a factor a column"
        )
    return m * s


HINTS = (
    "Shapes are lined up at their last axes. Which of the two does m * s scale?",
    "s.reshape(-1, 1) is a column of factors. What is the partner of each of them in m?",
    "m * s for columns, m * s[:, None] for rows, each after a look at s.shape.",
)
ANSWER = """
It is called broadcasting. Shapes are lined up from the right, an axis of size 1 is read again and
again, and nothing is laid out in memory for it: the stretched axis has stride 0. So the factors of
columns, (columns,), fit as they are, and the factors of rows want one axis more, (rows, 1).

Broadcasting never asks what you mean. On a square matrix m * s scales columns, also where rows were
meant, and a single factor scales everything: means and deviations taken over the wrong axis pass
in silence. Hence the check. On paper torch.diag(s) @ m is the same product, but for 1,000 rows it
lays out a million numbers, nearly all of them zeros, and zero times infinity is NaN.
"""


@alternative(replaces="scale_rows")
def turns_the_matrix_over(m, s):
    if s.ndim != 1 or len(s) != len(m):
        raise ValueError(f"{tuple(s.shape)} does not fit the rows of {tuple(m.shape)}")
    return (m.T * s).T


@alternative(replaces=("scale_rows", "scale_columns"))
class Einsum:
    @staticmethod
    def scale_rows(m, s):
        _check(m, s, 0)
        return torch.einsum("rc,r->rc", m, s)

    @staticmethod
    def scale_columns(m, s):
        _check(m, s, 1)
        return torch.einsum("rc,c->rc", m, s)


@alternative(replaces=("scale_rows", "scale_columns"))
class Expanded:
    @staticmethod
    def scale_rows(m, s):
        _check(m, s, 0)
        return torch.mul(s.unsqueeze(1).expand_as(m), m)

    @staticmethod
    def scale_columns(m, s):
        _check(m, s, 1)
        return torch.mul(s.expand_as(m), m)


@alternative(replaces=("scale_rows", "scale_columns"))
class InACopy:
    @staticmethod
    def scale_rows(m, s):
        _check(m, s, 0)
        return m.clone().mul_(s.view(len(s), 1))

    @staticmethod
    def scale_columns(m, s):
        _check(m, s, 1)
        return m.clone().mul_(s.reshape(1, -1))


@misconception(
    caught_by="test_a_square_matrix_has_its_rows_scaled_by_the_one", replaces="scale_rows"
)
def scales_columns_for_rows(m, s):
    "m * s scales whatever there are as many of as factors."
    _check(m, s, 0)
    return m * s if len(s) == m.shape[1] else m * s[:, None]


@misconception(
    caught_by="test_a_square_matrix_has_its_columns_scaled_by_the_other", replaces="scale_columns"
)
def scales_rows_for_columns(m, s):
    "A column of factors scales columns."
    _check(m, s, 1)
    return m * s[:, None] if len(s) == len(m) else m * s


@misconception(caught_by="test_each_row_has_its_factor", replaces="scale_rows")
def adds_the_factors(m, s):
    "To scale is to shift."
    _check(m, s, 0)
    return m + s[:, None]


@misconception(caught_by="test_each_column_has_its_factor", replaces="scale_columns")
def divides_by_the_factors(m, s):
    "To scale is to divide by the scale."
    _check(m, s, 1)
    return m / s


@misconception(
    caught_by="test_scaling_makes_one_new_tensor", replaces=("scale_rows", "scale_columns")
)
class RepeatsTheFactors:
    "Both sides of a product have to be laid out in one shape."

    @staticmethod
    def scale_rows(m, s):
        _check(m, s, 0)
        return m * s[:, None].repeat(1, m.shape[1])

    @staticmethod
    def scale_columns(m, s):
        _check(m, s, 1)
        return m * s.repeat(len(m), 1)


@misconception(
    caught_by=(
        "test_scaling_makes_one_new_tensor",
        "test_infinity_stays_in_its_place",
        "test_scaling_rows_beats_the_loop",
        "test_scaling_columns_beats_the_loop",
    ),
    replaces=("scale_rows", "scale_columns"),
)
class MultipliesByADiagonalMatrix:
    "To scale is a linear map, so it takes a matrix product."

    @staticmethod
    def scale_rows(m, s):
        _check(m, s, 0)
        return torch.diag(s) @ m

    @staticmethod
    def scale_columns(m, s):
        _check(m, s, 1)
        return m @ torch.diag(s)


@misconception(
    caught_by=(
        "test_the_number_of_operations_stays_the_same",
        "test_scaling_rows_beats_the_loop",
        "test_scaling_columns_beats_the_loop",
    ),
    replaces=("scale_rows", "scale_columns"),
)
class Loops:
    "Each has a factor of its own, so it takes a loop."

    @staticmethod
    def scale_rows(m, s):
        _check(m, s, 0)
        scaled = torch.empty_like(m)
        for i in range(len(m)):
            scaled[i] = m[i] * s[i]
        return scaled

    @staticmethod
    def scale_columns(m, s):
        _check(m, s, 1)
        scaled = torch.empty_like(m)
        for j in range(m.shape[1]):
            scaled[:, j] = m[:, j] * s[j]
        return scaled


@misconception(
    caught_by="test_the_inputs_stay_as_they_are", replaces=("scale_rows", "scale_columns")
)
class ScalesInPlace:
    "mul_ saves a matrix, and nobody needs the old numbers."

    @staticmethod
    def scale_rows(m, s):
        _check(m, s, 0)
        return m.mul_(s[:, None])

    @staticmethod
    def scale_columns(m, s):
        _check(m, s, 1)
        m *= s
        return m


@misconception(
    caught_by=(
        "test_a_single_factor_for_several_rows_is_refused",
        "test_a_single_factor_for_several_columns_is_refused",
    ),
    replaces=("scale_rows", "scale_columns"),
)
class StretchesASingleFactor:
    "What can be multiplied fits."

    @staticmethod
    def scale_rows(m, s):
        _check(m, s.expand(len(m)) if s.shape == (1,) else s, 0)
        return m * s[:, None]

    @staticmethod
    def scale_columns(m, s):
        _check(m, s.expand(m.shape[1]) if s.shape == (1,) else s, 1)
        return m * s


@misconception(
    caught_by="test_a_single_row_or_column_takes_a_single_factor",
    replaces=("scale_rows", "scale_columns"),
)
class RefusesEverySingleFactor:
    "A single factor is a mistake."

    @staticmethod
    def scale_rows(m, s):
        if s.shape == (1,):
            raise ValueError(f"s has shape {tuple(s.shape)}, m {tuple(m.shape)}")
        _check(m, s, 0)
        return m * s[:, None]

    @staticmethod
    def scale_columns(m, s):
        if s.shape == (1,):
            raise ValueError(f"s has shape {tuple(s.shape)}, m {tuple(m.shape)}")
        _check(m, s, 1)
        return m * s


@misconception(
    caught_by="test_no_rows_or_columns_take_no_factors", replaces=("scale_rows", "scale_columns")
)
class RefusesNoFactors:
    "There must be something to scale by."

    @staticmethod
    def scale_rows(m, s):
        _check(m, s, 0)
        if not s.numel():
            raise ValueError(f"s has shape {tuple(s.shape)}")
        return m * s[:, None]

    @staticmethod
    def scale_columns(m, s):
        _check(m, s, 1)
        if not s.numel():
            raise ValueError(f"s has shape {tuple(s.shape)}")
        return m * s


@misconception(
    caught_by="test_factors_of_another_length_are_refused", replaces=("scale_rows", "scale_columns")
)
class LeavesTheCheckToTorch:
    "torch refuses whatever does not fit."

    @staticmethod
    def scale_rows(m, s):
        return m * s[:, None]

    @staticmethod
    def scale_columns(m, s):
        return m * s


@misconception(
    caught_by="test_factors_of_another_rank_are_refused", replaces=("scale_rows", "scale_columns")
)
class CountsTheFactors:
    "It is enough that there are as many factors as there should be."

    @staticmethod
    def scale_rows(m, s):
        if s.numel() != len(m):
            _check(m, s, 0)
        return m * s.reshape(-1, 1)

    @staticmethod
    def scale_columns(m, s):
        if s.numel() != m.shape[1]:
            _check(m, s, 1)
        return m * s.reshape(-1)


@misconception(
    caught_by="test_a_refusal_names_both_shapes", replaces=("scale_rows", "scale_columns")
)
class SaysOnlyThatItDoesNotFit:
    "Whoever made the call knows the shapes."

    @staticmethod
    def scale_rows(m, s):
        if s.shape != m.shape[:1]:
            raise ValueError("s must have a factor for each row")
        return m * s[:, None]

    @staticmethod
    def scale_columns(m, s):
        if s.shape != m.shape[1:]:
            raise ValueError("s must have a factor for each column")
        return m * s


@misconception(caught_by="test_the_dtype_stays", replaces=("scale_rows", "scale_columns"))
class ScalesInFloat32:
    "Tensors hold float32."

    @staticmethod
    def scale_rows(m, s):
        _check(m, s, 0)
        return m.float() * s.float()[:, None]

    @staticmethod
    def scale_columns(m, s):
        _check(m, s, 1)
        return m.float() * s.float()


@misconception(
    caught_by=(
        "test_each_row_has_its_factor",
        "test_each_column_has_its_factor",
    ),
    replaces=("scale_rows", "scale_columns"),
    only_on="accelerator",
)
class ReturnsToTheCpu:
    "A result belongs on the CPU."

    @staticmethod
    def scale_rows(m, s):
        _check(m, s, 0)
        return (m * s[:, None]).to("cpu")

    @staticmethod
    def scale_columns(m, s):
        _check(m, s, 1)
        return (m * s).to("cpu")


@misconception(
    caught_by=(
        "test_each_row_has_its_factor",
        "test_each_column_has_its_factor",
    ),
    replaces=("scale_rows", "scale_columns"),
    raises=RuntimeError,
    only_on="accelerator",
)
class MakesRoomOnTheCpu:
    "A new tensor lies where the tensors are that it is used with."

    @staticmethod
    def scale_rows(m, s):
        _check(m, s, 0)
        return torch.mul(m, s[:, None], out=torch.empty(m.shape, dtype=m.dtype))

    @staticmethod
    def scale_columns(m, s):
        _check(m, s, 1)
        return torch.mul(m, s, out=torch.empty(m.shape, dtype=m.dtype))


def _check(m, s, axis):
    if s.shape != (m.shape[axis],):
        raise ValueError(f"s has shape {tuple(s.shape)}, m {tuple(m.shape)}: they don't fit")
