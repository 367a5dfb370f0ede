"""What does a Learner need to be told?

Everything else about training can have a default.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from dojo import alternative, misconception

__all__ = ["Learner"]

Batch = tuple[Tensor, Tensor]


class Learner:
    """Trains a model on data and reports on each epoch.

    data is (train, valid), each a list of batches (x, y), with at least one item. The mean loss of
    a batch is loss_func(model(x), y). opt_func(parameters, lr=lr) makes the optimiser, which has
    zero_grad() and step(); one optimiser serves a Learner for its whole life. A metric is called as
    metric(predictions, targets) and returns a number or a tensor of one number.

    data, model and loss_func must be told: None for one of them raises ValueError at once, when the
    Learner is made, and the message names the one that is missing, as the argument is called here.
    Nothing is put in its place. Messages for different arguments differ.
    """

    def __init__(
        self,
        data: tuple[list[Batch], list[Batch]],
        model: nn.Module,
        loss_func: Callable[[Tensor, Tensor], Tensor],
        opt_func: Callable[..., torch.optim.Optimizer] = torch.optim.SGD,
        lr: float = 0.1,
        metrics: Sequence[Callable[[Tensor, Tensor], float | Tensor]] = (),
    ) -> None:
        """Take what there is to know; nothing is trained yet."""
        for name, value in (("data", data), ("model", model), ("loss_func", loss_func)):
            if value is None:
                raise ValueError(f"{name} is None: a Learner can't guess it, so pass one")
        self.train, self.valid = data
        self.model, self.loss_func, self.metrics = model, loss_func, metrics
        self.optimiser = opt_func(model.parameters(), lr=lr)

    def fit(self, epochs: int) -> list[dict[str, float]]:
        """Train for some epochs, and return a dict of metric name -> value for each of them.

        An epoch is a step of the optimiser for each batch of train, in the order of the list, along
        the gradient of that batch alone, with the model in train mode; the model itself is trained,
        no copy. Then come the metrics, by what the model is after the epoch, in eval mode and
        without gradients, which teaches it nothing. Each metric gets the predictions and targets of
        all items of valid at once, in their order, and counts them all alike: the last batch may be
        shorter. Values are Python floats, keys the metrics' __name__, or str(metric) where there
        is none. Without metrics the dicts are empty.

        Another call goes on where the last one stopped: fit(1) twice is fit(2), to the last bit,
        for optimisers with a memory too; it returns its own epochs only.
        """
        return [self._epoch() for _ in range(epochs)]

    def predict(self, x: Tensor) -> Tensor:
        """Return the model's outputs for one batch of inputs, in eval mode and without gradients.

        The model is left in the mode, train or eval, in which it was.
        """
        was_training = self.model.training
        self.model.eval()
        with torch.no_grad():
            outputs = self.model(x)
        self.model.train(was_training)
        return outputs

    def _epoch(self):
        self.model.train()
        for x, y in self.train:
            self.optimiser.zero_grad()
            self.loss_func(self.model(x), y).backward()
            self.optimiser.step()
        predictions = torch.cat([self.predict(x) for x, _ in self.valid])
        targets = torch.cat([y for _, y in self.valid])
        return {_name(metric): float(metric(predictions, targets)) for metric in self.metrics}


def _name(metric):
    return getattr(metric, "__name__", str(metric))


HINTS = (
    "Which of the six arguments could somebody who knows nothing of the problem fill in? What is "
    "worse: an error at once, or a model trained for an hour on the wrong loss?",
    "Make the optimiser in __init__ and keep it: its memory is part of the training. An epoch sets "
    "train mode, steps through train, and then collects predictions of valid in eval mode. A mean "
    "of batch values is no value of the whole set.",
    "was = model.training; model.eval(); with torch.no_grad(): outputs = model(x); "
    "model.train(was) is predict. After the steps of an epoch: p = torch.cat([self.predict(x) for "
    "x, _ in valid]), t = torch.cat([y for _, y in valid]), and "
    "{getattr(m, '__name__', str(m)): float(m(p, t)) for m in metrics}.",
)
ANSWER = """
Three things nobody can guess: the data, the model, and the loss, which says what the model is for.
The optimiser, its rate and the metrics have sensible defaults. fastai's own Learner takes the loss
from the data where it can, and Adam as opt_func; that saves a line, but a loss that was guessed
wrongly trains without an error, for something that nobody asked for.

