"""For the probability of each row's true class: multiply by a one-hot table and sum, or index?

And which of the two is faster?
"""

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn.functional import nll_loss, one_hot

from dojo import alternative, misconception

__all__ = ["picked"]


def picked(
    probs: Float[Tensor, "batch classes"], targets: Int64[Tensor, " batch"]
) -> Float[Tensor, " batch"]:
    """Return for each row the value at its target, probs[i, targets[i]], as it is.

    Targets count from 0 and are on the device of probs. The batch may be of any size, 0 included,
    and probs need not be contiguous. dtype and device stay, gradients flow back to probs, and the
    inputs are left as they are. A target past the last class raises IndexError or RuntimeError, as
    torch's own functions do; that is tested on the CPU alone.

    However many classes there are, no new tensor of the forward pass holds more than 4 numbers a
    row, and however many rows, the number of operations is the same. The host never waits for the
    device: no loop over targets.tolist(), no boolean mask. On the CPU, with 1,000 rows of 1,000
    classes, it is more than 10 times as fast as multiplying by a one-hot table made beforehand.
    """
    return probs.gather(1, targets[:, None]).squeeze(1)


HINTS = (
    "A one-hot row keeps one number and multiplies all others by 0. What would you write for one "
    "row alone?",
    "Two index tensors of one shape are walked side by side: t[[0, 1], [5, 7]] takes t[0, 5] and "
    "t[1, 7].",
    "The rows are torch.arange(len(targets)), the columns targets. gather along axis 1 does it "
    "without the rows, with an axis to add to targets before, and to drop after.",
)
ANSWER = """
Both give the same numbers. Indexing reads one number a row; multiplying reads the whole row, writes
it again and adds it up, to keep one number of it. With 1,000 rows of 1,000 classes on one thread of
a CPU, two index tensors were 25 to 60 times as fast, and gather 38 to 88 times, even where the
table is at hand; with 10,000 classes it was 1,500 times and more.

Indexing is not always faster. With 10 classes the two take about as long (0.6 to 1.1 times the
speed was measured for two index tensors, 1.6 for gather), and a GPU multiplies a million numbers in
about the time that it takes to launch anything at all. What always holds is that the cost of
indexing does not grow with the classes, in time or in memory: for 4,096 words out of 50,000 the
table alone would take 0.8 GB. This is how cross-entropy finds the probability of the right class.
The ways to index differ in what they refuse: probs[arange, targets] takes -1 for the last class,
gather refuses it, and take_along_dim (in torch 2.13) also takes a target past the end, and begins
again at class 0.
"""


@alternative
def numbers_the_rows(probs, targets):
    rows = torch.arange(len(targets), device=probs.device)
    return probs[rows, targets]


@alternative
def keeps_the_row_numbers_on_the_cpu(probs, targets):
    return probs[torch.arange(probs.shape[0]), targets]


@alternative
def borrows_the_loss_that_does_it(probs, targets):
    return -nll_loss(probs, targets, reduction="none")


@misconception(caught_by="test_each_row_gives_the_value_at_its_target")
def takes_the_targets_of_all_rows(probs, targets):
    "probs[:, targets] goes down the rows and takes one target in each."
    return probs[:, targets]


@misconception(caught_by="test_each_row_gives_the_value_at_its_target")
def picks_along_the_rows(probs, targets):
    "The target comes first, then the number of the example."
    # % keeps each index in its axis: on CUDA one past the end would end the process's work there.
    columns = torch.arange(len(targets), device=probs.device) % probs.shape[1]
    return probs[targets % max(1, len(probs)), columns]


@misconception(caught_by="test_each_row_gives_the_value_at_its_target")
def keeps_the_axis(probs, targets):
    "gather gives one number a row, and that is it."
    return probs.gather(1, targets[:, None])


@misconception(caught_by="test_each_row_gives_the_value_at_its_target")
def takes_the_largest(probs, targets):
    "The largest probability of a row is that of its class."
    return probs.amax(1)


@misconception(caught_by="test_each_row_gives_the_value_at_its_target")
def adds_up_the_batch(probs, targets):
    "Multiply and sum: what is left is one number."
    return _indexed(probs, targets).sum()


@misconception(caught_by="test_values_that_are_no_probabilities_come_as_they_are")
def makes_probabilities_first(probs, targets):
    "Rows must add up to 1 before anything is picked."
    return _indexed(probs / probs.detach().sum(1, keepdim=True), targets)


@misconception(caught_by="test_a_batch_of_one_stays_a_batch")
def squeezes(probs, targets):
    "squeeze() takes the axis that gather leaves over."
    return probs.gather(1, targets[:, None]).squeeze()


