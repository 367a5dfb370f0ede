"""With half precision, is everything calculated in half precision?

Here: a training step in float16 that learns as in float32. What must stay in float32, and why?
"""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor
from torch.nn import Module
from torch.optim import Optimizer

from dojo import alternative, misconception

__all__ = ["MixedPrecision"]


class MixedPrecision:
    """Training in float16, with weights, loss and optimizer in float32.

    model and optimizer are those of float32 training and stay so: the model's parameters, which are
    the optimizer's, remain the same float32 tensors, and they are what is trained.

    Attributes:
        scale: The factor that the next step's loss is multiplied with before backward.
    """

    scale: float

    def __init__(
        self,
        model: Module,
        optimizer: Optimizer,
        scale: float = 2.0**16,
        growth_interval: int = 100,
    ) -> None:
        """Begin with this scale.

        Args:
            model: In float32, on any device; called with one tensor, gives one.
            optimizer: Over parameters of the model.
            scale: The first scale.
            growth_interval: After so many good steps in a row the scale is doubled.
        """
        self.model, self.optimizer, self.scale = model, optimizer, scale
        self.growth_interval, self._good = growth_interval, 0

    def step(self, batch: tuple[Tensor, Any], loss_func: Callable[[Tensor, Any], Tensor]) -> float:
        """Train on one batch, whatever gradients were there before.

        Forward and backward run once, through a float16 copy of the model: as the model is at this
        moment, with its weights, its buffers and its mode, but each floating-point parameter and
        buffer in float16. Inputs go in as float16 if they are floating point; integers remain
        what they are. loss_func gets the predictions in float32, and the targets as they are.

        The gradients of loss times scale come out in float16; in float32 they are divided by that
        scale. If all of them are finite, the optimizer makes a step with them: a good one. With the
        growth_interval-th good step in a row the scale is doubled for the next step, and counting
        begins anew. If one of them is infinite or NaN, weights and optimizer state stay as they
        are, the scale is halved for the next step, and counting begins anew too.

        A parameter without part in the loss, or frozen, stays as it is under an optimizer that
        leaves alone what has no gradient. Floating-point buffers that the forward pass changes are
        changed in the model, in float32 (after a step that was no good either way is right).

        Args:
            batch: Inputs and targets, on the model's device.
            loss_func: Called once with predictions and targets, gives a loss of one number.

        Returns:
            The loss as a float, not scaled.
        """
        inputs, targets = batch
        half = deepcopy(self.model).half()
        predictions = half(inputs.half() if inputs.is_floating_point() else inputs)
        loss = loss_func(predictions.float(), targets)
        (loss * self.scale).backward()
        for master, param in zip(self.model.parameters(), half.parameters(), strict=True):
            master.grad = None if param.grad is None else param.grad.float() / self.scale
        good = all(_is_finite(param.grad) for param in self.model.parameters())
        if good:
            self.optimizer.step()
            _copy_buffers(half, self.model)
        self._good = self._good + 1 if good else 0
        if not good:
            self.scale /= 2
        elif self._good == self.growth_interval:
            self.scale, self._good = self.scale * 2, 0
        return loss.item()


def _is_finite(grad: Tensor | None) -> bool:
    return grad is None or bool(grad.isfinite().all())


@torch.no_grad()
def _copy_buffers(source: Module, target: Module) -> None:
    for old, new in zip(target.buffers(), source.buffers(), strict=True):
        old.copy_(new)


HINTS = (
    "float16 has 11 bits and a range from 6e-8 to 65504. Which of weights, predictions, loss and "
    "gradients suffers from too few bits, and which from too small a range?",
    "1 - 1e-4 is 1 in float16: the weights that are trained must be those in float32. A gradient "
    "of 1e-8 is 0 there: make the loss larger before backward, and divide where there is range "
    "again. What if it was too large?",
    "Copy the model and make the copy half; loss_func(half(x.half()).float(), y); (loss * "
    "scale).backward(); each param.grad = copy's grad.float() / scale; optimizer.step() if all are "
    "finite. Then double after enough good steps in a row, or halve and count from 0.",
)
ANSWER = """
No, hence mixed precision. Products and activations can be in half precision, which saves memory
and time. The weights can't: near 1 the numbers of float16 lie 0.001 apart, and an update of 1e-4
rounds to nothing however often it is made, so master weights and optimizer state are float32. The
loss, with its sums and exponentials, is computed in float32 too. Gradients have bits enough but are
often too small, so the loss is multiplied with a scale that lifts them into the range of float16.
The scale looks for its own place: it grows until something overflows, and such a step is skipped.

Adam hides a forgotten unscaling, since it divides by the gradients' own size; clipping and SGD
do not. Even inside one float16 product hardware keeps the sums in float32, and torch.autocast
leaves softmax, norms and losses in float32. bfloat16 has float32's range with 8 bits: it
needs the masters, but no scaling.
"""


