"""What is layer-wise sequential unit variance?

An initialisation that looks at data: a layer's weights are scaled by what it makes of a batch.
"""

from functools import partial

import torch
from torch import Tensor, nn

from dojo import alternative, misconception

__all__ = ["lsuv_"]


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
    names = {layer: name for name, layer in model.named_modules() if isinstance(layer, _LAYERS)}

    def tune(layer: nn.Module, inputs: tuple[Tensor], output: Tensor) -> Tensor:
        if layer not in names:  # its second run
            return output
        name = names.pop(layer)
        for step in range(max_steps + 1):
            if output.min() == output.max():
                raise ValueError(
                    f"layer {name!r} is dead: it puts out {output.max():.3g} throughout"
                )
            mean, deviation = output.mean(), output.std()
            if abs(deviation - 1) <= tol and (layer.bias is None or abs(mean) <= tol):
                return output
            if step < max_steps:
                _step(layer, mean, deviation)
                output = layer.forward(*inputs)  # a call would come back to this hook
        raise RuntimeError(f"layer {name!r} has deviation {deviation:.3g} after {max_steps} steps")

    handles = [layer.register_forward_hook(tune) for layer in names]
    try:
        with torch.no_grad():
            model(batch)
    finally:
        for handle in handles:
            handle.remove()


_LAYERS = (nn.Linear, nn.Conv2d)


def _step(layer, mean, deviation):
    layer.weight.div_(deviation)
    if layer.bias is not None:
        layer.bias.sub_(mean).div_(deviation)


HINTS = (
    "What a layer puts out depends on all layers before it. Where in a run of the model are these "
    "done, and this layer's inputs at hand?",
    "A forward hook can tune its layer and return the new output, with which the run goes on. To "
    "divide an output by its deviation, divide weight and bias; to take the mean off it, take it "
    "off the bias, in the right order of the two.",
    "In the hook, under torch.no_grad(): while deviation or mean is off: layer.weight.div_(dev); "
    "layer.bias.sub_(mean).div_(dev), where there is one; output = layer.forward(*inputs). Raise "
    "where output.min() == output.max() or the steps run out; return output. Remove all hooks in a "
    "finally.",
)
ANSWER = """
Run a batch through the network and, layer after layer in the order of the run, divide the weights
by the deviation of what the layer puts out, until that is 1. No theory of the activation function
is needed, as in Kaiming's factor for relu: the batch shows what there is. The order is the point:
scaling one layer changes what all later ones get, so measuring all first and scaling afterwards
corrects each layer for its predecessors' old scale as well.

The paper starts from orthonormal weights and scales weights only; taking the mean off the bias is
an addition of the fast.ai course. Weight and bias are both divided by the deviation, the mean is
taken off the bias first: then the layer puts out exactly (output - mean) / deviation, and one step
settles it. Where the bias is not divided, what its units differ by stays in the deviation, and if
that alone is more than 1, no scale of the weights will do.

The variance is that of a layer's whole output on one batch; no unit by itself is standardised, as
batch norm would, and nothing keeps it so in training. A dead layer can't be scaled to life: its
deviation is 0, and dividing by that fills the weights with NaN. The Parameters have to stay the
same objects, since an optimiser made before holds on to those that it was given.
"""


@alternative
def tunes_before_the_run(model, batch, tol=1e-3, max_steps=10):
    names = _names(model)

    def tune(layer, inputs):
        if layer in names:
            _settle(layer, names.pop(layer), lambda: layer.forward(*inputs), tol, max_steps)

    handles = [layer.register_forward_pre_hook(tune) for layer in names]
    try:
        with torch.no_grad():
            model(batch)
    finally:
        for handle in handles:
            handle.remove()


@alternative
def runs_the_model_for_each_step(model, batch, tol=1e-3, max_steps=10):
    names = _names(model)
    for layer in _order(model, batch, names):
        run = partial(_first_output, model, batch, layer)
        _settle(layer, names[layer], run, tol, max_steps)


