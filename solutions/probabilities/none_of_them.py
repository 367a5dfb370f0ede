"""How do you treat items that belong to none of the classes?

Ask about each class by itself, so that every answer can be no, and learn from items of none.
"""

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn.functional import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    logsigmoid,
    softplus,
)

from dojo import alternative, misconception

__all__ = ["binary_loss", "predict"]


def binary_loss(
    logits: Float[Tensor, "items classes"], labels: Int64[Tensor, " items"]
) -> Float[Tensor, ""]:
    """Return the mean binary cross-entropy, over all items and all classes.

    Each logit answers a question of its own: is this item of this class? A label from 0 to
    classes - 1 says yes to one class and no to the others; the label -1, none of them, says no to
    all. There is at least one item and one class. Logits as large as 1,000 and -1,000 give a finite
    loss, the exact one, and finite gradients. A test trains on 700 items for 200 steps: a loop over
    the items would be too slow. The result is of rank 0, and of the dtype, float32 or float64, and
    on the device of logits. Logits and labels are left as they are.
    """
    return binary_cross_entropy_with_logits(logits, _table(labels, logits))


def predict(
    logits: Float[Tensor, "items classes"], threshold: float = 0.5
) -> Int64[Tensor, " items"]:
    """Return each item's best class, or -1 where its probability is not above the threshold.

    The best class is the one with the largest logit, by however little; its probability is the
    answer to its own question, whatever the other classes' logits are. threshold lies between 0 and
    1. One class is enough; no items give an empty answer. The result is on the device of logits,
    which are left as they are.
    """
    best, classes = logits.max(dim=1)
    return classes.where(best.sigmoid() > threshold, -1)


def _table(labels: Tensor, logits: Tensor) -> Tensor:
    """1 where an item is of a class, else 0: a row of zeros for none."""
    classes = torch.arange(logits.shape[1], device=logits.device)
    return (labels[:, None] == classes).to(logits.dtype)


HINTS = (
    "A softmax divides a probability of 1 among the classes, so it cannot say no to all of them. "
    "What could?",
    "A target for each item and each class: 1 or 0. What is the row of an item of none? For "
    "predict, look at the probability of the best class alone.",
    "binary_cross_entropy_with_logits of a table, labels[:, None] == torch.arange(classes); then "
    "logits.max(dim=1), and -1 unless the sigmoid of the best is above the threshold.",
)
ANSWER = """
Give each class a question of its own, with a sigmoid and binary cross-entropy, and an item of none
a row of zeros: no to every question. A softmax has to share out a probability of 1, so it always
names something. Beware of -1 as a label: as an index it is the last class, without a word.

It is often said that sigmoids are all it takes to find strangers. They are not. Trained on digits 3
and 7 alone, such a model calls nearly every 0, 1, 2 or 4 a 3 or a 7, because it was never asked to
say no to both. With examples of none among its training data it says none to nearly all of them,
and to about 70% of digits of kinds that it never saw: better, and far from safe.

A class more, named "other", in a softmax can do the job as well. It has to gather everything else
there is under one logit, and it can't say that two classes are present at once.
"""


@alternative(replaces="binary_loss")
def softplus_less_the_named(logits, labels):
    named = logits.gather(1, labels.clamp(min=0)[:, None]).squeeze(1)
    gain = torch.where(labels >= 0, named, torch.zeros_like(named))
    return (softplus(logits).sum() - gain.sum()) / logits.numel()


@alternative(replaces="binary_loss")
def turns_the_sign_of_the_named(logits, labels):
    signs = 1 - 2 * _table(labels, logits)
    return -logsigmoid(-signs * logits).mean()


@alternative(replaces="binary_loss")
def drops_a_column_of_none(logits, labels):
    from torch.nn.functional import one_hot

    table = one_hot(labels + 1, logits.shape[1] + 1)[:, 1:]
    return binary_cross_entropy_with_logits(logits, table.to(logits))


