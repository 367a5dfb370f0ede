"""What do model.train() and model.eval() change, and what do they leave alone?

Two sides of it: a layer that acts in one way in training and in another in use, and the switch
between the two for a whole model.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dojo import alternative, misconception

__all__ = ["Dropout", "set_training"]


class Dropout(nn.Module):
    """A layer that drops numbers at random in train mode, and does nothing in eval mode.

    Its mode is that of any torch.nn.Module, so that train() and eval() of a model switch it.
    """

    def __init__(self, p: float) -> None:
        """Take the share of the numbers that is zeroed, from 0 to 1, both included."""
        super().__init__()
        self.p = p

    def forward(self, x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Give x with a share p of its numbers zeroed in train mode, x as it is in eval mode.

        In train mode each number of x is zeroed with probability p, on its own: whatever becomes of
        its neighbours in the same row, channel or batch, of the same place in other examples, in an
        earlier call or in another Dropout. The numbers that stay are multiplied by the one factor
        that keeps the expected value of each what it was. With p = 0 all stay, with p = 1 none.

        Gradients pass in both modes: to a number that stays goes the factor times what arrives, to
        one that is zeroed goes 0, with p = 1 as well. x may have any shape, and is left as it is;
        the result has its dtype and device.
        """
        if not self.training:
            return x
        drop = torch.rand_like(x) < self.p
        return x.masked_fill(drop, 0) / (1 - self.p if self.p < 1 else 1)


def set_training(module: nn.Module, mode: bool) -> None:
    """Put a module into train mode (True) or eval mode (False), and every module inside it.

    Do it without train() and eval(), those of torch.nn.Module and those of a subclass. Modules may
    lie inside each other at any depth, in containers too, and each may have been in either mode; a
    place for a module may be empty (None). Nothing but the mode changes: neither requires_grad of
    a parameter nor whether torch records gradients.
    """
    for part in module.modules():
        part.training = mode


HINTS = (
    "Print vars(model) before and after model.eval(). How much has changed? Then look at what "
    "forward of a dropout reads.",
    "The mode is an attribute of each module, and torch's own method sets it on all of them. And "
    "if a number stays with probability 1 - p, which factor keeps its expected value?",
    "for part in module.modules(): part.training = mode. In forward, where self.training is true, "
    "zero x where torch.rand_like(x) < self.p and divide by 1 - self.p, but by 1 if p is 1.",
)
ANSWER = """
train() and eval() set one boolean, training, on the module and on every module inside it, and that
is all. The flag does nothing by itself: layers read it in their forward. Dropout draws its mask
only in train mode; batch norm takes the statistics of the batch there, and its running ones in
eval mode. Most layers never look.

Forget eval() and predictions change from call to call, or with what else is in the batch; forget
to switch back and the next epochs train without dropout. Neither raises an error. Dividing by
1 - p in training is what lets eval mode be the identity; the first papers on dropout multiplied by
1 - p in use instead.

That eval() switches gradients off is the common mistake. They are recorded as before: no_grad (or
inference_mode) is what stops them, and it does not touch the flag, so validation wants both. Nor
does eval() freeze parameters; that is requires_grad. And freezing a batch norm's parameters does
not stop its running statistics, which are buffers: in train mode they move on.
"""


