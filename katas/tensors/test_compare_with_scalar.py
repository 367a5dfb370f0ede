import math

import pytest
import torch

from dojo.checks import answer_of, assert_same, unchanged
from dojo.counting import count
from katas.tensors.compare_with_scalar import count_above, stretch


def stretched(value, shape):
    return answer_of(lambda: stretch(value, shape), f"a value can be stretched to {shape}")


def test_all_numbers_of_the_view_are_value(device):
    for shape in ((3,), (2, 3), (2, 3, 4)):
        value = torch.tensor(-2.5, device=device)
        assert_same(stretched(value, shape), torch.full(shape, -2.5, device=device))


def test_a_shape_without_axes_is_that_of_value(device):
    value = torch.tensor(5.0, device=device)
    assert_same(stretched(value, ()), torch.tensor(5.0, device=device), "() is a shape of no axes")


def test_axes_of_size_0_and_1_are_axes(device):
    for shape in ((1,), (1, 4, 1), (0,), (3, 0), (0, 1, 2)):
        value = torch.tensor(5.0, device=device)
        got = tuple(stretched(value, shape).shape)
        assert got == shape, f"value stretched to {shape} has that shape, got {got}"


def test_the_dtype_of_value_stays(device):
    for dtype in (torch.float16, torch.int64, torch.uint8, torch.bool):
        value = torch.tensor(1, dtype=dtype, device=device)
        assert_same(stretched(value, (2, 3)), torch.ones(2, 3, dtype=dtype, device=device))


def test_the_memory_behind_the_view_is_one_number(device):
    for shape in ((300,), (300, 200), (3, 1, 200)):
        got = stretched(torch.tensor(7.0, device=device), shape)
        held = got.untyped_storage().nbytes() // got.element_size()
        assert held == 1, f"{shape} from one number: {held:,} numbers lie in memory, expected 1"
        steps = [step for step, size in zip(got.stride(), got.shape, strict=True) if size > 1]
        assert not any(steps), (
            f"{shape} from one number has strides {got.stride()}: expected 0 on each axis longer "
            "than 1, where a number and the next are the same one"
        )


def test_nothing_of_that_shape_is_made_on_the_way(device):
    value = torch.tensor(7.0, device=device)
    with count() as counts:
        stretched(value, (300, 200))
    assert counts.largest < 60_000, f"expected a view, and no such matrix: {counts.describe()}"


def test_a_later_change_of_value_shows_in_the_view(device):
    value = torch.tensor(1.0, device=device)
    got = stretched(value, (2, 3))
    value.fill_(-8)
    assert_same(
        got,
        torch.full((2, 3), -8.0, device=device),
        "value was changed from 1 to -8 afterwards; 1 would mean that the result is a copy",
    )


def test_an_element_of_a_matrix_is_stretched_too(device):
    value = torch.arange(6.0, device=device).reshape(2, 3)[1, 1]
    assert_same(
        stretched(value, (3, 2)),
        torch.full((3, 2), 4.0, device=device),
        "value is element [1, 1] of a matrix; 0 would be the first number in its memory",
    )


def test_value_and_matrix_stay_as_they_are(device):
    value = torch.tensor(0.5, device=device)
    matrix = torch.tensor([[0.0, 1.0], [2.0, -3.0], [0.5, 7.0]], device=device)
    with unchanged(value):
        stretched(value, (2, 3))
    with unchanged(matrix, value):
        count_above(matrix, value)


def assert_count(matrix, value, expected, meaning):
    """Whatever the result is, compare only the number in it: another test looks at its kind."""
    for limit in (value, torch.tensor(value, dtype=matrix.dtype, device=matrix.device)):
        got = torch.as_tensor(count_above(matrix.clone(), limit)).sum().item()
        assert got == expected, f"expected {expected}, got {got}: {meaning}"


def test_the_numbers_above_are_counted(device):
    matrix = torch.tensor([[1.0, 5.0, -3.0, 4.0], [0.0, -7.0, 9.0, -1.0]], device=device)
    for value, expected in ((-2.0, 6), (3, 3), (8.5, 1), (10.0, 0), (-9.0, 8)):
        meaning = f"so many of {matrix.tolist()} are above {value}"
        assert_count(matrix, value, expected, meaning)
        assert_count(matrix.T, value, expected, meaning)


def test_a_matrix_without_numbers_counts_0(device):
    for shape in ((0, 3), (3, 0)):
        assert_count(torch.ones(shape, device=device), -1.0, 0, f"shape {shape} holds no number")


def test_a_number_equal_to_value_is_not_above_it(device):
    matrix = torch.tensor([[2.0, 3.0, 2.0], [-2.0, 2.0, 1.0]], device=device)
    assert_count(matrix, 2.0, 1, "3 alone is above 2; 4 would mean that 2 counts as above 2")


