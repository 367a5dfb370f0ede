"""What does indexing with None do?

t[None] picks nothing out: every number of t is still there afterwards.
"""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from dojo import alternative, misconception

__all__ = ["add_axis", "pairwise_differences"]


def add_axis(t: Tensor, position: int) -> Tensor:
    """Return t with a new axis of size 1, as a view; indexing with None is meant.

    The new axis is axis number position of the result: 0 is the first, -1 the last, t.ndim the last
    too, and -t.ndim - 1 the first. t is of any rank, 0 included, and of any dtype, and stays as it
    is.

    Raises:
        IndexError: position is less than -t.ndim - 1 or more than t.ndim.
    """
    if not -t.ndim - 1 <= position <= t.ndim:
        raise IndexError(f"position {position} is not from {-t.ndim - 1} to {t.ndim}")
    axes_before = position % (t.ndim + 1)
    return t[(slice(None),) * axes_before + (None,)]


def pairwise_differences(x: Float[Tensor, " n"], y: Float[Tensor, " m"]) -> Float[Tensor, "n m"]:
    """Return all differences: x[i] - y[j] in row i and column j.

    x and y are of one dtype, which the result has too, and of any lengths, 0 and 1 included. They
    stay as they are. The number of operations does not depend on the lengths; for 100 by 120
    differences this is more than 50 times as fast as a Python loop over the pairs of numbers, the
    making of a tensor of its results included.
    """
    return x[:, None] - y[None, :]


HINTS = (
    "Print the shapes of t[None], t[:, None] and t[:, :, None] for t of shape (2, 3).",
    "An index can be built as a tuple: t[(slice(None), None)] is t[:, None]. And which two shapes "
    "broadcast to (n, m)?",
    "t[(slice(None),) * axes_before + (None,)], with position % (t.ndim + 1) axes before it, once "
    "position is known to be in range; x[:, None] - y[None, :] for the differences.",
)
ANSWER = """
It adds an axis of size 1, at the place where the None stands: t[None] is t.unsqueeze(0) and
t[:, None] is t.unsqueeze(1). The result is a view. No number moves; only the shape, and how it is
read, get one more entry.

Such an axis is what broadcasting stretches, so it is how you say which axis of one tensor meets
which axis of another. (n, 1) against (1, m) makes all pairs: differences here, and distances,
attention masks and comparisons of every box with every other elsewhere. Left out, the mistake is a
quiet one where n equals m: x - y is then n differences in place of n². Mind the memory as well: all
pairs of two lists of 100,000 numbers take 40 GB in float32.
"""


@alternative(replaces="add_axis")
def unsqueezes(t, position):
    return t.unsqueeze(position)


@alternative(replaces="add_axis")
def views_a_longer_shape(t, position):
    shape = list(t.shape)
    if position < 0:
        position += t.ndim + 1
    if position not in range(t.ndim + 1):
        raise IndexError("there is no such place")
    shape.insert(position, 1)
    return t.reshape(shape)


@alternative(replaces="add_axis")
def moves_an_axis_from_the_front(t, position):
    return t[None].movedim(0, position)


@alternative(replaces="add_axis")
def writes_the_index_from_either_end(t, position):
    if position < -t.ndim - 1 or position > t.ndim:
        raise IndexError(position)
    if position < 0:
        return t[(..., None) + (slice(None),) * (-position - 1)]
    return t[(*[slice(None)] * position, np.newaxis, ...)]


@alternative(replaces="pairwise_differences")
def unsqueezes_x(x, y):
    return torch.sub(x.unsqueeze(-1), y)


@alternative(replaces="pairwise_differences")
def lays_out_both(x, y):
    rows, columns = torch.meshgrid(x, y, indexing="ij")
    return rows - columns


@alternative(replaces="pairwise_differences")
def turns_the_result_over(x, y):
    return -(y[:, None] - x).T


@misconception(caught_by="test_the_new_axis_stands_at_its_position", replaces="add_axis")
def always_in_front(t, position):
    "None adds its axis in front."
    _check(t, position)
    return t[None]


@misconception(caught_by="test_the_new_axis_stands_at_its_position", replaces="add_axis")
def always_at_the_end(t, position):
    "A new axis goes behind those that are there."
    _check(t, position)
    return t[..., None]


@misconception(caught_by="test_the_new_axis_stands_at_its_position", replaces="add_axis")
def slices_up_to_the_position(t, position):
    "t[:2, None] puts the None behind two axes."
    _check(t, position)
    position %= t.ndim + 1
    return t[:position, None] if position else t[None]


@misconception(caught_by="test_a_negative_position_counts_from_the_end", replaces="add_axis")
def negative_position_off_by_one(t, position):
    "Position -1 is the one before the last, as for list.insert."
    _check(t, position)
    if position < 0:
        position = max(position + t.ndim, 0)
    return t.unsqueeze(position)


@misconception(caught_by="test_a_negative_position_counts_from_the_end", replaces="add_axis")
def refuses_negative_positions(t, position):
    "Places are counted from 0."
    if position < 0:
        raise IndexError(f"position {position} is negative")
    return t.unsqueeze(position)


@misconception(caught_by="test_the_last_position_is_behind_all_axes", replaces="add_axis")
def takes_the_place_of_an_axis(t, position):
    "A position must be that of an axis which is there."
    if not -t.ndim <= position < t.ndim:
        raise IndexError(f"there is no axis {position}")
    return t.unsqueeze(position)


