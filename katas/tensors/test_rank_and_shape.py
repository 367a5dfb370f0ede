from copy import deepcopy
from itertools import product

import torch

from dojo.checks import assert_refused
from katas.tensors.rank_and_shape import element_count, rank, shape_of


def test_a_number_has_the_empty_shape():
    for number in (5, 0, -2.5, True, float("inf"), 10**30):
        _has_shape(number, (), "a number has no axes")


def test_sizes_go_from_the_outside_in():
    _has_shape([7, 8, 9, 10], (4,))
    _has_shape([[1, 2, 3], [4, 5, 6]], (2, 3), "two rows of three numbers")
    _has_shape(_lists(4, 2, 3), (4, 2, 3), "four matrices of two rows of three numbers")


def test_an_empty_list_has_one_axis():
    _has_shape([], (0,), "a list of no items has one axis, of size 0")


def test_empty_lists_in_lists_count_as_an_axis():
    _has_shape([[], []], (2, 0))
    _has_shape([[[]]], (1, 1, 0))
    _has_shape([[[], []], [[], []], [[], []]], (3, 2, 0))


def test_lists_of_one_item_count_as_an_axis():
    _has_shape([5], (1,))
    _has_shape([[5, 6]], (1, 2))
    _has_shape([[[1], [2]]], (1, 2, 1))


def test_numbers_may_be_of_any_kind():
    _has_shape([1, 2.5, True, -3, float("nan")], (5,), "each of the items is a number")
    _has_shape([10**30, 7], (2,), "a number may be too large for torch, and has no axes still")


def test_the_shape_agrees_with_torch():
    for shape in _shapes():
        nested = torch.zeros(shape).tolist()
        _has_shape(nested, tuple(torch.tensor(nested).shape), "says torch.tensor")


def test_a_shape_is_a_tuple_of_ints():
    for nested in (5, [], [[1, 2, 3]]):
        got = _answer(shape_of, nested)
        assert isinstance(got, tuple), f"the shape of {nested} is a tuple, got {got!r}"
        assert all(type(size) is int for size in got), f"the sizes are ints, got {got!r}"


def test_rows_of_different_lengths_are_refused():
    _refuses([[1, 2], [3]], "rows of 2 and 1 numbers")
    _refuses([[1], [2, 3]], "rows of 1 and 2 numbers")
    _refuses([[1, 2], [3, 4], [5, 6, 7]], "rows of 2, 2 and 3 numbers")


def test_matrices_of_different_sizes_are_refused():
    _refuses([_lists(2, 3), _lists(4, 3)], "matrices of shape (2, 3) and (4, 3)")
    _refuses([_lists(2, 3), _lists(2, 4)], "matrices of shape (2, 3) and (2, 4)")
    _refuses([_lists(2, 3), _lists(3, 2)], "matrices of shape (2, 3) and (3, 2)")


def test_an_odd_row_deep_inside_is_refused():
    for depth in (3, 4, 5):
        nested = _lists(*[2] * depth)
        _last_row(nested, depth).append(7)
        _refuses(nested, f"the last of the innermost lists, {depth - 1} deep, has 3 numbers, not 2")


def test_a_number_beside_a_list_is_refused():
    _refuses([1, [2]], "a number and a list of one number")
    _refuses([[1], 2], "a list of one number and a number")
    _refuses([1, 2, 3, [4, 5]], "three numbers and a list")
    _refuses([[1, 2], [3, [4]]], "a number and a list in the second row")


def test_an_empty_list_beside_a_filled_one_is_refused():
    _refuses([[], [1]], "lists of 0 and 1 numbers")
    _refuses([[1], []], "lists of 1 and 0 numbers")
    _refuses([[[]], [[], []]], "lists of 1 and 2 empty lists")
    _refuses([[], 1], "an empty list and a number")
    _refuses([1, []], "a number and an empty list")


def test_lists_of_another_depth_are_refused():
    _refuses([[1, 2], [[3], [4]]], "a list of two numbers and one of two lists")
    _refuses([[[1], [2]], [3, 4]], "a list of two lists and one of two numbers")
    _refuses([[], [[]]], "an empty list and one that holds an empty list")


def test_the_odd_item_is_named():
    rows = _lists(3, 5)
    _refuses([*rows, [1] * 7], "item 3 has 7 numbers, the others 5", (3,))
    _refuses([*rows[:2], [1] * 7, rows[2]], "item 2 has 7 numbers, the others 5", (2,))
    _refuses([*rows[:2], [1] * 7, [1] * 8], "item 2 is the first of another length than 5", (2,))
    _refuses([*_lists(3, 5, 6), _lists(7, 6)], "item 3 is (7, 6), the others (5, 6)", (3,))
    _refuses([*rows[:2], 1], "item 2 is a number, the others are lists of 5", (2,))
    _refuses([1, 1, 1, rows[0]], "item 3 is a list of 5, the others are numbers", (3,))


