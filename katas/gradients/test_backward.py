import math
import random
import time

import torch

from dojo.checks import answer_of, assert_same
from katas.gradients.backward import Value


def test_operations_make_new_values():
    x, y = Value(3.0), Value(-2.0)
    for name, result, expected in (
        ("x + y", x + y, 1.0),
        ("x * y", x * y, -6.0),
        ("x + x", x + x, 6.0),
        ("tanh of x", x.tanh(), 0.9950547536867305),
    ):
        assert math.isclose(result.data, expected), (
            f"{name} is {expected} for x = 3 and y = -2, got {result.data}"
        )
        assert result.grad == 0.0, f".grad of {name} is {result.grad} before any backward, not 0.0"
    assert (x.data, y.data) == (3.0, -2.0), (
        f"x and y were 3 and -2, and are {x.data} and {y.data} after some sums and products of them"
    )
    assert (x.grad, y.grad) == (0.0, 0.0), "x and y have a gradient before any backward"


def test_a_sum_of_two():
    x, y = Value(3.0), Value(-2.0)
    (x + y).backward()
    assert (x.grad, y.grad) == (1.0, 1.0), (
        f"x + y rises by 1 along each, got {x.grad} and {y.grad}: 0 would mean that nothing was "
        "sent back"
    )


def test_a_product_of_two():
    x, y = Value(3.0), Value(-2.0)
    (x * y).backward()
    assert (x.grad, y.grad) == (-2.0, 3.0), (
        f"x * y rises by y = -2 along x and by x = 3 along y, got {x.grad} and {y.grad}"
    )


def test_tanh_of_a_number():
    for number in (0.5, -1.25, 0.0, 3.0):
        x = Value(number)
        x.tanh().backward()
        expected = 1 / math.cosh(number) ** 2
        # 1 - tanh² cancels a little: at 3 it has lost two of sixteen digits.
        assert math.isclose(x.grad, expected, rel_tol=1e-12), (
            f"tanh has slope {expected:.6g} at {number}, which is 1 - tanh(x)², got {x.grad:.6g}"
        )


def test_tanh_is_flatter_away_from_zero():
    for number in (-0.5, 0.5):
        x = Value(number)
        x.tanh().backward()
        assert 0 < x.grad < 1, (
            f"tanh rises by 1 at 0 and by less elsewhere, got {x.grad:.3g} at {number}: 0 would "
            "mean that nothing was sent back, 1.46 would be 1 - tanh, without a square"
        )


def test_the_result_has_a_gradient_of_one():
    z = Value(3.0) * Value(5.0)
    z.backward()
    assert z.grad == 1.0, (
        f"z rises by 1 along z itself, got {z.grad}: with 0 there is nothing to send back, 15 "
        "would be the number in place of its slope"
    )


def test_a_value_times_itself():
    x = Value(3.0)
    (x * x).backward()
    assert x.grad == 6.0, (
        f"x² has slope 6 at 3, got {x.grad}: 3 would mean that one of the two ways from x to x * x "
        "was lost, as = for += loses it"
    )


def test_three_steps_of_the_chain_rule():
    x = Value(2.0)
    (((x * Value(3.0)) * Value(5.0)) * Value(-7.0)).backward()
    assert x.grad == -105.0, (
        f"x · 3 · 5 · (-7) rises by -105 along x, got {x.grad}: 0 would mean that the walk did not "
        "get as far, or went the wrong way round"
    )


def test_values_in_between_have_gradients():
    x = Value(2.0)
    inner = x * Value(3.0)
    (inner * inner).backward()
    assert inner.grad == 12.0, (
        f"the square of 6 rises by 12 along the 6, a value in between, whose .grad is {inner.grad}"
    )
    assert x.grad == 36.0, f"(3x)² is 9x², with slope 36 at 2, got {x.grad}"


def test_arms_of_equal_length():
    # x, then a square that both arms start from, then their product.
    x = Value(3.0)
    square = x * x
    ((square * Value(2.0)) * (square * Value(5.0))).backward()
    assert x.grad == 1080.0, (
        f"2x² · 5x² is 10x⁴, with slope 1080 at 3, got {x.grad}: less would mean that x² passed on "
        "what it had when one arm had arrived"
    )


