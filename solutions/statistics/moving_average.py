"""How does a moving average with exponential decay get by with a single value in memory?

It is the average that Adam and batch norm keep: recent values count most, old ones fade.
"""

import torch
from torch import Tensor

from dojo import alternative, misconception

__all__ = ["MovingAverage"]


class MovingAverage:
    """An average of a stream of tensors, in which old values fade.

    It starts at 0. Each value makes it beta times what it was, plus 1 - beta times the value
    (torch.lerp can take such a step). The start is not corrected for: the first value counts
    1 - beta, like any other.

    Between two updates the object holds one tensor of the size of a value, and perhaps a few
    numbers, however many values have come. Two averages have nothing in common.
    """

    def __init__(self, beta: float) -> None:
        """Take the share that the old average keeps: at least 0, below 1."""
        self.beta = beta
        self.average: Tensor | None = None

    def update(self, x: Tensor) -> Tensor:
        """Take in the next value of the stream and return the new average.

        x is a floating-point tensor, of any shape, which is that of all values of a stream, as are
        dtype and device; those of the average are the same. x is left as it is, with its
        gradients, and not kept: once the caller drops it its memory is free, and so is that of
        the calculation it came from.

        The average records no gradients, though it may take part in a calculation that does. Later
        updates do not change it.
        """
        x = x.detach()
        old = torch.zeros_like(x) if self.average is None else self.average
        self.average = torch.lerp(old, x, 1 - self.beta)
        return self.average


HINTS = (
    "Write down the average after three values, with all brackets opened. How does it follow from "
    "the one after two values?",
    "lerp(start, end, weight) goes from start towards end, so the weight is that of end. Which of "
    "beta and 1 - beta belongs to the new value? And what does x bring along if it has gradients?",
    "Keep self.average. From the second value on it becomes "
    "torch.lerp(self.average, x.detach(), 1 - self.beta), a new tensor; for the first, "
    "torch.zeros_like(x) takes its place.",
)
ANSWER = """
Open the brackets and the value from k steps ago has the weight (1 - beta) * beta**k: a whole
history, folded into one number, since a step multiplies every weight by beta alike. At 0.9 the last
ten values or so matter, at 0.999 the last thousand.

lerp(start, end, weight) moves from start to end, and the weight belongs to end. So the new value
takes 1 - beta; put beta there, and at 0.9 the average forgets nine tenths at each step, which looks
like a noisy curve and no bug. Two leaks are as quiet. A loss that is averaged with its graph keeps
the graph of every step alive, until memory runs out hours later. And an average updated in place is
the tensor that was handed out before: a list of logged averages is then the last one, many times.

Because of the start at 0 the first averages are too small, by the factor 1 - beta**steps. Adam
corrects for that; batch norm and many a smoothed curve do not.
"""


@alternative
class WrittenOut:
    def __init__(self, beta):
        self.beta, self.old = beta, 0.0

    @torch.no_grad()
    def update(self, x):
        self.old = self.beta * self.old + (1 - self.beta) * x
        return self.old


@alternative
class InPlaceOnItsOwn:
    __slots__ = ("beta", "state")

    def __init__(self, beta):
        self.beta, self.state = beta, None

    def update(self, x):
        with torch.no_grad():
            if self.state is None:
                self.state = torch.zeros_like(x, memory_format=torch.contiguous_format)
            self.state.lerp_(x, 1 - self.beta)
            return self.state.clone()


@alternative
class IsAModule(torch.nn.Module):
    def __init__(self, beta):
        super().__init__()
        self.beta = beta
        self.register_buffer("average", None)

    @torch.no_grad()
    def update(self, x):
        if self.average is None:
            self.average = x * (1 - self.beta)
        else:
            self.average = torch.lerp(x, self.average, self.beta)
        return self.average


@alternative
class KeepsItScaled:
    def __init__(self, beta):
        self.beta, self.sum = beta, None

    def update(self, x):
        x = x.detach()
        self.sum = x.clone() if self.sum is None else self.sum * self.beta + x
        return self.sum * (1 - self.beta)


@alternative
class IsAGenerator:
    def __init__(self, beta):
        self._averages = self._run(beta)
        next(self._averages)

    def update(self, x):
        return self._averages.send(x.detach())

    @staticmethod
    def _run(beta):
        average = 0
        while True:
            x = yield average
            average = average * beta + x * (1 - beta)
            del x


class _Average:
    """What the wrong answers below share: all but the mistake."""

    def __init__(self, beta):
        self.beta, self.average = beta, None

    def update(self, x):
        self.average = self._step(self._old(x), x.detach())
        return self.average

    def _old(self, x):
        return torch.zeros_like(x.detach()) if self.average is None else self.average

    def _step(self, old, x):
        return torch.lerp(old, x, 1 - self.beta)


@misconception(
    caught_by=("test_the_first_average_is_a_share", "test_beta_is_what_the_old_average_keeps")
)
class SwapsTheWeights(_Average):
    "lerp gets beta as its weight, since the average is weighted by beta."

    def _step(self, old, x):
        return torch.lerp(old, x, self.beta)


