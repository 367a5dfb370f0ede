"""When should softmax be used, and when not?

A picture may hold one thing of several, or any number of them, none included. The logits look the
same.
"""

from jaxtyping import Bool, Float, Int64
from torch import Tensor

from dojo import alternative, misconception

__all__ = ["any_of", "one_of"]


def one_of(
    logits: Float[Tensor, "items classes"],
) -> tuple[Int64[Tensor, " items"], Float[Tensor, " items"]]:
    """Choose one class for each item, where exactly one is right; return classes, probabilities.

    The classes of an item compete: their probabilities add up to 1, and the same number added to
    all logits of an item changes none of them. The first tensor holds the index of the most
    probable class, as int64, the second its probability, in the dtype of logits. Where several
    classes are equally probable, the index of any of them will do.

    There may be no items; there is at least one class. Logits are finite and may be large, 1,000
    and -1,000 included. Both results are on the device of logits, which are left as they are.
    """
    probabilities, classes = logits.softmax(dim=1).max(dim=1)
    return classes, probabilities


def any_of(
    logits: Float[Tensor, "items classes"], threshold: float = 0.5
) -> Bool[Tensor, "items classes"]:
    """Tell for each class of each item whether it is there, where any number of them may be.

    Each class is a question of its own, answered yes or no: its probability, which its own logit
    alone determines, is to be above the threshold, and not merely equal to it. threshold is a
    probability, more than 0 and less than 1. An item may have no class, several, or all.

    All else is as for one_of.
    """
    return logits.sigmoid() > threshold


HINTS = (
    "Add 7 to all logits of an item. Is it now surer that something is there, or is nothing "
    "changed? The answer is not the same for the two functions.",
    "softmax makes the classes of an item share a probability of 1. sigmoid turns each logit into "
    "the probability of a yes.",
    "logits.softmax(dim=1).max(dim=1) has the probabilities and the classes, in that order; "
    "logits.sigmoid() > threshold is the other answer.",
)
ANSWER = """
Use softmax where exactly one class is right: the digit in a picture, the next word. It can only
share out a probability of 1, so it has to name something, and names it with confidence even where
every logit is far below 0: (-10, -5, -10) gives class 1 with 0.987. Where there may be none, or
several, use a sigmoid for each class, and train with binary cross-entropy.

With softmax, two things that are plainly there split the probability between them, and which of
them passes 0.5 is a matter of little; no threshold repairs that, since a logit that all classes
share is lost. And mind where the threshold belongs: it is a probability, and a logit of 0.3 is one
of 0.57. A sigmoid has the converse weakness: nothing in it says that one class rules out another.
The largest logit is the largest in both, until float32 rounds several sigmoids to 1, so accuracy
hardly tells which was used. Probabilities do.
"""


@alternative(replaces="one_of")
def picks_by_the_logits(logits):
    classes = logits.argmax(1)
    probabilities = logits.softmax(1)
    return classes, probabilities.gather(1, classes.unsqueeze(1)).squeeze(1)


@alternative(replaces="one_of")
def takes_the_last_of_equals(logits):
    probabilities = logits.softmax(1)
    classes = logits.shape[1] - 1 - probabilities.flip(1).argmax(1)
    return classes, probabilities.amax(1)


@alternative(replaces="one_of")
def divides_by_the_sum(logits):
    largest, classes = logits.max(1)
    others = (logits - largest.unsqueeze(1)).exp().sum(1)
    return classes, 1 / others


@alternative(replaces="one_of")
def subtracts_logsumexp(logits):
    log_probs = logits.log_softmax(-1)
    best = log_probs.topk(1, dim=-1)
    return best.indices[:, 0], best.values[:, 0].exp()


@alternative(replaces="any_of")
def writes_the_sigmoid_out(logits, threshold=0.5):
    return 1 / (1 + (-logits).exp()) > threshold


@alternative(replaces="any_of")
def moves_the_threshold(logits, threshold=0.5):
    from math import log

    return logits > log(threshold / (1 - threshold))


