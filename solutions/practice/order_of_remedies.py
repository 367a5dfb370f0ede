"""A model overfits: what do you do, in which order?

Here: put remedies into the order to try them, then try them and keep what helps.
"""

from collections.abc import Callable, Mapping

from dojo import alternative, misconception

__all__ = ["improve", "plan"]


def plan(remedies: Mapping[str, str]) -> list[str]:
    """Return the names of the remedies in the order to try them, as a list.

    remedies maps a name to its kind, one of "architecture", "augmentation", "more data",
    "regularisation" and "smaller model" (here in order of the alphabet). First comes what shows the
    model more: examples that nobody has seen yet before changed copies of the old ones. Then what
    makes a model fit the task by its build, then what holds one back that stays as it is, and last
    what takes its capacity away. Equal kinds keep the order of the mapping, which may be empty and
    stays as it is.

    Raises:
        ValueError: a kind is none of the five; the message gives that kind.
    """
    for name, kind in remedies.items():
        if kind not in _ORDER:
            raise ValueError(f"{name} is of kind {kind!r}: give one of {', '.join(_ORDER)}")
    return sorted(remedies, key=lambda name: _ORDER.index(remedies[name]))


def improve(remedies: Mapping[str, str], error_with: Callable[[list[str]], float]) -> list[str]:
    """Return the names of the remedies that helped, as a list in the order of the plan.

    error_with trains a model with the remedies named in a list, in the order given, and returns its
    validation error. It takes hours: it is called once with an empty list, then once for each
    remedy, in the order of the plan, and no more. Each remedy is tried on top of those kept so far,
    its own name last in the list, and is kept if the error falls below the lowest so far. An equal
    error is no improvement, nor is NaN, where training broke down; the first error is never NaN.

    Raises:
        ValueError: a kind is none of the five; the message gives that kind, and nothing is trained.
    """
    names, kept = plan(remedies), []
    best = error_with([])
    for name in names:
        error = error_with([*kept, name])
        if error < best:
            best = error
            kept.append(name)
    return kept


_ORDER = ("more data", "augmentation", "architecture", "regularisation", "smaller model")

HINTS = (
    "Overfitting means that the model knows its examples by heart. What would make that harder "
    "without making it harder to learn what is right? And what is the last thing to give up?",
    "A tuple of the kinds gives each kind its rank, and Python's sort keeps the order of equals. "
    "To improve, carry two things along: the names kept, and the lowest error, which you know "
    "without another run.",
    "More data, augmentation, architecture, regularisation, smaller model; sorted(remedies, key="
    "rank of its kind). In the loop: error = error_with([*kept, name]), and if error < best, then "
    "best = error and kept.append(name).",
)
ANSWER = """
Get more data; if there is no more, augment what there is; then choose an architecture that
generalises better; then regularise, by dropout or weight decay; and only then make the model
smaller. The order is a rule of thumb: the first ones add information or prior knowledge, the last
takes capacity away, which the model may need for what is right as well as for what it learns by
heart. A smaller model is the well-known first answer, and it often trades overfitting for
underfitting.

What helps has to be measured on the validation set, one change at a time, on top of what already
helps: remedies do not add up, and weight decay may be worth nothing once the data have doubled. The
bar is the lowest error so far and neither the start nor the last try, or a bad run lets the next
one pass for progress. The more is tried, the more of the gain is luck of that set: differences
smaller than those between two seeds are none.
"""


@alternative(replaces="plan")
def fills_one_drawer_a_kind(remedies):
    drawers = {kind: [] for kind in _ORDER}
    for name, kind in remedies.items():
        if kind not in drawers:
            raise ValueError(f"{kind} is no kind of remedy")
        drawers[kind].append(name)
    return [name for drawer in drawers.values() for name in drawer]


@alternative(replaces="plan")
def walks_the_kinds(remedies):
    unknown = [kind for kind in remedies.values() if kind not in _ORDER]
    if unknown:
        raise ValueError(f"unknown: {unknown}")
    return [name for kind in _ORDER for name in remedies if remedies[name] == kind]


@alternative(replaces="plan")
def sorts_ranks_and_positions(remedies):
    rank = {kind: number for number, kind in enumerate(_ORDER)}
    try:
        triples = [(rank[kind], i, name) for i, (name, kind) in enumerate(remedies.items())]
    except KeyError as error:
        raise ValueError(f"there is no kind {error}") from None
    return [name for _, _, name in sorted(triples)]


@alternative(replaces="improve")
def keeps_the_better_of_two(remedies, error_with):
    names = plan(remedies)
    best = (error_with([]), [])
    for name in names:
        tried = [*best[1], name]
        error = error_with(list(tried))
        best = (error, tried) if error < best[0] else best
    return best[1]


