"""Subjects: which program stands behind the names that a test file imports.

A test file imports its kata by name. While pytest collects, that import is only a declaration: it
yields placeholders and runs no learner's code. When a test is set up, the chosen program is loaded
afresh and its names take the places of the placeholders, so that a mistake in the program is a
verdict on its kata and never a broken run.
"""

import contextlib
import difflib
import functools
import importlib.abc
import importlib.machinery
import inspect
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, NoReturn

from dojo.curriculum import Curriculum, Kata
from dojo.programs import programs
from dojo.stubs import generated, is_untouched, solution_text

SUBJECTS = ("mine", "solutions", "alternatives", "misconceptions", "stubs")
# The subjects that are several programs a kata, and how solution files mark these.
KINDS = {"alternatives": "alternative", "misconceptions": "misconception"}


class Unjudgeable(Exception):
    """A program that no test can be run on; the text says what to do.

    Attributes:
        not_started: Whether that is because the learner has not begun.
    """

    def __init__(self, text: str, *, not_started: bool = False) -> None:
        super().__init__(text)
        self.not_started = not_started


class Declared:
    """What a name stands for until a test is set up: its kata and the name."""

    def __init__(self, kata: Kata, name: str) -> None:
        self.kata = kata
        self.name = name

    def __call__(self, *_: object, **__: object) -> NoReturn:
        raise TypeError(f"{self.name} is known inside tests only: do not call it at import time")

    __mro_entries__ = __call__


class Declarations(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Answers `from katas.chapter.name import something` with a placeholder."""

    def __init__(self, curriculum: Curriculum) -> None:
        self.katas = {kata.module: kata for kata in curriculum}
        chapters = {f"katas.{chapter.name}" for chapter in curriculum.chapters}
        self.packages = {"katas", *chapters}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Claim the katas and the packages above them, and nothing else."""
        package = fullname in self.packages
        if not package and fullname not in self.katas:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=package)

    def exec_module(self, module: ModuleType) -> None:
        """Fill a kata's module with placeholders, one for each name that is asked for."""
        if kata := self.katas.get(module.__name__):
            module.__getattr__ = functools.partial(_declare, kata)  # type: ignore[method-assign]


def _declare(kata: Kata, name: str) -> Declared:
    if name.startswith("__"):  # the import system's own questions
        raise AttributeError(name)
    return Declared(kata, name)


@contextlib.contextmanager
def bound(
    kata: Kata, subject: str, program: str | None, names: dict[str, Any]
) -> Iterator[ModuleType]:
    """Put a freshly loaded program behind the placeholders among a test module's names.

    Fresh for each test, so that nothing that one test leaves in the program reaches the next.

    Args:
        kata: The kata under test.
        subject: One of SUBJECTS.
        program: The name of the alternative or misconception; None for the other subjects.
        names: The globals of the test module; they are as before when the context ends.

    Raises:
        Unjudgeable: the learner's file is missing, untouched, or lacks what the stub promises.
    """
    declared = {key: value for key, value in names.items() if isinstance(value, Declared)}
    before = sys.modules.get(kata.module)
    try:
        module = load(kata, subject, program)
        for key, value in declared.items():
            names[key] = _the(value.name, module, kata)
        yield module
    finally:
        names.update(declared)
        if before is not None:
            sys.modules[kata.module] = before


def load(kata: Kata, subject: str, program: str | None = None) -> ModuleType:
    """Run a program as the module that tests know, and register it under that name.

    Raises:
        Unjudgeable: see `bound`.
    """
    if subject == "mine":
        module = _run(kata, kata.stub, _learners_text(kata))
    elif subject == "stubs":
        module = _run(kata, kata.stub, generated(kata))
    else:
        module = _run(kata, kata.solution, solution_text(kata))
    for fresh in programs(module, KINDS[subject]) if program else ():
        if fresh.name == program:
            for name, part in zip(fresh.replaces, fresh.parts, strict=True):
                _put(part, module, name)
    return module


def _put(part: Any, module: ModuleType, name: str) -> None:
    """Let a part stand under a name, and carry it: a repr may print it, and pickle looks it up."""
    setattr(module, name, part)
    with contextlib.suppress(AttributeError, TypeError):  # not everything callable has a name
        part.__name__ = part.__qualname__ = name


