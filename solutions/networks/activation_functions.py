"""What is an activation function?

One way to see what it is for: take all of them away, and look what is left of the layers.
"""

from collections.abc import Sequence

import torch
from torch import nn

from dojo import alternative, misconception

__all__ = ["collapse"]


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
    if not layers:
        raise ValueError("no layers: give at least one nn.Linear")
    for place, layer in enumerate(layers):
        if not isinstance(layer, nn.Linear):
            raise TypeError(f"layer {place} is a {type(layer).__name__}: only nn.Linear collapses")
    weight, bias = _product([(layer.weight, layer.bias) for layer in layers])
    n_out, n_in = weight.shape
    single = nn.Linear(n_in, n_out, device=weight.device, dtype=weight.dtype)
    single.load_state_dict({"weight": weight, "bias": bias})
    return single


@torch.no_grad()
def _product(pairs):
    """The weight and the bias of all layers together."""
    weight, bias = pairs[0]
    total = weight.new_zeros(len(weight)) if bias is None else bias
    for after, bias in pairs[1:]:
        weight = after @ weight
        total = after @ total if bias is None else after @ total + bias
    return weight, total


HINTS = (
    "Write down what two layers do to x, one after the other: the second one's weights times what "
    "the first one gives. Which part of that multiplies x, and which doesn't?",
    "weight2 @ (weight1 @ x + bias1) + bias2: the weights multiply, the later one on the left, and "
    "bias1 goes through weight2 before bias2 is added. A missing bias is zeros.",
    "Begin with the first layer's weight and bias; for each later one: weight = layer.weight @ "
    "weight, bias = layer.weight @ bias + layer.bias. Copy both, under torch.no_grad(), into a new "
    "nn.Linear with device= and dtype=.",
)
ANSWER = """
An activation function is the nonlinear function between two linear layers, mostly applied to each
number by itself. Without it depth is an illusion: weight2 @ (weight1 @ x + bias1) + bias2 is one
linear layer, with the weight weight2 @ weight1 and the bias weight2 @ bias1 + bias2, and a hundred
layers are as little. With something nonlinear between them, even max(x, 0), the layers can't be
merged, and bend the line once more with every unit.

Two layers are still not the same as one in every way. A narrow one in the middle limits the rank of
the product, which is what low-rank adapters use, and gradient descent on a product of weights takes
other paths than on one weight. And the merging is in daily use: adapters and batch norms in
evaluation mode are linear, so they are multiplied into the layer beside them before a model is
deployed. The outputs agree up to rounding only, since the sums are taken in another order.
"""


@alternative
def runs_the_unit_vectors(layers):
    if len(layers) == 0:
        raise ValueError("layers is empty")
    for layer in layers:
        if type(layer) is not nn.Linear:
            raise TypeError(f"{layer} is not linear")
    stack, first = nn.Sequential(*layers), layers[0]
    like = {"device": first.weight.device, "dtype": first.weight.dtype}
    single = nn.Linear(first.in_features, layers[-1].out_features, **like)
    with torch.no_grad():
        units = torch.eye(first.in_features, **like)
        at_zero = stack(torch.zeros_like(units[0]))
        single.weight.copy_((stack(units) - at_zero).T)
        single.bias.copy_(at_zero)
    return single


@alternative
def multiplies_from_the_last(layers):
    for layer in layers:
        if not isinstance(layer, nn.Linear):
            raise TypeError(f"cannot merge {type(layer).__name__}")
    if not layers:
        raise ValueError("nothing to collapse")
    weight = bias = None
    for layer in reversed(layers):
        own = layer.weight.detach()
        if layer.bias is not None:
            moved = layer.bias.detach() if weight is None else weight @ layer.bias.detach()
            bias = moved if bias is None else bias + moved
        weight = own if weight is None else weight @ own
    single = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    single.weight = nn.Parameter(weight.clone())
    if bias is not None:
        single.bias = nn.Parameter(bias.clone())
    return single


@alternative
def gives_the_bias_a_column(layers):
    if not len(layers):
        raise ValueError("an empty stack has no size")
    whole = None
    for layer in layers:
        if not isinstance(layer, nn.Linear):
            raise TypeError(f"{layer.__class__.__name__} is no linear layer")
        n_out, n_in = layer.weight.shape
        square = layer.weight.new_zeros(n_out + 1, n_in + 1)
        square[:-1, :-1] = layer.weight.data
        if layer.bias is not None:
            square[:-1, -1] = layer.bias.data
        square[-1, -1] = 1
        whole = square if whole is None else square @ whole
    single = nn.Linear(whole.shape[1] - 1, whole.shape[0] - 1).to(whole)
    single.weight.data, single.bias.data = whole[:-1, :-1].clone(), whole[:-1, -1].clone()
    return single


