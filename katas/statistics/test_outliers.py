import numpy as np
import torch

from dojo.checks import answer_of, assert_refused, unchanged
from katas.statistics.outliers import outlier_effect

# Mean 4, deviations 4, 2, 4, 2: squares sum to 40, absolute values to 12.
FOUR = [8.0, 2.0, 0.0, 6.0]
# With it the mean is 7, deviations 1, 5, 7, 1, 12: squares sum to 220, absolute values to 26.
FIFTH = 19.0
# The same, in another unit and far from 0.
FAR = [1e7 + 0.3 * number for number in FOUR], 1e7 + 0.3 * FIFTH


def test_the_growth_of_the_standard_deviation():
    assert_near(
        effect(FOUR, FIFTH)[0],
        (220 / 4) ** 0.5 / (40 / 3) ** 0.5,
        "8, 2, 0, 6 joined by 19: standard deviation 7.42 over 3.65; 0.492 would mean before over "
        "after, 2.1 a division by n, 4.13 no root, 3.76 a difference, 1.73 the mean absolute "
        "deviation, 2.34 four numbers after, 2.23 deviations from the old mean, 1 a comparison "
        "with itself",
    )


def test_the_growth_of_the_mean_absolute_deviation():
    assert_near(
        effect(FOUR, FIFTH)[1],
        (26 / 5) / (12 / 4),
        "8, 2, 0, 6 joined by 19: mean absolute deviation 5.2 over 3; 0.577 would mean before over "
        "after, 2.17 sums, 1.63 a division by n - 1, 1.67 the median in place of the mean, 1.33 "
        "the median of the deviations, 2.2 a difference, 2.03 the standard deviation, 2.08 four "
        "numbers after, 1.8 deviations from the old mean, 1 a comparison with itself",
    )


def test_a_far_number_widens_both():
    standard, absolute = effect(FOUR, 1000.0)
    assert min(standard, absolute) > 1, (
        f"8, 2, 0, 6 joined by 1000 are spread wider, got factors {standard:.4g} and "
        f"{absolute:.4g}: growth is above 1, after over before"
    )


def test_another_number_gives_other_factors():
    for factor, other, which in zip(effect(FOUR, 19.0), effect(FOUR, 29.0), NAMES, strict=True):
        assert factor != other, (
            f"8, 2, 0, 6 joined by 19 and by 29 have one factor {factor:.4g} for {which}: 1 would "
            "mean that the spread after is compared with itself"
        )


def test_a_number_at_the_mean_shrinks_both():
    standard, absolute = effect(FOUR, 4.0)
    assert max(standard, absolute) < 1, (
        f"8, 2, 0, 6 joined by 4, their mean, lie closer on the average, got factors "
        f"{standard:.4g} and {absolute:.4g}: the deviations are as before, and one more is 0"
    )


def test_a_number_at_the_mean_lowers_the_standard_deviation():
    for x in ([3.0, 5.0], FOUR, [4.0 + step for step in range(-50, 51)]):
        n = len(x)
        assert_near(
            effect(x, 4.0)[0],
            ((n - 1) / n) ** 0.5,
            f"{n} numbers around 4 joined by 4: the squares are as before, n - 1 is one more; "
            f"{(n - 1) / n:.4g} would mean no root, {(n / (n + 1)) ** 0.5:.4g} a division by n",
        )


def test_a_number_at_the_mean_lowers_the_mean_absolute_deviation():
    for x in ([3.0, 5.0], FOUR, [4.0 + step for step in range(-50, 51)]):
        n = len(x)
        assert_near(
            effect(x, 4.0)[1],
            n / (n + 1),
            f"{n} numbers around 4 joined by 4: the sum is as before, n is one more; 1 would mean "
            f"that sums were compared, {(n - 1) / n:.4g} a division by n - 1",
        )


def test_the_growth_follows_from_the_distance(generator):
    for n, k in ((3, 2.0), (10, -5.0), (100, 10.0)):
        x = torch.randn(n, generator=generator, dtype=torch.float64)
        standard, _ = effect(x, (x.mean() + k * x.std()).item())
        assert_near(
            standard,
            ((n - 1) / n + k**2 / (n + 1)) ** 0.5,
            f"the standard deviation of {n} numbers joined by one {k:g} deviations from their "
            "mean: the root of (n - 1) / n + k² / (n + 1)",
        )


def test_the_distance_of_no_change():
    for x in ([3.0, 5.0], FOUR):
        n, squares = len(x), sum((number - 4) ** 2 for number in x)
        distance = (squares / (n - 1) * (n + 1) / n) ** 0.5
        assert_near(
            effect(x, 4 - distance)[0],
            1.0,
            f"{x} joined by a number {distance:.4g} from their mean: (n - 1) / n + k² / (n + 1) is "
            "1 there, so the standard deviation stays; 0 would mean a difference, another number "
            "a division by n",
        )


def test_far_out_the_standard_deviation_grows_more(generator):
    for _ in range(25):
        x = torch.randn(100, generator=generator, dtype=torch.float64)
        for k in (5, -10, 100, -1e6):
            standard, absolute = effect(x, (x.mean() + k * x.std()).item())
            assert standard > absolute, (
                f"100 normal numbers and one {k:g} deviations out: the standard deviation is "
                f"first and grows more, got factors {standard:.4g} and {absolute:.4g}"
            )


