"""What is it called when one matrix is read in the shape of another, for an element-wise product?

Here one holds the numbers, and the other a factor for each row, or for each column.
"""

from jaxtyping import Float
from torch import Tensor


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
    raise NotImplementedError


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
    raise NotImplementedError
