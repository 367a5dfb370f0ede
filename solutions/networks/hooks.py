"""What are PyTorch hooks?

Here they watch the signal on its way through a network, without a change to the network's code.
"""

from functools import partial

from torch import Tensor, nn

from dojo import alternative, misconception

__all__ = ["ActivationStats"]


class ActivationStats:
    """The mean and the deviation of what each layer of a model puts out, while a with lasts.

    with ActivationStats(model) as stats: model(x)

    stats.rows is a dict from each layer's dotted name to a list with a row for each call. A layer
    is a module without children, with weights or without. Its name is that of named_modules(): ""
    for a model that is itself such a layer, and the first of its names for a layer that stands in
    several places. A layer that was never called has an empty list.

    A row is a tuple of two plain floats: the mean of all numbers of the output, and their standard
    deviation as torch's std() has it. It is there as soon as the layer is through, later rows come
    behind it, and all stay when the with is over. Integers are measured as floats. An output that
    is not a tensor has no row.

    Only calls within the with are watched, and no module but the model's own; a layer that is
    called by itself counts too. Outputs, gradients, the mode and the number of calls are what they
    were without, and no output is kept. At the end, after an exception as well, nothing of it is
    left in the model; the hooks of others stay, those that came within the with included, and the
    exception goes on. Two may watch one model at once; each is entered only once.
    """

    def __init__(self, model: nn.Module) -> None:
        """Take the model, on whatever device, and change nothing yet."""
        self.rows: dict[str, list[tuple[float, float]]] = {}
        self._model = model
        self._handles = []

    def __enter__(self) -> "ActivationStats":
        for name, module in self._model.named_modules():
            if not list(module.children()):
                hook = partial(_note, self.rows.setdefault(name, []))
                self._handles.append(module.register_forward_hook(hook))
        return self

    def __exit__(self, *error: object) -> None:
        for handle in self._handles:
            handle.remove()


def _note(rows: list[tuple[float, float]], _: nn.Module, inputs: object, output: object) -> None:
    if isinstance(output, Tensor):
        numbers = output if output.is_floating_point() else output.float()
        rows.append((numbers.mean().item(), numbers.std().item()))


HINTS = (
    "A module can be told to call a function of yours after each of its own calls. What is that "
    "function handed, what becomes of what it returns, and how do you take it back?",
    "register_forward_hook(hook) gives a handle: keep it, and call its remove() in __exit__, which "
    "is called after an exception too. Each hook must know its own layer's list: a loop variable "
    "in a lambda is looked up when the hook runs, not when it is made.",
    "__enter__: for name, module in model.named_modules(), where module has no children: "
    "rows[name] = [], and keep module.register_forward_hook(partial(note, rows[name])). note takes "
    "(rows, module, inputs, output), appends (output.mean().item(), output.std().item()) and "
    "returns None. __exit__ removes the handles and returns None.",
)
ANSWER = """
Functions of yours that PyTorch calls at set points: after a module's forward, before it, in the
backward pass. So you can look into a model, or change what goes through it, without touching its
code. A forward hook is handed the module, its inputs and its output. If it returns something, that
takes the output's place; a hook that only looks returns None. A full backward hook sees the
gradients with respect to the module's inputs and outputs, not those of its weights (a tensor's own
register_hook gives you these); the older register_backward_hook is deprecated.

Hooks run on model(x), not on model.forward(x). They stay until the handle that you were given is
removed, so a cell of a notebook that is run three times leaves three of them; and what a hook
keeps, lives: an output that still has its graph holds all activations of its batch. That is why
numbers are stored here, not tensors. The price is item(), which waits for the GPU twice a layer:
fine while you look for a fault, too slow for all of a training.

named_modules() lists each module once, under the first of its names, and that is what is needed: a
hook put on a shared layer under each name would run for every call as often as it has names.
"""


@alternative
class StacksItsExits:
    def __init__(self, model):
        from contextlib import ExitStack

        self.rows = {name: [] for name, _ in _leaves(model)}
        self.model, self.exits = model, ExitStack()

    def __enter__(self):
        for name, module in _leaves(self.model):

            def note(module, args, kwargs, output, name=name):
                if isinstance(output, Tensor):
                    self.rows[name].append(_row(output))
                return output

            handle = module.register_forward_hook(note, with_kwargs=True)
            self.exits.callback(handle.remove)
        return self

    def __exit__(self, *error):
        return self.exits.__exit__(*error)


