"""How do you split a tensor into equal pieces?

Four gates from one product, a batch for each of two devices: whoever takes the pieces counts on
their number and on their size.
"""

from torch import Tensor

from dojo import alternative, misconception

__all__ = ["equal_chunks"]


def equal_chunks(t: Tensor, pieces: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Cut axis dim of t into that many pieces of one size, as views, from the first to the last.

    A negative dim counts from the last axis. Every piece keeps all axes of t. An axis of size 0
    gives empty pieces, as many as asked for. t is left as it is.

    Raises:
        IndexError: t has no axis dim.
        ValueError: pieces is below 1, or the axis can't be divided by it without a remainder; the
            message names pieces and the size of the axis.
    """
    size = t.shape[dim]
    if pieces < 1 or size % pieces:
        raise ValueError(
            f"axis {dim} of size {size} does not make {pieces} equal pieces: "
            "ask for a number from 1 up that divides the size"
        )
    each = size // pieces
    return tuple(t.narrow(dim, number * each, each) for number in range(pieces))


HINTS = (
    "Print the shapes that torch.chunk gives for 5 numbers in 4 pieces. How many are there?",
    "Refuse what does not divide before you cut. What is the remainder of 12 by -3 in Python?",
    "Piece number i is t.narrow(dim, i * each, each), where each is the size of the axis divided "
    "by pieces; refuse pieces < 1 and a remainder first.",
)
ANSWER = """
The well-known answer is chunk, and it promises no equal pieces: it rounds the size of a piece up
and stops when the axis is used up. 5 in 4 gives three pieces, of 2, 2 and 1. tensor_split gives as
many as asked for, of 2, 1, 1 and 1. Either is right once a remainder has been refused; split takes
the size of a piece, not their number.

Where it bites: one product gives all four gates of an LSTM cell, or query, key and value, and is
cut along its last axis. The pieces are views, so the cut costs no memory, and writing to a gate
writes to the product.
"""


@alternative
def splits_by_a_list_of_sizes(t, pieces, dim=0):
    size = t.size(dim)
    if pieces <= 0 or size % pieces != 0:
        raise ValueError(f"{size} does not divide into {pieces}")
    return t.split([size // pieces] * pieces, dim)


@alternative
def chunks_what_divides(t, pieces, dim=0):
    if pieces < 1 or t.shape[dim] % pieces:
        raise ValueError(f"{pieces} pieces of {t.shape[dim]}: they would not be equal")
    return t.chunk(pieces, dim)


@alternative
def tensor_splits_what_divides(t, pieces, dim=0):
    if pieces < 1 or t.shape[dim] % pieces:
        raise ValueError(f"{pieces} pieces of {t.shape[dim]}: they would not be equal")
    return t.tensor_split(pieces, dim=dim)


@alternative
def unbinds_an_axis_of_pieces(t, pieces, dim=0):
    size = t.shape[dim]
    if pieces < 1 or size % pieces:
        raise ValueError(f"{size} is no multiple of {pieces}")
    axis = dim % t.ndim
    return t.unflatten(axis, (pieces, size // pieces)).unbind(axis)


@alternative
def slices(t, pieces, dim=0):
    _refuse_remainders(t.shape[dim], pieces)
    return _slices(t, pieces, t.shape[dim] // pieces, dim % t.ndim)


@misconception(caught_by="test_a_remainder_is_refused")
def chunks(t, pieces, dim=0):
    "torch.chunk gives equal pieces; it is made for that."
    return t.chunk(pieces, dim)


@misconception(caught_by="test_a_remainder_is_refused")
def chunks_if_there_is_enough(t, pieces, dim=0):
    "chunk gives too few pieces only where the axis is shorter than their number."
    if pieces < 1 or 0 < t.shape[dim] < pieces:
        raise ValueError(f"{t.shape[dim]} in {pieces}")
    return t.chunk(pieces, dim)


@misconception(caught_by="test_more_pieces_than_the_axis_is_long_are_refused")
def tensor_splits(t, pieces, dim=0):
    "As many pieces as asked for, as tensor_split gives them, are equal pieces."
    if pieces < 1:
        raise ValueError(f"{t.shape[dim]} in {pieces}")
    return t.tensor_split(pieces, dim=dim)


@misconception(caught_by="test_a_remainder_is_refused")
def drops_the_rest(t, pieces, dim=0):
    "What is left over after a division is left out."
    if pieces < 1 or 0 < t.shape[dim] < pieces:
        raise ValueError(f"{t.shape[dim]} in {pieces}")
    each = t.shape[dim] // pieces
    return tuple(t.narrow(dim, number * each, each) for number in range(pieces))


@misconception(caught_by="test_more_pieces_than_the_axis_is_long_are_refused")
def gives_empty_pieces(t, pieces, dim=0):
    "With more pieces than elements all pieces are empty, so they are equal."
    size = t.shape[dim]
    if pieces < 1 or (size >= pieces and size % pieces):
        raise ValueError(f"{size} in {pieces}")
    each = size // pieces
    return tuple(t.narrow(dim, number * each, each) for number in range(pieces))


@misconception(caught_by="test_there_are_as_many_pieces_as_asked_for")
def takes_the_number_for_the_size(t, pieces, dim=0):
    "split(3) gives three pieces."
    _refuse_remainders(t.shape[dim], pieces)
    return t.split(pieces, dim)


@misconception(caught_by="test_pieces_hold_what_lies_side_by_side")
def interleaves(t, pieces, dim=0):
    "Pieces are dealt out like cards: the first takes every third element, from 0 on."
    _refuse_remainders(t.shape[dim], pieces)
    before = (slice(None),) * (dim % t.ndim)
    return tuple(t[(*before, slice(number, None, pieces))] for number in range(pieces))


@misconception(caught_by="test_pieces_come_from_the_first_to_the_last")
def counts_from_the_end(t, pieces, dim=0):
    "The order of the pieces is of no account as long as they are all there."
    _refuse_remainders(t.shape[dim], pieces)
    return _slices(t, pieces, t.shape[dim] // pieces, dim % t.ndim)[::-1]


@misconception(caught_by="test_the_axis_that_is_named_is_cut")
def always_cuts_the_first_axis(t, pieces, dim=0):
    "A tensor is a list of rows, so rows are what is shared out."
    _refuse_remainders(t.shape[dim], pieces)
    return t.tensor_split(pieces)


@misconception(caught_by="test_without_an_axis_the_first_is_cut")
def cuts_the_last_axis_by_default(t, pieces, dim=-1):
    "Where no axis is named, torch works on the last one."
    _refuse_remainders(t.shape[dim], pieces)
    return _slices(t, pieces, t.shape[dim] // pieces, dim % t.ndim)


@misconception(caught_by="test_a_negative_axis_counts_from_the_last")
def puts_colons_before_a_negative_axis(t, pieces, dim=0):
    "(slice(None),) * dim gives the colons in front, whatever the sign of dim."
    _refuse_remainders(t.shape[dim], pieces)
    return _slices(t, pieces, t.shape[dim] // pieces, dim)


@misconception(caught_by="test_an_axis_that_is_not_there_is_refused")
def wraps_the_axis_round(t, pieces, dim=0):
    "An axis number is taken modulo the number of axes."
    axis = dim % max(t.ndim, 1)
    _refuse_remainders(t.shape[axis], pieces)
    return _slices(t, pieces, t.shape[axis] // pieces, axis)


@misconception(caught_by="test_only_the_axis_that_is_cut_must_divide")
def measures_the_first_axis(t, pieces, dim=0):
    "The size of a tensor is len(t)."
    t.shape[dim]
    _refuse_remainders(len(t), pieces)
    return t.tensor_split(pieces, dim=dim)


@misconception(caught_by="test_only_the_axis_that_is_cut_must_divide")
def measures_all_elements(t, pieces, dim=0):
    "Pieces are equal when they hold equally many elements, so those must divide."
    t.shape[dim]
    _refuse_remainders(t.numel(), pieces)
    return t.tensor_split(pieces, dim=dim)


@misconception(caught_by="test_no_pieces_are_refused")
def trusts_the_remainder(t, pieces, dim=0):
    "A number of pieces that makes no sense leaves a remainder."
    size = t.shape[dim]
    if size % pieces:
        raise ValueError(f"{size} in {pieces} leaves {size % pieces}")
    return _slices(t, pieces, size // pieces, dim % t.ndim)


@misconception(caught_by="test_a_negative_number_of_pieces_is_refused")
def refuses_only_none(t, pieces, dim=0):
    "0 pieces are what cannot be."
    size = t.shape[dim]
    if pieces == 0 or size % pieces:
        raise ValueError(f"{size} in {pieces}")
    return _slices(t, pieces, size // pieces, dim % t.ndim)


@misconception(
    caught_by=(
        "test_a_remainder_is_refused",
        "test_more_pieces_than_the_axis_is_long_are_refused",
        "test_no_pieces_are_refused",
        "test_a_negative_number_of_pieces_is_refused",
    )
)
def refuses_without_the_size(t, pieces, dim=0):
    "Who asked for too many pieces knows how long the axis is."
    if pieces < 1 or t.shape[dim] % pieces:
        raise ValueError(f"{pieces} equal pieces are not possible")
    return _slices(t, pieces, t.shape[dim] // pieces, dim % t.ndim)


@misconception(caught_by="test_an_empty_axis_gives_empty_pieces")
def walks_in_steps_of_a_piece(t, pieces, dim=0):
    "range(0, size, each) starts a piece wherever one begins."
    size = t.shape[dim]
    _refuse_remainders(size, pieces)
    each = size // pieces
    return tuple(t.narrow(dim, start, each) for start in range(0, size, each))


@misconception(caught_by="test_an_empty_axis_gives_empty_pieces")
def splits_by_the_size_of_a_piece(t, pieces, dim=0):
    "split(size // pieces) gives as many pieces as I divided by."
    _refuse_remainders(t.shape[dim], pieces)
    return t.split(t.shape[dim] // pieces, dim)


@misconception(caught_by="test_pieces_of_size_one_keep_their_axis")
def squeezes_pieces_of_one(t, pieces, dim=0):
    "A piece of one row is a row."
    _refuse_remainders(t.shape[dim], pieces)
    return tuple(piece.squeeze(dim) for piece in t.tensor_split(pieces, dim=dim))


@misconception(caught_by="test_one_piece_comes_in_a_tuple_too")
def leaves_one_piece_alone(t, pieces, dim=0):
    "One piece of a tensor is the tensor."
    _refuse_remainders(t.shape[dim], pieces)
    return t if pieces == 1 else t.tensor_split(pieces, dim=dim)


@misconception(caught_by="test_the_pieces_come_in_a_tuple")
def gives_a_list(t, pieces, dim=0):
    "List or tuple, it is all the same to whoever takes the pieces."
    _refuse_remainders(t.shape[dim], pieces)
    return list(t.tensor_split(pieces, dim=dim))


@misconception(caught_by="test_writing_to_a_piece_shows_in_the_tensor")
def copies(t, pieces, dim=0):
    "Pieces have memory of their own, or they would not be pieces."
    _refuse_remainders(t.shape[dim], pieces)
    return tuple(piece.clone() for piece in t.tensor_split(pieces, dim=dim))


@misconception(caught_by="test_writing_to_a_piece_of_a_later_axis_shows_in_the_tensor")
def makes_pieces_contiguous(t, pieces, dim=0):
    "contiguous() tidies a view up and leaves it a view."
    _refuse_remainders(t.shape[dim], pieces)
    return tuple(piece.contiguous() for piece in t.tensor_split(pieces, dim=dim))


@misconception(caught_by="test_writing_to_a_piece_of_a_transposed_tensor_shows_in_it")
def cuts_a_contiguous_copy(t, pieces, dim=0):
    "A tensor has to be contiguous before it can be cut."
    _refuse_remainders(t.shape[dim], pieces)
    return t.contiguous().tensor_split(pieces, dim=dim)


@misconception(caught_by="test_the_input_stays_as_it_is")
def swaps_the_axes_in_place(t, pieces, dim=0):
    "transpose_ brings the axis to the front, and the pieces are turned back afterwards."
    _refuse_remainders(t.shape[dim], pieces)
    t.transpose_(0, dim)
    return tuple(piece.transpose(0, dim) for piece in t.tensor_split(pieces))


def _refuse_remainders(size, pieces):
    if pieces < 1 or size % pieces:
        raise ValueError(f"{size} does not make {pieces} equal pieces")


def _slices(t, pieces, each, dim):
    before = (slice(None),) * dim
    starts = (number * each for number in range(pieces))
    return tuple(t[(*before, slice(start, start + each))] for start in starts)
