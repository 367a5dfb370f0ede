"""What is LAMB?

Adam chooses the direction of a step. LAMB also chooses its length, for each tensor by itself.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from dojo import alternative, misconception

__all__ = ["Lamb"]


class Lamb(Optimizer):
    """Adam whose step has a length of its own in each tensor of weights.

    A step goes, for each parameter tensor that has a gradient, along a direction in two parts:

    - Adam's: the debiased running average of the gradients, divided by the sum of eps and the
      root of the debiased running average of their squares, number by number. Both averages
      start at 0, and debiasing counts the steps in which this very tensor had a gradient.
    - weight_decay times the tensor, as it is before the step.

    It goes against that direction, and is as long as lr times the norm of the tensor (the root of
    the sum of its squares); no bounds are put on this length. Where the norm of the tensor is 0, or
    that of the direction, the step is lr times the direction, as it is.

    A tensor without a gradient stays as it is. Tensors move in place and remain what they were;
    gradients are left as they are. The options stand in the parameter groups under their names, as
    in torch.optim, where each group may have its own and they may be changed between steps.
    state_dict() holds all that a new optimizer needs to go on just as this one would.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-6,
        weight_decay: float = 0.0,
    ) -> None:
        """Take charge of parameters.

        Args:
            params: Tensors, or dicts of groups, as in torch.optim.
            lr: The length of a step, as a share of the norm of the tensor that moves.
            betas: The share of the old in the two averages, of gradients and of their squares.
            eps: Added to the root, after debiasing.
            weight_decay: The tensor's own share in the direction.
        """
        options = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, options)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Move all parameters once.

        Args:
            closure: Called once, first: it computes the gradients that the step goes by.

        Returns:
            What the closure returned; None without one.
        """
        loss = closure() if closure is not None else None
        for group in self.param_groups:
            for param in group["params"]:
                if param.grad is not None:
                    _move(param, self.state[param], group)
        return loss


@torch.no_grad()
def _move(weights: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
    beta1, beta2 = group["betas"]
    t = state["step"] = state.get("step", 0) + 1
    state["mean"] = beta1 * state.get("mean", 0) + (1 - beta1) * weights.grad
    state["square"] = beta2 * state.get("square", 0) + (1 - beta2) * weights.grad**2
    root = (state["square"] / (1 - beta2**t)).sqrt()
    direction = state["mean"] / (1 - beta1**t) / (root + group["eps"])
    direction = direction + group["weight_decay"] * weights
    length, unit = weights.norm(), direction.norm()
    ratio = torch.where((length > 0) & (unit > 0), length / unit, 1.0)
    weights -= group["lr"] * ratio * direction


HINTS = (
    "Write Adam first, with its decay apart from the averages. Which single number, one for each "
    "tensor, turns its step into LAMB's?",
    "The number is the norm of the weights over the norm of the whole direction, decay included. "
    "When is that 0, when is it no number at all, and what would a bias that starts at zero do? "
    "Whatever must survive a restart belongs into self.state[param].",
    "t += 1; m = b1 * m + (1 - b1) * g; v = b2 * v + (1 - b2) * g**2; u = m / (1 - b1**t) / ((v / "
    "(1 - b2**t)).sqrt() + eps) + weight_decay * w; w -= lr * u * (|w| / |u| where both are above "
    "0, else 1), all under torch.no_grad().",
)
ANSWER = """
LAMB is Adam with a trust ratio for each tensor: the norm of the weights over the norm of the step
that Adam, with decoupled decay, would make. So lr becomes a relative speed. At 0.01 each tensor
moves by a hundredth of its own size, whether its weights are large or small, and no layer is torn
out of its range because its gradients happen to be steep. It was made for batches of tens of
thousands, where rates are high and single layers are the first to diverge.

