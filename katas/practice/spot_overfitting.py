"""When does a model overfit?

Not when it does better on what it has seen: that is always so. Look for the turn.
"""

from collections.abc import Sequence


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
    raise NotImplementedError
