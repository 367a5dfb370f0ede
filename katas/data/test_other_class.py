from random import Random

import torch
from torch.nn.functional import cross_entropy

from dojo.checks import answer_of, assert_same
from katas.data.other_class import Labels

# With min_count 2 four names are kept: Kite sorts before OTHER, the others after it.
BIRDS = ("wren", "heron", "owl", "Kite", "heron", "wren", "ibis", "Kite", "wren", "crane", "crane")


def test_exactly_min_count_is_kept():
    for min_count, name in ((1, "owl"), (2, "heron"), (3, "wren")):
        got = trained(None, min_count).classes
        assert name in got, (
            f"{name} is there {min_count} times, which is at least {min_count}, and is no class "
            f"of {got}"
        )


def test_one_fewer_is_no_class():
    for min_count, name in ((2, "owl"), (3, "heron"), (4, "wren")):
        got = trained(None, min_count).classes
        assert name not in got, (
            f"the count of {name} is {min_count - 1}, below {min_count}, and it is a class: {got}"
        )


def test_classes_are_sorted_and_end_in_other():
    for min_count, expected in (
        (2, ["Kite", "crane", "heron", "wren", "OTHER"]),
        (3, ["wren", "OTHER"]),
    ):
        got = list(trained(None, min_count).classes)
        assert got == expected, (
            f"seen {min_count} times or more, in order, then OTHER: {expected}, got {got}"
        )


def test_other_is_there_where_nothing_is_rare():
    got = list(trained(["Kite", "Emu"], 1).classes)
    assert got == ["Emu", "Kite", "OTHER"], (
        f"what comes after training may be none of Emu and Kite, so OTHER is needed, got {got}"
    )


def test_a_class_is_encoded_by_its_place():
    got = encoded(trained(), ["wren", "Kite", "heron", "crane", "wren"])
    assert got == [3, 0, 2, 1, 3], (
        "of Kite, crane, heron, wren and OTHER wren is 3, Kite 0, heron 2, crane 1, and wren 3 "
        f"again, got {got}"
    )


def test_rare_examples_become_other():
    got = encoded(trained(), ["owl", "ibis"])
    assert got == [4, 4], (
        f"owl and ibis were rare, so both are OTHER, 4, got {got}: [0, 0] would call them Kite"
    )


def test_no_training_example_is_dropped():
    got = encoded(trained(), list(BIRDS))
    assert len(got) == len(BIRDS), (
        f"{len(BIRDS)} examples have {len(BIRDS)} targets, got {len(got)}: without the rare ones "
        "OTHER has nothing to learn from"
    )


def test_an_unseen_name_is_other():
    got = encoded(trained(), ["emu", "heron", "zebra", ""])
    assert got == [4, 2, 4, 4], (
        f"emu, zebra and the empty name were never seen and are OTHER, 4, heron is 2, got {got}: 0 "
        "would call them Kite, and -1 is the target of no loss"
    )


def test_an_unseen_name_is_other_where_nothing_is_rare():
    got = encoded(trained(["owl", "emu"], 1), ["wren", "owl"])
    assert got == [2, 1], f"of emu, owl and OTHER wren is OTHER, 2, and owl is 1, got {got}"


def test_indices_serve_as_targets():
    labels = trained()
    indices = indices_of(labels, [*BIRDS, "emu", "emu"])
    outputs = torch.zeros(len(indices), len(labels.classes))
    loss = answer_of(
        lambda: cross_entropy(outputs, indices),
        f"cross_entropy takes int64 from 0 to {len(labels.classes) - 1} as targets",
    )
    # Five equal outputs: each class has probability 1/5.
    assert_same(loss, torch.tensor(5.0).log(), "the loss of five equal outputs is log 5")


def test_indices_are_int64():
    got = indices_of(trained(), ["wren", "emu"])
    assert isinstance(got, torch.Tensor), f"indices are a tensor, got a {type(got).__name__}"
    assert got.dtype == torch.int64, f"indices are int64, got {got.dtype}"


def test_other_has_an_index_of_its_own():
    labels = trained()
    for name in ("Kite", "crane", "heron", "wren"):
        known, unseen = encoded(labels, [name, "emu"])
        assert known != unseen, (
            f"{name} and OTHER share the index {known}: nothing tells them apart"
        )


def test_the_order_of_the_examples_does_not_matter():
    expected = encoded(trained(), list(BIRDS))
    for seed in range(5):
        shuffled = Random(seed).sample(BIRDS, len(BIRDS))
        got = encoded(trained(shuffled), list(BIRDS))
        assert got == expected, (
            f"the same examples in another order give other indices, {got} for {expected}: a "
            "model that was saved would mean other classes"
        )


def test_equal_names_need_not_stand_together():
    got = list(trained(["owl", "emu", "owl", "emu", "ibis", "owl", "emu"], 3).classes)
    assert got == ["emu", "owl", "OTHER"], (
        f"owl and emu in turns are three of each, and ibis is there once, got the classes {got}"
    )


