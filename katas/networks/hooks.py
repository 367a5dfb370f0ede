"""What are PyTorch hooks?

Here they watch the signal on its way through a network, without a change to the network's code.
"""

from torch import nn


class ActivationStats:
    """The mean and the deviation of what each layer of a model puts out, while a with lasts.

    with ActivationStats(model) as stats: model(x)

    stats.rows is a dict from each layer's dotted name to a list with a row for each call. A layer
    is a module without children, with weights or without. Its name is that of named_modules(): ""
    for a model that is itself such a layer, and the first of its names for a layer that stands in
    several places. A layer that was never called has an empty list.

    A row is a tuple of two plain floats: the mean of all numbers of the output, and their standard
    deviation as torch's std() has it. It is there as soon as the layer is through, later rows come
    behind it, and all stay when the with is over. Integers are measured as floats. An output that
    is not a tensor has no row.

    Only calls within the with are watched, and no module but the model's own; a layer that is
    called by itself counts too. Outputs, gradients, the mode and the number of calls are what they
    were without, and no output is kept. At the end, after an exception as well, nothing of it is
    left in the model; the hooks of others stay, those that came within the with included, and the
    exception goes on. Two may watch one model at once; each is entered only once.
    """

    def __init__(self, model: nn.Module) -> None:
        """Take the model, on whatever device, and change nothing yet."""
        raise NotImplementedError
