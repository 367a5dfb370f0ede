"""What are the bias parameters, and why are they needed?

A layer of your own can tell: the one with a bias reaches what the one without can't.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dojo import alternative, misconception

__all__ = ["Linear"]


class Linear(nn.Module):
    """A layer that does what torch.nn.Linear does, made of parameters of your own.

    `weight` has a row for each output and a column for each input, `bias` a number for each output;
    both are learned, and nothing else is. With bias=False there is no bias: the attribute is None,
    and neither parameters() nor state_dict() knows of one. So a state_dict of torch.nn.Linear with
    the same arguments can be loaded, and then outputs and gradients are those of torch.

    How both start is open, so long as every number is finite. The layer derives from nn.Module
    alone, and no torch.nn.Linear is inside it.
    """

    weight: nn.Parameter
    bias: nn.Parameter | None

    def __init__(self, n_in: int, n_out: int, bias: bool = True) -> None:
        """Make a layer from n_in inputs to n_out outputs; both numbers are at least 1."""
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_out, n_in) / n_in**0.5)
        self.bias = nn.Parameter(torch.zeros(n_out)) if bias else None

    def forward(self, x: Float[Tensor, "*axes n_in"]) -> Float[Tensor, "*axes n_out"]:
        """Return the outputs for each vector along the last axis of x, which is left as it is.

        x may be one vector, a batch of them, or have any other number of axes before the last.
        """
        y = x @ self.weight.T
        return y if self.bias is None else y + self.bias


HINTS = (
    "Let every input be 0. What can the weights make of that, and what has to come from elsewhere? "
    "And who tells the optimiser what it may move?",
    "Each output is a weighted sum of the inputs, plus a number of its own. Both tensors have to "
    "be nn.Parameter, set as attributes after super().__init__().",
    "self.weight = nn.Parameter(torch.randn(n_out, n_in) / n_in**0.5), self.bias = "
    "nn.Parameter(torch.zeros(n_out)) or None; forward returns x @ self.weight.T, plus self.bias "
    "where there is one.",
)
ANSWER = """
A unit computes a weighted sum of its inputs plus its bias, a number that is learned like a weight.
Without it the output at 0 is 0 whatever the weights are: every line goes through the origin, every
relu switches on where the weighted sum is 0. The bias moves that point. For y = 2x + 3 at x = -1,
0, 1 no weight gets the mean squared error below 9, since the 3 is out of reach. With a bias it is
0.

