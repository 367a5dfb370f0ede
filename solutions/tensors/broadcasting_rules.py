"""What is broadcasting?

Two tensors of different shapes can often be added all the same. Which shapes go together, and
what shape comes out, follows from a few rules that look at nothing but the sizes.
"""

from itertools import pairwise, zip_longest

from dojo import alternative, misconception

__all__ = ["broadcast_shape"]


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
    result: list[int] = []
    from_the_right = zip_longest(*(reversed(shape) for shape in shapes), fillvalue=1)
    for place, sizes in enumerate(from_the_right, 1):
        different = sorted({*sizes} - {1})
        if len(different) > 1:
            raise ValueError(
                f"axis -{place} has sizes {different[0]} and {different[1]}: "
                "make them equal, or one of them 1"
            )
        result.insert(0, different[0] if different else 1)
    return tuple(result)


HINTS = (
    "Add two tensors of zeros and look at the shape: (2, 3) and (3,), then (3, 1) and (1, 4), "
    "then (1,) and (0,).",
    "Write the shapes below each other, flush right, and fill the gaps with 1. Each column then "
    "has an answer of its own. Which sizes in it matter?",
    "itertools.zip_longest over the reversed shapes, with fillvalue=1, gives the columns from the "
    "right. Drop the ones from a column: no size left gives 1, one distinct size is the answer, "
    "two or more clash.",
)
ANSWER = """
Broadcasting lets tensors of different shapes take part in one operation. Shapes are aligned on the
right, and a missing axis counts as one of size 1. In each column all sizes that are not 1 must be
equal; axes of size 1 are stretched to that size, by a stride of 0 and without a copy. The rule is
about 1, not about small and large: 0 wins against 1, and 2 never repeats to fill 4.

It is often said that the smaller tensor is stretched to fit the larger. That is not all of it:
(3, 1) and (1, 4) are both stretched, to (3, 4). This is also how the rule bites. Predictions of
shape (batch, 1) less targets of shape (batch,) are no error but a table of (batch, batch).
"""


@alternative
def pads_with_ones_on_the_left(*shapes):
    rank = max((len(shape) for shape in shapes), default=0)
    padded = [(1,) * (rank - len(shape)) + tuple(shape) for shape in shapes]
    result = [1] * rank
    for axis in range(-1, -rank - 1, -1):
        for shape in padded:
            if shape[axis] == 1:
                continue
            if result[axis] not in (1, shape[axis]):
                raise ValueError(f"{result[axis]} against {shape[axis]} on axis {axis}")
            result[axis] = shape[axis]
    return tuple(result)


@alternative
def asks_each_shape_for_its_axis(*shapes):
    result = ()
    axis = -1
    while any(len(shape) >= -axis for shape in shapes):
        sizes = [shape[axis] for shape in shapes if len(shape) >= -axis]
        size = next((size for size in sizes if size != 1), 1)
        for other in sizes:
            if other not in (1, size):
                raise ValueError(f"axis {axis}: {size} meets {other}")
        result = (size, *result)
        axis -= 1
    return result


@alternative
def folds_each_column_two_by_two(*shapes):
    def meet(axis, one, other):
        if one != other and 1 not in (one, other):
            raise ValueError(f"axis={axis}, sizes={one},{other}")
        return other if one == 1 else one

    rank = max([len(shape) for shape in shapes] + [0])
    result = []
    for axis in range(1, rank + 1):
        size = 1
        for shape in shapes:
            size = meet(-axis, size, shape[-axis] if axis <= len(shape) else 1)
        result.append(size)
    return tuple(reversed(result))


@misconception(caught_by="test_shapes_are_aligned_on_the_right")
def aligns_on_the_left(*shapes):
    "Shapes are read from left to right, so the first axes belong together."
    rank = max(map(len, shapes), default=0)
    return _broadcast([(*shape, *(1,) * (rank - len(shape))) for shape in shapes])


