import numpy as np
import pytest
import torch

from dojo.checks import answer_of, assert_same, unchanged
from dojo.counting import count
from katas.statistics.variance import variance

# Mean 4, deviations -3, -1, -1, 5: the squares 9, 1, 1, 25 sum to 36.
FOUR = [1.0, 3.0, 3.0, 9.0]


def test_by_default_one_less_divides(device):
    got = variance(tensor(FOUR, device), 0)
    assert_same(
        got,
        tensor(12.0, device),
        "the squares of -3, -1, -1, 5 sum to 36, over 4 - 1; 9 would mean over 4; "
        "7.2 over 5; 3.46 a root; 3.33 absolute values; 33.3 no mean taken off; 13.3 the median",
    )


def test_correction_one_divides_by_one_less(device):
    got = variance(tensor(FOUR, device), 0, correction=1)
    assert_same(
        got,
        tensor(12.0, device),
        "36 over 4 - 1; 9 would mean that the correction was left out, 7.2 that it was added",
    )


def test_correction_zero_divides_by_n(device):
    got = variance(tensor(FOUR, device), 0, correction=0)
    assert_same(
        got,
        tensor(9.0, device),
        "36 over 4; 12 would mean over 4 - 1 all the same; 3 a root; 2.5 absolute values; 25 no "
        "mean taken off; 10 the median in its place; 0 that squares were taken after the sum",
    )


def test_a_correction_never_makes_it_smaller(device, generator):
    x = torch.randn(3, 6, generator=generator).to(device)
    with_it, without = variance(x, 1, correction=1), variance(x, 1, correction=0)
    assert (with_it >= without).all(), (
        f"n - 1 is less than n, so what it divides is more: got {with_it.tolist()} with correction "
        f"1, {without.tolist()} with 0; does n + 1 divide?"
    )


def test_three_numbers_in_a_row(device):
    got = variance(tensor([4.0, 5.0, 6.0], device), 0, correction=0)
    assert_same(
        got,
        tensor(2 / 3, device),
        "the squares 1, 0, 1 over 3; 1 would mean over 2, 0.816 a root, 0 a sum before the squares",
    )


def test_each_row_has_a_mean_of_its_own(device):
    # Squares 4, 1, 9 about 3 and 4, 4, 16 about 103.
    got = variance(tensor([[1.0, 2.0, 6.0], [101.0, 101.0, 107.0]], device), 1)
    assert_same(
        got,
        tensor([7.0, 12.0], device),
        "14 over 2 about the mean 3, 24 over 2 about 103; thousands would mean one mean for both "
        "rows, [14, 24] or [2.8, 4.8] a count that is not the row's",
    )


def test_each_column_has_a_mean_of_its_own(device):
    # Squares 4, 4, 16 about 4 and 36, 9, 9 about 300.
    got = variance(tensor([[2.0, 306.0], [2.0, 297.0], [8.0, 297.0]], device), 0)
    assert_same(
        got,
        tensor([12.0, 27.0], device),
        "24 over 2 about the mean 4, 54 over 2 about 300; thousands would mean one mean for both "
        "columns, [4.8, 10.8] that all six numbers were counted",
    )


def test_the_named_axis_goes(device):
    x = tensor([[1.0, 2.0, 6.0], [7.0, 12.0, 2.0]], device)
    for dim, expected in ((0, [18.0, 50.0, 8.0]), (1, [7.0, 25.0])):
        got = answer_of(lambda: variance(x, dim), f"shape (2, 3) has an axis {dim}")
        assert_same(
            got, tensor(expected, device), f"one variance for each slice along axis {dim} of (2, 3)"
        )


def test_a_negative_axis_counts_from_the_last(device):
    x = (torch.arange(24.0, device=device) ** 2 % 11).reshape(2, 3, 4)
    for dim in (-1, -2, -3):
        got = answer_of(lambda: variance(x, dim), f"rank 3 has an axis {dim}")
        assert_same(got, by_numpy(x, dim), f"axis {dim} of (2, 3, 4) is axis {3 + dim}")


def test_agrees_with_numpy_at_every_rank(device, generator):
    for shape in ((7,), (2, 5), (4, 2, 3), (3, 2, 5, 4)):
        # exp: skewed, so that mean and median differ. The axes in reverse: not contiguous.
        x = torch.randn(shape[::-1], generator=generator).exp().to(device)
        x = x.permute(*range(x.ndim)[::-1])
        for dim in range(x.ndim):
            for correction in (0, 1):
                got = answer_of(lambda: variance(x, dim, correction), f"{shape} has an axis {dim}")
                meaning = f"shape {shape}, axis {dim}, correction {correction}"
                assert_same(got, by_numpy(x, dim, correction), meaning)


def test_a_shift_changes_nothing(device):
    x = tensor(FOUR, device)
    for shift in (-4.0, 0.5, 100.0):
        assert_same(
            variance(x + shift, 0),
            variance(x, 0),
            f"{shift:g} was added to each number, which leaves their distances as they were",
        )


def test_a_factor_counts_squared(device):
    x = tensor(FOUR, device)
    for k in (3.0, -2.0, 0.5):
        assert_same(
            variance(k * x, 0),
            k * k * variance(x, 0),
            f"each number was multiplied by {k:g}, so the variance is by {k * k:g}: {abs(k):g} "
            "would mean that the result is in the unit of the data, not in its square",
        )


def test_float32_far_from_zero(device, generator):
    x = (10_000 + torch.randn(20, 30, generator=generator)).to(device)
    for dim in (0, 1):
        for correction in (0, 1):
            # 1e-4: the contract. Subtracting the mean first is 50 times closer.
            assert_same(
                variance(x, dim, correction),
                by_numpy(x, dim, correction),
                f"numbers around 10,000, spread 1, axis {dim}, correction {correction}: their "
                "squares are around 100,000,000, where float32 numbers are 8 apart, so a "
                "difference of squares has no digit right",
                rtol=1e-4,
                atol=0,
            )


