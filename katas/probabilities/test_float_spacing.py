import math

import numpy as np
import pytest
import torch

from dojo.checks import answer_of, assert_same, unchanged
from katas.probabilities.float_spacing import largest_exp, spacing

NARROW = (torch.float16, torch.bfloat16, torch.float32)
# How many binary digits stand behind the point, and the lowest exponent of a normal number.
DIGITS = {torch.float16: 10, torch.bfloat16: 7, torch.float32: 23, torch.float64: 52}
LOWEST = {torch.float16: -14, torch.bfloat16: -126, torch.float32: -126, torch.float64: -1022}


def test_at_1_it_is_epsilon(device):
    for dtype in NARROW:
        assert_spaced([1.0, 1.0], [-DIGITS[dtype]] * 2, dtype, device, "at 1 it is finfo.eps")


def test_float64_is_the_finest(device, float64):
    meaning = "2**-52 at 1, and the same up to 2; 2**-23 would mean float32's"
    assert_spaced([1.0, 1.7, 6.0], [-52, -52, -50], float64, device, meaning)


def test_between_two_powers_of_two_it_stays(device):
    for dtype in NARROW:
        digits = DIGITS[dtype]
        meaning = (
            "from 4 to 8 numbers lie as far apart as at 4; larger at 7 than at 5 would mean "
            "epsilon times x"
        )
        exponents = [2 - digits] * 4 + [3 - digits]
        assert_spaced([4.0, 5.0, 6.5, 7.75, 8.0], exponents, dtype, device, meaning)


def test_just_below_a_power_of_two_it_is_the_smaller_one(device):
    for dtype in NARROW:
        below = [power * (1 - torch.finfo(dtype).eps / 2) for power in (4.0, 8.0, 64.0, 1024.0)]
        exponents = [power - DIGITS[dtype] for power in (1, 2, 5, 9)]
        meaning = (
            "the last number before 4, 8, 64 and 1,024; twice as much would mean that its "
            "logarithm was rounded up to the next power"
        )
        assert_spaced(below, exponents, dtype, device, meaning)


def test_at_a_power_of_two_it_looks_up(device):
    for dtype in NARROW:
        exponents = [power - DIGITS[dtype] for power in (1, 3, 6)]
        meaning = (
            "from 2, 8 and 64 to the next larger number; half as much would be the distance down, "
            "twice as much an exponent that counts from 0.5"
        )
        assert_spaced([2.0, 8.0, 64.0], exponents, dtype, device, meaning)


def test_a_negative_number_is_spaced_as_its_size(device):
    for dtype in NARROW:
        exponents = [power - DIGITS[dtype] for power in (0, 2, 2, 6)]
        meaning = (
            "of -1, -4, -6 and -64 as of 1, 4, 6 and 64; half as much would mean a step towards 0, "
            "a result below 0 one that kept the sign"
        )
        assert_spaced([-1.0, -4.0, -6.0, -64.0], exponents, dtype, device, meaning)


def test_twice_the_number_twice_the_spacing(device, generator):
    for dtype in NARROW:
        x = (torch.rand(50, generator=generator) * 4 + 0.01).to(dtype).to(device)
        got = spacing(x)
        meaning = "doubling a normal number moves its exponent by 1, and so the gap"
        assert_same(spacing(x * 2), got * 2, meaning, rtol=0, atol=0)


def test_below_1_it_goes_on_shrinking(device):
    for dtype in NARROW:
        exponents = [power - DIGITS[dtype] for power in (-1, -2, -9)]
        meaning = "at 0.5, 0.3 and 0.003; finfo.eps would mean that it shrinks no further than at 1"
        assert_spaced([0.5, 0.3, 0.003], exponents, dtype, device, meaning)


