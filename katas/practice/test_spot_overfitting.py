from dojo.checks import answer_of
from katas.practice.spot_overfitting import overfits_from

FALLING = [9.0, 7.0, 6.0, 5.0, 4.5, 4.0, 3.5, 3.0, 2.5, 2.0]


def test_it_is_the_turning_point():
    got = found([5, 4, 3, 4, 5, 6, 7], patience=2)
    assert got != 5, "epoch 2 is the lowest; 5 is where patience has run out"


def test_it_is_the_lowest_and_not_the_first_that_rose():
    got = found([5, 4, 3, 4, 5, 6, 7], patience=2)
    assert got != 3, "epoch 2 is the lowest; 3 is the first that was worse"


def test_a_loss_that_turns():
    for patience in (0, 1, 3):
        got = found([5, 4, 3, 4, 5, 6, 7], patience)
        assert got == 2, f"the validation loss turns at epoch 2, patience {patience}, got {got}"


def test_a_gap_is_no_overfitting():
    got = found([9, 8, 7, 6.5, 6, 5.8, 5.7], patience=1)
    assert got is None, f"the validation loss falls, above the training loss, but falls, got {got}"


def test_noise_within_the_patience_is_put_up_with():
    got = found([5, 4, 4.5, 4.2, 3, 2, 1], patience=2)
    assert got is None, f"two bad epochs, and a new low: with a patience of 2 noise, got {got}"


def test_a_rise_as_long_as_the_patience_is_noise():
    got = found([5, 3, 4, 5, 6, 2, 1], patience=3)
    assert got is None, f"a rise of 3 epochs does not last longer than 3, got {got}"


def test_a_rise_longer_than_the_patience_counts():
    got = found([5, 3, 4, 5, 6, 2, 1], patience=2)
    assert got == 1, f"a rise of 3 epochs from epoch 1 lasts longer than 2, got {got}"


def test_too_near_the_end_to_tell():
    got = found([5, 4, 3, 4, 5], patience=2)
    assert got is None, f"two epochs behind the lowest are not more than 2, got {got}"


def test_few_epochs_tell_nothing():
    for valid in ([], [1], [1, 2]):
        got = found(valid, patience=1)
        assert got is None, f"{len(valid)} epochs are too few for a patience of 1, got {got}"


def test_with_patience_0_the_first_rise_counts():
    got = found([5, 4, 4.1, 3, 2], patience=0)
    assert got == 1, f"without patience the rise behind epoch 1 is enough, got {got}"


def test_the_first_epoch_can_be_the_turn():
    got = found([3, 4, 5, 6], patience=1)
    assert got == 0, f"it gets worse from epoch 0 on, got {got}: 0 is an epoch, and not nothing"


def test_a_zigzag_above_the_lowest_is_a_rise():
    got = found([5, 3, 6, 4, 6, 4, 6], patience=3)
    assert got == 1, f"6, 4, 6, 4 are all above 3, and none has to be above the last, got {got}"


def test_a_recovery_within_the_patience_counts():
    got = found([5, 4, 6, 3, 6, 2, 1], patience=2)
    assert got is None, f"each rise is undercut within the patience, got {got}"


def test_both_rising_is_divergence():
    got = found([5, 3, 4, 5, 6, 7], patience=1, train=[5, 3, 4, 5, 6, 7])
    assert got is None, f"both losses rise: that is divergence, got {got}"


def test_training_that_stands_still_does_not_go_on():
    got = found([5, 3, 4, 5, 6], patience=1, train=[5, 2, 2, 2, 2])
    assert got is None, f"training has not got lower since epoch 1, got {got}"


def test_training_may_have_a_bump():
    got = found([5, 3, 4, 5, 6], patience=1, train=[5, 3, 4, 2, 1])
    assert got == 1, f"training is lower at epoch 3, 2, than at epoch 1, 3, got {got}"


def test_lower_is_better():
    got = found([1, 2, 5, 4, 3, 2.5, 2.2], patience=1)
    assert got != 2, "epoch 2 has the highest loss, which is the worst and not the best"


def test_standing_still_is_no_rise():
    got = found([5, 3, 3, 3, 3, 3], patience=1)
    assert got is None, f"a validation loss that stays at 3 has not risen, got {got}"


def test_of_equal_lows_the_last_is_the_turn():
    got = found([5, 3, 3, 4, 5, 6], patience=1)
    assert got == 2, f"epochs 1 and 2 are equally low, and the rise is behind 2, got {got}"


def test_a_dip_that_is_not_the_lowest_is_no_turn():
    got = found([2, 4, 5, 3, 4, 5], patience=1, train=[5, 6, 7, 6, 5, 4])
    assert got is None, f"epoch 3 is above epoch 0, where both losses rose, got {got}"


def test_the_first_turn_counts():
    got = found([5, 3, 4, 5, 2, 3, 4], patience=1)
    assert got == 1, f"it turns at epochs 1 and 4, and the first one counts, got {got}"


def test_after_a_divergence_a_new_low_can_turn():
    got = found([3, 4, 5, 2, 3, 4], patience=1, train=[3, 4, 5, 2, 1.5, 1])
    assert got == 3, f"epoch 0 was divergence, epoch 3 is lower and turns, got {got}"


def test_the_losses_stay_as_they_are():
    train, valid = [5.0, 4.0, 3.0, 2.0], [5.0, 3.0, 4.0, 5.0]
    answer_of(lambda: overfits_from(train, valid, 1), "lists of four losses")
    assert (train, valid) == ([5, 4, 3, 2], [5, 3, 4, 5]), f"they are now {train} and {valid}"


def found(valid, patience, train=None):
    train = FALLING[: len(valid)] if train is None else train
    told = f"losses {valid} with a patience of {patience}"
    return answer_of(lambda: overfits_from(list(train), list(valid), patience), told)
