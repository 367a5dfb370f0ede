"""The words of a solution file: what is given, which other answers are right, which are wrong.

The decorators leave a note on what they decorate and change nothing else, so that a solution
file stays an ordinary module.
"""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any, TypeVar

from dojo.errors import UserError

T = TypeVar("T", bound=Callable[..., Any])

_NOTE = "__dojo__"


@dataclass(frozen=True)
class Program:
    """A right or wrong answer beside the reference.

    Attributes:
        name: What the solution file calls it.
        replaces: The public names that it stands in for; the rest is the reference's.
        parts: What stands in, in the order of `replaces`.
        belief: The mistaken belief in the learner's words; for an alternative, its docstring.
        caught_by: The tests that must reject it; empty for an alternative.
        raises: What it raises where it does not fail an assertion; None: it must fail one.
        only_on: "accelerator" where the CPU can't tell it from a right answer, else None.
    """

    name: str
    replaces: tuple[str, ...]
    parts: tuple[Any, ...]
    belief: str
    caught_by: tuple[str, ...] = ()
    raises: type[BaseException] | None = None
    only_on: str | None = None


def given(part: T) -> T:
    """Mark a helper that the learner is given: it stands whole in the stub."""
    return part


def alternative(part: T | None = None, /, *, replaces: str | tuple[str, ...] = ()) -> Any:
    """Mark another right answer: every test must accept it.

    Args:
        part: The function or class that stands in for the reference.
        replaces: The name that it stands in for; it may be left out where `__all__` has only one.
            For a tuple of names, `part` is a class that holds one attribute for each.
    """
    note = {"kind": "alternative", "replaces": replaces}
    return _noted(note) if part is None else _noted(note)(part)


def misconception(
    *,
    caught_by: str | tuple[str, ...],
    replaces: str | tuple[str, ...] = (),
    raises: type[BaseException] | None = None,
    only_on: str | None = None,
) -> Callable[[T], T]:
    """Mark a wrong answer: one plausible mistake, with the belief behind it as docstring.

    The program stands in for `replaces` everywhere, in the rest of the reference too; what both
    need goes into a private helper.

    Args:
        caught_by: The test or tests that must reject it by an assertion, on every device.
        replaces: As for `alternative`.
        raises: The error that rejects it, where its nature is to raise and not to be wrong.
        only_on: "accelerator" where it is right on the CPU.
    """
    if only_on not in (None, "accelerator"):
        raise ValueError(f'only_on is {only_on!r}: it can be "accelerator" or None')
    tests = (caught_by,) if isinstance(caught_by, str) else caught_by
    return _noted(
        {
            "kind": "misconception",
            "replaces": replaces,
            "caught_by": tests,
            "raises": raises,
            "only_on": only_on,
        }
    )


def _noted(note: dict[str, Any]) -> Callable[[T], T]:
    def leave_note(part: T) -> T:
        setattr(part, _NOTE, note)
        return part

    return leave_note


def programs(module: ModuleType, kind: str) -> Iterator[Program]:
    """The programs of a loaded solution that are marked as `kind`, in the order of the file.

    Args:
        module: The loaded solution.
        kind: "alternative" or "misconception".
    """
    for name, part in list(vars(module).items()):
        # vars(): a subclass of a marked class would inherit the note through getattr.
        note = vars(part).get(_NOTE) if hasattr(part, "__dict__") else None
        if not isinstance(note, dict) or note["kind"] != kind:
            continue
        replaces = note["replaces"] or _only(module.__all__, name)
        several = not isinstance(replaces, str)
        names = tuple(replaces) if several else (replaces,)
        yield Program(
            name=name,
            replaces=names,
            parts=tuple(getattr(part, each) for each in names) if several else (part,),
            belief=inspect.cleandoc(part.__doc__ or ""),
            caught_by=note.get("caught_by", ()),
            raises=note.get("raises"),
            only_on=note.get("only_on"),
        )


def _only(public: list[str], program: str) -> str:
    if len(public) > 1:
        raise UserError(f"{program} must say which of {', '.join(public)} it stands in for")
    return public[0]