def test_float64_far_from_zero(device, float64, generator):
    x = (1e8 + torch.randn(20, 30, generator=generator).to(float64)).to(device)
    for dim in (0, 1):
        assert_same(
            variance(x, dim),
            by_numpy(x, dim),
            f"float64 numbers around 100,000,000, spread 1, axis {dim}: their squares are around "
            "1e16, where float64 numbers are 2 apart; float32 cannot tell the numbers apart at all",
            rtol=1e-4,
            atol=0,
        )


def test_float64_keeps_its_digits(device, float64, generator):
    x = torch.randn(4, 30, dtype=float64, generator=generator).to(device)
    meaning = "float64 numbers around 0; seven right digits would mean that float32 was in between"
    # 1e-12: of the 16 digits of float64 rounding takes one or two.
    assert_same(variance(x, 1), by_numpy(x, 1), meaning, rtol=1e-12, atol=0)


def test_a_variance_is_never_negative(device, generator):
    x = (10_000 + 0.1 * torch.randn(500, 3, generator=generator)).to(device)
    lowest = variance(x, 1).min().item()
    assert lowest >= 0, (
        f"a sum of squares is at least 0, got {lowest:g} for one of 500 rows around 10,000: that "
        "is the rounding of a difference of two large squares"
    )


def test_equal_numbers_do_not_spread(device):
    for value in (5.0, -3.0, 0.1):
        for length in (2, 333):
            got = variance(torch.full((length,), value, device=device), 0)
            assert_same(
                got, tensor(0.0, device), f"{length} times {value:g} is {value:g} on average"
            )


def test_one_number_has_no_variance_with_correction_one(device):
    for shape, dim in (((1,), 0), ((3, 1), 1), ((1, 4), 0)):
        x = torch.full(shape, 2.5, device=device)
        got = answer_of(lambda: variance(x, dim), f"shape {shape}, axis {dim}: NaN is no error")
        meaning = f"shape {shape}, axis {dim}: 0 over 1 - 1 is NaN, as torch.var has it; not 0"
        assert_same(got, x.select(dim, 0) * float("nan"), meaning)


def test_one_number_raises_nothing(device):
    for correction in (0, 1):
        x = torch.full((3, 1), 2.5, device=device)
        got = answer_of(lambda: variance(x, 1, correction), "one number a row has a result a row")
        assert got.shape == (3,), f"three rows of one number give (3,), got {tuple(got.shape)}"


def test_one_number_over_n_has_a_variance_of_zero(device):
    for shape, dim in (((1,), 0), ((3, 1), 1), ((1, 4), 0)):
        x = torch.full(shape, 2.5, device=device)
        got = variance(x, dim, correction=0)
        meaning = f"shape {shape}, axis {dim}: 0 over 1 is 0; NaN would mean over 1 - 1"
        assert_same(got, x.select(dim, 0) * 0, meaning)


def test_the_result_is_of_the_inputs_dtype(device, float64):
    for dtype in (torch.float32, float64):
        got = variance(tensor(FOUR, device).to(dtype), 0)
        assert_same(got, tensor(12.0, device).to(dtype), "a tensor of rank 0, of the dtype of x")


def test_the_input_stays_as_it_is(device):
    x = tensor([FOUR, FOUR[::-1]], device)
    for dim in (0, 1):
        with unchanged(x):
            variance(x, dim)


def test_the_operations_do_not_grow_with_the_rows(device):
    few, many = launches((2, 5), device), launches((300, 5), device)
    assert many.launches <= few.launches, (
        f"2 rows took {few.launches} operations, 300 took {many.describe()}: "
        "what grows with the rows is a loop over them"
    )


def test_the_operations_do_not_grow_with_the_numbers(device):
    few, many = launches((3, 4), device), launches((3, 200), device)
    assert many.launches <= few.launches, (
        f"rows of 4 took {few.launches} operations, rows of 200 {many.describe()}: "
        "what grows with the numbers in a row is a loop along it"
    )


def test_no_number_is_read_out_on_the_way(device):
    counts = launches((3, 4), device)
    assert not counts.synchronisations, (
        "the numbers are to stay in torch, where reading one waits for the device, got "
        + ", ".join(counts.synchronisations)
    )


def test_beats_the_loop(race, device, generator):
    race(loop, variance, lambda: drawn((1_000, 50), device, generator), at_least=30)


@pytest.mark.parametrize("rows", [10, 1_000, 10_000])
def test_benchmark(bench, device, generator, rows):
    bench(loop, variance, lambda: drawn((rows, 50), device, generator))


def loop(x, dim):
    result = []
    for row in x.unbind(1 - dim):
        deviations = row - row.mean()
        result.append((deviations * deviations).sum() / (len(row) - 1))
    return torch.stack(result)


def drawn(shape, device, generator):
    return torch.randn(shape, generator=generator).to(device), 1


def launches(shape, device):
    """What a call with a table of this shape, along axis 1, asks of the device."""
    x = torch.ones(shape, device=device)
    with count(device) as counts:
        variance(x, 1)
    return counts


def by_numpy(x, dim, correction=1):
    """NumPy's variance, in float64, of the numbers as they are stored; then as x is."""
    exact = np.asarray(np.var(np.float64(x.cpu().numpy()), axis=dim, ddof=correction))
    return torch.from_numpy(exact).to(x.dtype).to(x.device)


def tensor(values, device):
    return torch.tensor(values, device=device)
