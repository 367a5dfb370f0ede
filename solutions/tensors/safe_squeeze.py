"""Why name the axis when squeezing?

squeeze() drops every axis of size 1, also one that happens to be of size 1 today: the batch.
"""

from jaxtyping import Float
from torch import Tensor

from dojo import alternative, misconception

__all__ = ["drop_axis", "predictions"]


def drop_axis(t: Tensor, dim: int) -> Tensor:
    """Return t without its axis dim, which must be of size 1, as a view.

    A negative dim counts from the last axis. Other axes stay, whatever their size.

    Raises:
        IndexError: t has no axis dim.
        ValueError: the axis is not of size 1; the message names dim, its size and the shape.
    """
    if t.shape[dim] != 1:
        shape = tuple(t.shape)
        raise ValueError(
            f"axis {dim} has size {t.shape[dim]}, not 1 (shape {shape}): name an axis of size 1"
        )
    return t.squeeze(dim)


def predictions(logits: Float[Tensor, "batch 1"]) -> Float[Tensor, " batch"]:
    """Return one number for each example: the logits as they are, without their last axis.

    Raises:
        ValueError: logits are not of shape (batch, 1); the message gives their shape.
    """
    if logits.ndim != 2:
        raise ValueError(f"logits have shape {tuple(logits.shape)}: give (batch, 1)")
    return drop_axis(logits, 1)


HINTS = (
    "Print x.squeeze().shape for x of shape (4, 1) and for x of shape (1, 1).",
    "squeeze takes the axis that you mean. What does it do when that axis is larger than 1?",
    "Look at t.shape[dim] first, raise ValueError unless it is 1, then return t.squeeze(dim).",
)
ANSWER = """
squeeze() without an axis drops every axis of size 1. A model that gives (batch, 1) then works for
weeks, until the last batch of an epoch holds one example: (1, 1) becomes a scalar, and whatever
loops over the batch fails, or is silently wrong.

Naming the axis is half of the answer. squeeze(1) on (batch, 4) does nothing and says nothing, so a
model with four outputs passes for one with one: check the size. The bug that both prevent is a
quiet one. Outputs of shape (batch, 1) against targets of shape (batch,) broadcast to (batch, batch)
inside a loss, and the mean of that trains a model to predict the average of all targets.
"""


@alternative(replaces="drop_axis")
def selects_the_only_index(t, dim):
    if t.size(dim) != 1:
        raise ValueError(f"axis {dim} of {tuple(t.shape)} is {t.size(dim)} long, not 1")
    return t.select(dim, 0)


@alternative(replaces="drop_axis")
def views_the_shape_without_it(t, dim):
    sizes = list(t.shape)
    if sizes.pop(dim) != 1:
        raise ValueError(f"shape {tuple(t.shape)} has size {t.shape[dim]} at axis {dim}, not 1")
    return t.view(sizes) if t.is_contiguous() else t.squeeze(dim)


@alternative(replaces="predictions")
def takes_the_first_column(logits):
    if logits.ndim != 2 or logits.shape[1] != 1:
        raise ValueError(f"logits must be (batch, 1), not {tuple(logits.shape)}")
    return logits[:, 0]


@misconception(caught_by="test_other_axes_of_size_one_stay", replaces="drop_axis")
def takes_every_unit_axis(t, dim):
    "squeeze() takes the axis that I mean."
    _refuse_larger(t, dim)
    return t.squeeze()


@misconception(caught_by="test_the_axis_that_is_named_goes", replaces="drop_axis")
def takes_the_first_axis(t, dim):
    "The axis to drop is always the first."
    _refuse_larger(t, dim)
    return t.squeeze(0)


@misconception(caught_by="test_other_axes_stay_apart", replaces="drop_axis")
def flattens(t, dim):
    "view(-1) drops the axis; what is left is one row of numbers anyway."
    _refuse_larger(t, dim)
    return t.reshape(-1)


@misconception(caught_by="test_an_axis_of_another_size_is_refused", replaces="drop_axis")
def leaves_larger_axes(t, dim):
    "squeeze(dim) complains when the axis is larger than 1."
    return t.squeeze(dim)


@misconception(caught_by="test_an_axis_of_another_size_is_refused", replaces="drop_axis")
def takes_element_zero(t, dim):
    "Index 0 of an axis is the axis taken away."
    return t.select(dim, 0)


@misconception(caught_by="test_writing_to_the_result_shows_in_the_original", replaces="drop_axis")
def copies(t, dim):
    "A result of another shape has memory of its own."
    _refuse_larger(t, dim)
    return t.squeeze(dim).clone()


@misconception(caught_by="test_a_negative_axis_counts_from_the_last", replaces="drop_axis")
def negative_axis_off_by_one(t, dim):
    "Axis -1 is the one before the last, as in t[:-1]."
    axis = dim if dim >= 0 else t.ndim + dim - 1
    _refuse_larger(t, axis)
    return t.squeeze(axis)


@misconception(caught_by="test_an_axis_that_is_not_there_is_refused", replaces="drop_axis")
def wraps_the_axis_round(t, dim):
    "An axis number is taken modulo the number of axes."
    _refuse_larger(t, dim % t.ndim)
    return t.squeeze(dim % t.ndim)


@misconception(caught_by="test_the_input_stays_as_it_is", replaces="drop_axis")
def squeezes_in_place(t, dim):
    "The underscore makes squeeze_ the quick one, and the result is the same."
    _refuse_larger(t, dim)
    return t.squeeze_(dim)


@misconception(caught_by="test_a_batch_of_one_stays_a_batch", replaces="predictions")
def squeezes_the_batch(logits):
    "A column of logits has one axis of size 1, so squeeze() can only take that one."
    if logits.ndim != 2 or logits.shape[1] != 1:
        raise ValueError(f"logits have shape {tuple(logits.shape)}")
    return logits.squeeze()


@misconception(caught_by="test_several_logits_an_example_are_refused", replaces="predictions")
def flattens_several_outputs(logits):
    "Flattening the logits leaves one number for each example."
    if logits.ndim != 2:
        raise ValueError(f"logits have shape {tuple(logits.shape)}")
    return logits.reshape(-1)


@misconception(caught_by="test_logits_of_another_rank_are_refused", replaces="predictions")
def takes_the_last_axis_of_anything(logits):
    "Whatever has a last axis of size 1 is a batch of logits."
    return drop_axis(logits, -1)


@misconception(caught_by="test_predictions_are_the_logits_as_they_are", replaces="predictions")
def turns_logits_into_probabilities(logits):
    "A prediction is a probability, so there is a sigmoid in it."
    return drop_axis(logits, 1).sigmoid()


def _refuse_larger(t, dim):
    if t.shape[dim] != 1:
        raise ValueError(f"axis {dim} has size {t.shape[dim]}, not 1 (shape {tuple(t.shape)})")
