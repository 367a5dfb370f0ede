from copy import deepcopy

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.nn.utils import clip_grad_value_

from dojo.checks import answer_of, assert_refused, assert_same
from katas.practice.callbacks_for_research import CancelBatch, CancelEpoch, CancelFit, Loop

EVENTS = (
    "before_fit",
    "before_batch",
    "after_loss",
    "after_backward",
    "after_step",
    "after_epoch",
    "after_fit",
)


def test_events_come_in_their_order():
    seen = []
    fitted([[2.0], [2.0]], [recorder(seen)], epochs=2)
    batch = ["before_batch", "after_loss", "after_backward", "after_step"]
    epoch = [*batch, *batch, "after_epoch"]
    expected = ["before_fit", *epoch, *epoch, "after_fit"]
    assert seen == expected, f"two epochs of two batches have the events {expected}, got {seen}"


def test_each_event_comes_after_what_it_is_named_for():
    weights, grads = {}, {}

    def look(event):
        def note(loop):
            weight = loop.model.weight
            weights[event] = weight.item()
            grads[event] = None if weight.grad is None else weight.grad.item()

        return note

    fitted([[2.0]], [callback(**{event: look(event) for event in EVENTS})])
    events = ("after_backward", "after_step")
    got = [weights[event] for event in events]
    assert got == [6, 4], (
        f"the weight is 6 in after_backward and 4 in after_step, got {got}: 4 in both would mean "
        "that after_backward came after the step"
    )
    assert grads["after_backward"] == 4, (
        f"in after_backward the gradient is 4, got {grads['after_backward']}"
    )


def test_a_callback_needs_only_the_methods_that_it_has():
    seen = []
    some = [object(), callback(after_step=lambda loop: seen.append("after_step"))]
    fitted([[2.0]], some)
    assert seen == ["after_step"], f"the callback has after_step and no more, it was called {seen}"


def test_callbacks_run_by_their_order():
    got = sequence(("second", 5), ("first", -3), ("third", 40))
    assert got == ["first", "second", "third"], (
        f"orders of -3, 5 and 40 were given as 5, -3, 40 and run as {got}"
    )


def test_the_lowest_order_comes_first():
    got = sequence(("first", 1), ("second", 2))
    assert got == ["first", "second"], f"order 1 runs before order 2, got {got}: 2 is no rank"


def test_a_callback_without_an_order_has_0():
    got = sequence(("late", 1), ("none", None), ("early", -1))
    assert got == ["early", "none", "late"], (
        f"orders of -1, none and 1 run in this sequence, as none is 0, got {got}"
    )


def test_equal_orders_keep_their_sequence():
    got = sequence(("a", 2), ("b", 2), ("c", None), ("d", 0), ("e", None))
    assert got == ["c", "d", "e", "a", "b"], (
        f"c, d and e have order 0, then a and b have 2: those of equal order as given, got {got}"
    )


def test_the_loop_shows_what_it_works_with():
    shown = {}
    model, optimizer, batches = one_weight_with_sgd([[2.0]])

    def look(loop):
        shown.update(model=loop.model, optimizer=loop.optimizer, batch=loop.batch, loss=loop.loss)

    fit(Loop(model, batches, half_square, optimizer, [callback(after_loss=look)]))
    assert shown["model"] is model, "loop.model is not the model that was given"
    assert shown["optimizer"] is optimizer, "loop.optimizer is not the one that was given"
    inputs, targets = shown["batch"]
    assert (inputs.item(), targets.item()) == (1, 2), f"loop.batch is 1 and 2, got {shown['batch']}"
    assert_same(
        shown["loss"].detach() if torch.is_tensor(shown["loss"]) else shown["loss"],
        torch.tensor(8.0),
        "half of the square of 6 - 2, as loss_func returns it, a tensor",
    )


def test_epochs_count_from_0_in_each_fit():
    epochs = []
    model, optimizer, batches = one_weight_with_sgd([[2.0]])
    note = callback(after_loss=lambda loop: epochs.append(loop.epoch))
    loop = Loop(model, batches, half_square, optimizer, [note])
    fit(loop, 3)
    fit(loop, 2)
    assert epochs == [0, 1, 2, 0, 1], (
        f"loop.epoch in fit(3), then fit(2), is 0, 1, 2, 0, 1, got {epochs}"
    )


