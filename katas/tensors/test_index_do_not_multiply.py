import pytest
import torch
from torch.nn.functional import one_hot

from dojo.checks import answer_of, assert_same, unchanged
from dojo.counting import count
from katas.tensors.index_do_not_multiply import picked


def test_each_row_gives_the_value_at_its_target(device):
    probs = [[0.1, 0.2, 0.7], [0.5, 0.25, 0.25], [0.0, 1.0, 0.0], [0.3, 0.6, 0.1], [0.4, 0.4, 0.2]]
    targets = torch.tensor([2, 0, 0, 2, 1], device=device)
    assert_same(
        pick(torch.tensor(probs, device=device), targets),
        torch.tensor([0.7, 0.5, 0.0, 0.1, 0.4], device=device),
        "row 2 has target 0, so 0 and not its largest, 1; "
        "(5, 5) would be every target in every row, (5, 1) an axis too many",
    )


def test_the_number_of_classes_is_read_off(device):
    for classes in (2, 10, 17):
        probs = torch.arange(3.0 * classes, device=device).view(3, classes)
        targets = torch.tensor([classes - 1, 0, classes - 1], device=device)
        expected = torch.tensor([classes - 1.0, classes, 3 * classes - 1], device=device)
        meaning = f"last, first and last of {classes} classes"
        assert_same(pick(probs, targets), expected, meaning)


def test_values_that_are_no_probabilities_come_as_they_are(device):
    scores = torch.tensor([[-2.0, 300.0, 0.5], [-1e30, 4.0, 0.0]], device=device)
    targets = torch.tensor([1, 0], device=device)
    expected = torch.tensor([300.0, -1e30], device=device)
    assert_same(pick(scores, targets), expected, "picking changes no number")


def test_a_batch_of_one_stays_a_batch(device):
    got = pick(torch.tensor([[0.25, 0.75]], device=device), torch.tensor([1], device=device))
    assert_same(got, torch.tensor([0.75], device=device), "one row gives one number, shape (1,)")


def test_a_batch_of_none_stays_a_batch(device):
    targets = torch.zeros(0, device=device, dtype=torch.int64)
    got = pick(torch.zeros(0, 3, device=device), targets)
    assert_same(got, torch.zeros(0, device=device), "no rows give no numbers, shape (0,)")


def test_the_dtype_stays(device):
    for dtype in (torch.float16, torch.bfloat16):
        probs = torch.tensor([[0.25, 0.75], [0.5, 0.125]], device=device, dtype=dtype)
        expected = torch.tensor([0.75, 0.5], device=device, dtype=dtype)
        assert_same(pick(probs, torch.tensor([1, 0], device=device)), expected)


def test_a_transposed_table_gives_the_same(device):
    by_class = torch.tensor([[0.1, 0.2, 0.3, 0.4], [0.9, 0.8, 0.7, 0.6]], device=device)
    got = pick(by_class.T, torch.tensor([0, 1, 1, 0], device=device))
    expected = torch.tensor([0.1, 0.8, 0.7, 0.4], device=device)
    assert_same(got, expected, "probs may lie in memory class by class")


def test_gradients_flow_to_the_values_picked(device):
    probs = torch.tensor([[0.5, 0.25, 0.25], [0.1, 0.1, 0.8]], device=device, requires_grad=True)
    result = pick(probs, torch.tensor([2, 0], device=device))
    assert result.requires_grad, "the result is cut off from probs: no gradient flows back"
    (-result.log().mean()).backward()  # -1 / (2 * 0.25) and -1 / (2 * 0.1)
    expected = torch.tensor([[0.0, 0.0, -2.0], [-5.0, 0.0, 0.0]], device=device)
    assert_same(probs.grad, expected, "a class that is nobody's target has no part in the result")


def test_no_new_tensor_grows_with_the_classes(device):
    for classes in (50, 1_000):
        counts = counted(device, rows=3, classes=classes)
        assert counts.largest <= 12, (
            f"3 rows of {classes} classes: {counts.describe()}; at most 4 numbers a row are needed"
        )


def test_no_new_tensor_is_rows_by_rows(device):
    counts = counted(device, rows=40, classes=3)
    assert counts.largest <= 160, (
        f"40 rows of 3 classes: {counts.describe()}; at most 4 numbers a row are needed"
    )


def test_the_work_does_not_grow_with_the_rows(device):
    few, many = (counted(device, rows=rows, classes=4).launches for rows in (3, 40))
    assert many == few, f"3 rows take {few} operations, 40 rows {many}: is there a loop?"


def test_nothing_waits_for_the_device(device):
    waits = counted(device, rows=5, classes=4).synchronisations
    assert not waits, f"the host waits for the device: {', '.join(sorted(set(waits)))}"


def test_a_target_past_the_last_class_is_refused():
    for target in (3, 4):
        assert_past_the_end([2, 1, target], f"target {target} of the last row")


def test_a_target_does_not_run_into_the_next_row():
    for target in (3, 4):
        assert_past_the_end([2, target, 1], f"target {target} of row 1")


def test_the_inputs_stay_as_they_are(device):
    probs = torch.tensor([[0.25, 0.75], [0.5, 0.5], [1.0, 0.0]], device=device)
    targets = torch.tensor([1, 0, 1], device=device)
    with unchanged(probs, targets):
        pick(probs, targets)


def test_beats_multiplying(race, generator):
    race(*multiplication(generator, rows=1_000, classes=1_000), at_least=10)


@pytest.mark.parametrize("classes", [10, 1_000, 10_000])
def test_benchmark(bench, device, generator, classes):
    bench(*multiplication(generator, rows=1_000, classes=classes, device=device))


def multiplication(generator, rows, classes, device="cpu"):
    """The way by multiplying, picked, and a function that draws the arguments of both.

    The targets are always the same, so that the table need not be made while a clock runs.
    """
    targets = torch.randint(classes, (rows,), generator=generator).to(device)
    table = one_hot(targets, classes).float()

    def multiply_and_sum(probs, targets):
        return (probs * table).sum(1)

    def inputs():
        return torch.rand(rows, classes, generator=generator).to(device), targets

    return multiply_and_sum, picked, inputs


def counted(device, *, rows, classes):
    probs = torch.ones(rows, classes, device=device)
    targets = torch.arange(rows, device=device) % classes
    with count(device) as counts:
        pick(probs, targets)
    return counts


def pick(probs, targets):
    """The learner's values at targets that are all there."""
    rows, classes = probs.shape
    return answer_of(
        lambda: picked(probs, targets),
        f"{rows} rows of {classes} classes, each with a target, give {rows} values "
        "(does the row come first, then the class?)",
    )


def assert_past_the_end(targets, which):
    probs = torch.tensor([[0.1, 0.2, 0.7], [0.5, 0.25, 0.25], [0.0, 1.0, 0.0]])
    try:
        got = picked(probs, torch.tensor(targets))
    except NotImplementedError:
        raise
    except (IndexError, RuntimeError):
        return
    pytest.fail(f"{which} is past the last of 3 classes: expected an error, got {got}")