@alternative
class HooksAllModulesThereAre:
    def __init__(self, model):
        self.names = {module: name for name, module in _leaves(model)}
        self.rows = {name: [] for name in self.names.values()}

    def __enter__(self):
        from torch.nn.modules.module import register_module_forward_hook

        self.handle = register_module_forward_hook(self)
        return self

    def __call__(self, module, inputs, output):
        if module in self.names and isinstance(output, Tensor):
            self.rows[self.names[module]].append(_row(output))

    def __exit__(self, *error):
        self.handle.remove()


@alternative
class WrapsForward:
    def __init__(self, model):
        self.layers = dict(_leaves(model))
        self.rows = {name: [] for name in self.layers}

    def __enter__(self):
        self.before = {name: layer.forward for name, layer in self.layers.items()}
        self.own = {name for name, layer in self.layers.items() if "forward" in vars(layer)}
        for name, layer in self.layers.items():
            layer.forward = partial(self.run, name)
        return self

    def run(self, name, *args, **kwargs):
        output = self.before[name](*args, **kwargs)
        if isinstance(output, Tensor):
            self.rows[name].append(_row(output))
        return output

    def __exit__(self, *error):
        for name, layer in self.layers.items():
            if name in self.own:
                layer.forward = self.before[name]
            else:
                del layer.forward


@alternative
class KeepsMoments:
    def __init__(self, model):
        self.model, self.rows, self.handles = model, {}, {}

    def __enter__(self):
        for name, module in self.model.named_modules():
            if len(module._modules) == 0:
                self.rows[name] = []
                self.handles[name] = module.register_forward_hook(self.watch(name), prepend=True)
        return self

    def watch(self, name):
        def note(module, inputs, output):
            if not isinstance(output, Tensor):
                return
            values = output.detach().flatten().cpu().double()
            mean = values.sum() / len(values)
            variance = (values - mean).square().sum() / (len(values) - 1)
            self.rows[name] += [(float(mean), float(variance) ** 0.5)]

        return note

    def __exit__(self, kind, error, traceback):
        while self.handles:
            self.handles.popitem()[1].remove()
        return False


def _leaves(model):
    return [(name, module) for name, module in model.named_modules() if not [*module.children()]]


def _row(output):
    numbers = output.detach()
    numbers = numbers if numbers.is_floating_point() else numbers.float()
    return numbers.mean().item(), numbers.std().item()


class _Stats:
    """What the wrong answers below share: all but the mistake."""

    def __init__(self, model):
        self.model, self.rows, self.handles = model, {}, []

    def layers(self):
        return _leaves(self.model)

    def __enter__(self):
        for name, module in self.layers():
            self.rows[name] = []
            self.handles.append(module.register_forward_hook(self.hook(name)))
        return self

    def hook(self, name):
        return lambda module, inputs, output: self.note(name, module, inputs, output)

    def note(self, name, module, inputs, output):
        if isinstance(output, Tensor):
            self.rows[name].append(self.row(output))

    def row(self, output):
        return _row(output)

    def __exit__(self, *error):
        for handle in self.handles:
            handle.remove()


@misconception(
    caught_by=("test_no_hook_is_left", "test_later_calls_are_not_watched", "test_two_at_once")
)
class LeavesItsHooks(_Stats):
    "Hooks end with the object that made them."

    def __exit__(self, *error):
        self.handles = []


@misconception(
    caught_by=("test_no_hook_is_left_after_an_exception", "test_no_hook_is_left_after_an_interrupt")
)
class LeavesThemAfterAnException(_Stats):
    "After an exception there is nothing to tidy up."

    def __exit__(self, kind, *error):
        if kind is None:
            super().__exit__(kind, *error)


@misconception(caught_by="test_no_hook_is_left_after_an_interrupt")
class TidiesUpAfterErrorsOnly(_Stats):
    "Whatever goes wrong is an Exception."

    def __exit__(self, kind, *error):
        if kind is None or issubclass(kind, Exception):
            super().__exit__(kind, *error)


@misconception(caught_by="test_an_exception_goes_on")
class SwallowsTheException(_Stats):
    "Returning True says that the tidying up went well."

    def __exit__(self, *error):
        super().__exit__(*error)
        return True


