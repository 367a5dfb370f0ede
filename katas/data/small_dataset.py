"""What is a large part of becoming good at deep learning in a field?

It is finding, or making, a small data set on which an idea can be tried within minutes, and whose
verdicts hold on the large one. Here you draw one.
"""

from collections.abc import Sequence

from jaxtyping import Int, Int64
from torch import Generator, Tensor


def subset(
    labels: Sequence[int] | Int[Tensor, " examples"],
    classes: Sequence[int],
    per_class: int,
    generator: Generator,
) -> Int64[Tensor, " indices"]:
    """Return the indices of per_class examples of each of the classes, and of no others.

    An index is a place in labels, from 0; none comes twice. The indices are in any order. Of each
    class all choices of per_class examples are equally likely, whatever is drawn of the others.
    Without classes there are no indices: a tensor of shape (0,).

    generator lives on the CPU and is the only source of chance: equal states give equal indices.

    Args:
        labels: The class of each example, a list or an integer tensor on the CPU; left as it is.
        classes: Which classes to draw, any ints, in any order.
        per_class: How many of each, at least 1.
        generator: Draws.

    Raises:
        ValueError: A class has fewer than per_class examples, or none; the message names the class,
            how many it has and how many were asked for. Or a class stands in classes twice; the
            message names it.
    """
    raise NotImplementedError