def test_two_numbers_can_tell_otherwise():
    standard, absolute = effect([-1.0, 1.0], 9.0)
    # Mean 3, deviations 4, 2, 6: squares sum to 56, absolute values to 12.
    assert_near(standard, 14**0.5, "-1, 1 joined by 9: standard deviation 5.29 over 1.41")
    assert_near(absolute, 4.0, "-1, 1 joined by 9: mean absolute deviation 4 over 1, which is more")


def test_the_side_does_not_matter():
    # 4 is the mean, so -11 is as far from it as 19, and the deviations change their signs only.
    for factor, other, which in zip(effect(FOUR, -11.0), effect(FOUR, 19.0), NAMES, strict=True):
        assert_near(factor, other, f"8, 2, 0, 6 joined by -11 is the mirror image of 19: {which}")


def test_the_order_of_x_is_all_one():
    factors = effect(FOUR, FIFTH)
    for first in range(1, 4):
        turned = FOUR[first:] + FOUR[:first]
        for factor, other, which in zip(effect(turned, FIFTH), factors, NAMES, strict=True):
            assert_near(factor, other, f"{turned} is {FOUR} in another order: {which}")


def test_the_unit_does_not_matter():
    factors = effect(FOUR, FIFTH)
    for scale in (100.0, 1e-3, -1.0):
        rescaled = effect([scale * number for number in FOUR], scale * FIFTH)
        for factor, other, which in zip(rescaled, factors, NAMES, strict=True):
            meaning = f"{FOUR} and {FIFTH:g}, all times {scale:g}: {which}"
            assert_near(factor, other, f"{meaning}, a ratio and no difference, grows as before")


def test_the_standard_deviation_far_from_zero():
    assert_near(
        effect(*FAR)[0],
        effect(FOUR, FIFTH)[0],
        f"{FOUR} and {FIFTH:g}, all times 0.3 plus 10,000,000: the standard deviation grows as "
        "before, unless digits are lost, by squares of large numbers or in float32",
    )


def test_the_mean_absolute_deviation_far_from_zero():
    assert_near(
        effect(*FAR)[1],
        effect(FOUR, FIFTH)[1],
        f"{FOUR} and {FIFTH:g}, all times 0.3 plus 10,000,000: the mean absolute deviation grows "
        "as before, unless digits are lost in float32",
    )


def test_numpy_agrees(generator):
    for n in (2, 3, 50):
        cubed = torch.randn(n, generator=generator, dtype=torch.float64) ** 3
        for outlier in (-40.0, 0.25, 6.0):
            x, more = cubed.numpy(), np.append(cubed.numpy(), outlier)
            expected = more.std(ddof=1) / x.std(ddof=1), absolute(more) / absolute(x)
            got = effect(cubed, outlier)
            for factor, other, which in zip(got, expected, NAMES, strict=True):
                assert_near(factor, other, f"{n} skewed numbers joined by {outlier:g}: {which}")


def test_x_stays_as_it_is():
    x = torch.tensor(FOUR, dtype=torch.float64)
    with unchanged(x):
        outlier_effect(x, FIFTH)


def test_both_factors_are_python_floats():
    got = answer_of(lambda: list(outlier_effect(tensor(FOUR), FIFTH)), "a pair of floats comes")
    assert all(isinstance(factor, float) for factor in got), (
        f"both factors are floats, got {' and '.join(type(factor).__name__ for factor in got)}"
    )


def test_zeros_are_refused():
    assert_refused(
        lambda: outlier_effect(torch.zeros(6, dtype=torch.float64), 3.0),
        ValueError,
        "six zeros have no spread to grow from",
    )


def test_any_constant_is_refused():
    for value in (0.1, -7.3, 1e7 + 0.1):
        for n in (2, 10, 100, 333, 1000):
            assert_refused(
                lambda: outlier_effect(torch.full((n,), value, dtype=torch.float64), 3.0),
                ValueError,
                f"{n} times {value} has no spread, though the mean may be rounded and the "
                "deviations come out above 0",
            )


def test_a_single_number_is_refused():
    for value in (0.0, 0.1):
        assert_refused(
            lambda: outlier_effect(tensor([value]), 3.0),
            ValueError,
            "a single number has no spread to grow from",
        )


NAMES = ("the standard deviation", "the mean absolute deviation")


def effect(x, outlier):
    """Both factors as floats, of a list or a tensor."""
    x = x if isinstance(x, torch.Tensor) else tensor(x)

    def pair():
        standard, absolute = outlier_effect(x, outlier)
        return float(standard), float(absolute)

    return answer_of(pair, f"{len(x)} numbers joined by {outlier:g} give two factors")


def absolute(numbers):
    return np.abs(numbers - numbers.mean()).mean()


def assert_near(got, expected, meaning):
    # What the stub allows.
    assert abs(got - expected) <= 1e-6 * abs(expected), (
        f"expected {expected:.10g}, got {got:.10g}: {meaning}"
    )


def tensor(numbers):
    return torch.tensor(numbers, dtype=torch.float64)