def test_after_0_comes_the_smallest_subnormal(device):
    skip_where_subnormals_are_flushed(device)
    for dtype in NARROW:
        exponent = LOWEST[dtype] - DIGITS[dtype]
        meaning = (
            "0 would mean a power of 0, NaN its logarithm; finfo.smallest_normal has smaller ones "
            "below it"
        )
        assert_spaced([0.0, -0.0], [exponent] * 2, dtype, device, meaning)


def test_subnormals_lie_evenly(device):
    skip_where_subnormals_are_flushed(device)
    for dtype in NARROW:
        smallest = LOWEST[dtype] - DIGITS[dtype]
        x = [2.0**smallest, -(2.0**smallest) * 5, 2.0 ** (LOWEST[dtype] - 1), 2.0 ** LOWEST[dtype]]
        meaning = (
            "below the smallest normal number the exponent stays as it is, and so does the gap"
        )
        assert_spaced(x, [smallest] * 4, dtype, device, meaning)


def test_near_the_largest_number(device):
    for dtype in NARROW:
        top = torch.finfo(dtype).max
        power = math.frexp(top)[1] - 1
        meaning = (
            "the gap itself is a modest part of x; inf would mean a power of two above the largest "
            "number on the way"
        )
        x = [2.0**power, -(2.0**power), 1.5 * 2.0**power]
        assert_spaced(x, [power - DIGITS[dtype]] * 3, dtype, device, meaning)


def test_float32_cannot_count_past_16_777_216(device):
    x = torch.tensor([2.0**23, 2.0**24, 2.0**25], device=device)
    meaning = "1, 2 and 4: from 2**24 on there are even numbers only"
    assert_same(spacing(x), torch.tensor([1.0, 2.0, 4.0], device=device), meaning, rtol=0, atol=0)
    assert (x + 1 == x).tolist() == [False, True, True]


def test_a_quarter_of_it_more_changes_nothing(device, generator):
    for dtype in NARROW:
        x = drawn(dtype, generator).to(device)
        got = spacing(x)
        meaning = (
            "less than half of the gap is rounded away; more would mean a gap that is too wide"
        )
        assert_same(x + got / 4, x, f"{dtype}: {meaning}", rtol=0, atol=0)


def test_it_leads_to_the_next_number(device, generator):
    for dtype in NARROW:
        x = drawn(dtype, generator)
        got = x.abs().to(device) + spacing(x.to(device))
        meaning = (
            "|x| plus its spacing is its upper neighbour; |x| itself would mean too small a gap"
        )
        assert_same(got, above(x.abs()).to(device), f"{dtype}: {meaning}", rtol=0, atol=0)


def test_it_leads_to_the_next_number_in_float64(device, float64, generator):
    x = drawn(float64, generator)
    got = x.abs().to(device) + spacing(x.to(device))
    assert_same(got, above(x.abs()).to(device), "|x| and its neighbour", rtol=0, atol=0)


def test_each_number_has_its_own(device):
    for shape in ((), (0,), (6,), (2, 3), (1, 3, 2)):
        x = torch.tensor([1.0, 1000.0, -0.25, 4096.0, 3.0, 0.01]).repeat(2)[: math.prod(shape)]
        x = x.reshape(shape)
        got = answer_of(lambda: spacing(x.to(device)), f"numbers of shape {shape} have spacings")
        expected = (above(x.abs()) - x.abs()).to(device)
        assert_same(got, expected, "one for each number, in x's shape", rtol=0, atol=0)


def test_a_transposed_table_is_read_in_its_order(device):
    x = torch.tensor([[1.0, 64.0, -4.0], [2.0**20, 0.5, 32.0]])
    expected = (above(x.abs()) - x.abs()).mT.to(device)
    got = answer_of(lambda: spacing(x.to(device).mT), "x may be transposed")
    assert_same(got, expected, "each number's own", rtol=0, atol=0)


def test_the_numbers_stay_as_they_are(device):
    x = torch.tensor([1.0, -3.0, 0.0, -1e6], device=device)
    with unchanged(x):
        spacing(x)


