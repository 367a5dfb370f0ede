"""What does XResNet do better than the ResNet that it is made from?

It is as deep and nearly as large, and differs in a handful of places, each of them a line or two.
Here you build the two parts in which they are; what must hold of these parts is said below.
Together they learn: a stem of 16 channels, two blocks and a linear layer know 32 digits by heart
after 20 steps of gradient descent, at a rate of 0.2 with a momentum of 0.9.
"""

from torch import nn


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
    raise NotImplementedError


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
        raise NotImplementedError


def xresnet50(classes: int) -> nn.Sequential:
    """Return the whole network, from pictures of 3 channels to a score for each class."""
    layers = [stem(3, 64)]
    c_in = 64
    for c_out, blocks, stride in ((256, 3, 1), (512, 4, 2), (1024, 6, 2), (2048, 3, 2)):
        for number in range(blocks):
            layers.append(ResBlock(c_in, c_out, stride if number == 0 else 1))
            c_in = c_out
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(c_in, classes))
