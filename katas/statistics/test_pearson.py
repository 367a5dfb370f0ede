import numpy as np
import pytest
import torch

from dojo.checks import answer_of, assert_refused, assert_same, unchanged
from katas.statistics.pearson import pearson

# Means 3 and 1; deviations -3, -1, 0, 4, 2, -2 and -2, 4, -5, 3, 1, -1.
X, Y = [0.0, 2.0, 3.0, 7.0, 5.0, 1.0], [-1.0, 5.0, -4.0, 4.0, 2.0, 0.0]
CURVE_X, CURVE_Y = [1.0, 2.0, 3.0], [0.0, 1.0, 5.0]


def test_six_pairs_by_hand(device):
    assert_coefficient(
        X,
        Y,
        18 / (34 * 56) ** 0.5,
        device,
        "products of deviations sum to 18, squares to 34 and 56; 0.344 would mean n above and "
        "n - 1 below the line, 0.487 that nothing was centred, 0.170 the square, 3 the covariance "
        "over n, 3.6 over n - 1",
    )


def test_four_points_on_a_line(device):
    assert_coefficient(
        [1.0, 2.0, 4.0, 9.0],
        [3.0, 5.0, 9.0, 19.0],
        1,
        device,
        "all 4 points lie on y = 2x + 1; 0.75 would mean that n divides above and n - 1 below, "
        "19 or more the covariance, 0.05 variances in place of standard deviations",
    )


def test_a_falling_line_gives_minus_one(device):
    assert_coefficient(
        [1.0, 2.0, 4.0, 9.0],
        [4.0, 1.0, -5.0, -20.0],
        -1,
        device,
        "all 4 points lie on y = 7 - 3x; 1 would mean that the sign was lost",
    )


def test_a_steeper_line_is_no_closer_one(device):
    for slope in (0.25, 1.0, 40.0):
        assert_coefficient(
            [1.0, 2.0, 4.0, 9.0],
            [slope * number for number in (1.0, 2.0, 4.0, 9.0)],
            1,
            device,
            f"y = {slope}x is a line; {slope} would mean that the slope was taken",
        )


def test_a_curve_that_always_rises_stays_below_one(device):
    assert_coefficient(
        CURVE_X,
        CURVE_Y,
        5 / 28**0.5,
        device,
        "deviations -1, 0, 1 and -2, -1, 3 give 5 / sqrt(2 * 14); 1 would mean that only the "
        "order of the numbers counts, their ranks",
    )


def test_a_valley_has_no_slope(device):
    valley, steps = [4.0, 1.0, 0.0, 1.0, 4.0], [0.0, 1.0, 2.0, 3.0, 4.0]
    meaning = "y = (x - 2)² falls as much as it rises; 0.63 would mean that nothing was centred"
    assert_coefficient(steps, valley, 0, device, meaning)
    assert_coefficient(valley, steps, 0, device, f"x and y exchanged: {meaning}")


def test_units_and_zero_points_do_not_matter(device):
    for scale_x, scale_y, shift in ((4.0, 1.0, 0.0), (1.0, 0.5, 8.0), (100.0, 10.0, -16.0)):
        assert_coefficient(
            [scale_x * number + shift for number in X],
            [scale_y * number - shift for number in Y],
            18 / (34 * 56) ** 0.5,
            device,
            f"x times {scale_x:g}, y times {scale_y:g}, both shifted: as close to a line as before",
        )


def test_a_wide_spread_does_not_take_it_above_one(device):
    x, y = tensors(X, [10 * number for number in Y], device)
    got = pearson(x, y).item()
    assert abs(got) <= 1, f"{got:g} is above 1: it grows with the units, as a covariance does"


def test_a_negative_scale_flips_the_sign(device):
    for scale_x, scale_y, sign in ((-2.0, 1.0, -1), (1.0, -0.5, -1), (-3.0, -1.0, 1)):
        assert_coefficient(
            [scale_x * number for number in X],
            [scale_y * number for number in Y],
            sign * 18 / (34 * 56) ** 0.5,
            device,
            f"x times {scale_x:g} and y times {scale_y:g}: the sign flips once for each minus",
        )


