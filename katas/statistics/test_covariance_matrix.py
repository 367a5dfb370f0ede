import numpy as np
import pytest
import torch

from dojo.checks import answer_of, assert_same, unchanged
from dojo.counting import count
from katas.statistics.covariance_matrix import covariance_matrix

# Means 4, 20 and 3; deviations -3, -1, -1, 5 and -9, 3, -3, 9 and 3, -1, 1, -3.
TABLE = [[1.0, 11.0, 6.0], [3.0, 23.0, 2.0], [3.0, 17.0, 4.0], [9.0, 29.0, 0.0]]
# What their products sum to.
SUMS = [[36.0, 72.0, -24.0], [72.0, 180.0, -60.0], [-24.0, -60.0, 20.0]]


def test_by_default_one_less_divides(device):
    got = covariance_matrix(tensor(TABLE, device))
    assert_same(
        got,
        tensor(SUMS, device) / 3,
        "36 over 4 - 1 at the top left; 9 would mean over 4, 7.2 over 5, 18 over 3 features - 1, "
        "33.3 no mean taken off, 1 a correlation or a slope",
    )


def test_correction_one_by_name(device):
    got = covariance_matrix(tensor(TABLE, device), correction=1)
    meaning = "36 over 4 - 1 at the top left; 9 would mean no correction, 7.2 that it was added"
    assert_same(got, tensor(SUMS, device) / 3, meaning)


def test_correction_zero_is_the_mean_of_the_products(device):
    got = covariance_matrix(tensor(TABLE, device), correction=0)
    meaning = "36 over 4 at the top left; 12 would mean over 4 - 1 all the same, or over 3 features"
    assert_same(got, tensor(SUMS, device) / 4, meaning)


def test_a_correction_never_makes_a_variance_smaller(device, generator):
    x = torch.randn(5, 3, generator=generator).to(device)
    with_it, without = (covariance_matrix(x, correction=c).diagonal() for c in (1, 0))
    assert (with_it >= without).all(), (
        f"n - 1 is less than n, so what it divides is more: got {with_it.tolist()} on the diagonal "
        f"with correction 1, {without.tolist()} with 0; does n + 1 divide?"
    )


def test_the_samples_are_counted(device):
    # The same two samples, three times: the mean of the products stays what it was.
    pair = tensor([[1.0, 0.0, 2.0, 7.0, 5.0], [5.0, 2.0, 0.0, 3.0, 5.0]], device)
    got = covariance_matrix(pair.repeat(3, 1), correction=0)
    half = tensor([2.0, 1.0, -1.0, -2.0, 0.0], device)
    meaning = (
        "the two samples are half of (4, 2, -2, -4, 0) from their mean, however often they are "
        "repeated; 6/5 of it would mean that the 5 features were counted, 1/5 all numbers"
    )
    assert_same(got, torch.outer(half, half), meaning)


def test_there_is_a_row_and_a_column_for_each_feature(device):
    for samples, features in ((5, 3), (2, 7), (3, 2), (40, 4)):
        x = torch.arange(float(samples * features)).reshape(samples, features).to(device)
        got = tuple(covariance_matrix(x).shape)
        assert got == (features, features), (
            f"{samples} samples of {features} features give {(features, features)}, got {got}: "
            f"{(samples, samples)} would mean that samples were compared with samples"
        )


def test_each_column_has_a_mean_of_its_own(device):
    x = tensor([[1.0, 500.0], [2.0, 496.0], [6.0, 495.0]], device)
    # Deviations -2, -1, 3 and 3, -1, -2.
    expected = tensor([[7.0, -5.5], [-5.5, 7.0]], device)
    meaning = "means 3 and 497; thousands would mean one mean for the table, or one for each row"
    assert_same(covariance_matrix(x), expected, meaning)


def test_a_shift_changes_nothing(device):
    x = tensor(TABLE, device)
    for shift in ([-4.0, 0.0, 0.0], [8.0, 8.0, 8.0], [-64.0, 0.5, 100.0]):
        got = covariance_matrix(x + tensor(shift, device))
        meaning = f"{shift} added to the columns leaves all distances from their means as they were"
        assert_same(got, tensor(SUMS, device) / 3, meaning)


