import numpy as np
import pytest
import torch

from dojo.checks import answer_of, assert_refused, assert_same, unchanged
from katas.statistics.covariance import covariance

# Means 4 and 20, deviations -3, -1, -1, 5 and -9, 3, -3, 9: the products sum to 72.
X, Y = [1.0, 3.0, 3.0, 9.0], [11.0, 23.0, 17.0, 29.0]


def test_by_default_one_less_divides(device):
    got = covariance(tensor(X, device), tensor(Y, device))
    assert_same(
        got,
        tensor(24.0, device),
        "the products 27, -3, 3, 45 sum to 72, over 4 - 1; 18 would mean over 4, 14.4 over 5; 131 "
        "no mean taken off; 26 no signs; 4.9 a root; 0.894 a correlation; 2 a slope; 0 sums before "
        "the product",
    )


def test_correction_one_by_name(device):
    got = covariance(tensor(X, device), tensor(Y, device), correction=1)
    meaning = (
        "72 over 4 - 1; 18 would mean that the correction was left out, 14.4 that it was added"
    )
    assert_same(got, tensor(24.0, device), meaning)


def test_correction_zero_is_the_mean_of_the_products(device):
    got = covariance(tensor(X, device), tensor(Y, device), correction=0)
    assert_same(
        got,
        tensor(18.0, device),
        "72 over 4; 24 would mean over 4 - 1 all the same; 98 no mean taken off; 19.5 no signs; 21 "
        "medians in place of means; 4.24 a root",
    )


def test_a_correction_never_brings_it_nearer_to_zero(device, generator):
    for length in (2, 5):
        x, y = torch.randn(2, length, generator=generator).to(device)
        with_it, without = covariance(x, y, correction=1), covariance(x, y, correction=0)
        assert abs(with_it) >= abs(without), (
            f"n - 1 is less than n, so what it divides is more: got {float(with_it):.4g} with "
            f"correction 1, {float(without):.4g} with 0; does n + 1 divide?"
        )


def test_what_rises_as_the_other_falls_is_negative(device):
    got = covariance(tensor([1.0, 2.0, 6.0], device), tensor([5.0, 4.0, 0.0], device))
    assert_same(
        got,
        tensor(-7.0, device),
        "-2 times 2, -1 times 1 and 3 times -3 sum to -14, over 2; 7 would mean that the sign was "
        "lost, 6.5 that no mean was taken off",
    )


def test_a_curve_may_have_none(device):
    x = tensor([-3.0, -1.0, 0.0, 1.0, 3.0], device)
    for correction in (0, 1):
        got = covariance(x, x**2, correction)
        meaning = (
            "x² rises on the right of 0 as it falls on the left, and the products cancel; anything "
            "else would mean that they lost their signs"
        )
        assert_same(got, tensor(0.0, device), meaning)


def test_of_a_column_with_itself_is_its_variance(device, generator):
    x = torch.randn(20, generator=generator).exp().to(device)
    for correction in (0, 1):
        variance = np.var(exactly(x), ddof=correction)
        meaning = f"the variance, as numpy has it, correction {correction}"
        assert_same(covariance(x, x, correction), tensor(variance, device), meaning)


def test_each_has_a_mean_of_its_own(device):
    x, y = tensor(X, device), tensor(Y, device)
    for a, b in ((-100.0, 0.0), (0.0, 0.5), (64.0, -64.0)):
        got = covariance(x + a, y + b)
        meaning = f"{a:g} added to x and {b:g} to y leave all distances from the means as they were"
        assert_same(got, tensor(24.0, device), meaning)


def test_x_and_y_can_change_places(device):
    x, y = tensor(X, device), tensor(Y, device)
    meaning = "a product does not mind the order; does x have another part in it than y?"
    assert_same(covariance(y, x), covariance(x, y), meaning)


def test_the_pairs_matter(device):
    got = covariance(tensor(X, device), tensor([11.0, 17.0, 29.0, 23.0], device))
    # -3 times -9, -1 times -3, -1 times 9, 5 times 3
    meaning = (
        "27, 3, -9 and 15 sum to 36, over 3; 24 would mean that y was sorted, 26 the same of both"
    )
    assert_same(got, tensor(12.0, device), meaning)


