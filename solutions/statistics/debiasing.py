"""What does debiasing a moving average correct?

A moving average with exponential decay that starts at 0 is too close to 0 at first.
"""

import torch
from torch import Tensor

from dojo import alternative, misconception

__all__ = ["DebiasedAverage"]


class DebiasedAverage:
    """A moving average with exponential decay that starts at 0, corrected for that start.

    The plain average starts at 0, and each value makes it beta times what it was, plus 1 - beta
    times the value. Here the 0 that nobody measured has no weight: the average is a weighted mean
    of the values alone, with weights that add up to 1 and of which each is beta times the next. So
    from the first step on a constant stream gives that constant. In the long run the plain average
    and this one agree.

    In float32 it is right to 1e-5 for values around 1 and beta up to 0.9, and to 1e-4 at 0.999. Two
    averages have nothing in common.
    """

    def __init__(self, beta: float) -> None:
        """Take the share that the old average keeps: at least 0, below 1."""
        self.beta, self.steps = beta, 0
        self.average: Tensor | None = None

    def update(self, x: Tensor) -> Tensor:
        """Take in the next value of the stream and return the corrected average.

        x is a floating-point tensor, of any shape, which is that of all values of a stream, as are
        dtype and device; those of the average are the same. x is left as it is, and not kept: once
        the caller drops it its memory is free, and so is that of the calculation it came from.

        The average records no gradients, and later updates do not change it.
        """
        x = x.detach()
        old = torch.zeros_like(x) if self.average is None else self.average
        self.average = torch.lerp(old, x, 1 - self.beta)
        self.steps += 1
        return self.average / (1 - self.beta**self.steps)


HINTS = (
    "Average a stream of ones from a start at 0 with beta 0.9, by hand: 0.1, 0.19, 0.271. What is "
    "missing to 1 each time?",
    "What is missing is the weight of the start: beta to the power of the steps so far. Count "
    "steps, and keep the plain average apart from what you return.",
    "self.average = torch.lerp(old, x.detach(), 1 - beta), from zeros; self.steps += 1; return "
    "self.average / (1 - beta**self.steps).",
)
ANSWER = """
After n steps the weights of the values add up to 1 - beta**n; the rest, beta**n, still belongs to
the 0 at the start. Dividing by 1 - beta**n makes the weights add up to 1, and nothing else: a
constant stream gives its constant at once. What is corrected is the start, no noise: at the first
step the average is the first value, as noisy as it came.

It bites where beta is near 1. At 0.999 the plain average has after ten steps 1% of its size, and
Adam divides by the root of such an average: without the correction its first steps would be off by
large factors. The correction belongs to what is returned. Stored, it is averaged and corrected
again at the next step, and grows. To start at the first value is another way, and no substitute: it
is right for constants, but gives that value the weight beta**(n - 1), more than any that follow
for a long time.
"""


@alternative
class SumsTheWeights:
    def __init__(self, beta):
        self.beta, self.values, self.weights = beta, 0.0, 0.0

    @torch.no_grad()
    def update(self, x):
        self.values = self.beta * self.values + x
        self.weights = self.beta * self.weights + 1
        return self.values / self.weights


@alternative
class StepsByTheShareOfTheNew:
    def __init__(self, beta):
        self.beta, self.steps, self.average = beta, 0, None

    @torch.no_grad()
    def update(self, x):
        self.steps += 1
        share = (1 - self.beta) / (1 - self.beta**self.steps)
        old = torch.zeros_like(x) if self.average is None else self.average
        self.average = old + share * (x - old)
        return self.average


@alternative
class InPlaceOnItsOwn:
    def __init__(self, beta):
        self.beta, self.left, self.average = beta, 1.0, None

    def update(self, x):
        if self.average is None:
            self.average = torch.zeros_like(x, requires_grad=False)
        self.average.mul_(self.beta).add_(x.detach(), alpha=1 - self.beta)
        self.left *= self.beta
        return self.average.div(1 - self.left)


@alternative
class FollowsTheWeightOfTheStart:
    def __init__(self, beta):
        self._averages = self._run(beta)
        next(self._averages)

    def update(self, x):
        return self._averages.send(x.detach())

    @staticmethod
    def _run(beta):
        plain, start, corrected = 0, 1, None
        while True:
            x = yield corrected
            plain, start = plain * beta + x * (1 - beta), start * beta
            corrected = plain / (1 - start)
            del x


class _Average:
    """What the wrong answers below share: all but the mistake."""

    def __init__(self, beta):
        self.beta, self.steps, self.average = beta, 0, None

    def update(self, x):
        x = x.detach()
        self.average = self._step(self._old(x), x)
        self.steps += 1
        return self._corrected()

    def _old(self, x):
        return torch.zeros_like(x) if self.average is None else self.average

    def _step(self, old, x):
        return torch.lerp(old, x, 1 - self.beta)

    def _corrected(self):
        return self.average / (1 - self.beta**self.steps)


@misconception(caught_by=("test_every_average_is_a_number", "test_adam_corrects_in_the_same_way"))
class CountsFromZero(_Average):
    "Steps are counted from 0, so the exponent of the first is 0."

    def _corrected(self):
        return self.average / (1 - self.beta ** (self.steps - 1))


@misconception(
    caught_by=("test_the_first_average_is_the_first_value", "test_no_average_is_below_all_values")
)
class CountsOneTooMany(_Average):
    "The start is a step too."

    def _corrected(self):
        return self.average / (1 - self.beta ** (self.steps + 1))


@misconception(caught_by=("test_two_steps_by_hand", "test_no_average_is_above_all_values"))
class StoresTheCorrected(_Average):
    "The corrected average is the better one, so it is the one to go on with."

    def _corrected(self):
        self.average = super()._corrected()
        return self.average


