"""What is an activation function?

One way to see what it is for: take all of them away, and look what is left of the layers.
"""

from collections.abc import Sequence

from torch import nn


def collapse(layers: Sequence[nn.Module]) -> nn.Linear:
    """Return one torch.nn.Linear that has the outputs of all the layers, run one after the other.

    Each layer takes what the one before it gives, and any of them may lack a bias. Where none has
    one, the result may have a bias of zeros or none. Its in_features and out_features are true, its
    device and dtype those of the layers, which all have the same. Outputs agree up to rounding.

    The result is a layer of its own: whatever is done to it, the layers stay as they are.

    Raises:
        TypeError: one of the layers, in whatever place, is of another kind than torch.nn.Linear;
            the message names its class.
        ValueError: there are no layers.
    """
    raise NotImplementedError
