"""How does comparing a matrix with one number work, without a matrix of copies?

The matrix holds thousands of numbers, the other side one, and each of them finds its partner.
"""

import torch
from jaxtyping import Float, Int64, Shaped
from torch import Tensor

from dojo import alternative, misconception

__all__ = ["count_above", "stretch"]


def stretch(value: Shaped[Tensor, ""], shape: tuple[int, ...]) -> Tensor:
    """Return value in the given shape: a view to read from, dtype and device kept.

    All its numbers are the one number of value. It has no memory but that of value, each axis
    longer than 1 has stride 0, a later change of value shows in all of the view, and nothing of
    that shape is made on the way. value is left as it is; it may be an element of a larger tensor.
    shape may be (), and its axes may be of size 0 or 1.
    """
    return value.expand(shape)


def count_above(
    matrix: Float[Tensor, "rows columns"], value: float | Float[Tensor, ""]
) -> Int64[Tensor, ""]:
    """Count the numbers of matrix that are greater than value.

    The count lies on the device of matrix; value is a number or a tensor on that device. NaN is not
    above anything, and nothing is above NaN. A float64 matrix is compared in float64. The inputs
    are left as they are.

    Nothing waits for the device: no item(), tolist(), float(), nonzero() or boolean mask. The
    number of operations does not depend on the size of matrix, and none of them makes another
    floating-point matrix. On 300 by 200 numbers they are more than 10 times as fast as a Python
    loop over the numbers.
    """
    return (matrix > value).count_nonzero()


HINTS = (
    "A stride says how far it is in memory from one element of an axis to the next. Which stride "
    "comes back to the same number?",
    "Which method of a tensor gives it a larger shape without a copy? And what is the sum of a "
    "tensor of booleans, and of which dtype?",
    "value.expand(shape) is the view, (matrix > value).count_nonzero() the count; sum() is, too.",
)
ANSWER = """
By broadcasting: the number is read as if it were a matrix. A stride says how far apart in memory
two neighbours of an axis lie, and expand sets it to 0: whichever row and column you ask for, you
get the same one element. 300 by 200 copies would be 240 kB in float32; the view takes none. As all
its elements share one place, expanded views are for reading: clone() before you write.

The comparison gives a matrix of booleans, and their count or sum is int64: exact, where a float32
stops counting at 16,777,216. Leave it a tensor. On a GPU item() waits until all that was launched
is done, and in a training loop that wait comes with every batch. Mind NaN as well: no comparison
with it is true but !=, so "all minus those at most value" is another count.
"""


@alternative(replaces="stretch")
def broadcasts_to_the_shape(value, shape):
    return torch.broadcast_to(value, shape)


@alternative(replaces="stretch")
def strides_of_zero(value, shape):
    return value.as_strided(shape, [0] * len(shape))


@alternative(replaces="stretch")
def stretches_one_axis_after_the_other(value, shape):
    for axis, size in enumerate(shape):
        value = value.unsqueeze(-1).expand(*shape[:axis], size)
    return value


@alternative(replaces="count_above")
def adds_up_the_truths(matrix, value):
    return torch.gt(matrix, value).sum()


@alternative(replaces="count_above")
def compares_with_a_stretched_value(matrix, value):
    value = torch.as_tensor(value, dtype=matrix.dtype, device=matrix.device)
    return (stretch(value, matrix.shape) < matrix).long().sum()


@alternative(replaces="count_above")
def adds_up_the_counts_of_rows(matrix, value):
    return torch.lt(torch.as_tensor(value, dtype=matrix.dtype), matrix).sum(1).sum(0)


@misconception(caught_by="test_the_memory_behind_the_view_is_one_number", replaces="stretch")
def fills_with_copies(value, shape):
    "A matrix of equal numbers has to hold each of them."
    return torch.full(shape, value.item(), dtype=value.dtype, device=value.device)


@misconception(caught_by="test_the_memory_behind_the_view_is_one_number", replaces="stretch")
def stretches_a_row_of_copies(value, shape):
    "One row has to lie in memory; the other rows can be that row again."
    return value.repeat(shape[-1:]).expand(shape)


@misconception(caught_by="test_a_later_change_of_value_shows_in_the_view", replaces="stretch")
def stretches_a_copy(value, shape):
    "A copy of one number costs nothing, so it is as good as the number itself."
    return value.clone().expand(shape)


@misconception(caught_by="test_nothing_of_that_shape_is_made_on_the_way", replaces="stretch")
def stretches_along_an_empty_matrix(value, shape):
    "It takes a matrix of the right shape to stretch the number to."
    return value.expand_as(torch.empty(shape, device=value.device))


@misconception(caught_by="test_the_dtype_of_value_stays", replaces="stretch")
def stretches_as_float(value, shape):
    "Tensors hold float32."
    return value.float().expand(shape)


@misconception(caught_by="test_an_element_of_a_matrix_is_stretched_too", replaces="stretch")
def starts_at_the_front_of_memory(value, shape):
    "A tensor of rank 0 lies at the beginning of its memory."
    return value.as_strided(shape, [0] * len(shape), 0)


@misconception(caught_by="test_a_shape_without_axes_is_that_of_value", replaces="stretch")
def needs_an_axis_to_stretch(value, shape):
    "Only an axis of size 1 can be stretched, so one is made first."
    return value.reshape(1).expand(shape)


@misconception(caught_by="test_all_numbers_of_the_view_are_value", replaces="stretch")
def stretches_to_rows_and_columns(value, shape):
    "A shape is a number of rows and one of columns."
    return value.expand(shape[0], shape[-1]) if shape else value


