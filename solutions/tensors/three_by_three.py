"""How do you make a 3 by 3 grid of 1 to 9, double it, and take the four at the bottom right?

Here for a grid of any size, and for a corner of any matrix.
"""

import torch
from jaxtyping import Int64, Shaped
from torch import Tensor

from dojo import alternative, misconception

__all__ = ["bottom_right", "doubled_grid"]


def doubled_grid(n: int, device: torch.device | str | None = None) -> Int64[Tensor, "n n"]:
    """Return the numbers 1 to n² in rows, from left to right and from the top down, doubled.

    n = 0 gives an empty grid, of shape (0, 0). Each call gives a new tensor, on device; None is
    torch's default device at the time of the call, as it is for torch.zeros.
    """
    return 2 * torch.arange(1, n * n + 1, device=device).view(n, n)


def bottom_right(t: Shaped[Tensor, "height width"], k: int) -> Shaped[Tensor, "k k"]:
    """Return the last k columns of the last k rows of t, as a view.

    k runs from 0, which gives shape (0, 0), to the shorter side of t. Any dtype will do, and t may
    be a view itself, such as a transposed matrix. t is left as it is.

    Raises:
        ValueError: k is below 0 or above the shorter side; the message names k and the shape.
    """
    height, width = t.shape
    if not 0 <= k <= min(height, width):
        raise ValueError(
            f"k is {k}, t has shape ({height}, {width}): give k from 0 to {min(height, width)}"
        )
    return t[height - k :, width - k :]


HINTS = (
    "torch.arange stops before its end, and view gives a row of numbers two axes. For the corner: "
    "what does a second pair of brackets index, what is left by the first one or t itself?",
    "One pair of brackets takes both axes: t[rows, columns]. Try t[-2:, -2:], then put 0 in place "
    "of 2. What is -0?",
    "torch.arange(1, n * n + 1, device=device).view(n, n), times 2. Then height, width = t.shape, "
    "a check of k, and t[height - k :, width - k :].",
)
ANSWER = """
arange starts at 0 and stops before its end, so 1 to 9 is arange(1, 10). A widely copied answer
builds the grid from range(9): its four numbers are 8, 10, 14, 16, where 10, 12, 16, 18 are asked
for. Adding 1 after the doubling does not mend it, that gives the odd numbers.

t[-k:, -k:] reads well and fails for k = 0, because -0 is 0 and t[0:] is everything; counting from
the front, t[height - k :], has no such hole. t[-k:][-k:] slices the rows twice and never reaches
the columns, which 3 by 3 with k = 3 would not show. A slice is a view, free however large
the corner, so whoever writes to it writes to t; and it never complains about a k that is too large,
which is why the check is yours to make.
"""


@alternative(replaces="bottom_right")
def narrows_one_axis_at_a_time(t, k):
    if k < 0 or k > min(t.shape):
        raise ValueError(f"no corner of {k} by {k} in a matrix of shape {tuple(t.shape)}")
    return t.narrow(0, t.shape[0] - k, k).narrow(1, t.shape[1] - k, k)


@alternative(replaces="bottom_right")
def counts_from_the_end_except_for_0(t, k):
    if k not in range(min(t.shape) + 1):
        raise ValueError(f"{t.shape} has no corner of size {k}")
    return t[-k:, -k:] if k else t[:0, :0]


@alternative(replaces="bottom_right")
def slices_the_transposed_matrix(t, k):
    if not 0 <= k <= min(*t.shape):
        raise ValueError(f"k={k}, shape={tuple(t.shape)}")
    return t[len(t) - k :].mT[t.size(1) - k :].mT


@alternative(replaces="bottom_right")
def strides_from_its_own_start(t, k):
    height, width = t.shape
    if k < 0 or k > height or k > width:
        raise ValueError(f"k = {k} does not fit into {height} by {width}")
    down, right = t.stride()
    start = t.storage_offset() + (height - k) * down + (width - k) * right
    return t.as_strided((k, k), (down, right), start)


@alternative(replaces="doubled_grid")
def counts_in_steps_of_two(n, device=None):
    return torch.arange(2, 2 * n * n + 2, 2, device=device).reshape(n, n)


@alternative(replaces="doubled_grid")
def adds_rows_and_columns(n, device=None):
    numbers = torch.arange(n, device=device)
    return 2 * n * numbers[:, None] + 2 * (numbers + 1)


@alternative(replaces="doubled_grid")
def writes_lists(n, device=None):
    rows = [[2 * (row * n + column + 1) for column in range(n)] for row in range(n)]
    return torch.tensor(rows, dtype=torch.int64, device=device).reshape(n, n)


@alternative(replaces="doubled_grid")
def sums_up_ones(n, device=None):
    ones = torch.ones(n * n, dtype=torch.long, device=device)
    return ones.cumsum(0).mul_(2).unflatten(0, (n, n))


@misconception(
    caught_by=("test_the_grid_starts_at_2", "test_the_four_of_the_question"),
    replaces="doubled_grid",
)
def counts_from_0(n, device=None):
    "range(9) gives the numbers 1 to 9."
    return 2 * torch.arange(n * n, device=device).view(n, n)


