import pytest
import torch

from dojo.checks import answer_of, assert_same, unchanged
from katas.statistics.standard_deviation import standard_deviation, standardize


def test_two_numbers(device):
    assert_same(
        deviation([5.0, -1.0], device),
        torch.tensor(18.0**0.5, device=device),
        "squares 9 and 9, 18 over 1, root 4.24; 3 would mean a division by n",
    )


def test_four_numbers(device):
    assert_same(
        deviation([3.0, -1.0, 1.0, 9.0], device),
        torch.tensor((56 / 3) ** 0.5, device=device),
        "the mean is 3, squares 0, 16, 4, 36 are 56, over 3, root 4.32; 18.7 would mean no root, 4 "
        "a root of each square, 3.74 a division by n, 2.49 a division by n - 1 after the root",
    )


def test_ten_metres_are_a_thousand_centimetres(device):
    metres = [1.0, -2.0, 4.0, 0.5, 7.0]
    expected = 100 * deviation(metres, device)
    got = deviation([-100 * number for number in metres], device)
    assert_same(got, expected, "100 times the numbers deviate 100 times as much, whatever the sign")


def test_data_far_from_zero(device, float64, generator):
    near = torch.randn(200, generator=generator)
    far = (near + 10_000).to(device)
    expected = far.to(float64).std()
    got = answer_of(lambda: standard_deviation(far, 0), "200 numbers around 10,000").to(float64)
    meaning = "float32 around 10,000; far off would mean a difference of two large squares"
    assert_same(got, expected, meaning, rtol=1e-4, atol=0)


def test_each_column_has_a_deviation_of_its_own(device):
    x = torch.tensor([[0.0, 100.0], [4.0, 108.0], [2.0, 104.0]], device=device)
    got = standard_deviation(x, 0)
    meaning = "the columns have means 2 and 104; about 70 would mean one mean for the whole table"
    assert_same(got, torch.tensor([2.0, 4.0], device=device), meaning)


def test_rows_and_columns_are_told_apart(device):
    x = torch.tensor([[0.0, 3.0, 6.0], [2.0, 3.0, 4.0]], device=device)
    assert_same(standard_deviation(x, 1), torch.tensor([3.0, 1.0], device=device), "rows")
    columns = torch.tensor([2.0**0.5, 0, 2.0**0.5], device=device)
    assert_same(standard_deviation(x, 0), columns, "columns")


def test_a_negative_axis_counts_from_the_last(device, generator):
    x = torch.randn(2, 3, 4, generator=generator).to(device)
    for function in (standard_deviation, standardize):
        for dim in (-1, -2, -3):
            got = answer_of(lambda: function(x, dim), f"{function.__name__} along axis {dim}")
            assert_same(got, function(x, dim + 3), f"axis {dim} of 3 is axis {dim + 3}")


def test_the_shape_is_that_without_the_axis(device):
    x = torch.arange(30.0, device=device).view(2, 3, 5)
    for dim, shape in ((0, (3, 5)), (1, (2, 5)), (2, (2, 3))):
        got = tuple(answer_of(lambda: standard_deviation(x, dim), f"axis {dim}").shape)
        assert got == shape, f"(2, 3, 5) without axis {dim} is {shape}, got {got}"


def test_agrees_with_torch(device, float64, generator):
    x = torch.randn(4, 7, 3, generator=generator).to(device=device, dtype=float64)
    for dim in range(3):
        assert_same(standard_deviation(x, dim), x.std(dim), f"torch.std along axis {dim}")


def test_the_mean_becomes_zero(device, generator):
    x = (5 + 3 * torch.randn(50, 4, generator=generator)).to(device)
    got = standardize(x, 0).mean(0)
    meaning = "the mean of each column; larger ones would mean that it was not taken off"
    assert_same(got, torch.zeros(4, device=device), meaning, rtol=0, atol=1e-5)


def test_the_deviation_becomes_one(device, generator):
    x = (5 + 3 * torch.randn(4, 50, generator=generator)).to(device)
    got = standardize(x, 1).std(1)
    meaning = "the deviation of each row, over n - 1; 0.33 would mean a division by the variance"
    assert_same(got, torch.ones(4, device=device), meaning, rtol=1e-4, atol=0)


