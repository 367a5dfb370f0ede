"""How do F.relu and nn.ReLU differ?

One is a function, the other a module. Here is a function of your own, and the module around it.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dojo import alternative, misconception

__all__ = ["Softplus", "softplus"]


def softplus(x: Float[Tensor, "*axes"], beta: float = 1.0) -> Float[Tensor, "*axes"]:
    """Return log(1 + exp(beta · x)) / beta for each number of x: a relu with its corner rounded.

    beta is above 0; the larger it is, the sharper the corner. Values and gradients are right for
    large x too, -1,000 and 1,000 included, whatever the beta, and the slope at 0 is a half. dtype
    and device are those of x, which is left as it is.

    Torch's own softplus, as a function or as a module, is not called.
    """
    return torch.logaddexp(beta * x, torch.zeros_like(x)) / beta


class Softplus(nn.Module):
    """softplus as a module: Softplus(beta)(x) is softplus(x, beta), and its gradient too.

    It can be used like any module of torch: in an nn.Sequential, with forward hooks and forward
    pre-hooks, which run at each call; it can be deep-copied and pickled, before and after it was
    used, and the copy has its beta. There is nothing in it to learn or to save: no parameters, and
    an empty state_dict. Its repr says "beta=" and the number that it was given.
    """

    def __init__(self, beta: float = 1.0) -> None:
        """Make a module with this beta, which no other Softplus shares."""
        super().__init__()
        self.beta = beta

    def forward(self, x: Tensor) -> Tensor:
        return softplus(x, self.beta)

    def extra_repr(self) -> str:
        return f"beta={self.beta}"


HINTS = (
    "A function needs its beta at each call. Where does a module keep it, which method does the "
    "work, and who calls that method?",
    "Keep beta as a plain attribute, after super().__init__(); write forward, which calls your "
    "function, and extra_repr. For the function: exp(1000) overflows, and the infinity comes back "
    "as NaN in the gradient even where you throw it away. log(exp(a) + exp(b)) has a name.",
    "softplus: torch.logaddexp(beta * x, torch.zeros_like(x)) / beta. In the module: "
    "super().__init__(); self.beta = beta; forward returns softplus(x, self.beta), extra_repr "
    'returns f"beta={self.beta}".',
)
ANSWER = """
They compute the same. The function is called with everything it needs, each time; the module is an
object that keeps the options and is called with x alone, so it has a place in an nn.Sequential, a
name in the model, a line in its repr, hooks, train and eval mode, and can be found, replaced,
copied and pickled. Its forward calls the function; whoever writes __call__ in place of forward
writes over the very method that runs the hooks. Where there are no weights, nothing is saved
either: a model with the function in its forward and one with the module have the same state_dict.
But modules in an nn.Sequential are numbered, so one more shifts the names of those behind it.

The difference matters where there is state. F.dropout(x) drops in evaluation too, unless it is told
training=self.training, and nn.Dropout knows. F.linear wants the weights from you.