def test_a_factor_goes_through(device):
    x, y = tensor([1.0, 2.0, 4.0, 6.0, 7.0], device), tensor([1.0, 5.0, 3.0, 7.0, 9.0], device)
    for k in (1_000.0, 0.5, -2.0):
        for got in (covariance(k * x, y), covariance(x, k * y)):
            meaning = (
                f"one of the two times {k:g} makes it {k:g} times 7: its unit is that of x times "
                "that of y, so it knows no bounds"
            )
            assert_same(got, tensor(7 * k, device), meaning)


def test_sums_go_through(device, generator):
    x, y, z = torch.randn(3, 15, generator=generator).to(device)
    parts = covariance(x, z) + covariance(y, z)
    assert_same(covariance(x + y, z), parts, "that of a sum is the sum of those of its parts")
    assert_same(covariance(z, x + y), parts, "that with a sum is the sum of those with its parts")


def test_agrees_with_numpy(device, generator):
    for length in (2, 3, 10, 200):
        # Two columns of a table: not contiguous. exp: skewed, so that mean and median differ.
        x, y = torch.randn(length, 2, generator=generator).exp().to(device).unbind(1)
        for correction in (0, 1):
            got = answer_of(lambda: covariance(x, y, correction), f"{length} pairs have one")
            expected = tensor(by_numpy(x, y, correction), device)
            assert_same(got, expected, f"{length} pairs, correction {correction}")


def test_float32_far_from_zero(device, generator):
    for x, y in related(generator, torch.float32):
        x, y = (10_000 + x).to(device), (10_000 + y).to(device)
        for correction in (0, 1):
            # 1%: the contract. Taking both means off first is a thousand times closer.
            assert_same(
                covariance(x, y, correction),
                tensor(by_numpy(x, y, correction), device),
                "numbers around 10,000, spread 1: products of them are around 100,000,000, where "
                "float32 numbers are 8 apart; take both means off before you multiply",
                rtol=1e-2,
                atol=0,
            )


def test_float64_far_from_zero(device, float64, generator):
    for x, y in related(generator, float64):
        x, y = (1e8 + x).to(device), (1e8 + y).to(device)
        for correction in (0, 1):
            assert_same(
                covariance(x, y, correction),
                tensor(by_numpy(x, y, correction), device, float64),
                "float64 numbers around 100,000,000, spread 1: products of them are around 1e16, "
                "where float64 numbers are 2 apart; take both means off before you multiply",
                rtol=1e-2,
                atol=0,
            )


def test_float64_keeps_its_digits(device, float64, generator):
    for x, y in related(generator, float64):
        x, y = x.to(device), y.to(device)
        meaning = "float64 numbers around 0; seven right digits would mean float32 on the way"
        # 1e-12: of the 16 digits of float64 rounding takes one or two.
        expected = tensor(by_numpy(x, y), device, float64)
        assert_same(covariance(x, y), expected, meaning, rtol=1e-12, atol=0)


def test_a_constant_column_has_none(device):
    y = torch.arange(333.0, device=device) / 333
    for value in (5.0, -3.0, 0.1):
        x = torch.full((333,), value, device=device)
        for got in (covariance(x, y), covariance(y, x)):
            meaning = (
                f"what stays at {value:g} never leaves its mean; NaN would mean a division by 0"
            )
            assert_same(got, tensor(0.0, device), meaning)


def test_a_constant_far_from_zero_has_none(device, generator):
    # 50 times 10,000 adds up without rounding, in any order: the deviations are 0 exactly.
    x = torch.full((50,), 10_000.0, device=device)
    for y, _ in related(generator, torch.float32):
        got = covariance(x, (10_000 + y).to(device))
        meaning = (
            "x is 10,000 throughout; the rest is left over from a difference of large products"
        )
        assert_same(got, tensor(0.0, device), meaning)