@alternative
def scales_then_shifts(model, batch, tol=1e-3, max_steps=10):
    names = _names(model)

    def settle(layer, args, kwargs, output):
        if layer not in names:
            return None
        name = names.pop(layer)
        if torch.equal(output, output.flatten()[0].expand_as(output)):
            raise ValueError(f"{name} has constant output")
        for _ in range(max_steps):
            if abs(output.std().item() - 1) <= tol:
                break
            layer.weight.data = layer.weight.data / output.std()
            if layer.bias is not None:
                layer.bias.data = layer.bias.data / output.std()
            output = layer.forward(*args, **kwargs)
        if abs(output.std().item() - 1) > tol:
            raise RuntimeError(f"{name} is not at 1 yet")
        for _ in range(5):
            if layer.bias is not None and abs(output.mean().item()) > tol:
                layer.bias.data -= output.mean()
                output = layer.forward(*args, **kwargs)
        return output

    handles = [layer.register_forward_hook(settle, with_kwargs=True) for layer in names]
    try:
        with torch.no_grad():
            model(batch)
    finally:
        [handle.remove() for handle in handles]


@alternative
def looks_for_the_next_untuned_layer(model, batch, tol=1e-3, max_steps=10):
    done, names = set(), _names(model)
    while True:
        todo = [layer for layer in _order(model, batch, names) if layer not in done]
        if not todo:
            return
        layer = todo[0]
        run = partial(_first_output, model, batch, layer)
        _settle(layer, names[layer], run, tol, max_steps)
        done.add(layer)


def _names(model):
    return {layer: name for name, layer in model.named_modules() if isinstance(layer, _LAYERS)}


def _settle(layer, name, run, tol, max_steps, step=_step):
    """Change a layer until run(), its output, is within tol."""
    with torch.no_grad():
        output, steps = run(), 0
        while not _within(layer, output, tol):
            if output.min() == output.max():
                raise ValueError(f"{name} puts out one number only")
            if steps == max_steps:
                raise RuntimeError(f"{name} does not settle in {max_steps} steps")
            step(layer, output.mean(), output.std())
            output, steps = run(), steps + 1


def _within(layer, output, tol):
    off = abs(output.std() - 1)
    return off <= tol and (layer.bias is None or abs(output.mean()) <= tol)


@torch.no_grad()
def _order(model, batch, names):
    """The layers, in the order in which they first run."""
    seen = []

    def note(layer, inputs, output):
        if layer not in seen:
            seen.append(layer)

    with _Hooked(names, note):
        model(batch)
    return seen


@torch.no_grad()
def _first_output(model, batch, layer):
    outputs = []
    with _Hooked([layer], lambda _, inputs, output: outputs.append(output)):
        model(batch)
    return outputs[0]


class _Hooked:
    """A hook in each of the layers, while a with lasts."""

    def __init__(self, layers, hook):
        self.layers, self.hook = layers, hook

    def __enter__(self):
        self.handles = [layer.register_forward_hook(self.hook) for layer in self.layers]

    def __exit__(self, *error):
        for handle in self.handles:
            handle.remove()


def _tuned(
    model,
    batch,
    tol,
    max_steps,
    *,
    names=None,
    settle=_settle,
    step=_step,
    goes_on=True,
):
    """The right way, for the wrong answers below to go wrong in one place."""
    names = _names(model) if names is None else names

    def tune(layer, inputs, output):
        if layer not in names:
            return output
        settle(layer, names.pop(layer), lambda: layer.forward(*inputs), tol, max_steps, step)
        return layer.forward(*inputs) if goes_on else output

    with _Hooked([*names], tune), torch.no_grad():
        model(batch)


@misconception(caught_by="test_a_later_layer_comes_to_deviation_1")
def measures_all_layers_first(model, batch, tol=1e-3, max_steps=10):
    "One run measures all layers, and then each is scaled."
    outputs = {}

    def note(layer, inputs, output):
        outputs.setdefault(layer, output)

    names = _names(model)
    with torch.no_grad():
        with _Hooked(names, note):
            model(batch)
        for layer, output in outputs.items():
            if output.min() == output.max():
                raise ValueError(names[layer])
            if not _within(layer, output, tol):
                if max_steps < 1:
                    raise RuntimeError(names[layer])
                _step(layer, output.mean(), output.std())