def test_the_loss_may_be_replaced():
    def double(loop):
        loop.loss = 2 * loop.loss

    got = fitted([[2.0]], [callback(after_loss=double)], rate=0.25)
    assert got == 4, (
        f"twice the loss has the slope 8, a quarter of it takes 6 to 4, got {got}: 5 would mean "
        "that backward did not start from loop.loss"
    )


def test_the_batch_may_be_replaced():
    def far(loop):
        inputs, targets = loop.batch
        loop.batch = (inputs, targets + 10)

    got = fitted([[2.0]], [callback(before_batch=far)])
    assert got == 9, (
        f"the target becomes 12, half of the way from 6 is 9, got {got}: 4 would mean that the "
        "batch from before the callback was used"
    )


def test_each_step_goes_by_its_own_gradient():
    got = fitted([[2.0], [2.0]], [])
    assert got == 3, (
        f"half of the way to 2 for each of two batches: 6, 4, 3, got {got}; 1 would mean that the "
        "second step used both gradients"
    )


def test_gradients_from_before_do_not_count():
    model, optimizer, batches = one_weight_with_sgd([[2.0]])
    model.weight.grad = torch.tensor([[100.0]])
    fit(Loop(model, batches, half_square, optimizer))
    got = model.weight.item()
    assert got == 4, f"6 goes to 4, whatever .grad held before fit, got {got}: it held 100"


def test_every_epoch_asks_for_its_batches():
    class Loader:
        rounds = 0

        def __iter__(self):
            self.rounds += 1
            return iter(towards([[2.0]] if self.rounds == 1 else [[10.0]]))

    model, optimizer, _ = one_weight_with_sgd([])
    fit(Loop(model, Loader(), half_square, optimizer), 2)
    got = model.weight.item()
    assert got == 7, (
        f"half of the way to 2, then to 10: 6, 4, 7, got {got}; 3 would mean that the second epoch "
        "had the batches of the first"
    )


def test_a_cancelled_batch_takes_no_step():
    for event in ("before_batch", "after_loss", "after_backward"):
        got = fitted([[2.0]], [callback(**{event: cancel(CancelBatch)})])
        assert got == 6, (
            f"the one batch is cancelled in {event}, so the weight stays at 6, got {got}: what "
            "follows the event in its batch is left out"
        )


def test_the_batch_after_a_cancelled_one_has_its_step():
    got = fitted([[2.0], [0.0]], [callback(after_loss=cancel(CancelBatch, times=1))])
    assert got == 3, (
        f"the first of two batches is cancelled, the second takes 6 to 3, got {got}: 6 would mean "
        "that the epoch ended with the batch"
    )


def test_a_cancelled_batch_leaves_no_gradient():
    got = fitted([[2.0], [4.0]], [callback(after_backward=cancel(CancelBatch, times=1))])
    assert got == 5, (
        f"the second batch alone takes 6 to 5, got {got}: 3 would mean that the gradient of the "
        "batch that was cancelled after backward was still there"
    )


def test_a_cancel_silences_later_callbacks():
    seen = []
    for event, error in (
        ("after_loss", CancelBatch),
        ("after_loss", CancelEpoch),
        ("after_loss", CancelFit),
    ):
        later = callback(after_loss=lambda loop: seen.append("after_loss"))
        fitted([[2.0]], [callback(**{event: cancel(error)}), later])
        assert not seen, f"{error.__name__} in {event} leaves out later callbacks of {event} too"


def test_a_cancelled_epoch_has_no_more_batches():
    seen = []
    fitted([[2.0], [2.0]], [recorder(seen), callback(after_loss=cancel(CancelEpoch))])
    got = seen.count("before_batch")
    assert got == 1, f"the epoch is cancelled in the first of its two batches, {got} were begun"


def test_the_epoch_after_a_cancelled_one_runs():
    epochs = []
    once = callback(
        before_batch=lambda loop: epochs.append(loop.epoch), after_loss=cancel(CancelEpoch, times=1)
    )
    fitted([[2.0]], [once], epochs=3)
    assert epochs == [0, 1, 2], (
        f"epoch 0 of three is cancelled, and 1 and 2 go on, got batches in epochs {epochs}"
    )


