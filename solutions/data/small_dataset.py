"""What is a large part of becoming good at deep learning in a field?

It is finding, or making, a small data set on which an idea can be tried within minutes, and whose
verdicts hold on the large one. Here you draw one.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Int, Int64
from torch import Generator, Tensor

from dojo import alternative, misconception

__all__ = ["subset"]


def subset(
    labels: Sequence[int] | Int[Tensor, " examples"],
    classes: Sequence[int],
    per_class: int,
    generator: Generator,
) -> Int64[Tensor, " indices"]:
    """Return the indices of per_class examples of each of the classes, and of no others.

    An index is a place in labels, from 0; none comes twice. The indices are in any order. Of each
    class all choices of per_class examples are equally likely, whatever is drawn of the others.
    Without classes there are no indices: a tensor of shape (0,).

    generator lives on the CPU and is the only source of chance: equal states give equal indices.

    Args:
        labels: The class of each example, a list or an integer tensor on the CPU; left as it is.
        classes: Which classes to draw, any ints, in any order.
        per_class: How many of each, at least 1.
        generator: Draws.

    Raises:
        ValueError: A class has fewer than per_class examples, or none; the message names the class,
            how many it has and how many were asked for. Or a class stands in classes twice; the
            message names it.
    """
    labels, chosen = torch.as_tensor(labels), [torch.empty(0, dtype=torch.int64)]
    for label in classes:
        if list(classes).count(label) > 1:
            raise ValueError(f"class {label} is asked for more than once: name each once")
        places = (labels == label).nonzero().squeeze(1)
        if len(places) < per_class:
            raise ValueError(
                f"class {label} has {len(places)} examples, and {per_class} are asked for"
            )
        chosen.append(places[torch.randperm(len(places), generator=generator)[:per_class]])
    return torch.cat(chosen)


HINTS = (
    "Go class by class: which places in labels hold it, and are there enough of them?",
    "torch.randperm(n, generator=...) puts n places in a random order, and its first k are a fair "
    "choice of k. They count within the class: what are they in labels?",
    "places = (labels == label).nonzero().squeeze(1), then places[torch.randperm(len(places), "
    "generator=generator)[:per_class]], and torch.cat for all classes.",
)
ANSWER = """
Much of it is to have a small data set, and a quick measure on it, whose verdicts carry over: what
is better there is better on all the data. Somebody who tries fifty ideas a day on it learns more
than somebody who tries two on everything. A small set that is merely small does not do. Classes
drawn by chance are missing or rare, the first examples of each come from one source or one day, and
a set that changes from run to run compares ideas on different questions. Hence so many of each
class, drawn evenly, by a seed.

