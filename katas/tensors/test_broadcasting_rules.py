import re
from itertools import permutations

import torch

from dojo.checks import answer_of, assert_refused
from katas.tensors.broadcasting_rules import broadcast_shape


def test_shapes_are_aligned_on_the_right():
    assert_shape((2, 3), (2, 3), (3,), meaning="an error would mean that 3 was held against 2")
    assert_shape((4, 2, 1), (4, 1, 1), (2, 1), meaning="(4, 1, 1) and (2, 1) share two axes")
    assert_clash((3, 2), (3,), why="in (3, 2) and (3,) the last axes are 2 and 3")


def test_axes_that_only_one_shape_has_stay():
    assert_shape((5, 2, 3), (5, 2, 3), (2, 3), meaning="axis -3 is there in one shape only")
    assert_shape((5, 2, 3), (3,), (5, 2, 1), meaning="two axes are there in one shape only")
    assert_shape((4, 7), (), (4, 7), meaning="() is the shape of a number, which goes with all")
    assert_shape((0, 2), (2,), (0, 2), meaning="an axis of size 0 stays as well")


def test_both_shapes_are_stretched():
    for shapes in (((3, 1), (1, 4)), ((1, 4), (3, 1)), ((3, 1), (4,))):
        assert_shape((3, 4), *shapes, meaning="each of the two is stretched along one axis")


def test_axes_of_size_one_stay_where_nothing_stretches_them():
    for expected, *shapes in (
        ((1,), (1,)),
        ((1, 1), (1, 1), (1,)),
        ((1, 1, 2), (1, 1, 2), (1, 1)),
        ((2, 1, 3), (2, 1, 3), (1, 1)),
    ):
        assert_shape(expected, *shapes, meaning="an axis of size 1 is an axis")


def test_no_shapes_give_the_empty_shape():
    assert_shape((), meaning="that is broadcast_shape(), without any shape")


def test_any_number_of_shapes():
    for expected, *shapes in (
        ((), ()),
        ((2, 5), (2, 5)),
        ((0,), (0,)),
        ((), (), (), ()),
        ((2, 3, 4), (2, 1, 1), (3, 1), (4,)),
        ((2, 3, 4, 5), (5,), (1,), (2, 1, 1, 1), (3, 1, 5), (), (4, 1)),
        ((7, 9), *[(1, 9), (7, 1)] * 20),
    ):
        assert_shape(expected, *shapes)


def test_one_against_none_gives_none():
    for expected, *shapes in (
        ((0,), (1,), (0,)),
        ((0,), (0,), (1,)),
        ((0,), (0,), (0,)),
        ((3, 0), (3, 1), (1, 0)),
        ((0, 2), (0, 1), (2,), (1, 1)),
    ):
        assert_shape(
            expected, *shapes, meaning="1 is stretched to whatever stands against it, 0 as well"
        )


def test_none_against_several_clashes():
    for shapes in (((0,), (2,)), ((2,), (0,)), ((3, 1), (0, 1)), ((1,), (0,), (5,))):
        assert_clash(*shapes, why=f"{shapes} clash: only 1 is stretched, 0 is a size like others")


def test_different_sizes_clash():
    for shapes in (((2,), (3,)), ((3,), (2,)), ((4, 5), (3, 5)), ((6, 1, 5), (7, 2, 1))):
        assert_clash(*shapes, why=f"{shapes} clash: the sizes differ and neither is 1")


def test_a_size_that_divides_the_other_clashes_all_the_same():
    for shapes in (((2,), (4,)), ((6, 1), (3, 1)), ((2, 2), (4, 2)), ((2,), (2,), (8,))):
        assert_clash(*shapes, why=f"{shapes} clash: 1 is stretched, nothing is repeated to fit")


def test_a_one_between_two_sizes_does_not_reconcile_them():
    for shapes in (((3,), (1,), (2,)), ((0, 1), (1, 1), (5, 1)), ((2, 4), (), (1, 4), (3, 1))):
        assert_clash(*shapes, why=f"{shapes} clash: the first and the last do not go together")


def test_each_shape_meets_all_the_others():
    for shapes in (*permutations(((1,), (3,), (2,))), ((5, 1), (1, 4), (1, 6))):
        assert_clash(*shapes, why=f"{shapes} clash: two of the three do not go together")


CLASHES = (  # the axis, the sizes that clash on it, the shapes
    (-1, (12, 15), ((12,), (15,))),
    (-2, (15, 12), ((15, 7), (12, 7))),
    (-2, (0, 12), ((40, 0, 7), (12, 7))),
    (-3, (20, 30), ((20, 1, 7), (30, 6, 7))),
    (-4, (12, 18), ((12, 1, 50, 1), (18, 70, 1, 60))),
    (-1, (12, 15), ((1,), (12,), (1,), (15,), ())),
    (-2, (12, 15, 18), ((12, 1), (15, 1), (18, 1))),
)


