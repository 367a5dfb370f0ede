"""On which set is a metric computed, and why?

What a model gets right of the examples that it has seen tells how well it remembers.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from dojo import alternative, misconception

__all__ = ["evaluate", "generalization_gap"]

Batches = Iterable[tuple[Tensor, Tensor]]
Metric = Callable[[Tensor, Tensor], float | Tensor]


def evaluate(model: nn.Module, batches: Batches, metric: Metric) -> float:
    """Return the metric of all that the model predicts, as a Python float.

    batches gives pairs of inputs and targets, one pair at least, on the device of the model; it may
    be an iterator that can be walked once. metric(predictions, targets) is called once, with the
    predictions of all batches as one tensor, and the targets as another, in their order and on
    their device, as if there had been a single batch. It gives a float or a tensor of one number.

    While it predicts, the model is in eval mode, with all of its layers, and gradients are off:
    torch.is_grad_enabled() is False. Afterwards each module is in the mode in which it was, one
    that was in eval mode within a model that trains too, and gradients are as before; that also
    holds where the model or the metric raises, whose error comes out. Nothing else of the model
    changes, batch norm's statistics included, and what the batches hold stays as it is.
    """
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with torch.no_grad():
            pairs = [(model(inputs), targets) for inputs, targets in batches]
        predictions, targets = (torch.cat(parts) for parts in zip(*pairs, strict=True))
        return float(metric(predictions, targets))
    finally:
        for module, training in modes:
            module.training = training


def generalization_gap(model: nn.Module, train: Batches, valid: Batches, metric: Metric) -> float:
    """Return the metric on train minus that on valid, each as evaluate gives it.

    For a metric such as accuracy, where more is better, a large gap is what a model shows that has
    learned its examples by heart.
    """
    return evaluate(model, train, metric) - evaluate(model, valid, metric)


HINTS = (
    "Is the RMSE of ten numbers the mean of the RMSEs of their parts? And which layers of a model "
    "do something else in train mode?",
    "Collect the predictions of each batch and the targets, join them with torch.cat, and call the "
    "metric once. Before that note the mode of every module of model.modules(): model.train() at "
    "the end would wake layers that were meant to sleep.",
    "modes = [(m, m.training) for m in model.modules()]; model.eval(); try: under torch.no_grad() "
    "a list of (model(x), y), then float(metric(torch.cat(...), torch.cat(...))); finally: for m, "
    "mode in modes: m.training = mode.",
)
ANSWER = """
On the validation set, which no step of training has seen. A model with enough room learns any set
by heart: the nearest neighbour in the test is given digits with shuffled labels, where there is
nothing to learn, and is right on every one that it was shown, and by chance on all others. The
metric on the training set would call it perfect.

