import math

import pytest
import torch

from dojo.checks import answer_of, assert_refused, assert_same, unchanged
from dojo.counting import count
from katas.sequences.concat_pooling import concat_pool

# Two sequences of 4 steps and 2 units; the first has 3 steps, the second 2.
ROWS = [
    [[1.0, -4.0], [6.0, -2.0], [2.0, -9.0], [80.0, 70.0]],
    [[-3.0, 5.0], [-1.0, 3.0], [90.0, 60.0], [50.0, 40.0]],
]
LENGTHS = [3, 2]
LAST, MAXIMUM, MEAN = slice(0, 2), slice(2, 4), slice(4, 6)


def test_a_row_has_three_times_the_units(device):
    got = tuple(pooled(ROWS, LENGTHS, device).shape)
    assert got == (2, 6), f"2 sequences of 2 units give (2, 6), got {got}"


def test_last_maximum_mean_in_this_order(device):
    got = pooled([[[1.0, 10.0], [6.0, 40.0], [2.0, 70.0]]], [3], device)
    assert_same(
        got,
        torch.tensor([[2.0, 70.0, 6.0, 70.0, 3.0, 40.0]], device=device),
        "last 2, 70, then maximum 6, 70, then mean 3, 40: another order would move these pairs",
    )


def test_the_last_state_is_the_sequences_own(device):
    got = pooled(ROWS, LENGTHS, device)[:, LAST]
    meaning = "steps 3 and 2 are the last own ones; 80 and 50 would be the last of the padding"
    assert_same(got, torch.tensor([[2.0, -9.0], [-1.0, 3.0]], device=device), meaning)


def test_the_last_state_of_whole_sequences(device):
    got = pooled(ROWS, [4, 4], device)[:, LAST]
    meaning = "with 4 of 4 steps the last is step 4; 2 and 90 would be the step before"
    assert_same(got, torch.tensor([[80.0, 70.0], [50.0, 40.0]], device=device), meaning)


def test_padding_does_not_win_the_maximum(device):
    got = pooled(ROWS, LENGTHS, device)[:, MAXIMUM]
    for row, high in enumerate((6.0, 5.0)):
        found = got[row].max().item()
        assert found <= high, (
            f"the own steps of sequence {row} go up to {high}, got {found}: from the padding"
        )


def test_a_maximum_may_be_below_zero(device):
    got = pooled(ROWS, LENGTHS, device)[:, MAXIMUM]
    low = got[0, 1].item(), got[1, 0].item()
    assert max(low) < 0, (
        f"unit 1 of the first and unit 0 of the second are below 0 in all own steps, got {low}: 0 "
        "would mean that padding was made 0 and won"
    )


def test_the_maximum_is_not_the_largest_in_size(device):
    got = pooled([[[1.0, -9.0], [2.0, -5.0], [0.0, 0.0]]], [2], device)[:, MAXIMUM]
    assert_same(got, torch.tensor([[2.0, -5.0]], device=device), "-9 is no maximum of -9 and -5")


def test_the_maximum_is_one_of_each_unit(device):
    got = pooled([[[9.0, 1.0], [2.0, 5.0]]], [2], device)[:, MAXIMUM]
    meaning = "unit 0 is highest at step 1, unit 1 at step 2; (9, 1) is one step for both"
    assert_same(got, torch.tensor([[9.0, 5.0]], device=device), meaning)


def test_the_mean_is_over_own_steps(device):
    got = pooled(ROWS, LENGTHS, device)[:, MEAN]
    meaning = "9 and -15 over 3 steps, -4 and 8 over 2; 2.25 would be 9 over 4"
    assert_same(got, torch.tensor([[3.0, -5.0], [-2.0, 4.0]], device=device), meaning)


def test_a_single_step_is_all_three(device):
    got = pooled(ROWS, [1, 1], device)
    expected = torch.tensor([[1.0, -4.0] * 3, [-3.0, 5.0] * 3], device=device)
    assert_same(got, expected, "of one step, last, maximum and mean are that step")


def test_each_sequence_has_its_own_length(device):
    together = pooled(ROWS, [4, 2], device)
    alone = pooled(ROWS[1:], [2], device)
    meaning = "the second sequence, beside one of 4 steps and alone"
    assert_same(together[1:], alone, meaning)


def test_padding_is_at_the_end(device):
    got = pooled([[[1.0], [2.0], [7.0], [8.0]]], [2], device)
    found = got[0].max().item()
    assert found == 2, f"the own steps are the first two, 1 and 2, got {got.tolist()}"


def test_padding_may_hold_anything(device):
    expected = pooled(ROWS, LENGTHS, device)
    for filler in (0.0, -1e6, math.inf, -math.inf, math.nan):
        rows = padded_with(filler, device)
        got = answer_of(
            lambda rows=rows: concat_pool(rows, torch.tensor(LENGTHS, device=device)),
            f"padding of {filler}",
        )
        assert_same(got, expected, f"with {filler} for padding, whatever it is it does not count")


def test_padding_has_no_gradient(device):
    for filler in (0.0, math.inf, math.nan):
        rows = padded_with(filler, device).requires_grad_()
        result = concat_pool(rows, torch.tensor(LENGTHS, device=device))
        [slopes] = torch.autograd.grad(result.sum(), rows)
        got = torch.cat([slopes[0, 3:].flatten(), slopes[1, 2:].flatten()])
        meaning = f"the gradient of padding of {filler}; NaN is 0 times NaN on the way back"
        assert_same(got, torch.zeros(6, device=device), meaning)