@misconception(caught_by="test_axes_that_only_one_shape_has_stay")
def stops_at_the_shortest(*shapes):
    "Only the axes that all shapes have take part."
    rank = min(map(len, shapes), default=0)
    return _broadcast([shape[len(shape) - rank :] for shape in shapes])


@misconception(caught_by="test_axes_that_only_one_shape_has_stay")
def asks_for_equal_ranks(*shapes):
    "Tensors of different rank need unsqueeze before they go together."
    if len({len(shape) for shape in shapes}) > 1:
        raise ValueError(f"ranks differ: {shapes}")
    return _broadcast(shapes)


@misconception(caught_by="test_different_sizes_clash")
def takes_the_larger_size(*shapes):
    "The larger size wins."
    return tuple(max(sizes) for sizes in _columns(shapes))


@misconception(
    caught_by=(
        "test_a_size_that_divides_the_other_clashes_all_the_same",
        "test_agrees_with_torch_on_drawn_shapes",
    )
)
def repeats_where_the_larger_divides(*shapes):
    "The smaller one is repeated as often as it fits."
    for place, sizes in enumerate(reversed(_columns(shapes)), 1):
        for size in sizes:
            if max(sizes) % size if size else max(sizes) > 1:
                raise ValueError(f"axis -{place}: {max(sizes)} is not a multiple of {size}")
    return tuple(_first_that_is_not_1(sorted(sizes, reverse=True)) for sizes in _columns(shapes))


@misconception(caught_by="test_one_against_none_gives_none")
def one_against_none_gives_one(*shapes):
    "Where the sizes differ and may differ, it is the larger one that comes out."
    _broadcast(shapes)
    return tuple(max(sizes) for sizes in _columns(shapes))


@misconception(caught_by="test_one_against_none_gives_none")
def an_empty_axis_does_not_go_with_one(*shapes):
    "There is nothing that an axis of size 1 could be stretched to, if the other has no elements."
    for place, sizes in enumerate(reversed(_columns(shapes)), 1):
        if 0 in sizes and any(sizes):
            raise ValueError(f"axis -{place}: 0 against {max(sizes)}")
    return _broadcast(shapes)


@misconception(caught_by="test_none_against_several_clashes")
def an_empty_axis_fits_all(*shapes):
    "An empty tensor goes with anything, since there is nothing to add."
    return _broadcast([(), *shapes], neutral=(1, 0))


@misconception(caught_by="test_both_shapes_are_stretched")
def stretches_the_smaller_only(*shapes):
    "The smaller tensor is stretched to the shape of the larger one."
    result = _broadcast(shapes)
    if shapes and result not in shapes:
        raise ValueError(f"none of {shapes} is {result}")
    return result


@misconception(caught_by="test_any_number_of_shapes")
def knows_two_shapes_only(*shapes):
    "Broadcasting is something between two tensors."
    return _broadcast(shapes[:2])


@misconception(caught_by="test_no_shapes_give_the_empty_shape")
def needs_a_shape(*shapes):
    "There is always at least one shape."
    max(len(shape) for shape in shapes)
    return _broadcast(shapes)


@misconception(caught_by="test_a_one_between_two_sizes_does_not_reconcile_them")
def compares_neighbours(*shapes):
    "If each shape goes with the next one, they all go together."
    for neighbours in pairwise(shapes):
        _broadcast(neighbours)
    return tuple(_first_that_is_not_1(sorted(sizes, reverse=True)) for sizes in _columns(shapes))


@misconception(caught_by="test_each_shape_meets_all_the_others")
def compares_with_the_first(*shapes):
    "The first shape is the measure, and each of the others must go with it."
    for other in shapes[1:]:
        _broadcast((shapes[0], other))
    return tuple(_first_that_is_not_1(sorted(sizes, reverse=True)) for sizes in _columns(shapes))