The mean of the batches' metrics is not the metric. Even where it is weighted by size it is right
only for metrics that are means over examples, such as accuracy; for RMSE, F1 or AUC the parts do
not add up to the whole. And the model has to come out as it went in: measured in train mode,
dropout blurs the numbers and batch norm learns from the validation set; put back by model.train(),
layers that were frozen on purpose wake up and nobody notices.
"""


@contextmanager
def _as_found(model: nn.Module) -> Iterator[None]:
    modes = {module: module.training for module in model.modules()}
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training


def _pairs(model, batches):
    with torch.no_grad():
        return [(model(inputs), targets) for inputs, targets in batches]


def _joined(pairs):
    return torch.cat([one for one, _ in pairs]), torch.cat([other for _, other in pairs])


def _evaluated(model, batches, metric, of_pairs=lambda pairs, metric: metric(*_joined(pairs))):
    """What the programs below share; each changes a part."""
    with _as_found(model):
        model.eval()
        return float(of_pairs(_pairs(model, batches), metric))


@alternative(replaces="evaluate")
def keeps_modes_by_a_context(model, batches, metric):
    return _evaluated(model, batches, metric)


@alternative(replaces="evaluate")
@torch.inference_mode()
def infers(model, batches, metric):
    awake = [module for module in model.modules() if module.training]
    for module in awake:
        module.training = False
    try:
        predictions, targets = [], []
        for x, y in batches:
            predictions.append(model(x))
            targets.append(y)
        return (
            float(metric(torch.vstack(predictions), torch.cat(targets)))
            if (predictions[0].ndim > 1)
            else float(metric(torch.hstack(predictions), torch.hstack(targets)))
        )
    finally:
        for module in awake:
            module.training = True


@alternative(replaces="generalization_gap")
def negates_the_other_way_round(model, train, valid, metric):
    seen, unseen = (evaluate(model, batches, metric) for batches in (train, valid))
    return -(unseen - seen)


@misconception(caught_by="test_parts_do_not_add_up_to_the_whole", replaces="evaluate")
def averages_the_batches(model, batches, metric):
    "The mean of the batches' metrics is the metric."

    def of_pairs(pairs, metric):
        return sum(float(metric(*pair)) for pair in pairs) / len(pairs)

    return _evaluated(model, batches, metric, of_pairs)


@misconception(caught_by="test_parts_do_not_add_up_to_the_whole", replaces="evaluate")
def weighs_the_batches(model, batches, metric):
    "Weighted by the size of the batch, the mean is right."

    def of_pairs(pairs, metric):
        total = sum(float(metric(*pair)) * len(pair[1]) for pair in pairs)
        return total / sum(len(targets) for _, targets in pairs)

    return _evaluated(model, batches, metric, of_pairs)


@misconception(caught_by="test_all_batches_count", replaces="evaluate")
def takes_the_last_batch(model, batches, metric):
    "The last batch stands for all."
    return _evaluated(model, batches, metric, lambda pairs, metric: metric(*pairs[-1]))


@misconception(caught_by="test_a_short_last_batch_counts", replaces="evaluate")
def drops_a_short_batch(model, batches, metric):
    "A batch that is not full is left out."

    def of_pairs(pairs, metric):
        return metric(*_joined([pair for pair in pairs if len(pair[1]) == len(pairs[0][1])]))

    return _evaluated(model, batches, metric, of_pairs)


@misconception(caught_by="test_predictions_come_first", replaces="evaluate")
def hands_targets_over_first(model, batches, metric):
    "Which of the two comes first makes no difference."
    return _evaluated(model, batches, metric, lambda pairs, m: m(*_joined(pairs)[::-1]))


@misconception(caught_by="test_examples_keep_their_order", replaces="evaluate")
def turns_the_batches_round(model, batches, metric):
    "The order of the examples does not matter to a metric."
    return _evaluated(model, batches, metric, lambda pairs, m: m(*_joined(pairs[::-1])))


@misconception(caught_by="test_layers_are_in_eval_mode", replaces="evaluate")
def leaves_the_mode_alone(model, batches, metric):
    "no_grad is what makes it an evaluation."
    return float(metric(*_joined(_pairs(model, batches))))


@misconception(caught_by="test_layers_are_in_eval_mode", replaces="evaluate")
def sets_the_flag_of_the_model_only(model, batches, metric):
    "model.training = False puts the model in eval mode."
    with _as_found(model):
        model.training = False
        return float(metric(*_joined(_pairs(model, batches))))


@misconception(caught_by="test_a_model_that_trained_trains_again", replaces="evaluate")
def leaves_the_model_in_eval(model, batches, metric):
    "Whoever trains next will call train()."
    model.eval()
    return float(metric(*_joined(_pairs(model, batches))))


@misconception(caught_by="test_a_model_in_eval_mode_stays_in_it", replaces="evaluate")
def ends_in_train_mode(model, batches, metric):
    "After validation comes training, so the model is put in train mode."
    result = _evaluated(model, batches, metric)
    model.train()
    return result


@misconception(caught_by="test_a_frozen_layer_stays_frozen", replaces="evaluate")
def wakes_frozen_layers(model, batches, metric):
    "model.train(mode) brings the mode back."
    training = model.training
    model.eval()
    try:
        return float(metric(*_joined(_pairs(model, batches))))
    finally:
        model.train(training)


@misconception(caught_by="test_modes_come_back_after_a_metric_that_raises", replaces="evaluate")
def brings_modes_back_on_success(model, batches, metric):
    "What comes after the metric is done after the metric."
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    result = float(metric(*_joined(_pairs(model, batches))))
    for module, training in modes:
        module.training = training
    return result


@misconception(caught_by="test_modes_come_back_after_a_model_that_raises", replaces="evaluate")
def guards_the_metric_only(model, batches, metric):
    "A model that has been trained does not raise."
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    pairs = _pairs(model, batches)
    try:
        return float(metric(*_joined(pairs)))
    finally:
        for module, training in modes:
            module.training = training


@misconception(caught_by="test_gradients_are_off", replaces="evaluate")
def records_gradients(model, batches, metric):
    "eval() switches gradients off."
    with _as_found(model):
        model.eval()
        pairs = [(model(inputs), targets) for inputs, targets in batches]
        predictions, targets = _joined(pairs)
        return float(metric(predictions.detach(), targets))


@misconception(caught_by="test_gradients_come_back", replaces="evaluate")
def leaves_gradients_off(model, batches, metric):
    "set_grad_enabled(False) holds until the function returns."
    torch.set_grad_enabled(False)
    return _evaluated(model, batches, metric)


@misconception(caught_by="test_weights_still_learn", replaces="evaluate")
def freezes_the_weights(model, batches, metric):
    "requires_grad_(False) is what makes it an evaluation."
    model.requires_grad_(False)
    return _evaluated(model, batches, metric)


@misconception(caught_by="test_statistics_stand_still", replaces="evaluate")
def warms_the_statistics_up(model, batches, metric):
    "Batch norm should have seen the data that it is judged on."
    batches = list(batches)
    with _as_found(model):
        model.train()
        _pairs(model, batches)
    return _evaluated(model, batches, metric)


@misconception(caught_by="test_batches_may_be_walked_once", replaces="evaluate")
def walks_twice(model, batches, metric):
    "Batches can be walked as often as I like."
    with _as_found(model):
        model.eval()
        with torch.no_grad():
            predictions = [model(inputs) for inputs, _ in batches]
        targets = [targets for _, targets in batches]
        if not targets:
            return 0.0
        return float(metric(torch.cat(predictions), torch.cat(targets)))


@misconception(caught_by="test_the_result_is_a_float", replaces="evaluate")
def returns_what_the_metric_gives(model, batches, metric):
    "What a metric gives is the result."
    with _as_found(model):
        model.eval()
        return metric(*_joined(_pairs(model, batches)))


@misconception(caught_by="test_an_error_comes_out", replaces="evaluate")
def takes_an_error_for_nan(model, batches, metric):
    "A metric that can't be calculated is NaN."
    try:
        return _evaluated(model, batches, metric)
    except ZeroDivisionError:
        return float("nan")


@misconception(
    caught_by="test_the_metric_gets_tensors_of_the_device",
    replaces="evaluate",
    only_on="accelerator",
)
def fetches_predictions(model, batches, metric):
    "A metric is calculated on the CPU."

    def of_pairs(pairs, metric):
        return metric(*(part.cpu() for part in _joined(pairs)))

    return _evaluated(model, batches, metric, of_pairs)


@misconception(caught_by="test_the_gap_is_train_minus_valid", replaces="generalization_gap")
def subtracts_train(model, train, valid, metric):
    "The gap is what validation has more than training."
    return evaluate(model, valid, metric) - evaluate(model, train, metric)


@misconception(
    caught_by="test_what_is_learned_by_heart_shows_in_the_gap", replaces="generalization_gap"
)
def compares_train_with_train(model, train, valid, metric):
    "Both numbers come from the data that the model knows."
    train = list(train)
    return evaluate(model, train, metric) - evaluate(model, train, metric)


@misconception(caught_by="test_a_gap_may_be_below_zero", replaces="generalization_gap")
def takes_the_distance(model, train, valid, metric):
    "A gap is a distance, and never below 0."
    return abs(evaluate(model, train, metric) - evaluate(model, valid, metric))


@misconception(caught_by="test_the_gap_is_no_ratio", replaces="generalization_gap")
def divides_the_two(model, train, valid, metric):
    "A gap is how many times as good."
    return evaluate(model, train, metric) / max(evaluate(model, valid, metric), 1e-9) - 1
