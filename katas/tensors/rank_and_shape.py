"""How do rank and shape differ, and how does one follow from the other?

Nested lists have both too, and so has a single number.
"""


def shape_of(nested: float | list) -> tuple[int, ...]:
    """Return the shape that a tensor of this number or of these nested lists has.

    Whatever is no list is a number, whose shape is (). A list that holds nothing has shape (0,).
    The lists are left as they are.

    Raises:
        ValueError: the lists are ragged: at some depth an item has another shape than the first
            item of the same list, as a number has beside a list, or an empty list beside a filled
            one. The message names the first such item by its index in that list, counted from 0
            (all its indices from the outside in will do), and the shapes or the lengths of both.
    """
    raise NotImplementedError


def rank(shape: tuple[int, ...]) -> int:
    """Return the rank of a tensor of this shape, whatever the sizes of its axes."""
    raise NotImplementedError


def element_count(shape: tuple[int, ...]) -> int:
    """Return how many numbers a tensor of this shape holds."""
    raise NotImplementedError
