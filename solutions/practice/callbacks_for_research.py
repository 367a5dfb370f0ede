"""Why do callbacks suit researchers?

Because an idea can go into the training loop without a change to the loop.
"""

from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from typing import Any

import torch
from torch import Tensor, nn

from dojo import alternative, given, misconception

__all__ = ["Loop"]


@given
class CancelBatch(Exception):
    """Raised by a callback: leave the rest of this batch out."""


@given
class CancelEpoch(Exception):
    """Raised by a callback: leave the rest of this epoch out."""


@given
class CancelFit(Exception):
    """Raised by a callback: leave the rest of the training out."""


class Loop:
    """A training loop that calls callbacks on its way, and lets them change what goes on.

    A callback is any object. At each event the method of that name is called, with the loop as its
    one argument, on each callback that has one; what it returns is ignored. Callbacks are called in
    ascending order of their attribute order, a number; one without it has 0. Of equal ones the
    first given comes first.

    The loop shows model, optimizer, epoch (counted from 0 in each fit), batch (the pair of inputs
    and targets) and loss (the tensor). It goes on with what it shows: a callback may replace batch
    in before_batch, and loss in after_loss.
    """

    def __init__(
        self,
        model: nn.Module,
        batches: Iterable[tuple[Tensor, Tensor]],
        loss_func: Callable[[Tensor, Tensor], Tensor],
        optimizer: torch.optim.Optimizer,
        callbacks: Iterable[Any] = (),
    ) -> None:
        """Take all that a training needs; nothing is called yet."""
        self.model, self.batches, self.loss_func = model, batches, loss_func
        self.optimizer = optimizer
        self.callbacks = sorted(callbacks, key=lambda each: getattr(each, "order", 0))

    def fit(self, epochs: int) -> None:
        """Train for some epochs: each goes once through batches, by a new iter().

        Events, in this order: before_fit; in each epoch, for each batch before_batch, then the loss
        is loss_func(model(inputs), targets), after_loss, then backward, after_backward, then a step
        of the optimizer, after_step; after its batches after_epoch; at the end of all after_fit.
        Each step goes by the gradient of its own batch alone: not by what was in .grad before fit,
        nor by what a cancelled batch has left there. When gradients are cleared is open, but
        after_backward finds them whole.

        One of the three exceptions, raised by a callback, is not seen outside. It leaves out the
        rest, the same event for later callbacks included.
        - CancelBatch, from before_batch to after_step, goes on with the next batch.
        - CancelEpoch, from there too, goes on with after_epoch, then with the next epoch.
        - CancelFit, from before_fit to after_epoch, goes on with after_fit: an epoch that it breaks
          off has no after_epoch.

        All other errors come out of fit, an AttributeError inside a callback too, and so do
        CancelBatch and CancelEpoch where there is no batch or epoch to cancel: after_epoch is no
        part of its epoch. after_fit is called once in any case, after an error as well.
        """
        try:
            self._call("before_fit")
            for self.epoch in range(epochs):
                self._epoch()
                self._call("after_epoch")
        except CancelFit:
            pass
        finally:
            self._call("after_fit")

    def _epoch(self):
        try:
            for batch in self.batches:
                self.batch = batch
                self._batch()
        except CancelEpoch:
            pass

    def _batch(self):
        try:
            self._call("before_batch")
            inputs, targets = self.batch
            self.loss = self.loss_func(self.model(inputs), targets)
            self._call("after_loss")
            self.optimizer.zero_grad()
            self.loss.backward()
            self._call("after_backward")
            self.optimizer.step()
            self._call("after_step")
        except CancelBatch:
            pass

    def _call(self, event):
        for callback in self.callbacks:
            if hasattr(callback, event):
                getattr(callback, event)(self)