@alternative
def merges_the_first_two(layers):
    from copy import deepcopy

    if not layers:
        raise ValueError("no layers")
    for layer in layers:
        if not isinstance(layer, nn.Linear):
            raise TypeError(f"{type(layer)} cannot be merged")
    if len(layers) == 1:
        return deepcopy(layers[0])
    first, second, *others = layers
    like = {"device": first.weight.device, "dtype": first.weight.dtype}
    merged = nn.Linear(first.in_features, second.out_features, **like)
    with torch.no_grad():
        merged.weight[:] = second.weight @ first.weight
        merged.bias[:] = 0 if first.bias is None else second.weight @ first.bias
        if second.bias is not None:
            merged.bias += second.bias
    return merges_the_first_two([merged, *others])


@misconception(
    caught_by=("test_the_later_layer_multiplies_from_the_left", "test_two_layers_are_one")
)
def multiplies_in_reading_order(layers):
    "The first layer comes first, so its weight stands on the left."
    _check(layers)
    weight, bias = _start(layers[0])
    for layer in layers[1:]:
        weight = weight @ layer.weight
        bias = layer.weight @ bias + _bias(layer)
    return _single(weight, bias)


@misconception(caught_by="test_an_early_bias_goes_through_the_later_weights")
def adds_the_biases_up(layers):
    "Weights multiply and biases add up."
    _check(layers)
    weight, bias = _start(layers[0])
    for layer in layers[1:]:
        weight = layer.weight @ weight
        bias = bias + _bias(layer)
    return _single(weight, bias)


@misconception(
    caught_by=("test_a_bias_of_the_first_layer_alone_counts", "test_the_outputs_at_0_agree")
)
def keeps_the_last_bias(layers):
    "Each layer sets the offset anew, so the last bias is the one that counts."
    _check(layers)
    weight, _ = _product(_pairs(layers))
    return _single(weight, _bias(layers[-1]))


@misconception(caught_by="test_a_bias_of_the_first_layer_alone_counts")
def has_a_bias_if_the_last_has_one(layers):
    "Where the last layer has no bias, the whole has none."
    _check(layers)
    weight, bias = _product(_pairs(layers))
    return _single(weight, bias if layers[-1].bias is not None else torch.zeros_like(bias))


@misconception(caught_by="test_a_bias_of_the_last_layer_alone_counts")
def has_a_bias_if_the_first_has_one(layers):
    "The layers are made alike: if the first has no bias, there is none."
    _check(layers)
    weight, bias = _product(_pairs(layers))
    return _single(weight, bias if layers[0].bias is not None else torch.zeros_like(bias))


@misconception(caught_by="test_a_layer_without_bias_between_others_will_do")
def asks_every_layer_for_its_bias(layers):
    "Every linear layer has a bias."
    _check(layers)
    weight, bias = layers[0].weight, layers[0].bias
    for layer in layers[1:]:
        weight = layer.weight @ weight
        bias = layer.weight @ bias + layer.bias
    return _single(weight, bias)


@misconception(caught_by="test_one_square_layer_is_its_own_match")
def weighs_a_bias_by_its_own_layer(layers):
    "A layer adds its bias to what comes in, and weighs the sum."
    _check(layers)
    weight, _ = _product(_pairs(layers))
    bias = torch.zeros_like(weight[0])
    for layer in layers:
        bias = layer.weight @ (bias + _bias(layer))
    return _single(weight, bias)


@misconception(caught_by="test_a_bias_counts_once")
def takes_the_outputs_for_unit_vectors(layers):
    "What the layers make of a unit vector is a column of the weight."
    _check(layers)
    outputs, at_zero = _run_unit_vectors(layers)
    return _single(outputs.T, at_zero)


@misconception(caught_by="test_one_layer_is_its_own_match")
def forgets_to_transpose(layers):
    "What the layers make of the unit vectors, row by row, is the weight."
    _check(layers)
    outputs, at_zero = _run_unit_vectors(layers)
    return _single(outputs - at_zero, at_zero)


@misconception(caught_by="test_a_relu_between_the_layers_is_refused")
def drops_what_is_not_linear(layers):
    "Only linear layers have weights, all else can be left out."
    return _collapsed([layer for layer in layers if isinstance(layer, nn.Linear)])


