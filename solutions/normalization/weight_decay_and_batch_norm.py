"""Does L2 regularisation regularise when batch norm follows?

Weight decay makes weights smaller. What does a smaller weight change, and what does a larger one?
"""

from copy import deepcopy

import torch
from torch import Tensor, nn

from dojo import alternative, misconception

__all__ = ["scale_effect"]


def scale_effect(
    layer: nn.Module, norm: nn.Module, x: Tensor, y: Tensor, k: float
) -> tuple[float, float]:
    """Tell what layer.weight times k does to the outputs norm(layer(x)), and to its gradient.

    Only layer.weight is scaled, not the layer's bias if it has one. k may be any number but 0.
    layer is an nn.Linear or an nn.Conv2d. norm is any module: a batch norm mostly, but possibly
    none, nn.Identity(). It is in training mode for both outputs, in whatever mode it comes. x and
    y are floating-point tensors, y of the outputs' shape.

    Returns two Python floats:
        The largest change of an output, as an absolute value.
        The length (the root of the sum of squares) of the gradient of mse_loss(outputs, y) by
        layer.weight when it is k times as large, over the length when it is as it came; the
        latter is not 0. Each is the gradient at the weight that the layer has then.

    All is afterwards as it was, to the last bit: weights, running statistics and other buffers,
    modes, and what is in .grad, whether there was something or not. That goes for layer, norm, x
    and y. The layer's weight is the same nn.Parameter as before.
    """
    layer, norm = deepcopy(layer), deepcopy(norm).train()
    before, gradient = _outputs_and_gradient(layer, norm, x, y)
    with torch.no_grad():
        layer.weight *= k
    after, scaled = _outputs_and_gradient(layer, norm, x, y)
    change = (after - before).abs().max()
    return change.item(), (scaled.norm() / gradient.norm()).item()


def _outputs_and_gradient(layer, norm, x, y):
    outputs = norm(layer(x))
    (gradient,) = torch.autograd.grad(nn.functional.mse_loss(outputs, y), layer.weight)
    return outputs.detach(), gradient


HINTS = (
    "A batch norm in training mode subtracts the batch's mean and divides by its deviation. What "
    "do these two become when the layer's outputs are twice as large?",
    "Measure on copies of layer and norm, and nothing needs to be put back. torch.autograd.grad "
    "hands you a gradient and leaves every .grad alone.",
    "deepcopy both, norm.train(). out = norm(layer(x)); grad, = torch.autograd.grad("
    "mse_loss(out, y), layer.weight). Multiply layer.weight by k under torch.no_grad(), do the "
    "same again; then (out2 - out).abs().max().item() and (grad2.norm() / grad.norm()).item().",
)
ANSWER = """
No: with the weight k times as large the batch norm divides by a deviation that is k times as large,
and the outputs stay. A penalty on the size of such a weight does not make the model any simpler.

It does do something else. The gradient becomes k times smaller, and a step of it is compared with a
weight that is k times as large: the weight turns 1/k² as far. As the gradient is perpendicular to
the weight, each step makes the weight a little longer, and so training slows down by itself. Decay
shortens the weight again: the effective learning rate, lr / |w|², stays up. That is why dropping
weight decay still hurts, and why lr and decay must be tuned together.

Two limits. All this holds while the variance is far above eps; with a weight that decay has made
tiny, eps decides, and the outputs do shrink. And it holds for weights with a norm right behind
them: the last layer, and the norm's own weight and bias, are regularised as ever.
"""


@alternative
def calls_with_other_weights(layer, norm, x, y, k):
    from torch.func import functional_call

    def run(factor):
        weight = (layer.weight.detach() * factor).requires_grad_()
        fresh = deepcopy(norm).train()
        outputs = fresh(functional_call(layer, {"weight": weight}, (x,)))
        loss = nn.functional.mse_loss(outputs, y)
        return outputs, torch.autograd.grad(loss, weight)[0]

    (old, gradient), (new, scaled) = run(1), run(k)
    return float((new - old).detach().abs().max()), float(scaled.norm()) / float(gradient.norm())