def test_largest_exp_of_float16(device):
    assert_largest(torch.float16, 11.0859375, device)


def test_largest_exp_of_bfloat16(device):
    assert_largest(torch.bfloat16, 88.5, device)


def test_largest_exp_of_float32(device):
    assert_largest(torch.float32, 88.72283172607422, device)


def test_largest_exp_of_float64(device, float64):
    assert_largest(float64, 709.782712893384, device)


def test_exp_of_the_limit_is_finite(device):
    for dtype in NARROW:
        limit = torch.tensor([largest_exp(dtype)], dtype=dtype)
        meaning = "another base, or a logarithm that was rounded up, leads past the limit"
        assert limit.exp().isfinite().all(), f"{dtype}: exp({limit.item()!r}) is inf: {meaning}"


def test_largest_exp_is_a_number_of_the_dtype(device):
    for dtype in NARROW:
        got = largest_exp(dtype)
        assert isinstance(got, float), f"{dtype}: expected a float, got {type(got).__name__}"
        rounded = torch.tensor(got, dtype=dtype).item()
        assert got == rounded, f"{dtype} has {rounded!r}, not {got!r}: a rounding is missing"


@pytest.mark.parametrize("numbers", [10, 1_000, 100_000])
def test_benchmark(bench, device, generator, numbers):
    def inputs():
        # Large numbers: answers may be 1e-5 apart, which is more than the spacing of small ones.
        return (torch.randn(numbers, generator=generator).mul(1e9).to(device),)

    bench(one_by_one, spacing, inputs)


def one_by_one(x):
    """Take each number's power of two from Python."""
    digits = DIGITS[x.dtype]
    gaps = [2.0 ** (math.frexp(number)[1] - 1 - digits) for number in x.tolist()]
    return torch.tensor(gaps, device=x.device)


def assert_largest(dtype, expected, device):
    got = largest_exp(dtype)
    limit = torch.tensor([got], dtype=dtype, device=device)
    hint = f"expected {expected!r} for {dtype}, got {got!r}"
    assert limit.exp().isfinite().all(), f"{hint}, whose exp is inf: it lies above the limit"
    up = above(limit.cpu()).to(device)
    assert up.exp().isinf().all(), f"{hint}, but exp({up.item()!r}) is finite too"
    assert got == expected, f"{hint}: not exactly a number that {dtype} has"


def assert_spaced(numbers, exponents, dtype, device, meaning):
    x = torch.tensor(numbers, dtype=torch.float64).to(dtype).to(device)
    expected = torch.tensor([2.0**e for e in exponents], dtype=torch.float64).to(dtype).to(device)
    got = answer_of(lambda: spacing(x), f"{dtype}: finite numbers have a spacing")
    assert_same(got, expected, f"{dtype}, {numbers}: {meaning}", rtol=0, atol=0)


def drawn(dtype, generator):
    """Numbers of many sizes and both signs, a hundred times farther in than the ends of dtype."""
    info = torch.finfo(dtype)
    low, high = math.log2(info.smallest_normal / info.eps), math.log2(info.max / 100)
    powers = low + (high - low) * torch.rand(200, generator=generator, dtype=torch.float64)
    signs = torch.where(torch.rand(200, generator=generator) < 0.5, -1.0, 1.0)
    return (signs * 2**powers).to(dtype)


def above(size):
    """The upper neighbour of each number, on the CPU: by NumPy, which has no bfloat16."""
    if size.dtype == torch.bfloat16:
        return torch.nextafter(size, torch.full_like(size, math.inf))
    numbers = size.numpy()
    return torch.from_numpy(np.asarray(np.nextafter(numbers, numbers.dtype.type(math.inf))))


def skip_where_subnormals_are_flushed(device):
    smallest = torch.tensor(2.0**-149).to(device)
    if device.type == "mps" and (smallest * 1).item() == 0:
        pytest.skip("mps: it rounds subnormal numbers to 0")