@alternative
class KeepsItsCopy:
    def __init__(self, model, optimizer, scale=2.0**16, growth_interval=100):
        self.model, self.optimizer, self.scale = model, optimizer, scale
        self.interval, self.since = growth_interval, 0
        self.copy = deepcopy(model).half()

    def step(self, batch, loss_func):
        x, y = batch
        self._refresh()
        loss = loss_func(self.copy(x.half() if x.is_floating_point() else x).float(), y)
        self.copy.zero_grad()
        (self.scale * loss).backward()
        self.model.zero_grad()
        finite = torch.ones((), dtype=torch.bool, device=loss.device)
        for master, param in zip(self.model.parameters(), self.copy.parameters(), strict=True):
            if param.grad is not None:
                master.grad = param.grad.float().mul_(1 / self.scale)
                finite &= master.grad.isfinite().all()
        for master, buffer in zip(self.model.buffers(), self.copy.buffers(), strict=True):
            if buffer.is_floating_point():
                master.data.copy_(buffer)
        if finite:
            self.optimizer.step()
            self.since += 1
            if self.since % self.interval == 0:
                self.scale *= 2
        else:
            self.scale *= 0.5
            self.since = 0
        return loss.item()

    @torch.no_grad()
    def _refresh(self):
        pairs = zip(self.copy.parameters(), self.model.parameters(), strict=True)
        for param, master in (*pairs, *zip(self.copy.buffers(), self.model.buffers(), strict=True)):
            param.copy_(master)
        for mine, theirs in zip(self.copy.modules(), self.model.modules(), strict=True):
            mine.training = theirs.training


@alternative
class CallsWithHalfWeights:
    def __init__(self, model, optimizer, scale=2.0**16, growth_interval=100):
        self.model, self.optimizer = model, optimizer
        self.scale, self.growth_interval = scale, growth_interval
        self.left = growth_interval

    def step(self, batch, loss_func):
        inputs, targets = batch
        masters = [p for p in self.model.parameters() if p.requires_grad]
        # one rounding a tensor, which backward turns round: the gradients arrive in float32
        halves = {n: _as_half(t) for n, t in self.model.named_parameters(remove_duplicate=False)}
        buffers = {n: _as_half(t.clone()) for n, t in self.model.named_buffers()}
        predictions = torch.func.functional_call(
            self.model, {**halves, **buffers}, _as_half(inputs)
        )
        loss = loss_func(predictions.float(), targets)
        grads = torch.autograd.grad(loss * self.scale, masters, allow_unused=True)
        for master, grad in zip(masters, grads, strict=True):
            master.grad = None if grad is None else grad / self.scale
        if all(_is_finite(grad) for grad in grads):
            self.optimizer.step()
            for name, buffer in self.model.named_buffers():
                buffer.data.copy_(buffers[name])
            self.left -= 1
        else:
            self.scale, self.left = self.scale / 2, self.growth_interval
        if self.left == 0:
            self.scale, self.left = self.scale * 2, self.growth_interval
        return loss.item()


def _as_half(tensor):
    return tensor.half() if tensor.is_floating_point() else tensor


class _Mixed:
    """What the wrong answers below share: all but the mistake."""

    def __init__(self, model, optimizer, scale=2.0**16, growth_interval=100):
        self.model, self.optimizer, self.scale = model, optimizer, scale
        self.growth_interval, self.good = growth_interval, 0

    def step(self, batch, loss_func):
        half = self._half()
        inputs, targets = batch
        loss = self._loss(half(self._as_input(inputs)), targets, loss_func)
        self._backward(loss)
        for master, param in self._pairs(half):
            self._hand_over(master, param.grad)
        good = self._is_good(loss)
        self._move(good)
        self._buffers(half)
        self._adapt(good)
        return self._returned(loss)

    def _half(self):
        return deepcopy(self.model).half()

    def _as_input(self, inputs):
        return _as_half(inputs)

    def _loss(self, predictions, targets, loss_func):
        return loss_func(predictions.float(), targets)

    def _backward(self, loss):
        (loss * self.scale).backward()

    def _pairs(self, half):
        return zip(self.model.parameters(), half.parameters(), strict=True)

    def _hand_over(self, master, grad):
        master.grad = None if grad is None else self._unscaled(grad)

    def _unscaled(self, grad):
        return grad.float() / self.scale

    def _is_good(self, loss):
        return all(_is_finite(param.grad) for param in self.model.parameters())

    def _move(self, good):
        if good:
            self.optimizer.step()

    def _buffers(self, half):
        _copy_buffers(half, self.model)

    def _adapt(self, good):
        self.good = self.good + 1 if good else 0
        if not good:
            self.scale /= 2
        elif self.good == self.growth_interval:
            self.scale, self.good = self.scale * 2, 0

    def _returned(self, loss):
        return loss.item()


