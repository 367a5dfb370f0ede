import pytest
import torch

from dojo.checks import assert_refused, assert_same, unchanged
from dojo.counting import count
from katas.tensors.new_axis import add_axis, pairwise_differences


def shape_with_axis(t, position):
    try:
        return tuple(add_axis(t.clone(), position).shape)
    except IndexError as error:
        shape = tuple(t.shape)
        raise AssertionError(f"shape {shape} has position {position}, got {error!r}") from error


def test_the_new_axis_stands_at_its_position(device):
    t = torch.arange(24.0, device=device).reshape(2, 3, 4)
    for position in (0, 1, 2):
        assert_same(
            add_axis(t.clone(), position),
            t.unsqueeze(position),
            f"a new axis at position {position} of (2, 3, 4)",
        )


def test_the_last_position_is_behind_all_axes(device):
    for shape, expected in (((5,), (5, 1)), ((2, 3, 4), (2, 3, 4, 1)), ((0, 3), (0, 3, 1))):
        t = torch.zeros(shape, device=device)
        got = shape_with_axis(t, len(shape))
        assert got == expected, f"{shape} with a new axis behind it is {expected}, got {got}"


def test_a_negative_position_counts_from_the_end(device):
    for shape, position, expected in (
        ((2, 3), -1, (2, 3, 1)),
        ((2, 3), -2, (2, 1, 3)),
        ((5,), -1, (5, 1)),
    ):
        got = shape_with_axis(torch.zeros(shape, device=device), position)
        assert got == expected, (
            f"{shape} with its new axis at {position} is {expected}, got {got}: it counts from "
            "the end of the result, where -1 is the last axis"
        )


def test_the_lowest_position_is_in_front(device):
    for shape, expected in (((2, 3), (1, 2, 3)), ((5,), (1, 5)), ((), (1,))):
        position = -len(shape) - 1
        got = shape_with_axis(torch.zeros(shape, device=device), position)
        assert got == expected, f"{shape} with its new axis at {position} is {expected}, got {got}"


def test_a_tensor_of_rank_0_gets_its_first_axis(device):
    got = shape_with_axis(torch.tensor(-7.0, device=device), 0)
    assert got == (1,), f"a number with a new axis has shape (1,), got {got}"


def test_any_dtype_stays(device):
    for dtype in (torch.int64, torch.bool, torch.float16):
        t = torch.tensor([1, 0, 1], dtype=dtype, device=device)
        assert_same(add_axis(t, 1), torch.tensor([[1], [0], [1]], dtype=dtype, device=device))


def assert_position_refused(device, shape, position):
    assert_refused(
        lambda: add_axis(torch.zeros(shape, device=device), position),
        IndexError,
        f"shape {shape} has no position {position} for a new axis",
    )


def test_a_position_behind_the_last_is_refused(device):
    for shape, position in (((), 1), ((5,), 2), ((5,), 7), ((2, 3), 3), ((2, 3), 6)):
        assert_position_refused(device, shape, position)


def test_a_position_before_the_first_is_refused(device):
    for shape, position in (((), -2), ((5,), -3), ((5,), -8), ((2, 3), -4), ((2, 3), -7)):
        assert_position_refused(device, shape, position)


def test_writing_to_the_result_shows_in_the_original(device):
    whole = torch.zeros(2, 3, device=device)
    for t in (whole, torch.zeros(3, 2, device=device).mT, torch.zeros(2, 6, device=device)[:, ::2]):
        for position in (0, 1, 2):
            t.zero_()
            add_axis(t, position).fill_(7)
            assert_same(t, torch.full_like(t, 7.0), "7 was written; 0 means that this is a copy")


def test_the_input_stays_as_it_is(device):
    t = torch.tensor([[1.0, -2.0, 3.0]], device=device)
    with unchanged(t):
        add_axis(t, 1)


def test_row_i_and_column_j_hold_x_i_minus_y_j(device):
    x = torch.tensor([1.0, 4.0, -10.0], device=device)
    y = torch.tensor([3.0, -2.0], device=device)
    expected = torch.tensor([[-2.0, 3.0], [1.0, 6.0], [-13.0, -8.0]], device=device)
    assert_same(pairwise_differences(x, y), expected)


def test_x_makes_the_rows_and_y_the_columns(device):
    got = tuple(
        pairwise_differences(torch.ones(3, device=device), torch.ones(2, device=device)).shape
    )
    assert got == (3, 2), f"3 numbers x and 2 numbers y make (3, 2), got {got}"


def test_y_is_taken_from_x(device):
    x, y = torch.tensor([1e6], device=device), torch.tensor([3.0], device=device)
    expected = torch.tensor([[999_997.0]], device=device)
    assert_same(pairwise_differences(x, y), expected, "-999997 would be y - x")


def test_a_smaller_x_gives_a_negative_difference(device):
    x, y = torch.tensor([3.0], device=device), torch.tensor([5.0], device=device)
    expected = torch.tensor([[-2.0]], device=device)
    assert_same(pairwise_differences(x, y), expected, "2 would be a distance, or y - x")


def test_equal_lengths_give_a_square_of_differences(device):
    x, y = torch.ones(4, device=device), torch.ones(4, device=device)
    got = tuple(pairwise_differences(x, y).shape)
    assert got == (4, 4), f"4 numbers x and 4 numbers y make (4, 4), got {got}: (4,) pairs them off"


def test_a_length_of_1_or_0_stays_an_axis(device):
    for n, m in ((1, 3), (3, 1), (0, 3), (3, 0), (0, 0), (1, 0)):
        x, y = torch.ones(n, device=device), torch.ones(m, device=device)
        got = tuple(pairwise_differences(x, y).shape)
        assert got == (n, m), f"lengths {n} and {m} make {(n, m)}, got {got}"


def test_the_dtype_stays(device, float64):
    x = torch.tensor([1 / 3], dtype=float64, device=device)
    expected = torch.tensor([[2 / 3]], dtype=float64, device=device)
    assert_same(pairwise_differences(x, -x), expected)


def test_x_and_y_stay_as_they_are(device):
    x, y = torch.tensor([1.0, -4.0], device=device), torch.tensor([2.0], device=device)
    with unchanged(x, y):
        pairwise_differences(x, y).zero_()


def test_the_number_of_operations_stays_the_same(device):
    launches = []
    for n, m in ((3, 4), (30, 4), (3, 40)):
        x, y = torch.ones(n, device=device), torch.ones(m, device=device)
        with count() as counts:
            pairwise_differences(x, y)
        launches.append(counts.launches)
    assert len(set(launches)) == 1, (
        f"3 by 4, 30 by 4 and 3 by 40 differences take {launches} operations, expected equal "
        "numbers: is there a loop?"
    )


def loop(x, y):
    ys = y.tolist()
    return torch.tensor([[a - b for b in ys] for a in x.tolist()], device=x.device)


def test_beats_the_loop(race, device, generator):
    def inputs():
        x, y = torch.randn(100, generator=generator), torch.randn(120, generator=generator)
        return x.to(device), y.to(device)

    race(loop, pairwise_differences, inputs, at_least=50)


@pytest.mark.parametrize("length", [10, 100, 1_000])
def test_benchmark(bench, device, generator, length):
    def inputs():
        x, y = torch.randn(2, length, generator=generator)
        return x.to(device), y.to(device)

    bench(loop, pairwise_differences, inputs)