@misconception(caught_by="test_the_order_is_that_of_the_run")
def goes_by_the_order_of_definition(model, batch, tol=1e-3, max_steps=10):
    "model.modules() lists the layers in the order in which they run."
    ran = set(_order(model, batch, _names(model)))
    for layer, name in _names(model).items():
        if layer in ran:
            _settle(layer, name, partial(_first_output, model, batch, layer), tol, max_steps)


@misconception(caught_by="test_a_later_layer_comes_to_deviation_1")
def hands_on_the_old_output(model, batch, tol=1e-3, max_steps=10):
    "Once the weights are changed, the run goes on with the changed output."
    _tuned(model, batch, tol, max_steps, goes_on=False)


@misconception(
    caught_by=("test_the_deviation_comes_to_1", "test_a_convolution_comes_to_deviation_1")
)
def scales_the_output_only(model, batch, tol=1e-3, max_steps=10):
    "A hook that hands on the scaled output has initialised the layer."

    def scale(layer, inputs, output):
        if output.min() == output.max():
            raise ValueError(_names(model)[layer])
        return (output - output.mean()) / output.std()

    with _Hooked(_names(model), scale), torch.no_grad():
        model(batch)


@misconception(caught_by="test_the_mean_comes_to_0")
def leaves_the_mean(model, batch, tol=1e-3, max_steps=10):
    "Unit variance says nothing of the mean."

    def settle(layer, *args):
        bias, layer.bias = layer.bias, None
        try:
            _settle(layer, *args)
        finally:
            layer.bias = bias

    _tuned(model, batch, tol, max_steps, settle=settle)


@misconception(caught_by="test_a_bias_far_off_is_brought_back")
def scales_without_the_bias_in_one_step(model, batch, tol=1e-3, max_steps=10):
    "Dividing the weights and taking the mean off the bias settles a layer in one step."

    def step(layer, mean, deviation):
        layer.weight.div_(deviation)
        if layer.bias is not None:
            layer.bias.sub_(mean)

    _tuned(model, batch, tol, max_steps, settle=_once, step=step)


@misconception(caught_by="test_biases_far_apart_are_brought_together")
def scales_without_the_bias(model, batch, tol=1e-3, max_steps=10):
    "The bias shifts an output and has no part in its variance."

    def step(layer, mean, deviation):
        layer.weight.div_(deviation)
        if layer.bias is not None:
            layer.bias.sub_(mean)

    _tuned(model, batch, tol, max_steps, step=step)


@misconception(caught_by="test_a_layer_that_grows_slowly_gets_several_steps")
def takes_one_step(model, batch, tol=1e-3, max_steps=10):
    "One step settles every layer."
    _tuned(model, batch, tol, max_steps, settle=_once)


def _once(layer, name, run, tol, max_steps, step=_step):
    output = run()
    if _within(layer, output, tol):
        return
    if output.min() == output.max():
        raise ValueError(name)
    if max_steps < 1:
        raise RuntimeError(name)
    step(layer, output.mean(), output.std())


@misconception(caught_by="test_a_layer_without_bias_keeps_its_mean")
def needs_a_bias(model, batch, tol=1e-3, max_steps=10):
    "Every layer has a bias to take the mean from."

    def step(layer, mean, deviation):
        layer.weight.div_(deviation)
        layer.bias.sub_(mean).div_(deviation)

    _tuned(model, batch, tol, max_steps, step=step)


@misconception(caught_by="test_a_layer_without_bias_keeps_its_mean")
def gives_it_a_bias(model, batch, tol=1e-3, max_steps=10):
    "A layer without a bias needs one, to bring its mean to 0."
    for layer in _names(model):
        if layer.bias is None:
            layer.bias = nn.Parameter(layer.weight.new_zeros(len(layer.weight)))
    _tuned(model, batch, tol, max_steps)


@misconception(caught_by="test_a_layer_without_bias_keeps_its_mean")
def wants_a_mean_of_0_everywhere(model, batch, tol=1e-3, max_steps=10):
    "A layer isn't done until its mean is 0."

    def settle(layer, name, run, tol, max_steps, step):
        output = run()
        for _ in range(max_steps):
            if output.min() == output.max():
                raise ValueError(name)
            if abs(output.std() - 1) <= tol and abs(output.mean()) <= tol:
                return
            step(layer, output.mean(), output.std())
            output = run()
        if abs(output.std() - 1) > tol or abs(output.mean()) > tol:
            raise RuntimeError(name)

    _tuned(model, batch, tol, max_steps, settle=settle)