@alternative(replaces="any_of")
def weighs_yes_against_no(logits, threshold=0.5):
    import torch

    both = torch.stack((logits, torch.zeros_like(logits)), dim=-1)
    return both.softmax(-1)[..., 0].gt(threshold)


@misconception(
    caught_by=("test_both_of_two_things_are_found", "test_7_more_on_every_logit_finds_something"),
    replaces="any_of",
)
def shares_out_one_probability(logits, threshold=0.5):
    "softmax gives probabilities, and a threshold makes several labels of them."
    return logits.softmax(1) > threshold


@misconception(caught_by="test_the_threshold_is_a_probability", replaces="any_of")
def compares_logits(logits, threshold=0.5):
    "A logit is a score, and the score is to be above the threshold."
    return logits > threshold


@misconception(caught_by="test_both_of_two_things_are_found", replaces="any_of")
def keeps_only_the_best(logits, threshold=0.5):
    "Of the classes above the threshold the most probable is the answer."
    return _best(logits) & (logits.sigmoid() > threshold)


@misconception(caught_by="test_nothing_found_is_no_class", replaces="any_of")
def always_keeps_the_best(logits, threshold=0.5):
    "Each item is something, so its best class stays, whatever its probability."
    return _best(logits) | (logits.sigmoid() > threshold)


@misconception(caught_by="test_the_threshold_moves_the_line", replaces="any_of")
def asks_for_positive_logits(logits, threshold=0.5):
    "A class is there if its logit is above 0."
    return logits > 0


@misconception(caught_by="test_equal_to_the_threshold_is_not_above_it", replaces="any_of")
def takes_equals_too(logits, threshold=0.5):
    "At the threshold is as good as above it."
    return logits.sigmoid() >= threshold


@misconception(caught_by="test_yes_or_no_is_a_boolean", replaces="any_of")
def answers_in_zeros_and_ones(logits, threshold=0.5):
    "A label is 0 or 1, so it is a whole number."
    return (logits.sigmoid() > threshold).long()


@misconception(caught_by="test_both_of_two_things_are_found", replaces="any_of")
def lets_yes_answers_share(logits, threshold=0.5):
    "Probabilities of an item must add up to 1, those of a sigmoid too."
    yes = logits.sigmoid()
    return yes / yes.sum(1, keepdim=True) > threshold


@misconception(caught_by="test_the_other_classes_have_no_say", replaces="any_of")
def compares_with_the_item_mean(logits, threshold=0.5):
    "A logit says something only beside the other logits of its item."
    return (logits - logits.mean(1, keepdim=True)).sigmoid() > threshold


@misconception(caught_by="test_an_item_alone_gets_the_same", replaces="any_of")
def compares_with_the_batch(logits, threshold=0.5):
    "A logit is high if it is higher than that of other items."
    if not len(logits):
        return logits > threshold
    return (logits - logits.mean(0)).sigmoid() > threshold


@misconception(caught_by="test_nothing_found_is_no_class", replaces="any_of")
def applies_the_sigmoid_twice(logits, threshold=0.5):
    "One sigmoid too many does no harm, since the order stays."
    return logits.sigmoid().sigmoid() > threshold


@misconception(caught_by="test_a_higher_threshold_finds_no_more", replaces="any_of")
def asks_how_sure_the_no_is(logits, threshold=0.5):
    "A class is left out only where its absence is more probable than the threshold."
    return (-logits).sigmoid() < threshold


@misconception(
    caught_by=(
        "test_nothing_found_still_gets_a_class",
        "test_of_two_classes_the_difference_counts",
    ),
    replaces="one_of",
)
def scores_by_sigmoid(logits):
    "A sigmoid makes probabilities of logits, here as anywhere."
    probabilities, classes = logits.sigmoid().max(1)
    return classes, probabilities


@misconception(caught_by="test_the_surest_of_several_sure_ones", replaces="one_of")
def picks_by_sigmoid(logits):
    "sigmoid keeps the order, so the best class may be read off either."
    return logits.sigmoid().argmax(1), logits.softmax(1).amax(1)