def test_x_and_y_can_change_places(device):
    for x, y in ((X, Y), (CURVE_X, CURVE_Y)):
        there, back = pearson(*tensors(x, y, device)), pearson(*tensors(y, x, device))
        meaning = "y against x is x against y; anything else would mean a slope"
        assert_same(back, there, meaning)


def test_a_column_lies_on_a_line_with_itself(device):
    assert_coefficient(Y, Y, 1, device, "y against itself; 9 or more would mean the variance")


def test_drawn_pairs_agree_with_numpy(device, float64, generator):
    for n in (2, 3, 17, 200):
        x = torch.randn(n, dtype=float64, generator=generator).exp()
        y = x * torch.randn((), generator=generator) + torch.randn(
            n, dtype=float64, generator=generator
        )
        got = pearson(x.to(device), y.to(device))
        expected = torch.tensor(np.corrcoef(x.numpy(), y.numpy())[0, 1], device=device)
        assert_same(got, expected, f"{n} pairs by numpy's corrcoef")


def test_no_rising_line_is_above_one(device, generator):
    largest = max(coefficient.item() for coefficient in of_lines(1, device, generator))
    assert largest <= 1, (
        f"of 300 lines in float32 one has the coefficient {largest:.9g}: rounding may put it above "
        "1, where acos() and sqrt(1 - r²) are NaN"
    )


def test_no_falling_line_is_below_minus_one(device, generator):
    smallest = min(coefficient.item() for coefficient in of_lines(-1, device, generator))
    assert smallest >= -1, (
        f"of 300 falling lines in float32 one has the coefficient {smallest:.9g}: rounding may put "
        "it below -1 as well as above 1"
    )


def test_numbers_around_ten_thousand_agree_with_float64(device, generator):
    common, *own = torch.randn(3, 500, generator=generator)
    x, y = (10_000 + 0.8 * common + 0.6 * part for part in own)
    expected = np.corrcoef(x.double().numpy(), y.double().numpy())[0, 1]
    assert_same(
        pearson(x.to(device), y.to(device)),
        torch.tensor(expected, dtype=torch.float32, device=device),
        "x and y are around 10,000, where squares are 100,000,000 and float32 knows them to the "
        "nearest 8: a difference of such squares is rounding",
        rtol=0,
        atol=1e-3,  # as the stub says: numbers around 10,000 are rounded to 0.001, and so are means
    )


def test_a_spread_of_a_hundredth_is_no_rounding_error(device):
    x, y = ([0.01 * number for number in numbers] for numbers in (CURVE_X, CURVE_Y))
    meaning = "numbers of about 0.01; a little less would mean a small number added below the line"
    assert_coefficient(x, y, 5 / 28**0.5, device, meaning)


def test_a_spread_of_a_millionth_is_a_spread(device):
    for scale_x, scale_y in ((1e-6, 1.0), (1.0, 1e-6), (1e-6, 1e-6)):
        x = [scale_x * number for number in CURVE_X]
        y = [scale_y * number for number in CURVE_Y]
        meaning = f"x is in steps of {scale_x:g}, y of {scale_y:g}, and neither is constant"
        assert_coefficient(x, y, 5 / 28**0.5, device, meaning)


def test_a_spread_far_from_zero_is_a_spread(device):
    # Deviations from 4096 of 0, 1, 0, 3 steps of 1/128, against 1, 0, 2, 5.
    near = [4096 + step / 128 for step in (0, 1, 0, 3)]
    x, y = tensors(near, [1.0, 0.0, 2.0, 5.0], device)
    for a, b in ((x, y), (y, x)):
        got = answer_of(lambda: pearson(a, b), "4096 and 4096.01 are not equal: no constant")
        assert_same(
            got,
            torch.tensor(7 / 84**0.5, device=device),
            "deviations of -1, 0, -1, 2 steps and -1, -2, 0, 3 give 7 / sqrt(6 * 14)",
            rtol=1e-2,  # the mean may be off by 1/32 of a step, as float32 is around 4096
            atol=0,
        )


