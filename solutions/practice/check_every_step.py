"""How do you debug deep learning?

A net with a fault in the middle still gives numbers at its end, and often still trains, badly. So
look at what every layer gives, from the first one on.
"""

import torch
from torch import Tensor, nn

from dojo import alternative, misconception

__all__ = ["first_fault"]


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
    names = {layer: name for name, layer in model.named_modules() if not [*layer.children()]}
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    faults = []

    def judge(layer, _, output):
        if kind := _kind(output, low, high):
            faults.append((names[layer], kind))

    hooks = [layer.register_forward_hook(judge) for layer in names]
    with torch.no_grad():
        try:
            model(x)
        finally:
            for hook in hooks:
                hook.remove()
            for name, buffer in model.named_buffers():
                buffer.copy_(before[name])
    return faults[0] if faults else None


def _kind(output, low, high):
    if output.isnan().any():
        return "nan"
    if output.isinf().any():
        return "infinite"
    if (output == output[0]).all():
        return "constant"
    spread = output.std(dim=0).square().mean().sqrt()
    return "vanishing" if spread < low else "exploding" if spread > high else None


HINTS = (
    "How can you see a layer's output without a change to the model? And which of its numbers "
    "would tell you whether anything of the input is left in it?",
    "register_forward_hook on each module without children; hooks are called in the order of "
    "execution. Remove them in a finally, and put the buffers back there too. NaN compares false "
    "with every bound, so ask for it first.",
    "names = {m: name for name, m in model.named_modules() if not [*m.children()]}; copies of "
    "named_buffers(); a hook that judges output at once: isnan().any(), isinf().any(), "
    "(output == output[0]).all(), then output.std(dim=0).square().mean().sqrt() against both "
    "bounds. Run under no_grad in try, restore in finally, return the first entry.",
)
ANSWER = """
Go through the steps one by one, and check what each gives before you trust the next. Everything
behind the first fault is bad for that reason alone: a NaN spreads, and a dead layer hands on one
constant. So the first one in the order of execution is the one to look at, and the loss, which is
the last of all, tells you least.

What is a healthy output? Not one without zeros: a relu makes half of them. It must still tell the
examples apart. That is why the spread goes over the examples, feature by feature: in a deep net
with torch's default start the biases keep the numbers of one example as different as ever, while
the difference between the examples shrinks to about 0.4 of itself with each linear layer and its
relu. After nine of them it is below 0.0001. Kaiming's start keeps it.

Two traps of the tool itself: a check that runs in train mode moves the statistics of batch norm,
and a hook that stays after an error is called for ever. And no rounding: the deviation of equal
numbers from their mean may not be quite 0, so "constant" is a question for ==.
"""


class _Found(Exception):
    pass


@alternative
def stops_at_the_first(model, x, low=1e-4, high=1e4):
    kept = [(buffer, buffer.detach().clone()) for buffer in model.buffers()]
    handles = []

    def hook_for(name):
        def judge(module, args, output):
            if kind := _kind(output.detach(), low, high):
                raise _Found(name, kind)

        return judge

    try:
        for name, module in model.named_modules():
            if next(module.children(), None) is None:
                handles.append(module.register_forward_hook(hook_for(name)))
        model(x)
    except _Found as found:
        return found.args
    finally:
        for handle in handles:
            handle.remove()
        for buffer, copy in kept:
            buffer.detach().copy_(copy)


@alternative
def works_on_a_copy(model, x, low=1e-4, high=1e4):
    from copy import deepcopy

    model, found = deepcopy(model), []
    for name, module in model.named_modules():
        if not any(True for _ in module.children()):
            module.register_forward_hook(
                lambda _, inputs, output, name=name: found.append((name, _in_numpy(output)))
            )
    with torch.inference_mode():
        model(x.clone())
    for name, (kind, spread) in found:
        if kind or spread < low or spread > high:
            return name, kind or ("vanishing" if spread < low else "exploding")
    return None


def _in_numpy(output):
    import numpy as np

    numbers = output.detach().cpu().flatten(1).double().numpy()
    if np.isnan(numbers).any():
        return "nan", None
    if np.isinf(numbers).any():
        return "infinite", None
    if (numbers[1:] == numbers[:1]).all():
        return "constant", None
    return "", np.sqrt(numbers.var(0).mean())