@alternative
def puts_everything_back(layer, norm, x, y, k):
    mode = norm.training
    buffers = [(buffer, buffer.clone()) for buffer in norm.buffers()]
    weight = layer.weight.detach().clone()
    norm.train()
    try:
        old, gradient = _outputs_and_gradient(layer, norm, x, y)
        layer.weight.data.mul_(k)
        new, scaled = _outputs_and_gradient(layer, norm, x, y)
    finally:
        layer.weight.data.copy_(weight)
        for buffer, value in buffers:
            buffer.copy_(value)
        norm.train(mode)
    return (new - old).abs().amax().item(), (scaled.norm() / gradient.norm()).item()


@alternative
def goes_backward_on_two_copies(layer, norm, x, y, k):
    results = []
    for factor in (1.0, k):
        copy, behind = deepcopy(layer), deepcopy(norm)
        behind.train()
        copy.zero_grad()
        copy.weight.data *= factor
        outputs = behind(copy(x.detach()))
        (outputs - y.detach()).square().mean().backward()
        results.append((outputs.detach(), copy.weight.grad.square().sum().sqrt()))
    (old, length), (new, scaled) = results
    return torch.dist(new, old, p=float("inf")).item(), (scaled / length).item()


@misconception(caught_by="test_outputs_behind_a_batch_norm_stay")
def looks_in_eval_mode(layer, norm, x, y, k):
    "Outputs are compared in eval mode, as always when nothing is trained."
    return _measured(layer, norm, x, y, k, training=False)


@misconception(caught_by="test_a_norm_in_eval_mode_is_judged_in_training")
def keeps_the_mode(layer, norm, x, y, k):
    "A norm is in training mode unless I say otherwise."
    return _measured(layer, norm, x, y, k, training=norm.training)


@misconception(caught_by="test_a_norm_in_eval_mode_comes_back_in_it")
def leaves_training_mode_on(layer, norm, x, y, k):
    "Who wants eval mode will ask for it."
    result = _measured(layer, norm, x, y, k)
    norm.train()
    return result


@misconception(caught_by="test_a_norm_in_training_mode_comes_back_in_it")
def ends_in_eval_mode(layer, norm, x, y, k):
    "When the measuring is done, eval mode is the safe one to leave."
    result = _measured(layer, norm, x, y, k)
    norm.eval()
    return result


@misconception(
    caught_by=("test_the_weight_is_as_before", "test_the_weight_is_as_before_to_the_last_bit")
)
def leaves_the_weight_scaled(layer, norm, x, y, k):
    "Behind a norm the scale does not matter, so the weight can stay scaled."
    result = _measured(layer, norm, x, y, k)
    layer.weight.data.mul_(k)
    return result


@misconception(caught_by="test_the_weight_is_as_before_to_the_last_bit")
def divides_the_weight_by_k_again(layer, norm, x, y, k):
    "Times k and then divided by k is the weight as it was."
    result = _measured(layer, norm, x, y, k)
    layer.weight.data.mul_(k).div_(k)
    return result


@misconception(caught_by="test_the_parameter_is_the_same_one")
def puts_in_another_parameter(layer, norm, x, y, k):
    "A parameter is its values, so a new one with the old values is the old one."
    result = _measured(layer, norm, x, y, k)
    grad = layer.weight.grad
    layer.weight = nn.Parameter(layer.weight.detach().clone())
    layer.weight.grad = grad
    return result


@misconception(caught_by="test_running_statistics_are_as_before")
def moves_the_running_statistics(layer, norm, x, y, k):
    "A forward pass changes nothing: only an optimiser does."
    result = _measured(layer, norm, x, y, k)
    was = norm.training
    norm.train()
    with torch.no_grad():
        norm(layer(x))
    norm.train(was)
    return result


@misconception(caught_by="test_no_gradient_is_left_behind")
def leaves_a_gradient(layer, norm, x, y, k):
    "What backward leaves in .grad, the next zero_grad takes away."
    result = _measured(layer, norm, x, y, k)
    if layer.weight.grad is None:
        layer.weight.grad = _outputs_and_gradient(layer, deepcopy(norm).train(), x, y)[1]
    return result


@misconception(caught_by="test_the_norms_own_gradients_are_as_before")
def clears_the_layer_alone(layer, norm, x, y, k):
    "backward fills the .grad of the layer that I ask about."
    result = _measured(layer, norm, x, y, k)
    params = [param for param in norm.parameters() if param.requires_grad]
    if params:
        outputs = deepcopy(norm).train()(layer(x).detach())
        for param in params:
            param.grad = outputs.detach().sum() * torch.ones_like(param)
    return result


