"""What does the @ operator do?

Say it in other words: write it by broadcasting, without @ and without a loop.
"""

from jaxtyping import Float
from torch import Tensor


def matmul(a: Float[Tensor, "n k"], b: Float[Tensor, "k m"]) -> Float[Tensor, "n m"]:
    """Return what a @ b does, by broadcasting.

    a and b are both float32 or both float64, and on one device; so is the result. Any axis may be
    of size 0, and with k = 0 the result is all zeros. The result is off by at most 1e-6 of
    |a| @ |b|, the same product with all signs made positive, in float32, and 2e-15 in float64. The
    inputs are left as they are.

    No matrix or dot product of torch's may run in it, under whatever name it was called: @, matmul,
    mm, bmm, addmm, mv, dot, inner, einsum, tensordot, linear, a convolution. No Python loop, and no
    comprehension: the number of operations is the same for all sizes. The numbers stay in torch: no
    tolist, item or numpy. With (32, 40) by (40, 48) it is more than 50 times as fast as three
    nested loops over Python's numbers.

    Raises:
        ValueError: the inner sizes differ, 1 against another size included; the message names both.
    """
    raise NotImplementedError