To call it Adam averaged over each layer is loose: Adam's own averages stay number by number, and
what is shared by a layer (by a tensor, to be exact) is the ratio alone. The paper lets a function
of the weights' norm stand in the ratio, and many programs clip it, often at 10. The ratio also
hides mistakes: without decay a forgotten debiasing is a factor that cancels, all but eps, and no
curve will show it. A zero norm needs a rule, or each bias that starts at zero stays there for ever.
"""


def _options(lr, betas, eps, weight_decay):
    return {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}


@alternative
class LikeTorchsAdam(Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.0):
        super().__init__(params, _options(lr, betas, eps, weight_decay))

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if not state:
                    state["step"] = torch.tensor(0.0)
                    state["exp_avg"] = torch.zeros_like(p)
                    state["exp_avg_sq"] = torch.zeros_like(p)
                state["step"] += 1
                state["exp_avg"].mul_(beta1).add_(p.grad, alpha=1 - beta1)
                state["exp_avg_sq"].mul_(beta2).addcmul_(p.grad, p.grad, value=1 - beta2)
                t = state["step"].item()
                update = state["exp_avg"] / (1 - beta1**t)
                update /= (state["exp_avg_sq"] / (1 - beta2**t)).sqrt_().add_(group["eps"])
                update.add_(p, alpha=group["weight_decay"])
                w, u = p.norm().item(), update.norm().item()
                p.add_(update, alpha=-group["lr"] * (w / u if w and u else 1.0))
        return loss


@alternative
class KeepsDebiasedAverages(Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.0):
        super().__init__(params, _options(lr, betas, eps, weight_decay))

    def step(self, closure=None):
        loss = closure and closure()
        for group in self.param_groups:
            for param in group["params"]:
                if param.grad is not None:
                    self._move(param, **group)
        return loss

    def _move(self, param, lr, betas, eps, weight_decay, **_):
        grad, state = param.grad.detach(), self.state[param]
        for name, new, beta in (("m", grad, betas[0]), ("v", grad * grad, betas[1])):
            average, weight = state.get(name, (0.0, 0.0))
            # the weights of all gradients so far add up to 1 - beta**t: the total grows to it
            total = beta * weight + (1 - beta)
            state[name] = ((beta * weight * average + (1 - beta) * new) / total, total)
        step = state["m"][0] / (state["v"][0] ** 0.5 + eps) + weight_decay * param.data
        w, u = (torch.linalg.vector_norm(each) for each in (param.data, step))
        ratio = w / u if w > 0 and u > 0 else 1
        param.data.sub_(step * (lr * ratio))


@alternative
class TurnsBackToLengths(Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.0):
        super().__init__(params, _options(lr, betas, eps, weight_decay))

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        moving = [(p, g) for g in self.param_groups for p in g["params"] if p.grad is not None]
        for p, group in moving:
            size = p.square().sum().sqrt()
            u = _direction(p, self.state[p], group)
            steepness = u.square().sum().sqrt()
            if size == 0 or steepness == 0:
                p.copy_(p - group["lr"] * u)
            else:
                p.copy_(p - group["lr"] * size * (u / steepness))
        return loss


def _averages(weights, grad, state, betas):
    """Both averages, debiased."""
    t = state["step"] = state.get("step", 0) + 1
    debiased = []
    for name, new, beta in (("mean", grad, betas[0]), ("square", grad * grad, betas[1])):
        state[name] = beta * state.get(name, torch.zeros_like(weights)) + (1 - beta) * new
        debiased.append(state[name] / (1 - beta**t))
    return debiased


def _direction(weights, state, group):
    mean, square = _averages(weights, weights.grad, state, group["betas"])
    return mean / (square.sqrt() + group["eps"]) + group["weight_decay"] * weights


def _ratio(weights, direction):
    w, u = weights.norm(), direction.norm()
    return torch.where((w > 0) & (u > 0), w / u, torch.ones_like(w))


class _Lamb(Optimizer):
    """What the wrong answers below share: all but the mistake."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.0):
        super().__init__(params, _options(lr, betas, eps, weight_decay))

    def step(self, closure=None):
        loss = closure() if closure is not None else None
        with torch.no_grad():
            for group in self._groups():
                for param in group["params"]:
                    if param.grad is not None:
                        self._move(param, group)
        return loss

    def _groups(self):
        return self.param_groups

    def _move(self, param, group):
        direction = self._adam(param, group) + group["weight_decay"] * param
        param -= self._rate(group) * self._ratio(param, direction) * direction

    def _rate(self, group):
        return group["lr"]

    def _adam(self, param, group):
        mean, square = self._averages(param, group)
        return mean / (square.sqrt() + group["eps"])

    def _averages(self, param, group):
        return _averages(param, param.grad, self.state[param], group["betas"])

    def _ratio(self, weights, direction):
        return _ratio(weights, direction)


@misconception(caught_by="test_each_tensor_has_a_length_of_its_own")
class OneRatioForAll(_Lamb):
    "The ratio compares the whole model with its whole step."

    def step(self, closure=None):
        loss = closure() if closure is not None else None
        with torch.no_grad():
            moves = [
                (param, group["lr"], _direction(param, self.state[param], group))
                for group in self.param_groups
                for param in group["params"]
                if param.grad is not None
            ]
            if moves:
                all_weights = torch.cat([param.reshape(-1) for param, _, _ in moves])
                ratio = _ratio(all_weights, torch.cat([u.reshape(-1) for _, _, u in moves]))
            for param, lr, direction in moves:
                param -= lr * ratio * direction
        return loss