HINTS = (
    "Write the loop without callbacks first. Which lines does a cancelled batch leave out, which a "
    "cancelled epoch, which a cancelled fit? A try that covers just these lines is all it takes.",
    "Three tries inside each other: around a batch, around the batches of an epoch, around all. "
    "after_epoch comes after the second, inside the third. What calls after_fit whatever happens? "
    "If a batch is cancelled between backward and step, who clears its gradient?",
    "A method _call(event): for each of the sorted callbacks, if hasattr(callback, event), call it "
    "with self. fit is try: before_fit, epochs; except CancelFit: pass; finally: after_fit. In a "
    "batch zero_grad comes just before backward, and loss and batch are read from self each time.",
)
ANSWER = """
Research is trying what nobody has put into the loop. Clipping gradients, mixing up batches, finding
a learning rate, stopping early: each needs a certain moment of the loop, may want to see or replace
what is there, and sometimes must break off. If the loop calls out at each moment, shows itself and
understands three exceptions, each idea is a class of a few lines of its own, can be combined with
others, and the loop, which took long to get right, is not touched.

The exceptions are what plain hooks lack. Each is caught around just what it cancels, so what
belongs to the end still happens: after_epoch after a cancelled epoch, after_fit after anything, by
finally, since a callback that has opened a file or patched the model must get its chance. A catch
that is wider than that hides errors.

zero_grad after the step looks equal to zero_grad before backward, until a batch is cancelled in
between: its gradient then waits for the next batch. And what a callback needs from another one,
such as unscaled gradients before they are clipped, is a matter of order, not of luck.
"""


class _Loop:
    """What the programs below share; each changes a part."""

    def __init__(self, model, batches, loss_func, optimizer, callbacks=()):
        self.model, self.batches, self.loss_func = model, batches, loss_func
        self.optimizer, self.callbacks = optimizer, self.arranged(list(callbacks))

    def arranged(self, callbacks):
        return sorted(callbacks, key=lambda each: getattr(each, "order", 0))

    def call(self, event):
        for callback in self.callbacks:
            method = getattr(callback, event, None)
            if method is not None:
                method(self)

    def fit(self, epochs):
        try:
            self.all_epochs(epochs)
        except CancelFit:
            pass
        finally:
            self.call("after_fit")

    def all_epochs(self, epochs):
        self.call("before_fit")
        for self.epoch in range(epochs):
            self.whole_epoch()

    def whole_epoch(self):
        with suppress(CancelEpoch):
            self.all_batches()
        self.call("after_epoch")

    def all_batches(self):
        for batch in self.batches:
            self.batch = batch
            self.whole_batch()

    def whole_batch(self):
        with suppress(CancelBatch):
            self.do_batch()

    def do_batch(self):
        self.call("before_batch")
        self.find_loss()
        self.call("after_loss")
        self.go_backward()
        self.call("after_backward")
        self.take_step()
        self.call("after_step")

    def find_loss(self):
        inputs, targets = self.batch
        self.loss = self.loss_func(self.model(inputs), targets)

    def go_backward(self):
        self.model.zero_grad()
        self.loss.backward()

    def take_step(self):
        self.optimizer.step()


@alternative
class KeepsAListForEachEvent(_Loop):
    def arranged(self, callbacks):
        callbacks = super().arranged(callbacks)
        inner = ("before_batch", "after_loss", "after_backward", "after_step")
        return {
            event: [getattr(each, event) for each in callbacks if hasattr(each, event)]
            for event in ("before_fit", *inner, "after_epoch", "after_fit")
        }

    def call(self, event):
        for method in self.callbacks.get(event, ()):
            method(self)


@alternative
class WrapsInAContext(_Loop):
    def fit(self, epochs):
        with ExitStack() as stack:
            stack.callback(self.call, "after_fit")
            with suppress(CancelFit):
                self.call("before_fit")
                self.epoch = 0
                while self.epoch < epochs:
                    with suppress(CancelEpoch):
                        for batch in iter(self.batches):
                            self.batch = batch
                            with suppress(CancelBatch):
                                self.do_batch()
                    self.call("after_epoch")
                    self.epoch += 1