@misconception(caught_by=("test_two_steps_by_hand", "test_in_the_long_run_it_is_the_plain_average"))
class DividesByTheShare(_Average):
    "Each value is scaled by 1 - beta, which dividing by 1 - beta undoes."

    def _corrected(self):
        return self.average / (1 - self.beta)


@misconception(
    caught_by=(
        "test_the_correction_makes_it_larger",
        "test_a_constant_stream_is_right_from_the_start",
    )
)
class CorrectsNothing(_Average):
    "The weights beta and 1 - beta add up to 1, so there is nothing to correct."

    def _corrected(self):
        return self.average.clone()


@misconception(caught_by="test_two_steps_by_hand")
class StartsAtTheFirst(_Average):
    "To start at the first value instead of 0 is the same correction."

    def _old(self, x):
        return x.clone() if self.average is None else self.average

    def _corrected(self):
        return self.average.clone()


@misconception(
    caught_by=("test_the_first_average_is_the_first_value", "test_no_average_is_above_all_values")
)
class StartsAtTheFirstAndCorrects(_Average):
    "To start at the first value cannot hurt, and the rest is corrected."

    def _old(self, x):
        return x.clone() if self.average is None else self.average


@misconception(
    caught_by=(
        "test_the_share_of_each_of_three_values",
        "test_with_beta_one_half_each_value_counts_twice_the_one_before",
    )
)
class AveragesAllSoFar(_Average):
    "Weights that add up to 1 make it the mean of all values so far."

    def _step(self, old, x):
        return torch.lerp(old, x, 1 / (self.steps + 1))

    def _corrected(self):
        return self.average.clone()


@misconception(caught_by="test_the_correction_makes_it_no_smaller")
class MultipliesByTheWeights(_Average):
    "What is corrected is scaled by 1 - beta**steps."

    def _corrected(self):
        return self.average * (1 - self.beta**self.steps)


@misconception(caught_by="test_two_steps_by_hand")
class MultipliesStepsWithBeta(_Average):
    "After n steps the start has lost n times as much."

    def _corrected(self):
        return self.average / (1 - self.beta * self.steps)


@misconception(
    caught_by=("test_two_steps_by_hand", "test_a_constant_stream_is_right_from_the_start")
)
class CorrectsTheFirstOnly(_Average):
    "Only the first average has 0 for its past."

    def _corrected(self):
        return super()._corrected() if self.steps == 1 else self.average.clone()


@misconception(caught_by="test_a_constant_stream_is_right_from_the_start")
class StopsAfterTen(_Average):
    "After ten steps the start is forgotten."

    def _corrected(self):
        return super()._corrected() if self.steps <= 10 else self.average.clone()


@misconception(caught_by="test_with_beta_zero_it_is_the_last_value")
class GivesBetaToTheNew(_Average):
    "beta is the weight of the new value, in the average and in its correction."

    def _step(self, old, x):
        return torch.lerp(old, x, self.beta)

    def _corrected(self):
        if self.beta == 0:
            return self.average.clone()
        return self.average / (1 - (1 - self.beta) ** self.steps)


@misconception(
    caught_by=("test_the_first_average_is_the_first_value", "test_adam_corrects_in_the_same_way")
)
class AddsTheWholeValue(_Average):
    "The running sum of momentum is what gets corrected."

    def _step(self, old, x):
        return self.beta * old + x


@misconception(caught_by="test_two_averages_have_nothing_in_common")
class CountsForAll(_Average):
    "Steps are counted by the class: everybody takes them together."

    taken = 0

    def _corrected(self):
        type(self).taken += 1
        self.steps = type(self).taken
        return super()._corrected()


@misconception(caught_by="test_a_tensor_of_any_shape_keeps_it")
class AveragesTheElements(_Average):
    "An average is one number."

    def update(self, x):
        return super().update(x.mean())


@misconception(caught_by="test_the_dtype_is_that_of_the_values")
class ReturnsFloat32(_Average):
    "Averages are float32, whatever the values are."

    def _corrected(self):
        return super()._corrected().float()


@misconception(caught_by="test_averages_returned_earlier_stay")
class UpdatesInPlace(_Average):
    "In place saves memory, and the average is always the latest."

    def update(self, x):
        self.steps += 1
        share = (1 - self.beta) / (1 - self.beta**self.steps)
        self.average = self._old(x.detach()).lerp_(x.detach(), share)
        return self.average


@misconception(caught_by="test_values_stay_as_they_are")
class ScalesTheValueInPlace(_Average):
    "The value has done its duty once it is in, so it may be scaled where it is."

    def _step(self, old, x):
        return self.beta * old + x.mul_(1 - self.beta)


@misconception(caught_by="test_values_are_not_kept_alive")
class KeepsTheValues(_Average):
    "The share of a value depends on all that follow, so each has to be there to the end."

    def __init__(self, beta):
        super().__init__(beta)
        self.values = []

    def update(self, x):
        self.values.append(x)
        return super().update(x)


@misconception(
    caught_by=(
        "test_the_average_records_no_gradients",
        "test_the_calculation_behind_a_value_is_not_kept_alive",
    )
)
class KeepsTheGraph(_Average):
    "Whoever wants no gradients can detach the result."

    def update(self, x):
        self.average = self._step(self._old(x), x)
        self.steps += 1
        return self._corrected()


@misconception(caught_by="test_the_calculation_behind_a_value_is_not_kept_alive")
class DetachesTheResultOnly(_Average):
    "Detaching what is returned is enough."

    def update(self, x):
        self.average = self._step(self._old(x), x)
        self.steps += 1
        return self._corrected().detach()
