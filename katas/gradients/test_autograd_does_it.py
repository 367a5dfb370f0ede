import pytest
import torch

from dojo.checks import answer_of, assert_refused, assert_same, unchanged
from katas.gradients.autograd_does_it import gradient


def test_one_gradient_for_each_input(device):
    # A linear model on two examples that is off by -1 and 2.
    x = tensor([[1.0, 2.0, -1.0], [0.0, 3.0, 2.0]], device)
    y = tensor([-1.5, -0.5], device)
    weights, bias = tensor([1.0, -1.0, 2.0], device), tensor(0.5, device)
    got = gradient(lambda w, b: ((x @ w + b - y) ** 2).sum(), weights, bias)
    assert isinstance(got, tuple), f"the gradients come in a tuple, got {type(got).__name__}"
    assert len(got) == 2, f"weights and bias are 2 inputs with a gradient each, got {len(got)}"
    meaning = "2 (-1) (1, 2, -1) + 2 (2) (0, 3, 2), worked out by hand"
    assert_same(got[0], tensor([-2.0, 8.0, 10.0], device), meaning)
    assert_same(got[1], tensor(2.0, device), "2 (-1) + 2 (2), worked out by hand")


def test_one_input_has_a_tuple_of_one(device):
    got = gradient(lambda x: (x * x).sum(), tensor([3.0, -1.0], device))
    assert isinstance(got, tuple), f"one input has a tuple of one gradient, got {got!r}"
    assert len(got) == 1, f"one input has one gradient, got {len(got)}"
    assert_same(got[0], tensor([6.0, -2.0], device), "2x")


def test_agrees_with_a_gradient_worked_out_by_hand(device, generator):
    x = torch.randn(20, 3, generator=generator).to(device)
    weights = torch.randn(3, generator=generator).to(device)
    y = (torch.arange(20) % 2).float().to(device)

    def cross_entropy(w):
        p = (x @ w).sigmoid()
        return -(y * p.log() + (1 - y) * (1 - p).log()).mean()

    [got] = gradient(cross_entropy, weights)
    by_hand = x.T @ ((x @ weights).sigmoid() - y) / 20
    assert_same(got, by_hand, "of logistic regression: examples times errors over their number")


def test_loops_and_branches_are_followed(device):
    def squared_until_large(x):
        while x < 100:
            x = x * x
        return x if x > 0 else -x

    [got] = gradient(squared_until_large, tensor(2.0, device))
    assert_same(got, tensor(1024.0, device), "2, 4, 16, 256: three squares are x⁸, so 8x⁷")


def test_f_may_hand_back_an_input(device):
    a, b = tensor(3.0, device), tensor([1.0, 2.0], device)
    got = answer_of(lambda: gradient(lambda a, b: a, a, b), "f may give one of its inputs")
    assert_same(got[0], tensor(1.0, device), "of a, along a")
    assert_same(got[1], tensor([0.0, 0.0], device), "of a, along b")


def test_inputs_need_not_require_grad(device):
    plain, parameter = tensor([1.0, 2.0], device), tensor([3.0, -1.0], device).requires_grad_()
    got = gradient(lambda a, b: (a * b).sum(), plain, parameter)
    meaning = "b, though a does not require grad: zeros would mean that it was left out"
    assert_same(got[0], tensor([3.0, -1.0], device), meaning)
    assert_same(got[1], tensor([1.0, 2.0], device), "a")


def test_asked_twice_the_answer_is_the_same(device):
    for required in (False, True):
        x = tensor([3.0, -1.0], device).requires_grad_(required)
        first = gradient(lambda x: (x * x).sum(), x)[0].clone()
        [second] = gradient(lambda x: (x * x).sum(), x)
        assert_same(first, tensor([6.0, -2.0], device), "2x")
        meaning = "2x, for the second time; twice as much would mean that .grad adds up"
        assert_same(second, tensor([6.0, -2.0], device), meaning)


def test_grad_of_an_input_stays_as_it_is(device):
    fresh = tensor([3.0, -1.0], device).requires_grad_()
    used = tensor([2.0, 5.0], device).requires_grad_()
    used.grad = tensor([7.0, 8.0], device)
    gradient(lambda a, b: (a * b).sum(), fresh, used)
    assert fresh.grad is None, f"an input had no .grad before, and has {fresh.grad.tolist()} now"
    assert used.grad is not None, "an input had .grad [7, 8] before, and has none now"
    assert_same(used.grad, tensor([7.0, 8.0], device), "the .grad that an input had before")


def test_inputs_do_not_start_to_require_grad(device):
    x = tensor([3.0, -1.0], device)
    gradient(lambda x: (x * x).sum(), x)
    assert not x.requires_grad, (
        "the input requires grad after the call: everything calculated with it is now recorded"
    )


def test_inputs_go_on_requiring_grad(device):
    x = tensor([3.0, -1.0], device).requires_grad_()
    gradient(lambda x: (x * x).sum(), x)
    assert x.requires_grad, (
        "the input required grad before the call and does not now: a weight would stop learning"
    )


