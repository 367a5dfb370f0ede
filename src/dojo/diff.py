"""`dojo diff`: my answer beside the reference, and what both cost."""

import json
import subprocess
import sys
from typing import Any

from rich.padding import Padding
from rich.syntax import Syntax
from rich.table import Column, Table

from dojo.curriculum import Kata
from dojo.desk import SIDE_BY_SIDE, console, curriculum_here, the_kata
from dojo.errors import UserError
from dojo.journal import Journal
from dojo.progress import Progress
from dojo.teaching import answer_code
from dojo.timings import duration

PATIENCE = 300  # seconds for measuring


def diff(name: str, /, *, spoil: bool = False) -> None:
    """Show my answer beside the reference, with operations, time and memory of both.

    Args:
        name: The kata.
        spoil: Also where it is not solved yet.
    """
    kata = the_kata(name)
    curriculum = curriculum_here()
    if not (spoil or Progress(curriculum, Journal(curriculum.root)).is_solved(kata)):
        raise UserError(f"{kata.id} is not solved yet: solve it first, or add --spoil")
    mine, reference = answer_code(kata, kata.stub), answer_code(kata, kata.solution)
    heads = kata.where, f"solutions/{kata.id}.py"
    if console.width >= SIDE_BY_SIDE:
        table = Table(*(Column(head, ratio=1) for head in heads), expand=True)
        table.add_row(_coloured(mine), _coloured(reference))
        console.print(table)
    else:
        for head, code in zip(heads, (mine, reference), strict=True):
            console.print(head, style="bold", markup=False)
            console.print(Padding(_coloured(code), (0, 0, 1, 2)))
    console.print(_costs(_measured(kata)))


def _coloured(code: str) -> Syntax:
    return Syntax(code, "python", theme="ansi_dark", background_color="default", word_wrap=True)


def _measured(kata: Kata) -> dict[str, Any]:
    """What both cost, measured in a process of its own."""
    command = [sys.executable, "-m", "dojo.measure", str(kata.root), kata.name]
    try:
        with console.status("measuring both"):
            done = subprocess.run(
                command, cwd=kata.root, capture_output=True, text=True, timeout=PATIENCE
            )
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except subprocess.TimeoutExpired:
        raise UserError(f"measuring took more than {PATIENCE} s: is the answer solved?") from None
    except (ValueError, IndexError):
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise UserError(f"the answer can't be measured: {last}") from None
    return found


def _costs(found: dict[str, Any]) -> Table:
    table = Table(
        "in the tests' calls, on the CPU",
        Column("yours", justify="right"),
        Column("reference", justify="right"),
        box=None,
        pad_edge=False,
    )
    for name, sides in found["costs"].items():
        both = sides["mine"], sides["reference"]
        table.add_row(name, *(f"{cost['calls']:,} calls" for cost in both), style="bold")
        table.add_row("  time", *(duration(cost["seconds"]) for cost in both))
        table.add_row("  operations of torch's", *(f"{cost['operations']:,}" for cost in both))
        table.add_row("  memory, the most of a call", *(_bytes(cost["memory"]) for cost in both))
    for test, (ratio, low, high) in found["races"].items():
        claim = test.removeprefix("test_").partition("[")[0].replace("_", " ")
        table.add_row(f"raced, {claim}", f"{ratio:.2f} × as fast", f"({low:.2f} to {high:.2f})")
    if not table.rows:
        table.add_row("the tests call nothing that can be metered", "", "")
    return table


def _bytes(number: int) -> str:
    for unit, size in (("MB", 10**6), ("kB", 10**3)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return f"{number} B"
