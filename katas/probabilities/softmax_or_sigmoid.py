"""When should softmax be used, and when not?

A picture may hold one thing of several, or any number of them, none included. The logits look the
same.
"""

from jaxtyping import Bool, Float, Int64
from torch import Tensor


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
    raise NotImplementedError


def any_of(
    logits: Float[Tensor, "items classes"], threshold: float = 0.5
) -> Bool[Tensor, "items classes"]:
    """Tell for each class of each item whether it is there, where any number of them may be.

    Each class is a question of its own, answered yes or no: its probability, which its own logit
    alone determines, is to be above the threshold, and not merely equal to it. threshold is a
    probability, more than 0 and less than 1. An item may have no class, several, or all.

    All else is as for one_of.
    """
    raise NotImplementedError