def test_inputs_are_as_before_when_f_raises(device):
    for required in (False, True):
        x = tensor([3.0, -1.0], device).requires_grad_(required)
        assert_refused(lambda: gradient(broken, x), KeyError, "f raises a KeyError")
        assert x.requires_grad == required, (
            f"f raised, and requires_grad of the input is {x.requires_grad}, before {required}"
        )
        assert x.grad is None, "f raised, and the input has a .grad that it had not before"


def test_numbers_of_the_inputs_stay_as_they_are(device):
    a, b = tensor([3.0, -1.0], device), tensor([0.5, 0.0], device)
    with unchanged(a, b):
        gradient(lambda a, b: (a * b).sum(), a, b)


def test_grad_of_a_weight_in_f_stays_as_it_is(device):
    weight = tensor([2.0, -4.0], device).requires_grad_()
    [got] = gradient(lambda x: (weight * x).sum(), tensor([1.0, 3.0], device))
    assert_same(got, tensor([2.0, -4.0], device), "the weight")
    assert weight.grad is None, (
        f"f uses a weight, and its .grad is now {weight.grad.tolist()}: only the inputs were asked "
        "about, and backward() reaches every leaf"
    )


def test_what_an_input_was_calculated_from_stays_as_it_is(device):
    weight = tensor([2.0, -4.0], device).requires_grad_()
    hidden = weight * weight
    [got] = gradient(lambda x: (3 * x).sum(), hidden)
    assert_same(got, tensor([3.0, 3.0], device), "3, along the input; not along its past")
    assert weight.grad is None, (
        f"the input was calculated from a weight, whose .grad is now {weight.grad.tolist()}: the "
        "gradient went on past the input"
    )
    answer_of(lambda: hidden.sum().backward(), "the input's own graph is still there to be used")
    assert_same(weight.grad, tensor([4.0, -8.0], device), "by a backward of the caller's")


def test_an_input_without_use_has_zeros(device):
    a, b = tensor([3.0, -1.0], device), tensor([[1.0, 2.0, 5.0]], device)
    weight = tensor(2.0, device).requires_grad_()
    for f in (lambda a, b: (a * a).sum(), lambda a, b: weight * weight):
        got = answer_of(lambda f=f: gradient(f, a, b), "f makes no use of its second input")
        assert got[1] is not None, "f makes no use of an input: its gradient is zeros, not None"
        assert_same(got[1], torch.zeros(1, 3, device=device), "f makes no use of this input")


def test_one_unused_input_does_not_make_f_constant(device):
    a, b = tensor([3.0, -1.0], device), tensor([1.0, 2.0, 5.0], device)
    got = answer_of(lambda: gradient(lambda a, b: (a * a).sum(), a, b), "f makes no use of b")
    meaning = "2a; zeros would mean that a was given up because of b, which f does not use"
    assert_same(got[0], tensor([6.0, -2.0], device), meaning)


def test_a_constant_has_zeros_everywhere(device):
    a, b = tensor([3.0, -1.0], device), tensor([[1.0, 2.0, 5.0]], device)
    five = tensor(5.0, device)
    for f in (lambda a, b: five, lambda a, b: (a.detach() * 2).sum()):
        got = answer_of(lambda f=f: gradient(f, a, b), "a constant has a gradient, of zeros")
        assert len(got) == 2, f"two inputs have two gradients, got {len(got)}"
        assert_same(got[0], torch.zeros(2, device=device), "f is constant")
        assert_same(got[1], torch.zeros(1, 3, device=device), "f is constant")
        assert not any(g.requires_grad for g in got), "zeros that require grad are no plain tensors"


def test_a_tensor_given_twice_is_two_inputs(device):
    x = tensor([3.0, -1.0], device)
    assert_is_two_inputs(x)


def test_a_parameter_given_twice_is_two_inputs(device):
    x = tensor([3.0, -1.0], device).requires_grad_()
    assert_is_two_inputs(x)


def test_works_inside_no_grad(device):
    x = tensor([3.0, -1.0], device)
    with torch.no_grad():
        [got] = answer_of(lambda: gradient(lambda x: (x * x).sum(), x), "no_grad is no obstacle")
    meaning = "2x; zeros would mean that f ran without being recorded"
    assert_same(got, tensor([6.0, -2.0], device), meaning)


def test_no_grad_is_still_on_afterwards(device):
    x = tensor([3.0, -1.0], device)
    with torch.no_grad():
        answer_of(lambda: gradient(lambda x: (x * x).sum(), x), "no_grad is no obstacle")
        assert not torch.is_grad_enabled(), (
            "called inside no_grad, and recording is on afterwards: the caller's mode is gone"
        )


def test_no_grad_is_still_on_when_f_raises(device):
    x = tensor([3.0, -1.0], device)
    with torch.no_grad():
        assert_refused(lambda: gradient(broken, x), KeyError, "f raises a KeyError")
        assert not torch.is_grad_enabled(), (
            "called inside no_grad, f raised, and recording is on: the caller's mode is gone"
        )


