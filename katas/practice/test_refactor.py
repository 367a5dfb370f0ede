import ast
import inspect
import linecache
from copy import deepcopy
from itertools import combinations
from pathlib import Path

import pytest
import torch
from torch import nn

from dojo.checks import answer_of, assert_same
from katas.practice.refactor import compare

SCRIPT = Path(__file__).with_name("refactor_script.py")
NAMES = ("linear", "hidden", "conv")
HELD_OUT = [([[1, 0], [0, 2], [3, 1], [0, 1]], [0, 1, 0, 1]), ([[1, 0]], [1])]  # 4 right, 1 wrong


def test_the_accuracies_are_the_scripts():
    models, train, valid, expected = as_the_script(lr=0.1, epochs=3)
    got = compare(models, train, valid, 0.1, 3)
    assert got == expected, f"the script finds {expected}, got {got}"


def test_the_weights_are_the_scripts():
    models, train, valid, expected = as_the_script(lr=0.1, epochs=3, give="models")
    compare(models, train, valid, 0.1, 3)
    for name in NAMES:
        assert_same_state(models[name], expected[name], f"{name}, trained as in the script")


def test_rate_and_epochs_are_those_of_the_call():
    for lr, epochs in ((0.03, 1), (0.5, 2)):
        models, train, valid, expected = as_the_script(lr=lr, epochs=epochs)
        got = compare(models, train, valid, lr, epochs)
        assert got == expected, (
            f"with lr {lr} and {epochs} epochs the script would find {expected}, got {got}"
        )


def test_any_models_are_served():
    for names in (("a", "b", "c", "d"), ("only",), ("linear", "fourth")):
        models = {name: right_or_wrong(3 * place) for place, name in enumerate(names)}
        got = answer_of(lambda models=models: score(models), f"models called {names} are served")
        assert list(got) == list(names), f"models called {names} get an accuracy each, got {got}"


def test_no_models_have_no_accuracies():
    got = answer_of(lambda: score({}), "no models are compared with nothing")
    assert got == {}, f"no models, no accuracies: expected {{}}, got {got!r}"


def test_names_keep_their_order():
    models = {"worse": right_or_wrong(-3), "better": right_or_wrong(3), "again": right_or_wrong(-3)}
    got = list(score(models))
    assert got == list(models), f"models come as {list(models)}, their accuracies as {got}"


def test_the_order_of_the_models_does_not_matter():
    models, train, valid, _ = as_the_script(lr=0.1, epochs=1)
    backwards = {name: deepcopy(models[name]) for name in reversed(models)}
    first, second = compare(models, train, valid, 0.1, 1), compare(backwards, train, valid, 0.1, 1)
    assert first == second, f"in this order {first}, in the other one {second}"


def test_each_model_has_an_optimiser_of_its_own():
    models = {"first": small(1), "second": small(2), "third": small(3)}
    alone = deepcopy(models["second"])
    compare(models, batches(), batches(), 0.1, 2)
    compare({"alone": alone}, batches(), batches(), 0.1, 2)
    meaning = "weights of a model between two others, as of one alone: decay and momentum are its"
    assert_same_state(models["second"], alone, meaning)


def test_nothing_is_kept_from_call_to_call():
    first = score({"first": right_or_wrong(3)})
    before = dict(first)
    second = score({"second": right_or_wrong(3)})
    assert list(second) == ["second"], f"a second call's one model, got {second}"
    assert first == before, f"a second call has made {first} of the first one's {before}"


def test_each_item_of_a_short_batch_counts_once():
    got = score({"model": right_or_wrong(3)})["model"]
    assert got == 0.8, (
        f"4 right of 4 and 0 of 1 are 4 of 5, 0.8, got {got}: 0.5 would be the batches' mean"
    )


def test_accuracy_is_that_of_the_validation_set():
    wrong = [(inputs, 1 - targets) for inputs, targets in tensors(HELD_OUT)]
    got = compare({"model": right_or_wrong(3)}, wrong, tensors(HELD_OUT), 0.1, 0)["model"]
    assert got == 0.8, f"0.8 of valid is right, and 0.2 of train: got {got}"


def test_accuracies_are_floats():
    got = score({"model": right_or_wrong(3)})["model"]
    assert type(got) is float, f"an accuracy is a Python float, got {got!r}"


