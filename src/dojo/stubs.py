"""Stubs: what a solution leaves when everything but its contract is taken away.

What stays of a solution: the docstring, whatever is marked `@given`, the signatures and
docstrings of the names in `__all__`, and the imports and constants that these need. Of a class
that the learner writes, the methods with a docstring are contract, and those without are answer.
"""

import ast
import contextlib
import functools
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dojo.copies import keep_copy
from dojo.curriculum import Curriculum, Kata
from dojo.errors import UserError

_BODY = "raise NotImplementedError"
# Decorators that belong to the contract: they change how a caller uses the name.
_CALLING = {"property", "classmethod", "staticmethod", "setter", "abstractmethod"}
_LINE_LENGTH = 100

Function = ast.FunctionDef
Definition = ast.FunctionDef | ast.ClassDef


@functools.lru_cache(maxsize=256)  # each test asks whether its kata is still untouched
def stub_of(source: str, name: str = "<solution>") -> str:
    """The stub that a solution leaves.

    Args:
        source: The text of the solution file.
        name: Its name, for error messages.

    Raises:
        UserError: there is no docstring, no `__all__`, or a public name lacks one of the two.
    """
    tree = ast.parse(source, name)
    return _Solution(source, name, tree).stub()


@dataclass
class _Solution:
    source: str
    name: str
    tree: ast.Module

    def stub(self) -> str:
        docstring = _docstring(self.tree, self.name)
        parts = [part for node in self.tree.body for part in self._kept(node)]
        missing = self.public() - {node.name for node in self._definitions()}
        if missing:
            raise UserError(f"{self.name}: __all__ names {', '.join(sorted(missing))}, undefined")
        needed = _names_in("\n".join(parts))
        constants = [
            self._lines(node.lineno, node)
            for node in self.tree.body
            if isinstance(node, ast.Assign) and needed & _targets(node) - {"__all__"}
        ]
        needed |= _names_in("\n".join(constants))
        imports = list(self._imports(needed))
        head = [self._lines(docstring.lineno, docstring)]
        if imports:
            head.append("\n".join(imports))
        head += ["\n".join(constants)] if constants else []
        return "\n\n\n".join(["\n\n".join(head), *parts]) + "\n"

    def public(self) -> set[str]:
        for node in self.tree.body:
            if isinstance(node, ast.Assign) and "__all__" in _targets(node):
                return set(ast.literal_eval(node.value))
        raise UserError(f"{self.name}: list what the learner writes in __all__")

    def _definitions(self) -> Iterator[Definition]:
        for node in self.tree.body:
            if isinstance(node, Function | ast.ClassDef):
                yield node

    def _kept(self, node: ast.stmt) -> Iterator[str]:
        """The text that stays of one top-level statement, imports and constants aside."""
        if not isinstance(node, Function | ast.ClassDef):
            return
        if "given" in _decorators(node):
            yield self._lines(node.lineno, node)
        elif node.name in self.public():
            yield self._contract(node)

    def _contract(self, node: Definition) -> str:
        docstring = _docstring(node, f"{self.name}: {node.name}")
        calling = [
            self._lines(decorator.lineno, decorator)
            for decorator in node.decorator_list
            if _last_name(decorator) in _CALLING
        ]
        head = "\n".join([*calling, self._lines(node.lineno, docstring)])
        if isinstance(node, Function):
            return f"{head}\n{' ' * docstring.col_offset}{_BODY}"
        fields = [
            self._lines(member.lineno, member)
            for member in node.body
            if isinstance(member, ast.AnnAssign) and member.value is None
        ]
        methods = [
            self._contract(member)
            for member in node.body
            if isinstance(member, Function) and ast.get_docstring(member)
        ]
        return "\n\n".join([head, *(["\n".join(fields)] if fields else []), *methods])

    def _lines(self, first: int, last: ast.AST) -> str:
        end = last.end_lineno  # type: ignore[attr-defined]  # every statement has one
        return "\n".join(self.source.splitlines()[first - 1 : end])

    def _imports(self, needed: set[str]) -> Iterator[str]:
        lines = self.source.splitlines()
        last = None
        for node in self.tree.body:
            if not isinstance(node, ast.Import | ast.ImportFrom):
                continue
            future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
            node.names = [a for a in node.names if future or _bound_name(a) in needed]
            if not node.names:
                continue
            if last is not None and "" in lines[last : node.lineno - 1]:
                yield ""
            yield _import_line(node)
            last = node.end_lineno


def _docstring(node: ast.Module | Definition, name: str) -> ast.stmt:
    if not ast.get_docstring(node):
        raise UserError(
            f"{name} has no docstring: it is the contract, and the learner sees no more"
        )
    return node.body[0]


