import pytest
import torch

from dojo.checks import answer_of, assert_refused, assert_same, unchanged
from katas.tensors.safe_squeeze import drop_axis, predictions


def test_the_axis_that_is_named_goes(device):
    t = torch.arange(6.0, device=device)
    assert_same(drop_axis(t.reshape(2, 1, 3), 1), t.reshape(2, 3))


def test_other_axes_of_size_one_stay(device):
    got = tuple(drop_axis(torch.zeros(1, 3, 1, device=device), 2).shape)
    assert got == (1, 3), (
        f"(1, 3, 1) without axis 2 is (1, 3), got {got}: "
        "(3,) would mean that every axis of size 1 went, the first as well as the named one"
    )


def test_other_axes_stay_apart(device):
    got = tuple(drop_axis(torch.zeros(2, 3, 1, 4, device=device), 2).shape)
    assert got == (2, 3, 4), (
        f"(2, 3, 1, 4) without axis 2 is (2, 3, 4), got {got}: "
        "(24,) would mean that all axes were flattened into one"
    )


def test_a_negative_axis_counts_from_the_last(device):
    t = torch.zeros(1, 5, 1, 1, device=device)
    for dim, expected in ((-1, (1, 5, 1)), (-2, (1, 5, 1)), (-4, (5, 1, 1))):
        got = answer_of(lambda: drop_axis(t, dim), f"axis {dim} of (1, 5, 1, 1) has size 1")
        assert_same(got, t.reshape(expected), f"(1, 5, 1, 1) was to lose its axis {dim}, no other")


def test_an_axis_of_another_size_is_refused(device):
    for shape, dim in (((2, 3), 1), ((4, 1), 0), ((5, 7, 1), -2), ((0, 1), 0)):
        assert_refused(
            lambda: drop_axis(torch.zeros(shape, device=device), dim),
            ValueError,
            f"axis {dim} of shape {shape} has size {shape[dim]}",
            mentions=(dim, *shape),
        )


def test_an_axis_that_is_not_there_is_refused(device):
    for dim in (2, -3):
        assert_refused(
            lambda: drop_axis(torch.zeros(1, 1, device=device), dim),
            IndexError,
            f"shape (1, 1) has no axis {dim}",
        )


def test_writing_to_the_result_shows_in_the_original(device):
    for t in (torch.zeros(2, 1, 3, device=device), torch.zeros(3, 1, 2, device=device).mT):
        axis = t.shape.index(1)
        drop_axis(t, axis)[1, 1] = 7
        there = t.select(axis, 0)[1, 1].item()
        assert there == 7, f"7 was written to the result, t has {there}: the result is a copy"


def test_the_input_stays_as_it_is(device):
    t = torch.ones(2, 1, device=device)
    with unchanged(t):
        drop_axis(t, 1)
    with unchanged(t):
        predictions(t)


def test_predictions_are_the_logits_as_they_are(device):
    logits = torch.tensor([-2.0, 0.5, 300.0], device=device)
    got = predictions(logits.reshape(3, 1))
    assert_same(got, logits, "numbers from 0 to 1 would mean that a sigmoid was applied")


def test_a_batch_of_one_stays_a_batch(device):
    got = tuple(predictions(torch.zeros(1, 1, device=device)).shape)
    assert got == (1,), f"a batch of one gives (1,), got {got}: () would mean that the batch went"


def test_a_batch_of_none_stays_a_batch(device):
    got = tuple(predictions(torch.zeros(0, 1, device=device)).shape)
    assert got == (0,), f"an empty batch gives (0,), got {got}"


def test_several_logits_an_example_are_refused(device):
    for shape in ((1, 4), (3, 2), (5, 0)):
        assert_refused(
            lambda: predictions(torch.zeros(shape, device=device)),
            ValueError,
            f"shape {shape} is not (batch, 1)",
            mentions=shape,
        )


def test_logits_of_another_rank_are_refused(device):
    for shape in ((1,), (2, 3, 1), (2, 1, 1)):
        assert_refused(
            lambda: predictions(torch.zeros(shape, device=device)),
            ValueError,
            f"shape {shape} is not (batch, 1)",
            mentions=shape,
        )


@pytest.mark.parametrize("examples", [10, 1_000, 10_000])
def test_benchmark(bench, device, generator, examples):
    def one_by_one(logits):
        return torch.stack([example[0] for example in logits])

    def inputs():
        return (torch.randn(examples, 1, generator=generator).to(device),)

    bench(one_by_one, predictions, inputs)