def test_training_is_done_in_train_mode():
    for was_training in (True, False):
        model = Watched().train(was_training)
        compare({"model": model}, batches(), batches(), 0.1, 2)
        modes = [mode for mode, _, _ in model.seen[:6]]
        assert modes == [True] * 6, (
            f"two epochs of three batches, of a model that came with training={was_training}: all "
            f"six in train mode, got {modes}"
        )


def test_scoring_is_done_in_eval_mode():
    model = Watched().train()
    compare({"model": model}, batches(), tensors(HELD_OUT), 0.1, 1)
    modes = [mode for mode, _, _ in model.seen[3:]]
    assert modes == [False] * len(modes), f"scoring is for eval mode, got training={modes}"
    assert not model.training, "the model stays in eval mode"


def test_scoring_records_no_graph():
    model = Watched()
    compare({"model": model}, batches(), tensors(HELD_OUT), 0.1, 1)
    recorded = [records for _, records, _ in model.seen]
    assert recorded[:3] == [True] * 3, "gradients are switched on where it trains"
    assert not any(recorded[3:]), "with gradients switched on each score keeps a graph for nothing"


def test_scoring_comes_once_at_the_end():
    model = Watched()
    compare({"model": model}, batches(), tensors(HELD_OUT), 0.1, 2)
    sizes = [size for _, _, size in model.seen]
    assert sizes == [3, 3, 2, 3, 3, 2, 4, 1], (
        "batches of 3, 3 and 2 twice for training, then once those of 4 and 1 in valid, got "
        f"{sizes}"
    )


def test_momentum_lasts_for_all_epochs():
    model, twice = small(4), small(4)
    compare({"model": model}, batches(), batches(), 0.1, 2)
    compare({"model": twice}, batches() * 2, batches(), 0.1, 1)
    assert_same_state(model, twice, "two epochs are one through the batches twice: one optimiser")


def test_gradients_of_before_do_not_count():
    model, fresh = small(5), small(5)
    for param in model.parameters():
        param.grad = torch.full_like(param, 7)
    compare({"model": model}, batches(), batches(), 0.1, 1)
    compare({"model": fresh}, batches(), batches(), 0.1, 1)
    assert_same_state(model, fresh, "a model that came with gradients of 7, and one without")


def test_the_models_themselves_are_trained():
    model = small(6)
    before = deepcopy(model.state_dict())
    compare({"model": model}, batches(), batches(), 0.1, 1)
    moved = [name for name, value in model.state_dict().items() if not value.equal(before[name])]
    assert moved, "after training the model has the weights that it came with: a copy was trained?"


def test_models_are_trained_where_they_are(device):
    held_out = [(inputs.to(device), targets.to(device)) for inputs, targets in tensors(HELD_OUT)]
    got = compare({"model": right_or_wrong(3).to(device)}, held_out, held_out, 0.0, 2)
    assert got == {"model": 0.8}, (
        f"4 of 5 are right on {device}, after steps of length 0, got {got}"
    )


def test_no_loop_is_written_twice():
    shapes = [(loop, shape_of(loop)) for part in own_code() for loop in loops_in(part)]
    for (one, shape), (other, same) in combinations(shapes, 2):
        assert shape != same, (
            f"the loops of lines {one.lineno} and {other.lineno} differ in names and constants "
            "only: make it one, in a function"
        )


def test_no_function_has_three_loops_in_each_other():
    for function in functions_in(own_code()):
        assert depth_of(function.body) < 3, (
            f"{function.name} has {depth_of(function.body)} loops in each other: give the inner "
            "ones a function with a name"
        )


def test_functions_are_short():
    for function in functions_in(own_code()):
        lines = lines_of(function)
        assert len(lines) <= 15, (
            f"the body of {function.name} has {len(lines)} lines, 15 are allowed: which part could "
            "have a name of its own?"
        )


class Watched(nn.Module):
    """A model that notes of each call: its mode, whether gradients are on, the batch's size."""

    def __init__(self):
        super().__init__()
        self.linear, self.seen = nn.Linear(2, 2), []

    def forward(self, x):
        self.seen.append((self.training, torch.is_grad_enabled(), len(x)))
        return self.linear(x)