@alternative
class ClearsWhateverHappens(_Loop):
    def all_epochs(self, epochs):
        self.optimizer.zero_grad()
        super().all_epochs(epochs)

    def whole_batch(self):
        try:
            self.do_batch()
        except CancelBatch:
            return
        finally:
            self.optimizer.zero_grad()

    def go_backward(self):
        self.loss.backward()


@alternative
class InsertsByOrder(_Loop):
    def arranged(self, callbacks):
        sequence = []
        for callback in callbacks:
            mine = getattr(callback, "order", 0)
            place = sum(getattr(other, "order", 0) <= mine for other in sequence)
            sequence.insert(place, callback)
        return tuple(sequence)


@misconception(
    caught_by=(
        "test_each_event_comes_after_what_it_is_named_for",
        "test_gradient_clipping_is_plugged_in",
    )
)
class TellsOfTheStepTooEarly(_Loop):
    "after_backward and after_step both come when the batch is through."

    def do_batch(self):
        self.call("before_batch")
        self.find_loss()
        self.call("after_loss")
        self.go_backward()
        self.take_step()
        self.call("after_backward")
        self.call("after_step")


@misconception(caught_by="test_events_come_in_their_order")
class EndsTheEpochLate(_Loop):
    "after_epoch is called when the epochs are over, once for each."

    def all_epochs(self, epochs):
        self.call("before_fit")
        for self.epoch in range(epochs):
            with suppress(CancelEpoch):
                self.all_batches()
        for self.epoch in range(epochs):
            self.call("after_epoch")


@misconception(caught_by="test_a_callback_needs_only_the_methods_that_it_has")
class NeedsEveryMethod(_Loop):
    "A callback has a method for each event."

    def call(self, event):
        for callback in self.callbacks:
            getattr(callback, event)(self)


@misconception(caught_by="test_callbacks_run_by_their_order")
class KeepsTheOrderGiven(_Loop):
    "Who passes the callbacks has put them in order."

    def arranged(self, callbacks):
        return callbacks


@misconception(caught_by="test_the_lowest_order_comes_first")
class PutsTheHighestFirst(_Loop):
    "A high order is a high rank, and comes first."

    def arranged(self, callbacks):
        return sorted(callbacks, key=lambda each: -getattr(each, "order", 0))


@misconception(caught_by="test_a_callback_without_an_order_has_0")
class PutsThoseWithoutOrderLast(_Loop):
    "Without an order a callback does not mind, so it comes last."

    def arranged(self, callbacks):
        return sorted(callbacks, key=lambda each: getattr(each, "order", float("inf")))


@misconception(caught_by="test_equal_orders_keep_their_sequence")
class ReversesEqualOnes(_Loop):
    "Among equals the last one given has the most to say."

    def arranged(self, callbacks):
        return super().arranged(callbacks[::-1])


@misconception(caught_by="test_equal_orders_keep_their_sequence")
class SortsPairs(_Loop):
    "Pairs of order and callback sort themselves."

    def arranged(self, callbacks):
        return [each for _, each in sorted((getattr(each, "order", 0), each) for each in callbacks)]


@misconception(caught_by="test_the_loop_shows_what_it_works_with")
class ShowsANumber(_Loop):
    "For a callback the loss is a number to be noted."

    def find_loss(self):
        super().find_loss()
        self.mine, self.loss = self.loss, self.loss.item()

    def go_backward(self):
        self.model.zero_grad()
        self.mine.backward()


@misconception(caught_by="test_epochs_count_from_0_in_each_fit")
class CountsFromOne(_Loop):
    "The first epoch is number 1."

    def all_epochs(self, epochs):
        self.call("before_fit")
        for self.epoch in range(1, epochs + 1):
            self.whole_epoch()