@alternative(replaces="predict")
def adds_none_as_a_first_column(logits, threshold=0.5):
    none = torch.full_like(logits[:, :1], threshold).logit()
    return torch.cat([none, logits], dim=1).argmax(dim=1) - 1


@alternative(replaces="predict")
def looks_at_all_probabilities(logits, threshold=0.5):
    found = (logits.sigmoid() > threshold).any(dim=1)
    classes = logits.argmax(dim=1)
    classes[~found] = -1
    return classes


@alternative(replaces="predict")
def sorts_the_classes(logits, threshold=0.5):
    order = logits.argsort(dim=1, descending=True)[:, :1]
    best = logits.gather(1, order).sigmoid()
    return torch.where(best <= threshold, torch.full_like(order, -1), order)[:, 0]


@misconception(
    caught_by=("test_none_says_no_to_the_last_class", "test_strangers_are_told_from_the_classes"),
    replaces="binary_loss",
)
def minus_1_is_an_index(logits, labels):
    "Writing 1 at [item, label] leaves the row of -1 empty."
    table = torch.zeros_like(logits)
    table[torch.arange(len(labels), device=logits.device), labels] = 1
    return binary_cross_entropy_with_logits(logits, table)


@misconception(
    caught_by=("test_none_says_no_to_every_class", "test_none_says_no_to_the_first_class"),
    replaces="binary_loss",
)
def none_is_the_first_class(logits, labels):
    "Labels have to start at 0, so -1 is raised to it."
    return binary_cross_entropy_with_logits(logits, _table(labels.clamp(min=0), logits))


@misconception(
    caught_by=("test_a_recognised_stranger_counts", "test_a_batch_of_none_only_has_a_loss"),
    replaces="binary_loss",
)
def leaves_none_out(logits, labels):
    "An item without a class has nothing to teach."
    known = labels >= 0
    return binary_cross_entropy_with_logits(logits[known], _table(labels[known], logits))


@misconception(caught_by="test_none_says_no_to_every_class", replaces="binary_loss")
def none_costs_nothing(logits, labels):
    "Whatever the model says about an item of none, it can't be wrong."
    losses = binary_cross_entropy_with_logits(logits, _table(labels, logits), reduction="none")
    return torch.where(labels[:, None] >= 0, losses, torch.zeros_like(losses)).mean()


@misconception(
    caught_by=("test_all_logits_0_cost_log_2_each", "test_none_says_no_to_every_class"),
    replaces="binary_loss",
)
def softmax_that_ignores_none(logits, labels):
    "cross_entropy has ignore_index for labels that are no class."
    return cross_entropy(logits, labels, ignore_index=-1, reduction="sum") / len(labels)


@misconception(
    caught_by=("test_all_logits_0_cost_log_2_each", "test_each_class_is_asked_by_itself"),
    replaces="binary_loss",
)
def none_is_a_class_of_the_softmax(logits, labels):
    "None is one more class beside the others, with the logit 0."
    logits = torch.cat([torch.zeros_like(logits[:, :1]), logits], dim=1)
    return cross_entropy(logits, labels + 1)


@misconception(
    caught_by=("test_a_named_item_says_no_to_the_others", "test_one_class_is_enough"),
    replaces="binary_loss",
)
def softmax_then_binary(logits, labels):
    "A softmax turns logits into probabilities, whatever the loss is."
    logs = logits.log_softmax(dim=1)
    no = (1 - logs.exp()).clamp(min=torch.finfo(logits.dtype).tiny).log()
    return -torch.where(_table(labels, logits) == 1, logs, no).mean()


@misconception(caught_by="test_a_named_item_says_no_to_the_others", replaces="binary_loss")
def others_are_not_asked(logits, labels):
    "An item that has a class is asked about this class only."
    table = _table(labels, logits)
    losses = binary_cross_entropy_with_logits(logits, table, reduction="none")
    return (losses * ((table == 1) | (labels[:, None] < 0))).mean()


