import pytest
import torch

from dojo.checks import answer_of, assert_refused, assert_same, unchanged
from katas.tensors.chunks import equal_chunks


def pieces_of(t, pieces, *dim):
    """What equal_chunks gives for a call that is allowed, as a list."""
    along = f" along axis {dim[0]}" if dim else ""
    why = f"{tuple(t.shape)} in {pieces}{along} divides without a remainder"
    return list(answer_of(lambda: equal_chunks(t, pieces, *dim), why))


def shapes_of(pieces):
    return [tuple(piece.shape) for piece in pieces]


def test_there_are_as_many_pieces_as_asked_for(device):
    for size, pieces in ((12, 3), (12, 2), (10, 5), (6, 6)):
        got = len(pieces_of(torch.zeros(size, device=device), pieces))
        assert got == pieces, (
            f"{size} numbers in {pieces} pieces: expected {pieces}, got {got} pieces"
            + (f": {pieces} was taken for the size of a piece" if got == size // pieces else "")
        )


def test_pieces_hold_what_lies_side_by_side(device):
    for piece in pieces_of(torch.arange(12, device=device), 3):
        steps = set(piece.diff().tolist())
        assert steps == {1}, (
            f"a piece of 0 to 11 holds {piece.tolist()}: that is no run of neighbours; steps of 3 "
            "would mean that every third number went into it"
        )


def test_pieces_come_from_the_first_to_the_last(device):
    first = [piece[0].item() for piece in pieces_of(torch.arange(12, device=device), 4)]
    assert first == sorted(first), (
        f"the pieces of 0 to 11 begin with {first}: the piece with the first numbers comes first"
    )


def test_the_axis_that_is_named_is_cut(device):
    t = torch.arange(240.0, device=device).reshape(4, 6, 10) - 100
    halves = {
        0: [t[:2], t[2:]],
        1: [t[:, :3], t[:, 3:]],
        2: [t[:, :, :5], t[:, :, 5:]],
    }
    for dim, expected in halves.items():
        got = pieces_of(t, 2, dim)
        assert shapes_of(got) == shapes_of(expected), (
            f"(4, 6, 10) cut in two along axis {dim}: expected {shapes_of(expected)}, got "
            f"{shapes_of(got)}: another axis was cut"
        )
        for mine, right in zip(got, expected, strict=True):
            assert_same(mine, right, f"a half of (4, 6, 10) along axis {dim}")


def test_a_negative_axis_counts_from_the_last(device):
    t = torch.zeros(4, 6, 10, device=device)
    for dim, shape in ((-1, (4, 6, 5)), (-2, (4, 3, 10)), (-3, (2, 6, 10))):
        got = shapes_of(pieces_of(t, 2, dim))
        assert got == [shape, shape], f"half of (4, 6, 10) along axis {dim} is {shape}, got {got}"


def test_without_an_axis_the_first_is_cut(device):
    got = shapes_of(pieces_of(torch.zeros(4, 6, device=device), 2))
    assert got == [(2, 6), (2, 6)], f"(4, 6) in two is twice (2, 6), got {got}"


def test_only_the_axis_that_is_cut_must_divide(device):
    got = shapes_of(pieces_of(torch.zeros(5, 7, 6, device=device), 3, 2))
    assert got == [(5, 7, 2)] * 3, f"(5, 7, 6) in 3 along axis 2 is 3 times (5, 7, 2), got {got}"
    for shape in ((6, 5), (6, 4)):
        assert_refused(
            lambda: equal_chunks(torch.zeros(shape, device=device), 3, 1),
            ValueError,
            f"axis 1 of {shape} does not divide by 3, though the other axis does",
        )


def test_pieces_of_size_one_keep_their_axis(device):
    got = shapes_of(pieces_of(torch.zeros(3, 2, device=device), 3))
    assert got == [(1, 2)] * 3, (
        f"(3, 2) in 3 is 3 times (1, 2), got {got}: (2,) would mean that the axis was dropped"
    )


def test_one_piece_comes_in_a_tuple_too(device):
    got = shapes_of(pieces_of(torch.zeros(3, 2, device=device), 1))
    assert got == [(3, 2)], (
        f"(3, 2) in one piece is a tuple of one tensor (3, 2), got {got}: "
        "several would mean that the tensor itself came back, which is walked row by row"
    )


def test_an_empty_axis_gives_empty_pieces(device):
    for shape, dim in (((0,), 0), ((0, 2), 0), ((2, 0), 1)):
        got = shapes_of(pieces_of(torch.zeros(shape, device=device), 3, dim))
        assert got == [shape] * 3, f"{shape} in 3 along axis {dim} is 3 times {shape}, got {got}"


def test_the_pieces_come_in_a_tuple(device):
    got = equal_chunks(torch.zeros(6, device=device), 3)
    assert isinstance(got, tuple), f"expected a tuple of pieces, got a {type(got).__name__}"


def test_a_remainder_is_refused(device):
    for shape, pieces, dim in (((7,), 3, 0), ((5,), 4, 0), ((2, 13), 4, 1), ((9, 3), 6, -2)):
        size = shape[dim]
        assert_refused(
            lambda: equal_chunks(torch.zeros(shape, device=device), pieces, dim),
            ValueError,
            f"{size} in {pieces} leaves a remainder of {size % pieces}",
            mentions=(size, pieces),
        )


def test_more_pieces_than_the_axis_is_long_are_refused(device):
    for shape, pieces, dim in (((2,), 3, 0), ((1, 5), 8, 1)):
        size = shape[dim]
        assert_refused(
            lambda: equal_chunks(torch.zeros(shape, device=device), pieces, dim),
            ValueError,
            f"{size} in {pieces} leaves a remainder of {size}",
            mentions=(size, pieces),
        )


def test_no_pieces_are_refused(device):
    for size in (12, 1, 0):
        assert_refused(
            lambda: equal_chunks(torch.zeros(size, 5, device=device), 0),
            ValueError,
            f"{size} can't be cut into 0 pieces",
            mentions=(size, 0),
        )


def test_a_negative_number_of_pieces_is_refused(device):
    for size, pieces in ((12, -3), (7, -1), (0, -2)):
        assert_refused(
            lambda: equal_chunks(torch.zeros(size, 5, device=device), pieces),
            ValueError,
            f"{size} can't be cut into {pieces} pieces",
            mentions=(size, pieces),
        )


def test_an_axis_that_is_not_there_is_refused(device):
    for shape, dim in (((4, 4), 2), ((4, 4), -3), ((), 0)):
        assert_refused(
            lambda: equal_chunks(torch.zeros(shape, device=device), 2, dim),
            IndexError,
            f"shape {shape} has no axis {dim}",
        )


def assert_views(t, dim):
    """Write a number of its own to each of three pieces, and look for it in t."""
    for number, piece in enumerate(pieces_of(t, 3, dim)):
        piece.fill_(number)
    there = t.movedim(dim, 0).flatten(1)[:, 0].tolist()
    assert there == [0, 0, 1, 1, 2, 2], (
        f"0, 1 and 2 were written to the pieces, along axis {dim} t holds {there}: "
        "where that is -1 a piece is a copy"
    )


def test_writing_to_a_piece_shows_in_the_tensor(device):
    assert_views(torch.full((6, 2), -1, device=device), 0)


def test_writing_to_a_piece_of_a_later_axis_shows_in_the_tensor(device):
    assert_views(torch.full((2, 6), -1, device=device), 1)


def test_writing_to_a_piece_of_a_transposed_tensor_shows_in_it(device):
    assert_views(torch.full((2, 6), -1, device=device).mT, 0)
    assert_views(torch.full((6, 2), -1, device=device).mT, 1)


def test_the_input_stays_as_it_is(device):
    t = torch.arange(-12.0, 12.0, device=device).reshape(4, 6)
    for dim in (0, 1):
        with unchanged(t):
            equal_chunks(t, 2, dim)


@pytest.mark.parametrize("pieces", [4, 100, 1_000])
def test_benchmark(bench, device, generator, pieces):
    def inputs():
        return torch.randn(10 * pieces, 16, generator=generator).to(device), pieces

    bench(row_by_row, equal_chunks, inputs)


def row_by_row(t, pieces):
    each = len(t) // pieces
    return tuple(
        torch.stack([t[number * each + row] for row in range(each)]) for number in range(pieces)
    )
