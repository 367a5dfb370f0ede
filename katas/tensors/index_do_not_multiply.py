"""For the probability of each row's true class: multiply by a one-hot table and sum, or index?

And which of the two is faster?
"""

from jaxtyping import Float, Int64
from torch import Tensor


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
    raise NotImplementedError