def test_two_numbers_come_out_at_the_root_of_a_half(device):
    got = standardize(torch.tensor([3.0, 1.0], device=device), 0)
    half = 0.5**0.5
    meaning = "3 and 1 deviate by 1.414 from 2 when n - 1 divides; ±1 would mean a division by n"
    assert_same(got, torch.tensor([half, -half], device=device), meaning)


def test_each_column_is_scaled_by_its_own(device):
    x = torch.tensor([[1.0, -700.0], [2.0, 100.0], [3.0, 900.0]], device=device)
    expected = torch.tensor([[-1.0, -1.0], [0.0, 0.0], [1.0, 1.0]], device=device)
    assert_same(standardize(x, 0), expected, "deviations 1 and 800")


def test_a_small_spread_becomes_one(device, generator):
    small = (1e-6 * torch.randn(100, 1, generator=generator)).to(device)
    got = standardize(small, 0).std(0)
    meaning = (
        "numbers around 0 with deviation 1e-6; 0.5 and less would mean that a small number was "
        "added to the deviation, 0 that they were taken for constant"
    )
    assert_same(got, torch.ones(1, device=device), meaning, rtol=1e-3, atol=0)


def test_a_constant_column_becomes_zeros(device):
    for value in (5.0, 0.0, -3.0):
        assert_zeros(torch.full((10, 2), value, device=device), value)


def test_a_constant_column_of_tenths_becomes_zeros(device):
    for length in (10, 100, 333, 1_000):
        for value in (0.1, -0.3, 0.7, 1_000.1):
            assert_zeros(torch.full((length, 3), value, device=device), value)


def test_a_constant_column_leaves_its_neighbours_alone(device):
    x = torch.tensor([[0.1, 1.0], [0.1, 2.0], [0.1, 3.0]], device=device)
    expected = torch.tensor([[0.0, -1.0], [0.0, 0.0], [0.0, 1.0]], device=device)
    assert_same(standardize(x, 0), expected, "a constant column beside one that varies")


def test_one_number_is_a_constant_slice(device):
    x = torch.tensor([[3.0, -2.0]], device=device)
    got = answer_of(lambda: standardize(x, 0), "columns of one number are constant")
    meaning = "columns of one number; nan would mean a division by n - 1"
    assert_same(got, torch.zeros(1, 2, device=device), meaning)


def test_the_dtype_stays(device, float64):
    for dtype in (torch.float32, float64):
        x = torch.tensor([1.0, 2.0, 3.0], device=device, dtype=dtype)
        assert_same(standard_deviation(x, 0), torch.ones((), device=device, dtype=dtype))
        assert_same(standardize(x, 0), x - 2, f"x is {dtype}")


def test_measuring_leaves_x_as_it_is(device):
    assert_leaves_x(standard_deviation, device)


def test_standardizing_leaves_x_as_it_is(device):
    assert_leaves_x(standardize, device)


@pytest.mark.parametrize("columns", [10, 1_000, 5_000])
def test_benchmark(bench, device, generator, columns):
    def column_by_column(x, dim):
        # None of the drawn columns is constant.
        return torch.stack([(each - each.mean()) / each.std() for each in x.unbind(1 - dim)], 1)

    def inputs():
        return torch.randn(200, columns, generator=generator).to(device), 0

    bench(column_by_column, standardize, inputs)


def assert_leaves_x(function, device):
    x = torch.tensor([[1.0, 2.0, 4.0], [18.0, -3.0, 0.0]], device=device)
    with unchanged(x):
        function(x, 1)


def assert_zeros(x, value):
    got = standardize(x, 0)
    largest = got.abs().nan_to_num(nan=float("inf")).max().item()
    assert largest == 0, (
        f"{len(x)} times {value} is constant, so zeros, got {got.flatten()[0].item():.3g}: nan is "
        "0 / 0, ±1 and the like would mean that rounding of the mean was taken for spread"
    )


def deviation(numbers, device):
    return standard_deviation(torch.tensor(numbers, device=device), 0)
