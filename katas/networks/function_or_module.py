"""How do F.relu and nn.ReLU differ?

One is a function, the other a module. Here is a function of your own, and the module around it.
"""

from jaxtyping import Float
from torch import Tensor, nn


def softplus(x: Float[Tensor, "*axes"], beta: float = 1.0) -> Float[Tensor, "*axes"]:
    """Return log(1 + exp(beta · x)) / beta for each number of x: a relu with its corner rounded.

    beta is above 0; the larger it is, the sharper the corner. Values and gradients are right for
    large x too, -1,000 and 1,000 included, whatever the beta, and the slope at 0 is a half. dtype
    and device are those of x, which is left as it is.

    Torch's own softplus, as a function or as a module, is not called.
    """
    raise NotImplementedError


class Softplus(nn.Module):
    """softplus as a module: Softplus(beta)(x) is softplus(x, beta), and its gradient too.

    It can be used like any module of torch: in an nn.Sequential, with forward hooks and forward
    pre-hooks, which run at each call; it can be deep-copied and pickled, before and after it was
    used, and the copy has its beta. There is nothing in it to learn or to save: no parameters, and
    an empty state_dict. Its repr says "beta=" and the number that it was given.
    """

    def __init__(self, beta: float = 1.0) -> None:
        """Make a module with this beta, which no other Softplus shares."""
        raise NotImplementedError