def test_encoding_teaches_nothing():
    labels = trained()
    before = list(labels.classes)
    got = [encoded(labels, ["emu", "ibis"]) for _ in range(4)]
    assert got == [[4, 4]] * 4, (
        f"emu and ibis are OTHER, 4, however often they are encoded, got {got}: a network has no "
        "output for a class that comes later"
    )
    assert list(labels.classes) == before, f"encode changed the classes to {labels.classes}"


def test_classes_come_back():
    got = decoded(trained(), [3, 0, 2, 1, 3])
    assert got == ["wren", "Kite", "heron", "crane", "wren"], f"3, 0, 2, 1, 3 are {got}"


def test_what_is_other_comes_back_as_other():
    labels = trained()
    got = decoded(labels, labels.encode(["owl", "heron", "emu"]).tolist())
    assert got == ["OTHER", "heron", "OTHER"], (
        f"owl and emu are OTHER to a model, which cannot tell them apart, got {got}"
    )


def test_a_name_other_is_no_class_besides():
    names = [*BIRDS, "OTHER", "OTHER", "OTHER"]
    labels = trained(names)
    assert list(labels.classes).count("OTHER") == 1, (
        f"OTHER is one class, not two: {labels.classes}"
    )
    assert list(labels.classes)[-1] == "OTHER", f"OTHER comes last: {labels.classes}"
    got = encoded(labels, ["OTHER", "wren"])
    assert got == [4, 3], f"the name OTHER is encoded as OTHER, 4, and wren as 3, got {got}"


def test_no_names_give_no_indices():
    got = answer_of(lambda: trained().encode([]), "no names have no indices")
    assert_same(got, torch.empty(0, dtype=torch.int64), "an empty tensor of int64")


def test_without_training_everything_is_other():
    for names in ([], ["owl", "emu"]):
        labels = trained(names, 2)
        assert list(labels.classes) == ["OTHER"], (
            f"of {names} none is there twice, so OTHER is left, got {labels.classes}"
        )
        got = encoded(labels, ["owl", "wren"])
        assert got == [0, 0], f"OTHER is the only class, 0, for owl and wren, got {got}"


def test_capitals_count():
    got = list(trained(["Owl", "owl", "Owl"], 2).classes)
    assert got == ["Owl", "OTHER"], f"Owl is there twice, owl once and another name, got {got}"
    got = encoded(trained(), ["Wren", "wren"])
    assert got == [4, 3], f"Wren is not wren, 3, but OTHER, 4, got {got}"


def test_spaces_count():
    got = list(trained([" owl", "owl", "owl "], 2).classes)
    assert got == ["OTHER"], f"owl with a space before or after it is another name, got {got}"
    got = encoded(trained(), ["wren ", "wren"])
    assert got == [4, 3], f"'wren ' is not wren, 3, but OTHER, 4, got {got}"


def test_two_trainings_do_not_mix():
    first = trained(["owl", "emu", "emu"], 2)
    second = trained(["owl", "ibis", "ibis"], 2)
    for labels, expected in ((first, ["emu", "OTHER"]), (second, ["ibis", "OTHER"])):
        got = list(labels.classes)
        assert got == expected, (
            f"owl is there once in each of two trainings and kept in none: {expected}, got {got}"
        )
    got = encoded(first, ["emu", "ibis"])
    assert got == [0, 1], f"emu is 0 of the first, and ibis OTHER, 1, got {got}"


def test_names_for_training_may_come_one_by_one():
    got = list(trained(iter(BIRDS)).classes)
    assert got == ["Kite", "crane", "heron", "wren", "OTHER"], (
        f"names out of a generator give the same classes, got {got}: it can be walked only once"
    )


def test_names_to_encode_may_come_one_by_one():
    got = encoded(trained(), iter(["wren", "emu"]))
    assert got == [3, 4], f"wren and emu out of a generator are 3 and 4, got {got}"


def test_the_names_stay_as_they_are():
    names = list(BIRDS)
    encoded(trained(names), names)
    assert names == list(BIRDS), f"the caller's list has become {names}"


def trained(names=None, min_count=2):
    names = list(BIRDS) if names is None else names
    why = f"names and min_count {min_count} make labels"
    return answer_of(lambda: Labels.from_training(names, min_count), why)


def encoded(labels, names):
    indices = indices_of(labels, names)
    assert isinstance(indices, torch.Tensor), f"indices are a tensor, got {indices!r}"
    return indices.tolist()


def indices_of(labels, names):
    why = "each name has an index, that of OTHER where it is no class"
    return answer_of(lambda: labels.encode(names), why)


def decoded(labels, indices):
    return answer_of(lambda: labels.decode(torch.tensor(indices)), f"indices {indices} have names")
