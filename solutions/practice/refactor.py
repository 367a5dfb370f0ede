"""Which habit matters most on the way to research or production?

refactor_script.py, beside this file, compares three models. It works, and it grew by copying.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from itertools import product
from statistics import fmean

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from dojo import alternative, misconception

__all__ = ["compare"]


def compare(
    models: Mapping[str, nn.Module],
    train: Sequence[tuple[Tensor, Tensor]],
    valid: Sequence[tuple[Tensor, Tensor]],
    lr: float,
    epochs: int,
) -> dict[str, float]:
    """Train each model in turn as the script trains its three, and return their accuracies.

    models maps names of any kind and number, none too, to modules; the dict that comes back has the
    same names in the same order. train and valid are lists of batches, pairs of inputs and targets,
    on the models' device; valid has at least one example. For each model the numbers are those of
    the script, to the bit, so use what it uses:

    - Training: torch.optim.SGD, a new one for each model, at rate lr, with momentum 0.9 and weight
      decay 1e-4; epochs times through train, in its order, with one step along the gradient of
      cross_entropy for each batch alone, in train mode, whatever mode the model came in. The models
      themselves are trained, not copies.
    - Scoring: once, after the last epoch, in eval mode and with gradients switched off: the share
      of the examples in valid whose largest output is the target's, as a Python float. Each example
      counts once, those of a short last batch too. The model stays in eval mode.

    Nothing is kept from call to call. And the code is to be what the script is not. Of compare and
    what it uses of this file's own functions and classes:

    - no two for or while loops, each taken whole, are the same but for names and constants;
    - no function has a loop in a loop in a loop; a comprehension's for is a loop too;
    - no function's body has more than 15 lines; a docstring, comments and blank lines do not count.
    """
    accuracies = {}
    for name, model in models.items():
        _train(model, train, lr, epochs)
        accuracies[name] = _accuracy(model, valid)
    return accuracies


def _train(
    model: nn.Module, batches: Sequence[tuple[Tensor, Tensor]], lr: float, epochs: int
) -> None:
    optimiser = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9, weight_decay=1e-4)
    model.train()
    for _ in range(epochs):
        for inputs, targets in batches:
            optimiser.zero_grad()
            cross_entropy(model(inputs), targets).backward()
            optimiser.step()


@torch.no_grad()
def _accuracy(model: nn.Module, batches: Sequence[tuple[Tensor, Tensor]]) -> float:
    model.eval()
    correct = examples = 0
    for inputs, targets in batches:
        correct += (model(inputs).argmax(dim=1) == targets).sum().item()
        examples += len(targets)
    return correct / examples


HINTS = (
    "Put two of the script's three parts side by side. What differs is what a function must be "
    "told; all the rest is its body. How many jobs does one part do?",
    "Two functions, one that trains a model and one that scores it, and compare, which calls both "
    "for each pair of models.items(). The optimiser is made in the first, so that each model has "
    "one of its own.",
    "_train(model, batches, lr, epochs): the optimiser, model.train(), the two loops with "
    "zero_grad, backward and step. _accuracy(model, batches): model.eval(), torch.no_grad(), add "
    "up the right ones and len(targets) over the batches, divide at the end. "
    "compare: accuracies[name] = _accuracy(model, valid) after _train for each model.",
)
ANSWER = """
To go back to code that works and make it simple: name what it does, say each thing once, make
functions that fit in the head. Researchers and engineers alike live from changing one thing and
seeing what comes of it, and in a script of copies each change is made three times, or, worse,
twice.

Copies also hide faults: a batch loop pasted for the fourth time with its third model's optimiser
runs, and prints a number. What makes it safe is a test beforehand: here the old script itself says
what the new code must give, to the bit. Refactor with the tests green, in small steps, and change
behaviour at another time.

The limits of the tests, 15 lines and two loops, are rules of thumb. Three alike lines may well
stay: a wrong abstraction costs more than a little repetition.
"""

_SETTINGS = {"momentum": 0.9, "weight_decay": 1e-4}


def _step(model, optimiser, batch):
    inputs, targets = batch
    optimiser.zero_grad()
    cross_entropy(model(inputs), targets).backward()
    optimiser.step()


@alternative
def walks_a_product(models, train, valid, lr, epochs):
    def accuracy_of(model):
        optimiser = torch.optim.SGD(model.parameters(), lr, **_SETTINGS)
        model.train()
        for _, batch in product(range(epochs), train):
            _step(model, optimiser, batch)
        return _share_of_right(model, valid)

    return {name: accuracy_of(model) for name, model in models.items()}


def _share_of_right(model, valid):
    model.eval()
    with torch.no_grad():
        right = sum(int((model(x).argmax(1) == y).sum()) for x, y in valid)
    return right / sum(len(y) for _, y in valid)


class _Run:
    """A model's training and what came of it."""

    def __init__(self, model, lr):
        self.model = model
        self.optimiser = torch.optim.SGD(model.parameters(), lr=lr, **_SETTINGS)

    def epoch(self, batches):
        self.model.train()
        for batch in batches:
            _step(self.model, self.optimiser, batch)

    @property
    def outputs(self):
        return self.model.eval()

    def accuracy(self, batches):
        with torch.inference_mode():
            hits = [self.outputs(inputs).max(dim=-1).indices.eq(y) for inputs, y in batches]
        return torch.cat(hits).double().mean().item()


