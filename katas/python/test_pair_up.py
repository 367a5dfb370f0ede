import torch
from torch.utils.data import DataLoader

from dojo.checks import answer_of, assert_refused, assert_same
from katas.python.pair_up import pair_up, unpair


def test_items_of_one_place_go_together():
    got = list(paired([1, 2, 3, 4], "abcd"))
    assert same(got, [(1, "a"), (2, "b"), (3, "c"), (4, "d")]), (
        f"1 goes with a, 2 with b, 3 with c and 4 with d, got {got}: 16 pairs would be each with "
        "each, 2 of four items all xs and all ys, ('a', 1) the y before the x"
    )


def test_the_result_is_a_list():
    got = paired("ab", "cd")
    assert isinstance(got, list), (
        f"expected a list, got a {type(got).__name__}: what zip returns has no length and no "
        "index, and is empty after one walk"
    )


def test_a_pair_is_a_tuple():
    for pair in paired([7, 2], [8, 3]):
        assert isinstance(pair, tuple), f"a pair is a tuple, got a {type(pair).__name__}: {pair}"


def test_the_x_comes_first():
    got = list(paired([7], [8]))
    assert same(got, [(7, 8)]), f"7 with 8 is one pair, and 7 comes first, got {got}"


def test_equal_xs_keep_their_own_ys():
    got = list(paired([5, 6, 5, 5], "abcd"))
    assert same(got, [(5, "a"), (6, "b"), (5, "c"), (5, "d")]), (
        f"[5, 6, 5, 5] with abcd has 5 three times, with a, c and d, got {got}: two pairs would "
        "mean a dict, where 5 has one place, and a three times a search for the first 5"
    )


def test_equal_pairs_all_stay():
    got = list(paired([9, 9, 2], "aab"))
    assert same(got, [(9, "a"), (9, "a"), (2, "b")]), (
        f"[9, 9, 2] with aab has (9, 'a') twice, got {got}: an example that comes twice counts "
        "twice"
    )


def test_false_items_are_items():
    got = list(paired([0, 1, None, ""], [3, 0, False, 2]))
    assert same(got, [(0, 3), (1, 0), (None, False), ("", 2)]), (
        f"0, None, False and '' are items like any other, so there are 4 pairs, got {got}"
    )


def test_items_go_in_as_they_are():
    image, label = [0.5, 2.0], {"digit": 3}
    pairs = list(paired([image], [label]))
    assert same(pairs, [(image, label)]), f"{image} with {label} is one pair, got {pairs}"
    [(x, y)] = pairs
    assert x is image, f"the x of the pair is the {image} handed in, got {x} that is another object"
    assert y is label, f"the y of the pair is the {label} handed in, got {y} that is another object"


def test_nothing_with_nothing_is_an_empty_list():
    for xs, ys in (([], []), ("", ()), (range(0), torch.zeros(0))):
        got = paired(xs, ys)
        assert list(got) == [], f"{xs!r} with {ys!r} has no pairs, so [], got {got!r}"


def test_rows_of_a_tensor_can_be_paired():
    images = torch.tensor([[0.5, -1.0], [2.0, 0.0], [-3.0, 4.0]])
    got = list(paired(images, range(3), "3 rows of a tensor and range(3)"))
    assert len(got) == 3, f"3 rows with 3 labels make 3 pairs, got {len(got)}"
    for label, (image, target) in enumerate(got):
        assert_same(image, images[label], f"row {label} belongs to label {label}")
        assert target == label, f"row {label} belongs to label {label}, got {target}"


def test_unequal_lengths_are_refused():
    for xs, ys in (("vwxyz", "abc"), ("v", "")):
        assert_refused(
            lambda: pair_up(xs, ys),
            ValueError,
            f"{len(xs)} xs and {len(ys)} ys leave an x without a y",
        )


def test_too_few_xs_are_refused():
    for xs, ys in (("abc", "vwxyz"), ("", "v")):
        assert_refused(
            lambda: pair_up(xs, ys),
            ValueError,
            f"{len(xs)} xs and {len(ys)} ys leave a y without an x",
        )


def test_the_error_names_both_lengths():
    # zip says "argument 2 is shorter than argument 1": no 1 and no 2 here.
    assert_refused(
        lambda: pair_up("vwxyz", "abc"), ValueError, "5 xs and 3 ys do not pair", mentions=(5, 3)
    )


