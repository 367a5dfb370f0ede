"""What goes wrong with large floating-point numbers?

They lie further apart, so that what is small beside them is lost.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from dojo import alternative, misconception

__all__ = ["largest_exp", "spacing"]


def spacing(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Return how far it is from each |x| to the next larger number that x's dtype has.

    x is of float16, bfloat16, float32 or float64, of any shape, rank 0 and no numbers at all
    included. All of it is finite. 0 and the subnormal numbers, those closer to 0 than
    finfo.smallest_normal, are among them; the largest finite number is not, for only inf comes
    after it. The result is exact, on x's device, of its shape and dtype; expected values come from
    the CPU. x is left as it is.
    """
    size = x.abs()
    return _stepped(size, 1) - size


def largest_exp(dtype: torch.dtype) -> float:
    """Return the largest number of dtype whose exp, computed on the CPU in dtype, is finite.

    dtype is float16, bfloat16, float32 or float64. The result is a plain float, and exactly a
    number that dtype has.
    """
    limit = torch.tensor(math.log(torch.finfo(dtype).max), dtype=dtype)
    return (_stepped(limit, -1) if limit.exp().isinf() else limit).item()


def _stepped(size: Tensor, step: int) -> Tensor:
    """The neighbours of numbers that are not negative: bits read as integers are in order."""
    integers = {2: torch.int16, 4: torch.int32, 8: torch.int64}[size.element_size()]
    return (size.view(integers) + step).view(size.dtype)


HINTS = (
    "Between 1 and 2 a dtype has as many numbers as between 2 and 4, or between 512 and 1,024. How "
    "far apart are they there? Print torch.tensor(2.0**24) + 1.",
    "torch.nextafter(a, b) is a's neighbour on the side of b. For largest_exp, take the logarithm "
    "of the largest number, and see what rounding it to dtype does.",
    "spacing: size = x.abs(), then nextafter(size, full_like(size, inf)) - size. largest_exp: "
    "round log(finfo.max) to dtype, and where its exp is inf go to the next number down.",
)
ANSWER = """
A float has a fixed number of digits, so its absolute precision gets worse as it grows: each
doubling doubles the distance to the next number. From 2**24 on, float32 has the even numbers only,
and counting by 1 stops there without a word. Epsilon is the distance at 1, constant from one power
of two to the next; epsilon times |x| is nearly twice too much just below a power.

It is not about large numbers only. 1 + 1e-8 loses the small one in float32 just as surely: what
counts is the size of one number beside the other. That is why small gradients vanish in a large
sum, why 1 - p is kept as a logarithm, and why means of bytes are not taken in float16.

The other thing that goes wrong is the end of the scale. exp leaves float16 at 11.1 and float32 at
88.7, so a softmax that does not subtract the maximum fails on modest logits. bfloat16 has the range
of float32 and fewer digits: 88.5 is its limit because the next number it has is 89.
"""


@alternative(replaces="spacing")
def asks_for_the_neighbour(x):
    size = x.abs()
    return torch.nextafter(size, torch.full_like(size, math.inf)) - size


@alternative(replaces="spacing")
def scales_epsilon_by_the_power(x):
    info = torch.finfo(x.dtype)
    return (_power_below(x) * info.eps).clamp(min=info.smallest_normal * info.eps)


@alternative(replaces="spacing")
def goes_away_from_zero(x):
    away = torch.where(x < 0, -torch.ones_like(x), torch.ones_like(x)) * math.inf
    return (torch.nextafter(x, away) - x).abs()


@alternative(replaces="spacing")
def one_number_at_a_time(x):
    digits = round(-math.log2(torch.finfo(x.dtype).eps))
    lowest = round(math.log2(torch.finfo(x.dtype).smallest_normal))
    powers = [
        max(math.frexp(number)[1] - 1 if number else lowest, lowest) - digits
        for number in x.flatten().tolist()
    ]
    gaps = [math.ldexp(1.0, power) for power in powers]
    return torch.tensor(gaps, dtype=x.dtype).reshape(x.shape).to(x.device)


@alternative(replaces="largest_exp")
def looks_it_up(dtype):
    return {
        torch.float16: 11.0859375,
        torch.bfloat16: 88.5,
        torch.float32: 88.72283172607422,
        torch.float64: 709.782712893384,
    }[dtype]


@alternative(replaces="largest_exp")
def bisects(dtype):
    low, high = torch.tensor(1.0, dtype=dtype), torch.tensor(1000.0, dtype=dtype)
    while (middle := low + (high - low) / 2) not in (low, high):
        low, high = (low, middle) if middle.exp().isinf() else (middle, high)
    return float(low)


@alternative(replaces="largest_exp")
def climbs(dtype):
    number = torch.tensor(math.floor(math.log(torch.finfo(dtype).max)) - 1, dtype=dtype)
    step = 1.0
    while number + step != number:
        if (number + step).exp().isinf():
            step /= 2
        else:
            number += step
    return number.item()


