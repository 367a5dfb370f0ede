"""What does XResNet do better than the ResNet that it is made from?

It is as deep and nearly as large, and differs in a handful of places, each of them a line or two.
Here you build the two parts in which they are; what must hold of these parts is said below.
Together they learn: a stem of 16 channels, two blocks and a linear layer know 32 digits by heart
after 20 steps of gradient descent, at a rate of 0.2 with a momentum of 0.9.
"""

from collections import OrderedDict
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dojo import alternative, given, misconception

__all__ = ["ResBlock", "stem"]


@given
def conv_norm(
    c_in: int, c_out: int, kernel: int = 1, stride: int = 1, relu: bool = True
) -> nn.Sequential:
    """Return a convolution without bias, its batch norm and, if asked for, a relu.

    The kernel is a square of odd size, padded such that only the stride makes pictures smaller.
    """
    conv = nn.Conv2d(c_in, c_out, kernel, stride, padding=kernel // 2, bias=False)
    layers = [conv, nn.BatchNorm2d(c_out)]
    return nn.Sequential(*layers, nn.ReLU()) if relu else nn.Sequential(*layers)


def stem(c_in: int, c_out: int) -> nn.Sequential:
    """Return what comes before the first block: it makes height and width a quarter.

    Three convolutions, then a pooling of any kind, for heights and widths that are multiples of 4.
    All kernels of the convolutions are 3×3. They have c_out // 2, c_out // 2 and c_out channels,
    and only the first has a stride. Each comes from conv_norm, with its norm and its relu.
    """
    half = c_out // 2
    return nn.Sequential(
        conv_norm(c_in, half, kernel=3, stride=2),
        conv_norm(half, half, kernel=3),
        conv_norm(half, c_out, kernel=3),
        nn.MaxPool2d(kernel_size=3, stride=2, padding=1),
    )


class ResBlock(nn.Module):
    """A bottleneck block: relu of the sum of a branch and a shortcut.

    The branch has three convolutions, of 1×1 to c_out // 4 channels, of 3×3 in these, and of 1×1 to
    c_out channels, each with its norm, and a relu after the first and the second. The shortcut has
    no parameters where c_in is c_out, else one 1×1 convolution with its norm and no relu. All
    convolutions come from conv_norm. It makes height and width, which are even, smaller by the
    stride, 1 or 2. The input is not changed.

    For an input x three things hold:

    - No pixel is passed over, at any stride: no convolution of 1×1 has one, and every number of x
      has a say in what the shortcut gives.
    - A new block adds nothing to its shortcut, in train and in eval mode. Where c_in is c_out it
      gives relu(x), to the bit; with a stride of 2 it gives relu of the means of x over squares of
      2×2 pixels.
    - It learns all the same: in the first backward the weight of the branch's last norm gets a
      gradient that is not 0, and once a step was made by that one, so does every parameter.
    """

    def __init__(self, c_in: int, c_out: int, stride: int = 1) -> None:
        """Take the channels before and after the block, c_out a multiple of 4, and the stride."""
        super().__init__()
        width = c_out // 4
        self.branch = nn.Sequential(
            conv_norm(c_in, width),
            conv_norm(width, width, kernel=3, stride=stride),
            conv_norm(width, c_out, relu=False),
        )
        nn.init.zeros_(self.branch[-1][-1].weight)
        self.shortcut = nn.Sequential()
        if stride == 2:
            self.shortcut.append(nn.AvgPool2d(2))
        if c_in != c_out:
            self.shortcut.append(conv_norm(c_in, c_out, relu=False))

    def forward(
        self, x: Float[Tensor, "batch c_in height width"]
    ) -> Float[Tensor, "batch c_out height_out width_out"]:
        return (self.branch(x) + self.shortcut(x)).relu()


@given
def xresnet50(classes: int) -> nn.Sequential:
    """Return the whole network, from pictures of 3 channels to a score for each class."""
    layers = [stem(3, 64)]
    c_in = 64
    for c_out, blocks, stride in ((256, 3, 1), (512, 4, 2), (1024, 6, 2), (2048, 3, 2)):
        for number in range(blocks):
            layers.append(ResBlock(c_in, c_out, stride if number == 0 else 1))
            c_in = c_out
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(c_in, classes))