@alternative(replaces="improve")
def takes_back_what_failed(remedies, error_with):
    kept, errors = [], []
    for name in (None, *plan(remedies)):
        if name is not None:
            kept.append(name)
        error = error_with(kept.copy())
        if errors and not error < min(errors):
            kept.pop()
        else:
            errors.append(error)
    return kept


@alternative(replaces="improve")
def folds(remedies, error_with):
    from functools import reduce

    def step(state, name):
        best, kept = state
        error = error_with([*kept, name])
        return (error, [*kept, name]) if best > error else state

    names = plan(remedies)
    return reduce(step, names, (error_with([]), []))[1]


def _sorted(remedies, *order):
    """The plan by another order of the kinds, each given by its first two letters."""
    _refuse_unknown(remedies)
    kinds = {"mo": 0, "au": 1, "ar": 2, "re": 3, "sm": 4}
    rank = {_ORDER[kinds[short]]: number for number, short in enumerate(order)}
    return sorted(remedies, key=lambda name: rank[remedies[name]])


def _refuse_unknown(remedies):
    for kind in remedies.values():
        if kind not in _ORDER:
            raise ValueError(f"no such kind: {kind}")


@misconception(caught_by="test_a_smaller_model_comes_last", replaces="plan")
def shrinks_first(remedies):
    "A model that overfits is too large, so make it smaller first."
    return _sorted(remedies, "sm", "mo", "au", "ar", "re")


@misconception(
    caught_by=("test_architecture_comes_before_regularisation", "test_data_come_before_the_model"),
    replaces="plan",
)
def regularises_first(remedies):
    "Dropout and weight decay are made against overfitting, so they come first."
    return _sorted(remedies, "re", "mo", "au", "ar", "sm")


@misconception(caught_by="test_new_data_come_before_augmentation", replaces="plan")
def augments_first(remedies):
    "Changed copies are as good as new examples and cost less."
    return _sorted(remedies, "au", "mo", "ar", "re", "sm")


@misconception(caught_by="test_data_come_before_the_model", replaces="plan")
def begins_with_the_architecture(remedies):
    "The architecture decides, and data are the last resort."
    return _sorted(remedies, "ar", "mo", "au", "re", "sm")


@misconception(caught_by="test_architecture_comes_before_regularisation", replaces="plan")
def leaves_the_architecture_for_late(remedies):
    "Regularisation is a small change, so it comes before another architecture."
    return _sorted(remedies, "mo", "au", "re", "ar", "sm")


@misconception(caught_by="test_data_come_before_the_model", replaces="plan")
def goes_by_the_alphabet_of_kinds(remedies):
    "The kinds stand in the docstring in the order to try them."
    return _sorted(remedies, "ar", "au", "mo", "re", "sm")


@misconception(
    caught_by=("test_equal_kinds_keep_their_order", "test_new_data_come_before_augmentation"),
    replaces="plan",
)
def goes_by_the_alphabet_of_names(remedies):
    "sorted() puts remedies into order."
    _refuse_unknown(remedies)
    return sorted(remedies)


@misconception(caught_by="test_a_smaller_model_comes_last", replaces="plan")
def takes_them_as_they_come(remedies):
    "The order of trying does not matter, as all of them get their turn."
    _refuse_unknown(remedies)
    return list(remedies)


@misconception(caught_by="test_equal_kinds_keep_their_order", replaces="plan")
def sorts_equals_by_name(remedies):
    "Where kinds are equal the name decides."
    _refuse_unknown(remedies)
    return sorted(remedies, key=lambda name: (_ORDER.index(remedies[name]), name))


@misconception(caught_by="test_equal_kinds_keep_their_order", replaces="plan")
def has_one_a_kind(remedies):
    "Each kind has one remedy, so a dict from kind to name will do."
    _refuse_unknown(remedies)
    names = {kind: name for name, kind in remedies.items()}
    return [names[kind] for kind in _ORDER if kind in names]


@misconception(caught_by="test_a_plan_is_a_list_of_names", replaces="plan")
def plans_kinds(remedies):
    "A plan says which kinds come first, not what they are called here."
    _refuse_unknown(remedies)
    return sorted(remedies.values(), key=_ORDER.index)


@misconception(
    caught_by=(
        "test_an_unknown_kind_is_refused",
        "test_an_unknown_kind_is_refused_before_training",
    ),
    replaces="plan",
)
def puts_the_unknown_last(remedies):
    "What has no place in the order goes to its end."
    rank = {kind: number for number, kind in enumerate(_ORDER)}
    return sorted(remedies, key=lambda name: rank.get(remedies[name], 9))


