from math import inf, log

import numpy as np
import pytest
import torch

from dojo.checks import answer_of, assert_same, unchanged
from dojo.counting import count
from katas.probabilities.log_sum_exp import log_softmax, log_sum_exp

# Rows of large and small numbers whose log_softmax is modest.
ROWS = [[1000.0, 1001.5, 999.25], [-1000.0, -1002.0, -1000.25], [0.0, -2.0, 1.0]]
# A sum that float16 rounds by 1 in 2,048 moves its log by as much, and the result is rounded again.
HALF = {"rtol": 1e-3, "atol": 1e-3}


def test_a_row_gives_the_log_of_its_sum(device):
    x = tensor([[1.0, 2.0, 3.0, 4.0], [0.5, 0.25, 0.5, 0.75]], device).log()
    meaning = (
        "log(1 + 2 + 3 + 4) and log(2); the log of 2.5 and of 2.67 would mean that the shift was "
        "not added back, the log of 4 and of 0.75 the largest alone"
    )
    assert_same(log_sum_exp(x, dim=1), tensor([log(10), log(2)], device), meaning)


def test_high_rows_do_not_overflow(device):
    for base in (100.0, 1_000.0, 1e30):
        x = tensor([[base, base], [base, base + 1]], device)
        got = log_sum_exp(x, dim=1)
        meaning = (
            f"a little more than {base:g}; inf would mean that exp({base:g}) was taken, a small "
            "number that x was cut off or its shift not added back"
        )
        assert_same(got, exact(x, 1), meaning)


def test_low_rows_do_not_vanish(device):
    for base in (-120.0, -1_000.0, -1e30):
        x = tensor([[base, base], [base, base - 1]], device)
        got = log_sum_exp(x, dim=1)
        meaning = f"near {base:g}; -inf would mean that exp({base:g}) became 0 on the way"
        assert_same(got, exact(x, 1), meaning)


def test_a_low_row_beside_a_high_one(device):
    x = tensor([[400.0, 401.0], [-400.0, -401.0], [0.0, -1.0]], device)
    meaning = "each row for itself; -inf would mean that all rows were shifted by 401"
    assert_same(log_sum_exp(x, dim=1), exact(x, 1), meaning)
    assert_same(log_sum_exp(x.T, dim=0), exact(x, 1), "the same, with rows along axis 0")


def test_a_wide_row(device):
    x = tensor([[-1_000.0, 0.0, 0.0, 1_000.0], [-300.0, -300.0, 300.0, -300.0]], device)
    meaning = (
        "1,000 and 300; inf would mean that the shift was less than the row's largest number, such "
        "as its mean or its smallest"
    )
    assert_same(log_sum_exp(x, dim=1), tensor([1_000.0, 300.0], device), meaning)


def test_one_number_far_below_the_rest(device):
    x = tensor([[0.0, 1.0, 2.0, 1.0] * 3 + [-500.0]], device)
    meaning = "it adds nothing; inf would mean that the row's smallest number was the shift"
    assert_same(log_sum_exp(x, dim=1), exact(x, 1), meaning)


def test_a_row_of_one_gives_its_number(device):
    x = tensor([[-2.5], [0.0], [1_000.0]], device)
    meaning = "log(exp(x)) is x; 0 would mean that the shift was not added back"
    assert_same(log_sum_exp(x, dim=1), x[:, 0], meaning)


def test_a_row_of_minus_infinity_gives_minus_infinity(device):
    x = tensor([[-inf, -inf, -inf], [0.0, -1.0, -3.0]], device)
    meaning = (
        "log(0 + 0 + 0) is -inf; NaN would mean -inf - -inf, a finite number that something was "
        "added or put in its place"
    )
    assert_same(log_sum_exp(x, dim=1), exact(x, 1), meaning)


def test_a_row_with_infinity_gives_infinity(device):
    x = tensor([[inf, 0.0, 1.0], [-inf, inf, 5.0], [inf, inf, inf], [0.0, -1.0, -3.0]], device)
    meaning = (
        "three rows with inf and one without; NaN would mean inf - inf, a finite number that "
        "something was put in the place of inf"
    )
    assert_same(log_sum_exp(x, dim=1), exact(x, 1), meaning)