@misconception(caught_by="test_two_things_share_a_probability_of_1", replaces="one_of")
def divides_sigmoids_by_their_sum(logits):
    "What makes probabilities add up to 1 is a division by their sum."
    yes = logits.sigmoid()
    probabilities, classes = (yes / yes.sum(1, keepdim=True)).max(1)
    return classes, probabilities


@misconception(caught_by="test_an_item_alone_gets_the_same", replaces="one_of")
def goes_along_the_items(logits):
    "softmax goes along the first axis."
    probabilities, classes = logits.softmax(0).max(1)
    return classes, probabilities


@misconception(caught_by="test_classes_come_first_and_probabilities_second", replaces="one_of")
def returns_what_max_returns(logits):
    "max gives the class and its probability, in that order."
    return tuple(logits.softmax(1).max(1))


@misconception(caught_by="test_nothing_found_still_gets_a_class", replaces="one_of")
def returns_the_logit(logits):
    "The largest output is the probability of its class."
    probabilities, classes = logits.max(1)
    return classes, probabilities


@misconception(caught_by="test_large_logits_have_probabilities", replaces="one_of")
def sums_exponentials(logits):
    "softmax is exp divided by the sum of exp, and may be written so."
    shares = logits.exp() / logits.exp().sum(1, keepdim=True)
    return logits.argmax(1), shares.amax(1)


@misconception(caught_by="test_nothing_found_still_gets_a_class", replaces="one_of")
def says_none_where_logits_are_low(logits):
    "Where every logit is negative there is nothing, and -1 says so."
    probabilities, classes = logits.softmax(1).max(1)
    return classes.masked_fill((logits < 0).all(1), -1), probabilities


@misconception(caught_by="test_equal_logits_share_equally", replaces="one_of")
def says_none_where_no_class_has_half(logits):
    "A class that is not above 0.5 is no answer, and -1 says so."
    probabilities, classes = logits.softmax(1).max(1)
    return classes.masked_fill(probabilities <= 0.5, -1), probabilities


@misconception(caught_by="test_two_things_share_a_probability_of_1", replaces="one_of")
def weighs_best_against_second(logits):
    "Only the two best classes compete."
    two = logits.topk(min(2, logits.shape[1]), dim=1)
    return two.indices[:, 0], two.values.softmax(1)[:, 0]


@misconception(caught_by="test_a_batch_of_any_size_stays_a_batch", replaces="one_of")
def squeezes_the_result(logits):
    "A result for one item is one number."
    probabilities, classes = logits.softmax(1).max(1)
    return classes.squeeze(), probabilities.squeeze()


@misconception(caught_by="test_a_class_is_an_int64_index", replaces="one_of")
def counts_classes_in_int32(logits):
    "There are never so many classes that int32 would not do."
    probabilities, classes = logits.softmax(1).max(1)
    return classes.int(), probabilities


@misconception(caught_by="test_probabilities_keep_the_dtype", replaces="one_of")
def works_in_float32(logits):
    "Probabilities are float32."
    probabilities, classes = logits.float().softmax(1).max(1)
    return classes, probabilities


@misconception(caught_by="test_the_logits_stay_as_they_are", replaces="one_of")
def shifts_in_place(logits):
    "softmax does not notice a shift, so logits can be shifted where they are."
    logits -= logits.amax(1, keepdim=True)
    probabilities, classes = logits.softmax(1).max(1)
    return classes, probabilities


@misconception(caught_by="test_any_of_leaves_its_logits", replaces="any_of")
def squashes_in_place(logits, threshold=0.5):
    "sigmoid_ saves memory, and logits are not needed any more."
    return logits.sigmoid_() > threshold


@misconception(caught_by="test_a_class_is_an_index_not_a_row", replaces="one_of")
def marks_the_best(logits):
    "The class of an item is a row with True at the best."
    return _best(logits), logits.softmax(1).amax(1)


def _best(logits):
    classes = logits.argmax(1, keepdim=True)
    return logits.gather(1, classes) == logits