@misconception(caught_by="test_twice_the_number_twice_the_spacing", replaces="spacing")
def one_epsilon_for_all(x):
    "Epsilon is how far apart the numbers of a dtype are."
    return torch.full_like(x, torch.finfo(x.dtype).eps)


@misconception(caught_by="test_between_two_powers_of_two_it_stays", replaces="spacing")
def epsilon_times_the_number(x):
    "The gap is epsilon times the number's size."
    info = torch.finfo(x.dtype)
    return (x.abs() * info.eps).clamp(min=info.smallest_normal * info.eps)


@misconception(
    caught_by=("test_at_1_it_is_epsilon", "test_it_leads_to_the_next_number"), replaces="spacing"
)
def pythons_floats(x):
    "math.ulp knows how far apart floats are, whatever the tensor calls them."
    gaps = [math.ulp(number) for number in x.flatten().tolist()]
    return torch.tensor(gaps, dtype=x.dtype).reshape(x.shape).to(x.device)


@misconception(caught_by="test_at_1_it_is_epsilon", replaces="spacing")
def float32s_gap_for_the_narrow(x):
    "Half precision is computed in float32, so the gaps are those of float32."
    if x.element_size() > 2:
        return _gap(x)
    return _gap(x.float()).to(x.dtype)


@misconception(caught_by="test_float64_is_the_finest", replaces="spacing")
def never_finer_than_float32(x):
    "torch computes in float32."
    return _gap(x.float()).to(x.dtype)


@misconception(caught_by="test_a_negative_number_is_spaced_as_its_size", replaces="spacing")
def upwards_also_below_zero(x):
    "The next larger number of a negative one lies towards 0."
    return torch.nextafter(x, torch.full_like(x, math.inf)) - x


@misconception(caught_by="test_a_negative_number_is_spaced_as_its_size", replaces="spacing")
def keeps_the_sign(x):
    "A negative number has its next one below it, at a negative distance."
    return torch.where(x < 0, -_gap(x), _gap(x))


@misconception(caught_by="test_at_a_power_of_two_it_looks_up", replaces="spacing")
def looks_down(x):
    "The next number is as far above as the one before is below."
    size = x.abs()
    down = size - torch.nextafter(size, torch.zeros_like(size))
    return torch.where(size == 0, _gap(x), down)


@misconception(caught_by="test_just_below_a_power_of_two_it_is_the_smaller_one", replaces="spacing")
def rounds_the_logarithm(x):
    "The floor of log2 is the exponent."
    info = torch.finfo(x.dtype)
    power = torch.exp2(x.abs().log2().floor())
    return (power * info.eps).clamp(min=info.smallest_normal * info.eps)


@misconception(caught_by="test_after_0_comes_the_smallest_subnormal", replaces="spacing")
def nothing_follows_zero(x):
    "At 0 there is no gap, for 0 has no size."
    return torch.where(x == 0, torch.zeros_like(x), _gap(x))


@misconception(
    caught_by=(
        "test_after_0_comes_the_smallest_subnormal",
        "test_subnormals_lie_evenly",
    ),
    replaces="spacing",
)
def normal_numbers_are_all_there_are(x):
    "The smallest number above 0 is finfo.tiny."
    return _gap(x).clamp(min=torch.finfo(x.dtype).tiny)


@misconception(caught_by="test_subnormals_lie_evenly", replaces="spacing")
def shrinks_for_ever(x):
    "Halving a number always halves the gap, down to 0."
    info = torch.finfo(x.dtype)
    smallest = info.smallest_normal * info.eps
    return torch.where(x == 0, torch.full_like(x, smallest), _power_below(x) * info.eps)


@misconception(caught_by="test_below_1_it_goes_on_shrinking", replaces="spacing")
def no_finer_than_epsilon(x):
    "Epsilon is the smallest difference that a dtype can tell."
    return _gap(x).clamp(min=torch.finfo(x.dtype).eps)


@misconception(
    caught_by=("test_at_a_power_of_two_it_looks_up", "test_at_1_it_is_epsilon"),
    replaces="spacing",
)
def exponents_count_from_a_half(x):
    "frexp's exponent is the power of two that x begins at."
    return _gap(x) * 2


@misconception(
    caught_by=("test_at_a_power_of_two_it_looks_up", "test_it_leads_to_the_next_number"),
    replaces="spacing",
)
def half_of_it(x):
    "The spacing is the largest error of rounding."
    return _gap(x) / 2


@misconception(
    caught_by=(
        "test_between_two_powers_of_two_it_stays",
        "test_float32_cannot_count_past_16_777_216",
    ),
    replaces="spacing",
)
def decimal_digits(x):
    "float32 has seven digits, so the gap is one in the seventh."
    kept = math.floor(-math.log10(torch.finfo(x.dtype).eps))
    power = 10 ** x.abs().clamp(min=torch.finfo(x.dtype).tiny).log10().floor()
    return power * 10.0**-kept


