"""What is a loss?

A number that says how wrong a model is, in such a way that a small change of any weight shows.
"""

from jaxtyping import Float, Int64
from torch import Tensor

from dojo import alternative, misconception

__all__ = ["digit_loss"]


def digit_loss(
    predictions: Float[Tensor, " examples"], targets: Int64[Tensor, " examples"]
) -> Float[Tensor, ""]:
    """Return the mean distance of the predictions from the right answers.

    A prediction is the probability that an example has label 1, between 0 and 1; targets holds the
    labels, 0 and 1. The right answer is a probability of 1 for label 1, and of 0 for label 0. There
    is at least one example.

    The result is a tensor of rank 0, of the predictions' dtype and on their device. Gradients flow
    back to the predictions. Both inputs are left as they are.

    Raises:
        ValueError: the shapes differ, be it only by an axis of size 1; the message gives both.
    """
    if predictions.shape != targets.shape:
        raise ValueError(
            f"predictions have shape {tuple(predictions.shape)}, targets {tuple(targets.shape)}: "
            "give a label for each prediction"
        )
    return (predictions - targets).abs().mean()


HINTS = (
    "For label 1 the distance is 1 - prediction. What is it for label 0? And what if somebody "
    "moves a prediction by a millionth?",
    "torch.where(targets == 1, 1 - predictions, predictions) takes the distances one by one; since "
    "labels are 0 and 1 there is a shorter way. Look at the shapes first.",
    "(predictions - targets).abs().mean(), after a check that the shapes are equal.",
)
ANSWER = """
Two properties make a loss. Lower is better; and a small change of any weight changes it, so that
there is a slope to follow. Counting wrong answers has the first property and not the second: nudge
a weight, and nearly always not one answer changes sides, so the gradient is 0 and nothing is
learnt.

Here each prediction that is not perfect has a slope of 1/n or -1/n, whatever its size: a prediction
that is wrong by 0.9 is pushed no harder than one that is off by 0.1. Cross-entropy pushes harder
the more sure a wrong answer is, and is what one uses. Note what the loss expects: probabilities. A
model that ends without a sigmoid gives logits, and a sigmoid on top of probabilities squeezes them
into 0.5 to 0.73, where a perfect model still has a loss of 0.38.
"""


@alternative
def chooses_by_label(predictions, targets):
    import torch

    _refuse(predictions, targets)
    return torch.where(targets == 1, 1 - predictions, predictions).mean()


@alternative
def asks_torch_for_l1(predictions, targets):
    from torch.nn.functional import l1_loss

    _refuse(predictions, targets)
    return l1_loss(predictions, targets.to(predictions.dtype))


@alternative
def works_it_out_with_signs(predictions, targets):
    if predictions.shape != targets.shape:
        raise ValueError(f"shapes {tuple(predictions.shape)} and {tuple(targets.shape)} differ")
    return (targets + predictions * (1 - 2 * targets)).sum() / len(targets)


@misconception(caught_by="test_three_predictions")
def swaps_right_and_wrong(predictions, targets):
    "The loss of label 1 is the probability of label 1."
    _refuse(predictions, targets)
    return (1 - (predictions - targets).abs()).mean()


@misconception(caught_by="test_it_falls_when_a_prediction_gets_better")
def counts_wrong_answers(predictions, targets):
    "How many answers are wrong says how wrong the model is."
    _refuse(predictions, targets)
    wrong = (predictions > 0.5) != (targets > 0.5)
    return wrong.to(predictions.dtype).mean() + 0 * predictions.sum()


@misconception(caught_by="test_gradients_flow_back")
def counts_without_a_graph(predictions, targets):
    "A loss is a number, and a number has no graph."
    _refuse(predictions, targets)
    return (predictions - targets).abs().mean().detach()


@misconception(caught_by="test_a_batch_twice_over_has_the_same_loss")
def sums(predictions, targets):
    "The loss of a batch is the loss of all of it."
    _refuse(predictions, targets)
    return (predictions - targets).abs().sum()


@misconception(caught_by="test_it_is_never_below_zero")
def forgets_abs(predictions, targets):
    "The distance is the difference."
    _refuse(predictions, targets)
    return (predictions - targets).mean()


@misconception(caught_by="test_it_is_zero_for_a_perfect_model")
def puts_a_sigmoid_on_top(predictions, targets):
    "Predictions have to go through a sigmoid first."
    _refuse(predictions, targets)
    return (predictions.sigmoid() - targets).abs().mean()


@misconception(caught_by="test_the_slope_is_the_same_for_all")
def squares(predictions, targets):
    "A distance is a squared difference."
    _refuse(predictions, targets)
    return (predictions - targets).square().mean()


@misconception(caught_by="test_the_slope_is_the_same_for_all")
def takes_the_root(predictions, targets):
    "The root of the mean square is the mean distance."
    _refuse(predictions, targets)
    return (predictions - targets).square().mean().sqrt()


@misconception(caught_by=("test_an_axis_more_is_refused", "test_another_count_is_refused"))
def broadcasts(predictions, targets):
    "Torch pairs predictions and labels up, whatever their shapes."
    return (predictions - targets).abs().mean()


@misconception(caught_by="test_an_axis_more_is_refused")
def flattens_both(predictions, targets):
    "Equally many numbers are pairs."
    if predictions.numel() != targets.numel():
        raise ValueError(f"shapes {tuple(predictions.shape)} and {tuple(targets.shape)}")
    return (predictions.flatten() - targets.flatten()).abs().mean()


@misconception(caught_by="test_three_predictions")
def looks_at_label_one_only(predictions, targets):
    "Only label 1 has a right probability."
    _refuse(predictions, targets)
    return ((1 - predictions) * targets).mean()


@misconception(caught_by="test_predictions_stay_as_they_are")
def subtracts_in_place(predictions, targets):
    "Predictions are not needed once the loss is there."
    _refuse(predictions, targets)
    predictions.data -= targets
    return predictions.abs().mean()


@misconception(caught_by="test_it_is_a_tensor_of_rank_zero")
def returns_a_float(predictions, targets):
    "A loss is a number."
    _refuse(predictions, targets)
    return (predictions - targets).abs().mean().item()


def _refuse(predictions, targets):
    if predictions.shape != targets.shape:
        raise ValueError(f"shapes {tuple(predictions.shape)} and {tuple(targets.shape)} differ")