@misconception(caught_by="test_a_tensor_of_rank_0_gets_its_first_axis", replaces="add_axis")
def returns_numbers_as_they_are(t, position):
    "A single number has no axes, so there is nowhere to add one."
    _check(t, position)
    return t.unsqueeze(position) if t.ndim else t


@misconception(caught_by="test_writing_to_the_result_shows_in_the_original", replaces="add_axis")
def stacks_a_copy(t, position):
    "stack of one tensor is the tensor with an axis more."
    _check(t, position)
    return torch.stack([t], position)


@misconception(caught_by="test_the_input_stays_as_it_is", replaces="add_axis")
def unsqueezes_in_place(t, position):
    "unsqueeze_ is the quick one, and the result is the same."
    _check(t, position)
    return t.unsqueeze_(position)


@misconception(caught_by="test_a_position_behind_the_last_is_refused", replaces="add_axis")
def takes_the_last_place(t, position):
    "Whatever lies behind the last place is the last place, as for list.insert."
    return t.unsqueeze(min(position, t.ndim))


@misconception(caught_by="test_a_position_before_the_first_is_refused", replaces="add_axis")
def leaves_the_check_to_the_index(t, position):
    "An index that is out of range raises by itself."
    if position < 0:
        position += t.ndim + 1
    return t[(slice(None),) * position + (None,)]


@misconception(
    caught_by=(
        "test_a_position_behind_the_last_is_refused",
        "test_a_position_before_the_first_is_refused",
    ),
    replaces="add_axis",
)
def wraps_the_position_round(t, position):
    "Positions are taken modulo the number of places."
    return t.unsqueeze(position % (t.ndim + 1))


@misconception(caught_by="test_a_position_behind_the_last_is_refused", replaces="add_axis")
def raises_a_value_error(t, position):
    "A bad argument is a ValueError."
    if not -t.ndim - 1 <= position <= t.ndim:
        raise ValueError(f"position {position} is out of range")
    return t.unsqueeze(position)


@misconception(
    caught_by="test_the_new_axis_stands_at_its_position",
    raises=TypeError,
    only_on="accelerator",
    replaces="add_axis",
)
def goes_through_numpy(t, position):
    "torch has no newaxis, and numpy shares the memory."
    return torch.from_numpy(np.expand_dims(t.numpy(), position))


@misconception(caught_by="test_x_makes_the_rows_and_y_the_columns", replaces="pairwise_differences")
def differences_transposed(x, y):
    "x runs along the columns, as on the x axis of a plot."
    return x[None, :] - y[:, None]


@misconception(caught_by="test_y_is_taken_from_x", replaces="pairwise_differences")
def signs_turned_round(x, y):
    "The difference from x to y is y - x."
    return y - x[:, None]


@misconception(
    caught_by="test_a_smaller_x_gives_a_negative_difference", replaces="pairwise_differences"
)
def takes_distances(x, y):
    "A difference has no sign."
    return (x[:, None] - y).abs()


@misconception(
    caught_by="test_equal_lengths_give_a_square_of_differences", replaces="pairwise_differences"
)
def subtracts_partners_only(x, y):
    "x - y is every x minus every y."
    return x - y if len(x) == len(y) else x[:, None] - y


@misconception(caught_by="test_a_length_of_1_or_0_stays_an_axis", replaces="pairwise_differences")
def drops_axes_of_size_1(x, y):
    "Where one side is a single number, the result is a list of differences."
    return (x[:, None] - y).squeeze()


@misconception(caught_by="test_the_dtype_stays", replaces="pairwise_differences")
def subtracts_in_float32(x, y):
    "Tensors hold float32."
    return x.float()[:, None] - y.float()


@misconception(caught_by="test_x_and_y_stay_as_they_are", replaces="pairwise_differences")
def turns_x_up_in_place(x, y):
    "An axis more does not change x: its numbers are the same."
    return x.unsqueeze_(1) - y


@misconception(
    caught_by=("test_the_number_of_operations_stays_the_same", "test_beats_the_loop"),
    replaces="pairwise_differences",
)
def loops_over_x(x, y):
    "One x at a time against all of y is fast enough."
    rows = torch.empty(len(x), len(y), dtype=x.dtype, device=x.device)
    for i in range(len(x)):
        rows[i] = x[i] - y
    return rows


@misconception(caught_by="test_beats_the_loop", replaces="pairwise_differences")
def loops_over_numbers(x, y):
    "All pairs take two loops, one inside the other."
    ys = y.tolist()
    rows = [[a - b for b in ys] for a in x.tolist()]
    return torch.tensor(rows, dtype=x.dtype, device=x.device).reshape(len(x), len(y))


@misconception(
    caught_by="test_row_i_and_column_j_hold_x_i_minus_y_j",
    replaces="pairwise_differences",
    raises=RuntimeError,
    only_on="accelerator",
)
def starts_from_zeros_on_the_cpu(x, y):
    "A table of zeros can be added to tensors anywhere."
    return torch.zeros(len(x), len(y)) + x[:, None] - y


def _check(t, position):
    if not -t.ndim - 1 <= position <= t.ndim:
        raise IndexError(f"position {position} is not from {-t.ndim - 1} to {t.ndim}")