@misconception(caught_by="test_near_the_largest_number", replaces="spacing")
def takes_a_power_too_large(x):
    "2 to the exponent of frexp is a number like any other."
    info = torch.finfo(x.dtype)
    power = _power_below(x) * 2
    return (power * (info.eps / 2)).clamp(min=info.smallest_normal * info.eps)


@misconception(caught_by="test_each_number_has_its_own", replaces="spacing")
def one_for_the_whole_tensor(x):
    "A tensor is as precise as its largest number."
    if x.numel() == 0:
        return x.clone()
    return torch.zeros_like(x) + _gap(x.abs().max())


@misconception(caught_by="test_each_number_has_its_own", replaces="spacing")
def at_least_one_axis(x):
    "A single number is a tensor of shape (1,)."
    return torch.atleast_1d(_gap(x))


@misconception(caught_by="test_a_transposed_table_is_read_in_its_order", replaces="spacing")
def reads_memory_in_order(x):
    "The numbers of a tensor lie in memory in the order in which they are printed."
    return _gap(torch.as_strided(x, x.shape, torch.empty(x.shape).stride()))


@misconception(caught_by="test_the_numbers_stay_as_they_are", replaces="spacing")
def drops_signs_in_place(x):
    "abs_() is abs() without the copy."
    return _gap(x.abs_())


@misconception(caught_by="test_each_number_has_its_own", replaces="spacing", only_on="accelerator")
def returns_numpys(x):
    "A tensor made from an array is where x is."
    return _gap(x.cpu())


@misconception(
    caught_by=("test_largest_exp_of_float16", "test_largest_exp_of_float64"),
    replaces="largest_exp",
)
def the_limit_of_float32(dtype):
    "exp overflows at 88.7."
    return torch.tensor(88.72283172607422).to(dtype).item()


@misconception(
    caught_by=("test_largest_exp_of_float16", "test_largest_exp_of_float32"),
    replaces="largest_exp",
)
def log_of_the_largest(dtype):
    "exp undoes log, so the log of the largest number is the last that fits."
    return torch.tensor(torch.finfo(dtype).max, dtype=dtype).log().item()


@misconception(
    caught_by="test_largest_exp_is_a_number_of_the_dtype",
    replaces="largest_exp",
)
def log_in_python(dtype):
    "A result of type float is a number of every dtype."
    return math.log(torch.finfo(dtype).max)


@misconception(
    caught_by=("test_largest_exp_of_bfloat16", "test_largest_exp_of_float64"),
    replaces="largest_exp",
)
def one_down_to_be_safe(dtype):
    "The log of the largest number is always rounded up, so the limit is the number below it."
    limit = torch.tensor(math.log(torch.finfo(dtype).max), dtype=dtype)
    return _stepped(limit, -1).item()


@misconception(
    caught_by=("test_largest_exp_of_float16", "test_largest_exp_of_float32"),
    replaces="largest_exp",
)
def whole_numbers_only(dtype):
    "The limit of exp is the 11, 88 or 709 that one reads about."
    return float(math.floor(math.log(torch.finfo(dtype).max)))


@misconception(caught_by="test_largest_exp_of_bfloat16", replaces="largest_exp")
def counts_bits_not_range(dtype):
    "bfloat16 has 16 bits, so it ends where float16 ends."
    return _limit(torch.float16 if dtype == torch.bfloat16 else dtype)


@misconception(
    caught_by=("test_exp_of_the_limit_is_finite", "test_largest_exp_of_float64"),
    replaces="largest_exp",
)
def in_powers_of_two(dtype):
    "exp overflows where the exponent of two does."
    return float(math.floor(math.log2(torch.finfo(dtype).max)))


@misconception(
    caught_by=("test_largest_exp_of_float16", "test_largest_exp_of_float64"),
    replaces="largest_exp",
)
def as_far_up_as_down(dtype):
    "exp fits up to minus the log of the smallest normal number."
    return torch.tensor(-math.log(torch.finfo(dtype).tiny), dtype=dtype).item()


@misconception(caught_by="test_largest_exp_is_a_number_of_the_dtype", replaces="largest_exp")
def returns_a_tensor(dtype):
    "A number of a dtype is a tensor of rank 0."
    return torch.tensor(_limit(dtype), dtype=dtype)


def _gap(x):
    size = x.abs()
    return _stepped(size, 1) - size


def _limit(dtype):
    limit = torch.tensor(math.log(torch.finfo(dtype).max), dtype=dtype)
    return (_stepped(limit, -1) if limit.exp().isinf() else limit).item()


def _power_below(x):
    """The largest power of two that is not above |x|; 0 for 0."""
    size = x.abs()
    return torch.where(size == 0, size, size / (2 * torch.frexp(size).mantissa))