@misconception(caught_by="test_the_second_value_is_mixed_in")
class StartsAtTheFirst(_Average):
    "The average of one value is that value."

    def _old(self, x):
        return x.detach().clone() if self.average is None else self.average


@misconception(caught_by="test_old_values_fade")
class AveragesAllSoFar(_Average):
    "A moving average is the mean of what has come so far."

    steps = 0

    def _step(self, old, x):
        self.steps += 1
        return torch.lerp(old, x, 1 / self.steps)


@misconception(caught_by="test_the_first_average_is_a_share")
class CorrectsTheStart(_Average):
    "An average that starts at 0 is divided by 1 - beta**steps, as a matter of course."

    steps = 0

    def update(self, x):
        self.steps += 1
        return super().update(x) / (1 - self.beta**self.steps)


@misconception(caught_by="test_a_constant_stream_is_its_own_average")
class AddsTheWholeValue(_Average):
    "Only the old average is scaled, as momentum is: beta times it, plus the value."

    def _step(self, old, x):
        return self.beta * old + x


@misconception(caught_by="test_the_second_value_is_mixed_in")
class NeverRemembers(_Average):
    "Each update goes from 0 towards the value."

    def _old(self, x):
        return torch.zeros_like(x.detach())


@misconception(caught_by="test_a_tensor_of_any_shape_keeps_it")
class AveragesTheElements(_Average):
    "An average is one number."

    def update(self, x):
        return super().update(x.detach().mean())


@misconception(caught_by="test_digits_beyond_float32_are_kept")
class WorksInFloat32(_Average):
    "float32 is enough for an average."

    def update(self, x):
        return super().update(x.float()).to(x.dtype)


@misconception(caught_by="test_the_dtype_is_that_of_the_values")
class ReturnsFloat32(_Average):
    "Averages are float32, whatever the values are."

    def update(self, x):
        return super().update(x).float()


@misconception(
    caught_by=("test_the_weights_are_those_written_out", "test_a_tensor_of_any_shape_keeps_it"),
    only_on="accelerator",
)
class StartsOnTheCpu(_Average):
    "Zeros are zeros, wherever they lie."

    def _old(self, x):
        return torch.zeros(x.shape, dtype=x.dtype) if self.average is None else self.average


@misconception(caught_by="test_it_holds_no_more_after_a_thousand_updates")
class KeepsTheHistory(_Average):
    "Old values still count, so they have to be there."

    def __init__(self, beta):
        super().__init__(beta)
        self.values = []

    def update(self, x):
        self.values.append(x.detach().clone())
        return super().update(x)


@misconception(
    caught_by=("test_it_holds_no_more_after_a_thousand_updates", "test_values_are_not_kept_alive")
)
class KeepsTheTensors(_Average):
    "A list of the tensors costs nothing: they are there anyway."

    def __init__(self, beta):
        super().__init__(beta)
        self.values = []

    def update(self, x):
        self.values.append(x)
        return super().update(x)


@misconception(caught_by="test_it_holds_one_tensor")
class KeepsTheLastValue(_Average):
    "The last value may come in handy, and one more tensor is no history."

    def update(self, x):
        self.last = x.detach().clone()
        return super().update(x)


@misconception(caught_by="test_values_are_not_kept_alive")
class RefersToTheLastValue(_Average):
    "To refer to the last value takes no memory."

    def update(self, x):
        self.last = x
        return super().update(x)


@misconception(caught_by="test_averages_returned_earlier_stay")
class UpdatesInPlace(_Average):
    "In place saves memory, and the average is always the latest."

    def update(self, x):
        self.average = self._old(x).lerp_(x.detach(), 1 - self.beta)
        return self.average


@misconception(caught_by="test_values_stay_as_they_are")
class ScalesTheValueInPlace(_Average):
    "The value has done its duty once it is in, so it may be scaled where it is."

    def update(self, x):
        old = self._old(x)
        self.average = x.detach().mul_(1 - self.beta) + self.beta * old
        return self.average


@misconception(caught_by="test_values_still_take_part_in_their_gradients")
class DetachesInPlace(_Average):
    "detach_ is detach without a copy."

    def update(self, x):
        return super().update(x.detach_())


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
        return self.average


@misconception(caught_by="test_the_calculation_behind_a_value_is_not_kept_alive")
class DetachesTheResultOnly(_Average):
    "Detaching what is returned is enough."

    def update(self, x):
        self.average = self._step(self._old(x), x)
        return self.average.detach()


@misconception(caught_by="test_the_average_may_take_part_in_gradients")
class RunsInInferenceMode(_Average):
    "inference_mode is no_grad, but faster."

    @torch.inference_mode()
    def update(self, x):
        return super().update(x)


@misconception(caught_by="test_two_averages_have_nothing_in_common")
class SharesItsState(_Average):
    "The average is kept by the class, as its methods are."

    shared = None

    def update(self, x):
        self.average = type(self).shared
        type(self).shared = super().update(x)
        return self.average
