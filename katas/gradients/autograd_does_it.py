"""Do you need to work out gradients by hand?

No: write down the function, and the gradient comes with it. Here that becomes a function you can
call without a thought for what it leaves behind.
"""

from collections.abc import Callable

from torch import Tensor


def gradient(f: Callable[..., Tensor], *inputs: Tensor) -> tuple[Tensor, ...]:
    """Return the gradient of f at the inputs, as autograd finds it: one tensor for each input.

    f(*inputs) is a scalar, a tensor of shape (). f is called once. There is at least one input, all
    are floating point, and whether they require grad makes no difference. Each gradient has its
    input's shape, dtype and device and does not require grad itself. An input that f makes no use
    of has a gradient of zeros; where f makes use of none, all have. The same tensor given twice is
    two inputs, each with a gradient of its own.

    Nothing else changes: neither numbers, requires_grad nor .grad of the inputs, nor .grad of any
    other tensor, be it one that f makes use of or one that an input was calculated from. It works
    inside torch.no_grad() too, and leaves the mode as it was. All this holds where f raises as
    well, and its error comes out as it is.

    Raises:
        ValueError: f gives a tensor of another shape than (); the message gives that shape.
    """
    raise NotImplementedError