def right_or_wrong(gain):
    """A model that says which of two inputs is the larger; with a gain below 0 the smaller."""
    model = nn.Linear(2, 2, bias=False)
    model.weight.data = gain * torch.eye(2)
    return model


def score(models):
    """compare, without an epoch."""
    return compare(models, [], tensors(HELD_OUT), 0.1, 0)


def small(seed):
    generator = torch.Generator().manual_seed(seed)
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2))
    for param in model.parameters():
        param.data = torch.randn(param.shape, generator=generator)
    return model


def batches():
    rows = [[0, 1], [2, 0], [1, 1], [3, 2], [0, 3], [1, 4], [2, 2], [5, 0]]
    labels = [1, 0, 1, 0, 1, 1, 0, 0]
    return tensors([(rows[at : at + 3], labels[at : at + 3]) for at in (0, 3, 6)])


def tensors(pairs):
    return [(torch.tensor(inputs) * 1.0, torch.tensor(targets)) for inputs, targets in pairs]


def as_the_script(lr, epochs, give="accuracies"):
    """The script's models, fresh, its batches, and what it finds with this rate and epochs."""
    body = ast.parse(SCRIPT.read_text(encoding="utf-8")).body
    first = next(place for place, node in enumerate(body) if "SGD" in ast.unparse(node))
    space = {"print": lambda *_: None}
    exec(_compiled(body[:first]), space)
    space |= {"lr": lr, "epochs": epochs}
    fresh = {name: deepcopy(space[name]) for name in NAMES}
    exec(_compiled(body[first:]), space)
    found = {name: space[name if give == "models" else f"accuracy_{name}"] for name in NAMES}
    return fresh, space["train"], space["valid"], found


def _compiled(body):
    return compile(ast.Module(body, type_ignores=[]), str(SCRIPT), "exec")


def assert_same_state(got, expected, meaning):
    wanted = expected.state_dict()
    for name, value in got.state_dict().items():
        assert_same(value, wanted[name], f"{name} of {meaning}", rtol=0, atol=0)


def own_code():
    """The definitions of compare and of all that it reaches by name in its own file."""
    score({})  # what does not run yet is not read
    tree = ast.parse(source())
    named = {
        node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }
    found, wanted = [], [node for node in functions_in([tree]) if begins_in(node)]
    if not wanted:
        pytest.fail("compare is to be a def of your file, so that its loops can be read")
    while wanted:
        found.append(wanted.pop())
        names = {node.id for node in ast.walk(found[-1]) if isinstance(node, ast.Name)}
        new = [named[name] for name in sorted(names & named.keys())]
        wanted += [node for node in new if node not in found + wanted]
    return found


def source():
    file = inspect.getsourcefile(inspect.unwrap(compare))
    return "".join(linecache.getlines(file))


def begins_in(function):
    """Whether it is compare that this def makes."""
    code = getattr(inspect.unwrap(compare), "__code__", None)
    first = min([function.lineno, *(each.lineno for each in function.decorator_list)])
    return code is not None and code.co_firstlineno == first


def loops_in(node):
    return [each for each in ast.walk(node) if isinstance(each, ast.For | ast.While)]


def shape_of(loop):
    """A loop with names and constants blanked."""
    loop = deepcopy(loop)
    for node in ast.walk(loop):
        if isinstance(node, ast.Name):
            node.id = "_"
        elif isinstance(node, ast.Constant):
            node.value = 0
    return ast.dump(loop)


def functions_in(parts):
    return [node for part in parts for node in ast.walk(part) if isinstance(node, ast.FunctionDef)]


def depth_of(nodes):
    """How many loops are in each other; a function within counts for itself."""
    deepest = 0
    for node in nodes:
        if not isinstance(node, ast.FunctionDef | ast.ClassDef):
            inner = depth_of(ast.iter_child_nodes(node))
            own = isinstance(node, ast.For | ast.While) + len(getattr(node, "generators", ()))
            deepest = max(deepest, own + inner)
    return deepest


def lines_of(function):
    """The lines of a function's body that hold code."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    if not body:
        return []
    lines = source().splitlines()[body[0].lineno - 1 : function.end_lineno]
    return [line for line in lines if line.strip() and not line.strip().startswith("#")]
