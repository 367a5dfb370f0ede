import gc
import weakref
from types import FunctionType, ModuleType

import numpy as np
import pytest
import torch

from dojo.checks import answer_of, assert_same, unchanged
from katas.statistics.moving_average import MovingAverage


def test_the_first_average_is_a_share(device):
    got = averages(0.75, [tensor([8.0, -4.0], device)])[-1]
    assert_same(
        got,
        tensor([2.0, -1.0], device),
        "0.75 times the start at 0 plus 0.25 times [8, -4]; [6, -3] would mean that the weights "
        "are swapped, [8, -4] that it starts at the first value or that the start is corrected",
    )


def test_the_second_value_is_mixed_in(device):
    got = averages(0.75, [tensor([8.0, -4.0], device), tensor([4.0, 0.0], device)])[-1]
    assert_same(
        got,
        tensor([2.5, -0.75], device),
        "0.75 times [2, -1] plus 0.25 times [4, 0]; [4.5, -0.75] would mean swapped weights, "
        "[7, -3] a start at the first value, [6, -2] the mean of both, [1, 0] that the old average "
        "is forgotten, [5.71, -1.71] that the start is corrected",
    )


def test_beta_is_what_the_old_average_keeps(device):
    x = tensor([6.0, -3.0, 0.5], device)
    meaning = "with beta 0 nothing old is kept and the average is the last value"
    got = averages(0.0, [x + 1, x])[-1]
    assert_same(got, x, f"{meaning}; 0 would mean that beta weighs the new value")


def test_old_values_fade(device):
    x = tensor([6.0, -3.0], device)
    for beta in (0.5, 0.25):
        first, *_, last = averages(beta, [x, *[torch.zeros_like(x)] * 4])
        meaning = f"the first average times {beta} to the 4th, after four zeros"
        assert_same(last, first * beta**4, f"{meaning}: each step keeps beta of what was there")


def test_a_constant_stream_is_its_own_average(device):
    x = tensor([3.0, -50.0, 0.0], device)
    got = averages(0.5, [x] * 60)[-1]
    meaning = "after 60 equal values the start is forgotten, with weights that add up to 1"
    assert_same(got, x, f"{meaning}; twice as much would mean weights of beta and 1")


def test_the_weights_are_those_written_out(device, generator):
    values = torch.randn(20, 5, generator=generator)
    for beta in (0.9, 0.3, 0.99):
        weights = [(1 - beta) * beta ** (19 - step) for step in range(20)]
        expected = (torch.tensor(weights, dtype=torch.float64) @ values.double()).float()
        got = averages(beta, values.to(device))[-1]
        meaning = f"the sum of (1 - {beta}) * {beta}**k times the value k steps ago, for 20 values"
        assert_same(got, expected.to(device), meaning)


def test_a_tensor_of_any_shape_keeps_it(device):
    for shape in ((), (1,), (3, 2), (2, 1, 4), (0, 3)):
        x = torch.full(shape, 8.0, device=device)
        got = averages(0.75, [x, x])[-1]
        meaning = f"0.75 * 2 + 0.25 * 8 in each place of shape {shape}"
        assert_same(got, torch.full(shape, 3.5, device=device), meaning)


def test_the_dtype_is_that_of_the_values(device, float64):
    x = torch.tensor([8.0, -4.0], dtype=float64, device=device)
    meaning = "0.75 times the values, in float64 as they are"
    assert_same(averages(0.5, [x, x])[-1], 0.75 * x, meaning)


def test_digits_beyond_float32_are_kept(device, float64):
    x = torch.tensor([1 + 2.0**-30, -3.0], dtype=float64, device=device)
    got = averages(0.5, [x, x])[-1].to(float64)
    meaning = "0.75 times the values, in float64; float32 takes 1 + 2**-30 for 1"
    # 2**-30 is 9e-10, and float64 rounds a thousand times below that.
    assert_same(got, 0.75 * x, meaning, rtol=0.0, atol=1e-12)


def test_two_averages_have_nothing_in_common(device):
    one, other = MovingAverage(0.5), MovingAverage(0.75)
    x = tensor([8.0, -4.0], device)
    update(one, x.clone())
    got = update(other, x.clone())
    meaning = "the first average of a second object; more would mean that it began at the other's"
    assert_same(got, 0.25 * x, meaning)
    got = update(one, x.clone())
    meaning = "the second average of the first object, 0.5 times [4, -2] plus 0.5 times [8, -4]"
    assert_same(got, 0.75 * x, meaning)


def test_averages_returned_earlier_stay(device):
    moving = MovingAverage(0.75)
    first = update(moving, tensor([8.0, -4.0], device))
    second = update(moving, tensor([4.0, 0.0], device))
    update(moving, tensor([-100.0, 100.0], device))
    meaning = "an average returned earlier; it was updated in place since"
    assert_same(first, tensor([2.0, -1.0], device), meaning)
    assert_same(second, tensor([2.5, -0.75], device), meaning)


