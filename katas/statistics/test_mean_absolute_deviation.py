import pytest
import torch

from dojo.checks import answer_of, assert_same, unchanged
from katas.statistics.mean_absolute_deviation import mean_absolute_deviation


def test_four_numbers(device):
    assert_same(
        deviation([1.0, 2.0, 4.0, 18.0], device),
        torch.tensor(5.875, device=device),
        "the mean is 6.25, and 5.25, 4.25, 2.25, 11.75 are 23.5 in all; 0 would mean no abs(), "
        "47.1875 squares, 6.87 their root, 5.25 distances from the median, 6.25 from 0",
    )


def test_distances_are_averaged(device):
    assert_same(
        deviation([0.0, 0.0, 0.0, 8.0, 0.0], device),
        torch.tensor(2.56, device=device),
        "the mean is 1.6, and 4 times 1.6 and 6.4 over 5 is 2.56; 1.6 would mean the median of "
        "the distances",
    )


def test_distances_count_as_they_are(device):
    assert_same(
        deviation([-6.0, 2.0, 2.0, 2.0], device),
        torch.tensor(3.0, device=device),
        "the mean is 0, and 6 + 2 + 2 + 2 over 4 is 3; 3.46 would mean the root of mean squares",
    )


def test_a_shift_changes_nothing(device):
    numbers = [1.0, -2.0, 4.0, -7.0]
    here = deviation(numbers, device)
    there = deviation([number + 50 for number in numbers], device)
    assert_same(there, here, "numbers 50 higher are spread as before", rtol=1e-5, atol=0)


def test_a_factor_is_a_factor_of_the_deviation(device):
    numbers = [1.0, -2.0, 4.0, -7.0]
    expected = 3 * deviation(numbers, device)
    got = deviation([-3 * number for number in numbers], device)
    assert_same(got, expected, "-3 times the numbers deviate 3 times as much, not 9 times")


def test_numbers_that_are_equal_do_not_deviate(device):
    assert_same(deviation([-2.0] * 5, device), torch.zeros((), device=device), "five times -2")


def test_one_number_alone_does_not_deviate(device):
    meaning = "one number is its own mean; nan would mean a division by n - 1"
    assert_same(deviation([3.0], device), torch.zeros((), device=device), meaning)


def test_each_column_has_a_mean_of_its_own(device):
    x = torch.tensor([[0.0, 100.0], [4.0, 108.0], [2.0, 104.0]], device=device)
    assert_same(
        mean_absolute_deviation(x, 0),
        torch.tensor([4 / 3, 8 / 3], device=device),
        "the columns have means 2 and 104; about 50 would mean one mean for the whole table",
    )


def test_rows_and_columns_are_told_apart(device):
    x = torch.tensor([[0.0, 4.0, 8.0], [1.0, 1.0, 1.0]], device=device)
    assert_same(mean_absolute_deviation(x, 1), torch.tensor([8 / 3, 0], device=device), "rows")
    columns = torch.tensor([0.5, 1.5, 3.5], device=device)
    assert_same(mean_absolute_deviation(x, 0), columns, "columns")


def test_a_negative_axis_counts_from_the_last(device, generator):
    x = torch.randn(2, 3, 4, generator=generator).to(device)
    for dim in (-1, -2, -3):
        got = answer_of(lambda: mean_absolute_deviation(x, dim), f"axis {dim} is there")
        assert_same(got, mean_absolute_deviation(x, dim + 3), f"axis {dim} of 3 is axis {dim + 3}")


def test_the_shape_is_that_without_the_axis(device):
    x = torch.zeros(2, 3, 5, device=device)
    for dim, shape in ((0, (3, 5)), (1, (2, 5)), (2, (2, 3))):
        got = tuple(answer_of(lambda: mean_absolute_deviation(x, dim), f"axis {dim}").shape)
        assert got == shape, f"(2, 3, 5) without axis {dim} is {shape}, got {got}"


def test_never_above_the_standard_deviation(device, float64, generator):
    skewed = torch.randn(7, 50, generator=generator).exp().to(device=device, dtype=float64)
    got = mean_absolute_deviation(skewed, 1)
    limit = skewed.std(1, correction=0)
    assert (got <= limit).all(), (
        f"mean distances {got.tolist()} are above the roots of mean squares {limit.tolist()}"
    )


def test_skewed_columns_agree_with_arithmetic_by_hand(device, float64, generator):
    x = torch.randn(9, 4, generator=generator).exp().to(device=device, dtype=float64)
    expected = []
    for column in x.T.tolist():
        mean = sum(column) / len(column)
        expected.append(sum(abs(number - mean) for number in column) / len(column))
    assert_same(
        mean_absolute_deviation(x, 0),
        torch.tensor(expected, dtype=float64, device=device),
        "the mean distance from the mean, column by column",
    )


def test_the_dtype_stays(device, float64):
    for dtype in (torch.float32, float64):
        x = torch.tensor([0.0, 2.0], dtype=dtype, device=device)
        got = mean_absolute_deviation(x, 0)
        assert_same(got, torch.tensor(1.0, dtype=dtype, device=device), f"x is {dtype}")


def test_x_stays_as_it_is(device):
    x = torch.tensor([[1.0, 2.0, 4.0], [18.0, -3.0, 0.0]], device=device)
    with unchanged(x):
        mean_absolute_deviation(x, 0)


@pytest.mark.parametrize("columns", [10, 1_000, 5_000])
def test_benchmark(bench, device, generator, columns):
    def column_by_column(x, dim):
        return torch.stack([(each - each.mean()).abs().mean() for each in x.unbind(1 - dim)])

    def inputs():
        return torch.randn(200, columns, generator=generator).exp().to(device), 0

    bench(column_by_column, mean_absolute_deviation, inputs)


def deviation(numbers, device):
    return mean_absolute_deviation(torch.tensor(numbers, device=device), 0)