@misconception(caught_by="test_the_dtype_stays")
def computes_in_float32(probs, targets):
    "Torch's numbers are float32."
    return _indexed(probs, targets).float()


@misconception(caught_by="test_a_transposed_table_gives_the_same")
def reads_one_row_after_the_other(probs, targets):
    "A table lies in memory row by row, so target t of row i is number i * classes + t."
    batch, classes = probs.shape
    flat = probs.as_strided((batch * classes,), (1,))
    return flat.gather(0, _places(targets, classes))


@misconception(caught_by="test_gradients_flow_to_the_values_picked")
def detaches(probs, targets):
    "Reading a number out of a table needs no gradient."
    return _indexed(probs.detach(), targets)


@misconception(caught_by=("test_no_new_tensor_grows_with_the_classes", "test_beats_multiplying"))
def multiplies_by_a_one_hot_table(probs, targets):
    "Multiplying by 0 costs nothing, and a sum over the classes does the rest."
    return (probs * one_hot(targets, probs.shape[1])).sum(1).to(probs.dtype)


@misconception(caught_by="test_no_new_tensor_grows_with_the_classes")
def compares_with_the_class_numbers(probs, targets):
    "A comparison makes no table."
    classes = torch.arange(probs.shape[1], device=probs.device)
    return probs.where(targets[:, None] == classes, 0).sum(1)


@misconception(caught_by="test_no_new_tensor_is_rows_by_rows")
def takes_the_diagonal(probs, targets):
    "probs[:, targets] holds what is wanted on its diagonal, and the rest is free."
    return probs[:, targets].diagonal()


@misconception(caught_by="test_nothing_waits_for_the_device")
def asks_a_mask(probs, targets):
    "A mask picks one number a row, so it is an index like any other."
    classes = torch.arange(probs.shape[1], device=probs.device)
    return probs[targets[:, None] == classes]


@misconception(caught_by=("test_nothing_waits_for_the_device", "test_beats_multiplying"))
def loops_over_the_targets(probs, targets):
    "Going from row to row touches the fewest numbers, so it is the fastest."
    numbers = [row[target] for row, target in zip(probs, targets.tolist(), strict=True)]
    return torch.stack(numbers) if numbers else probs.new_zeros(0)


@misconception(
    caught_by=("test_the_work_does_not_grow_with_the_rows", "test_a_batch_of_none_stays_a_batch")
)
def loops_without_waiting(probs, targets):
    "A loop is fine as long as it reads nothing out of torch."
    rows = zip(probs, targets[:, None], strict=True)
    return torch.cat([row.gather(0, target) for row, target in rows])


@misconception(caught_by="test_gradients_flow_to_the_values_picked")
def makes_a_new_tensor_of_the_numbers(probs, targets):
    "torch.tensor of the right numbers is the right tensor."
    rows = zip(probs.tolist(), targets.tolist(), strict=True)
    return probs.new_tensor([row[target] for row, target in rows])


@misconception(caught_by="test_a_target_past_the_last_class_is_refused")
def wraps_round(probs, targets):
    "Past the last class the count begins again at the first."
    return probs.gather(1, targets[:, None] % probs.shape[1]).squeeze(1)


@misconception(caught_by="test_a_target_does_not_run_into_the_next_row")
def runs_into_the_next_row(probs, targets):
    "take counts through the whole table, and will notice when a target is too large."
    return probs.take(_places(targets, probs.shape[1]))


@misconception(caught_by="test_the_inputs_stay_as_they_are")
def adds_the_axis_in_place(probs, targets):
    "targets.unsqueeze_(1) gives gather its second axis and costs nothing."
    return probs.gather(1, targets.unsqueeze_(1)).squeeze(1)


@misconception(caught_by="test_the_number_of_classes_is_read_off")
def counts_on_ten_classes(probs, targets):
    "There are ten digits, so there are ten classes."
    places = torch.arange(len(targets), device=probs.device) * 10 + targets
    return probs.flatten().gather(0, places % max(1, probs.numel()))


@misconception(caught_by="test_each_row_gives_the_value_at_its_target", only_on="accelerator")
def counts_on_the_cpu(probs, targets):
    "arange belongs to no device until somebody uses it."
    places = torch.arange(len(targets)) * probs.shape[1] + targets
    return probs.flatten().gather(0, places)


def _indexed(probs, targets):
    return probs[torch.arange(len(targets), device=probs.device), targets]


def _places(targets, classes):
    return torch.arange(len(targets), device=targets.device) * classes + targets
