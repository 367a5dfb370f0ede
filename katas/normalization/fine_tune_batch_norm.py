"""What is often overlooked in transfer learning?

A model comes with what it has learnt, and batch norms with what they have seen. Other data look
different.
"""

from collections.abc import Iterable

from torch import Tensor, nn


def freeze_but_norms(model: nn.Module) -> None:
    """Let nothing but the weights and biases of the model's batch norms require gradients.

    Batch norms are nn.BatchNorm1d, nn.BatchNorm2d and nn.BatchNorm3d, wherever they are in the
    model, and the model may be one itself. All their weights and biases require gradients
    afterwards, also those that did not before; with affine=False they have none. No other parameter
    does: none of another layer, none of another kind of norm, and none that the model, or a module
    with modules in it, holds itself.

    Values, statistics and modes stay as they are, and parameters are the same nn.Parameters.
    """
    raise NotImplementedError


def recalibrate(model: nn.Module, batches: Iterable[Tensor]) -> None:
    """Give the model's batch norms the running statistics of these batches.

    A batch is what model takes: inputs, without targets. There is at least one; batches may be a
    generator, and each goes through the model once. Of what arrives at a batch norm while they do,
    running_mean becomes the average of the batches' means, running_var the average of their
    unbiased variances, as training takes them. Each batch counts alike, whatever its size, and
    what the statistics were before does not count. While batches go through, every batch norm
    normalises by the batch's own mean and variance, as in training, whatever mode it comes in; all
    other modules are in eval mode.

    Nothing else changes: weights, other modules' buffers, each module's mode, each norm's momentum,
    what requires gradients, and what is in .grad. Only num_batches_tracked may be anything
    afterwards. Every batch norm has running statistics.
    """
    raise NotImplementedError