Of the formula: log(1 + exp(x)) is infinite in float32 from about 89 on. torch.where picks another
value there but not another gradient: infinity times 0 is NaN. relu(x) + log1p(exp(-|x|)) is right
but for its slope at 0, where relu and |x| both say 0 and the truth is a half.
"""


@alternative(replaces="softplus")
def halves_the_relu(x, beta=1.0):
    scaled = beta * x
    distance = scaled.abs()
    return ((scaled + distance) / 2 + (-distance).exp().log1p()) / beta


@alternative(replaces="softplus")
def mirrors_the_log_of_a_sigmoid(x, beta=1.0):
    return -nn.functional.logsigmoid(-beta * x) / beta


@alternative(replaces="softplus")
def replaces_what_overflows_first(x, beta=1.0):
    scaled = x * beta
    large = scaled > 30
    small = torch.where(large, torch.zeros_like(scaled), scaled)
    return torch.where(large, x, small.exp().log1p() / beta)


@alternative(replaces="softplus")
def sums_in_logs(x, beta=1.0):
    return torch.stack((x * beta, torch.zeros_like(x)), dim=-1).logsumexp(-1).div(beta)


@alternative(replaces="Softplus")
class WritesItsOwnRepr(nn.Module):
    def __init__(self, beta=1.0):
        super().__init__()
        self._beta = beta

    def __repr__(self):
        return f"Softplus(beta={self._beta})"

    def forward(self, x):
        return torch.logaddexp(self._beta * x, x.new_zeros(())) / self._beta


@alternative(replaces="Softplus")
class KeepsAPartial(nn.Module):
    def __init__(self, beta=1.0):
        from functools import partial

        super().__init__()
        self.function = partial(softplus, beta=beta)

    def forward(self, x):
        return self.function(x)

    def extra_repr(self):
        return f"function=softplus, beta={self.function.keywords['beta']!r}"


@alternative(replaces="Softplus")
class KeepsAnUnsavedBuffer(nn.Module):
    def __init__(self, beta=1.0):
        super().__init__()
        self.shown = beta
        self.register_buffer("beta", torch.tensor(float(beta)), persistent=False)

    def forward(self, x):
        return _curve(x, self.beta)

    def extra_repr(self):
        return f"beta={self.shown}"


def _curve(x, beta):
    """The function, whatever stands under its public name."""
    return torch.logaddexp(beta * x, torch.zeros_like(x)) / beta


class _Softplus(nn.Module):
    """What the wrong modules below share: all but the mistake."""

    def __init__(self, beta=1.0):
        super().__init__()
        self.beta = beta

    def forward(self, x):
        return _curve(x, self.beta)

    def extra_repr(self):
        return f"beta={self.beta}"


@misconception(caught_by="test_the_value_at_1000_is_finite", replaces="softplus")
def takes_the_formula_at_its_word(x, beta=1.0):
    "The formula is the program."
    return (1 + (beta * x).exp()).log() / beta


@misconception(caught_by="test_the_slope_at_1000_is_1_or_0", replaces="softplus")
def chooses_after_the_overflow(x, beta=1.0):
    "torch.where throws away what it does not choose, the gradient included."
    scaled = beta * x
    return torch.where(scaled > 30, x, scaled.exp().log1p() / beta)


@misconception(caught_by="test_the_slope_at_0_is_a_half", replaces="softplus")
def adds_to_the_relu(x, beta=1.0):
    "A formula that is right for every x has the right slope for every x."
    scaled = beta * x
    return (scaled.relu() + (-scaled.abs()).exp().log1p()) / beta


@misconception(caught_by="test_the_value_at_1000_is_that_of_relu", replaces="softplus")
def clamps_before_exp(x, beta=1.0):
    "What is too large for exp can be clamped."
    return (beta * x).clamp(max=80).exp().log1p() / beta


@misconception(caught_by="test_beta_divides_too", replaces="softplus")
def multiplies_only(x, beta=1.0):
    "beta is a factor of the input."
    return _curve(beta * x, 1.0)


@misconception(caught_by="test_beta_multiplies_too", replaces="softplus")
def divides_only(x, beta=1.0):
    "beta is a divisor of the output."
    return _curve(x, 1.0) / beta


@misconception(caught_by="test_a_larger_beta_is_nearer_to_relu", replaces="softplus")
def takes_beta_for_a_temperature(x, beta=1.0):
    "The larger beta, the softer the curve."
    return _curve(x, 1 / beta)


@misconception(caught_by="test_at_0_it_is_log_2_over_beta", replaces="softplus")
def starts_at_0(x, beta=1.0):
    "Like relu it is 0 at 0."
    return _curve(x, beta) - _curve(torch.zeros_like(x), beta)


@misconception(caught_by="test_a_small_beta_rounds_a_wide_corner", replaces="softplus")
def is_straight_from_20_on(x, beta=1.0):
    "From 20 on the curve is the straight line."
    large = x > 20
    return torch.where(large, x, _curve(torch.where(large, torch.zeros_like(x), x), beta))


@misconception(caught_by="test_the_slope_is_a_sigmoid", replaces="softplus")
def asks_numpy(x, beta=1.0):
    "numpy has just this function, so numpy may compute it."
    import numpy as np

    numbers = x.detach().cpu().numpy()
    return torch.as_tensor(np.logaddexp(beta * numbers, 0)).to(x) / beta


@misconception(caught_by="test_x_is_left_as_it_is", replaces="softplus")
def scales_in_place(x, beta=1.0):
    "A function works on its argument."
    x *= beta
    return _curve(x, 1.0) / beta


@misconception(caught_by="test_float64_stays_float64", replaces="softplus")
def works_in_float32(x, beta=1.0):
    "Activations are float32."
    return _curve(x.float(), beta)


@misconception(caught_by="test_the_function_is_written_out", replaces="softplus")
def calls_torchs_own(x, beta=1.0):
    "Torch has it already."
    return nn.functional.softplus(x, beta)


@misconception(caught_by="test_a_module_can_be_called", replaces="Softplus")
class SkipsTheInitOfModule(_Softplus):
    "There is nothing to set up in nn.Module when there are no weights."

    def __init__(self, beta=1.0):
        self.beta = beta


@misconception(
    caught_by=("test_it_sits_in_a_sequential", "test_it_is_a_module"), replaces="Softplus"
)
class IsNoModule:
    "Whatever can be called can be a layer."

    def __init__(self, beta=1.0):
        self.beta = beta

    def __call__(self, x):
        return _curve(x, self.beta)

    def __repr__(self):
        return f"Softplus(beta={self.beta})"


@misconception(caught_by="test_there_is_nothing_to_learn", replaces="Softplus")
class LearnsBeta(_Softplus):
    "What a module keeps is a Parameter."

    def __init__(self, beta=1.0):
        super().__init__()
        self.shown = beta
        self.beta = nn.Parameter(torch.tensor(float(beta)))

    def extra_repr(self):
        return f"beta={self.shown}"


@misconception(caught_by="test_there_is_nothing_to_save", replaces="Softplus")
class SavesBeta(_Softplus):
    "What a module keeps and does not learn is a buffer."

    def __init__(self, beta=1.0):
        super().__init__()
        self.shown = beta
        del self.beta
        self.register_buffer("beta", torch.tensor(float(beta)))

    def extra_repr(self):
        return f"beta={self.shown}"


@misconception(caught_by="test_the_module_hands_its_beta_on", replaces="Softplus")
class ForgetsToHandBetaOn(_Softplus):
    "The module has a beta, and the function will find it."

    def forward(self, x):
        return _curve(x, 1.0)


@misconception(caught_by="test_two_modules_have_two_betas", replaces="Softplus")
class KeepsBetaOnTheClass(_Softplus):
    "An option of a layer belongs to its class."

    def __init__(self, beta=1.0):
        nn.Module.__init__(self)
        type(self).beta = beta


@misconception(
    caught_by=("test_forward_hooks_run", "test_forward_pre_hooks_run"), replaces="Softplus"
)
class DefinesCall(_Softplus):
    "A module is called, so the method to write is __call__."

    def __call__(self, x):
        return _curve(x, self.beta)


@misconception(caught_by="test_forward_hooks_run", replaces="Softplus")
class RunsOneKindOfHook(_Softplus):
    "Hooks run before the module does."

    def __call__(self, x):
        for hook in self._forward_pre_hooks.values():
            hook(self, (x,))
        return _curve(x, self.beta)


@misconception(caught_by="test_it_pickles_with_its_beta", replaces="Softplus")
class KeepsALambda(_Softplus):
    "A function made in __init__ can be kept like any other value."

    def __init__(self, beta=1.0):
        super().__init__(beta)
        self.function = lambda x: _curve(x, beta)

    def forward(self, x):
        return self.function(x)


@misconception(caught_by="test_a_used_module_can_be_copied", replaces="Softplus")
class KeepsItsOutput(_Softplus):
    "A module is the place to keep the last output, for a look at it later."

    def forward(self, x):
        self.output = _curve(x, self.beta)
        return self.output


@misconception(caught_by="test_a_deep_copy_has_its_beta", replaces="Softplus")
class CopiesAFreshOne(_Softplus):
    "A copy of a module without weights is a new one."

    def __deepcopy__(self, memo):
        return type(self)()


@misconception(caught_by="test_the_repr_says_beta", replaces="Softplus")
class SaysNothingInItsRepr(_Softplus):
    "The repr of a module shows its attributes."

    def extra_repr(self):
        return ""