@alternative
def hooks_all_modules_at_once(model, x, low=1e-4, high=1e4):
    from torch.func import functional_call
    from torch.nn.modules.module import register_module_forward_hook

    names, fault = {module: name for name, module in model.named_modules()}, []

    def judge(module, _, output):
        leaf = module in names and not len(list(module.children()))
        if leaf and not fault and (kind := _kind(output, low, high)):
            fault.append((names[module], kind))

    buffers = {name: buffer.clone() for name, buffer in model.named_buffers()}
    handle = register_module_forward_hook(judge)
    try:
        with torch.no_grad():
            functional_call(model, buffers, (x,))
    finally:
        handle.remove()
    return fault.pop() if fault else None


def _leaves(model):
    return {layer: name for name, layer in model.named_modules() if not [*layer.children()]}


def _runs(model, x, look, layers=None, restore_after_errors=True):
    """What look(name, inputs, output) gives at each run of a layer, in order; model left alone."""
    layers = _leaves(model) if layers is None else layers
    kept, seen = [(b, b.clone()) for b in model.buffers()], []
    hooks = [
        layer.register_forward_hook(
            lambda layer, inputs, output: seen.append(look(layers[layer], inputs[0], output))
        )
        for layer in layers
    ]
    ended = False
    try:
        with torch.no_grad():
            model(x)
        ended = True
    finally:
        for hook in hooks:
            hook.remove()
        if ended or restore_after_errors:
            for buffer, copy in kept:
                buffer.copy_(copy)
    return seen


def _first(model, x, kind, **options):
    """The first (name, kind) where kind(output) is not None."""
    seen = _runs(model, x, lambda name, _, output: (name, kind(output)), **options)
    return next((fault for fault in seen if fault[1]), None)


def _by_spread(output, low, high, spread):
    if output.isfinite().all() and not (output == output[0]).all():
        return "vanishing" if spread < low else "exploding" if spread > high else None
    return _kind(output, low, high)


@misconception(caught_by="test_the_first_of_several_faults_is_named")
def names_the_last(model, x, low=1e-4, high=1e4):
    "What went wrong shows in the last layer that has bad numbers."
    seen = _runs(model, x, lambda name, _, output: (name, _kind(output, low, high)))
    return next((fault for fault in reversed(seen) if fault[1]), None)


@misconception(caught_by="test_an_early_mild_fault_comes_before_a_late_nan")
def worst_kind_first(model, x, low=1e-4, high=1e4):
    "A NaN anywhere is worse than a signal that has faded, so it is the one to report."
    seen = _runs(model, x, lambda name, _, output: (name, _kind(output, low, high)))
    kinds = ("nan", "infinite", "constant", "vanishing", "exploding")
    return next((fault for kind in kinds for fault in seen if fault[1] == kind), None)


@misconception(caught_by="test_the_order_is_that_of_execution")
def goes_by_definition(model, x, low=1e-4, high=1e4):
    "Layers run in the order in which named_modules lists them."
    seen = _runs(model, x, lambda name, _, output: (name, _kind(output, low, high)))
    names = [*_leaves(model).values()]
    return next((f for f in sorted(seen, key=lambda f: names.index(f[0])) if f[1]), None)


@misconception(caught_by="test_the_layer_is_named_not_the_block_around_it")
def names_the_block(model, x, low=1e-4, high=1e4):
    "The layers of a model are its children."
    children = {layer: name for name, layer in model.named_children()} or {model: ""}
    return _first(model, x, lambda output: _kind(output, low, high), layers=children)


@misconception(caught_by="test_what_a_container_computes_is_not_judged")
def judges_containers(model, x, low=1e-4, high=1e4):
    "Every module has an output, so every module is judged."
    layers = {layer: name for name, layer in model.named_modules()}
    return _first(model, x, lambda output: _kind(output, low, high), layers=layers)


@misconception(caught_by="test_the_layer_is_named_not_the_block_around_it")
def names_the_last_part(model, x, low=1e-4, high=1e4):
    "A layer's name is the one that its own parent knows it by."
    layers = {layer: name.rpartition(".")[2] for layer, name in _leaves(model).items()}
    return _first(model, x, lambda output: _kind(output, low, high), layers=layers)


