"""What happens when backward is called several times in a row?

Here it is put to use: a batch too large for the memory goes through the model in pieces.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from dojo import alternative, misconception

__all__ = ["accumulate"]


def accumulate(
    model: nn.Module,
    loss_func: Callable[[Tensor, Tensor], Tensor],
    batch: tuple[Tensor, Tensor],
    pieces: int,
) -> None:
    """Leave in .grad what one backward on the whole batch would, with less in memory.

    batch is (inputs, targets), with the examples along the first axis of both, and
    loss_func(model(inputs), targets) is the mean loss of the examples. The examples go through the
    model in at most `pieces` pieces, each of them once, and no piece has more of them than
    len(inputs) / pieces, rounded up. The pieces need not be of one size: 5 examples in 4 pieces
    count alike.

    As with any backward, gradients that were there before are added to, and a parameter that takes
    no part, or does not require grad, keeps the .grad that it had, be it None. The model stays in
    its mode and treats each example by itself (no batch norm).

    With 103 digits in four pieces or more, less than half of the numbers are saved for backward at
    any moment that would be for the whole batch.

    Raises:
        ValueError: there are more pieces than examples; the message gives both numbers, and the
            gradients are as they were.
    """
    inputs, targets = batch
    examples = len(inputs)
    if pieces > examples:
        raise ValueError(f"{pieces} pieces of {examples} examples: some would be empty")
    parts = zip(inputs.tensor_split(pieces), targets.tensor_split(pieces), strict=True)
    for some_inputs, some_targets in parts:
        loss = loss_func(model(some_inputs), some_targets)
        (loss * (len(some_inputs) / examples)).backward()


HINTS = (
    "Call backward() on two losses, each from a forward pass of its own, and print .grad after "
    "each. What has the second call done to what the first one left?",
    "The gradient of a mean over all examples is a sum of gradients, one for each piece. How much "
    "must the mean of a piece of 2 count among 5 examples? And when can its graph go?",
    "For each piece: loss = loss_func(model(x), y) * len(x) / len(inputs), and at once "
    "loss.backward(). Zero nothing. torch.tensor_split makes the pieces, uneven ones too.",
)
ANSWER = """
They add up: backward adds to .grad, whatever is there. So a batch that does not fit into memory can
be taken in pieces, with a backward after each, before the one step: the graph of a piece, with all
that it has saved, is gone before the next one is built. Adding up the losses for one backward at
the end gives the same numbers and saves nothing, because it keeps every graph till then.

It holds if each call has a graph of its own. A second backward through the same graph raises,
because the first one has freed what was saved, unless it was called with retain_graph=True.