def test_a_clash_names_its_axis_from_the_right():
    for axis, _, shapes in CLASHES:
        assert_names_axis(axis, shapes)


def test_a_clash_names_two_of_its_sizes():
    for axis, sizes, shapes in CLASHES:
        assert_names_sizes(axis, sizes, shapes)


def test_of_several_clashes_the_rightmost_is_named():
    for axis, sizes, shapes in (
        (-1, (15, 18), ((12, 15), (13, 18))),
        (-2, (30, 40), ((20, 30, 5), (50, 40, 5))),
    ):
        assert_names_axis(axis, shapes)
        assert_names_sizes(axis, sizes, shapes)


def test_the_rightmost_clash_is_named_whatever_the_order():
    for shapes in permutations(((12, 1), (13, 15), (1, 18))):
        assert_names_axis(-1, shapes)
        assert_names_sizes(-1, (15, 18), shapes)


def test_the_shape_is_a_tuple_of_ints():
    for shapes in ((), ((2, 1), (3,)), ((0, 1), (1, 1)), ((1,),)):
        got = broadcast_shape(*shapes)
        assert isinstance(got, tuple), f"a shape is a tuple, got {type(got).__name__} {got}"
        kinds = {type(size).__name__ for size in got} - {"int"}
        assert not kinds, f"sizes are ints, got {', '.join(kinds)} in {got}"


def test_sizes_may_be_larger_than_any_memory():
    huge = 10**15  # float32 numbers: 4,000 terabytes
    assert_shape((huge,), (huge,), (1,), meaning="the sizes decide; no tensor is needed")
    assert_shape((huge, huge), (huge, 1), (1, huge))


def test_agrees_with_torch_on_drawn_shapes(generator):
    clashes = empty = 0
    for shapes in drawn(generator, 2_000):
        empty += any(0 in shape for shape in shapes)
        try:
            expected = tuple(torch.broadcast_shapes(*shapes))
        except RuntimeError:
            clashes += 1
            assert_clash(*shapes, why=f"{shapes} clash, says torch")
        else:
            assert_shape(expected, *shapes, meaning="the first is what torch gives")
    assert min(clashes, empty) >= 100, f"the draw has {clashes} clashes, {empty} empty axes: more!"


def drawn(generator, cases):
    """Draw shapes that fit a common one more or less, up to four of them, of rank 4 at most."""
    numbers = iter(torch.randint(2**30, (cases * 60,), generator=generator).tolist())

    def below(limit):
        return next(numbers) % limit

    sizes = (0, 1, 2, 2, 3, 4, 6)
    for _ in range(cases):
        common = [sizes[below(7)] for _ in range(below(5))]
        shapes = []
        for _ in range(below(5)):
            shape = common[below(len(common) + 1) :]
            for axis in range(len(shape)):
                what = below(20)
                if what < 6:
                    shape[axis] = 1
                elif what < 8:
                    shape[axis] = sizes[below(7)]
            shapes.append(tuple(shape))
        yield tuple(shapes)


def assert_shape(expected, *shapes, meaning=""):
    told = f"{', '.join(map(str, shapes)) or 'no shapes'} broadcast to {expected}"
    meaning = meaning and f" ({meaning})"
    got = answer_of(lambda: broadcast_shape(*shapes), told + meaning)
    if isinstance(got, list):
        got = tuple(got)  # one test judges that, the others the sizes
    assert got == expected, f"{told}, got {got}{meaning}"


def assert_clash(*shapes, why):
    assert_refused(lambda: broadcast_shape(*shapes), ValueError, why)


def assert_names_axis(axis, shapes):
    text = complaint(shapes)
    named = re.search(rf"{axis}(?!\d)", text)
    assert named, f"{shapes} clash on axis {axis}: the error is to name it, and says {text!r}"


def assert_names_sizes(axis, sizes, shapes):
    text = complaint(shapes)
    named = [size for size in sizes if re.search(rf"(?<!\d){size}(?!\d)", text)]
    assert len(named) >= 2, (
        f"{shapes} clash on axis {axis}, where {' and '.join(map(str, sizes))} meet: "
        f"the error is to name two of them, and says {text!r}"
    )


def complaint(shapes):
    """What the error says, of whatever type it is: other tests judge that."""
    try:
        got = broadcast_shape(*shapes)
    except NotImplementedError:
        raise  # not written yet
    except Exception as error:
        return str(error)
    raise AssertionError(f"{shapes} clash: expected an error, got {got}")