@misconception(caught_by="test_later_calls_are_not_watched")
class RemovesTheLastHookOnly(_Stats):
    "The handle of a hook is the handle of all my hooks."

    def __exit__(self, *error):
        self.handles[-1].remove()


@misconception(
    caught_by=("test_hooks_from_before_stay", "test_hooks_that_came_within_the_with_stay")
)
class RemovesEverybodysHooks(_Stats):
    "A tidy model is one without hooks."

    def __exit__(self, *error):
        for _, module in self.layers():
            module._forward_hooks.clear()


@misconception(caught_by="test_hooks_that_came_within_the_with_stay")
class PutsTheOldHooksBack(_Stats):
    "To leave things as I found them, I put back a copy of what was there."

    def __enter__(self):
        self.before = [(module, module._forward_hooks.copy()) for _, module in self.layers()]
        return super().__enter__()

    def __exit__(self, *error):
        for module, hooks in self.before:
            module._forward_hooks.clear()
            module._forward_hooks.update(hooks)


@misconception(caught_by="test_outputs_are_what_they_were")
class ReturnsTheRow(_Stats):
    "What a hook returns is what it has found out."

    def note(self, name, module, inputs, output):
        super().note(name, module, inputs, output)
        return _row(output)


@misconception(caught_by="test_outputs_are_what_they_were")
class StandardizesTheOutput(_Stats):
    "A hook that knows mean and deviation hands the output on with mean 0 and deviation 1."

    def note(self, name, module, inputs, output):
        super().note(name, module, inputs, output)
        return (output - output.mean()) / output.std() if isinstance(output, Tensor) else None


@misconception(caught_by="test_gradients_are_what_they_were")
class ReturnsTheOutputDetached(_Stats):
    "A hook hands on the output, and statistics need no gradient."

    def note(self, name, module, inputs, output):
        super().note(name, module, inputs, output)
        return output.detach() if isinstance(output, Tensor) else None


@misconception(caught_by="test_gradients_are_what_they_were")
class DetachesInPlace(_Stats):
    "detach_() is the way to let go of the graph."

    def note(self, name, module, inputs, output):
        super().note(name, module, inputs, output)
        if isinstance(output, Tensor):
            output.detach_()


@misconception(caught_by="test_the_mode_stays")
class SwitchesToEval(_Stats):
    "Statistics are taken in eval mode."

    def __enter__(self):
        self.was = self.model.training
        self.model.eval()
        return super().__enter__()

    def __exit__(self, *error):
        super().__exit__(*error)
        self.model.train(self.was)


@misconception(caught_by="test_a_layer_runs_once_a_call")
class RunsTheLayerAgain(_Stats):
    "A hook runs before the output is there, so it has to compute it."

    def note(self, name, module, inputs, output):
        super().note(name, module, inputs, module.forward(*inputs))


@misconception(caught_by="test_numbers_are_plain_floats")
class KeepsTensors(_Stats):
    "A tensor with one number is a number."

    def row(self, output):
        output = output if output.is_floating_point() else output.float()
        return output.mean(), output.std()


@misconception(caught_by="test_numbers_are_plain_floats")
class KeepsDetachedTensors(_Stats):
    "Once it is detached, a tensor is as good as a float."

    def row(self, output):
        output = output.detach() if output.is_floating_point() else output.float()
        return output.mean(), output.std()


@misconception(caught_by="test_a_row_is_there_at_once")
class MeasuresAtTheEnd(_Stats):
    "Hooks collect, and the computing can wait until the end."

    def __enter__(self):
        self.outputs = []
        return super().__enter__()

    def note(self, name, module, inputs, output):
        if isinstance(output, Tensor):
            self.outputs.append((name, output.detach()))

    def __exit__(self, *error):
        super().__exit__(*error)
        for name, output in self.outputs:
            self.rows[name].append(_row(output))
        self.outputs = []


@misconception(caught_by="test_no_output_is_kept")
class KeepsTheOutputs(_Stats):
    "It does no harm to keep the outputs too."

    def __enter__(self):
        self.outputs = []
        return super().__enter__()

    def note(self, name, module, inputs, output):
        self.outputs.append(output)
        super().note(name, module, inputs, output)