@misconception(caught_by="test_the_fault_is_the_layer_that_made_it")
def judges_inputs(model, x, low=1e-4, high=1e4):
    "A layer is at fault when bad numbers come in."
    seen = _runs(model, x, lambda name, inputs, _: (name, _kind(inputs, low, high)))
    return next((fault for fault in seen if fault[1]), None)


@misconception(caught_by="test_no_hook_stays")
def leaves_its_hooks(model, x, low=1e-4, high=1e4):
    "Hooks end with the function that has set them."
    for layer in _leaves(model):
        layer.register_forward_hook(lambda *_: None)
    return _first(model, x, lambda output: _kind(output, low, high))


@misconception(caught_by="test_no_hook_stays_after_an_error")
def leaves_its_hooks_after_an_error(model, x, low=1e-4, high=1e4):
    "It is enough to remove the hooks after the forward pass."
    hooks = [layer.register_forward_hook(lambda *_: None) for layer in _leaves(model)]
    fault = _first(model, x, lambda output: _kind(output, low, high))
    for hook in hooks:
        hook.remove()
    return fault


@misconception(caught_by="test_hooks_of_others_stay")
def clears_all_hooks(model, x, low=1e-4, high=1e4):
    "To clean up is to clear every layer's hooks."
    try:
        return _first(model, x, lambda output: _kind(output, low, high))
    finally:
        for layer in _leaves(model):
            layer._forward_hooks.clear()


@misconception(caught_by="test_an_error_of_the_model_comes_out")
def swallows_errors(model, x, low=1e-4, high=1e4):
    "A tool that looks for faults must not fail itself."
    try:
        return _first(model, x, lambda output: _kind(output, low, high))
    except ValueError:
        return None


@misconception(caught_by="test_batch_norms_statistics_stay")
def moves_the_statistics(model, x, low=1e-4, high=1e4):
    "A forward pass without backward changes nothing in a model."
    names, faults = _leaves(model), []

    def judge(layer, _, output):
        if kind := _kind(output, low, high):
            faults.append((names[layer], kind))

    hooks = [layer.register_forward_hook(judge) for layer in names]
    try:
        with torch.no_grad():
            model(x)
    finally:
        for hook in hooks:
            hook.remove()
    return faults[0] if faults else None


@misconception(caught_by="test_buffers_stay_after_an_error")
def restores_unless_it_fails(model, x, low=1e-4, high=1e4):
    "The buffers are put back after the forward pass."
    return _first(model, x, lambda out: _kind(out, low, high), restore_after_errors=False)


@misconception(caught_by="test_a_buffer_that_is_not_saved_stays")
def restores_the_state_dict(model, x, low=1e-4, high=1e4):
    "A copy of the state dict holds all that a model remembers."
    before = {name: value.clone() for name, value in model.state_dict().items()}
    try:
        return moves_the_statistics(model, x, low, high)
    finally:
        model.load_state_dict(before)


@misconception(caught_by="test_a_model_in_train_mode_runs_in_train_mode")
def runs_in_eval_mode(model, x, low=1e-4, high=1e4):
    "In eval mode nothing moves, and the numbers are those that count."
    modes = {module: module.training for module in model.modules()}
    try:
        model.eval()
        return _first(model, x, lambda output: _kind(output, low, high))
    finally:
        for module, mode in modes.items():
            module.training = mode


@misconception(
    caught_by=("test_a_layer_in_eval_mode_runs_and_stays_in_it", "test_batch_norms_statistics_stay")
)
def runs_in_train_mode(model, x, low=1e-4, high=1e4):
    "Faults are those of training, so the model is put into train mode."
    model.train()
    return moves_the_statistics(model, x, low, high)


@misconception(caught_by="test_the_modes_stay")
def ends_in_the_models_mode(model, x, low=1e-4, high=1e4):
    "All modules of a model are in one mode, so its own is the one to go back to."
    fault = _first(model, x, lambda output: _kind(output, low, high))
    model.train(model.training)
    return fault


@misconception(caught_by="test_a_relus_zeros_are_no_fault")
def zeros_are_dead(model, x, low=1e-4, high=1e4):
    "An output that is mostly zeros is dead."

    def kind(output):
        dead = (output == 0).float().mean() > 0.5
        return _kind(output, low, high) or ("constant" if dead else None)

    return _first(model, x, kind)