HINTS = (
    "Which pixels does a 1×1 convolution with a stride of 2 look at? Where in the block could the "
    "stride go instead, and what could make the shortcut smaller without leaving pixels out?",
    "The 3×3 takes the stride of the branch, an average pooling that of the shortcut. A norm "
    "multiplies by its weight and adds its bias: with which weight does the branch add nothing, "
    "and which of its three norms can have it without cutting off the gradients of all others?",
    "branch = nn.Sequential(conv_norm(c_in, c_out // 4), conv_norm(.., .., kernel=3, "
    "stride=stride), conv_norm(.., c_out, relu=False)), and nn.init.zeros_(branch[-1][-1].weight). "
    "The shortcut is empty, but for nn.AvgPool2d(2) at stride 2 and a conv_norm with relu=False "
    "where c_in is not c_out.",
)
ANSWER = """
Three tweaks, called B, C and D, and a way to start. B: the stride of a bottleneck moves from its
first 1×1, which skips three of four pixels, to the 3×3, which sees them all. C: three 3×3
convolutions take the place of the 7×7 at the entrance. D: the strided 1×1 of the shortcut becomes
an average pooling and a 1×1 without stride. Together they took ResNet-50 from 76.2 to 77.2% on
ImageNet, with 25.58 million parameters where there were 25.56.

The start is not from there but from training with large batches: the last norm of each branch has
weight 0, so that a new network of fifty layers is little more than its shortcuts, and blocks join
in as they learn. Only the last one may be 0. If all three are, nothing but the last bias ever gets
a gradient; and a relu behind the last norm would stop it as well, its slope at 0 being 0.

B speaks of bottlenecks, in networks of 50 layers and more. The blocks of ResNet-18 and 34 have no
1×1 in the branch from which a stride could be moved.
"""