And it has to be tested as a measuring device is. On 20 of each handwritten digit the nearest
neighbour loses 2 to 7 points against some 125 of each, over 50 splits, and still beats the mean
picture in every one of them, as it does on all. On 2 of each it loses 15 to 31. Rank methods on
both sizes once, and keep the smallest set that keeps the order.
"""


@alternative
def filters_one_permutation(labels, classes, per_class, generator):
    labels, wanted = torch.as_tensor(labels), list(classes)
    order = torch.randperm(len(labels), generator=generator)
    kept = []
    for label in wanted:
        if wanted.count(label) != 1:
            raise ValueError(f"{label} is in classes {wanted.count(label)} times")
        found = order[labels[order] == label]
        if found.numel() < per_class:
            raise ValueError(f"{per_class} of class {label} asked for, it has {found.numel()}")
        kept += found[:per_class].tolist()
    return torch.tensor(sorted(kept), dtype=torch.int64)


@alternative
def fills_places_up(labels, classes, per_class, generator):
    if repeated := [label for k, label in enumerate(classes) if label in classes[:k]]:
        raise ValueError(f"class {repeated[0]} is named twice")
    found = {label: [] for label in classes}
    for i, label in enumerate(labels.tolist() if isinstance(labels, Tensor) else labels):
        if label in found:
            found[label].append(i)
    for label, places in found.items():
        if len(places) < per_class:
            raise ValueError(f"class {label}: {len(places)} there, {per_class} asked for")
    indices = torch.zeros(len(classes), per_class, dtype=torch.long)
    for row, places in zip(indices, found.values(), strict=True):
        for k in range(per_class):
            row[k] = places.pop(int(torch.randint(len(places), (), generator=generator)))
    return indices.flatten()


@alternative
def takes_the_highest_scores(labels, classes, per_class, generator):
    labels = torch.as_tensor(labels)
    scores = torch.rand(len(labels), generator=generator, dtype=torch.float64)
    drawn, seen = torch.zeros(len(labels), dtype=torch.bool), set()
    for label in classes:
        if label in seen:
            raise ValueError(f"{label} stands in classes more than once")
        seen.add(label)
        here = labels == label
        if (count := int(here.sum())) < per_class:
            raise ValueError(f"{label}: only {count} of {per_class}")
        drawn[torch.where(here, scores, -1).topk(per_class).indices] = True
    return drawn.nonzero()[:, 0]


@alternative
def draws_with_weights(labels, classes, per_class, generator):
    labels = torch.as_tensor(labels)
    if len(set(classes)) < len(classes):
        raise ValueError(f"a class is repeated: {sorted(classes)}")
    indices = torch.zeros(0, dtype=torch.int64)
    for label in classes:
        weights = (labels == label).double()
        if weights.sum() < per_class:
            raise ValueError(f"class {label} has {int(weights.sum())}, not {per_class}")
        drawn = torch.multinomial(weights, per_class, replacement=False, generator=generator)
        indices = torch.cat((indices, drawn))
    return indices


def _like_this(labels, classes, per_class, choose):
    """What the wrong answers below share: choose(places, per_class) of each class."""
    labels = torch.as_tensor(labels)
    _refuse_repeated(classes)
    chosen = [torch.empty(0, dtype=torch.int64)]
    for label in classes:
        places = (labels == label).nonzero().squeeze(1)
        _refuse_few(label, len(places), per_class)
        chosen.append(choose(places, per_class))
    return torch.cat(chosen)


def _refuse_repeated(classes):
    for label in classes:
        if list(classes).count(label) > 1:
            raise ValueError(f"class {label} is named more than once")


def _refuse_few(label, count, per_class):
    if count < per_class:
        raise ValueError(f"class {label} has {count} examples, not {per_class}")


def _fairly(generator):
    return lambda places, n: places[torch.randperm(len(places), generator=generator)[:n]]


@misconception(
    caught_by=("test_every_example_is_equally_likely", "test_another_seed_gives_other_indices")
)
def takes_the_first(labels, classes, per_class, generator):
    "One example of a class is as good as another, so take the first ones."
    return _like_this(labels, classes, per_class, lambda places, n: places[:n])


@misconception(caught_by="test_each_class_has_as_many_as_asked")
def gives_positions_within_the_class(labels, classes, per_class, generator):
    "randperm of the class's size gives the indices."

    def choose(places, n):
        return torch.randperm(len(places), generator=generator)[:n]

    return _like_this(labels, classes, per_class, choose)


@misconception(
    caught_by=("test_equal_states_give_equal_indices", "test_the_global_generator_is_left_alone")
)
def ignores_the_generator(labels, classes, per_class, generator):
    "torch has a generator of its own."
    return _like_this(labels, classes, per_class, _fairly(None))


@misconception(caught_by="test_equal_states_give_equal_indices")
def draws_with_python(labels, classes, per_class, generator):
    "random.sample is made for this."
    import random

    def choose(places, n):
        return torch.tensor(random.sample(places.tolist(), n))

    return _like_this(labels, classes, per_class, choose)


@misconception(caught_by="test_another_state_gives_other_indices")
def goes_by_the_seed(labels, classes, per_class, generator):
    "A generator is its seed, so the same seed always gives the same subset."
    own = torch.Generator().manual_seed(generator.initial_seed())
    return _like_this(labels, classes, per_class, _fairly(own))


@misconception(caught_by=("test_no_example_comes_twice", "test_a_whole_class_can_be_drawn"))
def draws_with_repeats(labels, classes, per_class, generator):
    "Each of the per_class places is filled with any example of the class."

    def choose(places, n):
        return places[torch.randint(len(places), (n,), generator=generator)]

    return _like_this(labels, classes, per_class, choose)


@misconception(
    caught_by=("test_each_class_has_as_many_as_asked", "test_balance_is_not_left_to_chance")
)
def hopes_for_balance(labels, classes, per_class, generator):
    "A random draw from all classes is balanced."
    labels = torch.as_tensor(labels)
    _refuse_repeated(classes)
    for label in classes:
        _refuse_few(label, int((labels == label).sum()), per_class)
    wanted = torch.isin(labels, torch.tensor(classes, dtype=labels.dtype)).nonzero().squeeze(1)
    return wanted[torch.randperm(len(wanted), generator=generator)[: per_class * len(classes)]]


@misconception(caught_by="test_other_classes_stay_out")
def draws_from_all(labels, classes, per_class, generator):
    "Each class of the data is drawn, and the ones asked for are among them."
    labels = torch.as_tensor(labels)
    others = [label for label in labels.unique().tolist() if label not in classes]
    asked = _like_this(labels, classes, per_class, _fairly(generator))
    few = [label for label in others if (labels == label).sum() >= per_class]
    return torch.cat([asked, _like_this(labels, few, per_class, _fairly(generator))])


@misconception(
    caught_by=(
        "test_a_class_with_too_few_is_refused",
        "test_a_class_without_examples_is_refused",
    )
)
def gives_fewer(labels, classes, per_class, generator):
    "Where a class is short, take what there is."
    labels = torch.as_tensor(labels)
    _refuse_repeated(classes)
    chosen = [torch.empty(0, dtype=torch.int64)]
    for label in classes:
        places = (labels == label).nonzero().squeeze(1)
        chosen.append(_fairly(generator)(places, per_class))
    return torch.cat(chosen)


@misconception(caught_by="test_a_class_with_too_few_is_refused")
def fills_up_with_repeats(labels, classes, per_class, generator):
    "A short class is filled up by taking its examples again."
    labels = torch.as_tensor(labels)
    _refuse_repeated(classes)
    chosen = [torch.empty(0, dtype=torch.int64)]
    for label in classes:
        places = (labels == label).nonzero().squeeze(1)
        if not len(places):
            _refuse_few(label, 0, per_class)
        mixed = places[torch.randperm(len(places), generator=generator)]
        chosen.append(mixed.repeat(-(-per_class // len(places)))[:per_class])
    return torch.cat(chosen)


@misconception(caught_by="test_a_class_without_examples_is_refused")
def leaves_out_what_is_not_there(labels, classes, per_class, generator):
    "A class without examples has nothing to draw from, so there is nothing to do."
    found = set(torch.as_tensor(labels).tolist())
    _refuse_repeated(classes)
    there = [label for label in classes if label in found]
    return _like_this(labels, there, per_class, _fairly(generator))


@misconception(caught_by="test_a_whole_class_can_be_drawn")
def wants_one_to_spare(labels, classes, per_class, generator):
    "To draw from a class it must have more than is drawn."

    def choose(places, n):
        if len(places) <= n:
            raise ValueError(f"{len(places)} examples are too few to draw {n}")
        return _fairly(generator)(places, n)

    return _like_this(labels, classes, per_class, choose)


@misconception(caught_by="test_the_refusal_names_the_class_and_the_counts")
def says_only_that_it_is_too_few(labels, classes, per_class, generator):
    "An error that says what is wrong need not say where."
    labels = torch.as_tensor(labels)
    for label in classes:
        if (labels == label).sum() < per_class:
            raise ValueError("too few examples")
    return _like_this(labels, classes, per_class, _fairly(generator))


@misconception(caught_by="test_verdicts_on_it_carry_over")
def divides_the_number(labels, classes, per_class, generator):
    "per_class is the size of the subset, shared by the classes."
    labels = torch.as_tensor(labels)
    for label in classes:
        _refuse_few(label, int((labels == label).sum()), per_class)
    each = max(1, per_class // max(len(classes), 1))
    return _like_this(labels, classes, each, _fairly(generator))


@misconception(caught_by="test_the_better_method_is_better_on_it")
def repeats_one_example(labels, classes, per_class, generator):
    "It is the class that counts, so one example of it, repeated, will do."

    def choose(places, n):
        return _fairly(generator)(places, 1).expand(n)

    return _like_this(labels, classes, per_class, choose)


@misconception(caught_by="test_any_two_examples_of_a_class_can_come_together")
def takes_a_run(labels, classes, per_class, generator):
    "A random start is enough, and from there the examples come in order."

    def choose(places, n):
        start = int(torch.randint(len(places), (), generator=generator))
        return places.roll(-start)[:n]

    return _like_this(labels, classes, per_class, choose)


@misconception(caught_by="test_classes_are_drawn_independently")
def draws_each_class_alike(labels, classes, per_class, generator):
    "Every class starts from the same seed, so that none depends on the others."
    state = generator.get_state()

    def choose(places, n):
        generator.set_state(state)
        return _fairly(generator)(places, n)

    return _like_this(labels, classes, per_class, choose)


@misconception(caught_by="test_every_example_is_equally_likely")
def never_takes_the_last(labels, classes, per_class, generator):
    "The last place is len(places) - 1, so that is where drawing ends."

    def choose(places, n):
        return _fairly(generator)(places[: max(n, len(places) - 1)], n)

    return _like_this(labels, classes, per_class, choose)


@misconception(caught_by="test_the_result_is_one_row_of_int64")
def gives_a_row_for_each_class(labels, classes, per_class, generator):
    "A subset of classes is a table, with a row for each class."
    return _like_this(labels, classes, per_class, _fairly(generator)).view(-1, per_class)


@misconception(caught_by="test_the_result_is_one_row_of_int64")
def gives_a_list(labels, classes, per_class, generator):
    "Indices are a list of numbers."
    return _like_this(labels, classes, per_class, _fairly(generator)).tolist()


@misconception(caught_by="test_each_class_has_as_many_as_asked")
def gives_labels(labels, classes, per_class, generator):
    "A subset of labels holds labels."
    labels = torch.as_tensor(labels)
    return labels.long()[_like_this(labels, classes, per_class, _fairly(generator))]


@misconception(caught_by="test_the_result_is_one_row_of_int64")
def gives_a_mask(labels, classes, per_class, generator):
    "A mask picks the same examples as indices."
    mask = torch.zeros(len(labels), dtype=torch.bool)
    mask[_like_this(labels, classes, per_class, _fairly(generator))] = True
    return mask


@misconception(caught_by="test_labels_may_be_a_tensor")
def compares_with_a_list(labels, classes, per_class, generator):
    "Labels are a list, and have the methods of one."
    return _like_this(labels.copy(), classes, per_class, _fairly(generator))


@misconception(caught_by="test_no_classes_no_indices")
def takes_all_classes_for_none(labels, classes, per_class, generator):
    "Who names no classes wants all of them."
    named = classes or torch.as_tensor(labels).unique().tolist()
    return _like_this(labels, named, per_class, _fairly(generator))


@misconception(caught_by="test_no_indices_are_int64_too")
def makes_floats_of_none(labels, classes, per_class, generator):
    "torch.tensor of a list of whole numbers is int64."
    return torch.tensor(_like_this(labels, classes, per_class, _fairly(generator)).tolist())


@misconception(caught_by="test_a_repeated_class_is_refused")
def takes_a_repeated_class_once(labels, classes, per_class, generator):
    "A class that is named twice is one class."
    return _like_this(labels, list(dict.fromkeys(classes)), per_class, _fairly(generator))


@misconception(caught_by="test_a_repeated_class_is_refused")
def takes_a_repeated_class_twice(labels, classes, per_class, generator):
    "Who names a class twice wants twice as many."
    pieces = [_like_this(labels, [k], per_class, _fairly(generator)) for k in classes]
    return torch.cat([torch.empty(0, dtype=torch.int64), *pieces])


@misconception(caught_by="test_labels_stay_as_they_are")
def crosses_out_what_is_drawn(labels, classes, per_class, generator):
    "An example that is drawn is crossed out, so that it can't come twice."
    drawn = _like_this(labels, classes, per_class, _fairly(generator))
    for i in drawn.tolist():
        labels[i] = min(classes) - 1
    return drawn