@misconception(caught_by="test_none_says_no_to_every_class", replaces="binary_loss")
def none_is_half_of_each(logits, labels):
    "Of an item of none one should be unsure: 0.5 for every class."
    table = _table(labels, logits).where(labels[:, None] >= 0, 0.5)
    return binary_cross_entropy_with_logits(logits, table)


@misconception(
    caught_by=("test_sure_and_right_costs_nothing", "test_sure_and_wrong_costs_its_logit"),
    replaces="binary_loss",
)
def log_of_a_rounded_0(logits, labels):
    "The logarithm of a sigmoid is torch.log of torch.sigmoid."
    table, p = _table(labels, logits), logits.sigmoid()
    return -(table * p.log() + (1 - table) * (1 - p).log()).mean()


@misconception(caught_by="test_sure_and_wrong_costs_its_logit", replaces="binary_loss")
def an_epsilon_in_the_log(logits, labels):
    "1e-7 inside the logarithm makes it safe and changes nothing."
    table, p = _table(labels, logits), logits.sigmoid()
    return -(table * (p + 1e-7).log() + (1 - table) * (1 - p + 1e-7).log()).mean()


@misconception(
    caught_by=(
        "test_sure_and_wrong_costs_its_logit",
        "test_sure_and_wrong_has_a_gradient",
    ),
    replaces="binary_loss",
)
def the_loss_without_logits(logits, labels):
    "binary_cross_entropy of the sigmoid is the same, and shorter to explain."
    from torch.nn.functional import binary_cross_entropy

    return binary_cross_entropy(logits.sigmoid(), _table(labels, logits))


@misconception(caught_by="test_all_logits_0_cost_log_2_each", replaces="binary_loss")
def sums_over_the_classes(logits, labels):
    "An item's loss is the sum over its classes, and the mean is over items."
    return binary_cross_entropy_with_logits(logits, _table(labels, logits)) * logits.shape[1]


@misconception(
    caught_by=("test_items_of_none_count_in_the_mean", "test_it_is_the_loss_of_a_table"),
    replaces="binary_loss",
)
def half_for_none(logits, labels):
    "Items of none and items of a class weigh the same as groups."
    none, table = labels < 0, _table(labels, logits)
    parts = [
        binary_cross_entropy_with_logits(logits[part], table[part])
        for part in (none, ~none)
        if part.any()
    ]
    return torch.stack(parts).mean()


@misconception(caught_by="test_the_loss_is_of_the_logits_dtype", replaces="binary_loss")
def computes_in_float32(logits, labels):
    "A loss is a float32."
    logits = logits.float()
    return binary_cross_entropy_with_logits(logits, _table(labels, logits))


@misconception(caught_by="test_gradients_are_those_of_a_table", replaces="binary_loss")
def keeps_no_graph(logits, labels):
    "The loss is a number to look at."
    return binary_cross_entropy_with_logits(logits.detach(), _table(labels, logits))


@misconception(caught_by="test_logits_and_labels_stay_as_they_are", replaces="binary_loss")
def clears_labels_in_place(logits, labels):
    "The -1s have done their work once it is known where they are."
    none = labels < 0
    table = _table(labels.clamp_(min=0), logits) * ~none[:, None]
    return binary_cross_entropy_with_logits(logits, table)


@misconception(
    caught_by=("test_an_unlikely_class_is_not_named", "test_one_class_may_be_refused"),
    replaces="predict",
)
def always_names_one(logits, threshold=0.5):
    "The prediction is the largest logit's class."
    return logits.argmax(dim=1)


@misconception(
    caught_by=("test_none_is_said_where_no_class_is_likely", "test_classes_do_not_compete"),
    replaces="predict",
)
def softmax_above_a_threshold(logits, threshold=0.5):
    "A softmax below the threshold means none of them."
    best, classes = logits.softmax(dim=1).max(dim=1)
    return classes.where(best > threshold, -1)