A bias may be seen as the weight of one more input that is always 1. It need not start at random:
the weights differ already and tell the units apart, so zero is the usual start. And it is not
always needed: where a batch norm follows at once, the mean is taken off again and the norm adds a
shift of its own, which is why such layers have bias=False. A bias of zeros is not the same as that,
for it still learns.
"""


@alternative
class AsksFunctional(nn.Module):
    def __init__(self, n_in, n_out, bias=True):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(n_out, n_in))
        nn.init.kaiming_uniform_(self.weight, a=5**0.5)
        self.register_parameter("bias", None)
        if bias:
            self.bias = nn.Parameter(torch.empty(n_out).uniform_(-1, 1) / n_in**0.5)

    def forward(self, x):
        return nn.functional.linear(x, self.weight, self.bias)


@alternative
class GivesTheBiasAnInputOfOne(nn.Module):
    def __init__(self, n_in, n_out, bias=True):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_out, n_in))
        self.bias = nn.Parameter(torch.randn(n_out)) if bias else None

    def forward(self, x):
        if self.bias is None:
            return torch.einsum("oi,...i->...o", self.weight, x)
        ones = torch.ones_like(x[..., :1])
        both = torch.cat((self.weight, self.bias.unsqueeze(1)), dim=1)
        return torch.cat((x, ones), dim=-1).matmul(both.t())


@alternative
class BeginsAtTheBias(nn.Module):
    def __init__(self, n_in, n_out, bias=True):
        super().__init__()
        if bias:
            self.bias = nn.Parameter(torch.full((n_out,), 0.1))
        else:
            self.bias = None
        self.weight = nn.Parameter(torch.zeros(n_out, n_in))

    def forward(self, x):
        rows = x.reshape(-1, x.shape[-1])
        if self.bias is None:
            out = rows.mm(self.weight.t())
        else:
            out = torch.addmm(self.bias, rows, self.weight.t())
        return out.reshape(*x.shape[:-1], -1)


@alternative
class SumsProducts(nn.Module):
    def __init__(self, n_in, n_out, bias=True):
        super().__init__()
        self.weight = nn.Parameter(nn.init.orthogonal_(torch.empty(n_out, n_in)))
        self.register_parameter("bias", nn.Parameter(torch.zeros(n_out)) if bias else None)

    def forward(self, x):
        out = (x.unsqueeze(-2) * self.weight).sum(-1)
        if self.bias is not None:
            out += self.bias
        return out


class _Linear(nn.Module):
    """What the wrong answers below share: all but the mistake."""

    def __init__(self, n_in, n_out, bias=True):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_out, n_in) / n_in**0.5)
        self.bias = nn.Parameter(torch.zeros(n_out)) if bias else None

    def forward(self, x):
        y = x @ self.weight.T
        return y if self.bias is None else y + self.bias


@misconception(
    caught_by=("test_what_is_learned_is_weight_and_bias", "test_with_a_bias_the_line_is_found")
)
class KeepsTheBiasInABuffer(_Linear):
    "A bias belongs to the layer, so it is saved and moved with it like a buffer."

    def __init__(self, n_in, n_out, bias=True):
        super().__init__(n_in, n_out, bias)
        if bias:
            del self.bias
            self.register_buffer("bias", torch.zeros(n_out))


@misconception(
    caught_by=("test_what_is_learned_is_weight_and_bias", "test_the_state_dict_of_torch_fits")
)
class KeepsTheBiasInATensor(_Linear):
    "A tensor that requires grad is a parameter."

    def __init__(self, n_in, n_out, bias=True):
        super().__init__(n_in, n_out, bias)
        if bias:
            del self.bias
            self.bias = torch.zeros(n_out, requires_grad=True)


@misconception(caught_by=("test_the_bias_requires_grad", "test_with_a_bias_the_line_is_found"))
class FreezesTheBias(_Linear):
    "Only weights are trained, the bias stays where it starts."

    def __init__(self, n_in, n_out, bias=True):
        super().__init__(n_in, n_out, bias)
        if bias:
            self.bias.requires_grad_(False)


@misconception(caught_by="test_the_bias_has_the_gradient_of_torchs")
class DetachesTheBias(_Linear):
    "An offset has no part in the slope, so it needs no gradient."

    def forward(self, x):
        y = x @ self.weight.T
        return y if self.bias is None else y + self.bias.detach()


@misconception(caught_by="test_at_0_the_output_is_the_bias")
class ForgetsTheBias(_Linear):
    "To have a bias is enough, the product with the weights is the output."

    def forward(self, x):
        return x @ self.weight.T


@misconception(
    caught_by=("test_the_bias_has_a_number_for_each_output", "test_each_output_finds_its_own_line")
)
class OneBiasForAllOutputs(_Linear):
    "A layer has one bias, which moves all of its outputs."

    def __init__(self, n_in, n_out, bias=True):
        super().__init__(n_in, n_out, bias)
        if bias:
            self.bias = nn.Parameter(torch.zeros(1))


@misconception(
    caught_by=(
        "test_the_bias_has_a_number_for_each_output",
        "test_at_0_as_many_outputs_as_inputs_are_the_bias",
    )
)
class AddsTheBiasToTheInput(_Linear):
    "The bias moves the input before it is weighted."

    def __init__(self, n_in, n_out, bias=True):
        super().__init__(n_in, n_out, bias)
        if bias:
            self.bias = nn.Parameter(torch.zeros(n_in))

    def forward(self, x):
        return (x if self.bias is None else x + self.bias) @ self.weight.T


@misconception(caught_by="test_at_0_the_output_is_the_bias")
class TakesTheBiasOff(_Linear):
    "A bias is a threshold that the weighted sum has to pass, so it is taken off."

    def forward(self, x):
        y = x @ self.weight.T
        return y if self.bias is None else y - self.bias


@misconception(caught_by="test_the_outputs_for_a_batch_are_those_of_torch")
class WeighsTheBiasByTheInput(_Linear):
    "The bias grows with the inputs, as all else does."

    def forward(self, x):
        y = x @ self.weight.T
        return y if self.bias is None else y + self.bias * x.mean(-1, keepdim=True)


@misconception(
    caught_by=(
        "test_without_bias_there_is_none",
        "test_without_bias_the_weight_is_all_that_is_learned",
    )
)
class StartsABiasAtZero(_Linear):
    "bias=False means that the bias is zero."

    def __init__(self, n_in, n_out, bias=True):
        super().__init__(n_in, n_out, bias=True)


@misconception(caught_by="test_without_bias_the_output_at_0_is_0")
class AddsAnOffsetAnyway(_Linear):
    "bias=False takes the bias out of parameters(), the layer still has it."

    def __init__(self, n_in, n_out, bias=True):
        super().__init__(n_in, n_out, bias)
        self._offset = None if bias else torch.randn(n_out)

    def forward(self, x):
        y = super().forward(x)
        return y if self._offset is None else y + self._offset.to(y)


@misconception(caught_by="test_without_bias_there_is_none")
class KeepsZerosInABuffer(_Linear):
    "Without a bias the attribute holds zeros, so that forward need not ask."

    def __init__(self, n_in, n_out, bias=True):
        super().__init__(n_in, n_out, bias)
        if not bias:
            del self.bias
            self.register_buffer("bias", torch.zeros(n_out), persistent=False)


@misconception(caught_by="test_a_bias_is_there_unless_it_is_refused")
class HasABiasOnRequest(_Linear):
    "A bias is an extra that is asked for."

    def __init__(self, n_in, n_out, bias=False):
        super().__init__(n_in, n_out, bias)


@misconception(caught_by="test_the_weight_has_a_row_for_each_output")
class StoresTheWeightAsItMultiplies(_Linear):
    "x @ weight wants a row for each input, so the weight is stored like that."

    def __init__(self, n_in, n_out, bias=True):
        super().__init__(n_in, n_out, bias)
        self.weight = nn.Parameter(torch.randn(n_in, n_out) / n_in**0.5)

    def forward(self, x):
        y = x @ self.weight
        return y if self.bias is None else y + self.bias


@misconception(
    caught_by=(
        "test_the_outputs_for_a_batch_are_those_of_torch",
        "test_a_square_layer_gives_the_outputs_of_torch",
    )
)
class ForgetsToTranspose(_Linear):
    "The weight multiplies as it is stored."

    def forward(self, x):
        y = x @ self.weight
        return y if self.bias is None else y + self.bias


@misconception(caught_by="test_the_weight_has_a_row_for_each_output")
class KeepsTheBiasAmongTheWeights(_Linear):
    "A bias is the weight of an input that is always 1, so it is one more column."

    def __init__(self, n_in, n_out, bias=True):
        super().__init__(n_in + bias, n_out, bias=False)
        self._extra = bias

    def forward(self, x):
        ones = [torch.ones_like(x[..., :1])] if self._extra else []
        return torch.cat([x, *ones], dim=-1) @ self.weight.T


@misconception(caught_by="test_what_is_learned_is_weight_and_bias")
class LearnsAScaleToo(_Linear):
    "A shift wants a scale beside it, and both are learned."

    def __init__(self, n_in, n_out, bias=True):
        super().__init__(n_in, n_out, bias)
        if bias:
            self.scale = nn.Parameter(torch.ones(n_out))

    def forward(self, x):
        y = x @ self.weight.T
        return y if self.bias is None else y * self.scale + self.bias


@misconception(caught_by="test_one_vector_gives_one_vector")
class MakesABatchOfAVector(_Linear):
    "A layer gives a batch, be it a batch of one."

    def forward(self, x):
        return super().forward(x.unsqueeze(0) if x.ndim == 1 else x)


@misconception(caught_by="test_axes_before_the_last_stay")
class FlattensTheAxes(_Linear):
    "A layer takes a matrix, so all axes but the last become one."

    def forward(self, x):
        return super().forward(x.flatten(0, -2) if x.ndim > 2 else x)


@misconception(caught_by="test_it_is_not_the_layer_of_torch")
class InheritsFromTorch(nn.Linear):
    "A layer of my own is torch's under another name."


@misconception(caught_by="test_the_input_is_left_as_it_is")
class WritesOverTheInput(_Linear):
    "Where the output is as large as the input it may take its memory, nobody needs both."

    def forward(self, x):
        y = super().forward(x)
        if y.shape == x.shape:
            x.data.copy_(y.data)
        return y


@misconception(caught_by="test_all_starts_finite")
class StandardizesTheStart(_Linear):
    "Rows of deviation 1 are the right start, however many inputs there are."

    def __init__(self, n_in, n_out, bias=True):
        super().__init__(n_in, n_out, bias)
        centred = self.weight.data - self.weight.data.mean(dim=1, keepdim=True)
        variance = centred.square().sum(dim=1, keepdim=True) / (n_in - 1)
        self.weight.data /= variance.sqrt()
