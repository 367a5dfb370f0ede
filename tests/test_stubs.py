"""Stubs: what is taken away, what stays, and that nobody's work is lost."""

from pathlib import Path

import pytest

from dojo.curriculum import Curriculum
from dojo.errors import UserError
from dojo.stubs import drifted, main, stub_of, write

pytest_plugins = ["pytester"]

SOLUTION = '''"""What is a mean?

Of anything.
"""
from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from dojo import alternative, given, misconception

__all__ = ["Mean", "mean", "pair"]

DEFAULT = 3
SECRET = 4


@given
def helper(xs: Sequence[float]) -> float:
    """Sum, given to the learner."""
    return math.fsum(xs)  # exact


@torch.no_grad()
def mean(
    xs: Iterable[float],
    times: int = DEFAULT,
) -> Tensor:
    """Return the mean."""
    # a secret
    return _mean(xs) * SECRET


def pair(x: int) -> tuple[int, int]:
    """Return two."""
    return x, x


class Mean(nn.Module):
    """Keeps a mean."""

    count: int
    secret: int = 3

    def __init__(self, start: float) -> None:
        """Start at start."""
        self.total = start

    def __add__(self, other: float) -> Mean:
        return self

    @property
    def value(self) -> float:
        """The mean so far."""
        return 1.0

    @torch.no_grad()
    def reset(self) -> None:
        """Forget."""
        self.total = 0


def _mean(xs):
    """Private."""
    return sum(xs)


HINTS = ("a", "b", "c")


@alternative
def other(xs):
    return 1
'''

STUB = '''"""What is a mean?

Of anything.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from torch import Tensor, nn

DEFAULT = 3


def helper(xs: Sequence[float]) -> float:
    """Sum, given to the learner."""
    return math.fsum(xs)  # exact


def mean(
    xs: Iterable[float],
    times: int = DEFAULT,
) -> Tensor:
    """Return the mean."""
    raise NotImplementedError


def pair(x: int) -> tuple[int, int]:
    """Return two."""
    raise NotImplementedError


class Mean(nn.Module):
    """Keeps a mean."""

    count: int

    def __init__(self, start: float) -> None:
        """Start at start."""
        raise NotImplementedError

    @property
    def value(self) -> float:
        """The mean so far."""
        raise NotImplementedError

    def reset(self) -> None:
        """Forget."""
        raise NotImplementedError
'''


def test_a_stub_is_the_contract_and_what_it_needs():
    assert stub_of(SOLUTION) == STUB


def test_an_import_too_long_for_a_line_is_broken_as_the_formatter_does():
    names = [f"name_number_{n}" for n in range(8)]
    arguments = ", ".join(f"{name}: {name}" for name in names)
    source = (
        f'"""Q?"""\n\nfrom package import {", ".join(names)}\n\n__all__ = ["f"]\n\n\n'
        f'def f({arguments}):\n    """Do."""\n    return 1\n'
    )
    lines = "".join(f"    {name},\n" for name in names)
    assert f"from package import (\n{lines})\n" in stub_of(source)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ('__all__ = ["f"]\n', "no docstring"),
        ('"""Q?"""\n', "in __all__"),
        ('"""Q?"""\n__all__ = ["f"]\n', "names f, undefined"),
        ('"""Q?"""\n__all__ = ["f"]\n\ndef f():\n    return 1\n', "f has no docstring"),
    ],
)
def test_a_solution_without_a_contract_is_refused(source, message):
    with pytest.raises(UserError, match=message):
        stub_of(source, "answer.py")


def test_a_missing_stub_is_written(project):
    project.stub.unlink()
    katas = Curriculum(project.root)
    assert list(write(katas, overwrite=False)) == ["wrote katas/numbers/double.py"]
    assert drifted(katas) == []


def test_an_edited_stub_is_left_alone(project):
    project.answer("return 2 * x  # my work")
    [line] = write(Curriculum(project.root), overwrite=False)
    assert line.startswith("left katas/numbers/double.py as it is")
    assert "my work" in project.stub.read_text()


def test_an_edited_stub_asked_for_by_name_is_replaced_and_kept(project):
    project.answer("return 2 * x  # my work")
    katas = Curriculum(project.root).find("double")
    for _ in range(2):  # twice in one second: two copies
        [line] = write(katas, overwrite=True)
        project.answer("return 2 * x  # my work")
    copies = sorted((project.root / ".dojo/copies/numbers").glob("double_*.py"))
    assert len(copies) == 2
    assert all("my work" in copy.read_text() for copy in copies)
    assert copies[-1].name in line or copies[0].name in line


def test_the_command_writes_checks_and_explains(project, monkeypatch, capsys):
    monkeypatch.chdir(project.root)
    assert main(["--check"]) is None
    project.answer("return 3")
    assert "katas/numbers/double.py" in str(main(["--check"]))
    assert main([]) is None
    assert "left katas/numbers/double.py" in capsys.readouterr().out
    assert main(["double"]) is None
    assert main(["--check"]) is None
    assert "did you mean double?" in str(main(["dubble"]))


def test_a_folder_without_katas_is_explained(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "curriculum.toml is missing" in str(main([]))
    assert not list(Path(tmp_path).iterdir())
