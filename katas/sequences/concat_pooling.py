"""Which states does an AWD-LSTM classifier take?

Three summaries of a text of any length, side by side, and the padding must have no part in them.
"""

from jaxtyping import Float, Int64
from torch import Tensor


def concat_pool(
    outputs: Float[Tensor, "sequences steps hidden"], lengths: Int64[Tensor, " sequences"]
) -> Float[Tensor, "sequences 3*hidden"]:
    """Return each sequence's last state, maximum and mean over its own steps, side by side.

    A row holds first all of the last state, then the maximum of each hidden unit, then its mean.
    A sequence's own steps are the first ones, as many as its length says; the rest is padding,
    which may hold anything, NaN and infinities too. It never counts: not in a number of the result,
    and its gradient is 0. There is at least one sequence, step and hidden unit.

    The result is of the dtype, float32 or float64, and on the device of outputs, where lengths is
    too. Both are left as they are. Gradients pass. Operations and waits for the device do not grow
    with the number of sequences: for 1,024 of 10 steps and 8 hidden units it is more than 10 times
    as fast as a loop over them.

    Raises:
        ValueError: a length is below 1 or above the number of steps; the message names one such
            length.
    """
    raise NotImplementedError