def test_minus_infinity_beside_numbers_adds_nothing(device):
    x = tensor([[-inf, 0.0, 1.0], [-500.0, -inf, -501.0]], device)
    meaning = "exp(-inf) is 0, so it is as if -inf were not there"
    assert_same(log_sum_exp(x, dim=1), exact(x, 1), meaning)


def test_half_precision_has_less_room(device):
    x = tensor([[12.0, 12.0, 11.0], [-18.0, -18.0, -19.0], [0.5, -0.5, 2.0]], device).half()
    meaning = "the result is float16 too; exp(12) is more than float16 holds, and exp(-18) is 0"
    assert_same(log_sum_exp(x, dim=1), exact(x, 1), meaning, **HALF)


def test_any_axis(device, generator):
    x = torch.randn(2, 3, 5, generator=generator).to(device)
    for dim in (0, 1, 2, -1, -2, -3):
        got = answer_of(lambda: log_sum_exp(x, dim=dim), f"shape (2, 3, 5) has an axis {dim}")
        assert_same(got, exact(x, dim), f"the sum runs along axis {dim} of (2, 3, 5)")


def test_the_axis_goes(device):
    for shape, dim in (((3, 2), 1), ((2, 1, 4), 1), ((5,), 0), ((0, 3), 1), ((3, 0, 2), -1)):
        x = torch.zeros(shape, device=device)
        got = answer_of(lambda: log_sum_exp(x, dim=dim), f"axis {dim} of {shape} can be summed")
        assert_same(got, exact(x, dim), f"shape {shape} loses axis {dim}, and no other")


def test_the_input_stays_as_it_is(device):
    x = tensor(ROWS, device)
    with unchanged(x):
        log_sum_exp(x, dim=1)


def test_gradients_flow_back(device):
    x = tensor(ROWS, device).requires_grad_()
    for function in (log_sum_exp, log_softmax):
        got = answer_of(lambda: function(x, dim=1), f"{function.__name__} takes what requires grad")
        assert got.requires_grad, f"x requires grad, the result of {function.__name__} does not"


def test_the_gradient_is_the_softmax(device):
    rows = [*ROWS, [2.0, 2.0, -inf], [-inf, -inf, -inf], [300.0, -300.0, 299.0]]
    x = tensor(rows, device).requires_grad_()
    finite = [0, 1, 2, 3, 5]
    total = log_sum_exp(x, dim=1)[finite].sum()
    answer_of(total.backward, "gradients flow back to x")
    meaning = "each row gets its softmax; 1 more at the largest would mean a shift counted once"
    assert_same(x.grad[finite], tensor(rows, device)[finite].softmax(1), meaning)


def test_the_operations_do_not_grow_with_the_rows(device):
    few, many = (counted(log_sum_exp, device, rows) for rows in (2, 60))
    assert many.launches <= few.launches, (
        f"2 rows took {few.launches} operations, 60 rows took {many.describe()}: is there a loop?"
    )


def test_beats_the_loop(race, device, generator):
    race(loop, log_sum_exp, lambda: (drawn(1_000, device, generator), 1), at_least=40)


def test_log_softmax_is_the_log_of_a_share(device):
    x = tensor([[1.0, 3.0, 4.0], [0.5, 0.25, 0.25]], device).log()
    expected = tensor([[1 / 8, 3 / 8, 4 / 8], [0.5, 0.25, 0.25]], device).log()
    meaning = "the logs of 1/8, 3/8, 4/8 and of 0.5, 0.25, 0.25, which are the shares of each row"
    assert_same(log_softmax(x, dim=1), expected, meaning)


def test_log_softmax_of_the_improbable_is_finite(device):
    x = tensor([[0.0, -200.0], [50.0, -5_000.0]], device)
    meaning = (
        "next to nothing is lost to the other class; -inf would mean the log of a softmax that "
        "became 0, -20.7 the log of 1e-9"
    )
    assert_same(log_softmax(x, dim=1), tensor([[0.0, -200.0], [0.0, -5_050.0]], device), meaning)


def test_log_softmax_of_high_and_low_rows(device):
    x = tensor([[600.0, 601.0], [-600.0, -601.0]], device)
    low, high = -log(1 + np.exp(1)), -log(1 + np.exp(-1))
    meaning = "1 apart each; -inf or inf would mean that exp took a row without its own shift"
    assert_same(log_softmax(x, dim=1), tensor([[low, high], [high, low]], device), meaning)