@misconception(caught_by=("test_small_updates_add_up", "test_the_model_keeps_its_parameters"))
class TrainsTheHalfWeights(_Mixed):
    "A model in half precision has its weights in half precision."

    def _half(self):
        return self.model.half()

    def _pairs(self, half):
        return ((param, param) for param in half.parameters())

    def _unscaled(self, grad):
        return grad / self.scale


@misconception(caught_by="test_the_model_computes_in_half")
class NothingInHalf(_Mixed):
    "What goes through a model is as precise as its weights."

    def _half(self):
        return deepcopy(self.model)


@misconception(caught_by="test_inputs_go_in_as_half")
class InputsAsTheyAre(_Mixed):
    "It is the weights that take the memory, so they alone are halved."

    def _as_input(self, inputs):
        return inputs


@misconception(caught_by="test_whole_numbers_go_in_as_they_are")
class HalvesWholeNumbers(_Mixed):
    "All that goes into a half-precision model is in half precision."

    def _as_input(self, inputs):
        return inputs.half()


@misconception(caught_by="test_the_loss_gets_predictions_in_float32")
class LossInHalf(_Mixed):
    "The loss is the last layer, in half precision like the others."

    def _loss(self, predictions, targets, loss_func):
        return loss_func(predictions, targets).float()


@misconception(caught_by="test_the_loss_gets_targets_as_they_are")
class HalvesTheTargets(_Mixed):
    "Predictions and targets are to have one precision."

    def _loss(self, predictions, targets, loss_func):
        if isinstance(targets, Tensor) and targets.is_floating_point():
            targets = targets.half().float()
        return loss_func(predictions.float(), targets)


@misconception(caught_by="test_a_tiny_gradient_moves_the_weight")
class NoScaling(_Mixed):
    "Gradients in float16 are a little coarser, no more."

    def _backward(self, loss):
        loss.backward()

    def _unscaled(self, grad):
        return grad.float()


@misconception(caught_by="test_a_tiny_gradient_moves_the_weight")
class UnscalesInHalf(_Mixed):
    "Where the gradient is divided makes no difference."

    def _unscaled(self, grad):
        return (grad / self.scale).float()


@misconception(
    caught_by=("test_a_step_is_that_of_float32", "test_digits_are_learned_as_in_float32")
)
class ForgetsToUnscale(_Mixed):
    "The scale is for backward, and the optimizer has its own rate."

    def _unscaled(self, grad):
        return grad.float()


@misconception(caught_by="test_the_last_step_before_growth_is_right")
class UnscalesByTheNextScale(_Mixed):
    "The scale can be brought up to date as soon as backward is done."

    def _backward(self, loss):
        super()._backward(loss)
        if self.good + 1 == self.growth_interval:
            self.scale *= 2

    def _adapt(self, good):
        if self.good + 1 == self.growth_interval:
            self.scale /= 2
        super()._adapt(good)


@misconception(caught_by="test_an_overflow_leaves_the_weights")
class StepsOnInfinity(_Mixed):
    "An overflow makes the scale smaller, and training goes on."

    def _move(self, good):
        self.optimizer.step()


@misconception(caught_by="test_an_overflow_leaves_the_optimizer_state")
class StepsWithZeros(_Mixed):
    "A step with gradients of 0 is no step."

    def _move(self, good):
        if not good:
            for param in self.model.parameters():
                param.grad = torch.zeros_like(param)
        self.optimizer.step()


@misconception(caught_by="test_the_loss_is_computed_once")
class TriesAgain(_Mixed):
    "A batch that overflows is repeated at a smaller scale until it fits."

    def step(self, batch, loss_func):
        for _ in range(40):
            before, got = self.scale, super().step(batch, loss_func)
            if self.scale >= before:
                break
        return got


@misconception(caught_by="test_nan_is_an_overflow_too")
class LooksForInfinityOnly(_Mixed):
    "What overflows is infinite."

    def _is_good(self, loss):
        grads = [param.grad for param in self.model.parameters()]
        return not any(grad is not None and grad.isinf().any() for grad in grads)


@misconception(caught_by="test_an_overflow_halves_the_scale")
class LooksAtTheLossOnly(_Mixed):
    "Where the loss is finite the gradients are."

    def _is_good(self, loss):
        return bool(loss.isfinite())