def test_gradients_do_not_require_grad(device):
    weight = tensor([2.0, -4.0], device).requires_grad_()
    for x in (tensor([3.0, -1.0], device), tensor([3.0, -1.0], device).requires_grad_()):
        for f in (lambda x: (x * x * x).sum(), lambda x: (weight * x).sum()):
            [got] = gradient(f, x)
            assert not got.requires_grad, (
                "the gradient requires grad: it is part of a graph, which stays in memory with it"
            )


def test_gradients_have_the_dtype_of_their_inputs(device, float64):
    a, b = tensor([3.0, -1.0], device), tensor([2.0, 0.1], device).to(float64)
    got = answer_of(lambda: gradient(lambda a, b: (a * b).sum(), a, b), "two dtypes")
    assert_same(got[0], b.float(), "b, as float32, the dtype of a")
    assert_same(got[1], a.double(), "a, as float64, the dtype of b")


def test_gradients_have_the_shape_of_their_inputs(device):
    shapes = ((), (1,), (4,), (2, 3), (3, 1, 2), (0,))
    inputs = [torch.ones(shape, device=device) for shape in shapes]
    got = gradient(lambda *xs: sum((x * x).sum() for x in xs), *inputs)
    for g, x in zip(got, inputs, strict=True):
        assert_same(g, 2 * x, f"2x, for x of shape {tuple(x.shape)}")


def test_f_is_called_once(device):
    calls = []

    def f(a, b):
        calls.append((a, b))
        return (a * b).sum()

    gradient(f, tensor([3.0, -1.0], device), tensor([2.0, 0.5], device))
    assert len(calls) == 1, (
        f"f was called {len(calls)} times: one call and one walk back serve all inputs, and a "
        "second call of an f with dropout gives another function"
    )


def test_an_error_of_f_comes_out(device):
    x = tensor([3.0, -1.0], device)
    assert_refused(lambda: gradient(broken, x), KeyError, "f raises a KeyError", mentions=["lost"])


def test_several_numbers_have_no_gradient(device):
    x = tensor([3.0, -1.0, 2.0], device)
    why = "x * x is 3 numbers, each with a gradient of its own: which one is meant?"
    assert_refused(lambda: gradient(lambda x: x * x, x), Exception, why)


def test_several_numbers_are_refused_by_their_shape(device):
    x = tensor([[3.0, -1.0, 2.0, 0.0, 1.0, 4.0, 7.0]] * 5, device)
    why = "f gives shape (5, 7), which is no scalar"
    assert_refused(lambda: gradient(lambda x: x * x, x), ValueError, why, mentions=(5, 7))
    why = "f gives shape (7,), which is no scalar"
    assert_refused(lambda: gradient(lambda x: x.sum(0), x), ValueError, why, mentions=(7,))


def test_one_number_in_brackets_is_refused(device):
    x = tensor([3.0, -1.0], device)
    for shape in ((1,), (1, 1)):
        why = f"f gives shape {shape}, which is not ()"
        assert_refused(lambda: gradient(lambda x: x.sum().view(shape), x), ValueError, why)


def test_a_constant_of_several_numbers_is_refused(device):
    x, constant = tensor([3.0, -1.0], device), torch.ones(7, device=device)
    why = "f gives shape (7,), if always the same, and that is no scalar"
    assert_refused(lambda: gradient(lambda x: constant, x), ValueError, why, mentions=(7,))


@pytest.mark.parametrize("weights", [10, 100, 1_000])
def test_benchmark(bench, device, generator, weights):
    x = torch.randn(100, weights, generator=generator).to(device)
    y = torch.randn(100, generator=generator).to(device)

    def mean_square(w):
        return (x @ w - y).square().mean()

    def inputs():
        w = torch.randn(weights, generator=generator) / weights**0.5
        return mean_square, w.to(device)

    bench(nudge_one_by_one, gradient, inputs)


def nudge_one_by_one(f, w):
    """The slope along each weight from two calls of f, which must be a parabola in each of them.

    The slope between two points of a parabola is that half-way, so the nudge can be as large as 1;
    a small one would drown in float32's rounding.
    """
    nudges = torch.eye(len(w), device=w.device)
    return (torch.stack([(f(w + nudge) - f(w - nudge)) / 2 for nudge in nudges]),)


def assert_is_two_inputs(x):
    got = answer_of(lambda: gradient(lambda a, b: (a * a * b).sum(), x, x), "x, given twice")
    product, square = 2 * x.detach() ** 2, x.detach() ** 2
    meaning = "2ab, where a and b are both x; 3x² would mean that both slopes were added up"
    assert_same(got[0], product, meaning)
    assert_same(got[1], square, "a², where a and b are both x; 3x² would be the sum of both slopes")


def broken(*inputs):
    raise KeyError("lost")


def tensor(values, device):
    return torch.tensor(values, device=device)
