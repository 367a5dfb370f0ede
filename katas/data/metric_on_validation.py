"""On which set is a metric computed, and why?

What a model gets right of the examples that it has seen tells how well it remembers.
"""

from collections.abc import Callable, Iterable

from torch import Tensor, nn

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
    raise NotImplementedError


def generalization_gap(model: nn.Module, train: Batches, valid: Batches, metric: Metric) -> float:
    """Return the metric on train minus that on valid, each as evaluate gives it.

    For a metric such as accuracy, where more is better, a large gap is what a model shows that has
    learned its examples by heart.
    """
    raise NotImplementedError