def test_after_epoch_follows_a_cancelled_epoch():
    seen = []
    fitted([[2.0]], [recorder(seen), callback(after_loss=cancel(CancelEpoch))])
    assert "after_epoch" in seen, f"a cancelled epoch has its after_epoch, got the events {seen}"


def test_a_cancelled_fit_ends():
    for event in ("before_batch", "after_loss", "after_backward", "after_step"):
        seen = []
        fitted([[2.0], [2.0]], [recorder(seen), callback(**{event: cancel(CancelFit)})], epochs=3)
        got = seen.count("before_batch")
        assert got == 1, (
            f"{event} of the first of six batches cancels the fit, and {got} batches were begun"
        )


def test_after_epoch_does_not_follow_a_cancelled_fit():
    seen = []
    fitted([[2.0]], [recorder(seen), callback(after_loss=cancel(CancelFit))])
    assert "after_epoch" not in seen, (
        f"the fit is cancelled inside its epoch, which has no after_epoch, got the events {seen}"
    )


def test_after_fit_runs_after_a_cancel():
    seen = []
    fitted([[2.0]], [recorder(seen), callback(after_loss=cancel(CancelFit))])
    got = seen.count("after_fit")
    assert got == 1, f"after_fit is called once after CancelFit, got {got} calls"


def test_after_fit_runs_after_an_error():
    seen = []
    loop = planted(after_loss=cancel(ValueError), seen=seen)
    assert_refused(lambda: loop.fit(1), ValueError, "a callback raises ValueError in after_loss")
    got = seen.count("after_fit")
    assert got == 1, f"after_fit is called once after an error, as a finally would, got {got} calls"


def test_before_fit_may_cancel_the_fit():
    seen = []
    fitted([[2.0]], [recorder(seen), callback(before_fit=cancel(CancelFit))])
    assert seen == ["before_fit", "after_fit"], (
        f"the fit is cancelled in before_fit, so only after_fit follows, got {seen}"
    )


def test_after_epoch_may_cancel_the_fit():
    seen = []
    fitted([[2.0]], [recorder(seen), callback(after_epoch=cancel(CancelFit))], epochs=3)
    got = seen[-2:], seen.count("after_epoch")
    assert got == (["after_epoch", "after_fit"], 1), (
        f"the fit is cancelled in the first after_epoch, so only after_fit follows, got {seen}"
    )


def test_a_cancel_without_its_loop_comes_out():
    for error in (CancelBatch, CancelEpoch):
        for event in ("before_fit", "after_epoch"):
            loop = planted(**{event: cancel(error)})
            why = f"{event} is outside of batch and epoch: {error.__name__} has nothing to cancel"
            assert_refused(lambda loop=loop: loop.fit(2), error, why)


def test_other_errors_come_out():
    for event in EVENTS:
        loop = planted(**{event: cancel(ValueError)})
        why = f"a callback raises ValueError in {event}, which is no cancel"
        assert_refused(lambda loop=loop: loop.fit(1), ValueError, why)


def test_an_attribute_error_in_a_callback_comes_out():
    loop = planted(after_loss=lambda loop: loop.no_such_thing)
    why = "after_loss is there, and asks the loop for what it has not"
    assert_refused(lambda: loop.fit(1), AttributeError, why)


def test_gradient_clipping_is_plugged_in():
    clip = callback(after_backward=lambda loop: clip_grad_value_(loop.model.parameters(), 1.0))
    got = fitted([[2.0], [2.0]], [clip])
    assert got == 5, (
        f"slopes of 4 and 3.5 are clipped to 1, so two steps of half of it take 6 to 5, got {got}: "
        "3 would mean that the steps were not clipped"
    )


def test_early_stopping_is_plugged_in():
    epochs, best = [], [float("inf")]

    def stop(loop):
        epochs.append(loop.epoch)
        if loop.loss.item() >= best[0]:
            raise CancelFit
        best[0] = loop.loss.item()

    fitted([[2.0]], [callback(after_epoch=stop)], rate=1.0, epochs=9)
    assert epochs == [0, 1, 2], (
        f"the loss is 8, 0, 0, so the training stops with epoch 2, got after_epoch for {epochs}"
    )