@misconception(caught_by="test_one_dead_unit_is_no_fault")
def one_dead_unit_will_do(model, x, low=1e-4, high=1e4):
    "A feature that is the same for every example is a fault of its layer."

    def kind(output):
        dead = (output == output[0]).all(dim=0).any()
        return _kind(output, low, high) or ("constant" if dead else None)

    return _first(model, x, kind)


@misconception(caught_by="test_the_same_features_for_every_example_are_constant")
def constant_means_one_number(model, x, low=1e-4, high=1e4):
    "A constant output is one whose numbers are all alike."

    def kind(output):
        found = _kind(output, low, high)
        return "vanishing" if found == "constant" and output.unique().numel() > 1 else found

    return _first(model, x, kind)


@misconception(caught_by="test_rounding_hides_no_constant")
def constant_by_the_deviation(model, x, low=1e-4, high=1e4):
    "Equal numbers have a deviation of 0."

    def kind(output):
        if not output.isfinite().all():
            return _kind(output, low, high)
        spread = (output - output.mean(dim=0)).square().mean().sqrt()
        if spread == 0:
            return "constant"
        return "vanishing" if spread < low else "exploding" if spread > high else None

    return _first(model, x, kind)


@misconception(caught_by="test_nearly_the_same_is_not_constant")
def constant_within_tolerance(model, x, low=1e-4, high=1e4):
    "Floats are equal if they are close."

    def kind(output):
        same = torch.allclose(output, output[:1].expand_as(output))
        return "constant" if same else _kind(output, low, high)

    return _first(model, x, kind)


@misconception(caught_by="test_two_like_examples_are_no_constant")
def compares_two_examples(model, x, low=1e-4, high=1e4):
    "Whether the output is the same for all shows in the first two examples."

    def kind(output):
        same = output.isfinite().all() and (output[0] == output[1]).all()
        return "constant" if same else _kind(output, low, high)

    return _first(model, x, kind)


@misconception(caught_by="test_biases_do_not_hide_a_lost_signal")
def spread_of_all_numbers(model, x, low=1e-4, high=1e4):
    "The spread of an output is the deviation of its numbers."
    return _first(model, x, lambda output: _by_spread(output, low, high, output.std()))


@misconception(caught_by="test_one_feature_may_carry_the_signal")
def spread_of_an_example(model, x, low=1e-4, high=1e4):
    "The deviation is that over an example's features."

    def kind(output):
        spread = output.flatten(1).std(dim=1, correction=0).square().mean().sqrt()
        return _by_spread(output, low, high, spread)

    return _first(model, x, kind)


@misconception(caught_by="test_the_spread_is_a_root_mean_square")
def mean_of_the_deviations(model, x, low=1e-4, high=1e4):
    "The spread is the mean of the features' deviations."
    return _first(model, x, lambda output: _by_spread(output, low, high, output.std(0).mean()))


@misconception(caught_by="test_one_feature_alone_is_no_signal")
def largest_deviation(model, x, low=1e-4, high=1e4):
    "As long as one feature varies the signal is there."
    return _first(model, x, lambda output: _by_spread(output, low, high, output.std(0).max()))


@misconception(caught_by="test_large_numbers_are_no_explosion")
def explodes_by_size(model, x, low=1e-4, high=1e4):
    "Exploding means large numbers."

    def kind(output):
        large = output.isfinite().all() and output.abs().max() > high
        return "exploding" if large else _kind(output, low, high)

    return _first(model, x, kind)


@misconception(caught_by="test_a_signal_fades_over_many_layers")
def relative_to_the_input(model, x, low=1e-4, high=1e4):
    "A layer makes the signal vanish if its output varies far less than its input."

    def look(name, inputs, output):
        scale = inputs.std(0).square().mean().sqrt()
        return name, _kind(output, low * scale, high * scale)

    return next((fault for fault in _runs(model, x, look) if fault[1]), None)


@misconception(caught_by="test_nan_is_a_fault")
def nan_passes(model, x, low=1e-4, high=1e4):
    "A NaN lies outside of every bound."

    def kind(output):
        return None if output.isnan().any() else _kind(output, low, high)

    return _first(model, x, kind)


@misconception(caught_by="test_one_nan_is_enough")
def nan_throughout(model, x, low=1e-4, high=1e4):
    "An output is NaN if all of it is."

    def kind(output):
        if output.isnan().any() and not output.isnan().all():
            return None
        return _kind(output, low, high)

    return _first(model, x, kind)