@misconception(caught_by="test_a_layer_without_bias_comes_to_deviation_1")
def takes_the_mean_square(model, batch, tol=1e-3, max_steps=10):
    "The size of a signal is the root of its mean square."

    def step(layer, mean, deviation):
        _step(layer, mean, deviation if layer.bias is not None else (deviation**2 + mean**2).sqrt())

    def settle(layer, name, run, tol, max_steps, step):
        if layer.bias is None:
            _once(layer, name, run, tol, max_steps, step)
        else:
            _settle(layer, name, run, tol, max_steps, step)

    _tuned(model, batch, tol, max_steps, settle=settle, step=step)


@misconception(caught_by="test_a_mean_alone_is_reason_enough")
def stops_at_deviation_1(model, batch, tol=1e-3, max_steps=10):
    "A layer whose deviation is 1 is done."

    def settle(layer, name, run, tol, max_steps, step):
        output = run()
        if abs(output.std() - 1) > tol:
            _settle(layer, name, run, tol, max_steps, step)

    _tuned(model, batch, tol, max_steps, settle=settle)


@misconception(caught_by="test_a_deviation_alone_is_reason_enough")
def stops_at_mean_0(model, batch, tol=1e-3, max_steps=10):
    "A layer whose mean is 0 is standardised."

    def settle(layer, name, run, tol, max_steps, step):
        output = run()
        if layer.bias is None or abs(output.mean()) > tol:
            _settle(layer, name, run, tol, max_steps, step)

    _tuned(model, batch, tol, max_steps, settle=settle)


@misconception(caught_by="test_a_layer_within_tol_is_left_as_it_is")
def always_takes_a_step(model, batch, tol=1e-3, max_steps=10):
    "One more step does no harm."

    def settle(layer, name, run, tol, max_steps, step):
        output = run()
        if output.min() == output.max():
            raise ValueError(name)
        if not (max_steps == 0 and _within(layer, output, tol)):
            if max_steps == 0:
                raise RuntimeError(name)
            step(layer, output.mean(), output.std())
            _settle(layer, name, run, tol, max_steps - 1, step)

    _tuned(model, batch, tol, max_steps, settle=settle)


@misconception(caught_by="test_a_small_tol_asks_for_more")
def has_a_tolerance_of_its_own(model, batch, tol=1e-3, max_steps=10):
    "A thousandth is near enough."
    _tuned(model, batch, max(tol, 1e-3), max_steps)


@misconception(caught_by="test_a_layer_within_tol_is_left_as_it_is")
def has_no_patience_with_tol(model, batch, tol=1e-3, max_steps=10):
    "The nearer to 1, the better, whatever tol says."
    _tuned(model, batch, min(tol, 1e-3), max_steps)


@misconception(caught_by="test_the_deviation_is_torchs")
def divides_by_n(model, batch, tol=1e-3, max_steps=10):
    "A variance divides by the number of values."

    def settle(layer, name, run, tol, max_steps, step):
        def stretched():  # its deviation with n - 1 is that of the output with n
            output = run()
            n = output.numel()
            return output.mean() + (output - output.mean()) * (1 - 1 / n) ** 0.5

        _settle(layer, name, stretched, tol, max_steps, step)

    _tuned(model, batch, tol, max_steps, settle=settle)


@misconception(caught_by="test_all_weights_have_one_factor")
def scales_each_unit(model, batch, tol=1e-3, max_steps=10):
    "Each unit has a variance of its own to bring to 1."

    def first(layer, name, run, tol, max_steps, step):
        output = run()
        if not _within(layer, output, tol) and output.min() != output.max():
            units = output.movedim(1, 0).flatten(1)
            sizes = units.std(1).clamp(min=units.std() / 100)
            layer.weight.div_(sizes.view(-1, *[1] * (layer.weight.dim() - 1)))
            max_steps -= 1
        _settle(layer, name, run, tol, max_steps, step)

    _tuned(model, batch, tol, max_steps, settle=first)


