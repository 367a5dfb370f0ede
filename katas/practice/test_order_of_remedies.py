from math import nan

from dojo.checks import answer_of, assert_refused
from katas.practice.order_of_remedies import improve, plan

KINDS = {"more data", "augmentation", "architecture", "regularisation", "smaller model"}


def test_new_data_come_before_augmentation():
    assert_order(
        {"flips": "augmentation", "label 500 more": "more data"},
        ["label 500 more", "flips"],
        "a new example tells more than a changed copy of an old one",
    )


def test_data_come_before_the_model():
    for data, kind in (("photos", "more data"), ("turns", "augmentation")):
        for model, other in (("convolutions", "architecture"), ("dropout", "regularisation")):
            assert_order(
                {model: other, data: kind},
                [data, model],
                "first show the model more, then change it",
            )


def test_architecture_comes_before_regularisation():
    assert_order(
        {"dropout": "regularisation", "residual net": "architecture"},
        ["residual net", "dropout"],
        "a build that suits the task comes before what only holds a model back",
    )


def test_a_smaller_model_comes_last():
    for kind in sorted(KINDS - {"smaller model"}):
        assert_order(
            {"half the layers": "smaller model", "z": kind},
            ["z", "half the layers"],
            "what the model loses in capacity it may need, so that is given up last",
        )


def test_equal_kinds_keep_their_order():
    assert_order(
        {
            "weight decay": "regularisation",
            "zoom": "augmentation",
            "dropout": "regularisation",
            "flip": "augmentation",
            "label smoothing": "regularisation",
        },
        ["zoom", "flip", "weight decay", "dropout", "label smoothing"],
        "of equal kinds each has its turn, in the order of the mapping",
    )


def test_a_plan_is_a_list_of_names():
    for remedies in ({}, {"flips": "augmentation"}):
        got = answer_of(lambda r=remedies: plan(r), f"{remedies} can be planned")
        assert got == list(remedies), (
            f"the plan for {remedies} is a list of its names, {list(remedies)}, got {got!r}"
        )


def test_an_unknown_kind_is_refused():
    for kind in ("prayer", "Augmentation", ""):
        remedies = {"flips": "augmentation", "the thing": kind}
        why = f"{kind!r} is none of the five kinds"
        assert_refused(lambda r=remedies: plan(r), ValueError, why)


def test_the_error_names_the_unknown_kind():
    remedies = {"the thing": "prayer", "flips": "augmentation"}
    why = "'prayer' is none of the five kinds"
    assert_refused(lambda: plan(remedies), ValueError, why, mentions=("prayer",))


def test_the_callers_mapping_stays_as_it_is():
    remedies = {"dropout": "regularisation", "photos": "more data", "flips": "augmentation"}
    before = list(remedies.items())
    answer_of(lambda: plan(remedies), f"{remedies} can be planned")
    after = list(remedies.items())
    assert after == before, f"the mapping was {before}, now it is {after}: leave it as it is"


def test_what_lowers_the_error_is_kept():
    got, _ = improved("abc", {"": 9.0, "a": 7.0, "ab": 6.5, "abc": 3.0})
    assert got == ["a", "b", "c"], (
        f"9.0 falls to 7.0 with a, to 6.5 with b on top and to 3.0 with c, so all stay, got {got}"
    )


def test_what_does_not_help_is_not_kept():
    got, _ = improved("a", {"": 4.0, "a": 5.0})
    assert got == [], f"with a the error rises from 4.0 to 5.0, so nothing is kept, got {got}"


def test_a_failure_does_not_end_the_search():
    got, _ = improved("abc", {"": 4.0, "a": 5.0, "b": 6.0, "c": 1.0})
    assert got == ["c"], (
        f"a and b fail, c brings the error from 4.0 to 1.0 and is kept, got {got}: the order is a "
        "rule of thumb, and each gets its turn"
    )


