from itertools import pairwise

import torch

from dojo.checks import answer_of, assert_same
from katas.gradients.slope import slope


def test_a_straight_line_rises_by_its_factor():
    got = slope(lambda x: 3 * x, tensor(2.0)).item()
    assert abs(got - 3) < 1e-6, (
        f"3x rises by 3 everywhere, got {got:.6g}: 6 would mean a division by eps, where the two "
        "points are 2 eps apart"
    )


def test_the_slope_rises_where_f_rises():
    got = slope(lambda x: x * x, tensor(3.0)).item(), slope(lambda x: x * x, tensor(-3.0)).item()
    assert got[0] > 0 > got[1], (
        f"x² rises at 3 and falls at -3, got slopes {got[0]:.3g} and {got[1]:.3g}: other signs "
        "would mean that the value after was taken from the value before"
    )


def test_each_element_has_a_slope_of_its_own():
    x = tensor([[1.0, -2.0, 0.5], [3.0, 0.0, -1.0]])
    factors = tensor([[1.0, 10.0, -4.0], [0.0, 7.0, 2.0]])
    got = slope(lambda x: (factors * x * x).sum(), x)
    assert_same(got, 2 * factors * x, "2 times factor times x, for the sum of factor times x²")


def test_the_result_has_the_shape_of_x():
    for shape in ((), (1,), (4,), (2, 3), (3, 1, 2)):
        x = torch.ones(shape, dtype=torch.float64)
        got = answer_of(lambda: slope(lambda x: x.sum(), x), f"x of shape {shape} has slopes")
        assert tuple(got.shape) == shape, (
            f"x of shape {shape} has slopes of that shape, got {tuple(got.shape)}"
        )


def test_the_error_falls_with_the_square_of_eps():
    errors = [error_of(eps) for eps in (0.1, 0.05, 0.025)]
    ratios = [larger / smaller for larger, smaller in pairwise(errors)]
    for ratio in ratios:  # 3.99 and more for central differences, 1.9 to 2.1 for one-sided ones
        assert 3.8 < ratio < 4.2, (
            f"half of eps leaves a quarter of the error, got 1/{ratio:.3g} of it: 1/2 would mean "
            "a difference to one side, 1/1 an eps of its own"
        )


def test_a_kink_has_the_slope_between():
    got = slope(lambda x: x.abs(), tensor(0.0)).item()
    assert abs(got) < 1e-6, (
        f"|x| is as high on both sides of 0, so 0, got {got:.3g}: 1 or -1 would mean that one side "
        "only was looked at"
    )


def test_a_bend_has_half_the_slope():
    got = slope(lambda x: x.relu(), tensor(0.0)).item()
    assert abs(got - 0.5) < 1e-6, (
        f"relu is level before 0 and rises by 1 behind it, so 0.5, got {got:.3g}: 0 is autograd's "
        "choice, and what is seen by looking back; 1 is what is seen by looking ahead"
    )


def test_the_nudge_is_as_large_as_asked():
    got = slope(lambda x: x**3, tensor(2.0), 0.1).item()
    assert abs(got - 12.01) < 1e-9, (
        f"(2.1³ - 1.9³) / 0.2 is 12.01, got {got:.8g}: 12 would be the true slope, which an eps of "
        "0.1 does not find"
    )


def test_the_nudge_is_small_by_default():
    got = slope(lambda x: x**3, tensor(2.0)).item()
    assert abs(got - 12) < 1e-7, f"x³ has slope 12 at 2, to 1e-7 with an eps of 1e-5, got {got:.8g}"


def test_agrees_with_autograd():
    x = torch.randn(3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    for f in (
        lambda x: (x.sin() * x.exp()).sum(),
        lambda x: (x @ x.T).tanh().mean(),
        lambda x: x.logsumexp(dim=0).prod(),
    ):
        inside = x.clone().requires_grad_()
        f(inside).backward()
        assert_same(slope(f, x), inside.grad, "autograd's gradient", rtol=1e-6, atol=1e-6)


def test_float32_is_measured_in_float64():
    x = torch.tensor([1.0, -0.5, 2.0])
    got = slope(lambda x: (x**3).sum() + 1000, x, eps=1e-4)
    meaning = "3x²; off by a tenth and more would mean that float32 has swallowed the nudge"
    assert_same(got, torch.tensor([3.0, 0.75, 12.0]), meaning, rtol=0, atol=1e-4)


def test_f_is_handed_float64_tensors_like_x():
    for dtype in (torch.float32, torch.float64):
        seen = []

        def f(x, seen=seen):
            seen.append((tuple(x.shape), x.dtype))
            return x.sum()

        answer_of(lambda f=f: slope(f, torch.ones(2, 3, dtype=dtype)), "f is the sum of its input")
        assert set(seen) == {((2, 3), torch.float64)}, (
            f"x is {dtype} of shape (2, 3), f is handed float64 of that shape, got {set(seen)}"
        )


def test_the_dtype_of_x_comes_back():
    for dtype in (torch.float32, torch.float64):
        got = slope(lambda x: x.sum(), torch.ones(2, dtype=dtype))
        assert_same(got, torch.ones(2, dtype=dtype), f"x is {dtype}")


def test_memory_in_another_order():
    x = torch.arange(6.0, dtype=torch.float64).view(2, 3).T
    got = answer_of(lambda: slope(lambda x: (x * x).sum(), x), "a transposed x has slopes too")
    assert_same(got, 2 * x, "2x; x is a transposed matrix, whose rows do not lie in a row")


def test_an_input_that_requires_grad_will_do():
    x = tensor([1.0, 3.0]).requires_grad_()
    got = answer_of(lambda: slope(lambda x: (x * x).sum(), x), "x may require grad")
    assert_same(got, tensor([2.0, 6.0]))
    assert x.requires_grad, "x required grad before the call, and does not any more"
    assert x.grad is None, "x had no .grad before the call, and has one now"


def test_the_result_has_no_graph():
    weight = tensor([2.0, 5.0]).requires_grad_()
    for x in (tensor([1.0, 3.0]), tensor([1.0, 3.0]).requires_grad_()):
        got = slope(lambda x: (weight * x).sum(), x)
        assert not got.requires_grad, "the slopes require grad: they are numbers, with no graph"


def test_x_stays_as_it_is_while_f_runs():
    for dtype in (torch.float32, torch.float64):
        x = torch.tensor([1.0, -2.0], dtype=dtype)
        before, seen = x.clone(), []

        def f(inside, x=x, seen=seen):
            seen.append(x.tolist())
            return inside.sum()

        slope(f, x)
        moved = [values for values in seen if values != before.tolist()]
        assert not moved, f"x was {before.tolist()}, and {moved[0]} while f ran: nudge a copy"
        assert torch.equal(x, before), f"x was {before.tolist()}, it is now {x.tolist()}"


def error_of(eps):
    """How far a slope is off, for a function with a third derivative."""
    x = tensor(0.7)
    return abs(slope(lambda x: x.sin() + x.exp(), x, eps) - (x.cos() + x.exp())).item()


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)
