"""What does register_buffer do that setting an attribute does not?

The numbers here are the means and deviations of a data set: a model needs them, and never learns
them.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dojo import alternative, misconception

__all__ = ["Standardize"]


class Standardize(nn.Module):
    """A layer that standardises pictures, channel by channel: (x - mean) / deviation.

    mean and deviation are given beforehand and are attributes of the module, by these names. They
    are part of it, in all that one does with a model: .to(), .half() and .double() move and convert
    them, state_dict() holds them under their names (and nothing else), and load_state_dict() sets
    them, whatever numbers the module was built with. They are no parameters: parameters() is empty,
    and no training changes them. Train and eval mode do not differ.
    """

    def __init__(
        self, mean: Float[Tensor, " channels"], deviation: Float[Tensor, " channels"]
    ) -> None:
        """Take a mean and a deviation, more than 0, for each channel.

        Both are copied, in the shape they have: whatever is written later into the tensors given,
        or into the module's, does not show in the other. The copies are constants: they require no
        gradient, even where the tensors given do.
        """
        super().__init__()
        self.register_buffer("mean", mean.detach().clone())
        self.register_buffer("deviation", deviation.detach().clone())

    def forward(
        self, x: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch channels height width"]:
        """Give the pictures standardised; x, of the module's dtype and device, stays as it is.

        The result has this dtype, too, and gradients pass to x.
        """
        return (x - self.mean[:, None, None]) / self.deviation[:, None, None]


HINTS = (
    "Set a tensor as an attribute, and a Parameter as another. Call .double() on the module, and "
    "print both, state_dict() and list(parameters()). You want half of what each does.",
    "register_buffer(name, tensor) makes the tensor an attribute that moves and is saved like a "
    "Parameter, and that is none. It takes the very tensor, and no copy.",
    'self.register_buffer("mean", mean.detach().clone()), deviation likewise; in forward '
    "self.mean[:, None, None] lines up with the channels of (batch, channels, height, width).",
)
ANSWER = """
A buffer is state that is not learned: the running statistics of batch norm, the numbers that data
were standardised with, a mask. register_buffer makes it an attribute that .to(device) moves, that
.half() and .double() convert, and that state_dict saves; parameters() leaves it out, so no
optimiser sees it. With persistent=False it moves and is not saved, which suits what can be computed
again.

A plain attribute works as long as nothing moves; on a GPU it fails at the first addition. Repaired
by a .to(x.device) in forward, it is still missing from every file, and a model loaded elsewhere
uses the numbers it happens to be built with: no error, only worse predictions. A Parameter without
gradient moves and is saved, but stands among the parameters, where whoever counts them, clips them,
or unfreezes a model by requires_grad_(True) finds it.