@misconception(caught_by="test_epochs_count_from_0_in_each_fit")
class CountsOn(_Loop):
    "The number of an epoch says how often the data have been seen in all."

    epoch = -1

    def all_epochs(self, epochs):
        self.call("before_fit")
        for _ in range(epochs):
            self.epoch += 1
            self.whole_epoch()


@misconception(caught_by="test_the_loss_may_be_replaced")
class GoesOnWithItsOwnLoss(_Loop):
    "What the loop shows is for looking at, and the loss stays that of the loop."

    def find_loss(self):
        super().find_loss()
        self.mine = self.loss

    def go_backward(self):
        self.model.zero_grad()
        self.mine.backward()


@misconception(caught_by="test_the_batch_may_be_replaced")
class UnpacksTooEarly(_Loop):
    "The batch is unpacked when it comes, since before_batch can only look at it."

    def all_batches(self):
        for batch in self.batches:
            self.batch = self.mine = batch
            self.whole_batch()

    def find_loss(self):
        inputs, targets = self.mine
        self.loss = self.loss_func(self.model(inputs), targets)


@misconception(caught_by="test_a_cancelled_batch_takes_no_step")
class CancelsTheCallbackOnly(_Loop):
    "A cancel ends the callback that raises it, and the batch goes its way."

    def call(self, event):
        try:
            super().call(event)
        except CancelBatch:
            if event not in ("before_batch", "after_loss", "after_backward", "after_step"):
                raise


@misconception(caught_by="test_a_cancel_silences_later_callbacks")
class TellsAllOfTheEvent(_Loop):
    "All callbacks hear of an event before a cancel takes effect."

    def call(self, event):
        cancel = None
        for callback in self.callbacks:
            try:
                if hasattr(callback, event):
                    getattr(callback, event)(self)
            except (CancelBatch, CancelEpoch, CancelFit) as raised:
                cancel = cancel or raised
        if cancel:
            raise cancel


@misconception(caught_by="test_the_batch_after_a_cancelled_one_has_its_step")
class EndsTheEpochWithTheBatch(_Loop):
    "When a batch is cancelled its epoch is, too."

    def whole_epoch(self):
        with suppress(CancelBatch, CancelEpoch):
            self.all_batches()
        self.call("after_epoch")

    def whole_batch(self):
        self.do_batch()


@misconception(caught_by="test_a_cancelled_batch_leaves_no_gradient")
class ClearsAfterTheStepOnly(_Loop):
    "Gradients are cleared once the step has used them."

    def all_epochs(self, epochs):
        self.model.zero_grad()
        super().all_epochs(epochs)

    def go_backward(self):
        self.loss.backward()

    def take_step(self):
        self.optimizer.step()
        self.model.zero_grad()


@misconception(caught_by="test_each_step_goes_by_its_own_gradient")
class NeverClears(_Loop):
    "backward replaces the gradient of the batch before."

    def go_backward(self):
        self.loss.backward()


@misconception(caught_by="test_gradients_from_before_do_not_count")
class TrustsTheStart(_Loop):
    "Before fit nobody has called backward."

    def whole_batch(self):
        with suppress(CancelBatch):
            self.do_batch()
        self.model.zero_grad()

    def go_backward(self):
        self.loss.backward()


@misconception(caught_by="test_a_cancelled_epoch_has_no_more_batches")
class GoesOnWithTheNextBatch(_Loop):
    "Whatever cancels, the loop goes on with what comes next, the next batch."

    def whole_batch(self):
        with suppress(CancelBatch, CancelEpoch):
            self.do_batch()


@misconception(caught_by="test_the_epoch_after_a_cancelled_one_runs")
class EndsTheFitWithTheEpoch(_Loop):
    "When an epoch is cancelled the training is over."

    def fit(self, epochs):
        try:
            self.all_epochs(epochs)
        except (CancelEpoch, CancelFit):
            pass
        finally:
            self.call("after_fit")

    def whole_epoch(self):
        try:
            self.all_batches()
        finally:
            self.call("after_epoch")


