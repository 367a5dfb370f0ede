from itertools import pairwise

import pytest
import torch

from dojo.checks import answer_of, assert_refused, assert_same, unchanged
from katas.tensors.three_by_three import bottom_right, doubled_grid


def test_the_four_of_the_question(device):
    corner = bottom_right(doubled_grid(3, device=device), 2)
    assert_same(
        corner,
        torch.tensor([[10, 12], [16, 18]], device=device),
        "8, 10, 14, 16 would mean that the grid counts from 0",
    )


def test_the_grid_starts_at_2(device):
    first = doubled_grid(3, device=device)[0, 0].item()
    assert first == 2, (
        f"the first number is 1, doubled, got {first}: 0 would mean that the grid counts from 0, "
        "1 that 1 was added after the doubling, or that nothing was doubled"
    )


def test_the_numbers_are_even(device):
    got = doubled_grid(3, device=device).flatten().tolist()
    odd = [number for number in got if number % 2]
    assert not odd, f"what is doubled is even, got {odd}: was 1 added after the doubling?"


def test_neighbours_in_a_row_are_2_apart(device):
    for row in doubled_grid(3, device=device).tolist():
        apart = [right - left for left, right in pairwise(row)]
        assert apart == [2, 2], (
            f"numbers side by side are 2 apart, got {row}: 1 apart would mean that nothing was "
            "doubled, 6 apart that columns were filled"
        )


def test_the_grid_is_as_large_as_asked(device):
    for n, numbers in ((1, [2]), (2, [2, 4, 6, 8]), (4, [*range(2, 33, 2)])):
        expected = torch.tensor(numbers, device=device).reshape(n, n)
        assert_same(doubled_grid(n, device=device), expected, f"that is for n = {n}")


def test_a_grid_may_be_empty(device):
    empty = torch.zeros(0, 0, dtype=torch.int64, device=device)
    got = answer_of(lambda: doubled_grid(0, device=device), "n = 0 gives shape (0, 0)")
    assert_same(got, empty, "n = 0 gives no rows and no columns")


def test_a_large_grid_counts_exactly(device):
    got = doubled_grid(200, device=device)
    expected = torch.tensor([*range(2, 80_001, 2)], device=device).reshape(200, 200)
    assert_same(got, expected, "the numbers outgrow 16 bits at 32,767")


def test_the_grid_holds_int64(device):
    got = doubled_grid(2, device=device).dtype
    assert got == torch.int64, f"whole numbers are torch.int64 here, got {got}"


def test_each_call_gives_a_new_grid(device):
    doubled_grid(2, device=device).zero_()
    assert_same(
        doubled_grid(2, device=device),
        torch.tensor([[2, 4], [6, 8]], device=device),
        "0s were written to an earlier grid, and would mean that this is the same tensor",
    )


def test_the_grid_is_on_the_device(device):
    for where in (device, str(device)):
        got = doubled_grid(2, device=where).device
        assert got.type == device.type, f"device={where!r} was asked for, got a grid on {got}"


def test_without_a_device_the_default_one_is_taken():
    with torch.device("meta"):  # a device without values, which every machine has
        got = doubled_grid(2).device
    assert got.type == "meta", f'the default device was "meta" during the call, got {got}'
    got = doubled_grid(2).device
    assert got == torch.get_default_device(), f"the default device is the CPU, got {got}"


def test_the_corner_is_k_by_k(device):
    for shape, k in (((3, 5), 2), ((6, 2), 1), ((5, 6), 4)):
        got = tuple(bottom_right(matrix(*shape, device), k).shape)
        assert got == (k, k), (
            f"k = {k} takes {k} rows and {k} columns of shape {shape}, got {got}: "
            f"{(k, shape[1])} would mean that the rows were sliced twice"
        )


def test_the_corner_is_at_the_bottom(device):
    t = torch.tensor([[-1.0], [0], [1], [2]], device=device).repeat(1, 5)
    assert_same(
        bottom_right(t, 2),
        torch.tensor([[1.0, 1], [2, 2]], device=device),
        "the rows of t hold -1, 0, 1, 2: the first two would mean the top",
    )


def test_the_corner_is_on_the_right(device):
    t = torch.tensor([[-1.0, 0, 1, 2]], device=device).repeat(5, 1)
    assert_same(
        bottom_right(t, 2),
        torch.tensor([[1.0, 2], [1, 2]], device=device),
        "the columns of t hold -1, 0, 1, 2: the first two would mean the left",
    )


def test_the_corner_may_be_as_large_as_the_shorter_side(device):
    for shape, k, expected in (
        ((2, 4), 2, [[1.0, 2], [5, 6]]),
        ((4, 2), 2, [[3.0, 4], [5, 6]]),
        ((1, 3), 1, [[1.0]]),
    ):
        assert_same(
            corner_of(shape, k, device),
            torch.tensor(expected, device=device),
            f"k = {k} is the shorter side of shape {shape}",
        )