@functools.cache
def reference(kata: Kata) -> ModuleType:
    """The solution as a module of its own, loaded once: for its names, hints and programs."""
    module = ModuleType(f"solutions.{kata.chapter}.{kata.name}")
    module.__file__ = str(kata.solution)
    sys.modules[module.__name__] = module  # dataclasses and pickle look there
    code = _compiled(solution_text(kata), str(kata.solution))
    exec(code, module.__dict__)
    return module


def _run(kata: Kata, path: Path, text: str) -> ModuleType:
    module = ModuleType(kata.module)
    module.__file__ = str(path)
    sys.modules[kata.module] = module  # dataclasses and pickle look there
    exec(_compiled(text, str(path)), module.__dict__)
    return module


@functools.lru_cache(maxsize=256)
def _compiled(text: str, path: str) -> CodeType:
    return compile(text, path, "exec", dont_inherit=True)


def _learners_text(kata: Kata) -> str:
    try:
        text = kata.stub.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise Unjudgeable(
            f"{kata.where} is missing: `nox -s stubs -- {kata.name}` hands out a fresh one"
        ) from None
    except UnicodeDecodeError as error:
        raise Unjudgeable(
            f"{kata.where} is not UTF-8 (byte {error.start}): save it with that encoding"
        ) from None
    if is_untouched(kata):
        solution = reference(kata)
        names = ", ".join(name for name in vars(solution) if name in solution.__all__)
        raise Unjudgeable(f"not started: write {names} in {kata.where}", not_started=True)
    return text


def _the(name: str, module: ModuleType, kata: Kata) -> Any:
    """The program's object of that name, if it can be used as the stub promises."""
    expected = getattr(reference(kata), name)
    where = _where(module, kata)
    try:
        found = getattr(module, name)
    except AttributeError:
        close = difflib.get_close_matches(name, vars(module), n=1)
        renamed = f"; there is {close[0]}: rename it to {name}" if close else ": restore it"
        raise Unjudgeable(f"{where} defines no {name}{renamed}") from None
    if inspect.isclass(expected):
        if not inspect.isclass(found):
            raise Unjudgeable(f"{name} in {where} is {found!r}, not a class")
    elif not callable(found):
        raise Unjudgeable(f"{name} in {where} is {found!r}, not a function")
    else:
        _compare_signatures(name, found, expected, where)
    return found


def _where(module: ModuleType, kata: Kata) -> str:
    return Path(str(module.__file__)).relative_to(kata.root).as_posix()


def _compare_signatures(name: str, found: Any, expected: Any, where: str) -> None:
    """Every call that the stub's signature allows must be possible; more may be."""
    try:
        mine, stub = inspect.signature(found), inspect.signature(expected)
    except ValueError:  # a builtin without a signature
        return
    try:
        for args, kwargs in _calls(stub):
            mine.bind(*args, **kwargs)
    except TypeError as error:
        raise Unjudgeable(
            f"{name}{_plain(mine)} in {where} cannot be called as the stub says, "
            f"{name}{_plain(stub)}: {error}"
        ) from None


def _calls(signature: inspect.Signature) -> Iterator[tuple[list[str], dict[str, str]]]:
    """The extremes of a call: all by position, all by name, and the least of both."""
    every = list(signature.parameters.values())
    least = [p for p in every if p.default is p.empty]
    for parameters in (every, least):
        by_name = {p.name: p.name for p in parameters if p.kind is p.KEYWORD_ONLY}
        either = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
        by_position = [p.name for p in parameters if p.kind is p.POSITIONAL_ONLY]
        yield [*by_position, *either], by_name
        yield by_position, {**{name: name for name in either}, **by_name}
    if any(p.kind is p.VAR_POSITIONAL for p in every):
        yield [p.name for p in every if p.kind is p.POSITIONAL_OR_KEYWORD] + ["more"] * 2, {}


def _plain(signature: inspect.Signature) -> str:
    """A signature without its annotations."""
    bare = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
    return str(signature.replace(parameters=bare, return_annotation=signature.empty))
