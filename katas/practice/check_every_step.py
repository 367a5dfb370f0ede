"""How do you debug deep learning?

A net with a fault in the middle still gives numbers at its end, and often still trains, badly. So
look at what every layer gives, from the first one on.
"""

from torch import Tensor, nn


def first_fault(
    model: nn.Module, x: Tensor, low: float = 1e-4, high: float = 1e4
) -> tuple[str, str] | None:
    """Run the model on a batch, and name the first layer whose output is at fault, or None.

    A layer is a module of the model that has no modules inside it, of whatever class; a model
    without any inside is itself the one layer. Only outputs of layers are judged, not what the
    modules around them make of these. "First" is in the order in which the layers run, and one
    that runs twice is judged at both runs; one that does not run is not judged. An output is
    judged as the layer gives it, even if a later layer then writes into it.

    The answer is (name, kind): the layer's name in model.named_modules(), and what is wrong with
    the output. Where more than one of these holds, the first of them counts:

    "nan": at least one number is NaN.
    "infinite": at least one is infinite, plus or minus.
    "constant": the output is exactly the same for every example, while its features may differ.
    "vanishing": the spread is below low. "exploding": it is above high. The spread is the standard
    deviation over the examples, one for each feature, and of these the root mean square over all
    features. Whether the deviation is that with n or with n - 1 does not matter.

    x has two examples or more, along its first axis, and so have the outputs; each is one float32
    tensor of rank 2 or more, and all numbers after the first axis are features.

    The model runs as it came, with each module in the mode in which it is. Afterwards its weights,
    its buffers (as those in which batch norm keeps its statistics), modes and hooks are what they
    were, also where the model raises an error. Such an error comes out, unless a layer that ran
    before it was at fault: then either will do.
    """
    raise NotImplementedError
