"""When does a model overfit?

Not when it does better on what it has seen: that is always so. Look for the turn.
"""

from collections.abc import Sequence

from dojo import alternative, misconception

__all__ = ["overfits_from"]


def overfits_from(
    train_losses: Sequence[float], valid_losses: Sequence[float], patience: int
) -> int | None:
    """Return the epoch from which on the model overfits, or None if it does not.

    Both sequences have a loss for each epoch, which count from 0, and are equally long; they are
    left as they are. The epoch asked for is a turning point of the validation loss, the first that
    all of this holds for:

    - No epoch before it has a lower validation loss.
    - The rise behind it lasts longer than the patience: in each of the patience + 1 epochs that
      follow it, which must all be there, the validation loss is above its own. Whether it goes up
      and down among them does not matter. One that is just as low is no rise.
    - Training goes on: its loss is lower in the last of these epochs than at the turning point,
      whatever it is between them. If both losses rise, the model diverges, and does not overfit.

    patience, 0 or more, is how many epochs of a rise are put up with as noise; with 0 the first
    rise counts.
    """
    for epoch in range(len(valid_losses) - patience - 1):
        last = epoch + patience + 1
        lowest = valid_losses[epoch] == min(valid_losses[: epoch + 1])
        rises = min(valid_losses[epoch + 1 : last + 1]) > valid_losses[epoch]
        if lowest and rises and train_losses[last] < train_losses[epoch]:
            return epoch
    return None


HINTS = (
    "Draw two losses by hand: one pair that overfits, one that diverges, one with a bump. Which "
    "epoch would you go back to, and at which epoch do you know it?",
    "For each epoch that has patience + 1 epochs behind it, ask three questions: is it the lowest "
    "so far, are all of those above it, and has training got lower at the last of them?",
    "for e in range(len(valid) - patience - 1): last = e + patience + 1; valid[e] == "
    "min(valid[:e + 1]), min(valid[e + 1:last + 1]) > valid[e] and train[last] < train[e]: return "
    "e. None at the end.",
)
ANSWER = """
When the validation loss gets worse while the training loss still gets better. A training loss below
the validation loss is no sign of it: a model that learns anything does better on what it has seen,
and stopping there would be far too early.

One bad epoch is no sign either, which is what patience is for; and the answer is the turning point,
not the epoch at which patience ran out, for it is the weights of the turning point that one wants
back. If the training loss rises too, look at the learning rate.

All this is said of the number that you care about. A cross-entropy on validation may rise, as the
model grows too sure of itself, while its error rate still falls; then it is the probabilities that
overfit, and not yet the answers.
"""


def _turns(train, valid, patience, *, low=None, rises=None, falls=None, span=1):
    """The turning points, the parts of the definition changed by those below."""
    low = low or (lambda e: valid[e] <= min(valid[: e + 1]))
    rises = rises or (lambda e, last: all(v > valid[e] for v in valid[e + 1 : last + 1]))
    falls = falls or (lambda e, last: train[last] < train[e])
    for epoch in range(len(valid) - patience - span):
        last = epoch + patience + span
        if low(epoch) and rises(epoch, last) and falls(epoch, last):
            yield epoch


def _first(turns):
    return next(iter(turns), None)


@alternative
def asks_for_the_first_turn(train_losses, valid_losses, patience):
    return _first(_turns(train_losses, valid_losses, patience))


@alternative
def counts_bad_epochs(train_losses, valid_losses, patience):
    best, bad = 0, 0
    for epoch in range(1, len(valid_losses)):
        if valid_losses[epoch] <= valid_losses[best]:
            best, bad = epoch, 0
            continue
        bad += 1
        if bad == patience + 1 and train_losses[epoch] < train_losses[best]:
            return best
    return None


@misconception(caught_by="test_a_gap_is_no_overfitting")
def takes_a_gap_for_it(train_losses, valid_losses, patience):
    "A training loss below the validation loss is overfitting."
    pairs = zip(train_losses, valid_losses, strict=True)
    return next((epoch for epoch, (train, valid) in enumerate(pairs) if train < valid), None)


@misconception(caught_by="test_noise_within_the_patience_is_put_up_with")
def has_no_patience(train_losses, valid_losses, patience):
    "The first rise, however small, is where it begins."
    return _first(_turns(train_losses, valid_losses, 0))


@misconception(caught_by="test_it_is_the_turning_point")
def gives_the_end_of_the_patience(train_losses, valid_losses, patience):
    "It overfits from the epoch at which patience has run out."
    epoch = _first(_turns(train_losses, valid_losses, patience))
    return None if epoch is None else epoch + patience + 1


@misconception(caught_by="test_it_is_the_lowest_and_not_the_first_that_rose")
def gives_the_first_risen_epoch(train_losses, valid_losses, patience):
    "It overfits from the first epoch that is worse."
    epoch = _first(_turns(train_losses, valid_losses, patience))
    return None if epoch is None else epoch + 1


@misconception(caught_by="test_a_zigzag_above_the_lowest_is_a_rise")
def wants_rises_in_a_row(train_losses, valid_losses, patience):
    "A rise goes up from epoch to epoch."

    def rises(epoch, last):
        return all(valid_losses[e] < valid_losses[e + 1] for e in range(epoch, last))

    return _first(_turns(train_losses, valid_losses, patience, rises=rises))