def test_values_stay_as_they_are(device):
    values = [tensor([8.0, -4.0], device), tensor([4.0, 1.0], device), tensor([0.5, 2.0], device)]
    moving = MovingAverage(0.75)
    with unchanged(*values):
        for x in values:
            update(moving, x)


def test_values_still_take_part_in_their_gradients(device):
    weight = tensor([2.0, 3.0], device).requires_grad_()
    x = weight * tensor([5.0, 7.0], device)
    update(MovingAverage(0.75), x)
    assert x.requires_grad, "x was cut off from its gradients: x is left as it is, detach a copy"
    answer_of(lambda: x.sum().backward(), "x can still be differentiated after an update")
    meaning = "the gradient of x.sum(), after x went into an average"
    assert_same(weight.grad, tensor([5.0, 7.0], device), meaning)


def test_the_average_records_no_gradients(device):
    moving = MovingAverage(0.75)
    for _ in range(2):
        got = update(moving, tensor([8.0, -4.0], device).requires_grad_())
        assert not got.requires_grad, (
            "the average of values with gradients records gradients itself: the graph of every "
            "step piles up behind it"
        )


def test_the_average_may_take_part_in_gradients(device):
    weight = tensor([2.0, 3.0], device).requires_grad_()
    got = update(MovingAverage(0.75), tensor([8.0, -4.0], device))
    answer_of(
        lambda: (weight * got).sum().backward(),
        "weight times the average can be differentiated",
    )
    assert_same(weight.grad, tensor([2.0, -1.0], device), "the gradient of weight * average")


def test_values_are_not_kept_alive(device):
    moving = MovingAverage(0.75)
    for step in range(3):
        x = tensor([8.0, -4.0], device) + step
        update(moving, x)
        gone = weakref.ref(x)
        del x
        assert is_free(gone), f"value {step + 1} is kept alive, and by the average alone"


def test_the_calculation_behind_a_value_is_not_kept_alive(device):
    moving = MovingAverage(0.75)
    for step in range(3):
        weight = (tensor([8.0, -4.0], device) + step).requires_grad_()
        update(moving, weight * 2)
        gone = weakref.ref(weight)
        del weight
        assert is_free(gone), (
            f"what value {step + 1} was calculated from is kept alive: the average holds its graph"
        )


def test_it_holds_one_tensor(device):
    moving = MovingAverage(0.75)
    for step in range(3):
        update(moving, torch.full((100, 10), float(step), device=device))
    held = numbers_in(moving)
    assert held < 2000, (
        f"after values of 1,000 numbers the object holds {held:,}: one tensor of 1,000 and a few "
        "numbers are enough"
    )


def test_it_holds_no_more_after_a_thousand_updates(device):
    moving, held = MovingAverage(0.75), {}
    for step in range(1, 1001):
        update(moving, torch.ones(3, device=device))
        if step in (10, 1000):
            held[step] = numbers_in(moving)
    assert held[10] == held[1000], (
        f"after 10 updates the object holds {held[10]} numbers, after 1,000 {held[1000]:,}: it "
        "keeps a history"
    )


@pytest.mark.parametrize("steps", [10, 100, 1_000])
def test_benchmark(bench, device, generator, steps):
    """Adding up all values so far, anew at each step (here called loop), against yours."""

    def from_all_values(values):
        powers = 0.9 ** torch.arange(steps, device=device).flip(0)
        return torch.stack([0.1 * powers[-n:] @ values[:n] for n in range(1, steps + 1)])

    def made(program):
        def from_the_last_average(values):
            moving = program(0.9)
            return torch.stack([moving.update(x) for x in values])

        return from_the_last_average

    def inputs():
        return (torch.randn(steps, 300, generator=generator).to(device),)

    bench(from_all_values, MovingAverage, inputs, made=made)


def averages(beta, values):
    """The average after each of the values, of which the program gets copies."""
    moving = MovingAverage(beta)
    return [update(moving, x.clone()) for x in values]


def update(moving, x):
    what = f"a tensor of shape {tuple(x.shape)} on {x.device.type} can be averaged"
    return answer_of(lambda: moving.update(x), what)


def is_free(gone):
    """Whether what a weak reference points to is gone, at the latest once cycles are collected."""
    if gone() is not None:
        gc.collect()
    return gone() is None


def numbers_in(thing):
    """How many numbers an object holds, in whatever it holds them: tensors, lists, closures."""
    seen, left, total = set(), [thing], 0
    while left:
        part = left.pop()
        if id(part) in seen or isinstance(part, type | ModuleType):
            continue
        seen.add(id(part))
        if isinstance(part, torch.Tensor):
            # A view of a large tensor keeps all of it.
            total += part.untyped_storage().nbytes() // part.element_size()
        elif isinstance(part, np.ndarray):
            total += part.size
        elif isinstance(part, int | float):
            total += 1
        elif isinstance(part, FunctionType):  # not its globals, which are the whole module
            left += [part.__closure__, part.__defaults__]
        else:
            left += gc.get_referents(part)
    return total


def tensor(values, device):
    return torch.tensor(values, device=device)