The mean over the batch is the mean of the pieces only where these are of one size; "divide the
loss by the number of steps" counts the examples of a short last piece too much. And the whole
equals its pieces only in models that treat each example by itself: batch norm takes its statistics
from the piece that it sees.
"""


@alternative
def takes_chunks(model, loss_func, batch, pieces):
    _check(batch, pieces)
    inputs, targets = batch
    for x, y in zip(inputs.chunk(pieces), targets.chunk(pieces), strict=True):
        (loss_func(model(x), y) * len(x) / len(inputs)).backward()


@alternative
def seeds_backward_with_the_share(model, loss_func, batch, pieces):
    _check(batch, pieces)
    inputs, targets = batch
    size = -(-len(inputs) // pieces)
    for start in range(0, len(inputs), size):
        x, y = inputs[start : start + size], targets[start : start + size]
        loss = loss_func(model(x), y)
        loss.backward(torch.full_like(loss, len(x) / len(inputs)))


@alternative
def takes_every_nth_example(model, loss_func, batch, pieces):
    _check(batch, pieces)
    inputs, targets = batch
    for first in range(pieces):
        x, y = inputs[first::pieces], targets[first::pieces]
        (loss_func(model(x), y) * (len(x) / len(inputs))).backward()


@alternative
def adds_by_hand(model, loss_func, batch, pieces):
    _check(batch, pieces)
    params = [param for param in model.parameters() if param.requires_grad]
    for x, y, share in _pieces(batch, pieces):
        grads = torch.autograd.grad(loss_func(model(x), y), params, allow_unused=True)
        for param, grad in zip(params, grads, strict=True):
            if grad is not None:
                param.grad = share * grad + (0 if param.grad is None else param.grad)


@alternative
def divides_at_the_end(model, loss_func, batch, pieces):
    _check(batch, pieces)
    before = {param: param.grad for param in model.parameters()}
    for param in before:
        param.grad = None
    for x, y, _ in _pieces(batch, pieces):
        (loss_func(model(x), y) * len(x)).backward()
    for param, old in before.items():
        if param.grad is None:
            param.grad = old
        else:
            param.grad /= len(batch[0])
            if old is not None:
                param.grad += old


@misconception(caught_by="test_the_shares_add_up_to_one")
def forgets_to_weigh(model, loss_func, batch, pieces):
    "backward adds up, and a sum of the gradients is what I want."
    _check(batch, pieces)
    for x, y, _ in _pieces(batch, pieces):
        loss_func(model(x), y).backward()


@misconception(caught_by="test_one_piece_is_a_plain_backward")
def weighs_by_the_examples_of_the_piece(model, loss_func, batch, pieces):
    "A piece counts as often as it has examples."
    _check(batch, pieces)
    for x, y, _ in _pieces(batch, pieces):
        (loss_func(model(x), y) * len(x)).backward()


@misconception(caught_by="test_uneven_pieces_count_by_their_size")
def averages_the_pieces(model, loss_func, batch, pieces):
    "The mean of the whole is the mean of the means of its pieces."
    _check(batch, pieces)
    for x, y, _ in _pieces(batch, pieces):
        (loss_func(model(x), y) / pieces).backward()


@misconception(caught_by="test_the_shares_add_up_to_one")
def divides_chunks_by_their_wanted_number(model, loss_func, batch, pieces):
    "torch.chunk makes as many pieces as I ask for."
    _check(batch, pieces)
    inputs, targets = batch
    for x, y in zip(inputs.chunk(pieces), targets.chunk(pieces), strict=True):
        (loss_func(model(x), y) / pieces).backward()


@misconception(caught_by="test_even_pieces_give_the_gradients_of_the_whole")
def zeroes_in_between(model, loss_func, batch, pieces):
    "Every backward needs a clean gradient."
    _check(batch, pieces)
    for x, y, share in _pieces(batch, pieces):
        model.zero_grad()
        (loss_func(model(x), y) * share).backward()


@misconception(caught_by="test_gradients_from_before_are_added_to")
def zeroes_at_the_start(model, loss_func, batch, pieces):
    "What is left from before must go before the first backward."
    _check(batch, pieces)
    model.zero_grad()
    _accumulate(model, loss_func, batch, pieces)


@misconception(caught_by="test_gradients_from_before_are_added_to")
def divides_all_that_is_there(model, loss_func, batch, pieces):
    "Adding up and dividing .grad at the end comes to the same as weighing each loss."
    _check(batch, pieces)
    for x, y, share in _pieces(batch, pieces):
        (loss_func(model(x), y) * share * pieces).backward()
    for param in model.parameters():
        if param.grad is not None:
            param.grad /= pieces


@misconception(
    caught_by=(
        "test_four_pieces_save_less_than_half",
        "test_eight_pieces_save_less_than_half",
    )
)
def adds_up_the_losses(model, loss_func, batch, pieces):
    "One backward at the end saves work, and the pieces save the memory."
    _check(batch, pieces)
    sum(loss_func(model(x), y) * share for x, y, share in _pieces(batch, pieces)).backward()


@misconception(caught_by="test_four_pieces_save_less_than_half")
def retains_the_graphs(model, loss_func, batch, pieces):
    "Several calls of backward need retain_graph=True."
    _check(batch, pieces)
    for x, y, share in _pieces(batch, pieces):
        loss = loss_func(model(x), y) * share
        loss.backward(retain_graph=True)


@misconception(caught_by="test_no_piece_is_larger_than_its_share")
def takes_the_whole_at_once(model, loss_func, batch, pieces):
    "The gradients are the same, so the pieces make no difference."
    _check(batch, pieces)
    _accumulate(model, loss_func, batch, 1)


@misconception(caught_by="test_each_example_goes_through_once")
def repeats_the_whole(model, loss_func, batch, pieces):
    "To accumulate is to call backward several times and divide by their number."
    _check(batch, pieces)
    inputs, targets = batch
    for _ in range(pieces):
        (loss_func(model(inputs), targets) / pieces).backward()


@misconception(caught_by="test_there_are_no_more_pieces_than_asked_for")
def takes_the_examples_one_by_one(model, loss_func, batch, pieces):
    "The smaller the pieces the better, and one example is the smallest."
    _check(batch, pieces)
    _accumulate(model, loss_func, batch, len(batch[0]))


@misconception(caught_by="test_the_rest_is_no_piece_of_its_own")
def adds_a_piece_for_the_rest(model, loss_func, batch, pieces):
    "What is left over after equal pieces is one piece more."
    _check(batch, pieces)
    inputs, targets = batch
    size = len(inputs) // pieces
    for x, y in zip(inputs.split(size), targets.split(size), strict=True):
        (loss_func(model(x), y) * (len(x) / len(inputs))).backward()


@misconception(caught_by="test_each_example_goes_through_once")
def drops_the_remainder(model, loss_func, batch, pieces):
    "Pieces are of one size, and what is left over does not matter."
    _check(batch, pieces)
    inputs, targets = batch
    size = len(inputs) // pieces
    for start in range(0, size * pieces, size):
        x, y = inputs[start : start + size], targets[start : start + size]
        (loss_func(model(x), y) / pieces).backward()


@misconception(caught_by="test_a_parameter_without_part_keeps_its_gradient")
def fills_with_zeros(model, loss_func, batch, pieces):
    "After backward each parameter has a gradient, be it 0."
    _check(batch, pieces)
    _accumulate(model, loss_func, batch, pieces)
    for param in model.parameters():
        if param.requires_grad and param.grad is None:
            param.grad = torch.zeros_like(param)


@misconception(caught_by="test_a_frozen_parameter_is_passed_over")
def asks_for_every_gradient(model, loss_func, batch, pieces):
    "Whatever is among the parameters has a gradient."
    _check(batch, pieces)
    params = list(model.parameters())
    for x, y, share in _pieces(batch, pieces):
        grads = torch.autograd.grad(loss_func(model(x), y) * share, params, allow_unused=True)
        for param, grad in zip(params, grads, strict=True):
            if grad is not None:
                param.grad = grad if param.grad is None else param.grad + grad


@misconception(caught_by="test_the_model_stays_in_its_mode")
def turns_training_on(model, loss_func, batch, pieces):
    "Gradients need the model in train mode."
    _check(batch, pieces)
    model.train()
    _accumulate(model, loss_func, batch, pieces)


@misconception(caught_by="test_only_gradients_change")
def steps_at_the_end(model, loss_func, batch, pieces):
    "With the gradients of the whole batch there, its step is due."
    _check(batch, pieces)
    _accumulate(model, loss_func, batch, pieces)
    with torch.no_grad():
        for param in model.parameters():
            if param.grad is not None:
                param -= 0.1 * param.grad


@misconception(caught_by="test_more_pieces_than_examples_are_refused")
def takes_fewer_pieces(model, loss_func, batch, pieces):
    "More pieces than examples means one example a piece."
    _accumulate(model, loss_func, batch, min(pieces, len(batch[0])))


@misconception(caught_by="test_a_refusal_leaves_the_gradients")
def refuses_at_the_empty_piece(model, loss_func, batch, pieces):
    "It is early enough to complain when the empty piece has its turn."
    for x, y, share in _pieces(batch, pieces):
        if len(x) == 0:
            raise ValueError(f"{pieces} pieces of {len(batch[0])} examples")
        (loss_func(model(x), y) * share).backward()


def _accumulate(model, loss_func, batch, pieces):
    for x, y, share in _pieces(batch, pieces):
        (loss_func(model(x), y) * share).backward()


def _pieces(batch, pieces):
    inputs, targets = batch
    parts = zip(inputs.tensor_split(pieces), targets.tensor_split(pieces), strict=True)
    return ((x, y, len(x) / len(inputs)) for x, y in parts)


def _check(batch, pieces):
    if pieces > len(batch[0]):
        raise ValueError(f"{pieces} pieces of {len(batch[0])} examples: some would be empty")
