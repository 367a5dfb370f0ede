"""Which habit matters most on the way to research or production?

refactor_script.py, beside this file, compares three models. It works, and it grew by copying.
"""

from collections.abc import Mapping, Sequence

from torch import Tensor, nn


def compare(
    models: Mapping[str, nn.Module],
    train: Sequence[tuple[Tensor, Tensor]],
    valid: Sequence[tuple[Tensor, Tensor]],
    lr: float,
    epochs: int,
) -> dict[str, float]:
    """Train each model in turn as the script trains its three, and return their accuracies.

    models maps names of any kind and number, none too, to modules; the dict that comes back has the
    same names in the same order. train and valid are lists of batches, pairs of inputs and targets,
    on the models' device; valid has at least one example. For each model the numbers are those of
    the script, to the bit, so use what it uses:

    - Training: torch.optim.SGD, a new one for each model, at rate lr, with momentum 0.9 and weight
      decay 1e-4; epochs times through train, in its order, with one step along the gradient of
      cross_entropy for each batch alone, in train mode, whatever mode the model came in. The models
      themselves are trained, not copies.
    - Scoring: once, after the last epoch, in eval mode and with gradients switched off: the share
      of the examples in valid whose largest output is the target's, as a Python float. Each example
      counts once, those of a short last batch too. The model stays in eval mode.

    Nothing is kept from call to call. And the code is to be what the script is not. Of compare and
    what it uses of this file's own functions and classes:

    - no two for or while loops, each taken whole, are the same but for names and constants;
    - no function has a loop in a loop in a loop; a comprehension's for is a loop too;
    - no function's body has more than 15 lines; a docstring, comments and blank lines do not count.
    """
    raise NotImplementedError