@misconception(caught_by="test_all_of_a_tensor_shares_one_ratio")
class OneRatioForEachRow(_Lamb):
    "Each neuron, which is a row of the weights, has its own ratio."

    def _ratio(self, weights, direction):
        if weights.dim() < 2:
            return _ratio(weights, direction)
        w, u = weights.norm(dim=-1, keepdim=True), direction.norm(dim=-1, keepdim=True)
        return torch.where((w > 0) & (u > 0), w / u, torch.ones_like(w))


@misconception(caught_by="test_a_vector_has_its_ratio_too")
class VectorsGoWithout(_Lamb):
    "Biases are no layer, so they take Adam's own step."

    def _ratio(self, weights, direction):
        return _ratio(weights, direction) if weights.dim() > 1 else 1.0


@misconception(caught_by="test_a_step_is_the_rate_times_the_norm_long")
class RatioUpsideDown(_Lamb):
    "The ratio is the length of the step over that of the weights."

    def _ratio(self, weights, direction):
        return 1 / _ratio(weights, direction)


@misconception(caught_by="test_tensors_of_other_norms_make_other_steps")
class NoRatio(_Lamb):
    "LAMB is another name for Adam with decoupled decay."

    def _ratio(self, weights, direction):
        return 1.0


@misconception(caught_by="test_the_length_has_no_bounds")
class ClipsTheRatio(_Lamb):
    "A ratio above 10 is not to be trusted."

    def _ratio(self, weights, direction):
        return _ratio(weights, direction).clamp(max=10)


@misconception(
    caught_by=("test_both_averages_are_debiased", "test_the_average_of_the_gradients_is_debiased")
)
class NoDebiasing(_Lamb):
    "The ratio takes out every factor, that of the debiasing included."

    def _averages(self, param, group):
        super()._averages(param, group)
        return self.state[param]["mean"], self.state[param]["square"]


@misconception(caught_by="test_decay_has_its_share_in_the_first_step")
class DebiasesTheMeanOnly(_Lamb):
    "The squares need no debiasing, since they stand under a root."

    def _averages(self, param, group):
        mean, _ = super()._averages(param, group)
        return mean, self.state[param]["square"]


@misconception(caught_by="test_decay_takes_part_in_the_ratio")
class DecaysOutsideOfTheRatio(_Lamb):
    "Decoupled decay stays out of the ratio, too."

    def _move(self, param, group):
        direction = self._adam(param, group)
        step = self._ratio(param, direction) * direction
        param -= group["lr"] * (step + group["weight_decay"] * param)


@misconception(caught_by="test_decay_takes_part_in_the_ratio")
class RatioOfAdamsPartOnly(_Lamb):
    "The ratio is taken with Adam's step, and then the decay joins in."

    def _move(self, param, group):
        adam = self._adam(param, group)
        direction = adam + group["weight_decay"] * param
        param -= group["lr"] * self._ratio(param, adam) * direction


@misconception(caught_by="test_decay_joins_adams_part")
class DecaysThroughTheGradient(_Lamb):
    "Weight decay is a part of the gradient."

    def _averages(self, param, group):
        grad = param.grad + group["weight_decay"] * param
        return _averages(param, grad, self.state[param], group["betas"])

    def _move(self, param, group):
        direction = self._adam(param, group)
        param -= group["lr"] * self._ratio(param, direction) * direction


@misconception(caught_by="test_gradients_are_left_as_they_are")
class ClearsTheGradients(_Lamb):
    "After the step the gradients have had their use."

    def _move(self, param, group):
        super()._move(param, group)
        param.grad.zero_()


@misconception(caught_by="test_a_bias_that_starts_at_zero_moves")
class RatioZeroAtZero(_Lamb):
    "The ratio is what the division gives, and 0 over something is 0."

    def _ratio(self, weights, direction):
        w, u = weights.norm(), direction.norm()
        return torch.where(u > 0, w / u, torch.ones_like(w))


@misconception(caught_by="test_a_zero_gradient_makes_no_nan")
class DividesByAnything(_Lamb):
    "Only the weights can have norm 0: a step has always a length."

    def _ratio(self, weights, direction):
        w, u = weights.norm(), direction.norm()
        return torch.where(w > 0, w / u, torch.ones_like(w) * (u / u))


@misconception(caught_by="test_a_step_goes_against_adams_direction")
class Lars(_Lamb):
    "What matters is the ratio: the squares can be left out."

    def _adam(self, param, group):
        return self._averages(param, group)[0]


@misconception(caught_by="test_eps_joins_the_root")
class EpsUnderTheRoot(_Lamb):
    "eps keeps the root away from 0, so it goes under it."

    def _adam(self, param, group):
        mean, square = self._averages(param, group)
        return mean / (square + group["eps"]).sqrt()