def test_log_softmax_keeps_its_digits(device, generator):
    for base in (1_000, -1_000, 30_000):
        # In steps of 1/64, which float32 holds exactly beside 30,000.
        x = (torch.randint(-64, 64, (20, 3), generator=generator) / 64 + base).to(device)
        meaning = (
            f"rows around {base:,} are as precise as around 0; errors from 1e-5 on would mean that "
            "log_sum_exp, large and rounded, was taken from x"
        )
        assert_same(log_softmax(x, dim=1), exact_log_softmax(x, 1), meaning)


def test_a_class_ruled_out_stays_out(device):
    x = tensor([[-inf, 1.0, 1.0], [0.0, -inf, -inf]], device)
    expected = tensor([[-inf, log(0.5), log(0.5)], [0.0, -inf, -inf]], device)
    assert_same(log_softmax(x, dim=1), expected, "-inf has no share: the log of 0 is -inf")


def test_log_softmax_along_any_axis(device, generator):
    x = torch.randn(2, 3, 5, generator=generator).to(device)
    for dim in (0, 1, 2, -1, -2, -3):
        got = answer_of(lambda: log_softmax(x, dim=dim), f"shape (2, 3, 5) has an axis {dim}")
        assert_same(got, exact_log_softmax(x, dim), f"shares along axis {dim} of (2, 3, 5)")
    none = torch.zeros(0, 3, device=device)
    got = answer_of(lambda: log_softmax(none, dim=1), "no rows give no rows")
    assert_same(got, none, "no rows give no rows, shape (0, 3)")


def test_log_softmax_in_half_precision(device):
    x = tensor([[12.0, 11.0, -4.0], [0.5, -0.5, 2.0]], device).half()
    assert_same(log_softmax(x, dim=1), exact_log_softmax(x, 1), "the result is float16 too", **HALF)


def test_log_softmax_leaves_its_input(device):
    x = tensor(ROWS, device)
    with unchanged(x):
        log_softmax(x, dim=1)


def test_the_gradient_of_log_softmax(device):
    rows = tensor([*ROWS, [2.0, 3.0, -inf]], device)
    x = rows.clone().requires_grad_()
    answer_of(log_softmax(x, dim=1)[:, 1].sum().backward, "gradients flow back to x")
    meaning = (
        "of class 1 alone: 1 there, less the softmax of the row; 0 and 1 alone would mean that "
        "log_sum_exp was a constant"
    )
    assert_same(x.grad, tensor([0.0, 1.0, 0.0], device) - rows.softmax(1), meaning)


def test_log_softmax_takes_the_same_operations_for_more_rows(device):
    few, many = (counted(log_softmax, device, rows) for rows in (2, 60))
    assert many.launches <= few.launches, (
        f"2 rows took {few.launches} operations, 60 rows took {many.describe()}: is there a loop?"
    )


@pytest.mark.parametrize("rows", [10, 1_000, 10_000])
def test_benchmark(bench, device, generator, rows):
    bench(loop, log_sum_exp, lambda: (drawn(rows, device, generator), 1))


def loop(x, dim):
    results = []
    for row in x.unbind(1 - dim):
        largest = row.amax()
        shift = torch.where(largest.isfinite(), largest, 0)
        results.append((row - shift).exp().sum().log() + shift)
    return torch.stack(results)


def counted(function, device, rows):
    x = torch.ones(rows, 5, device=device)
    with count(device) as counts:
        function(x, dim=1)
    return counts


def drawn(rows, device, generator):
    # Not wider: where the result is nearly 0, exp is several times as slow.
    return (5 * torch.randn(rows, 10, generator=generator)).to(device)


def exact(x, dim):
    """Pair by pair in float64, rounded to the dtype of x."""
    wide = x.detach().cpu().double().numpy()
    result = np.asarray(np.logaddexp.reduce(wide, axis=dim))
    return torch.from_numpy(result).to(x.dtype).to(x.device)


def exact_log_softmax(x, dim):
    wide = x.detach().cpu().double().numpy()
    result = wide - np.logaddexp.reduce(wide, axis=dim, keepdims=True)
    return torch.from_numpy(result).to(x.dtype).to(x.device)


def tensor(values, device):
    return torch.tensor(values, device=device)