def test_a_factor_goes_through_its_row_and_column(device):
    factors = tensor([1_000.0, -0.5, 2.0], device)
    got = covariance_matrix(tensor(TABLE, device) * factors)
    expected = tensor(SUMS, device) / 3 * torch.outer(factors, factors)
    meaning = (
        "columns times 1,000, -0.5 and 2: entry (i, j) grows by both factors, for its unit is that "
        "of column i times that of column j; entries between -1 and 1 would mean correlations"
    )
    assert_same(got, expected, meaning)


def test_the_diagonal_holds_the_variances(device, generator):
    x = drawn((12, 5), generator).to(device)
    for correction in (0, 1):
        got = covariance_matrix(x, correction).diagonal()
        expected = np.var(np.float64(x.cpu().numpy()), axis=0, ddof=correction)
        meaning = f"numpy's variances of the 5 columns, correction {correction}"
        assert_same(got, tensor(expected, device), meaning)


def test_the_matrix_is_symmetric(device, generator):
    got = covariance_matrix(drawn((12, 5), generator).to(device))
    meaning = "columns i and j have one covariance, whichever comes first"
    assert_same(got, got.T, meaning)


def test_agrees_with_torch_cov_of_the_transpose(device, generator):
    for samples, features in ((2, 3), (3, 2), (7, 5), (5, 7), (200, 4)):
        # The transpose of a table: not contiguous.
        x = drawn((features, samples), generator).T.to(device)
        for correction in (0, 1):
            got = covariance_matrix(x, correction)
            meaning = f"{samples} samples of {features} features, correction {correction}"
            assert_same(got, by_torch(x, correction), meaning)


def test_no_eigenvalue_is_below_zero(device, generator):
    for samples, features in ((50, 6), (5, 8), (3, 20)):
        x = (100 + torch.randn(samples, features, generator=generator)).to(device)
        got = covariance_matrix(x)
        assert_same(got, by_torch(x), "", rtol=float("inf"), atol=0)  # type, shape and so on
        eigenvalues = torch.linalg.eigvalsh(got.cpu().double().nan_to_num())
        smallest, largest = eigenvalues[0].item(), eigenvalues[-1].item()
        # The contract; -1e-7 is what rounding makes of 0 in a product of deviations.
        assert smallest >= -1e-5 * largest, (
            f"{samples} samples of {features} features around 100: the smallest eigenvalue is the "
            f"least variance in any direction, so at least 0, got {smallest:.3g} where the largest "
            f"is {largest:.3g}; were signs lost, or large products subtracted?"
        )


def test_float32_far_from_zero(device, generator):
    x = (10_000 + torch.randn(20, 4, generator=generator)).to(device)
    for correction in (0, 1):
        # 0.001: the contract. Subtracting the means first is a thousand times closer.
        assert_same(
            covariance_matrix(x, correction),
            by_torch(x, correction),
            "numbers around 10,000, spread 1: products of them are around 100,000,000, where "
            "float32 numbers are 8 apart; take the means off both factors before you multiply",
            rtol=0,
            atol=1e-3,
        )


def test_float64_far_from_zero(device, float64, generator):
    x = (1e8 + torch.randn(20, 4, generator=generator).to(float64)).to(device)
    for correction in (0, 1):
        assert_same(
            covariance_matrix(x, correction),
            by_torch(x, correction),
            "float64 numbers around 100,000,000, spread 1: products of them are around 1e16, where "
            "float64 numbers are 2 apart; take the means off both factors before you multiply",
            rtol=0,
            atol=1e-3,
        )


def test_float64_keeps_its_digits(device, float64, generator):
    x = torch.randn(30, 4, dtype=float64, generator=generator).to(device)
    meaning = "float64 numbers around 0; seven right digits would mean float32 on the way"
    # 1e-12: of the 16 digits of float64 rounding takes one or two.
    assert_same(covariance_matrix(x), by_torch(x), meaning, rtol=1e-12, atol=1e-12)


def test_a_constant_feature_has_none(device):
    slope = torch.arange(333.0, device=device) / 333
    for value in (5.0, -3.0, 0.1):
        got = covariance_matrix(torch.stack([slope, torch.full_like(slope, value)], dim=1))
        zeros = torch.zeros(2, device=device)
        meaning = f"a column of {value:g} never leaves its mean; NaN would mean a division by 0"
        assert_same(got[1], zeros, meaning)
        assert_same(got[:, 1], zeros, meaning)