def test_one_pair_has_none_with_correction_one(device):
    x, y = tensor([2.5], device), tensor([-1.0], device)
    got = answer_of(lambda: covariance(x, y), "one pair with correction 1: NaN is no error")
    meaning = "0 over 1 - 1 is NaN, as torch.cov has it; not 0"
    assert_same(got, tensor(float("nan"), device), meaning)


def test_one_pair_raises_nothing(device):
    for correction in (0, 1):
        x, y = tensor([2.5], device), tensor([-1.0], device)
        got = answer_of(
            lambda: covariance(x, y, correction),
            f"one pair with correction {correction} is no error",
        )
        assert isinstance(got, torch.Tensor), f"expected a tensor of rank 0, got {got!r}"


def test_one_pair_over_n_has_a_covariance_of_zero(device):
    got = covariance(tensor([2.5], device), tensor([-1.0], device), correction=0)
    assert_same(got, tensor(0.0, device), "0 over 1 is 0; NaN would mean over 1 - 1")


def test_other_lengths_give_no_answer(device):
    for one, other in ((3, 4), (5, 2)):
        x, y = torch.arange(float(one)).to(device), torch.arange(float(other)).to(device)
        assert_refused(lambda: covariance(x, y), Exception, f"{one} numbers for {other}, no pairs")


def test_other_lengths_raise_a_value_error(device):
    for one, other in ((3, 4), (5, 2)):
        x, y = torch.arange(float(one)).to(device), torch.arange(float(other)).to(device)
        assert_refused(lambda: covariance(x, y), ValueError, f"{one} numbers for {other}, no pairs")


def test_one_number_is_no_match_for_many(device):
    one, many = tensor([2.0], device), tensor(X, device)
    for x, y in ((one, many), (many, one)):
        assert_refused(
            lambda: covariance(x, y),
            ValueError,
            f"{len(x)} numbers for {len(y)}: one is stretched if torch is left to it",
        )


def test_the_message_gives_both_lengths(device):
    for one, other in ((3, 7), (6, 4), (1, 5), (8, 1)):
        x, y = torch.ones(one, device=device), torch.zeros(other, device=device)
        assert_refused(
            lambda: covariance(x, y),
            ValueError,
            f"{one} numbers for {other}, no pairs",
            mentions=(one, other),
        )


def test_the_result_is_of_the_inputs_dtype(device, float64):
    for dtype in (torch.float32, float64):
        got = covariance(tensor(X, device, dtype), tensor(Y, device, dtype))
        meaning = f"a tensor of rank 0, {dtype} as x and y"
        assert_same(got, tensor(24.0, device, dtype), meaning)


def test_the_inputs_stay_as_they_are(device):
    x, y = tensor(X, device), tensor(Y, device)
    with unchanged(x, y):
        covariance(x, y)
        covariance(y, x, correction=0)


@pytest.mark.parametrize("pairs", [10, 1_000, 5_000])
def test_benchmark(bench, device, generator, pairs):
    def pair_by_pair(x, y):
        of_x, of_y = x.mean(), y.mean()
        products = [(one - of_x) * (other - of_y) for one, other in zip(x, y, strict=True)]
        return torch.stack(products).sum() / (len(x) - 1)

    def inputs():
        x, noise = torch.randn(2, pairs, generator=generator).to(device)
        return x, noise - x

    bench(pair_by_pair, covariance, inputs)


def related(generator, dtype):
    """Pairs of columns of spread about 1 whose correlation is 0.6 and more, of both signs."""
    for sign in (1, -1, 1, -1, 1):
        x, noise = torch.randn(2, 50, generator=generator).to(dtype)
        yield x, sign * (0.9 * x + 0.4 * noise)


def by_numpy(x, y, correction=1):
    """NumPy's covariance, in float64, of the numbers as they are stored."""
    return np.cov(exactly(x), exactly(y), ddof=correction)[0, 1]


def exactly(x):
    return np.float64(x.cpu().numpy())


def tensor(values, device, dtype=torch.float32):
    return torch.tensor(values, dtype=dtype, device=device)