@misconception(caught_by="test_each_layer_has_its_own_rows")
class BindsLate(_Stats):
    "A lambda made in a loop keeps the name of its round."

    def __enter__(self):
        for name, module in self.layers():
            self.rows[name] = []
            self.handles.append(module.register_forward_hook(lambda *call: self.note(name, *call)))
        return self


@misconception(caught_by="test_a_block_is_no_layer")
class HooksContainersToo(_Stats):
    "named_modules() lists the layers of a model."

    def layers(self):
        return [*self.model.named_modules()]


@misconception(caught_by="test_a_model_of_one_layer_has_an_empty_name")
class LeavesOutTheModelItself(_Stats):
    "The first module listed is the model itself, and that is no layer."

    def layers(self):
        return [(name, module) for name, module in _leaves(self.model) if name]


@misconception(caught_by="test_layers_within_blocks_are_watched")
class HooksTheChildrenOnly(_Stats):
    "The layers of a model are its children."

    def layers(self):
        children = [*self.model.named_children()]
        return children if children else [("", self.model)]


@misconception(caught_by="test_layers_within_blocks_are_watched")
class NamesByTheLastPart(_Stats):
    "The name of a layer is the attribute that it is kept under."

    def layers(self):
        return [(name.split(".")[-1], module) for name, module in _leaves(self.model)]


@misconception(caught_by="test_layers_are_listed_by_their_names")
class NamesByClass(_Stats):
    "A layer is called Linear or ReLU."

    def layers(self):
        return [(type(module).__name__, module) for _, module in _leaves(self.model)]


@misconception(caught_by="test_layers_without_weights_are_watched")
class HooksWhatHasWeights(_Stats):
    "A layer is what has weights."

    def layers(self):
        return [(name, module) for name, module in _leaves(self.model) if [*module.parameters()]]


@misconception(caught_by="test_a_shared_layer_has_one_name")
class HooksEachName(_Stats):
    "A layer with two names is two layers."

    def layers(self):
        listed = self.model.named_modules(remove_duplicate=False)
        return [(name, module) for name, module in listed if not [*module.children()]]


@misconception(caught_by="test_a_shared_layer_has_its_first_name")
class TakesTheLastName(_Stats):
    "A dict from modules to names knows the name of each."

    def layers(self):
        listed = self.model.named_modules(remove_duplicate=False)
        names = {module: name for name, module in listed if not [*module.children()]}
        return [(name, module) for module, name in names.items()]


@misconception(caught_by=("test_one_row_a_call", "test_a_layer_used_twice_in_a_run_has_two_rows"))
class KeepsTheLastCall(_Stats):
    "There is one row a layer, that of its last call."

    def note(self, name, module, inputs, output):
        if isinstance(output, Tensor):
            self.rows[name] = [_row(output)]


@misconception(caught_by="test_a_layer_used_twice_in_a_run_has_two_rows")
class AveragesARun(_Stats):
    "Each run of the model gives each layer one row."

    def __enter__(self):
        self.run = {}
        self.handles.append(self.model.register_forward_pre_hook(self.begin))
        return super().__enter__()

    def begin(self, *call):
        self.run = {}

    def note(self, name, module, inputs, output):
        if isinstance(output, Tensor):
            if name in self.run:
                self.rows[name].pop()
            self.run.setdefault(name, []).append(_row(output))
            means, deviations = zip(*self.run[name], strict=True)
            self.rows[name].append((sum(means) / len(means), sum(deviations) / len(deviations)))


@misconception(caught_by="test_a_layer_that_never_ran_has_an_empty_list")
class ListsWhatRan(_Stats):
    "A layer gets its list when its first row is there."

    def __enter__(self):
        super().__enter__()
        self.rows.clear()
        return self

    def note(self, name, module, inputs, output):
        self.rows.setdefault(name, [])
        super().note(name, module, inputs, output)


@misconception(caught_by="test_what_is_no_tensor_goes_through")
class TakesEveryOutputForATensor(_Stats):
    "A layer returns a tensor."

    def note(self, name, module, inputs, output):
        self.rows[name].append(_row(output))


@misconception(caught_by="test_what_is_no_tensor_has_no_row")
class TakesTheFirstOfATuple(_Stats):
    "Of several outputs the first is the one that counts."

    def note(self, name, module, inputs, output):
        super().note(name, module, inputs, output[0] if isinstance(output, tuple) else output)