@misconception(caught_by="test_inputs_collect_no_gradient")
def lets_gradients_flow_into_x(layer, norm, x, y, k):
    "backward stops at the layer's weight."
    result = _measured(layer, norm, x, y, k)
    if x.requires_grad:
        copy, behind = deepcopy(layer), deepcopy(norm).train()
        nn.functional.mse_loss(behind(copy(x)), y.detach()).backward()
    return result


@misconception(caught_by="test_a_gradient_from_before_is_still_there")
def clears_the_gradient(layer, norm, x, y, k):
    "To set .grad to None at the end is to leave it clean."
    result = _measured(layer, norm, x, y, k)
    layer.weight.grad = None
    return result


@misconception(caught_by="test_a_gradient_from_before_does_not_count")
def adds_to_the_gradient_from_before(layer, norm, x, y, k):
    "Before the first backward a .grad is empty."
    was = layer.weight.grad
    change, ratio = _measured(layer, norm, x, y, k)
    if was is None:
        return change, ratio
    first = _gradient(layer, norm, x, y, 1)
    return change, (_gradient(layer, norm, x, y, k).norm() / (first + was).norm()).item()


@misconception(
    caught_by=(
        "test_the_gradient_becomes_k_times_smaller",
        "test_as_far_beyond_the_target_the_gradient_is_as_long",
    )
)
def adds_the_second_gradient(layer, norm, x, y, k):
    "The second backward replaces what the first one left in .grad."
    change, _ = _measured(layer, norm, x, y, k)
    first = _gradient(layer, norm, x, y, 1)
    return change, ((first + _gradient(layer, norm, x, y, k)).norm() / first.norm()).item()


@misconception(caught_by="test_the_gradient_becomes_k_times_smaller")
def turns_the_ratio_upside_down(layer, norm, x, y, k):
    "The ratio is the old gradient over the new one."
    change, ratio = _measured(layer, norm, x, y, k)
    return change, 1 / ratio


@misconception(caught_by="test_the_gradient_becomes_k_times_smaller")
def sums_the_outputs(layer, norm, x, y, k):
    "The sum of the outputs will do for a loss, as in any check of gradients."

    def gradient(factor):
        copy, behind = _scaled(layer, factor), deepcopy(norm).train()
        return torch.autograd.grad(behind(copy(x)).sum(), copy.weight)[0].norm().item()

    change, _ = _measured(layer, norm, x, y, k)
    # Behind a batch norm this is 0 over 0, but for what is left by rounding.
    old, new = (round(gradient(factor), 3) for factor in (1, k))
    return change, new / old if old else float("nan")


@misconception(caught_by="test_the_gradient_is_that_of_the_weight")
def asks_for_the_gradient_of_the_bias(layer, norm, x, y, k):
    "Weight and bias get the same gradient, and the bias is shorter."
    if layer.bias is None:
        return _measured(layer, norm, x, y, k)

    def gradient(factor):
        copy, behind = _scaled(layer, factor), deepcopy(norm).train()
        return torch.autograd.grad(nn.functional.mse_loss(behind(copy(x)), y), copy.bias)[0]

    change, _ = _measured(layer, norm, x, y, k)
    return change, (gradient(k).norm() / gradient(1).norm()).item()


@misconception(caught_by="test_the_bias_is_not_scaled")
def scales_the_bias_too(layer, norm, x, y, k):
    "To scale a layer is to scale all its parameters."
    copy = deepcopy(layer)
    if copy.bias is not None:
        copy.bias.data *= k
    behind = deepcopy(norm).train()
    old, gradient = _outputs_and_gradient(layer, behind, x, y)
    copy.weight.data *= k
    new, scaled = _outputs_and_gradient(copy, behind, x, y)
    return (new - old).abs().max().item(), (scaled.norm() / gradient.norm()).item()


@misconception(
    caught_by=("test_the_gradient_becomes_k_times_smaller", "test_a_lone_layer_is_scaled_in_full")
)
def differentiates_by_the_old_weight(layer, norm, x, y, k):
    "The gradient is taken by the layer's weight, through its multiplication by k."
    change, ratio = _measured(layer, norm, x, y, k)
    return change, ratio * abs(k)