@misconception(caught_by="test_all_weights_have_one_factor")
def starts_from_orthonormal_weights(model, batch, tol=1e-3, max_steps=10):
    "As in the paper, the weights are drawn orthonormal first."

    def drawn(layer, name, run, tol, max_steps, step):
        output = run()
        if not _within(layer, output, tol) and output.min() != output.max():
            weight = torch.empty(layer.weight.shape, dtype=layer.weight.dtype)
            layer.weight.copy_(nn.init.orthogonal_(weight))
        _settle(layer, name, run, tol, max_steps, step)

    _tuned(model, batch, tol, max_steps, settle=drawn)


@misconception(caught_by="test_all_weights_have_one_factor")
def turns_the_signs(model, batch, tol=1e-3, max_steps=10):
    "Only the size of the weights counts, and minus the output has the same variance."

    def settle(layer, name, run, tol, max_steps, step):
        output = run()
        changed = not _within(layer, output, tol) and output.min() != output.max()
        _settle(layer, name, run, tol, max_steps, step)
        if changed and max_steps:
            layer.weight.neg_()
            if layer.bias is not None:
                layer.bias.neg_()

    _tuned(model, batch, tol, max_steps, settle=settle)


@misconception(caught_by="test_a_convolution_comes_to_deviation_1")
def tunes_linear_layers_only(model, batch, tol=1e-3, max_steps=10):
    "Layers with weights are linear layers."
    names = {layer: name for layer, name in _names(model).items() if isinstance(layer, nn.Linear)}
    _tuned(model, batch, tol, max_steps, names=names)


@misconception(caught_by="test_a_layer_within_a_block_is_tuned")
def tunes_the_children_only(model, batch, tol=1e-3, max_steps=10):
    "The layers of a model are its children."
    names = _names(model)
    if model not in names:
        own = [*model.children()]
        names = {layer: name for layer, name in names.items() if layer in own}
    _tuned(model, batch, tol, max_steps, names=names)


@misconception(caught_by="test_other_modules_keep_their_weights")
def tunes_whatever_has_weights(model, batch, tol=1e-3, max_steps=10):
    "What has a weight is a layer to be scaled."
    names = {
        m: n for n, m in model.named_modules() if isinstance(getattr(m, "weight", None), Tensor)
    }
    _tuned(model, batch, tol, max_steps, names=names)


@misconception(caught_by="test_a_layer_that_runs_twice_is_tuned_on_its_first_run")
def tunes_at_each_run(model, batch, tol=1e-3, max_steps=10):
    "A layer is tuned whenever it runs."

    class Lasting(dict):
        def pop(self, key):
            return self[key]

    _tuned(model, batch, tol, max_steps, names=Lasting(_names(model)))


@misconception(caught_by="test_a_layer_that_does_not_run_stays")
def wants_all_layers_to_run(model, batch, tol=1e-3, max_steps=10):
    "Every layer of a model runs."
    names = _names(model)
    _tuned(model, batch, tol, max_steps, names=names)
    for name in names.values():
        raise ValueError(f"{name} did not run")


@misconception(
    caught_by=("test_a_layer_without_output_is_dead", "test_a_dead_layer_stays_as_it_is")
)
def divides_by_whatever_comes(model, batch, tol=1e-3, max_steps=10):
    "A deviation can be divided by."

    def settle(layer, name, run, tol, max_steps, step):
        output = run()
        for _ in range(max_steps):
            if _within(layer, output, tol):
                return
            step(layer, output.mean(), output.std())
            output = run()
        if abs(output.std() - 1) > tol:
            raise RuntimeError(name)

    _tuned(model, batch, tol, max_steps, settle=settle)


@misconception(caught_by="test_a_constant_output_is_dead_too")
def takes_0_for_dead(model, batch, tol=1e-3, max_steps=10):
    "A dead layer puts out zeros."

    def settle(layer, name, run, tol, max_steps, step):
        output = run()
        if output.min() == output.max() != 0:
            for _ in range(max_steps):
                step(layer, output.mean(), output.std())
                output = run()
            raise RuntimeError(name)
        _settle(layer, name, run, tol, max_steps, step)

    _tuned(model, batch, tol, max_steps, settle=settle)


