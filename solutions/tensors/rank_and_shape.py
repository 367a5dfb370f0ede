"""How do rank and shape differ, and how does one follow from the other?

Nested lists have both too, and so has a single number.
"""

import functools
import itertools
import math

import torch

from dojo import alternative, misconception

__all__ = ["element_count", "rank", "shape_of"]


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
    if not isinstance(nested, list):
        return ()
    shapes = [shape_of(item) for item in nested]
    for index, shape in enumerate(shapes):
        if shape != shapes[0]:
            raise ValueError(
                f"item {index} of a list has shape {shape}, item 0 has {shapes[0]}: "
                "give items of one shape"
            )
    return (len(nested), *shapes[0]) if nested else (0,)


def rank(shape: tuple[int, ...]) -> int:
    """Return the rank of a tensor of this shape, whatever the sizes of its axes."""
    return len(shape)


def element_count(shape: tuple[int, ...]) -> int:
    """Return how many numbers a tensor of this shape holds."""
    return math.prod(shape)


HINTS = (
    "For each depth of the nesting the shape has one size: how long the lists at that depth are.",
    "If you know the shape of every item, and that all are alike, what is the shape of the list?",
    "A number gives (). For a list call shape_of on every item, compare each shape with the first "
    "one, and put len(nested) in front. math.prod multiplies, and gives 1 where nothing is left.",
)
ANSWER = """
The shape has a size for each axis, the rank is how many axes there are: the length of the shape.
So the rank follows from the shape, and never the other way round. len(tensor) is neither: it is
the size of the first axis. Axes of size 1 and 0 count like any other, so (32, 1) and (32,) differ.
A single number has shape (), rank 0 and one element, as a product of no factors is 1. (The rank of
linear algebra, torch.linalg.matrix_rank, is another thing.)

Only lists without ragged edges have a shape, and torch does not see every edge: in version 2.13
torch.tensor([[], [1]]) has shape (2, 0), and the 1 is lost.
"""


@alternative(replaces="shape_of")
def follows_the_first_items(nested):
    sizes = []
    item = nested
    while isinstance(item, list):
        sizes.append(len(item))
        item = item[0] if item else None
    _compare(nested, sizes, "")
    return tuple(sizes)


@alternative(replaces="shape_of")
def compares_neighbours(nested):
    if not isinstance(nested, list):
        return torch.Size([])
    inner = [compares_neighbours(item) for item in nested]
    for place, (left, right) in enumerate(itertools.pairwise(inner), 1):
        if left != right:
            raise ValueError(f"[{place}] has shape {list(right)}, not {list(left)} as before it")
    return torch.Size([len(nested), *inner[0]]) if inner else torch.Size([0])


@alternative(replaces="rank")
def counts_axes(shape):
    return sum(1 for _ in shape)


@alternative(replaces=("rank", "element_count"))
class AsksATensorWithoutMemory:
    @staticmethod
    def rank(shape):
        return torch.empty(shape, device="meta").ndim

    @staticmethod
    def element_count(shape):
        return torch.empty(shape, device="meta").numel()


@alternative(replaces="element_count")
def multiplies_one_by_one(shape):
    return functools.reduce(lambda count, size: count * size, shape, 1)


@misconception(caught_by="test_rows_of_different_lengths_are_refused", replaces="shape_of")
def looks_at_the_first_item(nested):
    "The first item shows what all of them are like."
    if not isinstance(nested, list):
        return ()
    return (len(nested), *looks_at_the_first_item(nested[0])) if nested else (0,)


@misconception(caught_by="test_an_odd_row_deep_inside_is_refused", replaces="shape_of")
def compares_the_outermost_items(nested):
    "Items of one length make a list that is not ragged."
    if isinstance(nested, list):
        for index, item in enumerate(nested):
            if _length(item) != _length(nested[0]):
                raise ValueError(_told(index, (_length(item),), (_length(nested[0]),)))
    return _first_shape(nested)


@misconception(
    caught_by=(
        "test_lists_of_another_depth_are_refused",
        "test_matrices_of_different_sizes_are_refused",
    ),
    replaces="shape_of",
)
def compares_lengths_at_every_depth(nested):
    "Lists as long as each other have the same shape."
    if not isinstance(nested, list):
        return ()
    inner = [compares_lengths_at_every_depth(item) for item in nested]
    for index, shape in enumerate(inner):
        if shape[:1] != inner[0][:1]:
            raise ValueError(_told(index, shape, inner[0]))
    return (len(nested), *inner[0]) if nested else (0,)