@misconception(caught_by="test_the_threshold_is_a_probability", replaces="predict")
def threshold_on_the_logit(logits, threshold=0.5):
    "A logit of 0.5 is as likely as not."
    best, classes = logits.max(dim=1)
    return classes.where(best > threshold, -1)


@misconception(caught_by="test_another_threshold_is_heeded", replaces="predict")
def always_a_half(logits, threshold=0.5):
    "A positive logit is a yes."
    best, classes = logits.max(dim=1)
    return classes.where(best > 0, -1)


@misconception(caught_by="test_at_the_threshold_it_is_none", replaces="predict")
def at_the_threshold_it_is_named(logits, threshold=0.5):
    "At the threshold is above it."
    best, classes = logits.max(dim=1)
    return classes.where(best.sigmoid() >= threshold, -1)


@misconception(caught_by="test_the_surest_of_several_sure_ones", replaces="predict")
def best_of_rounded_probabilities(logits, threshold=0.5):
    "The sigmoid rises, so the largest probability is that of the largest logit."
    best, classes = logits.sigmoid().max(dim=1)
    return classes.where(best > threshold, -1)


@misconception(
    caught_by=("test_the_best_class_is_named", "test_the_surest_of_several_sure_ones"),
    replaces="predict",
)
def first_above_the_threshold(logits, threshold=0.5):
    "The class is the one above the threshold."
    above = logits.sigmoid() > threshold
    return above.int().argmax(dim=1).where(above.any(dim=1), -1)


@misconception(caught_by="test_classes_do_not_compete", replaces="predict")
def two_are_too_many(logits, threshold=0.5):
    "An item to which two classes say yes is of neither."
    above = logits.sigmoid() > threshold
    return logits.argmax(dim=1).where(above.sum(dim=1) == 1, -1)


@misconception(caught_by="test_each_item_is_judged_by_itself", replaces="predict")
def all_or_none(logits, threshold=0.5):
    "If something is found in the batch, the best classes can be named."
    classes = logits.argmax(dim=1)
    return classes if (logits.sigmoid() > threshold).any() else torch.full_like(classes, -1)


@misconception(caught_by="test_none_is_said_where_no_class_is_likely", replaces="predict")
def none_is_one_more_class(logits, threshold=0.5):
    "None comes after the last class."
    best, classes = logits.max(dim=1)
    return classes.where(best.sigmoid() > threshold, logits.shape[1])


@misconception(caught_by="test_the_answer_has_one_number_an_item", replaces="predict")
def of_the_dtype_of_logits(logits, threshold=0.5):
    "What is computed from floats is floats."
    best, classes = logits.max(dim=1)
    return torch.where(best.sigmoid() > threshold, classes.to(logits.dtype), -1.0)


@misconception(caught_by="test_the_answer_has_one_number_an_item", replaces="predict")
def keeps_the_axis(logits, threshold=0.5):
    "The axis of classes becomes an axis of one class."
    best, classes = logits.max(dim=1, keepdim=True)
    return classes.where(best.sigmoid() > threshold, -1)


@misconception(
    caught_by=("test_no_items_give_no_classes", "test_the_answer_has_one_number_an_item"),
    replaces="predict",
)
def squeezes(logits, threshold=0.5):
    "squeeze() takes the axis of classes away."
    best, classes = logits.max(dim=1, keepdim=True)
    classes = classes.where(best.sigmoid() > threshold, -1).squeeze()
    return classes if len(logits) else torch.full((1,), -1, device=logits.device)


@misconception(caught_by="test_logits_and_labels_stay_as_they_are", replaces="predict")
def probabilities_in_place(logits, threshold=0.5):
    "The logits are not needed once the classes are known."
    classes = logits.argmax(dim=1)
    return classes.where(logits.sigmoid_().amax(dim=1) > threshold, -1)
