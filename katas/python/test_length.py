from itertools import islice

import torch

from dojo.checks import answer_of, assert_refused
from katas.python.length import Batches


def test_seven_items_by_three():
    got = len(batches("abcdefg", 3))
    assert got == 3, (
        f"abc, def and g are 3 batches, len gives {got}: 7 would mean that items are counted, 2 "
        "that the short batch is forgotten"
    )


def test_six_items_by_three():
    got = len(batches("abcdef", 3))
    assert got == 2, f"abc and def are 2 batches, len gives {got}: 3 counts an empty one"


def test_items_one_by_one():
    got = answer_of(lambda: len(batches("abcd", 1)), "four items one by one have a length")
    assert got == 4, f"a, b, c and d are 4 batches of 1, len gives {got}"


def test_a_loop_yields_the_items_in_order():
    for size, expected in ((3, ["abc", "def", "g"]), (1, list("abcdefg")), (9, ["abcdefg"])):
        got = yielded(batches("abcdefg", size))
        assert got == expected, f"abcdefg by {size} is {expected}, a loop yields {got}"


def test_drop_last_leaves_out_the_rest():
    for size, expected in ((3, ["abc", "def"]), (9, [])):
        made = batches("abcdefg", size, drop_last=True)
        got = yielded(made)
        assert got == expected, (
            f"abcdefg by {size} without a short batch is {expected}, a loop yields {got}"
        )
        assert len(made) == len(expected), (
            f"abcdefg by {size} without a short batch has length {len(expected)}, got {len(made)}"
        )


def test_drop_last_keeps_a_whole_last_batch():
    made = batches("abcdef", 3, drop_last=True)
    got = yielded(made)
    assert got == ["abc", "def"], f"def is whole and stays, a loop yields {got}"
    assert len(made) == 2, f"def is whole and counts, len gives {len(made)} in place of 2"


def test_the_length_is_what_a_loop_yields():
    for count in range(41):
        for size in range(1, 42):
            for drop_last in (False, True):
                made = Batches(range(count), size, drop_last)
                loop, length = len(yielded(made)), len(made)
                assert loop == length, (
                    f"{count} items by {size}, drop_last={drop_last}: len gives {length}, and a "
                    f"loop yields {loop}"
                )


def test_a_batch_is_a_slice():
    for items in ("abcde", (1, 2, 3, 4, 5), range(5), torch.arange(5.0)):
        for got in yielded(batches(items, 2)):
            assert type(got) is type(items), (
                f"a slice of a {type(items).__name__} is one too, got a {type(got).__name__}"
            )


def test_a_second_epoch_gives_the_same():
    made = batches("abcdefg", 3)
    first, second = yielded(made), yielded(made)
    assert first == second, f"the first loop yields {first}, the second {second}: begin anew"


def test_two_loops_at_once_do_not_disturb_each_other():
    made = batches("abcd", 2)
    got = [outer + inner for outer in islice(made, 9) for inner in islice(made, 9)]
    assert got == ["abab", "abcd", "cdab", "cdcd"], (
        f"a loop in a loop pairs each of ab, cd with each, got {got}: give each loop an iterator "
        "of its own"
    )


def test_without_a_batch_it_is_falsy():
    for made, expected, what in (
        (batches("", 3), False, "no items"),
        (batches("ab", 3, drop_last=True), False, "a short batch only, and that dropped,"),
        (batches("ab", 3), True, "a short batch"),
    ):
        got = bool(made)
        assert got == expected, f"{what} should be {expected} as a truth value, got {got}"


def test_a_size_of_zero_is_refused_at_once():
    assert_refused_size(0)


def test_a_negative_size_is_refused_at_once():
    for size in (-1, -3):
        assert_refused_size(size)


def assert_refused_size(size):
    why = f"a batch of {size} items makes no sense"
    assert_refused(lambda: Batches("abc", size), ValueError, why, mentions=(size,))


def batches(items, size, **options):
    why = f"{len(items)} items by {size} make batches"
    return answer_of(lambda: Batches(items, size, **options), why)


def yielded(made):
    """What a loop yields; an endless one is cut off."""
    return answer_of(lambda: list(islice(made, 100)), "a for loop walks the batches")