@misconception(caught_by="test_the_error_names_the_unknown_kind", replaces="plan")
def leaves_the_error_to_index(remedies):
    "index() raises ValueError for what it does not find, and that is enough."
    rank = range(len(_ORDER))
    known = {kind: number for number, kind in enumerate(_ORDER)}
    return sorted(remedies, key=lambda name: rank.index(known.get(remedies[name], -1)))


@misconception(caught_by="test_the_callers_mapping_stays_as_it_is", replaces="plan")
def empties_the_mapping(remedies):
    "What has been planned can be taken out of the mapping."
    _refuse_unknown(remedies)
    result = []
    for kind in _ORDER:
        for name in [name for name in remedies if remedies[name] == kind]:
            result.append(name)
            del remedies[name]
    return result


@misconception(caught_by="test_remedies_are_tried_in_the_order_of_the_plan", replaces="improve")
def tries_as_they_come(remedies, error_with):
    "The plan is for people; a loop walks the mapping."
    _refuse_unknown(remedies)
    return _improve(list(remedies), error_with)


@misconception(caught_by="test_each_is_tried_on_top_of_those_kept", replaces="improve")
def tries_each_alone(remedies, error_with):
    "A remedy is judged by itself, against the model without any."
    names, start = plan(remedies), error_with([])
    return [name for name in names if error_with([name]) < start]


@misconception(
    caught_by="test_better_than_the_last_failure_is_not_enough",
    replaces="improve",
)
def compares_with_the_last_try(remedies, error_with):
    "An error that falls from one try to the next is progress."
    names, kept, last = plan(remedies), [], error_with([])
    for name in names:
        error = error_with([*kept, name])
        if error < last:
            kept.append(name)
        last = error
    return kept


@misconception(caught_by="test_better_than_the_start_is_not_enough", replaces="improve")
def compares_with_the_start(remedies, error_with):
    "Whatever beats the model without remedies is worth keeping."
    names, kept, start = plan(remedies), [], error_with([])
    for name in names:
        if error_with([*kept, name]) < start:
            kept.append(name)
    return kept


@misconception(caught_by="test_a_failure_does_not_end_the_search", replaces="improve")
def stops_at_the_first_failure(remedies, error_with):
    "The order is by promise: after one that does not help none will."
    names, kept, best = plan(remedies), [], error_with([])
    for name in names:
        error = error_with([*kept, name])
        if not error < best:
            break
        best = error
        kept.append(name)
    return kept


@misconception(caught_by="test_what_does_not_help_is_not_kept", replaces="improve")
def keeps_all(remedies, error_with):
    "A remedy against overfitting cannot harm."
    names, kept = plan(remedies), []
    error_with([])
    for name in names:
        kept.append(name)
        error_with(list(kept))
    return kept


@misconception(caught_by="test_each_is_tried_on_top_of_those_kept", replaces="improve")
def never_takes_one_back(remedies, error_with):
    "Each remedy comes on top of all that were tried."
    names, tried, kept, best = plan(remedies), [], [], error_with([])
    for name in names:
        tried.append(name)
        error = error_with(list(tried))
        if error < best:
            best = error
            kept.append(name)
    return kept


@misconception(caught_by="test_no_error_is_trained_for_twice", replaces="improve")
def trains_again_for_the_best(remedies, error_with):
    "The error to beat is asked for when it is needed."
    kept = []
    for name in plan(remedies):
        if error_with([*kept, name]) < error_with(list(kept)):
            kept.append(name)
    return kept


@misconception(caught_by="test_an_equal_error_is_no_improvement", replaces="improve")
def keeps_equals(remedies, error_with):
    "What does no harm may stay."
    return _improve(plan(remedies), error_with, lambda error, best: error <= best)


@misconception(caught_by="test_nan_is_no_improvement", replaces="improve")
def keeps_nan(remedies, error_with):
    "What is not equal and not greater is less."
    return _improve(plan(remedies), error_with, lambda error, best: not error >= best)


@misconception(caught_by="test_what_does_not_help_is_not_kept", replaces="improve")
def takes_errors_for_accuracies(remedies, error_with):
    "A higher number is the better model."
    return _improve(plan(remedies), error_with, lambda error, best: error > best)


@misconception(caught_by="test_an_unknown_kind_is_refused_before_training", replaces="improve")
def trains_before_it_plans(remedies, error_with):
    "The first thing to do is to train without remedies."
    start = error_with([])
    return _improve(plan(remedies), lambda names: error_with(names) if names else start)


def _improve(names, error_with, better=float.__lt__):
    kept, best = [], error_with([])
    for name in names:
        error = error_with([*kept, name])
        if better(error, best):
            best = error
            kept.append(name)
    return kept
