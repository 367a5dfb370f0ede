"""What is layer-wise sequential unit variance?

An initialisation that looks at data: a layer's weights are scaled by what it makes of a batch.
"""

from torch import Tensor, nn


def lsuv_(model: nn.Module, batch: Tensor, tol: float = 1e-3, max_steps: int = 10) -> None:
    """Scale the layers of a model, in place, so that on this batch each puts out unit variance.

    Layers are the model's nn.Linear and nn.Conv2d modules, at whatever depth; the model may itself
    be one. When all is done and model(batch) is run, the numbers that a layer puts out have, all of
    them together, a deviation of 1 (torch's std()) within tol. A layer with a bias has a mean of 0
    within tol besides; a layer without one is given none, and its mean is what it is. The weights
    of a layer are all multiplied by one positive number; its bias takes whatever values that needs.

    Each layer is tuned on what the tuned layers before it give, in the order in which the model
    runs them, whatever the order in which they were defined; a layer that runs twice is tuned on
    its first run. A layer that does not run stays as it is, one that is within tol already too,
    and so do the parameters of all other modules.

    The Parameters stay the same objects: leaves that require grad, without a .grad. The model is
    run in the mode in which it comes, as often as you like, and stays in it; hooks that it has
    stay, and no other is left in it, not even after an error. Whether gradients are recorded at the
    place of the call makes no difference, and is afterwards as it was. The batch is left as it is;
    device and dtype, float32 or float64, are those of model and batch.

    Args:
        model: A model that takes batch as its one argument.
        batch: Inputs, of several examples.
        tol: How far off the deviation and the mean may be; it is below 1.
        max_steps: How often the weights of a layer are changed at most. Once is enough for most;
            a subclass with a forward of its own, whose output grows more slowly than its weights,
            is tuned step by step, as long as there are steps.

    Raises:
        ValueError: a layer is dead: all numbers of its output are equal, so that no factor helps.
            The message has the layer's dotted name, and its weights and bias are left as they are.
        RuntimeError: a layer is not within tol after max_steps steps; the message has its name.
    """
    raise NotImplementedError