def test_remedies_are_tried_in_the_order_of_the_plan():
    remedies = {"s": "smaller model", "r": "regularisation", "m": "more data"}
    got, tried = improved(remedies, {"": 9.0, "m": 8.0, "mr": 7.0, "mrs": 6.0})
    assert tried == ["", "m", "mr", "mrs"], (
        f"all of m, r and s help, so the runs are none, m, mr, mrs, got {tried}"
    )
    assert got == ["m", "r", "s"], f"kept are m, r and s, in this order, got {got}"


def test_each_is_tried_on_top_of_those_kept():
    _, tried = improved("abcd", {"": 9.0, "a": 7.0, "ab": 8.0, "ac": 5.0, "acd": 6.0})
    assert tried == ["", "a", "ab", "ac", "acd"], (
        f"a helps, b on top of a does not, c on top of a does, so the runs are none, a, ab, ac, "
        f"acd, got {tried}: b, c, d alone would mean that each is judged by itself, abc that what "
        "failed stays in"
    )


def test_better_than_the_last_failure_is_not_enough():
    got, _ = improved("abc", {"": 5.0, "a": 4.0, "ab": 8.0, "ac": 6.0})
    assert got == ["a"], (
        f"b gives 8.0 and c 6.0, both worse than the 4.0 of a alone, got {got}: c is better than "
        "the last try, and no better than the best"
    )


def test_better_than_the_start_is_not_enough():
    got, _ = improved("ab", {"": 9.0, "a": 3.0, "ab": 5.0})
    assert got == ["a"], (
        f"b turns the 3.0 of a into 5.0, got {got}: that is better than the 9.0 at the start, and "
        "worse than the best"
    )


def test_an_equal_error_is_no_improvement():
    got, _ = improved("ab", {"": 9.0, "a": 9.0, "b": 8.0, "ab": 8.0})
    assert got == ["b"], f"with a the error stays at 9.0, only b helps, got {got}"


def test_nan_is_no_improvement():
    got, _ = improved("ab", {"": 9.0, "a": nan, "b": 8.0, "ab": nan})
    assert got == ["b"], (
        f"a run that ends in NaN has broken down, only b helps, got {got}: every comparison with "
        "NaN is false, so ask what has to be true"
    )


def test_no_error_is_trained_for_twice():
    for errors in ({"": 5.0, "a": 4.0, "ab": 3.0, "abc": 2.0}, {"": 1.0, "a": 2, "b": 3, "c": 4}):
        _, tried = improved("abc", errors)
        assert len(tried) == 4, (
            f"three remedies take 4 training runs, one without any, got {len(tried)}: {tried}; "
            "what is known need not be trained again"
        )


def test_an_unknown_kind_is_refused_before_training():
    tried = []

    def error_with(names):
        tried.append(list(names))
        return 1.0 / len(tried)

    remedies = {"photos": "more data", "the thing": "prayer"}
    why = "'prayer' is none of the five kinds"
    assert_refused(lambda: improve(remedies, error_with), ValueError, why)
    assert not tried, f"look at the kinds before hours of training; trained was with {tried}"


def assert_order(remedies, expected, why):
    got = answer_of(lambda: plan(remedies), f"{remedies} can be planned")
    assert list(got) == expected, f"of {remedies} the order is {expected}, got {got}: {why}"


def improved(remedies, errors):
    """What is kept, and the sets of remedies trained with, each as a string of their letters.

    Sets without an error of their own have one of 7.5: nobody should ask for them.
    """
    if isinstance(remedies, str):
        remedies = dict.fromkeys(remedies, "regularisation")
    tried = []

    def error_with(names):
        assert len(tried) < 50, "50 training runs for three or four remedies: is it endless?"
        tried.append("".join(names))
        return float(errors.get(tried[-1], 7.5))

    why = f"{remedies} can be tried"
    return answer_of(lambda: improve(remedies, error_with), why), tried