@alternative(replaces="Dropout")
class Multiplies(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.kept = 1 - p

    def forward(self, x):
        if not self.training:
            return x.clone()
        chances = torch.full_like(x, self.kept, requires_grad=False)
        factor = 1 / self.kept if self.kept else 0.0
        return x * (torch.bernoulli(chances) * factor)


@alternative(replaces="Dropout")
class TorchsOwn(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.share = p

    def forward(self, x):
        return nn.functional.dropout(x, self.share, self.training)


@alternative(replaces="Dropout")
class DrawsOnTheHost(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, x):
        if self.training and self.p == 1:
            return x * 0.0
        if self.training and self.p > 0:
            mask = torch.rand(x.shape).gt(self.p).to(x) / (1 - self.p)
            return x * mask
        return x * 1.0


@alternative(replaces="set_training")
def goes_down_by_itself(module, mode):
    module.training = mode
    for child in module.children():
        goes_down_by_itself(child, mode)


@alternative(replaces="set_training")
def applies_a_function(module, mode):
    module.apply(lambda part: setattr(part, "training", mode))


@alternative(replaces="set_training")
def works_through_a_list(module, mode):
    waiting = [module]
    while waiting:
        part = waiting.pop()
        vars(part)["training"] = bool(mode)
        waiting += [child for child in part._modules.values() if child is not None]


@misconception(caught_by="test_the_flag_of_its_layers", replaces="set_training")
def sets_the_top_only(module, mode):
    "The model is in train or in eval mode, and its layers ask the model."
    module.training = mode


@misconception(caught_by="test_the_flag_of_layers_deeper_down", replaces="set_training")
def stops_at_the_children(module, mode):
    "children() are the layers of a model."
    module.training = mode
    for child in module.children():
        child.training = mode


@misconception(caught_by="test_the_flag_of_the_model_itself", replaces="set_training")
def forgets_the_module_itself(module, mode):
    "The layers are what has a mode."
    for child in module.children():
        _set(child, mode)


@misconception(caught_by="test_containers_have_a_mode_too", replaces="set_training")
def sets_layers_and_the_top(module, mode):
    "Containers compute nothing, so they need no mode."
    for part in module.modules():
        if part is module or not any(part.children()):
            part.training = mode


@misconception(caught_by="test_the_flag_of_its_layers", replaces="set_training")
def sets_only_what_torch_reads(module, mode):
    "Only dropout and batch norm have a mode."
    for part in module.modules():
        if part is module or isinstance(part, (nn.Dropout, nn.BatchNorm1d)):
            part.training = mode


@misconception(caught_by="test_train_mode_comes_back", replaces="set_training")
def only_leaves_train_mode(module, mode):
    "Setting the mode means going to eval mode, since train mode is there from the start."
    for part in module.modules():
        part.training = part.training and mode


@misconception(caught_by="test_what_is_in_the_mode_already_stays_in_it", replaces="set_training")
def turns_each_over(module, mode):
    "There are two modes, so setting one is leaving the other."
    for part in module.modules():
        part.training = not part.training


@misconception(
    caught_by="test_layers_are_set_where_the_model_is_in_the_mode_already", replaces="set_training"
)
def trusts_the_top(module, mode):
    "All modules of a model are in one mode, so the first tells whether there is work to do."
    if module.training != mode:
        _set(module, mode)


@misconception(caught_by="test_torchs_layers_follow", replaces="set_training")
def sets_an_attribute_named_mode(module, mode):
    "The mode of a module is its attribute mode."
    for part in module.modules():
        part.mode = mode


@misconception(caught_by="test_train_and_eval_are_not_called", replaces="set_training")
def calls_train(module, mode):
    "Without train and eval means without writing it a second time."
    module.train(mode)


@misconception(caught_by="test_an_empty_place_is_no_module", replaces="set_training")
def takes_every_entry_for_a_module(module, mode):
    "Every entry of _modules is a module."
    module.training = mode
    for child in module._modules.values():
        takes_every_entry_for_a_module(child, mode)


@misconception(caught_by="test_requires_grad_stays", replaces="set_training")
def freezes_in_eval(module, mode):
    "A model in eval mode is frozen."
    _set(module, mode)
    module.requires_grad_(mode)


@misconception(caught_by="test_torch_goes_on_recording_gradients", replaces="set_training")
def switches_gradients_off(module, mode):
    "eval mode needs no gradients, so torch stops recording them."
    _set(module, mode)
    torch.set_grad_enabled(mode)


class _Dropout(nn.Module):
    """What the wrong answers below share: all but the mistake."""

    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, x):
        return self.dropped(x) if self.training else self.used(x)

    def dropped(self, x):
        return x.masked_fill(self.mask(x), 0) * self.factor()

    def used(self, x):
        return x

    def mask(self, x):
        return torch.rand_like(x) < self.p

    def factor(self):
        return 1 / (1 - self.p) if self.p < 1 else 1.0


@misconception(caught_by="test_in_eval_mode_the_input_comes_back", replaces="Dropout")
class DropsAlways(_Dropout):
    "A dropout drops."

    def used(self, x):
        return self.dropped(x)


@misconception(caught_by="test_in_eval_mode_the_input_comes_back", replaces="Dropout")
class ScalesInEval(_Dropout):
    "Numbers are dropped in training, and scaled for it in use."

    def factor(self):
        return 1.0

    def used(self, x):
        return x * (1 - self.p)


@misconception(caught_by="test_in_eval_mode_the_input_comes_back", replaces="Dropout")
class ScalesInBoth(_Dropout):
    "The factor belongs to the layer, whatever its mode."

    def used(self, x):
        return x * self.factor()


@misconception(caught_by="test_the_flag_is_what_switches_it", replaces="Dropout")
class HearsOnlyTrainAndEval(_Dropout):
    "A layer that has two ways says in train() and eval() what they change."

    def __init__(self, p):
        super().__init__(p)
        self.active = True

    def train(self, mode=True):
        self.active = mode
        return super().train(mode)

    def forward(self, x):
        return self.dropped(x) if self.active else x


@misconception(
    caught_by=("test_the_mean_stays", "test_what_stays_is_larger_than_before"),
    replaces="Dropout",
)
class DoesNotScale(_Dropout):
    "What is not dropped stays as it is."

    def factor(self):
        return 1.0


@misconception(caught_by="test_the_mean_stays", replaces="Dropout")
class KeepsTheSpread(_Dropout):
    "The factor keeps the deviation, so it is the root of 1 / (1 - p)."

    def factor(self):
        return super().factor() ** 0.5


@misconception(caught_by="test_what_stays_is_divided_by_what_is_kept", replaces="Dropout")
class ScalesByWhatWasDropped(_Dropout):
    "The factor makes up for the numbers that fell out this time."

    def dropped(self, x):
        mask = self.mask(x)
        kept = (~mask).float().mean().clamp(min=1e-6).to(x.dtype)
        return x.masked_fill(mask, 0) / kept


@misconception(caught_by="test_a_share_of_p_is_zeroed", replaces="Dropout")
class TakesPForTheShareKept(_Dropout):
    "p is the probability that a number is kept."

    def __init__(self, p):
        super().__init__(1 - p)


@misconception(caught_by="test_p_0_zeroes_nothing", replaces="Dropout")
class TakesZeroForTheUsual(_Dropout):
    "A p of 0 means that none was chosen, and the usual one is a half."

    def __init__(self, p):
        super().__init__(p or 0.5)


@misconception(caught_by="test_two_examples_differ", replaces="Dropout")
class OneMaskForTheBatch(_Dropout):
    "One mask does for all examples of a batch."

    def mask(self, x):
        return torch.rand_like(x[0]) < self.p if x.dim() > 1 else super().mask(x)


@misconception(caught_by="test_the_numbers_of_an_example_are_drawn_apart", replaces="Dropout")
class DropsWholeExamples(_Dropout):
    "An example is dropped or stays."

    def mask(self, x):
        return torch.rand_like(x[..., :1]) < self.p if x.dim() > 1 else super().mask(x)


@misconception(caught_by="test_the_pixels_of_a_channel_are_drawn_apart", replaces="Dropout")
class DropsWholeChannels(_Dropout):
    "In pictures a channel is dropped or stays."

    def mask(self, x):
        return torch.rand_like(x[..., :1, :1]) < self.p if x.dim() == 4 else super().mask(x)


@misconception(caught_by="test_the_number_zeroed_varies", replaces="Dropout")
class DropsAnExactShare(_Dropout):
    "A share of p means just p of them, chosen at random."

    def mask(self, x):
        order = torch.rand_like(x).flatten().argsort().argsort().reshape(x.shape)
        return order < round(self.p * x.numel())


@misconception(caught_by="test_two_calls_differ", replaces="Dropout")
class KeepsItsMask(_Dropout):
    "A layer chooses once which numbers it drops."

    def mask(self, x):
        if getattr(self, "kept", x).shape != x.shape or not hasattr(self, "kept"):
            self.kept = super().mask(x)
        return self.kept


@misconception(caught_by="test_two_layers_differ", replaces="Dropout")
class SeedsItself(_Dropout):
    "A generator of its own with a fixed seed makes a layer reproducible."

    def __init__(self, p):
        super().__init__(p)
        self.generator = torch.Generator().manual_seed(0)

    def mask(self, x):
        return (torch.rand(x.shape, generator=self.generator) < self.p).to(x.device)


@misconception(caught_by="test_p_1_zeroes_everything", replaces="Dropout")
class DividesByNothing(_Dropout):
    "Dividing by 1 - p is right for every p."

    def dropped(self, x):
        return x.masked_fill(self.mask(x), 0) / torch.full_like(x, 1 - self.p)


@misconception(caught_by="test_with_p_1_the_gradient_is_0", replaces="Dropout")
class SelectsAfterDividing(_Dropout):
    "where() takes the zeros, so what the other side holds does not matter."

    def dropped(self, x):
        divided = x / torch.full_like(x, 1 - self.p)
        return torch.where(self.mask(x), torch.zeros_like(x), divided)


@misconception(caught_by="test_with_p_1_gradients_are_recorded", replaces="Dropout")
class GivesFreshZeros(_Dropout):
    "With p = 1 the result is zeros, and x has no part in it."

    def dropped(self, x):
        return super().dropped(x) if self.p < 1 else torch.zeros_like(x)


@misconception(caught_by="test_eval_mode_records_gradients", replaces="Dropout")
class StopsGradientsInEval(_Dropout):
    "In eval mode nothing is learned, so no gradient needs to pass."

    def used(self, x):
        return x.detach()


@misconception(caught_by="test_the_gradient_is_the_factor_or_0", replaces="Dropout")
class PassesGradientsUnscaled(_Dropout):
    "The factor corrects values; gradients pass through the mask alone."

    def dropped(self, x):
        kept = x.masked_fill(self.mask(x), 0)
        return kept + (kept * (self.factor() - 1)).detach()


@misconception(caught_by="test_the_dtype_stays", replaces="Dropout")
class MasksInFloat32(_Dropout):
    "A mask of zeros and ones has float32, as every tensor."

    def dropped(self, x):
        return x * (~self.mask(x)).float() * self.factor()


@misconception(caught_by="test_the_input_stays_as_it_is", replaces="Dropout")
class DropsInPlace(_Dropout):
    "The numbers that go in are not needed any more."

    def dropped(self, x):
        if x.requires_grad:
            return super().dropped(x)
        return x.masked_fill_(self.mask(x), 0).mul_(self.factor())


@misconception(caught_by="test_a_share_of_p_is_zeroed", replaces="Dropout", only_on="accelerator")
class MasksOnTheHost(_Dropout):
    "torch.rand draws where the numbers lie that it is used with."

    def dropped(self, x):
        return x * (torch.rand(x.shape) >= self.p) * self.factor()


def _set(module, mode):
    for part in module.modules():
        part.training = mode