@misconception(caught_by="test_rounding_hides_no_dead_layer")
def asks_for_a_deviation_of_0(model, batch, tol=1e-3, max_steps=10):
    "Equal numbers have a deviation of exactly 0."

    def settle(layer, name, run, tol, max_steps, step):
        output = run()
        for _ in range(max_steps):
            if output.cpu().std() == 0:
                raise ValueError(name)
            if _within(layer, output, tol):
                return
            step(layer, output.mean(), output.std())
            output = run()
        if not _within(layer, output, tol):
            raise RuntimeError(name)

    _tuned(model, batch, tol, max_steps, settle=settle)


@misconception(caught_by="test_a_weak_layer_is_not_dead")
def takes_weak_for_dead(model, batch, tol=1e-3, max_steps=10):
    "A deviation below a thousandth is as good as none."

    def settle(layer, name, run, tol, max_steps, step):
        output = run()
        if output.std() < 1e-3:
            raise ValueError(name)
        _settle(layer, name, run, tol, max_steps, step)

    _tuned(model, batch, tol, max_steps, settle=settle)


@misconception(caught_by="test_a_layer_without_output_is_dead")
def skips_a_dead_layer(model, batch, tol=1e-3, max_steps=10):
    "Where there is nothing to scale, the layer stays as it is."

    def settle(layer, name, run, tol, max_steps, step):
        output = run()
        if output.min() != output.max():
            _settle(layer, name, run, tol, max_steps, step)

    _tuned(model, batch, tol, max_steps, settle=settle)


@misconception(caught_by="test_the_error_has_the_name_of_the_dead_layer")
def names_the_class(model, batch, tol=1e-3, max_steps=10):
    "The kind of layer says which one it is."
    names = {layer: type(layer).__name__ for layer in _names(model)}
    try:
        _tuned(model, batch, tol, max_steps, names=names)
    except RuntimeError as error:
        named = [n for layer, n in _names(model).items() if layer not in names]
        raise RuntimeError(f"{error}: {named}") from error


@misconception(caught_by="test_a_dead_layer_stays_as_it_is")
def looks_for_nan_afterwards(model, batch, tol=1e-3, max_steps=10):
    "That a layer was dead shows when it has been divided."

    def settle(layer, name, run, tol, max_steps, step):
        output = run()
        if output.min() == output.max():
            step(layer, output.mean(), output.std())
            raise ValueError(f"{name} is full of NaN")
        _settle(layer, name, run, tol, max_steps, step)

    _tuned(model, batch, tol, max_steps, settle=settle)


@misconception(caught_by="test_a_layer_that_never_settles_is_told")
def gives_up_silently(model, batch, tol=1e-3, max_steps=10):
    "After the last step a layer is as good as it gets."

    def settle(*args):
        try:
            _settle(*args)
        except RuntimeError:
            return

    _tuned(model, batch, tol, max_steps, settle=settle)


@misconception(caught_by="test_there_are_no_more_than_max_steps_steps")
def has_steps_of_its_own(model, batch, tol=1e-3, max_steps=10):
    "Ten steps are enough for anyone."
    _tuned(model, batch, tol, max(max_steps, 10))


@misconception(caught_by="test_there_are_no_more_than_max_steps_steps")
def goes_on_until_it_is_done(model, batch, tol=1e-3, max_steps=10):
    "Each step comes nearer, so it ends by itself."
    _tuned(model, batch, tol, 1_000_000)


@misconception(caught_by="test_without_a_step_left_nothing_changes")
def takes_a_step_before_it_counts(model, batch, tol=1e-3, max_steps=10):
    "The first step does not count, as it is always needed."
    _tuned(model, batch, tol, max(max_steps, 1))


@misconception(caught_by="test_a_layer_may_be_within_tol_without_a_step")
def wants_a_step_to_be_left(model, batch, tol=1e-3, max_steps=10):
    "Where the steps are used up, the layer is not settled."

    def settle(layer, name, run, tol, max_steps, step):
        for _ in range(max_steps):
            output = run()
            if output.min() == output.max():
                raise ValueError(name)
            if _within(layer, output, tol):
                return
            step(layer, output.mean(), output.std())
        raise RuntimeError(name)

    _tuned(model, batch, tol, max_steps, settle=settle)