@misconception(caught_by="test_the_numbers_are_even", replaces="doubled_grid")
def doubles_before_it_adds_1(n, device=None):
    "Whether 1 is added before or after the doubling makes no difference."
    return 2 * torch.arange(n * n, device=device).view(n, n) + 1


@misconception(
    caught_by=("test_the_numbers_are_even", "test_neighbours_in_a_row_are_2_apart"),
    replaces="doubled_grid",
)
def forgets_to_double(n, device=None):
    "The grid holds the numbers from 1; doubling them is for whoever needs it."
    return torch.arange(1, n * n + 1, device=device).view(n, n)


@misconception(caught_by="test_neighbours_in_a_row_are_2_apart", replaces="doubled_grid")
def counts_column_by_column(n, device=None):
    "view fills the grid from the top down, column by column."
    return 2 * torch.arange(1, n * n + 1, device=device).view(n, n).T


@misconception(caught_by="test_the_grid_is_as_large_as_asked", replaces="doubled_grid")
def repeats_the_list(n, device=None):
    "Times 2 doubles every number of a list."
    return torch.tensor([*range(1, n * n + 1)] * 2, dtype=torch.int64, device=device).view(-1, n)


@misconception(caught_by="test_the_grid_is_as_large_as_asked", replaces="doubled_grid")
def is_3_by_3(n, device=None):
    "The question asks for 3 by 3, so n is 3."
    return 2 * torch.arange(1, 10, device=device).view(3, 3)


@misconception(caught_by="test_a_grid_may_be_empty", replaces="doubled_grid")
def ends_before_the_next_step(n, device=None):
    "The end of a range may lie anywhere between its last number and the next one."
    return torch.arange(2, 2 * n * n + 1, 2, device=device).view(n, n)


@misconception(caught_by="test_the_grid_holds_int64", replaces="doubled_grid")
def counts_in_floats(n, device=None):
    "A tensor holds floats, as torch.tensor and torch.zeros give them."
    return 2.0 * torch.arange(1, n * n + 1, device=device).view(n, n)


@misconception(caught_by="test_a_large_grid_counts_exactly", replaces="doubled_grid")
def counts_in_small_numbers(n, device=None):
    "The numbers are small, so 16 bits will do until the end."
    numbers = torch.arange(1, n * n + 1, device=device).to(torch.int16)
    return (2 * numbers).view(n, n).long()


@misconception(caught_by="test_each_call_gives_a_new_grid", replaces="doubled_grid")
def keeps_its_grids(n, device=None, grids={}):  # noqa: B006  # the kept dict is the mistake
    "The same n means the same numbers, so the same tensor will do."
    key = n, str(device)
    if key not in grids:
        grids[key] = 2 * torch.arange(1, n * n + 1, device=device).view(n, n)
    return grids[key]


@misconception(
    caught_by="test_the_grid_is_on_the_device", replaces="doubled_grid", only_on="accelerator"
)
def ignores_the_device(n, device=None):
    "torch puts a tensor where it is needed."
    return 2 * torch.arange(1, n * n + 1).view(n, n)


@misconception(caught_by="test_without_a_device_the_default_one_is_taken", replaces="doubled_grid")
def takes_none_for_the_cpu(n, device=None):
    "No device means the CPU."
    return 2 * torch.arange(1, n * n + 1, device=device or "cpu").view(n, n)


@misconception(caught_by="test_the_corner_is_k_by_k", replaces="bottom_right")
def slices_the_rows_twice(t, k):
    "The first brackets take the rows, the second the columns."
    _refuse(t, k)
    return t[-k:][-k:] if k else t[:0, :0]


@misconception(
    caught_by=("test_the_corner_is_at_the_bottom", "test_the_corner_is_on_the_right"),
    replaces="bottom_right",
)
def takes_the_top_left(t, k):
    "t[:k, :k] are the last ones."
    _refuse(t, k)
    return t[:k, :k]


@misconception(caught_by="test_the_corner_is_at_the_bottom", replaces="bottom_right")
def takes_the_top_right(t, k):
    "The first index goes to the right, the second down."
    _refuse(t, k)
    return t[:k, t.shape[1] - k :]


@misconception(caught_by="test_the_corner_is_on_the_right", replaces="bottom_right")
def takes_the_bottom_left(t, k):
    "The last k rows, cut down to k by k, are the corner."
    _refuse(t, k)
    return t[t.shape[0] - k :, :k]


@misconception(caught_by="test_the_corner_may_be_a_whole_square", replaces="bottom_right")
def starts_at_k(t, k):
    "t[k:, k:] leaves k rows and k columns."
    _refuse(t, k)
    return t[k:, k:]


@misconception(caught_by="test_the_corner_is_k_by_k", replaces="bottom_right")
def takes_the_matrix_for_square(t, k):
    "The side of the matrix is len(t)."
    _refuse(t, k)
    return t[len(t) - k :, len(t) - k :]