@misconception(caught_by="test_minus_infinity_is_infinite")
def plus_infinity_only(model, x, low=1e-4, high=1e4):
    "Infinite is what equals inf."

    def kind(output):
        found = _kind(output, low, high)
        return None if found == "infinite" and not (output == torch.inf).any() else found

    return _first(model, x, kind)


@misconception(caught_by="test_nan_beside_infinity_is_nan")
def infinity_first(model, x, low=1e-4, high=1e4):
    "The kind is the one that is checked for first, in any order."

    def kind(output):
        return "infinite" if output.isinf().any() else _kind(output, low, high)

    return _first(model, x, kind)


@misconception(caught_by="test_an_infinity_for_every_example_is_infinite")
def constant_first(model, x, low=1e-4, high=1e4):
    "Numbers that are all the same are constant, whichever they are."

    def kind(output):
        return "constant" if (output == output[0]).all() else _kind(output, low, high)

    return _first(model, x, kind)


@misconception(caught_by="test_an_output_is_judged_before_a_later_layer_writes_into_it")
def judges_at_the_end(model, x, low=1e-4, high=1e4):
    "Outputs can be gathered first and judged when all have run."
    seen = _runs(model, x, lambda name, _, output: (name, output))
    kinds = ((name, _kind(output, low, high)) for name, output in seen)
    return next((fault for fault in kinds if fault[1]), None)


@misconception(caught_by="test_the_second_run_of_a_layer_counts")
def first_run_only(model, x, low=1e-4, high=1e4):
    "A layer has one output."
    kinds = {}
    for name, kind in _runs(model, x, lambda name, _, output: (name, _kind(output, low, high))):
        kinds.setdefault(name, kind)
    return next((fault for fault in kinds.items() if fault[1]), None)


@misconception(caught_by="test_a_second_run_does_not_move_a_layer_forward")
def last_run_only(model, x, low=1e-4, high=1e4):
    "What a layer gave last is what it gives."
    kinds = dict(_runs(model, x, lambda name, _, output: (name, _kind(output, low, high))))
    return next((fault for fault in kinds.items() if fault[1]), None)


@misconception(caught_by="test_low_is_the_lower_bound")
def fixed_low(model, x, low=1e-4, high=1e4):
    "Below 0.0001 a signal has vanished."
    return _first(model, x, lambda output: _kind(output, 1e-4, high))


@misconception(caught_by="test_high_is_the_upper_bound")
def fixed_high(model, x, low=1e-4, high=1e4):
    "Above 10,000 a signal has exploded."
    return _first(model, x, lambda output: _kind(output, low, 1e4))


@misconception(caught_by="test_every_number_of_an_example_is_a_feature")
def channels_are_the_features(model, x, low=1e-4, high=1e4):
    "A picture's features are its channels, and the deviation goes over examples and pixels."

    def kind(output):
        spread = output.transpose(0, 1).flatten(1).std(dim=1).square().mean().sqrt()
        return _by_spread(output, low, high, spread)

    return _first(model, x, kind)


@misconception(caught_by="test_a_model_without_modules_inside_is_a_layer")
def the_model_is_no_layer(model, x, low=1e-4, high=1e4):
    "The model itself is none of its layers."
    layers = {layer: name for layer, name in _leaves(model).items() if name}
    return _first(model, x, lambda output: _kind(output, low, high), layers=layers)


@misconception(caught_by="test_a_layer_that_does_not_run_is_not_judged")
def runs_the_layers_in_a_row(model, x, low=1e-4, high=1e4):
    "A model is its layers, one after the other."
    kept = [(buffer, buffer.clone()) for buffer in model.buffers()]
    try:
        with torch.no_grad():
            for layer, name in _leaves(model).items():
                x = layer(x)
                if kind := _kind(x, low, high):
                    return name, kind
    finally:
        for buffer, copy in kept:
            buffer.copy_(copy)


@misconception(caught_by="test_between_the_bounds_all_is_well")
def compares_the_variance(model, x, low=1e-4, high=1e4):
    "The spread is the variance over the examples."

    def kind(output):
        return _by_spread(output, low, high, output.var(dim=0).mean())

    return _first(model, x, kind)