def _decorators(node: Definition) -> set[str]:
    return {_last_name(decorator) for decorator in node.decorator_list}


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        node = node.func
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _targets(node: ast.Assign) -> set[str]:
    return {target.id for target in node.targets if isinstance(target, ast.Name)}


def _bound_name(alias: ast.alias) -> str:
    return alias.asname or alias.name.partition(".")[0]


def _names_in(text: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}


def _import_line(node: ast.Import | ast.ImportFrom) -> str:
    line = ast.unparse(node)
    if len(line) <= _LINE_LENGTH or not isinstance(node, ast.ImportFrom):
        return line
    names = "".join(f"    {ast.unparse(alias)},\n" for alias in node.names)
    return f"from {node.module} import (\n{names})"


def solution_text(kata: Kata) -> str:
    """The text of a kata's solution, read once for as long as the file stays the same."""
    status = kata.solution.stat()
    return _read(kata.solution, status.st_mtime_ns, status.st_size)


def generated(kata: Kata) -> str:
    """The stub of a kata as it should be, from its solution."""
    return stub_of(solution_text(kata), kata.solution.name)


@functools.lru_cache(maxsize=256)
def _read(file: Path, modified: int, size: int) -> str:
    return file.read_text(encoding="utf-8")


def is_untouched(kata: Kata) -> bool:
    """Whether the learner's file is the stub, letter by letter."""
    return _learners(kata) == generated(kata)


def untouched(curriculum: Curriculum) -> set[Kata]:
    """The katas whose file is the stub: as `is_untouched`, for all of them at once.

    The stubs' digests are kept in .dojo/stubs.json, for it takes a second to make them all.
    """
    file = curriculum.root / ".dojo" / "stubs.json"
    try:
        kept = dict(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        kept = {}
    generator = Path(__file__).stat().st_mtime_ns
    known = {}
    for kata in curriculum:
        status = kata.solution.stat()
        made_of = f"{generator} {status.st_mtime_ns} {status.st_size}"
        before, digest = kept.get(kata.id, ("", ""))
        known[kata.id] = [made_of, digest if before == made_of else _digest(generated(kata))]
    if known != kept:
        with contextlib.suppress(OSError):  # it only saves time
            file.parent.mkdir(exist_ok=True)
            file.write_text(json.dumps(known), encoding="utf-8")
    return {kata for kata in curriculum if _digest(_learners(kata)) == known[kata.id][1]}


def _digest(text: str | None) -> str:
    return hashlib.sha256(text.encode()).hexdigest() if text is not None else "none"


def _learners(kata: Kata) -> str | None:
    """The text of the learner's file; None where it is none."""
    try:
        return kata.stub.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def write(katas: Iterable[Kata], *, overwrite: bool) -> Iterator[str]:
    """Write the stubs that are missing, and on request those that differ.

    Args:
        katas: Which ones.
        overwrite: Replace a file that differs, after a copy of it was kept. Without it such a
            file is somebody's work and stays.

    Yields:
        A line for each file that was written or left.
    """
    for kata in katas:
        text = generated(kata)
        if not kata.stub.exists():
            kata.stub.write_text(text, encoding="utf-8")
            yield f"wrote {kata.where}"
        elif is_untouched(kata):
            continue
        elif overwrite:
            copy = keep_copy(kata)
            kata.stub.write_text(text, encoding="utf-8")
            yield f"wrote {kata.where}; the old one is kept as {copy}"
        else:
            yield f"left {kata.where} as it is: edited; name {kata.name} to get a fresh one"


def drifted(katas: Iterable[Kata]) -> list[Kata]:
    """The katas whose stub is not what the generator gives."""
    return [kata for kata in katas if not is_untouched(kata)]


def main(arguments: list[str]) -> str | None:
    """Write stubs, or with --check see that they are as generated.

    Args:
        arguments: Names of katas to hand out anew; without any, only missing stubs are written.

    Returns:
        What is wrong, for the user; None if nothing is.
    """
    check = "--check" in arguments
    names = [word for word in arguments if word != "--check"]
    try:
        katas = Curriculum(Path.cwd()).find_all(names)
        if not check:
            for line in write(katas, overwrite=bool(names)):
                print(line)
            return None
        edited = drifted(katas)
    except UserError as error:
        return f"stubs: {error}"
    if not edited:
        return None
    files = "\n".join(f"  {kata.where}" for kata in edited)
    return (
        f"these stubs are not as their solutions give them:\n{files}\n"
        "your own answers? Then all is well. A changed solution? Then: nox -s stubs -- NAME"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
