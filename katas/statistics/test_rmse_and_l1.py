import pytest
import torch

from dojo.checks import answer_of, assert_refused, assert_same, unchanged
from katas.statistics.rmse_and_l1 import l1_norm, mean_absolute_error, rmse

# Errors 1, -7, 5, 5: squares 1, 49, 25, 25, which sum to 100.
PREDICTED, TRUE = [2.0, -3.0, 0.0, 9.0], [1.0, 4.0, -5.0, 4.0]
# Equally many numbers in other shapes, and fewer numbers that would broadcast.
RESHAPED = (((4,), (4, 1)), ((2, 3), (3, 2)), ((2, 3), (6,)))
FEWER = (((1,), (3,)), ((), (3,)), ((2, 3), (3,)))


def test_rmse_of_four_errors(device):
    got = rmse(tensor(PREDICTED, device), tensor(TRUE, device))
    assert_same(
        got,
        tensor(5.0, device),
        "the root of (1 + 49 + 25 + 25) / 4; 25 would mean no root, 10 a sum in place of the mean, "
        "4.5 a root of each square, which is the mean absolute error",
    )


def test_mean_absolute_error_of_four_errors(device):
    got = mean_absolute_error(tensor(PREDICTED, device), tensor(TRUE, device))
    assert_same(
        got,
        tensor(4.5, device),
        "(1 + 7 + 5 + 5) / 4; 1 would mean that errors of both signs cancelled, 18 the sum, 5 RMSE",
    )


def test_rmse_of_a_single_error(device):
    for shape in ((1,), (), (1, 1)):
        a, b = torch.full(shape, -2.0, device=device), torch.full(shape, 1.0, device=device)
        got = answer_of(lambda: rmse(a, b), f"there is an RMSE of shape {shape}")
        meaning = f"one error of 3, shape {shape}; inf or nan would mean a division by n - 1"
        assert_same(got, tensor(3.0, device), meaning)


def test_the_same_error_everywhere_is_no_zero(device):
    b = torch.tensor([1.0, 5.0, -4.0], device=device)
    for function in (rmse, mean_absolute_error):
        got = function(b + 2, b)
        meaning = f"{function.__name__} of errors 2, 2, 2; 0 would mean deviations about their mean"
        assert_same(got, tensor(2.0, device), meaning)


def test_errors_that_cancel_count(device):
    b = tensor([4.0, -7.0], device)
    a = b + tensor([3.0, -3.0], device)
    meaning = "errors 3 and -3; 4.24 would mean a division by n - 1, 0 that they cancelled"
    for function in (rmse, mean_absolute_error):
        assert_same(function(a, b), tensor(3.0, device), f"{function.__name__} of {meaning}")


def test_no_error_measure_is_negative(device):
    b = tensor([4.0, -7.0, 0.0], device)
    for function in (rmse, mean_absolute_error):
        meaning = f"{function.__name__} of errors -2, -2, -2; -2 would mean that a sign was kept"
        assert_same(function(b - 2, b), tensor(2.0, device), meaning)


def test_l1_norm_is_a_sum(device):
    got = l1_norm(tensor([3.0, -1.0, 0.5, -2.0], device))
    assert_same(
        got,
        tensor(6.5, device),
        "3 + 1 + 0.5 + 2; 0.5 would mean that signs were kept, 1.625 the mean, 3.775 the root of "
        "the squares, which is the L2 norm",
    )


def test_l1_norm_of_a_single_number_is_its_size(device):
    for v in (tensor(-3.0, device), tensor([-3.0], device)):
        assert_same(l1_norm(v), tensor(3.0, device), "of -3; -3 would mean that signs are kept")


def test_zeros_leave_the_l1_norm_as_it_is(device):
    v = tensor([0.0, 5.0, 0.0, 0.0], device)
    assert_same(l1_norm(v), tensor(5.0, device), "of 0, 5, 0, 0; 1.25 would mean the mean")


def test_l1_norm_of_a_matrix_takes_all_numbers(device):
    v = tensor([[1.0, -2.0, 3.0], [-4.0, 5.0, -6.0]], device)
    meaning = "of 1 to 6; 9 would mean the matrix norm, which is the largest column's sum"
    assert_same(l1_norm(v), tensor(21.0, device), meaning)