def test_a_loader():
    """A DataLoader takes the pairs as they are, and gives batches of xs and of ys."""
    pairs = paired([0.5, 1.5, 2.5], [7, 8, 9])
    why = "a DataLoader with batches of 2 takes the pairs as they are"
    got = answer_of(lambda: list(DataLoader(pairs, batch_size=2)), why)
    assert len(got) == 2, f"3 pairs make 2 batches, got {len(got)}"
    for batch, x, y in zip(got, ([0.5, 1.5], [2.5]), ([7, 8], [9]), strict=True):
        assert len(batch) == 2, f"a batch holds the xs and the ys, got {batch}"
        assert_same(batch[0], torch.tensor(x, dtype=torch.float64), "a batch has its xs first")
        assert_same(batch[1], torch.tensor(y), "a batch has its ys second")


def test_the_sequences_stay_as_they_are():
    xs, ys = [3, 1, 2], ["c", "a", "b"]
    paired(xs, ys)
    assert (xs, ys) == ([3, 1, 2], ["c", "a", "b"]), (
        f"[3, 1, 2] and ['c', 'a', 'b'] were handed in, now they are {xs} and {ys}"
    )


def test_the_halves_come_apart():
    xs, ys = halves([(1, "a"), (2, "b"), (3, "c")])
    assert (list(xs), list(ys)) == ([1, 2, 3], ["a", "b", "c"]), (
        f"the first of each pair are [1, 2, 3], the second ['a', 'b', 'c'], got {xs} and {ys}: "
        "all six in both would mean that the two are one list"
    )


def test_both_halves_are_lists():
    for half in halves([(4, 5), (6, 7)]):
        assert isinstance(half, list), (
            f"each half is a list, got a {type(half).__name__}: zip makes tuples"
        )


def test_the_halves_are_two_lists():
    xs, ys = halves([(4, 4), (-1, -1)])
    assert xs is not ys, f"the halves of [(4, 4), (-1, -1)] are one and the same list, {xs}"


def test_equal_pairs_come_apart_too():
    xs, ys = halves([(5, "a"), (0, None), (5, "b"), (5, "b")])
    assert (list(xs), list(ys)) == ([5, 0, 5, 5], ["a", None, "b", "b"]), (
        f"four pairs give [5, 0, 5, 5] and ['a', None, 'b', 'b'], got {xs} and {ys}: two of each "
        "would mean a dict, where 5 has one place"
    )


def test_no_pairs_give_two_empty_lists():
    for what, pairs in (("an empty list", []), ("an empty iterator", iter([]))):
        xs, ys = halves(pairs, what)
        assert (list(xs), list(ys)) == ([], []), f"{what} gives two empty lists, got {xs} and {ys}"


def test_an_iterator_can_be_unpaired():
    for what, pairs in (
        ("a generator", ((x, -x) for x in (3, 1))),
        ("a zip object", zip([3, 1], [-3, -1], strict=True)),
        ("the items of a dict", {3: -3, 1: -1}.items()),
    ):
        xs, ys = halves(pairs, what)
        assert (list(xs), list(ys)) == ([3, 1], [-3, -1]), (
            f"{what} of (3, -3), (1, -1) gives [3, 1] and [-3, -1], got {xs} and {ys}: an empty "
            "half would mean that it was walked once for each half, and an iterator can be walked "
            "once"
        )


def test_a_second_call_begins_anew():
    halves([(1, "a"), (2, "b")])
    xs, ys = halves([(3, "c")])
    assert (list(xs), list(ys)) == ([3], ["c"]), (
        f"[(3, 'c')] gives [3] and ['c'], also as the second call, got {xs} and {ys}: a default is "
        "made once, and what is put into it stays"
    )


def test_the_pairs_stay_as_they_are():
    pairs = [(1, "a"), (2, "b")]
    halves(pairs)
    assert pairs == [(1, "a"), (2, "b")], f"[(1, 'a'), (2, 'b')] was handed in, now it is {pairs}"


def test_what_is_paired_comes_apart_again():
    for xs, ys in (([2, 1, 2], ["c", "b", "a"]), ([], []), ([None], [0])):
        got = halves(paired(list(xs), list(ys)))
        assert (list(got[0]), list(got[1])) == (xs, ys), (
            f"{xs} and {ys}, paired and unpaired, are themselves again, got {got}"
        )


def same(pairs, expected):
    """Whether the pairs hold the expected items: what holds them is for another test."""
    return [tuple(pair) for pair in pairs] == expected


def paired(xs, ys, what=None):
    what = what or f"{xs!r} and {ys!r}"
    return answer_of(lambda: pair_up(xs, ys), f"{what} are of one length and pair")


def halves(pairs, what=None):
    """The two halves that unpair gives."""
    what = what or f"{pairs}"
    got = answer_of(lambda: unpair(pairs), f"{what} comes apart into two lists")
    two = answer_of(lambda: len(got), f"{what} comes apart into two lists, got {got!r}")
    assert two == 2, f"{what} comes apart into two lists, got {got!r}"
    return got