def test_arms_of_unequal_length():
    x = Value(3.0)
    square = x * x
    (square + square * Value(2.0) * Value(5.0)).backward()
    assert x.grad == 66.0, (
        f"x² + 10x² has slope 66 at 3, got {x.grad}: less would mean that x² passed on what it "
        "had when one arm had arrived"
    )
    x = Value(3.0)
    square = x * x
    (square * Value(2.0) * Value(5.0) + square).backward()
    assert x.grad == 66.0, (
        f"10x² + x² has slope 66 at 3, got {x.grad}: it is a sum either way round"
    )


def test_two_values_of_the_same_number():
    x, y = Value(2.0), Value(2.0)
    (x * y + x).backward()
    assert (x.grad, y.grad) == (3.0, 2.0), (
        f"xy + x rises by 3 along x and by 2 along y, got {x.grad} and {y.grad}: both are 2, and "
        "two values all the same"
    )


def test_an_operation_of_ones_own():
    x, y = Value(2.0), Value(-1.0)
    # 4x² + e^y + 3y, all at once: y is a parent twice.
    value = 4 * x.data**2 + math.exp(y.data) + 3 * y.data
    made = Value(value, [(x, 8 * x.data), (y, math.exp(y.data)), (y, 3.0)])
    (made * Value(10.0)).backward()
    assert x.grad == 160.0, (
        f"the local derivative 16 along x, times 10, is 160, got {x.grad}: 10 would mean that the "
        "derivative given with the parent was not used"
    )
    expected = 10 * (math.exp(-1) + 3)
    assert math.isclose(y.grad, expected), (
        f"y is a parent twice, by e^-1 and by 3, times 10: {expected:.6g}, got {y.grad:.6g}"
    )


def test_agrees_with_torch():
    draw = random.Random(5)
    for number in range(200):
        mine, theirs = drawn_graph(draw)
        mine[-1].backward()
        theirs[-1].backward()
        got = torch.tensor([value.grad for value in mine[:4]], dtype=torch.float64)
        # torch has None for a leaf that the result does not depend on.
        zero = torch.zeros((), dtype=torch.float64)
        expected = torch.stack([zero if t.grad is None else t.grad for t in theirs[:4]])
        # Gradients of deep graphs are small, so the absolute tolerance is less than the default.
        assert_same(
            got,
            expected,
            f"torch's gradients of four leaves, in drawn graph {number}",
            rtol=1e-7,
            atol=1e-10,
        )


def test_a_second_backward_of_one_operation():
    x = Value(3.0)
    z = x * x
    z.backward()
    z.backward()
    assert x.grad == 12.0, (
        f"x² has slope 6 at 3, so 12 after two calls, got {x.grad}: 18 would mean that the second "
        "call sent back a 2, 6 that it replaced the first"
    )


def test_a_second_backward_adds_one_more_gradient():
    x = Value(3.0)
    z = x * x + x * x
    z.backward()
    assert x.grad == 12.0, f"x² + x² has slope 12 at 3, got {x.grad}"
    z.backward()
    assert x.grad == 24.0, (
        f"12 after one call, so 24 after two, got {x.grad}: 36 would mean that x * x sent on what "
        "the first call had left in its .grad as well, 12 that the first call is forgotten"
    )


def test_results_that_share_a_leaf():
    x, y = Value(3.0), Value(-2.0)
    first, second = x * y, x * Value(5.0)
    first.backward()
    second.backward()
    assert x.grad == 3.0, (
        f"x rises by -2 in xy and by 5 in 5x, which adds up to 3, got {x.grad}: 5 would mean that "
        "the second call began by clearing"
    )
    assert y.grad == 3.0, f"5x does not depend on y, whose .grad of 3 is to stay, got {y.grad}"


def test_results_that_share_an_inner_value():
    x = Value(3.0)
    square = x * x
    (square * Value(2.0)).backward()
    answer_of((square * Value(5.0)).backward, "a second result of the same x²")
    assert x.grad == 42.0, (
        f"2x² and 5x² have slopes 12 and 30 at 3, which adds up to 42, got {x.grad}: 54 would mean "
        "that x² sent the first call's gradient on again, 12 that the way to x was gone"
    )