def test_a_constant_x_is_refused(device):
    for constant in ([5.0] * 4, [0.0] * 4):
        x, y = tensors(constant, [1.0, 2.0, 4.0, -3.0], device)
        why = f"x is {constant[0]} throughout, and 0 / 0 is no number"
        assert_refused(lambda: pearson(x, y), ValueError, why)


def test_a_constant_y_is_refused(device):
    for constant in ([-2.0] * 4, [0.0] * 4):
        x, y = tensors([1.0, 2.0, 4.0, -3.0], constant, device)
        why = f"y is {constant[0]} throughout, and 0 / 0 is no number"
        assert_refused(lambda: pearson(x, y), ValueError, why)


def test_a_thousand_times_a_tenth_is_constant(device, generator):
    for n in (10, 100, 333, 1_000):
        other = torch.randn(n, generator=generator).to(device)
        for number in (0.1, -0.7):
            constant = torch.full((n,), number, device=device)
            why = (
                f"{n} times {number} is constant, though its float32 mean may not be {number} and "
                "its deviation not 0"
            )
            assert_refused(lambda: pearson(constant, other), ValueError, why)
            assert_refused(lambda: pearson(other, constant), ValueError, why)


def test_two_pairs_lie_on_a_line(device):
    for y, expected in (([3.0, 8.0], 1), ([3.0, 2.5], -1)):
        assert_coefficient([1.0, 2.0], y, expected, device, "two points lie on a line")


def test_no_pair_or_one_has_no_correlation(device):
    for numbers in ([], [3.0]):
        x, y = tensors(numbers, numbers, device)
        assert_refused(lambda: pearson(x, y), ValueError, f"{len(numbers)} pairs are too few")


def test_lengths_that_differ_are_refused(device):
    assert_refused_both_ways([1.0, 2.0, 4.0], [3.0, 0.0, 7.0, 5.0, 6.0], device)


def test_one_number_against_many_is_refused(device):
    assert_refused_both_ways([7.0], [3.0, 0.0, 5.0], device)


def test_the_result_is_a_tensor_of_the_inputs_dtype(device, float64):
    for dtype in (torch.float32, float64):
        x, y = (t.to(dtype) for t in tensors(CURVE_X, CURVE_Y, device))
        expected = torch.tensor(5 / 28**0.5, dtype=dtype, device=device)
        assert_same(pearson(x, y), expected, f"x and y are {dtype}")


def test_x_and_y_stay_as_they_are(device):
    x, y = tensors(X, Y, device)
    with unchanged(x, y):
        pearson(x, y)


@pytest.mark.parametrize("pairs", [10, 1_000, 10_000])
def test_benchmark(bench, device, generator, pairs):
    def pair_by_pair(x, y):
        of_x, of_y = x.mean(), y.mean()
        products = [(one - of_x) * (other - of_y) for one, other in zip(x, y, strict=True)]
        return torch.stack(products).sum() / (len(x) - 1) / (x.std() * y.std())

    def inputs():
        x, noise = torch.randn(2, pairs, generator=generator).to(device)
        return x, noise - x

    bench(pair_by_pair, pearson, inputs)


def assert_coefficient(x, y, expected, device, meaning):
    got = answer_of(lambda: pearson(*tensors(x, y, device)), "these pairs have a coefficient")
    assert_same(got, torch.tensor(float(expected), device=device), meaning)


def assert_refused_both_ways(shorter, longer, device):
    for x, y in ((shorter, longer), (longer, shorter)):
        assert_refused(
            lambda: pearson(*tensors(x, y, device)),
            ValueError,
            f"x has {len(x)} numbers and y {len(y)}, which makes no pairs",
            mentions=(len(x), len(y)),
        )


def of_lines(sign, device, generator):
    """The coefficients of 300 lines, which rise for sign 1 and fall for -1."""
    for n in range(3, 33):
        for slope in torch.rand(10, generator=generator) + 0.1:
            x = torch.randn(n, generator=generator)
            y = sign * slope * x + 0.3
            yield pearson(x.to(device), y.to(device))


def tensors(x, y, device):
    return torch.tensor(x, device=device), torch.tensor(y, device=device)