@misconception(caught_by="test_integers_go_through")
class CannotTakeIntegers(_Stats):
    "Whatever goes through a network has floating point."

    def row(self, output):
        return output.detach().mean().item(), output.detach().std().item()


@misconception(caught_by="test_integers_are_measured_as_floats")
class SkipsIntegers(_Stats):
    "An output of integers is no activation."

    def note(self, name, module, inputs, output):
        if isinstance(output, Tensor) and output.is_floating_point():
            super().note(name, module, inputs, output)


@misconception(caught_by="test_a_row_is_mean_and_deviation")
class GivesTheVariance(_Stats):
    "The spread of the activations is their variance."

    def row(self, output):
        mean, deviation = _row(output)
        return mean, deviation**2


@misconception(caught_by="test_a_row_is_mean_and_deviation")
class DividesByN(_Stats):
    "A deviation divides by the number of values."

    def row(self, output):
        mean, deviation = _row(output)
        return mean, deviation * (1 - 1 / output.numel()) ** 0.5


@misconception(caught_by="test_a_row_is_mean_and_deviation")
class DeviationFirst(_Stats):
    "Deviation and mean, in the order of torch.std_mean."

    def row(self, output):
        return _row(output)[::-1]


@misconception(caught_by="test_a_row_is_mean_and_deviation")
class AveragesTheDeviations(_Stats):
    "The deviation of a batch is the mean of its examples' deviations."

    def row(self, output):
        rows = [_row(example) for example in output]
        return _row(output)[0], sum(deviation for _, deviation in rows) / len(rows)


@misconception(caught_by="test_a_row_is_that_of_the_output")
class MeasuresTheInput(_Stats):
    "A hook sees what comes to the layer."

    def note(self, name, module, inputs, output):
        super().note(name, module, inputs, inputs[0])


@misconception(caught_by="test_a_row_is_that_of_the_output")
class WaitsForTheBackwardPass(_Stats):
    "Hooks run in the backward pass."

    def __enter__(self):
        for name, module in self.layers():
            self.rows[name] = []
            self.handles.append(module.register_full_backward_hook(self.hook(name)))
        return self

    def note(self, name, module, inputs, output):
        super().note(name, module, inputs, output[0])


@misconception(
    caught_by=(
        "test_a_layer_called_by_itself_counts",
        "test_a_layer_used_twice_in_a_run_has_two_rows",
    )
)
class WalksThroughTheLayers(_Stats):
    "Once the model is through, its layers can be gone through one by one."

    def __enter__(self):
        self.rows.update((name, []) for name, _ in self.layers())
        self.handles.append(self.model.register_forward_hook(self.walk))
        return self

    def walk(self, model, inputs, output):
        x = inputs[0].detach()
        for name, module in self.layers():
            x = module.forward(x)
            self.note(name, module, inputs, x)


@misconception(caught_by="test_making_one_changes_nothing")
class HooksWhenItIsMade(_Stats):
    "What is to be watched is hooked in __init__."

    def __init__(self, model):
        super().__init__(model)
        super().__enter__()

    def __enter__(self):
        return self


@misconception(caught_by="test_rows_stay_when_the_with_is_over")
class ClearsItsRows(_Stats):
    "At the end everything is tidied up."

    def __exit__(self, *error):
        super().__exit__(*error)
        self.rows.clear()


@misconception(caught_by="test_other_models_are_not_watched")
class WatchesEveryModel(_Stats):
    "While the with lasts, there is only one model."

    def __enter__(self):
        from torch.nn.modules.module import register_module_forward_hook

        self.names = {module: name for name, module in self.layers()}
        self.rows = {name: [] for name in self.names.values()}
        self.handles.append(register_module_forward_hook(self.see))
        return self

    def see(self, module, inputs, output):
        if not [*module.children()]:
            name = self.names.get(module, type(module).__name__)
            self.rows.setdefault(name, [])
            self.note(name, module, inputs, output)


_SHARED = {}


@misconception(caught_by=("test_other_models_are_not_watched", "test_two_at_once"))
class SharesItsRows(_Stats):
    "Rows that belong to the class are easy to get at."

    def __init__(self, model):
        super().__init__(model)
        self.rows = _SHARED


@misconception(caught_by="test_the_with_binds_what_has_the_rows")
class BindsNothing(_Stats):
    "The object is there already, so __enter__ needs to return nothing."

    def __enter__(self):
        super().__enter__()