@alternative(replaces="stem")
def builds_the_stem_from_sizes(c_in, c_out):
    sizes = [c_in, c_out // 2, c_out // 2, c_out]
    layers = [
        layer
        for i, (before, after) in enumerate(pairwise(sizes))
        for layer in conv_norm(before, after, 3, stride=1 if i else 2)
    ]
    return nn.Sequential(*layers, nn.MaxPool2d(2))


@alternative(replaces="stem")
def names_the_layers_of_the_stem(c_in, c_out):
    return nn.Sequential(
        OrderedDict(
            first=conv_norm(c_in, c_out // 2, 3, 2),
            second=conv_norm(c_out // 2, c_out // 2, 3),
            third=conv_norm(c_out // 2, c_out, 3),
            pool=nn.AvgPool2d(2),
        )
    )


@alternative(replaces="ResBlock")
class PoolsAfterTheConvolution(nn.Module):
    def __init__(self, c_in, c_out, stride=1):
        super().__init__()
        self.squeeze = conv_norm(c_in, c_out // 4)
        self.look = conv_norm(c_out // 4, c_out // 4, 3, stride)
        self.expand = conv_norm(c_out // 4, c_out, relu=False)
        self.expand[1].weight.data.fill_(0)
        self.same = nn.Identity() if c_in == c_out else conv_norm(c_in, c_out, relu=False)
        self.stride = stride

    def forward(self, x):
        shortcut = self.same(x)
        if self.stride > 1:
            shortcut = nn.functional.avg_pool2d(shortcut, self.stride)
        return torch.relu(shortcut + self.expand(self.look(self.squeeze(x))))


@alternative(replaces="ResBlock")
class AveragesByHand(nn.Module):
    def __init__(self, c_in, c_out, stride=1):
        super().__init__()
        sizes = [c_in, c_out // 4, c_out // 4, c_out]
        self.layers = nn.ModuleList(
            conv_norm(sizes[i], sizes[i + 1], (1, 3, 1)[i], stride if i == 1 else 1, relu=i < 2)
            for i in range(3)
        )
        with torch.no_grad():
            self.layers[2][1].weight *= 0
        self.fit = conv_norm(c_in, c_out, relu=False) if c_in != c_out else None
        self.stride = stride

    def forward(self, x):
        short = x
        if self.stride == 2:
            n, c, height, width = x.shape
            short = x.reshape(n, c, height // 2, 2, width // 2, 2).mean((3, 5))
        if self.fit is not None:
            short = self.fit(short)
        for layer in self.layers:
            x = layer(x)
        return (x + short).clamp(min=0)


class _Block(nn.Module):
    """Like the answer, with each part in a method, so that a wrong one can be put in."""

    def __init__(self, c_in, c_out, stride=1):
        super().__init__()
        self.branch = self.make_branch(c_in, c_out, stride)
        self.shortcut = self.make_shortcut(c_in, c_out, stride)
        self.start()

    def make_branch(self, c_in, c_out, stride):
        return _bottleneck(c_in, c_out // 4, c_out, (1, stride, 1))

    def make_shortcut(self, c_in, c_out, stride):
        pool = [nn.AvgPool2d(2)] if stride == 2 else []
        fit = [] if c_in == c_out else [conv_norm(c_in, c_out, relu=False)]
        return nn.Sequential(*pool, *fit)

    def start(self):
        nn.init.zeros_(self.branch[-1][1].weight)

    def forward(self, x):
        return (self.branch(x) + self.shortcut(x)).relu()


def _bottleneck(c_in, width, c_out, strides, relu=False):
    first, second, third = strides
    return nn.Sequential(
        conv_norm(c_in, width, 1, first),
        conv_norm(width, width, 3, second),
        conv_norm(width, c_out, 1, third, relu=relu),
    )


class _Wrapped(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        return self.layers(x)


class _EverySecond(nn.Module):
    def forward(self, x):
        return x[:, :, ::2, ::2]


@misconception(caught_by="test_kernels_of_the_stem_are_three_by_three", replaces="stem")
def keeps_the_seven_by_seven(c_in, c_out):
    "The first layer has to see far, so its kernel is 7×7."
    return nn.Sequential(conv_norm(c_in, c_out, 7, 2), nn.MaxPool2d(3, 2, 1))


@misconception(caught_by="test_the_first_convolution_has_a_stride", replaces="stem")
def strides_at_the_end_of_the_stem(c_in, c_out):
    "A stride throws pixels away, so it comes last."
    half = c_out // 2
    layers = conv_norm(c_in, half, 3), conv_norm(half, half, 3), conv_norm(half, c_out, 3, 2)
    return nn.Sequential(*layers, nn.MaxPool2d(3, 2, 1))


@misconception(caught_by="test_only_the_first_convolution_has_a_stride", replaces="stem")
def strides_twice(c_in, c_out):
    "Strided convolutions have taken the place of poolings."
    half = c_out // 2
    layers = conv_norm(c_in, half, 3, 2), conv_norm(half, half, 3), conv_norm(half, c_out, 3, 2)
    return nn.Sequential(*layers)


@misconception(caught_by="test_the_stem_quarters_the_size", replaces="stem")
def leaves_the_pooling_out(c_in, c_out):
    "The three convolutions are the stem, and blocks follow at once."
    half = c_out // 2
    layers = conv_norm(c_in, half, 3, 2), conv_norm(half, half, 3), conv_norm(half, c_out, 3)
    return nn.Sequential(*layers)


@misconception(caught_by="test_channels_of_the_stem", replaces="stem")
def has_all_channels_at_once(c_in, c_out):
    "All three convolutions of a stem are of one width."
    layers = conv_norm(c_in, c_out, 3, 2), conv_norm(c_out, c_out, 3), conv_norm(c_out, c_out, 3)
    return nn.Sequential(*layers, nn.MaxPool2d(3, 2, 1))


@misconception(caught_by="test_channels_of_the_stem", replaces="stem")
def doubles_the_channels(c_in, c_out):
    "Each convolution doubles the channels."
    half, quarter = c_out // 2, c_out // 4
    layers = conv_norm(c_in, quarter, 3, 2), conv_norm(quarter, half, 3), conv_norm(half, c_out, 3)
    return nn.Sequential(*layers, nn.MaxPool2d(3, 2, 1))


@misconception(caught_by="test_the_stem_ends_in_a_relu", replaces="stem")
def ends_the_stem_without_relu(c_in, c_out):
    "As in a block, the last convolution has no relu."
    half = c_out // 2
    layers = conv_norm(c_in, half, 3, 2), conv_norm(half, half, 3)
    return nn.Sequential(*layers, conv_norm(half, c_out, 3, relu=False), nn.MaxPool2d(3, 2, 1))


@misconception(caught_by="test_convolutions_of_the_stem_have_relus_between", replaces="stem")
def has_one_relu_in_the_stem(c_in, c_out):
    "Three convolutions stand for one of 7×7, and that had one relu behind it."
    half = c_out // 2
    layers = conv_norm(c_in, half, 3, 2, relu=False), conv_norm(half, half, 3, relu=False)
    return nn.Sequential(*layers, conv_norm(half, c_out, 3), nn.MaxPool2d(3, 2, 1))


@misconception(caught_by="test_each_convolution_of_the_stem_has_a_norm", replaces="stem")
def leaves_norms_out_of_the_stem(c_in, c_out):
    "Norms belong to the blocks."
    sizes = (c_in, c_out // 2, 2), (c_out // 2, c_out // 2, 1), (c_out // 2, c_out, 1)
    layers = [nn.Conv2d(before, after, 3, stride, 1) for before, after, stride in sizes]
    relus = [nn.ReLU() for _ in layers]
    pairs = [part for pair in zip(layers, relus, strict=True) for part in pair]
    return nn.Sequential(*pairs, nn.MaxPool2d(3, 2, 1))


@misconception(caught_by="test_the_stem_is_a_sequential", replaces="stem")
def makes_the_stem_a_block(c_in, c_out):
    "Any module will do where layers are wanted."
    return _Wrapped(
        conv_norm(c_in, c_out // 2, 3, 2),
        conv_norm(c_out // 2, c_out // 2, 3),
        conv_norm(c_out // 2, c_out, 3),
        nn.MaxPool2d(3, 2, 1),
    )


@misconception(caught_by="test_a_small_net_learns_digits_by_heart", replaces="stem")
def starts_the_stem_at_zero(c_in, c_out):
    "The last norm starts at 0, in the stem as in the blocks."
    half = c_out // 2
    layers = conv_norm(c_in, half, 3, 2), conv_norm(half, half, 3), conv_norm(half, c_out, 3)
    nn.init.zeros_(layers[-1][1].weight)
    return nn.Sequential(*layers, nn.MaxPool2d(3, 2, 1))


@misconception(caught_by="test_every_pixel_counts_in_the_branch", replaces="ResBlock")
class StridesFirst(_Block):
    "The sooner a branch makes pictures smaller, the less there is to compute."

    def make_branch(self, c_in, c_out, stride):
        return _bottleneck(c_in, c_out // 4, c_out, (stride, 1, 1))


@misconception(caught_by="test_no_convolution_of_one_by_one_has_a_stride", replaces="ResBlock")
class StridesLast(_Block):
    "The branch sees all pixels if it is made smaller at the very end."

    def make_branch(self, c_in, c_out, stride):
        return _bottleneck(c_in, c_out // 4, c_out, (1, 1, stride))


@misconception(caught_by="test_every_number_counts_where_channels_change", replaces="ResBlock")
class StridesInTheShortcut(_Block):
    "The shortcut's own convolution makes it fit, channels and size in one."

    def make_shortcut(self, c_in, c_out, stride):
        if c_in == c_out:
            return super().make_shortcut(c_in, c_out, stride)
        return conv_norm(c_in, c_out, 1, stride, relu=False)


@misconception(caught_by="test_a_new_block_with_a_stride_gives_means", replaces="ResBlock")
class TakesEverySecondPixel(_Block):
    "Where the channels fit, every second pixel will do."

    def make_shortcut(self, c_in, c_out, stride):
        if c_in == c_out and stride == 2:
            return _EverySecond()
        return super().make_shortcut(c_in, c_out, stride)


@misconception(
    caught_by="test_every_number_counts_where_only_the_size_changes", replaces="ResBlock"
)
class TakesTheLargest(_Block):
    "A pooling is a max pooling, in the shortcut as in the stem."

    def make_shortcut(self, c_in, c_out, stride):
        shortcut = super().make_shortcut(c_in, c_out, stride)
        return nn.Sequential(nn.MaxPool2d(2), *list(shortcut)[1:]) if stride == 2 else shortcut


@misconception(caught_by="test_a_block_has_the_size_it_promises", replaces="ResBlock")
class StridesWithTheChannelsOnly(_Block):
    "Pictures get smaller where channels get more, and nowhere else."

    def __init__(self, c_in, c_out, stride=1):
        super().__init__(c_in, c_out, 1 if c_in == c_out else stride)


@misconception(caught_by="test_a_new_block_is_relu_of_its_input", replaces="ResBlock")
class AlwaysConvolvesTheShortcut(_Block):
    "A shortcut is a convolution of 1×1, so that any shapes fit."

    def make_shortcut(self, c_in, c_out, stride):
        pool = [nn.AvgPool2d(2)] if stride == 2 else []
        return nn.Sequential(*pool, conv_norm(c_in, c_out, relu=False))


@misconception(caught_by="test_a_new_block_with_a_stride_gives_means", replaces="ResBlock")
class ConvolvesWhereTheSizeDiffers(_Block):
    "Only where nothing differs, neither channels nor size, is a shortcut free of parameters."

    def make_shortcut(self, c_in, c_out, stride):
        shortcut = super().make_shortcut(c_in, c_out, stride)
        if c_in == c_out and stride == 2:
            shortcut.append(conv_norm(c_in, c_out, relu=False))
        return shortcut


@misconception(caught_by="test_a_new_shortcut_keeps_its_negatives", replaces="ResBlock")
class CutsTheNewShortcut(_Block):
    "conv_norm comes with its relu, in the shortcut as elsewhere."

    def make_shortcut(self, c_in, c_out, stride):
        pool = [nn.AvgPool2d(2)] if stride == 2 else []
        return nn.Sequential(*pool, *([] if c_in == c_out else [conv_norm(c_in, c_out)]))


@misconception(caught_by="test_a_new_shortcut_has_a_norm", replaces="ResBlock")
class LeavesTheShortcutsNormOut(_Block):
    "A shortcut is to change as little as can be, so its convolution has no norm."

    def make_shortcut(self, c_in, c_out, stride):
        shortcut = super().make_shortcut(c_in, c_out, stride)
        return shortcut if c_in == c_out else nn.Sequential(*shortcut[:-1], shortcut[-1][0])


@misconception(caught_by="test_every_number_counts_where_channels_change", replaces="ResBlock")
class HasNoShortcutBetweenShapes(_Block):
    "Where the shapes differ there is nothing to add, and the branch goes alone."

    def __init__(self, c_in, c_out, stride=1):
        super().__init__(c_in, c_out, stride)
        if c_in != c_out:
            self.shortcut = None

    def forward(self, x):
        return (self.branch(x) if self.shortcut is None else super().forward(x)).relu()


@misconception(caught_by="test_a_new_block_is_relu_of_its_input", replaces="ResBlock")
class StartsAtOne(_Block):
    "A norm starts with weight 1 and bias 0, and that is neutral."

    def start(self):
        nn.init.zeros_(self.branch[-1][1].bias)


@misconception(caught_by="test_the_last_norm_learns_at_once", replaces="ResBlock")
class StartsAllNormsAtZero(_Block):
    "A branch that is to add nothing starts with all its norms at 0."

    def start(self):
        for layer in self.branch:
            nn.init.zeros_(layer[1].weight)


@misconception(caught_by="test_the_last_norm_learns_at_once", replaces="ResBlock")
class FreezesTheZero(_Block):
    "A norm that was set to 0 is to stay there."

    def start(self):
        super().start()
        self.branch[-1][1].weight.requires_grad_(False)


@misconception(caught_by="test_the_last_norm_learns_at_once", replaces="ResBlock")
class StartsTheLastConvolutionAtZero(_Block):
    "The branch adds nothing if its last convolution is 0."

    def start(self):
        nn.init.zeros_(self.branch[-1][0].weight)


@misconception(caught_by="test_the_last_norm_learns_at_once", replaces="ResBlock")
class CutsTheBranchToo(_Block):
    "Each convolution has its relu, the last of the branch as well."

    def make_branch(self, c_in, c_out, stride):
        return _bottleneck(c_in, c_out // 4, c_out, (1, stride, 1), relu=True)


@misconception(caught_by="test_a_new_block_is_relu_of_its_input", replaces="ResBlock")
class CutsTheBranchOnly(_Block):
    "The relu belongs to the branch, and the sum stays as it is."

    def forward(self, x):
        return self.branch(x).relu() + self.shortcut(x)


@misconception(caught_by="test_the_branch_is_added_to_what_came_in", replaces="ResBlock")
class CutsTheShortcutToo(_Block):
    "Relu of a sum is the sum of relus, so the shortcut can be cut before it."

    def forward(self, x):
        return (self.branch(x) + self.shortcut(x).relu()).relu()


@misconception(caught_by="test_the_input_stays_as_it_is", replaces="ResBlock")
class AddsInPlace(_Block):
    "The branch is added to the shortcut where that stands, which saves a tensor."

    def forward(self, x):
        out = self.shortcut(x)
        out += self.branch(x)
        return out.relu()


@misconception(caught_by="test_the_output_decides_how_narrow_it_is", replaces="ResBlock")
class NarrowsByTheInput(_Block):
    "The bottleneck is a quarter of what comes in."

    def make_branch(self, c_in, c_out, stride):
        return _bottleneck(c_in, c_in // 4, c_out, (1, stride, 1))


@misconception(caught_by="test_the_branch_is_a_bottleneck", replaces="ResBlock")
class NarrowsByHalf(_Block):
    "A bottleneck is half as wide as the block."

    def make_branch(self, c_in, c_out, stride):
        return _bottleneck(c_in, c_out // 2, c_out, (1, stride, 1))


@misconception(caught_by="test_the_branch_is_a_bottleneck", replaces="ResBlock")
class HasTheBlockOfThirtyFour(_Block):
    "A block has two convolutions of 3×3, the first with the stride."

    def make_branch(self, c_in, c_out, stride):
        layers = conv_norm(c_in, c_out, 3, stride), conv_norm(c_out, c_out, 3, relu=False)
        return nn.Sequential(*layers)