def test_an_odd_row_deep_inside_is_named():
    _refuses(
        [_lists(4, 5), [[1] * 5, [1] * 5, [1] * 5, [1] * 7]],
        "in item 1, item 3 has 7 numbers, the others 5",
        (3, 5, 7),
    )


def test_both_lengths_are_named():
    _refuses([[1] * 5, [1] * 5, [1] * 7], "item 2 has 7 numbers, item 0 has 5", (5, 7))
    _refuses([[1] * 7, [1] * 5, [1] * 5], "item 1 has 5 numbers, item 0 has 7", (5, 7))
    _refuses([_lists(8, 6), _lists(9, 6)], "item 1 is (9, 6), item 0 (8, 6)", (8, 9))


def test_the_lists_stay_as_they_are():
    for nested in ([1, 2, 3], [[1, 2, 3], [4, 5, 6]], [[]]):
        before = deepcopy(nested)
        _answer(shape_of, nested)
        assert nested == before, f"{before} has become {nested} by the call"


def test_rank_is_the_number_of_axes():
    for shape, expected in (((4, 5), 2), ((3,), 1), ((5, 2, 4), 3), ((2, 3, 5, 7), 4)):
        got = _answer(rank, shape)
        assert got == expected, f"shape {shape} has {expected} axes, got rank {got}"


def test_axes_of_size_1_count():
    for shape, expected in (((1,), 1), ((1, 6), 2), ((6, 1, 1), 3)):
        got = _answer(rank, shape)
        assert got == expected, f"shape {shape} has {expected} axes, got rank {got}"


def test_axes_of_size_0_count():
    for shape, expected in (((0,), 1), ((5, 0), 2), ((0, 4, 0), 3)):
        got = _answer(rank, shape)
        assert got == expected, f"shape {shape} has {expected} axes, got rank {got}"


def test_one_number_has_rank_0():
    got = _answer(rank, ())
    assert got == 0, f"shape () has no axes, got rank {got}"


def test_elements_are_the_product_of_the_sizes():
    for shape, expected in (((4, 5), 20), ((7,), 7), ((2, 3, 5), 30), ((1, 6, 1), 6)):
        got = _answer(element_count, shape)
        assert got == expected, f"a tensor of shape {shape} holds {expected} numbers, got {got}"


def test_one_number_is_one_element():
    got = _answer(element_count, ())
    assert got == 1, f"shape () is that of one number, got {got} elements"


def test_an_axis_of_size_0_leaves_nothing():
    for shape in ((0,), (0, 3), (3, 0, 2)):
        got = _answer(element_count, shape)
        assert got == 0, f"a tensor of shape {shape} holds nothing, got {got} elements"


def test_counts_are_whole_numbers():
    for shape in ((2, 3), (0, 4), (7,)):
        for function in (rank, element_count):
            got = _answer(function, shape)
            assert type(got) is int, f"both functions give an int, got {got!r} for shape {shape}"


def test_rank_and_count_agree_with_tensors():
    for shape in _shapes():
        t = torch.zeros(shape)
        got = _answer(rank, t.shape)
        assert got == t.ndim, f"a tensor of shape {shape} is of rank {t.ndim}, got {got}"
        got = _answer(element_count, t.shape)
        assert got == t.numel(), f"a tensor of shape {shape} has {t.numel()} numbers, got {got}"


def _shapes():
    """All shapes of up to 4 axes with sizes from 0 to 3."""
    return [shape for axes in range(5) for shape in product(range(4), repeat=axes)]


def _lists(*shape):
    """Nested lists of this shape, no list in two places."""
    return [_lists(*shape[1:]) for _ in range(shape[0])] if shape else 1


def _last_row(nested, depth):
    for _ in range(depth - 1):
        nested = nested[-1]
    return nested


def _answer(function, argument):
    """The answer, or the error in its place, which a comparison then shows."""
    try:
        return function(argument)
    except NotImplementedError:
        raise
    except Exception as error:
        return error


def _has_shape(nested, expected, why=""):
    got = _answer(shape_of, nested)
    problem = f"the shape of {nested} is {expected}, got {got!r}"
    assert got == expected, f"{problem}: {why}" if why else problem


def _refuses(nested, why, mentions=()):
    assert_refused(lambda: shape_of(nested), ValueError, why, mentions=mentions)
