"""Mutation testing of the solutions: break an answer in one small way, and a test must fail.

A mutant that survives is either equivalent, then it stands in tests/equivalent_mutants.toml with
the reason, or it is a wrong program that the tests let pass.

    python tests/mutants.py [NAME ...]    the katas named, or all; on the CPU and the stand-in

Each mutant runs in a forked child with a time limit: mutants may loop for ever.
"""

import ast
import contextlib
import copy
import io
import multiprocessing
import os
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # or forked mutants hang, and count as killed

import pytest
import torch
import torch._dynamo  # an optimiser imports it, for seconds: here once, not in each child

from dojo import subjects
from dojo.curriculum import Curriculum, Kata
from dojo.errors import UserError

ROOT = Path(__file__).parent.parent
EQUIVALENT = Path(__file__).with_name("equivalent_mutants.toml")
SECONDS = 30

_COMPARISONS: dict[type[ast.cmpop], list[type[ast.cmpop]]] = {
    ast.Lt: [ast.LtE, ast.GtE],
    ast.LtE: [ast.Lt, ast.Gt],
    ast.Gt: [ast.GtE, ast.LtE],
    ast.GtE: [ast.Gt, ast.Lt],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
}
_OPERATORS: dict[type[ast.operator], list[type[ast.operator]]] = {
    ast.Add: [ast.Sub],
    ast.Sub: [ast.Add],
    ast.Mult: [ast.Add, ast.FloorDiv],
    ast.Div: [ast.Mult],
    ast.FloorDiv: [ast.Mult, ast.Div],
    ast.Mod: [ast.FloorDiv],
    ast.Pow: [ast.Mult],
    ast.BitAnd: [ast.BitOr],
    ast.BitOr: [ast.BitAnd],
    ast.LShift: [ast.RShift],
    ast.RShift: [ast.LShift],
}


@dataclass(frozen=True)
class Mutant:
    """A solution with one change.

    Attributes:
        change: The old line and the new, which also names it in the list of equivalents.
        source: The text of the whole file.
    """

    change: str
    source: str


def mutants_of(source: str) -> Iterator[Mutant]:
    """Every mutant of a solution's answer: its public names and the helpers that they use."""
    tree = ast.parse(source)
    answers = {id(node) for root in _answer(tree) for node in ast.walk(root)}
    answers -= {id(node) for root in _annotations(tree) for node in ast.walk(root)}
    before = ast.unparse(tree)
    for index, node in enumerate(ast.walk(tree)):
        if id(node) not in answers:
            continue
        for number in range(len(list(_changes(node)))):
            fresh = copy.deepcopy(tree)
            target = list(ast.walk(fresh))[index]
            list(_changes(target))[number]()
            after = ast.unparse(fresh)
            if after != before:
                yield Mutant(_first_difference(before, after), after)


def _annotations(tree: ast.Module) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        for name in ("annotation", "returns"):
            if annotation := getattr(node, name, None):
                yield annotation


def _answer(tree: ast.Module) -> list[ast.stmt]:
    """The statements of the answer: public definitions, and private ones that these name."""
    named = {
        node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }
    [public] = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    ]
    wanted, found = list(public), {}
    while wanted:
        name = wanted.pop()
        if name in found or name not in named:
            continue
        node = found[name] = named[name]
        if any("given" in ast.unparse(decorator) for decorator in node.decorator_list):
            del found[name]
            named.pop(name)
            continue
        wanted += [each.id for each in ast.walk(node) if isinstance(each, ast.Name)]
    return list(found.values())