"So that it moves to the GPU" is only half of the answer, then. And what is computed from a buffer
in __init__, such as 1 / deviation, is out of date after load_state_dict: compute it in forward.
"""


@alternative
class AssignsToARegisteredName(nn.Module):
    def __init__(self, mean, deviation):
        super().__init__()
        for name, numbers in (("mean", mean), ("deviation", deviation)):
            self.register_buffer(name, None)
            setattr(self, name, numbers.clone().detach())

    def forward(self, x):
        channels = (1, -1, 1, 1)
        return x.sub(self.mean.view(channels)).div(self.deviation.view(channels))


@alternative
class MakesBuffers(nn.Module):
    def __init__(self, mean, deviation):
        super().__init__()
        self.mean = nn.Buffer(mean.detach().clone())
        self.deviation = nn.Buffer(deviation.detach().clone())

    def forward(self, x):
        return ((x.movedim(1, -1) - self.mean) / self.deviation).movedim(-1, 1)


@alternative
class IsABatchNormInUse(nn.Module):
    def __init__(self, mean, deviation):
        super().__init__()
        with torch.no_grad():
            self.register_buffer("mean", mean * 1)
            self.register_buffer("deviation", deviation * 1)

    def forward(self, x):
        return nn.functional.batch_norm(x, self.mean, self.deviation**2, eps=1e-30)


@alternative
class GoesChannelByChannel(nn.Module):
    def __init__(self, mean, deviation):
        super().__init__()
        self._buffers.update(mean=torch.empty_like(mean), deviation=torch.empty_like(deviation))
        self._buffers["mean"].copy_(mean.detach())
        self._buffers["deviation"].copy_(deviation.detach())

    def forward(self, x):
        numbers = zip(x.unbind(1), self.mean, self.deviation, strict=True)
        return torch.stack([(channel - m) / d for channel, m, d in numbers], dim=1)


class _Standardize(nn.Module):
    """What the wrong answers below share: all but the mistake."""

    def __init__(self, mean, deviation):
        super().__init__()
        self.keep("mean", mean.detach().clone())
        self.keep("deviation", deviation.detach().clone())

    def keep(self, name, numbers):
        self.register_buffer(name, numbers)

    def forward(self, x):
        mean, deviation = self.numbers(x)
        return (x - mean[:, None, None]) / deviation[:, None, None]

    def numbers(self, x):
        return self.mean, self.deviation


@misconception(
    caught_by=("test_the_module_takes_its_numbers_along", "test_the_result_has_the_modules_dtype")
)
class SetsAttributes(_Standardize):
    "A tensor that is set as an attribute is part of the module."

    def keep(self, name, numbers):
        setattr(self, name, numbers)


@misconception(
    caught_by=("test_the_state_dict_holds_the_numbers", "test_numbers_from_a_file_replace_its_own")
)
class SetsAttributesAndMovesThem(_Standardize):
    "All that a plain attribute lacks is a .to(x.device) in forward."

    def keep(self, name, numbers):
        setattr(self, name, numbers)

    def numbers(self, x):
        return self.mean.to(x), self.deviation.to(x)


@misconception(caught_by=("test_they_are_no_parameters", "test_training_leaves_them_alone"))
class MakesParameters(_Standardize):
    "What a module is to move and save is a Parameter."

    def keep(self, name, numbers):
        setattr(self, name, nn.Parameter(numbers))


@misconception(caught_by="test_they_are_no_parameters")
class MakesFrozenParameters(_Standardize):
    "A Parameter with requires_grad=False is a buffer."

    def keep(self, name, numbers):
        setattr(self, name, nn.Parameter(numbers, requires_grad=False))


@misconception(
    caught_by=("test_the_state_dict_holds_the_numbers", "test_numbers_from_a_file_replace_its_own")
)
class DoesNotSave(_Standardize):
    "What is given to the constructor need not be saved, so persistent=False will do."

    def keep(self, name, numbers):
        self.register_buffer(name, numbers, persistent=False)


@misconception(caught_by="test_what_is_given_is_copied")
class KeepsTheTensorsGiven(_Standardize):
    "register_buffer takes a copy."

    def __init__(self, mean, deviation):
        nn.Module.__init__(self)
        self.keep("mean", mean.detach())
        self.keep("deviation", deviation.detach())


@misconception(caught_by="test_they_require_no_gradient")
class KeepsTheGraph(_Standardize):
    "A clone has nothing to do with what it was made from."

    def __init__(self, mean, deviation):
        nn.Module.__init__(self)
        self.keep("mean", mean.clone())
        self.keep("deviation", deviation.clone())


@misconception(caught_by="test_they_have_the_shape_given")
class KeepsThemAsForwardNeedsThem(_Standardize):
    "A buffer is best kept in the shape that forward computes with."

    def keep(self, name, numbers):
        self.register_buffer(name, numbers[:, None, None])

    def numbers(self, x):
        return self.mean[:, 0, 0], self.deviation[:, 0, 0]


@misconception(caught_by="test_numbers_from_a_file_replace_its_own")
class ComputesWithItsOwnCopies(_Standardize):
    "The buffers are for saving, and forward may use what __init__ was given."

    def __init__(self, mean, deviation):
        super().__init__(mean, deviation)
        self.pair = mean.detach().clone(), deviation.detach().clone()

    def numbers(self, x):
        return self.pair[0].to(x), self.pair[1].to(x)


@misconception(caught_by="test_the_state_dict_holds_nothing_else")
class SavesWhatItDerives(_Standardize):
    "What forward needs is a buffer each, what is computed from others too."

    def __init__(self, mean, deviation):
        super().__init__(mean, deviation)
        self.register_buffer("scale", 1 / self.deviation)

    def forward(self, x):
        return (x - self.mean[:, None, None]) * self.scale[:, None, None]


@misconception(caught_by="test_the_state_dict_holds_the_numbers")
class KeepsTheReciprocal(_Standardize):
    "Multiplying is faster than dividing, so deviation is stored as 1 / deviation."

    def keep(self, name, numbers):
        self.register_buffer(name, numbers if name == "mean" else 1 / numbers)

    def numbers(self, x):
        return self.mean, 1 / self.deviation


@misconception(caught_by="test_the_state_dict_holds_the_numbers")
class RegistersInForward(_Standardize):
    "A buffer is made when it is first needed."

    def keep(self, name, numbers):
        setattr(self, f"_{name}", numbers)

    def numbers(self, x):
        for name in ("mean", "deviation"):
            if not hasattr(self, name):
                self.register_buffer(name, getattr(self, f"_{name}").to(x))
        return self.mean, self.deviation


@misconception(caught_by="test_training_leaves_them_alone")
class FollowsTheBatches(_Standardize):
    "Buffers are running statistics, and each batch in train mode moves them on."

    def forward(self, x):
        result = super().forward(x)
        if self.training:
            with torch.no_grad():
                self.mean.lerp_(x.mean((0, 2, 3)), 0.1)
        return result


@misconception(caught_by="test_train_and_eval_mode_agree")
class UsesTheBatchInTraining(_Standardize):
    "In train mode a batch is standardised with numbers of its own."

    def numbers(self, x):
        if self.training:
            return x.mean((0, 2, 3)), x.std((0, 2, 3), correction=0)
        return super().numbers(x)


@misconception(caught_by="test_each_channel_has_its_own_numbers")
class GoesAlongTheWidth(_Standardize):
    "A tensor of one axis lines up with the channels of a picture."

    def forward(self, x):
        return (x - self.mean) / self.deviation


@misconception(caught_by="test_each_channel_has_its_own_numbers")
class GoesAlongTheHeight(_Standardize):
    "One axis more is all that the channels need."

    def forward(self, x):
        return (x - self.mean[:, None]) / self.deviation[:, None]


@misconception(caught_by="test_a_deviation_above_1_brings_pixels_closer")
class MovesTheMeanOnly(_Standardize):
    "Standardising is taking the mean away; the deviation is for the way back."

    def numbers(self, x):
        return self.mean, torch.ones_like(self.deviation)


@misconception(caught_by="test_a_large_deviation_is_divided_by")
class TakesItForTheVariance(_Standardize):
    "What a picture is divided by is the root of the second number."

    def numbers(self, x):
        return self.mean, self.deviation.sqrt()


@misconception(caught_by="test_a_small_deviation_is_no_other")
class AddsALittle(_Standardize):
    "A deviation gets 1e-5 on top, so that nobody divides by 0."

    def numbers(self, x):
        return self.mean, self.deviation + 1e-5


@misconception(caught_by="test_any_number_of_channels_will_do")
class KnowsThreeChannels(_Standardize):
    "Pictures have three channels."

    def forward(self, x):
        mean, deviation = (numbers.expand(3)[:, None, None] for numbers in self.numbers(x))
        return (x - mean) / deviation


@misconception(caught_by="test_gradients_pass_to_the_pictures")
class StopsGradients(_Standardize):
    "A layer that learns nothing needs no gradients."

    def forward(self, x):
        with torch.no_grad():
            return super().forward(x)


@misconception(caught_by="test_the_pictures_stay_as_they_are")
class WorksInPlace(_Standardize):
    "Pictures that are standardised are not needed as they were."

    def forward(self, x):
        if x.requires_grad:
            return super().forward(x)
        return x.sub_(self.mean[:, None, None]).div_(self.deviation[:, None, None])