@misconception(caught_by="test_after_epoch_follows_a_cancelled_epoch")
class LeavesOutAfterEpoch(_Loop):
    "An epoch that was cancelled has no end that could be told."

    def whole_epoch(self):
        try:
            self.all_batches()
            self.call("after_epoch")
        except CancelEpoch:
            pass


@misconception(caught_by="test_after_epoch_does_not_follow_a_cancelled_fit")
class EndsTheEpochWhateverHappens(_Loop):
    "after_epoch belongs into a finally."

    def whole_epoch(self):
        try:
            self.all_batches()
        except CancelEpoch:
            pass
        finally:
            self.call("after_epoch")


@misconception(caught_by=("test_after_fit_runs_after_a_cancel", "test_a_rate_finder_is_plugged_in"))
class LeavesOutAfterFit(_Loop):
    "A fit that was cancelled does not come to its end."

    def fit(self, epochs):
        try:
            self.all_epochs(epochs)
        except CancelFit:
            return
        except Exception:
            self.call("after_fit")
            raise
        self.call("after_fit")


@misconception(caught_by="test_after_fit_runs_after_an_error")
class EndsTheFitOnlyWithoutError(_Loop):
    "When an error comes out there is nothing left to be done."

    def fit(self, epochs):
        with suppress(CancelFit):
            self.all_epochs(epochs)
        self.call("after_fit")


@misconception(caught_by="test_a_cancelled_fit_ends")
class GoesOnWithTheNextEpoch(_Loop):
    "CancelFit ends what fits the model at the moment, the epoch."

    def whole_epoch(self):
        with suppress(CancelEpoch, CancelFit):
            self.all_batches()
        self.call("after_epoch")


@misconception(
    caught_by=("test_after_epoch_may_cancel_the_fit", "test_early_stopping_is_plugged_in")
)
class LetsOutCancelsOfAfterEpoch(_Loop):
    "Only what happens inside of an epoch can cancel the fit."

    def all_epochs(self, epochs):
        self.call("before_fit")
        for self.epoch in range(epochs):
            try:
                self.all_batches()
            except CancelEpoch:
                pass
            except CancelFit:
                return
            self.call("after_epoch")

    def fit(self, epochs):
        try:
            self.all_epochs(epochs)
        finally:
            self.call("after_fit")


@misconception(caught_by="test_before_fit_may_cancel_the_fit")
class StartsBeforeTheTry(_Loop):
    "before_fit comes before the fit, so there is nothing to cancel."

    def fit(self, epochs):
        self.call("before_fit")
        try:
            for self.epoch in range(epochs):
                self.whole_epoch()
        except CancelFit:
            pass
        finally:
            self.call("after_fit")


@misconception(caught_by="test_a_cancel_without_its_loop_comes_out")
class SwallowsEveryCancel(_Loop):
    "Whichever cancel arrives, the training has been cancelled."

    def fit(self, epochs):
        try:
            self.all_epochs(epochs)
        except (CancelBatch, CancelEpoch, CancelFit):
            pass
        finally:
            self.call("after_fit")


@misconception(caught_by="test_other_errors_come_out")
class SwallowsErrors(_Loop):
    "A batch that fails, for whatever reason, is a batch left out."

    def whole_batch(self):
        try:
            self.do_batch()
        except (CancelEpoch, CancelFit):
            raise
        except Exception:
            pass


@misconception(caught_by="test_an_attribute_error_in_a_callback_comes_out")
class TriesEachMethod(_Loop):
    "An AttributeError says that the callback has no such method."

    def call(self, event):
        for callback in self.callbacks:
            with suppress(AttributeError):
                getattr(callback, event)(self)


@misconception(caught_by="test_every_epoch_asks_for_its_batches")
class ListsTheBatches(_Loop):
    "Batches are the same in each epoch, so one list will do."

    def all_epochs(self, epochs):
        self.batches = list(self.batches)
        super().all_epochs(epochs)