def test_a_rate_finder_is_plugged_in(digits):
    model = net(digits.images[0].numel())
    start = deepcopy(model.state_dict())
    finder, batches = RateFinder(), pictures(digits)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    fit(Loop(model, batches, cross_entropy, optimizer, [finder]), 30)
    best = min(finder.losses)
    assert finder.losses[-1] > 4 * best, (
        "the finder raises the rate by a half each batch until the loss is four times its best, "
        f"got {len(finder.losses)} losses, the best {best:.2f}, the last {finder.losses[-1]:.2f}"
    )
    moved = [name for name, value in model.state_dict().items() if not value.equal(start[name])]
    assert not moved, f"the finder puts the weights back in after_fit, and {moved} have moved"


class RateFinder:
    """Raises the rate from batch to batch until the loss explodes; leaves the model as it was."""

    def before_fit(self, loop):
        self.start, self.rate, self.losses = deepcopy(loop.model.state_dict()), 1e-3, []

    def before_batch(self, loop):
        self.rate *= 1.5
        for group in loop.optimizer.param_groups:
            group["lr"] = self.rate

    def after_loss(self, loop):
        self.losses.append(loop.loss.item())
        if not self.losses[-1] <= 4 * min(self.losses):  # a NaN stops it too
            raise CancelFit

    def after_fit(self, loop):
        loop.model.load_state_dict(self.start)


def fitted(targets, callbacks, rate=0.5, epochs=1):
    """Where a weight of 6 ends, whose batches draw it towards these targets."""
    model, optimizer, batches = one_weight_with_sgd(targets, rate)
    why = "a Loop is made, with any objects as callbacks"
    fit(answer_of(lambda: Loop(model, batches, half_square, optimizer, callbacks), why), epochs)
    return model.weight.item()


def fit(loop, epochs=1):
    answer_of(lambda: loop.fit(epochs), f"fit({epochs}) goes through without an error")


def planted(seen=None, **methods):
    """A Loop of one batch with a callback of these methods, and a recorder before it."""
    model, optimizer, batches = one_weight_with_sgd([[2.0]])
    seen = [] if seen is None else seen
    callbacks = [recorder(seen), callback(**methods)]
    return Loop(model, batches, half_square, optimizer, callbacks)


def callback(**methods):
    """An object with these functions as methods, which get the loop alone."""
    named = {name: staticmethod(method) for name, method in methods.items()}
    return type("Callback", (), named)()


def recorder(seen):
    """A callback that notes every event."""

    def note(event):
        return lambda loop: seen.append(event)

    return callback(**{event: note(event) for event in EVENTS})


def sequence(*named_orders):
    """The names in the sequence in which callbacks of these orders, or None, are called."""
    seen, callbacks = [], []
    for name, order in named_orders:
        each = callback(after_loss=lambda loop, name=name: seen.append(name))
        if order is not None:
            each.order = order
        callbacks.append(each)
    fitted([[2.0]], callbacks)
    return seen


def cancel(error, times=None):
    """A method that raises this error; with times, in so many of its first calls."""
    calls = []

    def method(loop):
        calls.append(1)
        if times is None or len(calls) <= times:
            raise error

    return method


def half_square(outputs, targets):
    return (outputs - targets).square().mean() / 2


def one_weight_with_sgd(targets, rate=0.5):
    model = nn.Linear(1, 1, bias=False)
    nn.init.constant_(model.weight, 6.0)
    return model, torch.optim.SGD(model.parameters(), lr=rate), towards(targets)


def towards(targets):
    """Batches whose inputs are 1, so that a lone weight is drawn to the targets."""
    columns = [torch.tensor(batch).unsqueeze(1) for batch in targets]
    return [(torch.ones_like(column), column) for column in columns]


def net(pixels):
    weights = torch.Generator().manual_seed(0)
    model = nn.Sequential(nn.Linear(pixels, 32), nn.ReLU(), nn.Linear(32, 10))
    for layer in (model[0], model[2]):
        reach = layer.in_features**-0.5
        layer.weight.data.uniform_(-reach, reach, generator=weights)
        layer.bias.data.zero_()
    return model


def pictures(digits):
    """Batches of 64, of the first 512 digits."""
    inputs, targets = digits.images[:512].flatten(1) / 255, digits.labels[:512]
    return list(zip(inputs.split(64), targets.split(64), strict=True))