@misconception(caught_by="test_eps_is_a_millionth_unless_said")
class AdamsEps(_Lamb):
    "The default of eps is that of Adam, 1e-8."

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params, lr, betas, eps, weight_decay)


@misconception(caught_by="test_the_rate_is_a_thousandth_unless_said")
class FasterUnasked(_Lamb):
    "A rate that is relative has another default than Adam's, 0.01."

    def __init__(self, params, lr=1e-2, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.0):
        super().__init__(params, lr, betas, eps, weight_decay)


@misconception(caught_by="test_nothing_decays_unless_said")
class DecaysUnasked(_Lamb):
    "The default of weight_decay is that of AdamW, 0.01."

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-6, weight_decay=1e-2):
        super().__init__(params, lr, betas, eps, weight_decay)


@misconception(caught_by="test_twenty_steps_follow_the_formulas")
class SwapsTheBetas(_Lamb):
    "The first beta is for the squares."

    def _averages(self, param, group):
        return _averages(param, param.grad, self.state[param], group["betas"][::-1])


@misconception(caught_by="test_a_tensor_without_gradient_stays")
class NoGradientIsAZeroGradient(_Lamb):
    "Where there is no gradient it is 0."

    def step(self, closure=None):
        loss = closure() if closure is not None else None
        with torch.no_grad():
            for group in self.param_groups:
                for param in group["params"]:
                    grad = torch.zeros_like(param) if param.grad is None else param.grad
                    pair = _averages(param, grad, self.state[param], group["betas"])
                    direction = pair[0] / (pair[1].sqrt() + group["eps"])
                    direction += group["weight_decay"] * param
                    param -= group["lr"] * _ratio(param, direction) * direction
        return loss


@misconception(caught_by="test_each_tensor_counts_its_own_steps")
class CountsForTheGroup(_Lamb):
    "All tensors have made as many steps as the optimizer."

    def step(self, closure=None):
        for group in self.param_groups:
            group["t"] = group.get("t", 0) + 1
        return super().step(closure)

    def _averages(self, param, group):
        self.state[param]["step"] = group["t"] - 1
        return super()._averages(param, group)


@misconception(caught_by="test_a_new_optimizer_goes_on_from_the_state")
class CountsOnSelf(_Lamb):
    "An attribute of the optimizer is part of its state."

    def _averages(self, param, group):
        counts = self.__dict__.setdefault("counts", {})
        self.state[param]["step"] = counts.get(id(param), 0)
        pair = super()._averages(param, group)
        counts[id(param)] = self.state[param].pop("step")
        return pair


@misconception(caught_by="test_a_new_optimizer_goes_on_without_decay")
class AveragesOnSelf(_Lamb):
    "The averages are made anew soon enough, the steps are what counts."

    def _averages(self, param, group):
        store = self.__dict__.setdefault("store", {}).setdefault(id(param), {})
        store["step"] = self.state[param].get("step", 0)
        pair = _averages(param, param.grad, store, group["betas"])
        self.state[param]["step"] = store["step"]
        return pair


@misconception(caught_by="test_each_group_has_its_own_rate")
class ReadsTheDefaults(_Lamb):
    "The options that the optimizer was made with are in self.defaults."

    def _rate(self, group):
        return self.defaults["lr"]


@misconception(caught_by="test_a_rate_can_be_changed_between_steps")
class RemembersTheRates(_Lamb):
    "The rate is settled when the optimizer is made."

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.0):
        super().__init__(params, lr, betas, eps, weight_decay)
        self.rates = [group["lr"] for group in self.param_groups]

    def _rate(self, group):
        return next(
            rate for rate, each in zip(self.rates, self.param_groups, strict=True) if each is group
        )


@misconception(caught_by="test_each_group_moves")
class FirstGroupOnly(_Lamb):
    "The parameters are in param_groups[0]."

    def _groups(self):
        return self.param_groups[:1]


@misconception(caught_by="test_a_closure_can_compute_gradients")
class ClosureWithoutGrad(_Lamb):
    "All of step runs without grad."

    @torch.no_grad()
    def step(self, closure=None):
        return super().step(closure)


@misconception(caught_by="test_what_the_closure_returned_comes_back")
class KeepsTheLossToItself(_Lamb):
    "A step moves the weights and returns nothing."

    def step(self, closure=None):
        super().step(closure)


@misconception(caught_by="test_tensors_move_in_place")
class GivesThemNewMemory(_Lamb):
    "Another .data in the same tensor is in place."

    def _move(self, param, group):
        copy = param.detach().clone()
        copy.grad = param.grad
        self.state[copy] = self.state.pop(param, {})
        super()._move(copy, group)
        self.state[param] = self.state.pop(copy)
        param.data = copy