@misconception(caught_by="test_a_number_beside_a_list_is_refused", replaces="shape_of")
def looks_at_lists_only(nested):
    "Numbers have no shape that could differ."
    if not isinstance(nested, list):
        return ()
    items = [item for item in nested if isinstance(item, list)] or nested
    return _joined(nested, [looks_at_lists_only(item) for item in items])


@misconception(caught_by="test_an_empty_list_beside_a_filled_one_is_refused", replaces="shape_of")
def skips_empty_lists(nested):
    "An empty list holds nothing that could be of another shape."
    if not isinstance(nested, list):
        return ()
    items = [item for item in nested if item != []] or nested
    return _joined(nested, [skips_empty_lists(item) for item in items])


@misconception(
    caught_by=(
        "test_an_empty_list_beside_a_filled_one_is_refused",
        "test_numbers_may_be_of_any_kind",
    ),
    replaces="shape_of",
)
def leaves_it_to_torch(nested):
    "torch.tensor refuses whatever is ragged."
    try:
        return tuple(torch.tensor(nested).shape)
    except TypeError as error:
        raise ValueError(str(error)) from None


@misconception(
    caught_by=("test_sizes_go_from_the_outside_in", "test_the_shape_agrees_with_torch"),
    replaces="shape_of",
)
def counts_from_the_inside(nested):
    "The sizes begin with the innermost lists, where the numbers are."
    return _shape(nested)[::-1]


@misconception(caught_by="test_an_empty_list_has_one_axis", replaces="shape_of")
def expects_a_first_item(nested):
    "Every list has a first item."
    if not isinstance(nested, list):
        return ()
    inner = [expects_a_first_item(item) for item in nested]
    _refuse_odd_shapes(inner)
    return (len(nested), *inner[0])


@misconception(caught_by="test_an_empty_list_has_one_axis", replaces="shape_of")
def nothing_has_no_shape(nested):
    "A list without numbers has no shape."
    if nested == [] or not isinstance(nested, list):
        return ()
    return _joined(nested, [nothing_has_no_shape(item) for item in nested])


@misconception(caught_by="test_empty_lists_in_lists_count_as_an_axis", replaces="shape_of")
def leaves_out_axes_of_size_0(nested):
    "An axis without numbers is none, unless there is no other."
    shape = _shape(nested)
    return shape[:-1] if len(shape) > 1 and shape[-1] == 0 else shape


@misconception(caught_by="test_lists_of_one_item_count_as_an_axis", replaces="shape_of")
def leaves_out_axes_of_size_1(nested):
    "A list of one thing is that thing."
    return tuple(size for size in _shape(nested) if size != 1)


@misconception(caught_by="test_a_number_has_the_empty_shape", replaces="shape_of")
def one_number_is_a_list_of_one(nested):
    "One number has the shape (1,)."
    return _shape(nested) or (1,)


@misconception(caught_by="test_a_shape_is_a_tuple_of_ints", replaces="shape_of")
def gives_a_list(nested):
    "A list of sizes is a shape, as in t.view([2, 3])."
    return [*_shape(nested)]


@misconception(
    caught_by=("test_the_odd_item_is_named", "test_both_lengths_are_named"), replaces="shape_of"
)
def names_nothing(nested):
    "That the lists are ragged says all there is to know."
    try:
        return _shape(nested)
    except ValueError:
        raise ValueError("ragged lists") from None


@misconception(caught_by="test_the_odd_item_is_named", replaces="shape_of")
def names_the_last_of_several(nested):
    "Any of the odd items may be named."
    if not isinstance(nested, list):
        return ()
    inner = [names_the_last_of_several(item) for item in nested]
    for index in reversed(range(len(inner))):
        if inner[index] != inner[0]:
            raise ValueError(_told(index, inner[index], inner[0]))
    return _joined(nested, inner)


@misconception(
    caught_by=("test_the_odd_item_is_named", "test_an_odd_row_deep_inside_is_named"),
    replaces="shape_of",
)
def counts_items_from_one(nested):
    "The first item is item 1."
    if not isinstance(nested, list):
        return ()
    inner = [counts_items_from_one(item) for item in nested]
    for number, shape in enumerate(inner, 1):
        if shape != inner[0]:
            raise ValueError(_told(number, shape, inner[0]))
    return _joined(nested, inner)


@misconception(caught_by="test_an_odd_row_deep_inside_is_named", replaces="shape_of")
def names_the_outermost_index(nested):
    "The place of a row is that of the item of the whole list that it is in."
    if isinstance(nested, list):
        for index, item in enumerate(nested):
            try:
                shapes = _shape(nested[0]), _shape(item)
            except ValueError:
                raise ValueError(f"item {index} is ragged") from None
            if shapes[0] != shapes[1]:
                raise ValueError(_told(index, *shapes))
    return _shape(nested)


