"""What is broadcasting?

Two tensors of different shapes can often be added all the same. Which shapes go together, and
what shape comes out, follows from a few rules that look at nothing but the sizes.
"""


def broadcast_shape(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape that tensors of these shapes broadcast to, from the rules, without torch.

    There may be any number of shapes, none included: those give (). A shape may be of any rank,
    () included. Sizes are integers from 0 up, and may be larger than any memory. The result is a
    tuple of ints.

    Raises:
        ValueError: the shapes clash. The message names the axis, counted from the right (-1 is the
            last), and two of the sizes that clash there. Where several axes clash, it is the
            rightmost of them, whatever the order of the shapes.
    """
    raise NotImplementedError