def test_nan_is_above_nothing(device):
    matrix = torch.tensor([[math.nan, 5.0], [-5.0, math.nan]], device=device)
    for value in (0.0, -math.inf):
        expected = 1 if value == 0 else 2
        meaning = f"above {value} in {matrix.tolist()}; {expected + 2} would count NaN as above"
        assert_count(matrix, value, expected, meaning)


def test_nothing_is_above_nan(device):
    matrix = torch.tensor([[1.0, -5.0, math.inf]], device=device)
    assert_count(matrix, math.nan, 0, "no number is above NaN")


def test_infinity_is_above_every_other_number(device):
    matrix = torch.tensor([[math.inf, -math.inf], [math.inf, 3e38]], device=device)
    for value, expected in ((1.0, 3), (math.inf, 0), (-math.inf, 3), (3.2e38, 2)):
        assert_count(matrix, value, expected, f"above {value} in {matrix.tolist()}")


def test_float64_is_compared_as_float64(device, float64):
    matrix = torch.tensor([[0.1 + 1e-12, 0.1, 0.1 - 1e-12]], dtype=float64, device=device)
    meaning = "0.1 + 1e-12 is above 0.1; as float32, 0.1 is 0.1 + 1.5e-9, and both are one number"
    assert_count(matrix, 0.1, 1, meaning)


def test_the_count_is_a_tensor_of_rank_0(device):
    matrix = torch.tensor([[1.0, 5.0, 3.0], [7.0, 2.0, 9.0]], device=device)
    for value in (2.5, torch.tensor(2.5, device=device)):
        got = count_above(matrix, value)
        assert isinstance(got, torch.Tensor), f"expected a tensor, got {got!r}"
        shape = tuple(got.shape)
        assert shape == (), f"expected one count, shape (), got shape {shape}: (2,) is one a row"
        assert got.device.type == device.type, f"expected it on {device.type}, got {got.device}"


def test_the_count_is_int64(device):
    got = torch.as_tensor(count_above(torch.ones(2, 3, device=device), 0.5)).dtype
    assert got == torch.int64, f"expected int64, got {got}: float32 can't hold all counts"


def waits_in_counting(device):
    """Name what a GPU would have to wait for, and tell reading out from picking out."""
    matrix = torch.tensor([[1.0, 5.0, 3.0], [7.0, 2.0, 9.0]], device=device)
    with count() as counts:
        for value in (2.5, torch.tensor(2.5, device=device)):
            count_above(matrix, value)
    picking = {"boolean mask", "masked_select", "nonzero"}.intersection(counts.synchronisations)
    return picking, set(counts.synchronisations) - picking


def test_no_number_is_read_out_on_the_way(device):
    _, reading = waits_in_counting(device)
    assert not reading, f"Python waits until a GPU has answered, by {', '.join(reading)}"


def test_no_numbers_are_picked_out_on_the_way(device):
    picking, _ = waits_in_counting(device)
    assert not picking, (
        f"Python waits until a GPU has said how many there are: {', '.join(picking)}"
    )


def test_the_work_does_not_grow_with_the_matrix(device):
    launches = []
    for rows, columns in ((3, 4), (30, 4), (3, 40)):
        matrix = torch.arange(float(rows * columns), device=device).reshape(rows, columns)
        with count() as counts:
            count_above(matrix, 7.0)
        launches.append(counts.launches)
    assert len(set(launches)) == 1, (
        f"(3, 4), (30, 4) and (3, 40) take {launches} operations, expected equal numbers: is there "
        "a loop over rows, columns or numbers?"
    )


def test_no_other_matrix_of_floats_is_made(device):
    matrix = torch.arange(600.0, device=device).reshape(30, 20)
    for value in (7.0, torch.tensor(7.0, device=device)):
        with count() as counts:
            count_above(matrix, value)
        copies = [new for new in counts.new if new.elements >= 600 and new.dtype.is_floating_point]
        assert not copies, (
            f"a matrix of {copies[0].dtype} of shape {copies[0].shape} was made by "
            f"{copies[0].operation}: neither value nor matrix has to be laid out a second time"
        )


def loop(matrix, value):
    above = 0
    for row in matrix.tolist():
        for number in row:
            if number > value:
                above += 1
    return torch.tensor(above, device=matrix.device)


def test_beats_the_loop(race, device, generator):
    def inputs():
        return torch.randn(300, 200, generator=generator).to(device), 0.5

    race(loop, count_above, inputs, at_least=10)


@pytest.mark.parametrize("rows", [3, 300, 3_000])
def test_benchmark(bench, device, generator, rows):
    def inputs():
        return torch.randn(rows, 200, generator=generator).to(device), 0.5

    bench(loop, count_above, inputs)