The optimiser belongs to the Learner, not to a call of fit: momentum and Adam's averages are what it
has learnt about the slope, and a fresh one starts each call by forgetting it. One that was made
before model.to(device) is no fault: to() moves the numbers and keeps the Parameter objects.

Metrics are for the whole validation set. The mean of the batches' metrics gives the items of the
short last batch more weight than others; weighting by size mends accuracy, but not what is no mean
over items: a root mean square error, a largest error, an F1 score.
"""


def _need(**arguments):
    for name, value in arguments.items():
        if value is None:
            raise ValueError(f"{name} is missing")


class _Learner:
    """What the programs below share; each changes a part."""

    def __init__(self, data, model, loss_func, opt_func=torch.optim.SGD, lr=0.1, metrics=()):
        self.check(data, model, loss_func)
        self.train, self.valid = data
        self.model, self.loss_func, self.metrics = model, loss_func, metrics
        self.opt_func, self.lr = opt_func, lr
        self.optimiser = self.make_optimiser()

    def check(self, data, model, loss_func):
        _need(data=data, model=model, loss_func=loss_func)

    def make_optimiser(self):
        return self.opt_func(self.model.parameters(), lr=self.lr)

    def fit(self, epochs):
        return [self.epoch() for _ in range(epochs)]

    def epoch(self):
        self.train_epoch()
        return self.report()

    def train_epoch(self):
        self.model.train()
        self.steps()

    def steps(self):
        for x, y in self.train:
            self.optimiser.zero_grad()
            self.loss_func(self.model(x), y).backward()
            self.optimiser.step()

    def report(self):
        outputs, targets = self.outputs(self.valid)
        return {_name(metric): float(metric(outputs, targets)) for metric in self.metrics}

    def outputs(self, batches):
        self.model.eval()
        with torch.no_grad():
            outputs = [self.model(x) for x, _ in batches]
        return torch.cat(outputs), torch.cat([y for _, y in batches])

    def predict(self, x):
        was = self.model.training
        self.model.eval()
        with torch.no_grad():
            outputs = self.model(x)
        self.model.train(was)
        return outputs


@alternative
class MakesItsOptimiserLate:
    def __init__(self, data, model, loss_func, opt_func=torch.optim.SGD, lr=0.1, metrics=()):
        missing = [
            name
            for name, value in {"data": data, "model": model, "loss_func": loss_func}.items()
            if value is None
        ]
        if missing:
            raise ValueError("pass " + " and ".join(missing))
        self.dls, self.model, self.loss_func = data, model, loss_func
        self.opt_func, self.lr, self.metrics, self.opt = opt_func, lr, list(metrics), None

    def fit(self, epochs):
        if self.opt is None:
            self.opt = self.opt_func([*self.model.parameters()], lr=self.lr)
        rows = []
        for _ in range(epochs):
            for batches, learns in zip(self.dls, (True, False), strict=True):
                self.model.train(learns)
                parts = []
                for x, y in batches:
                    with torch.set_grad_enabled(learns):
                        out = self.model(x)
                    if learns:
                        loss = self.loss_func(out, y)
                        loss.backward()
                        self.opt.step()
                        self.model.zero_grad()
                    else:
                        parts.append((out, y))
            outs, ys = (torch.cat(part) for part in zip(*parts, strict=True))
            row = {}
            for metric in self.metrics:
                name = metric.__name__ if hasattr(metric, "__name__") else str(metric)
                value = metric(outs, ys)
                row[name] = value.item() if isinstance(value, Tensor) else float(value)
            rows.append(row)
        return rows

    @torch.no_grad()
    def predict(self, x):
        modes = {module: module.training for module in self.model.modules()}
        try:
            return self.model.eval()(x)
        finally:
            for module, training in modes.items():
                module.training = training


@alternative
class PredictsTheSetAtOnce(_Learner):
    def epoch(self):
        self.train_epoch()
        self.model.eval()
        if not self.metrics:
            return {}
        x, y = (torch.cat(parts) for parts in zip(*self.valid, strict=True))
        with torch.inference_mode():
            outputs = self.model(x)
            return {_name(m): float(m(outputs, y)) for m in self.metrics}

    def predict(self, x):
        was = self.model.training
        outputs = self.model.eval()(x).detach()
        self.model.train(was)
        return outputs


@alternative
class AsksAGenerator(_Learner):
    def fit(self, epochs):
        return list(self.rows(epochs))

    def rows(self, epochs):
        was = self.model.training
        while epochs > 0:
            yield self.epoch()
            epochs -= 1
        self.model.train(was)


@misconception(caught_by="test_a_missing_loss_is_named")
class GuessesTheLoss(_Learner):
    "A model that ends in classes wants cross-entropy, so the loss need not be told."

    def check(self, data, model, loss_func):
        _need(data=data, model=model)

    def steps(self):
        self.loss_func = self.loss_func or nn.functional.cross_entropy
        super().steps()


@misconception(caught_by="test_missing_data_are_named")
class TakesNoDataAsEmpty(_Learner):
    "Without data there is nothing to do, and that is no error."

    def __init__(self, data, *others, **named):
        super().__init__(([], []) if data is None else data, *others, **named)


@misconception(caught_by="test_a_missing_model_is_named")
class GuessesTheModel(_Learner):
    "Without a model of one's own a linear one will do."

    def __init__(self, data, model, *others, **named):
        if model is None:
            model = nn.Linear(1, 1, device=data[0][0][0].device)
        super().__init__(data, model, *others, **named)


@misconception(
    caught_by=(
        "test_missing_data_are_named",
        "test_a_missing_model_is_named",
        "test_a_missing_loss_is_named",
    )
)
class SaysNotWhich(_Learner):
    "That something is missing is said by the kind of the error."

    def check(self, data, model, loss_func):
        if data is None or model is None or loss_func is None:
            raise ValueError("an argument is missing")


@misconception(caught_by="test_the_message_tells_which_is_missing")
class NamesAllThree(_Learner):
    "A message that lists what a Learner needs has named what is missing."

    def check(self, data, model, loss_func):
        if data is None or model is None or loss_func is None:
            raise ValueError("a Learner needs data, model and loss_func")


@misconception(caught_by=("test_a_missing_loss_is_named", "test_missing_data_are_named"))
class ChecksWhereItIsUsed(_Learner):
    "Data and loss are not used before fit, so that is where to complain."

    def __init__(self, data, model, *others, **named):
        super().__init__(data or (None, None), model, *others, **named)

    def check(self, data, model, loss_func):
        _need(model=model)

    def fit(self, epochs):
        _need(data=self.train, loss_func=self.loss_func)
        return super().fit(epochs)


@misconception(caught_by="test_three_arguments_are_enough")
class NeedsMetrics(_Learner):
    "A Learner that is told no metric reports the accuracy."

    def report(self):
        if self.metrics:
            return super().report()
        outputs, targets = self.outputs(self.valid)
        return {"accuracy": (outputs.argmax(1) == targets).float().mean().item()}


@misconception(caught_by="test_the_defaults_are_sgd_at_a_tenth")
class TakesTheOptimisersOwnRate(_Learner):
    "An optimiser knows a good rate for itself."

    def make_optimiser(self):
        return self.opt_func(self.model.parameters())


@misconception(caught_by="test_the_rate_is_the_one_told")
class KeepsTheDefaultRate(_Learner):
    "A rate of 0.1 serves every problem."

    def make_optimiser(self):
        return self.opt_func(self.model.parameters(), lr=0.1)


@misconception(caught_by="test_opt_func_makes_the_optimiser")
class AlwaysTakesSGD(_Learner):
    "Training is SGD; opt_func is there for the look of it."

    def make_optimiser(self):
        return torch.optim.SGD(self.model.parameters(), lr=self.lr)


@misconception(caught_by="test_fit_goes_on_where_it_stopped")
class MakesAnOptimiserEachFit(_Learner):
    "A call of fit is a training of its own, and begins with a new optimiser."

    def fit(self, epochs):
        self.optimiser = self.make_optimiser()
        return super().fit(epochs)


@misconception(caught_by="test_a_second_fit_starts_from_the_weights_that_the_first_left")
class RestartsTheModelEachFit(_Learner):
    "A call of fit trains for so many epochs from the start."

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.start = {name: value.clone() for name, value in self.model.state_dict().items()}

    def fit(self, epochs):
        self.model.load_state_dict(self.start)
        self.optimiser = self.make_optimiser()
        return super().fit(epochs)


@misconception(caught_by="test_momentum_lasts_from_epoch_to_epoch")
class MakesAnOptimiserEachEpoch(_Learner):
    "An optimiser is needed for an epoch, so each epoch makes its own."

    def train_epoch(self):
        self.optimiser = self.make_optimiser()
        super().train_epoch()


@misconception(caught_by="test_each_batch_has_its_own_gradient")
class NeverClears(_Learner):
    "backward replaces the gradient of the batch before."

    def steps(self):
        for x, y in self.train:
            self.loss_func(self.model(x), y).backward()
            self.optimiser.step()


@misconception(caught_by="test_each_batch_has_its_own_gradient")
class StepsOnceAnEpoch(_Learner):
    "An epoch ends with the step."

    def steps(self):
        self.optimiser.zero_grad()
        for x, y in self.train:
            self.loss_func(self.model(x), y).backward()
        self.optimiser.step()


@misconception(caught_by="test_the_model_itself_is_trained")
class TrainsACopy(_Learner):
    "The caller's model is input, and input is left alone."

    def __init__(self, data, model, *others, **named):
        from copy import deepcopy

        super().__init__(data, deepcopy(model), *others, **named)


@misconception(caught_by="test_metrics_are_of_the_validation_set")
class MeasuresTrainingData(_Learner):
    "Metrics say how well the training went, so they are of its data."

    def report(self):
        outputs, targets = self.outputs(self.train)
        return {_name(metric): float(metric(outputs, targets)) for metric in self.metrics}


@misconception(caught_by="test_validation_teaches_nothing")
class LearnsFromValidation(_Learner):
    "Once the metrics are taken, the validation set can be learnt from too."

    def epoch(self):
        row = super().epoch()
        train, self.train = self.train, self.valid
        self.train_epoch()
        self.train = train
        return row


@misconception(caught_by=("test_each_item_counts_alike", "test_a_metric_sees_all_items_at_once"))
class AveragesTheBatches(_Learner):
    "The mean of the batches' metrics is the metric of all."

    def report(self):
        outputs = [(self.predict(x), y) for x, y in self.valid]
        return {
            _name(metric): sum(float(metric(out, y)) for out, y in outputs) / len(outputs)
            for metric in self.metrics
        }


@misconception(caught_by="test_a_metric_sees_all_items_at_once")
class WeighsTheBatches(_Learner):
    "A mean of the batches' metrics, weighted by their sizes, is the metric of all."

    def report(self):
        outputs = [(self.predict(x), y) for x, y in self.valid]
        items = sum(len(y) for _, y in outputs)
        return {
            _name(metric): sum(float(metric(out, y)) * len(y) for out, y in outputs) / items
            for metric in self.metrics
        }


@misconception(caught_by="test_each_item_counts_alike")
class MeasuresTheLastBatch(_Learner):
    "One batch of the validation set tells enough."

    def report(self):
        outputs, targets = self.outputs(self.valid[-1:])
        return {_name(metric): float(metric(outputs, targets)) for metric in self.metrics}


@misconception(caught_by="test_predictions_come_before_targets")
class PutsTargetsFirst(_Learner):
    "A metric is told first what is true, then what was predicted."

    def report(self):
        outputs, targets = self.outputs(self.valid)
        return {_name(metric): float(metric(targets, outputs)) for metric in self.metrics}


@misconception(caught_by="test_metrics_are_those_after_the_epoch")
class MeasuresBeforeTheEpoch(_Learner):
    "An epoch begins with a look at the validation set."

    def epoch(self):
        row = self.report()
        self.train_epoch()
        return row


@misconception(caught_by="test_there_is_a_dict_for_each_epoch")
class ReportsTheLastEpoch(_Learner):
    "What counts is where the training ends."

    def fit(self, epochs):
        return super().fit(epochs)[-1:]


@misconception(caught_by="test_a_second_fit_returns_its_own_epochs")
class KeepsTheHistory(_Learner):
    "fit returns the history, from the first epoch of the first call on."

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.history = []

    def fit(self, epochs):
        self.history += super().fit(epochs)
        return self.history


@misconception(caught_by="test_a_metric_without_a_name_is_known_by_its_text")
class NeedsAName(_Learner):
    "Whatever can be called has a __name__."

    def report(self):
        return {
            metric.__name__: value
            for metric, value in zip(self.metrics, super().report().values(), strict=True)
        }


@misconception(caught_by="test_keys_are_the_names_of_the_metrics")
class TakesTheTextOfEach(_Learner):
    "str() gives the name of a function."

    def report(self):
        outputs, targets = self.outputs(self.valid)
        return {str(metric): float(metric(outputs, targets)) for metric in self.metrics}


@misconception(caught_by="test_values_are_floats")
class ReportsTensors(_Learner):
    "A metric's value goes into the dict as it comes."

    def report(self):
        outputs, targets = self.outputs(self.valid)
        return {_name(metric): metric(outputs, targets) for metric in self.metrics}


@misconception(caught_by="test_every_epoch_trains_in_train_mode")
class SetsTrainModeOnce(_Learner):
    "fit puts the model in train mode, and it stays there until the end."

    def fit(self, epochs):
        self.model.train()
        return super().fit(epochs)

    def train_epoch(self):
        self.steps()


@misconception(caught_by="test_metrics_are_measured_in_eval_mode")
class MeasuresInTrainMode(_Learner):
    "Without gradients the mode makes no difference."

    def outputs(self, batches):
        with torch.no_grad():
            outputs = [self.model(x) for x, _ in batches]
        return torch.cat(outputs), torch.cat([y for _, y in batches])


@misconception(caught_by="test_metrics_are_measured_without_gradients")
class MeasuresWithGradients(_Learner):
    "eval mode switches the gradients off."

    def outputs(self, batches):
        self.model.eval()
        outputs = torch.cat([self.model(x) for x, _ in batches])
        return outputs.detach(), torch.cat([y for _, y in batches])


@misconception(caught_by="test_predict_is_in_eval_mode")
class PredictsInTheModeOfTheMoment(_Learner):
    "Whoever asks for a prediction has put the model in eval mode."

    @torch.no_grad()
    def predict(self, x):
        return self.model(x)


@misconception(caught_by="test_predict_leaves_train_mode_as_it_was")
class StaysInEvalMode(_Learner):
    "A model that predicts is done with training."

    @torch.no_grad()
    def predict(self, x):
        return self.model.eval()(x)


@misconception(caught_by="test_predict_leaves_eval_mode_as_it_was")
class GoesBackToTraining(_Learner):
    "After a prediction the model goes back to training."

    def predict(self, x):
        outputs = super().predict(x)
        self.model.train()
        return outputs


@misconception(caught_by="test_predict_records_no_gradients")
class PredictsWithGradients(_Learner):
    "Gradients that nobody asks for do no harm."

    def predict(self, x):
        was = self.model.training
        outputs = self.model.eval()(x)
        self.model.train(was)
        return outputs


@misconception(caught_by="test_predict_gives_the_outputs_as_they_are")
class PredictsClasses(_Learner):
    "A prediction is the class of the largest output."

    def predict(self, x):
        return super().predict(x).argmax(1)


@misconception(caught_by="test_a_net_learns_to_read_digits")
class TrainsOneEpoch(_Learner):
    "The data need to be seen once."

    def fit(self, epochs):
        row = self.epoch()
        return [row] + [self.report() for _ in range(epochs - 1)]