@alternative
def makes_a_class(models, train, valid, lr, epochs):
    answer = dict.fromkeys(models)
    for name in answer:
        run = _Run(models[name], lr)
        for _ in range(epochs):
            run.epoch(train)
        answer[name] = run.accuracy(valid)
    return answer


@alternative
def trains_all_then_scores_all(models, train, valid, lr, epochs):
    for model in models.values():
        _train(model, train, lr, epochs)
    return {name: _share_of_right(model, valid) for name, model in models.items()}


@misconception(caught_by="test_each_item_of_a_short_batch_counts_once")
def averages_the_batches(models, train, valid, lr, epochs):
    "The accuracy of a data set is the mean of its batches'."
    return _compared(models, train, valid, lr, epochs, score=_mean_of_batches)


@misconception(caught_by="test_no_loop_is_written_twice")
def copies_the_training_loop(models, train, valid, lr, epochs):
    "Another model, another loop; names tell them apart."
    answer = {}
    for place, (name, model) in enumerate(models.items()):
        if place == 0:
            _train_the_first(model, train, lr, epochs)
        else:
            _train(model, train, lr, epochs)
        answer[name] = _accuracy(model, valid)
    return answer


@misconception(caught_by="test_no_function_has_three_loops_in_each_other")
def nests_models_epochs_and_batches(models, train, valid, lr, epochs):
    "A loop belongs where its work is done: models, epochs, batches."
    for model in models.values():
        optimiser = torch.optim.SGD(model.parameters(), lr=lr, **_SETTINGS)
        model.train()
        for _ in range(epochs):
            for batch in train:
                _step(model, optimiser, batch)
    return {name: _accuracy(model, valid) for name, model in models.items()}


@misconception(caught_by="test_functions_are_short")
def writes_one_long_function(models, train, valid, lr, epochs):
    "What belongs together stands together, in one function."
    answer = {}
    for name, model in models.items():
        optimiser = torch.optim.SGD(model.parameters(), lr=lr, **_SETTINGS)
        model.train()
        for inputs, targets in list(train) * epochs:
            optimiser.zero_grad()
            loss = cross_entropy(model(inputs), targets)
            loss.backward()
            optimiser.step()
        model.eval()
        correct = 0
        examples = 0
        with torch.no_grad():
            for inputs, targets in valid:
                predictions = model(inputs).argmax(dim=1)
                correct += (predictions == targets).sum().item()
                examples += len(targets)
        answer[name] = correct / examples
    return answer


_RESULTS = {}


@misconception(caught_by="test_nothing_is_kept_from_call_to_call")
def keeps_results_in_the_module(models, train, valid, lr, epochs):
    "Results belong at the top of the module, where all can see them."
    for name, model in models.items():
        _train(model, train, lr, epochs)
        _RESULTS[name] = _accuracy(model, valid)
    return _RESULTS


@misconception(caught_by="test_each_model_has_an_optimiser_of_its_own")
def shares_an_optimiser(models, train, valid, lr, epochs):
    "One optimiser for all: the other models get no gradient, so they stay."
    params = [param for model in models.values() for param in model.parameters()]
    if not params:
        return {}
    optimiser = torch.optim.SGD(params, lr=lr, **_SETTINGS)
    for param in params:
        param.grad = torch.zeros_like(param)
    answer = {}
    for name, model in models.items():
        model.train()
        for _, (inputs, targets) in product(range(epochs), train):
            optimiser.zero_grad(set_to_none=False)
            cross_entropy(model(inputs), targets).backward()
            optimiser.step()
        answer[name] = _accuracy(model, valid)
    return answer


@misconception(caught_by="test_any_models_are_served")
def serves_the_three_of_the_script(models, train, valid, lr, epochs):
    "The models are linear, hidden and conv."
    wanted = ("linear", "hidden", "conv")
    known = {name: models[name] for name in wanted if name in models}
    return _compared(known, train, valid, lr, epochs)


@misconception(caught_by="test_no_models_have_no_accuracies")
def takes_the_first_for_granted(models, train, valid, lr, epochs):
    "There is always a model to begin with."
    first = next(iter(models))
    return _compared({first: models[first], **models}, train, valid, lr, epochs)


@misconception(caught_by="test_scoring_is_done_in_eval_mode")
def stays_in_train_mode(models, train, valid, lr, epochs):
    "The mode is for dropout, and there is none here."
    return _compared(models, train, valid, lr, epochs, score=_in_train_mode)