@misconception(caught_by="test_an_infinite_last_gradient_stops_all")
class LooksAtTheFirstOnly(_Mixed):
    "An overflow goes through backward to the first layer, so that is the one to look at."

    def _is_good(self, loss):
        return _is_finite(next(self.model.parameters()).grad)


@misconception(caught_by="test_an_infinite_first_gradient_stops_all")
class LeavesOutTheInfinite(_Mixed):
    "A tensor whose gradient overflows sits the step out, the others go on."

    def _move(self, good):
        for param in self.model.parameters():
            if not _is_finite(param.grad):
                param.grad = None
        self.optimizer.step()


@misconception(
    caught_by=("test_an_overflow_halves_the_scale", "test_training_goes_on_after_an_overflow")
)
class KeepsTheScale(_Mixed):
    "It is enough to skip the batch."

    def _adapt(self, good):
        if good:
            super()._adapt(good)
        else:
            self.good = 0


@misconception(caught_by="test_good_steps_in_a_row_double_the_scale")
class NeverRecovers(_Mixed):
    "A scale that fits now will fit later."

    def _adapt(self, good):
        if not good:
            self.scale /= 2


@misconception(caught_by="test_after_a_doubling_counting_begins_anew")
class GrowsAtEachGoodStep(_Mixed):
    "After enough good steps each one more doubles the scale."

    def _adapt(self, good):
        self.good = self.good + 1 if good else 0
        if not good:
            self.scale /= 2
        elif self.good >= self.growth_interval:
            self.scale *= 2


@misconception(caught_by="test_after_an_overflow_counting_begins_anew")
class CountsThroughAnOverflow(_Mixed):
    "What counts is the number of good steps."

    def _adapt(self, good):
        if not good:
            self.scale /= 2
            return
        self.good += 1
        if self.good == self.growth_interval:
            self.scale, self.good = self.scale * 2, 0


@misconception(caught_by="test_the_scale_is_doubled_after_a_hundred_unless_said")
class GrowsLateUnasked(_Mixed):
    "The default of growth_interval is that of torch's GradScaler, 2000."

    def __init__(self, model, optimizer, scale=2.0**16, growth_interval=2000):
        super().__init__(model, optimizer, scale, growth_interval)


@misconception(caught_by="test_each_step_uses_its_own_gradient")
class AddsToTheLastGradient(_Mixed):
    "Each backward needs a clean gradient, and the copy's is clean."

    def _hand_over(self, master, grad):
        if grad is not None:
            new = self._unscaled(grad)
            master.grad = new if master.grad is None else master.grad + new


@misconception(caught_by="test_a_parameter_without_part_stays")
class LeavesOldGradients(_Mixed):
    "A parameter without a new gradient needs nothing done."

    def _hand_over(self, master, grad):
        if grad is not None:
            super()._hand_over(master, grad)


@misconception(caught_by="test_a_frozen_parameter_is_no_obstacle")
class NeedsEveryGradient(_Mixed):
    "After backward each parameter has a gradient."

    def _hand_over(self, master, grad):
        master.grad = self._unscaled(grad)


@misconception(caught_by="test_each_step_sees_the_last_steps_weights")
class CopiesOnce(_Mixed):
    "The half copy is made at the start."

    def _half(self):
        if not hasattr(self, "half"):
            self.half = super()._half()
        self.half.zero_grad()
        return self.half


@misconception(caught_by="test_a_change_from_outside_is_seen")
class CopiesAfterItsSteps(_Mixed):
    "Only a step changes the weights, so the copy is brought up to date after it."

    def __init__(self, model, optimizer, scale=2.0**16, growth_interval=100):
        super().__init__(model, optimizer, scale, growth_interval)
        self.half = super()._half()

    def _half(self):
        self.half.train(self.model.training)
        return self.half

    def _adapt(self, good):
        super()._adapt(good)
        self.half = super()._half()


@misconception(caught_by="test_the_copy_has_the_models_mode")
class AlwaysInTrainingMode(_Mixed):
    "A model that makes training steps is in training mode."

    def _half(self):
        return super()._half().train()


@misconception(caught_by="test_buffers_change_in_the_model")
class ForgetsTheBuffers(_Mixed):
    "What a model learns is in its parameters."

    def _buffers(self, half):
        pass


@misconception(caught_by="test_the_loss_comes_back_unscaled")
class ReturnsTheScaledLoss(_Mixed):
    "The loss that backward saw is the loss."

    def _returned(self, loss):
        return loss.item() * self.scale


@misconception(caught_by="test_the_loss_is_a_float")
class ReturnsATensor(_Mixed):
    "A loss is a tensor of one number."

    def _returned(self, loss):
        return loss