def _changes(node: ast.AST) -> Iterator[Callable[[], None]]:
    """The ways to break one node; each function changes it in place."""
    match node:
        case ast.Compare(ops=[op, *_]):
            for other in _COMPARISONS.get(type(op), []):
                yield lambda other=other: node.ops.__setitem__(0, other())
        case ast.BinOp(op=op):
            for other in _OPERATORS.get(type(op), []):
                yield lambda other=other: setattr(node, "op", other())
        case ast.AugAssign(op=op):
            for other in _OPERATORS.get(type(op), []):
                yield lambda other=other: setattr(node, "op", other())
        case ast.UnaryOp(op=ast.USub() | ast.Not()):
            yield lambda: _become(node, node.operand)
        case ast.BoolOp(op=op):
            other = ast.Or if isinstance(op, ast.And) else ast.And
            yield lambda: setattr(node, "op", other())
        case ast.Constant(value=bool(value)):
            yield lambda: setattr(node, "value", not value)
        case ast.Constant(value=int(value)) | ast.Constant(value=float(value)):
            yield lambda: setattr(node, "value", value + 1)
            yield lambda: setattr(node, "value", value - 1)
        case ast.If():
            yield lambda: setattr(node, "test", ast.Constant(False))
            yield lambda: setattr(node, "test", ast.Constant(True))
        case ast.Call(args=[_, _, *_]):
            yield lambda: node.args.__setitem__(slice(0, 2), node.args[1::-1])
    if isinstance(node, ast.Call):
        for number in range(len(node.keywords)):
            yield lambda number=number: node.keywords.pop(number)
        if isinstance(node.func, ast.Attribute):  # x.f(...) becomes x
            yield lambda: _become(node, node.func.value)
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        yield lambda: _become(node, node.value)
    if isinstance(node, ast.FunctionDef | ast.If | ast.For | ast.While | ast.With | ast.Try):
        for number, statement in enumerate(node.body):
            if not _is_docstring(statement):
                yield lambda number=number: node.body.__setitem__(number, ast.Pass())


def _become(node: ast.AST, other: ast.AST) -> None:
    node.__class__ = other.__class__
    node.__dict__ = other.__dict__


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _first_difference(before: str, after: str) -> str:
    """The first line that differs, as it was and as it is."""
    for old, new in zip(before.splitlines(), after.splitlines(), strict=False):
        if old != new:
            return f"{old.strip()}  ->  {new.strip()}"
    return "the last line is gone"


def _survives(kata: Kata, source: str) -> bool:
    """Whether every test passes the mutant: to be run in a process of its own."""
    run = subjects._run
    subjects._run = lambda which, path, text: run(
        which, path, source if path == kata.solution else text
    )
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        devices = ["--device=cpu", "--device=standin"]
        options = ["-x", "-q", "--subject=solutions", *devices, f"--kata={kata.name}"]
        return pytest.main([*options, "-p", "no:cacheprovider", "-o", "timeout=5"]) == 0


def _in_child(kata: Kata, source: str) -> bool:
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=lambda: sender.send(_survives(kata, source)))
    child.start()
    try:
        return receiver.recv() if receiver.poll(SECONDS) else False
    except EOFError:
        return False
    finally:
        child.kill()
        child.join()


def main(names: list[str]) -> str | None:
    """Run the mutants; return what is wrong, None if nothing is."""
    torch.set_num_threads(1)
    known = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8"))["mutant"]
    wrong = []
    totals = [0, 0, 0]
    try:
        katas = Curriculum(ROOT).find_all(names)
    except UserError as error:
        return f"mutants: {error}"
    for kata in katas:
        source = kata.solution.read_text(encoding="utf-8")
        if not _in_child(kata, source):
            return f"{kata.id}: the solution itself fails its tests"
        equivalent = {each["change"] for each in known if each["kata"] == kata.name}
        made = killed = 0
        for mutant in mutants_of(source):
            made += 1
            if not _in_child(kata, mutant.source):
                killed += 1
                if mutant.change in equivalent:
                    wrong.append(f"{kata.id} kills {mutant.change!r}, which is listed")
            elif mutant.change not in equivalent:
                wrong.append(f"{kata.id} survives {mutant.change!r}")
        if not _in_child(kata, source):  # a child that crashes counts as a kill
            return f"{kata.id}: the solution itself failed its tests meanwhile: run it again"
        print(
            f"{kata.id}: {made} made, {killed} killed, {made - killed} equivalent or alive",
            flush=True,
        )
        totals = [a + b for a, b in zip(totals, (made, killed, made - killed), strict=True)]
    print(f"in all: {totals[0]} made, {totals[1]} killed, {totals[2]} equivalent or alive")
    return "\n".join(wrong) or None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