@misconception(caught_by="test_training_is_done_in_train_mode")
def trusts_the_mode(models, train, valid, lr, epochs):
    "A module is in train mode anyway."
    return _compared(models, train, valid, lr, epochs, prepare=lambda model: None)


@misconception(caught_by="test_accuracy_is_that_of_the_validation_set")
def scores_what_it_trained_on(models, train, valid, lr, epochs):
    "The accuracy is how well the model does what it has learned."
    return _compared(models, train, train, lr, epochs)


@misconception(caught_by="test_the_weights_are_the_scripts")
def leaves_the_decay_out(models, train, valid, lr, epochs):
    "A decay of 1e-4 is too small to matter."
    return _compared(models, train, valid, lr, epochs, weight_decay=0)


@misconception(caught_by="test_the_accuracies_are_the_scripts")
def leaves_the_momentum_out(models, train, valid, lr, epochs):
    "SGD is SGD."
    return _compared(models, train, valid, lr, epochs, momentum=0)


@misconception(caught_by="test_rate_and_epochs_are_those_of_the_call")
def keeps_the_scripts_rate(models, train, valid, lr, epochs):
    "The rate is 0.1, and there are three epochs."
    return _compared(models, train, valid, 0.1, 3)


@misconception(caught_by="test_momentum_lasts_for_all_epochs")
def begins_each_epoch_anew(models, train, valid, lr, epochs):
    "A function that trains for one epoch makes its optimiser, too."
    answer = {}
    for name, model in models.items():
        for _ in range(epochs):
            _train(model, train, lr, 1)
        answer[name] = _accuracy(model, valid)
    return answer


@misconception(caught_by="test_gradients_of_before_do_not_count")
def adds_to_old_gradients(models, train, valid, lr, epochs):
    "Gradients are cleared after the step, for the next batch."
    return _compared(models, train, valid, lr, epochs, step=_clears_afterwards)


@misconception(caught_by="test_the_models_themselves_are_trained")
def trains_copies(models, train, valid, lr, epochs):
    "An experiment leaves its models as they are."
    return _compared(deepcopy(dict(models)), train, valid, lr, epochs)


@misconception(caught_by="test_scoring_records_no_graph")
def records_while_it_scores(models, train, valid, lr, epochs):
    "Without backward there are no gradients."
    return _compared(models, train, valid, lr, epochs, score=_with_a_graph)


@misconception(caught_by="test_accuracies_are_floats")
def gives_tensors(models, train, valid, lr, epochs):
    "A tensor of one number is a number."
    found = _compared(models, train, valid, lr, epochs)
    return {name: torch.tensor(accuracy) for name, accuracy in found.items()}


@misconception(caught_by="test_names_keep_their_order")
def sorts_by_accuracy(models, train, valid, lr, epochs):
    "A comparison ends with the best at the top."
    found = _compared(models, train, valid, lr, epochs)
    return dict(sorted(found.items(), key=lambda item: -item[1]))


@misconception(caught_by="test_scoring_comes_once_at_the_end")
def keeps_the_best_epoch(models, train, valid, lr, epochs):
    "A model's accuracy is the best that it ever had."

    def trained_and_scored(model):
        optimiser, scores = _sgd(model, lr), [_accuracy(model, valid)]
        for _ in range(epochs):
            model.train()
            for batch in train:
                _step(model, optimiser, batch)
            scores.append(_accuracy(model, valid))
        return max(scores)

    return {name: trained_and_scored(model) for name, model in models.items()}


def _compared(models, train, valid, lr, epochs, **parts):
    """What the wrong answers above share: each replaces a part."""
    score = parts.pop("score", _accuracy)
    return {
        name: (_trained(model, train, lr, epochs, **parts), score(model, valid))[1]
        for name, model in models.items()
    }


def _trained(model, train, lr, epochs, prepare=nn.Module.train, step=_step, **settings):
    optimiser = _sgd(model, lr, **settings)
    prepare(model)
    for _, batch in product(range(epochs), train):
        step(model, optimiser, batch)


def _sgd(model, lr, **settings):
    return torch.optim.SGD(model.parameters(), lr=lr, **_SETTINGS | settings)


def _train_the_first(net, data, rate, times):
    sgd = _sgd(net, rate)
    net.train()
    for _i in range(times):
        for x, y in data:
            sgd.zero_grad()
            cross_entropy(net(x), y).backward()
            sgd.step()


def _clears_afterwards(model, optimiser, batch):
    inputs, targets = batch
    cross_entropy(model(inputs), targets).backward()
    optimiser.step()
    optimiser.zero_grad()


def _mean_of_batches(model, valid):
    return fmean(_accuracy(model, [batch]) for batch in valid)


def _in_train_mode(model, valid):
    with torch.no_grad():
        right = sum((model(x).argmax(1) == y).sum().item() for x, y in valid)
    model.eval()
    return right / sum(len(y) for _, y in valid)


def _with_a_graph(model, valid):
    model.eval()
    right = sum((model(x).argmax(1) == y).sum().item() for x, y in valid)
    return right / sum(len(y) for _, y in valid)