@misconception(caught_by="test_a_recovery_within_the_patience_counts")
def looks_at_the_last_epoch_only(train_losses, valid_losses, patience):
    "If it is worse when patience has run out, it has risen."

    def rises(epoch, last):
        return valid_losses[last] > valid_losses[epoch]

    return _first(_turns(train_losses, valid_losses, patience, rises=rises))


@misconception(caught_by="test_both_rising_is_divergence")
def ignores_training(train_losses, valid_losses, patience):
    "Only validation tells."
    return _first(_turns(train_losses, valid_losses, patience, falls=lambda epoch, last: True))


@misconception(caught_by="test_training_that_stands_still_does_not_go_on")
def is_content_with_no_rise_in_training(train_losses, valid_losses, patience):
    "As long as training does not get worse, it goes on."

    def falls(epoch, last):
        return train_losses[last] <= train_losses[epoch]

    return _first(_turns(train_losses, valid_losses, patience, falls=falls))


@misconception(caught_by="test_training_may_have_a_bump")
def wants_training_to_fall_each_time(train_losses, valid_losses, patience):
    "Training that goes on falls from epoch to epoch."

    def falls(epoch, last):
        return all(train_losses[e + 1] < train_losses[e] for e in range(epoch, last))

    return _first(_turns(train_losses, valid_losses, patience, falls=falls))


@misconception(caught_by="test_lower_is_better")
def takes_the_highest_for_the_best(train_losses, valid_losses, patience):
    "The best epoch is the one with the highest value, as for accuracy."
    turned = [-loss for loss in valid_losses]
    return _first(_turns(train_losses, turned, patience))


@misconception(caught_by="test_too_near_the_end_to_tell")
def takes_the_lowest_of_all(train_losses, valid_losses, patience):
    "The lowest validation loss is the turning point."
    if len(valid_losses) < 2:
        return None
    best = min(range(len(valid_losses)), key=valid_losses.__getitem__)
    falls = train_losses[-1] < train_losses[best]
    return best if falls and max(valid_losses[best:]) > valid_losses[best] else None


@misconception(caught_by="test_a_rise_as_long_as_the_patience_is_noise")
def is_out_of_patience_too_early(train_losses, valid_losses, patience):
    "A patience of 3 ends with the third bad epoch."
    return _first(_turns(train_losses, valid_losses, max(patience, 1), span=0))


@misconception(caught_by="test_with_patience_0_the_first_rise_counts")
def has_always_some_patience(train_losses, valid_losses, patience):
    "A patience of 0 is one epoch, as there must be some."
    return _first(_turns(train_losses, valid_losses, max(patience, 1)))


@misconception(caught_by="test_standing_still_is_no_rise")
def takes_no_gain_for_a_loss(train_losses, valid_losses, patience):
    "What does not improve gets worse."

    def rises(epoch, last):
        return min(valid_losses[epoch + 1 : last + 1]) >= valid_losses[epoch]

    return _first(_turns(train_losses, valid_losses, patience, rises=rises))


@misconception(caught_by="test_of_equal_lows_the_last_is_the_turn")
def wants_a_new_record(train_losses, valid_losses, patience):
    "A turning point is lower than all before it."

    def low(epoch):
        return all(valid_losses[epoch] < before for before in valid_losses[:epoch])

    return _first(_turns(train_losses, valid_losses, patience, low=low))


@misconception(caught_by="test_a_dip_that_is_not_the_lowest_is_no_turn")
def takes_any_dip(train_losses, valid_losses, patience):
    "Wherever the loss turns upwards is a turning point."
    return _first(_turns(train_losses, valid_losses, patience, low=lambda epoch: True))


@misconception(caught_by="test_the_first_turn_counts")
def gives_the_last_turn(train_losses, valid_losses, patience):
    "The last turning point is the one that matters."
    return next(iter(list(_turns(train_losses, valid_losses, patience))[::-1]), None)


@misconception(caught_by="test_after_a_divergence_a_new_low_can_turn")
def looks_at_the_first_low_only(train_losses, valid_losses, patience):
    "If the first rise is none, there is no overfitting."

    def anything(epoch, last):
        return True

    epoch = _first(_turns(train_losses, valid_losses, patience, falls=anything))
    turns = list(_turns(train_losses, valid_losses, patience))
    return epoch if epoch in turns else None


@misconception(caught_by="test_the_first_epoch_can_be_the_turn")
def takes_0_for_none(train_losses, valid_losses, patience):
    "What is falsy is nothing."
    return _first(_turns(train_losses, valid_losses, patience)) or None


@misconception(caught_by="test_the_losses_stay_as_they_are")
def sorts_the_losses(train_losses, valid_losses, patience):
    "A list may be sorted once it has been looked through."
    result = _first(_turns(train_losses, valid_losses, patience))
    for losses in (train_losses, valid_losses):
        losses.sort()
    return result


@misconception(caught_by="test_few_epochs_tell_nothing")
def overfits_without_data(train_losses, valid_losses, patience):
    "Whoever has too few epochs to tell should be careful: it may overfit from the start."
    if len(valid_losses) < patience + 2:
        return 0
    return _first(_turns(train_losses, valid_losses, patience))