def test_the_corner_may_be_a_whole_square(device):
    for k in (1, 2):
        assert_same(corner_of((k, k), k, device), matrix(k, k, device), f"the matrix is {k} by {k}")


def test_a_corner_of_none_is_empty(device):
    for shape in ((3, 5), (6, 2), (0, 3), (2, 0), (0, 0)):
        assert_same(
            corner_of(shape, 0, device),
            torch.zeros(0, 0, device=device),
            f"k = 0 takes no row and no column; {shape} would mean that -0 was read as 0",
        )


def test_a_k_below_0_is_refused(device):
    for shape, k in (((3, 5), -1), ((6, 2), -2), ((4, 4), -9), ((0, 0), -1)):
        assert_refused(
            lambda: bottom_right(matrix(*shape, device), k), ValueError, f"k = {k} is below 0"
        )


def test_a_k_above_the_height_is_refused(device):
    for shape, k in (((3, 5), 4), ((3, 5), 5), ((0, 3), 1)):
        assert_refused(
            lambda: bottom_right(matrix(*shape, device), k),
            ValueError,
            f"k = {k} is above the shorter side of shape {shape}, its height",
        )


def test_a_k_above_the_width_is_refused(device):
    for shape, k in (((6, 2), 3), ((6, 2), 6), ((3, 0), 1)):
        assert_refused(
            lambda: bottom_right(matrix(*shape, device), k),
            ValueError,
            f"k = {k} is above the shorter side of shape {shape}, its width",
        )


def test_a_k_above_both_sides_is_refused(device):
    for shape, k in (((3, 5), 6), ((6, 2), 100), ((4, 4), 5), ((0, 0), 1)):
        assert_refused(
            lambda: bottom_right(matrix(*shape, device), k),
            ValueError,
            f"k = {k} is above both sides of shape {shape}",
        )


def test_the_error_names_k_and_the_shape(device):
    for shape, k in (((3, 5), -1), ((3, 5), 7), ((6, 2), 100), ((12, 11), -3)):
        assert_refused(
            lambda: bottom_right(matrix(*shape, device), k),
            ValueError,
            f"k = {k}, shape {shape}",
            mentions=(k, *shape),
        )


def test_writing_to_the_corner_shows_in_t(device):
    t = matrix(3, 4, device)
    bottom_right(t, 2).fill_(70)
    assert_same(
        t,
        torch.tensor([[-1.0, 0, 1, 2], [3, 4, 70, 70], [7, 8, 70, 70]], device=device),
        "70 was written to the corner; t without any 70 would mean that the corner is a copy",
    )


def test_t_may_be_a_view_itself(device):
    inner = matrix(6, 8, device)[1:5, 2:5]  # 9, 10, 11 in its first row, 17, 18, 19 below
    for t, expected in (
        (inner, [[26.0, 27], [34, 35]]),
        (inner.T, [[26.0, 34], [27, 35]]),
        (matrix(2, 3, device).T, [[0.0, 3], [1, 4]]),
    ):
        assert_same(
            bottom_right(t, 2),
            torch.tensor(expected, device=device),
            f"t has strides {t.stride()}, so its rows are not where those of a fresh tensor are",
        )


def test_the_corner_of_a_view_is_a_view_too(device):
    for t in (matrix(6, 8, device)[1:5, 2:5], matrix(2, 3, device).T):
        bottom_right(t, 2).fill_(70)
        there = t[-1, -1].item()
        assert there == 70, (
            f"70 was written to the corner, t has {there}: t is a view of strides {t.stride()}, "
            "and the corner a copy"
        )


def test_t_stays_as_it_is(device):
    for k in (0, 2):
        t = matrix(3, 5, device)
        with unchanged(t):
            bottom_right(t, k)


@pytest.mark.parametrize("rows", [2, 100, 1_000])
def test_benchmark(bench, device, generator, rows):
    def row_by_row(t, k):
        return torch.stack([row[-k:] for row in t[-k:]])

    def inputs():
        return torch.randn(rows + 1, rows + 1, generator=generator).to(device), rows

    bench(row_by_row, bottom_right, inputs)


def matrix(height, width, device):
    """Numbers from -1 up, row by row."""
    return torch.arange(-1.0, height * width - 1, device=device).reshape(height, width)


def corner_of(shape, k, device):
    """The answer for a matrix of this shape, where a refusal would be wrong."""
    return answer_of(
        lambda: bottom_right(matrix(*shape, device), k), f"k = {k} is right for shape {shape}"
    )