@misconception(caught_by="test_a_corner_of_none_is_empty", replaces="bottom_right")
def counts_from_the_end(t, k):
    "t[-k:] are the last k, whatever k is."
    _refuse(t, k)
    return t[-k:, -k:]


@misconception(caught_by="test_a_corner_of_none_is_empty", replaces="bottom_right")
def refuses_0(t, k):
    "A corner has at least one number."
    _refuse(t, k - 1 if k == 0 else k)
    return t[t.shape[0] - k :, t.shape[1] - k :]


@misconception(
    caught_by="test_the_corner_may_be_as_large_as_the_shorter_side", replaces="bottom_right"
)
def stops_before_the_shorter_side(t, k):
    "k must be smaller than the side, as an index must."
    if not 0 <= k < min(t.shape):
        raise ValueError(f"k is {k}, t has shape {tuple(t.shape)}")
    return t[t.shape[0] - k :, t.shape[1] - k :]


@misconception(caught_by="test_a_k_below_0_is_refused", replaces="bottom_right")
def leaves_a_negative_k_to_torch(t, k):
    "torch refuses a slice of negative length."
    _refuse(t, max(k, 0))
    return t[t.shape[0] - max(k, 0) :, t.shape[1] - max(k, 0) :]


@misconception(caught_by="test_a_k_above_both_sides_is_refused", replaces="bottom_right")
def leaves_a_large_k_to_torch(t, k):
    "torch refuses a slice that asks for more than there is."
    _refuse(t, min(k, 0))
    return t[max(t.shape[0] - k, 0) :, max(t.shape[1] - k, 0) :]


@misconception(
    caught_by=("test_a_k_above_the_height_is_refused", "test_a_k_above_the_width_is_refused"),
    replaces="bottom_right",
)
def checks_the_longer_side(t, k):
    "The corner fits if it fits into one of the sides."
    if not 0 <= k <= max(t.shape):
        raise ValueError(f"k is {k}, t has shape {tuple(t.shape)}")
    return t[max(t.shape[0] - k, 0) :, max(t.shape[1] - k, 0) :]


@misconception(caught_by="test_a_k_above_the_width_is_refused", replaces="bottom_right")
def checks_the_rows(t, k):
    "The rows are as long as the matrix is high."
    if not 0 <= k <= len(t):
        raise ValueError(f"k is {k}, t has shape {tuple(t.shape)}")
    return t[t.shape[0] - k :, max(t.shape[1] - k, 0) :]


@misconception(caught_by="test_a_k_above_the_height_is_refused", replaces="bottom_right")
def checks_the_columns(t, k):
    "The matrix is as high as its rows are long."
    if not 0 <= k <= t.shape[1]:
        raise ValueError(f"k is {k}, t has shape {tuple(t.shape)}")
    return t[max(t.shape[0] - k, 0) :, t.shape[1] - k :]


@misconception(
    caught_by=("test_a_k_below_0_is_refused", "test_a_k_above_both_sides_is_refused"),
    replaces="bottom_right",
)
def raises_an_index_error(t, k):
    "A k that is out of range is an IndexError."
    try:
        _refuse(t, k)
    except ValueError as error:
        raise IndexError(str(error)) from None
    return t[t.shape[0] - k :, t.shape[1] - k :]


@misconception(caught_by="test_the_error_names_k_and_the_shape", replaces="bottom_right")
def says_only_that_k_is_wrong(t, k):
    "Whoever calls knows what k and t are."
    try:
        _refuse(t, k)
    except ValueError:
        raise ValueError("k is out of range") from None
    return t[t.shape[0] - k :, t.shape[1] - k :]


@misconception(caught_by="test_writing_to_the_corner_shows_in_t", replaces="bottom_right")
def copies(t, k):
    "A part of a tensor has memory of its own."
    _refuse(t, k)
    return t[t.shape[0] - k :, t.shape[1] - k :].clone()


@misconception(caught_by="test_t_may_be_a_view_itself", replaces="bottom_right")
def strides_by_the_width(t, k):
    "Row r begins r times the width behind the start of the memory."
    _refuse(t, k)
    height, width = t.shape
    start = (height - k) * width + width - k
    return t.as_strided((k, k), (width, 1), start)


@misconception(caught_by="test_the_corner_of_a_view_is_a_view_too", replaces="bottom_right")
def puts_it_in_order_first(t, k):
    "contiguous() only puts the memory in order, so the result is still a view of t."
    _refuse(t, k)
    return t.contiguous()[t.shape[0] - k :, t.shape[1] - k :]


@misconception(caught_by="test_t_stays_as_it_is", replaces="bottom_right")
def clears_the_rest(t, k):
    "What is not asked for may go."
    _refuse(t, k)
    t[: t.shape[0] - k] = 0
    return t[t.shape[0] - k :, t.shape[1] - k :]


def _refuse(t, k):
    if not 0 <= k <= min(t.shape):
        raise ValueError(f"k is {k}, t has shape {tuple(t.shape)}")
