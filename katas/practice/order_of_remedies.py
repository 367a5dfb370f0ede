"""A model overfits: what do you do, in which order?

Here: put remedies into the order to try them, then try them and keep what helps.
"""

from collections.abc import Callable, Mapping


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
    raise NotImplementedError


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
    raise NotImplementedError