@misconception(caught_by=("test_no_hook_is_left", "test_no_hook_is_left_after_an_error"))
def leaves_its_hooks(model, batch, tol=1e-3, max_steps=10):
    "A hook that has nothing to do any more is no hook."
    _settle_and_leave_hooks(model, batch, tol, max_steps, removes=False)


@misconception(caught_by="test_no_hook_is_left_after_an_error")
def leaves_them_after_an_error(model, batch, tol=1e-3, max_steps=10):
    "After an error nobody uses the model."
    _settle_and_leave_hooks(model, batch, tol, max_steps, removes=True)


def _settle_and_leave_hooks(model, batch, tol, max_steps, removes):
    names = _names(model)

    def tune(layer, inputs, output):
        if layer not in names:
            return output
        _settle(layer, names.pop(layer), lambda: layer.forward(*inputs), tol, max_steps)
        return layer.forward(*inputs)

    handles = [layer.register_forward_hook(tune) for layer in names]
    with torch.no_grad():
        model(batch)
    for handle in handles if removes else []:
        handle.remove()


@misconception(caught_by="test_hooks_of_others_stay")
def clears_all_hooks(model, batch, tol=1e-3, max_steps=10):
    "A tidy model is one without hooks."
    try:
        _tuned(model, batch, tol, max_steps)
    finally:
        for layer in _names(model):
            layer._forward_hooks.clear()


@misconception(caught_by="test_parameters_stay_the_same_objects")
def makes_new_parameters(model, batch, tol=1e-3, max_steps=10):
    "New weights are a new Parameter."

    def step(layer, mean, deviation):
        layer.weight = nn.Parameter(layer.weight.detach() / deviation)
        if layer.bias is not None:
            layer.bias = nn.Parameter((layer.bias.detach() - mean) / deviation)

    _tuned(model, batch, tol, max_steps, step=step)


@misconception(caught_by="test_parameters_still_require_grad")
def freezes_what_it_changes(model, batch, tol=1e-3, max_steps=10):
    "Before a weight can be written to, its requires_grad is switched off."

    def step(layer, mean, deviation):
        layer.requires_grad_(False)
        _step(layer, mean, deviation)

    _tuned(model, batch, tol, max_steps, step=step)


@misconception(caught_by="test_gradients_are_recorded_afterwards")
def switches_gradients_off_for_good(model, batch, tol=1e-3, max_steps=10):
    "Nothing here needs gradients, so they are switched off."
    _tuned(model, batch, tol, max_steps)
    torch.set_grad_enabled(False)


@misconception(caught_by="test_where_none_are_recorded_it_stays_so")
def switches_gradients_on_at_the_end(model, batch, tol=1e-3, max_steps=10):
    "What I switch off I switch on again."
    torch.set_grad_enabled(False)
    try:
        _tuned(model, batch, tol, max_steps)
    finally:
        torch.set_grad_enabled(True)


@misconception(caught_by="test_the_mode_stays")
def ends_in_train_mode(model, batch, tol=1e-3, max_steps=10):
    "After the initialisation comes training."
    _tuned(model, batch, tol, max_steps)
    model.train()


@misconception(caught_by="test_the_model_runs_in_the_mode_in_which_it_comes")
def runs_in_eval_mode(model, batch, tol=1e-3, max_steps=10):
    "Whoever measures does so in eval mode."
    was = model.training
    model.eval()
    try:
        _tuned(model, batch, tol, max_steps)
    finally:
        model.train(was)


@misconception(caught_by="test_the_batch_stays_as_it_is")
def standardizes_the_batch(model, batch, tol=1e-3, max_steps=10):
    "Unit variance begins with the input."
    batch.sub_(batch.mean()).div_(batch.std())
    _tuned(model, batch, tol, max_steps)


@misconception(caught_by="test_float64_is_measured_as_float64")
def measures_in_float32(model, batch, tol=1e-3, max_steps=10):
    "For an initialisation float32 is exact enough."

    def settle(layer, name, run, tol, max_steps, step):
        if layer.weight.dtype == torch.float64:
            _settle(layer, name, lambda: run().float(), max(tol, 1e-6), max_steps, step)
        else:
            _settle(layer, name, run, tol, max_steps, step)

    _tuned(model, batch, tol, max_steps, settle=settle)