def test_gradients_reach_own_steps(device):
    rows = torch.tensor(ROWS, device=device, requires_grad=True)
    result = concat_pool(rows, torch.tensor(LENGTHS, device=device))
    assert result.requires_grad, "the result has no graph: no gradient can reach the outputs"
    # The last counts 1, the maximum 10, each step of the mean 100 over the length.
    weights = torch.tensor([1.0, 1.0, 10.0, 10.0, 100.0, 100.0], device=device)
    [got] = torch.autograd.grad((result * weights).sum(), rows)
    third = 100 / 3
    own = torch.cat([got[0, :3], got[1, :2]])
    expected = [[third] * 2, [third + 10] * 2, [third + 1] * 2, [50, 60], [61, 51]]
    meaning = "1 for the last step, 10 for the maximum, 100 over the length for the mean"
    assert_same(own, torch.tensor(expected, device=device), meaning)


def test_a_length_of_0_is_refused(device):
    assert_refused_for([3, 0], device)


def test_a_length_below_0_is_refused(device):
    assert_refused_for([-2, 3], device)


def test_a_length_above_the_steps_is_refused(device):
    assert_refused_for([2, 5], device)
    assert_refused_for([9, 2], device)


def test_a_wrong_length_is_named(device):
    for length in (0, 5, 17, -3):
        assert_refused(
            lambda length=length: concat_pool(
                torch.tensor(ROWS, device=device), torch.tensor([2, length], device=device)
            ),
            ValueError,
            f"a length of {length}, where sequences have 4 steps",
            mentions=[length],
        )


def test_the_outputs_stay_as_they_are(device):
    rows, lengths = torch.tensor(ROWS, device=device), torch.tensor(LENGTHS, device=device)
    with unchanged(rows, lengths):
        concat_pool(rows, lengths)


def test_the_dtype_stays(device, float64):
    rows = torch.tensor(ROWS, device=device, dtype=float64)
    got = concat_pool(rows, torch.tensor(LENGTHS, device=device))
    assert got.dtype == float64, f"outputs are float64, the result is {got.dtype}"


def test_the_result_is_on_the_device(device):
    got = pooled(ROWS, LENGTHS, device).device
    assert got.type == device.type, f"outputs are on {device.type}, the result is on {got.type}"


def test_agrees_with_one_sequence_after_another(device, generator):
    for shape in ((5, 7, 3), (1, 9, 4), (20, 2, 1)):
        outputs, lengths = drawn(shape, device, generator)
        meaning = f"{shape[0]} sequences of up to {shape[1]} steps, one after the other"
        got = answer_of(lambda o=outputs, n=lengths: concat_pool(o, n), meaning)
        assert_same(got, loop(outputs, lengths), meaning)


def test_operations_do_not_grow_with_the_sequences(device, generator):
    few, many = (counted(number, device, generator) for number in (4, 40))
    assert many.launches <= few.launches, (
        f"4 sequences took {few.launches} operations, 40 took {many.describe()}: a loop over them"
    )


def test_waits_do_not_grow_with_the_sequences(device, generator):
    few, many = (counted(number, device, generator) for number in (4, 40))
    waits = [len(counts.synchronisations) for counts in (few, many)]
    assert waits[1] <= waits[0], (
        f"4 sequences made the host wait {waits[0]} times, 40 sequences {waits[1]} times: lengths "
        "are read once, as a whole"
    )


def test_beats_the_loop(race, device, generator):
    race(loop, concat_pool, lambda: drawn((1024, 10, 8), device, generator), at_least=10)


@pytest.mark.parametrize("sequences", [64, 1024])
def test_benchmark(bench, device, generator, sequences):
    shape = {64: (64, 70, 400), 1024: (1024, 10, 8)}[sequences]
    bench(loop, concat_pool, lambda: drawn(shape, device, generator))


def loop(outputs, lengths):
    rows = []
    for sequence, length in zip(outputs, lengths.tolist(), strict=True):
        own = sequence[:length]
        rows.append(torch.cat([own[-1], own.max(0).values, own.mean(0)]))
    return torch.stack(rows)


def pooled(rows, lengths, device):
    outputs, lengths = torch.tensor(rows, device=device), torch.tensor(lengths, device=device)
    why = f"lengths {lengths.tolist()} fit {outputs.shape[1]} steps"
    return answer_of(lambda: concat_pool(outputs, lengths), why)


def padded_with(filler, device):
    rows = torch.tensor(ROWS)
    rows[0, 3:], rows[1, 2:] = filler, filler
    return rows.to(device)


def assert_refused_for(lengths, device):
    assert_refused(
        lambda: concat_pool(
            torch.tensor(ROWS, device=device), torch.tensor(lengths, device=device)
        ),
        ValueError,
        f"lengths {lengths}, where sequences have 4 steps",
    )


def counted(sequences, device, generator):
    outputs, lengths = drawn((sequences, 6, 3), device, generator)
    with count(device) as counts:
        concat_pool(outputs, lengths)
    return counts


def drawn(shape, device, generator):
    """Outputs and lengths, from a single step to all of them."""
    outputs = torch.randn(shape, generator=generator)
    lengths = torch.randint(1, shape[1] + 1, shape[:1], generator=generator)
    return outputs.to(device), lengths.to(device)
