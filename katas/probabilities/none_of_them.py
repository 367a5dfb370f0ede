"""How do you treat items that belong to none of the classes?

Ask about each class by itself, so that every answer can be no, and learn from items of none.
"""

from jaxtyping import Float, Int64
from torch import Tensor


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
    raise NotImplementedError


def predict(
    logits: Float[Tensor, "items classes"], threshold: float = 0.5
) -> Int64[Tensor, " items"]:
    """Return each item's best class, or -1 where its probability is not above the threshold.

    The best class is the one with the largest logit, by however little; its probability is the
    answer to its own question, whatever the other classes' logits are. threshold lies between 0 and
    1. One class is enough; no items give an empty answer. The result is on the device of logits,
    which are left as they are.
    """
    raise NotImplementedError