def test_a_leaf_is_its_own_result():
    x = Value(3.0)
    x.backward()
    assert x.grad == 1.0, f"x rises by 1 along itself, got {x.grad}"
    x.backward()
    assert x.grad == 2.0, f"1 after one call, so 2 after two, as for any leaf, got {x.grad}"


def test_grad_may_be_set_to_zero_by_hand():
    x = Value(3.0)
    z = x * x + x * x
    for _ in range(3):
        x.grad = 0.0
        z.backward()
        assert x.grad == 12.0, (
            f".grad was set to 0, and one call adds 12, got {x.grad}: so it goes at every step of "
            "training"
        )
    x.grad = 100.0
    z.backward()
    assert x.grad == 112.0, f".grad was set to 100, and one call adds 12, got {x.grad}"


def test_numbers_stay_as_they_are():
    x, y = Value(3.0), Value(-2.0)
    z = x * y
    z.backward()
    got = x.data, y.data, z.data
    assert got == (3.0, -2.0, -6.0), f"3, -2 and -6 before the call, {got} after it"


def test_a_chain_of_20000_values():
    x = Value(0.5)
    total = x
    for _ in range(20_000):
        total = total + x
    answer_of(total.backward, "a chain of 20,000 additions has a gradient")
    assert x.grad == 20_001.0, f"x is added 20,001 times, so it has slope 20001, got {x.grad}"


def test_twice_the_levels_are_twice_the_work():
    shallow, deep = (seconds_of_a_call(levels(count)) for count in (8, 16))
    # Twice for a walk that sees each value once, 240 times for one along every path.
    assert deep < 20 * shallow, (
        f"sixteen levels of x = x + x are 17 values, and took {deep / shallow:.0f} times as long "
        "as eight: there are 65,536 paths through them, and each value should be visited once"
    )


def test_a_value_is_not_compared_with_all_others():
    comparisons = []

    class Compared(Value):
        def __eq__(self, other):
            comparisons.append(other)
            return self is other

        __hash__ = object.__hash__

    # A chain of 300 values, and a result that is the sum of all of them: long, and wide as well.
    start = Compared(1.0)
    links = [start]
    for _ in range(300):
        links.append(Compared(links[-1].data + 1.0, [(links[-1], 1.0), (start, 1.0)]))
    Compared(sum(link.data for link in links), [(link, 1.0) for link in links]).backward()
    assert start.grad == 45451.0, f"start counts 1 + 2 + ... + 301 times, 45451, got {start.grad}"
    # None for a set or a dict, 45,000 for a list.
    assert len(comparisons) < 20 * 300, (
        f"300 values took {len(comparisons):,} comparisons: is each looked for in a list of many "
        "others? Twice the values would take four times as many"
    )


def levels(count):
    value = Value(1.0)
    for _ in range(count):
        value = value + value
    return value


def seconds_of_a_call(value):
    value.backward()
    calls, start = 0, time.process_time()
    while (spent := time.process_time() - start) < 0.05:  # some clocks tick every 0.016 s
        value.backward()
        calls += 1
    return spent / calls


def drawn_graph(draw):
    """Four leaves and what 5 to 30 operations make of them, as Values and as torch's tensors."""
    numbers = [draw.uniform(-1.5, 1.5) for _ in range(4)]
    mine = [Value(number) for number in numbers]
    theirs = [torch.tensor(n, dtype=torch.float64, requires_grad=True) for n in numbers]
    for _ in range(draw.randint(5, 30)):
        # Mostly from the last few, so that the graph gets deep; large numbers are tamed by tanh.
        a, b = (max(0, len(mine) - draw.randint(1, 6)) for _ in range(2))
        some = ("sum", "sum", "product", "product", "tanh")
        kind = "tanh" if abs(mine[a].data) > 3 else draw.choice(some)
        if kind == "sum":
            mine.append(mine[a] + mine[b])
            theirs.append(theirs[a] + theirs[b])
        elif kind == "product":
            mine.append(mine[a] * mine[b])
            theirs.append(theirs[a] * theirs[b])
        else:
            mine.append(mine[a].tanh())
            theirs.append(theirs[a].tanh())
    return mine, theirs
