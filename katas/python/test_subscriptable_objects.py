from itertools import islice

from dojo.checks import answer_of, assert_refused
from katas.python.subscriptable_objects import Items


def test_an_int_picks_one_item():
    for place, expected in ((0, "a"), (2, "c"), (3, "d")):
        got = picked("abcd", place)
        assert got == expected, f"item {place} of abcd is {expected}, got {got!r}"


def test_a_negative_place_counts_from_the_end():
    for place, expected in ((-1, "d"), (-4, "a")):
        got = picked("abcd", place)
        assert got == expected, f"item {place} of abcd is {expected}, got {got!r}"


def test_a_place_too_far_ahead_is_refused():
    for items, place in (("abcd", 4), ("abcd", 9), ("", 0)):
        assert_refused(
            lambda: Items(items)[place],
            IndexError,
            f"of {len(items)} items none is at place {place}, and a loop counts up to that error",
        )


def test_a_place_too_far_back_is_refused():
    for items, place in (("abcd", -5), ("abcd", -8), ("", -1)):
        assert_refused(
            lambda: Items(items)[place],
            IndexError,
            f"{len(items)} items end, counted from the back, at -{len(items)}, before {place}",
        )


def test_a_for_loop_ends():
    for items in ("abcd", "x", ""):
        made = Items(items)
        got = answer_of(
            lambda: list(islice(made, len(items) + 1)), f"a for loop walks {list(items)}"
        )
        assert got == list(items), (
            f"a for loop over {list(items)} walks these and ends, got {got} and perhaps more: it "
            "counts from 0 until IndexError, and is endless where none comes"
        )


def test_a_slice_picks_what_it_picks_of_a_list():
    for index in (slice(1, 3), slice(None, 2), slice(-3, None), slice(None), slice(2, 2)):
        expect(picked("abcde", index), "abcde"[index], f"abcde[{shown(index)}]")


def test_a_slice_may_have_a_step():
    for index in (slice(None, None, 2), slice(None, None, -1), slice(3, 0, -2)):
        expect(picked("abcde", index), "abcde"[index], f"abcde[{shown(index)}], step included,")


def test_a_slice_may_go_beyond_the_end():
    for index in (slice(3, 99), slice(-99, 2), slice(7, 9)):
        expect(
            picked("abcde", index),
            "abcde"[index],
            f"abcde[{shown(index)}], which ends where the items end,",
        )


def test_a_list_of_ints_picks_these_places():
    expect(picked("abcdef", [1, 2, 5]), "bcf", "abcdef at places 1, 2 and 5")


def test_order_and_repeats_of_places_count():
    expect(picked("abcdef", [5, 2, 2, 3]), "fccd", "abcdef at places 5, 2, 2 and 3")


def test_negative_places_in_a_list_count_from_the_end():
    expect(picked("abcdef", [-1, 2, -6]), "fca", "abcdef at places -1, 2 and -6")


def test_zeros_and_ones_are_places():
    expect(
        picked("abcd", [0, 1, 1, 0]),
        "abba",
        "abcd at places 0, 1, 1 and 0, which are ints and so no mask,",
    )


def test_a_place_in_a_list_is_checked_too():
    for place in (4, -5):
        assert_refused(
            lambda: Items("abcd")[[0, place, 1]],
            IndexError,
            f"of 4 items none is at place {place}, and there is no leaving it out",
        )


def test_a_mask_keeps_the_items_at_its_trues():
    for mask, expected in (
        ([True, False, False, True], "ad"),
        ([False, True, True, True], "bcd"),
        ([False] * 4, ""),
    ):
        expect(
            picked("abcd", mask),
            expected,
            f"abcd under the mask {mask}, in which True is no place 1 and False no place 0,",
        )


def test_a_short_mask_is_refused():
    for mask in ([True, False, True], [False]):
        assert_refused(
            lambda: Items("abcde")[mask],
            IndexError,
            f"a mask of {len(mask)} says nothing about the rest of 5 items",
            mentions=(len(mask), 5),
        )


def test_a_long_mask_is_refused():
    for mask in ([True, False, True, False], [True] * 7):
        assert_refused(
            lambda: Items("abc")[mask],
            IndexError,
            f"a mask of {len(mask)} is not about these 3 items",
            mentions=(len(mask), 3),
        )


def test_an_empty_list_gives_no_items():
    for items in ("abc", ""):
        expect(picked(items, []), "", f"{list(items)} at no place at all")


def test_a_slice_gives_items_again():
    assert_items(picked("abcde", slice(1, 3)), "a slice of Items")


def test_a_list_gives_items_again():
    assert_items(picked("abcde", [3, 0]), "a list of places of Items")


def test_a_list_of_one_place_gives_items():
    got = picked("abcde", [3])
    assert_items(got, "a list of one place")
    expect(got, "d", "abcde at the one place 3")


def test_a_mask_gives_items_again():
    assert_items(picked("abc", [True, False, True]), "a mask of Items")


def test_what_was_picked_can_be_picked_from():
    got = answer_of(
        lambda: Items("abcdef")[1:][[4, 0, 2]][[True, True, False]],
        "a slice, then places, then a mask: each gives Items, which take the next",
    )
    expect(got, "fb", "abcdef without the a, then places 4, 0 and 2, then the first two of these")


def test_any_iterable_will_do():
    for what, items in (
        ("a generator", (letter for letter in "abc")),
        ("a tuple", ("a", "b", "c")),
        ("the keys of a dict", {"a": 1, "b": 2, "c": 3}),
    ):
        made = answer_of(lambda: Items(items), f"{what} can be held")
        for _ in range(2):
            got = answer_of(lambda: made[1], f"{what} that yielded a, b, c has an item 1")
            assert got == "b", f"item 1 of a, b, c is b, got {got!r} ({what})"


def test_later_changes_to_the_list_do_not_matter():
    items = ["a", "b", "c"]
    made = Items(items)
    items[0] = "x"
    del items[1:]
    expect(made, "abc", "Items of a, b, c, made before the list was changed,")


def test_the_list_between_the_brackets_stays_as_it_is():
    for index in ([2, 0, -1], [True, False, True]):
        before = list(index)
        picked("abc", index)
        assert index == before, f"{before} stood between the brackets, now it is {index}"


def test_it_has_no_method_for_loops():
    assert not hasattr(Items("ab"), "__iter__"), (
        "Items has __iter__: a for loop does without, as long as the brackets take 0, 1, 2 and so "
        "on, and say with IndexError where it ends"
    )


def test_it_is_no_list():
    got = isinstance(Items("ab"), list)
    assert not got, "Items is a kind of list: write the class without that"


def picked(items, index):
    """What the learner's brackets give, which nothing here may stop."""
    return answer_of(
        lambda: Items(items)[index], f"{list(items)} take {shown(index)} between the brackets"
    )


def expect(got, expected, what):
    """Compare item by item; that there is an end has tests of its own."""
    found = []
    for place in range(len(expected) + 1):
        try:
            found.append(got[place])
        except Exception:
            break
    assert found == list(expected), f"{what} is {list(expected)}, got {found}"


def assert_items(got, what):
    assert isinstance(got, Items), f"{what} is Items again, got a {type(got).__name__}"


def shown(index):
    """An index as it is written between brackets."""
    if not isinstance(index, slice):
        return repr(index)
    parts = (index.start, index.stop, index.step)
    text = ":".join("" if part is None else str(part) for part in parts)
    return text.removesuffix(":") if index.step is None else text