def test_numbers_of_any_rank_are_averaged_at_once(device):
    errors = tensor([0.0, 0.0, -3.0, 3.0, 0.0, 0.0, -6.0, 0.0, 0.0, 0.0, 0.0, 0.0], device)
    for shape in ((12,), (3, 4), (4, 3), (2, 3, 2)):
        b = torch.arange(12.0, device=device).reshape(shape)
        a = b + errors.reshape(shape)
        meaning = f"the squares 9, 9 and 36 over 12, shape {shape}, whatever row they are in"
        assert_same(rmse(a, b), tensor(4.5**0.5, device), meaning)
        assert_same(mean_absolute_error(a, b), tensor(1.0, device), f"12 over 12, shape {shape}")
        assert_same(l1_norm(a - b), tensor(12.0, device), f"3, 3 and 6, shape {shape}")


def test_one_large_error_moves_rmse_more(device):
    b = torch.zeros(4, device=device)
    a = tensor([1.0, -1.0, 1.0, 5.0], device)
    got = rmse(a, b).item(), mean_absolute_error(a, b).item()
    assert got[0] > got[1], (
        f"errors 1, -1, 1, 5 have RMSE 2.65 and mean absolute error 2, got {got[0]:.3g} and "
        f"{got[1]:.3g}: squares weigh the 5 more"
    )


def test_rmse_is_never_below_the_mean_absolute_error(device, generator):
    for scale in (1e-3, 1.0, 1e3):
        for _ in range(5):
            a = (scale * torch.randn(3, 5, generator=generator)).to(device)
            b = (scale * torch.randn(3, 5, generator=generator)).to(device)
            larger, smaller = rmse(a, b).item(), mean_absolute_error(a, b).item()
            # Where all errors are equal, float32 may round RMSE a little below.
            assert larger >= smaller * (1 - 1e-6), (
                f"RMSE is {larger:.6g}, the mean absolute error {smaller:.6g}, of errors around "
                f"{scale:g}: a mean of squares is at least the square of the mean"
            )


def test_the_result_is_of_the_inputs_dtype(device, float64):
    a, b = tensor(PREDICTED, device), tensor(TRUE, device)
    for dtype in (torch.float32, float64):
        x, y = a.to(dtype), b.to(dtype)
        assert_same(rmse(x, y), tensor(5.0, device).to(dtype), "a tensor of rank 0")
        assert_same(mean_absolute_error(x, y), tensor(4.5, device).to(dtype), "of rank 0")
        assert_same(l1_norm(x), tensor(14.0, device).to(dtype), "a tensor of rank 0")


def test_rmse_of_another_shape_is_refused(device):
    assert_refused_both_ways(rmse, RESHAPED, device)


def test_rmse_against_fewer_numbers_is_refused(device):
    assert_refused_both_ways(rmse, FEWER, device)


def test_mean_absolute_error_of_another_shape_is_refused(device):
    assert_refused_both_ways(mean_absolute_error, RESHAPED, device)


def test_mean_absolute_error_against_fewer_numbers_is_refused(device):
    assert_refused_both_ways(mean_absolute_error, FEWER, device)


def test_the_inputs_stay_as_they_are(device):
    a, b = tensor(PREDICTED, device), tensor(TRUE, device)
    with unchanged(a, b):
        rmse(a, b)
        mean_absolute_error(a, b)
        l1_norm(a)


@pytest.mark.parametrize("rows", [10, 1_000, 10_000])
def test_benchmark(bench, device, generator, rows):
    def row_by_row(a, b):
        squares = [(one - other).pow(2).mean() for one, other in zip(a, b, strict=True)]
        return torch.stack(squares).mean().sqrt()

    def inputs():
        a, b = torch.randn(2, rows, 50, generator=generator).to(device)
        return a, b

    bench(row_by_row, rmse, inputs)


def assert_refused_both_ways(function, pairs, device):
    for first, second in pairs:
        for one, other in ((first, second), (second, first)):
            a, b = torch.ones(one, device=device), torch.zeros(other, device=device)
            assert_refused(
                lambda: function(a, b),
                ValueError,
                f"a of shape {one} and b of shape {other} are no pairs",
                mentions=(*one, *other),
            )


def tensor(values, device):
    return torch.tensor(values, device=device)