@misconception(caught_by="test_the_sign_of_a_change_does_not_count")
def takes_the_signed_maximum(layer, norm, x, y, k):
    "The largest change is the maximum of the differences."
    old, new = _outputs(layer, norm, x, y, 1), _outputs(layer, norm, x, y, k)
    return (new - old).max().item(), _measured(layer, norm, x, y, k)[1]


@misconception(caught_by="test_the_change_is_that_of_one_output")
def averages_the_change(layer, norm, x, y, k):
    "The change is best told by its mean."
    old, new = _outputs(layer, norm, x, y, 1), _outputs(layer, norm, x, y, k)
    return (new - old).abs().mean().item(), _measured(layer, norm, x, y, k)[1]


@misconception(caught_by="test_the_change_is_that_of_one_output")
def compares_the_largest_outputs(layer, norm, x, y, k):
    "The largest output before and the largest after tell how much has changed."
    old, new = _outputs(layer, norm, x, y, 1), _outputs(layer, norm, x, y, k)
    return abs(new.max() - old.max()).item(), _measured(layer, norm, x, y, k)[1]


@misconception(caught_by="test_the_change_is_no_share_of_the_output")
def divides_by_the_output(layer, norm, x, y, k):
    "A change means something only in proportion to what changes."
    old, new = _outputs(layer, norm, x, y, 1), _outputs(layer, norm, x, y, k)
    change = (new - old).abs().max() / old.abs().max()
    return change.item(), _measured(layer, norm, x, y, k)[1]


@misconception(caught_by="test_outputs_behind_a_batch_norm_stay")
def compares_in_front_of_the_norm(layer, norm, x, y, k):
    "What a larger weight changes is the output of its layer."
    return _measured(layer, nn.Identity(), x, y, k)[0], _measured(layer, norm, x, y, k)[1]


@misconception(caught_by="test_a_gradients_length_is_that_of_all_its_numbers")
def takes_the_largest_gradient(layer, norm, x, y, k):
    "The norm of a gradient is its largest number."
    first, second = (_gradient(layer, norm, x, y, factor) for factor in (1, k))
    return _measured(layer, norm, x, y, k)[0], (second.abs().max() / first.abs().max()).item()


@misconception(caught_by="test_a_gradients_length_is_that_of_all_its_numbers")
def adds_up_absolute_gradients(layer, norm, x, y, k):
    "The norm of a gradient is the sum of its absolute values."
    first, second = (_gradient(layer, norm, x, y, factor) for factor in (1, k))
    return _measured(layer, norm, x, y, k)[0], (second.abs().sum() / first.abs().sum()).item()


@misconception(caught_by="test_a_lone_layer_is_scaled_in_full")
def knows_the_answer(layer, norm, x, y, k):
    "The outputs stay and the gradient is divided by k: there is nothing to measure."
    return 0.0, 1 / abs(k)


@misconception(caught_by="test_eps_decides_where_outputs_are_small")
def forgets_eps(layer, norm, x, y, k):
    "eps only guards against a division by 0, so it may be as small as can be."
    behind = deepcopy(norm)
    if hasattr(behind, "eps"):
        behind.eps = 1e-20
    return _measured(layer, behind, x, y, k)


@misconception(caught_by="test_both_results_are_floats")
def returns_tensors(layer, norm, x, y, k):
    "A tensor without axes is a number."
    return tuple(torch.tensor(number) for number in _measured(layer, norm, x, y, k))


@misconception(caught_by="test_a_negative_k_turns_the_outputs_round")
def scales_by_the_size_of_k(layer, norm, x, y, k):
    "A scale is positive, so the sign of k has no meaning."
    return _measured(layer, norm, x, y, abs(k))


def _measured(layer, norm, x, y, k, training=True):
    old, gradient = _outputs_and_gradient(layer, deepcopy(norm).train(training), x, y)
    copy = _scaled(layer, k)
    new, scaled = _outputs_and_gradient(copy, deepcopy(norm).train(training), x, y)
    return (new - old).abs().max().item(), (scaled.norm() / gradient.norm()).item()


def _scaled(layer, k):
    copy = deepcopy(layer)
    copy.weight.data *= k
    return copy


def _outputs(layer, norm, x, y, k):
    return _outputs_and_gradient(_scaled(layer, k), deepcopy(norm).train(), x, y)[0]


def _gradient(layer, norm, x, y, k):
    copy = _scaled(layer, k)
    return _outputs_and_gradient(copy, deepcopy(norm).train(), x, y)[1]