def test_one_feature_gives_a_matrix_too(device):
    got = covariance_matrix(tensor([[1.0], [3.0], [3.0], [9.0]], device))
    meaning = "one feature has a variance, in a matrix of 1 by 1, so that callers need no exception"
    assert_same(got, tensor([[12.0]], device), meaning)


def test_one_sample_has_none_with_correction_one(device):
    x = tensor([[1.0, -2.0, 0.5]], device)
    got = answer_of(lambda: covariance_matrix(x), "one sample with correction 1: NaN is no error")
    meaning = "0 over 1 - 1 is NaN, as torch.cov has it; not 0"
    assert_same(got, torch.full((3, 3), float("nan"), device=device), meaning)


def test_one_sample_raises_nothing(device):
    x = tensor([[1.0, -2.0, 0.5]], device)
    for correction in (0, 1):
        got = answer_of(
            lambda: covariance_matrix(x, correction),
            f"one sample with correction {correction} is no error",
        )
        assert got.shape == (3, 3), f"3 features give (3, 3), got {tuple(got.shape)}"


def test_one_sample_over_n_gives_zeros(device):
    got = covariance_matrix(tensor([[1.0, -2.0, 0.5]], device), correction=0)
    meaning = "0 over 1 is 0; NaN would mean over 1 - 1"
    assert_same(got, torch.zeros(3, 3, device=device), meaning)


def test_the_result_is_of_the_inputs_dtype(device, float64):
    for dtype in (torch.float32, float64):
        got = covariance_matrix(tensor(TABLE, device).to(dtype))
        assert_same(got, tensor(SUMS, device).to(dtype) / 3, f"{dtype}, as x is")


def test_the_input_stays_as_it_is(device):
    x = tensor(TABLE, device)
    with unchanged(x):
        covariance_matrix(x)
        covariance_matrix(x, correction=0)


def test_the_operations_do_not_grow_with_the_features(device):
    few, many = launches((4, 3), device), launches((4, 60), device)
    assert many.launches <= few.launches, (
        f"3 features took {few.launches} operations, 60 took {many.describe()}: "
        "what grows with the features is a loop over them"
    )


def test_the_operations_do_not_grow_with_the_samples(device):
    few, many = launches((4, 3), device), launches((300, 3), device)
    assert many.launches <= few.launches, (
        f"4 samples took {few.launches} operations, 300 took {many.describe()}: "
        "what grows with the samples is a loop over them"
    )


def test_no_number_is_read_out_on_the_way(device):
    counts = launches((5, 3), device)
    assert not counts.synchronisations, (
        "the numbers are to stay in torch, where reading one waits for the device, got "
        + ", ".join(counts.synchronisations)
    )


def test_beats_the_loop(race, device, generator):
    # Few samples, so that a call has little to do but be called: all that is one calculation, be it
    # by broadcasting, reaches 200 and more, and a loop over columns 60. Counts refuse any loop.
    race(
        loop,
        covariance_matrix,
        lambda: (torch.randn(4, 50, generator=generator).to(device),),
        at_least=100,
    )


@pytest.mark.parametrize("features", [5, 20, 100])
def test_benchmark(bench, device, generator, features):
    def inputs():
        return (torch.randn(1_000, features, generator=generator).to(device),)

    bench(loop, covariance_matrix, inputs)


def loop(x):
    columns = [column - column.mean() for column in x.unbind(1)]
    pairs = [(one * other).sum() for one in columns for other in columns]
    return torch.stack(pairs).reshape(len(columns), -1) / (len(x) - 1)


def launches(shape, device):
    """What a call with a table of this shape asks of the device."""
    x = torch.ones(shape, device=device)
    with count(device) as counts:
        covariance_matrix(x)
    return counts


def by_torch(x, correction=1):
    """The covariances as torch has them, in float64 on the CPU; then as x is."""
    exact = torch.cov(x.cpu().double().T, correction=correction)
    return exact.to(x.dtype).to(x.device)


def drawn(shape, generator):
    """Skewed, with different spreads, and each column related to the one before it."""
    x = torch.randn(shape, generator=generator)
    return (x + x.roll(1, dims=1)).exp()


def tensor(values, device):
    return torch.as_tensor(values, dtype=torch.float32, device=device)
