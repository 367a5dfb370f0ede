"""What does the @ operator do?

Say it in other words: write it by broadcasting, without @ and without a loop.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from dojo import alternative, misconception

__all__ = ["matmul"]


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
    if a.shape[1] != b.shape[0]:
        raise ValueError(
            f"the inner sizes are {a.shape[1]} and {b.shape[0]} (shapes {tuple(a.shape)} and "
            f"{tuple(b.shape)}): a needs as many columns as b has rows"
        )
    return (a[:, :, None] * b).sum(1)


HINTS = (
    "The number at [i, j] is the sum over k of a[i, k] * b[k, j]. How many products are there?",
    "Lay out all products at once, in a tensor with the axes n, k and m. Which axis lacks a, and "
    "which one b?",
    "a[:, :, None] * b is that tensor, for b gets its missing axis n by itself. Sum over the axis "
    "of k, but look at the inner sizes first.",
)
ANSWER = """
@ is the matrix product: [i, j] is the sum of a[i, k] * b[k, j] over the axis that both have in
common. A widely copied answer calls it element-wise; that is *, which broadcasts and adds nothing
up. Two square matrices take either without complaint, so mixing them up need not raise anything.

@ refuses inner sizes that differ. Broadcasting does not: it stretches a size of 1 to fit, so a
product written this way is silently wrong there unless it looks at the shapes. And it lays out all
n·k·m products at once, 4 GB for two float32 matrices of 1,000 by 1,000, where @ adds them up as it
goes. That is why one uses @.
"""


@alternative
def sums_over_the_last_axis(a, b):
    _refuse_unequal(a, b)
    return (a.unsqueeze(1) * b.T).sum(-1)


@alternative
def adds_up_outer_products(a, b):
    _refuse_unequal(a, b)
    return torch.mul(a.T[:, :, None], b[:, None, :]).sum(dim=0)


@alternative
def expands_by_hand(a, b):
    (n, k), (rows, m) = a.shape, b.shape
    if k != rows:
        raise ValueError(f"{k} columns against {rows} rows")
    return a.reshape(n, k, 1).expand(n, k, m).mul(b.expand(n, k, m)).sum(-2)


@misconception(caught_by="test_square_matrices_are_no_exception")
def multiplies_element_by_element(a, b):
    "@ multiplies element by element."
    _refuse_unequal(a, b)
    return a * b


@misconception(caught_by="test_square_matrices_are_no_exception")
def transposes_the_second(a, b):
    "Each row of a meets each row of b."
    _refuse_unequal(a, b)
    return (a[:, None] * b).sum(-1)


@misconception(caught_by="test_each_row_meets_each_column")
def sums_over_the_columns_of_b(a, b):
    "The last axis is the one that is summed over."
    _refuse_unequal(a, b)
    return (a[:, :, None] * b).sum(2)


@misconception(caught_by="test_each_row_meets_each_column")
def sums_over_the_rows_of_a(a, b):
    "The first axis is the one that is summed over."
    _refuse_unequal(a, b)
    return (a[:, :, None] * b).sum(0)


@misconception(caught_by="test_each_row_meets_each_column")
def averages(a, b):
    "A mean over the common axis comes to the same thing, only smaller."
    _refuse_unequal(a, b)
    return (a[:, :, None] * b).mean(1)


@misconception(caught_by="test_a_single_row_or_column_keeps_its_axis")
def squeezes(a, b):
    "An axis of size 1 is no axis worth keeping."
    _refuse_unequal(a, b)
    return _product(a, b).squeeze()


@misconception(caught_by="test_unequal_inner_sizes_are_refused")
def leaves_it_to_broadcasting(a, b):
    "Torch will complain if the shapes do not fit."
    return _product(a, b)


@misconception(caught_by="test_an_inner_size_of_1_is_refused_against_another")
def allows_what_broadcasts(a, b):
    "A size of 1 fits any other, as everywhere in broadcasting."
    if a.shape[1] != b.shape[0] and 1 not in (a.shape[1], b.shape[0]):
        raise ValueError(f"inner sizes {a.shape[1]} and {b.shape[0]}")
    return _product(a, b)


@misconception(caught_by="test_no_inner_size_gives_zeros")
def scales_up_the_mean(a, b):
    "A sum is the mean times how many there are."
    _refuse_unequal(a, b)
    return (a[:, :, None] * b).mean(1) * a.shape[1]


@misconception(caught_by="test_float32_is_exact_to_a_millionth")
def computes_in_half_precision(a, b):
    "Sixteen bits are enough for a network, so they are enough here."
    _refuse_unequal(a, b)
    return _product(a.bfloat16(), b.bfloat16()).to(a.dtype)


@misconception(caught_by="test_float64_stays_float64")
def computes_in_float32(a, b):
    "Torch computes in float32."
    _refuse_unequal(a, b)
    return _product(a.float(), b.float())


@misconception(caught_by="test_float64_is_exact_to_its_own_precision")
def passes_through_float32(a, b):
    "Only the dtype of the result counts."
    _refuse_unequal(a, b)
    return _product(a.float(), b.float()).to(a.dtype)


@misconception(caught_by=("test_the_numbers_stay_in_torch", "test_beats_three_loops"))
def loops_over_numbers(a, b):
    "A matrix product is three loops, however one writes it."
    _refuse_unequal(a, b)
    columns = b.T.tolist()
    sums = [
        [sum(x * y for x, y in zip(row, column, strict=True)) for column in columns]
        for row in a.tolist()
    ]
    return a.new_tensor(sums).view(a.shape[0], b.shape[1])


@misconception(caught_by=("test_the_work_does_not_grow_with_the_rows", "test_beats_three_loops"))
def loops_over_rows(a, b):
    "One loop is not three: torch does the rest."
    _refuse_unequal(a, b)
    out = a.new_zeros(a.shape[0], b.shape[1])
    for i in range(a.shape[0]):
        out[i] = (a[i, :, None] * b).sum(0)
    return out


@misconception(caught_by="test_the_work_does_not_grow_with_the_inner_size")
def loops_over_the_inner_axis(a, b):
    "Adding up one outer product after the other saves memory, so it must be the way."
    _refuse_unequal(a, b)
    out = a.new_zeros(a.shape[0], b.shape[1])
    for k in range(a.shape[1]):
        out += a[:, k, None] * b[k]
    return out


@misconception(caught_by=("test_the_work_does_not_grow_with_the_columns", "test_empty_axes_stay"))
def loops_in_a_comprehension(a, b):
    "A comprehension is no loop."
    _refuse_unequal(a, b)
    return torch.stack([(a * column).sum(1) for column in b.T], dim=1)


@misconception(caught_by="test_no_product_of_torchs_runs")
def calls_it_a_linear_layer(a, b):
    "A linear layer is no matrix product."
    _refuse_unequal(a, b)
    return torch.nn.functional.linear(a, b.T)


@misconception(caught_by="test_the_numbers_stay_in_torch")
def asks_numpy(a, b):
    "What numpy multiplies, torch has not multiplied."
    _refuse_unequal(a, b)
    return torch.from_numpy(a.cpu().numpy() @ b.cpu().numpy()).to(a.device)


@misconception(caught_by="test_the_inputs_stay_as_they_are")
def adds_the_axis_in_place(a, b):
    "a.unsqueeze_(2) gives a its third axis and costs nothing."
    _refuse_unequal(a, b)
    return (a.unsqueeze_(2) * b).sum(1)


@misconception(caught_by="test_each_row_meets_each_column", only_on="accelerator")
def collects_on_the_cpu(a, b):
    "Zeros are zeros, wherever they are."
    _refuse_unequal(a, b)
    return torch.zeros(a.shape[0], b.shape[1], dtype=a.dtype) + _product(a, b)


def _refuse_unequal(a, b):
    if a.shape[1] != b.shape[0]:
        raise ValueError(f"inner sizes {a.shape[1]} and {b.shape[0]}")


def _product(a, b):
    return (a[:, :, None] * b).sum(1)