@misconception(caught_by="test_both_lengths_are_named", replaces="shape_of")
def names_one_shape(nested):
    "The shape of the odd item is what matters."
    if not isinstance(nested, list):
        return ()
    inner = [names_one_shape(item) for item in nested]
    for index, shape in enumerate(inner):
        if shape != inner[0]:
            raise ValueError(f"item {index} has shape {shape}")
    return _joined(nested, inner)


@misconception(caught_by="test_the_lists_stay_as_they_are", replaces="shape_of")
def takes_the_first_item_out(nested):
    "Take the first item out, and compare the others with it."
    if not isinstance(nested, list):
        return ()
    if not nested:
        return (0,)
    size = len(nested)
    inner = [takes_the_first_item_out(nested.pop(0))]
    inner += [takes_the_first_item_out(item) for item in nested]
    _refuse_odd_shapes(inner)
    return (size, *inner[0])


@misconception(caught_by="test_rank_is_the_number_of_axes", replaces="rank")
def rank_multiplies(shape):
    "The rank says how large a tensor is: multiply its sizes."
    return math.prod(shape)


@misconception(caught_by="test_rank_is_the_number_of_axes", replaces="rank")
def rank_is_the_first_axis(shape):
    "The rank is the length of the tensor, len(t)."
    return shape[0] if shape else 0


@misconception(caught_by="test_axes_of_size_1_count", replaces="rank")
def rank_skips_axes_of_size_1(shape):
    "An axis of size 1 adds nothing, so it is none."
    return sum(size != 1 for size in shape)


@misconception(caught_by="test_axes_of_size_0_count", replaces="rank")
def rank_skips_axes_of_size_0(shape):
    "An axis of size 0 has nothing on it, so it is none."
    return sum(size != 0 for size in shape)


@misconception(caught_by="test_one_number_has_rank_0", replaces="rank")
def rank_is_at_least_1(shape):
    "Every tensor has at least one axis."
    return max(1, len(shape))


@misconception(caught_by="test_one_number_is_one_element", replaces="element_count")
def no_axes_no_elements(shape):
    "Without an axis there is nothing to count."
    return math.prod(shape) if shape else 0


@misconception(caught_by="test_elements_are_the_product_of_the_sizes", replaces="element_count")
def adds_sizes(shape):
    "The sizes of all axes added up are the numbers of the tensor."
    return sum(shape)


@misconception(caught_by="test_elements_are_the_product_of_the_sizes", replaces="element_count")
def counts_the_first_axis(shape):
    "A tensor holds len(t) numbers."
    return shape[0] if shape else 1


@misconception(
    caught_by=(
        "test_elements_are_the_product_of_the_sizes",
        "test_rank_and_count_agree_with_tensors",
    ),
    replaces="element_count",
)
def multiplies_two_sizes(shape):
    "Height times width."
    return math.prod(shape[:2])


@misconception(caught_by="test_an_axis_of_size_0_leaves_nothing", replaces="element_count")
def skips_size_0(shape):
    "An empty axis does not count."
    return math.prod(size for size in shape if size)


@misconception(caught_by="test_counts_are_whole_numbers", replaces="element_count")
def gives_a_tensor(shape):
    "Numbers that belong to tensors are tensors."
    return torch.tensor(shape).prod()


def _told(index, shape, first):
    return f"item {index} has shape {shape}, item 0 has {first}"


def _refuse_odd_shapes(shapes):
    for index, shape in enumerate(shapes):
        if shape != shapes[0]:
            raise ValueError(_told(index, shape, shapes[0]))


def _joined(nested, shapes):
    """The shape of a list from those of its items, none of them odd."""
    _refuse_odd_shapes(shapes)
    return (len(nested), *shapes[0]) if shapes else (0,)


def _shape(nested):
    return _joined(nested, [_shape(item) for item in nested]) if isinstance(nested, list) else ()


def _first_shape(nested):
    if not isinstance(nested, list):
        return ()
    return (len(nested), *_first_shape(nested[0])) if nested else (0,)


def _length(item):
    return len(item) if isinstance(item, list) else None


def _compare(item, sizes, path):
    """Refuse an item that is not of these sizes, by its indices from the outside in."""
    if not isinstance(item, list):
        if sizes:
            raise ValueError(f"{path} is a number, not a list of length {sizes[0]}")
        return
    if not sizes:
        raise ValueError(f"{path} is a list of length {len(item)}, not a number")
    if len(item) != sizes[0]:
        raise ValueError(f"{path} has length {len(item)}, not {sizes[0]}")
    for index, inner in enumerate(item):
        _compare(inner, sizes[1:], f"{path}[{index}]")