@misconception(caught_by="test_other_modules_are_refused_too")
def refuses_activations_only(layers):
    "What can't be merged is an activation function, everything else can."
    for layer in layers:
        if isinstance(layer, nn.ReLU | nn.Sigmoid | nn.Tanh | nn.GELU):
            raise TypeError(f"{type(layer).__name__} is not linear")
    return _collapsed([layer for layer in layers if isinstance(layer, nn.Linear)])


@misconception(caught_by="test_a_norm_has_weights_and_is_refused")
def goes_by_weight_and_bias(layers):
    "What has a weight and a bias is a linear layer."
    for layer in layers:
        if not hasattr(layer, "weight"):
            raise TypeError(f"{type(layer).__name__} has no weight")
    return _collapsed(layers)


@misconception(caught_by="test_an_activation_at_the_end_is_refused")
def looks_between_the_layers_only(layers):
    "An activation matters between two layers, at the end it has nothing to separate."
    if layers and not isinstance(layers[-1], nn.Linear):
        layers = layers[:-1]
    _check(layers)
    return _collapsed(layers)


@misconception(caught_by="test_the_error_names_the_class")
def says_nothing_of_the_class(layers):
    "That it is a TypeError says enough."
    for layer in layers:
        if not isinstance(layer, nn.Linear):
            raise TypeError("all layers must be linear")
    return _collapsed(layers)


@misconception(caught_by="test_no_layers_are_refused")
def returns_an_identity_for_nothing(layers):
    "No layers leave the input as it is."
    if not layers:
        return nn.Identity()
    _check(layers)
    return _collapsed(layers)


@misconception(caught_by="test_a_single_layer_is_copied")
def hands_back_the_only_layer(layers):
    "One layer is collapsed already."
    _check(layers)
    return layers[0] if len(layers) == 1 else _collapsed(layers)


@misconception(caught_by="test_the_layers_stay_as_they_are")
def writes_into_the_last_layer(layers):
    "The last layer gives the output, so the merged weights go there."
    _check(layers)
    weight, bias = _product(_pairs(layers))
    last = layers[-1]
    last.in_features = weight.shape[1]
    last.weight, last.bias = nn.Parameter(weight.clone()), nn.Parameter(bias.clone())
    return last


@misconception(caught_by="test_the_sizes_are_true")
def refits_the_first_layer(layers):
    "A layer is its weight and its bias, so a copy of any layer can take new ones."
    from copy import deepcopy

    _check(layers)
    weight, bias = _product(_pairs(layers))
    single = deepcopy(layers[0])
    single.weight, single.bias = nn.Parameter(weight.clone()), nn.Parameter(bias.clone())
    return single


@misconception(caught_by="test_float64_stays_float64")
def always_makes_float32(layers):
    "A new layer takes whatever numbers are copied into it."
    _check(layers)
    weight, bias = _product(_pairs(layers))
    single = nn.Linear(*weight.shape[::-1], device=weight.device)
    single.load_state_dict({"weight": weight, "bias": bias})
    return single


@misconception(caught_by="test_two_layers_are_one", only_on="accelerator")
def leaves_the_result_on_the_cpu(layers):
    "copy_ takes care of the device."
    _check(layers)
    weight, bias = _product(_pairs(layers))
    single = nn.Linear(*weight.shape[::-1], dtype=weight.dtype)
    single.load_state_dict({"weight": weight, "bias": bias})
    return single


@misconception(caught_by="test_it_is_a_linear_layer_of_torch")
def returns_them_in_a_row(layers):
    "Layers in an nn.Sequential are one module."
    from copy import deepcopy

    _check(layers)
    return nn.Sequential(*deepcopy(list(layers)))


def _collapsed(layers):
    if not layers:
        raise ValueError("no layers")
    return _single(*_product(_pairs(layers)))


def _check(layers):
    if not layers:
        raise ValueError("no layers")
    for layer in layers:
        if not isinstance(layer, nn.Linear):
            raise TypeError(f"{type(layer).__name__} is not linear")


def _bias(layer):
    return layer.weight.new_zeros(layer.out_features) if layer.bias is None else layer.bias


def _pairs(layers):
    return [(layer.weight, layer.bias) for layer in layers]


def _start(layer):
    return layer.weight, _bias(layer)


@torch.no_grad()
def _run_unit_vectors(layers):
    stack = nn.Sequential(*layers)
    units = torch.eye(layers[0].in_features).to(layers[0].weight)
    return stack(units), stack(torch.zeros_like(units[0]))


def _single(weight, bias):
    n_out, n_in = weight.shape
    single = nn.Linear(n_in, n_out, device=weight.device, dtype=weight.dtype)
    single.load_state_dict({"weight": weight.detach(), "bias": bias.detach()})
    return single