@misconception(caught_by="test_axes_of_size_0_and_1_are_axes", replaces="stretch")
def drops_axes_of_size_1(value, shape):
    "An axis of size 1 holds nothing that the number does not hold already."
    return value.expand([size for size in shape if size != 1])


@misconception(caught_by="test_value_and_matrix_stay_as_they_are", replaces="stretch")
def resizes_in_place(value, shape):
    "as_strided_ saves the new tensor, and the number is the same."
    return value.as_strided_(shape, [0] * len(shape))


@misconception(caught_by="test_the_dtype_of_value_stays", only_on="accelerator", replaces="stretch")
def stretches_on_the_cpu(value, shape):
    "One number can lie on the CPU, wherever the matrix is."
    return value.to("cpu").expand(shape)


@misconception(caught_by="test_the_work_does_not_grow_with_the_matrix", replaces="count_above")
def counts_row_by_row(matrix, value):
    "A loop over the rows is fast: each row is compared as a whole."
    total = torch.zeros((), dtype=torch.int64, device=matrix.device)
    for row in matrix:
        total += (row > value).sum()
    return total


@misconception(
    caught_by=("test_beats_the_loop", "test_no_number_is_read_out_on_the_way"),
    replaces="count_above",
)
def counts_number_by_number(matrix, value):
    "To count is to look at one number after the other."
    count = sum(number > float(value) for row in matrix.tolist() for number in row)
    return torch.tensor(count, device=matrix.device)


@misconception(caught_by="test_a_number_equal_to_value_is_not_above_it", replaces="count_above")
def counts_equal_numbers_too(matrix, value):
    "What reaches the value is above it."
    return (matrix >= value).sum()


@misconception(caught_by="test_the_numbers_above_are_counted", replaces="count_above")
def counts_those_below(matrix, value):
    "matrix < value asks how far the value is above the matrix."
    return (matrix < value).sum()


@misconception(caught_by="test_the_numbers_above_are_counted", replaces="count_above")
def adds_up_the_numbers_above(matrix, value):
    "To sum is to count."
    return torch.where(matrix > value, matrix, 0).sum().long()


@misconception(caught_by="test_the_count_is_a_tensor_of_rank_0", replaces="count_above")
def counts_each_row(matrix, value):
    "sum(1) adds up the matrix."
    return (matrix > value).sum(1)


@misconception(caught_by="test_the_count_is_int64", replaces="count_above")
def counts_in_float(matrix, value):
    "Booleans must become floats before they can be added up."
    return (matrix > value).sum(dtype=matrix.dtype)


@misconception(
    caught_by=("test_the_count_is_a_tensor_of_rank_0", "test_no_number_is_read_out_on_the_way"),
    replaces="count_above",
)
def returns_a_python_number(matrix, value):
    "A count is an int."
    return (matrix > value).sum().item()


@misconception(caught_by="test_a_matrix_without_numbers_counts_0", replaces="count_above")
def multiplies_the_share(matrix, value):
    "A count is the mean times how many there are."
    share = (matrix > value).mean(dtype=torch.float64)
    return (share * matrix.numel()).round().long()


@misconception(caught_by="test_nan_is_above_nothing", replaces="count_above")
def takes_away_those_not_above(matrix, value):
    "What is not at most value is above it."
    return matrix.numel() - (matrix <= value).sum()


@misconception(caught_by="test_nothing_is_above_nan", replaces="count_above")
def takes_nan_for_the_lowest(matrix, value):
    "NaN is lower than every number."
    value = torch.as_tensor(value, dtype=matrix.dtype)
    return (matrix > value.nan_to_num(-torch.inf, torch.inf, -torch.inf)).sum()


@misconception(caught_by="test_infinity_is_above_every_other_number", replaces="count_above")
def takes_infinity_for_a_large_number(matrix, value):
    "Infinity is the largest float."
    value = torch.as_tensor(value, dtype=matrix.dtype)
    return (matrix > value.nan_to_num(torch.nan)).sum()


@misconception(caught_by="test_float64_is_compared_as_float64", replaces="count_above")
def compares_as_float32(matrix, value):
    "torch.tensor(number) is the number."
    value = value.float() if isinstance(value, torch.Tensor) else torch.tensor(value)
    return (matrix > value.to(matrix.device)).sum()


@misconception(caught_by="test_no_other_matrix_of_floats_is_made", replaces="count_above")
def makes_a_matrix_of_copies(matrix, value):
    "Two tensors can be compared only if they are of one shape."
    return (matrix > torch.ones_like(matrix) * value).sum()


@misconception(caught_by="test_no_numbers_are_picked_out_on_the_way", replaces="count_above")
def picks_the_numbers_out(matrix, value):
    "Numbers must be picked out before they can be counted."
    picked = matrix[matrix > value]
    return torch.tensor(len(picked), device=matrix.device)


@misconception(caught_by="test_no_number_is_read_out_on_the_way", replaces="count_above")
def compares_with_a_python_number(matrix, value):
    "A matrix can be compared with a Python number only."
    return (matrix > float(value)).sum()


@misconception(caught_by="test_value_and_matrix_stay_as_they_are", replaces="count_above")
def compares_in_place(matrix, value):
    "gt_ saves the memory of the booleans, and nobody needs the matrix afterwards."
    return matrix.gt_(value).sum().long()


@misconception(
    caught_by="test_the_count_is_a_tensor_of_rank_0", replaces="count_above", only_on="accelerator"
)
def counts_on_the_cpu(matrix, value):
    "A single number belongs on the CPU."
    return (matrix > value).sum().to("cpu")
