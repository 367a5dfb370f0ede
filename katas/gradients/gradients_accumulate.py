"""What happens when backward is called several times in a row?

Here it is put to use: a batch too large for the memory goes through the model in pieces.
"""

from collections.abc import Callable

from torch import Tensor, nn


def accumulate(
    model: nn.Module,
    loss_func: Callable[[Tensor, Tensor], Tensor],
    batch: tuple[Tensor, Tensor],
    pieces: int,
) -> None:
    """Leave in .grad what one backward on the whole batch would, with less in memory.

    batch is (inputs, targets), with the examples along the first axis of both, and
    loss_func(model(inputs), targets) is the mean loss of the examples. The examples go through the
    model in at most `pieces` pieces, each of them once, and no piece has more of them than
    len(inputs) / pieces, rounded up. The pieces need not be of one size: 5 examples in 4 pieces
    count alike.

    As with any backward, gradients that were there before are added to, and a parameter that takes
    no part, or does not require grad, keeps the .grad that it had, be it None. The model stays in
    its mode and treats each example by itself (no batch norm).

    With 103 digits in four pieces or more, less than half of the numbers are saved for backward at
    any moment that would be for the whole batch.

    Raises:
        ValueError: there are more pieces than examples; the message gives both numbers, and the
            gradients are as they were.
    """
    raise NotImplementedError