@misconception(caught_by="test_axes_of_size_one_stay_where_nothing_stretches_them")
def drops_leading_ones(*shapes):
    "An axis of size 1 on the left adds nothing, so it goes."
    result = _broadcast(shapes)
    while result and result[0] == 1:
        result = result[1:]
    return result


@misconception(caught_by="test_axes_of_size_one_stay_where_nothing_stretches_them")
def drops_all_ones(*shapes):
    "Axes of size 1 are squeezed away."
    return tuple(size for size in _broadcast(shapes) if size != 1)


@misconception(caught_by="test_the_shape_is_a_tuple_of_ints")
def returns_a_list(*shapes):
    "A shape is a list of sizes."
    return list(_broadcast(shapes))


@misconception(caught_by="test_sizes_may_be_larger_than_any_memory")
def lays_the_tensors_out(*shapes):
    "To see the shape one has to make the tensors."
    import torch

    for shape in shapes:
        torch.zeros(shape)
    return _broadcast(shapes)


@misconception(caught_by="test_different_sizes_clash")
def raises_what_torch_raises(*shapes):
    "A clash is a RuntimeError, as it is in torch."
    try:
        return _broadcast(shapes)
    except ValueError as error:
        raise RuntimeError(str(error)) from None


@misconception(caught_by="test_different_sizes_clash")
def gives_none_for_a_clash(*shapes):
    "Shapes that do not go together have no result, so the answer is None."
    try:
        return _broadcast(shapes)
    except ValueError:
        return None


@misconception(
    caught_by=("test_a_clash_names_its_axis_from_the_right", "test_a_clash_names_two_of_its_sizes")
)
def says_only_that_they_clash(*shapes):
    "It is enough to say that the shapes do not go together."
    try:
        return _broadcast(shapes)
    except ValueError:
        raise ValueError("these shapes cannot be broadcast together") from None


@misconception(caught_by="test_a_clash_names_its_axis_from_the_right")
def counts_the_axis_from_the_left(*shapes):
    "Axes are counted from 0, on the left."
    rank = max(map(len, shapes), default=0)
    for place, sizes in enumerate(reversed(_columns(shapes)), 1):
        _check(sizes, rank - place)
    return _broadcast(shapes)


@misconception(caught_by="test_a_clash_names_two_of_its_sizes")
def names_a_one_among_the_sizes(*shapes):
    "Whatever stands in the column takes part in the clash, the ones included."
    for place, sizes in enumerate(reversed(_columns(shapes)), 1):
        if len({*sizes} - {1}) > 1:
            raise ValueError(f"axis -{place}: {sizes[0]} and {sizes[1]} clash")
    return _broadcast(shapes)


@misconception(caught_by="test_of_several_clashes_the_rightmost_is_named")
def names_the_leftmost_clash(*shapes):
    "The first clash in reading order is the one to name."
    columns = _columns(shapes)
    for axis, sizes in enumerate(columns, -len(columns)):
        _check(sizes, axis)
    return _broadcast(shapes)


@misconception(caught_by="test_the_rightmost_clash_is_named_whatever_the_order")
def adds_one_shape_after_the_other(*shapes):
    "Once two shapes are dealt with, their result can take their place."
    result = ()
    for shape in shapes:
        result = _broadcast((result, shape))
    return result


def _columns(shapes):
    return [*zip_longest(*(tuple(shape)[::-1] for shape in shapes), fillvalue=1)][::-1]


def _broadcast(shapes, neutral=(1,)):
    columns = _columns(shapes)
    for place, sizes in enumerate(reversed(columns), 1):
        _check([size for size in sizes if size not in neutral], -place)
    return tuple(_first_that_is_not_1(sorted(sizes, reverse=True)) for sizes in columns)


def _check(sizes, axis):
    different = sorted({*sizes} - {1})
    if len(different) > 1:
        raise ValueError(f"axis {axis}: {different[0]} and {different[1]} clash")


def _first_that_is_not_1(sizes):
    return next((size for size in sizes if size != 1), 1)
