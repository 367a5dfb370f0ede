"""Every session shares one environment, .venv: torch is large, and an editor finds it there.

It is made with pip, or with uv where NOX_DEFAULT_VENV_BACKEND=uv asks for it.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import nox

nox.needs_version = ">=2025.5.1"
nox.options.sessions = ["tests"]

VENV = Path(".venv")
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
# What an installed environment depends on; while these files stay the same, nothing is installed.
PINS = ("pyproject.toml", "constraints.txt")
WHAT = ("--constraint", "constraints.txt", "--editable", ".[dev]")

# The chapters whose wrong answers `tests` judges on the core of all other checks, so that the two
# cores are done at about the same time.
WITH_THE_REST = {"normalization", "statistics"}

BENCHMARKS = Path(".dojo") / "benchmarks"

# No environment of nox's own: install() makes the shared one.
session = nox.session(python=False)


def install(session: nox.Session) -> None:
    """Make .venv and install the project, once: a second run starts at once."""
    digest = hashlib.sha256(b"".join(Path(name).read_bytes() for name in PINS)).hexdigest()
    stamp = VENV / f"installed-{digest[:16]}"
    if stamp.exists():
        return
    session.log("setting up .venv: a few minutes the first time, for torch is large")
    if os.environ.get("NOX_DEFAULT_VENV_BACKEND") == "uv":
        session.run("uv", "venv", "--allow-existing", VENV)
        session.run("uv", "pip", "install", "--python", VENV, *WHAT)
    else:
        session.run(sys.executable, "-m", "venv", VENV)
        session.run(BIN / "python", "-m", "pip", "install", "--quiet", *WHAT)
    stamp.touch()


def run(session: nox.Session, program: str, *args: str, **options: Any) -> None:
    """Run a program of the environment, which is installed first where it is not there yet."""
    install(session)
    session.run(BIN / program, *args, **options)


@contextmanager
def beside(session: nox.Session, program: str, *args: str) -> Iterator[None]:
    """Run a program beside what the block runs; afterwards show what it said."""
    with TemporaryFile("w+") as output:
        process = subprocess.Popen([BIN / program, *args], stdout=output, stderr=subprocess.STDOUT)
        try:
            yield
            session.log(f"waiting for: {program} {' '.join(args)}")
            process.wait()
        finally:
            process.kill()  # a failure in the block ends both
        output.seek(0)
        print(output.read(), flush=True)
    if process.returncode:
        session.error(f"{program} {' '.join(args)} failed")


def judge(session: nox.Session, *options: str, **how: Any) -> None:
    """Run pytest on the katas that the session's arguments name, with options passed through."""
    names = [f"--kata={word}" for word in session.posargs if not word.startswith("-")]
    given = [word for word in session.posargs if word.startswith("-")]
    run(session, "pytest", *options, *names, *given, **how)


@session
def kata(session: nox.Session) -> None:
    """Judge your answers: names, chapters or paths; without any, the next unsolved kata."""
    named = any(not word.startswith("-") for word in session.posargs)
    judge(session, *([] if named else ["--kata=next"]))


@session
def solutions(session: nox.Session) -> None:
    """Judge the reference solutions: every test must pass."""
    judge(session, "--subject=solutions")


@session
def alternatives(session: nox.Session) -> None:
    """Judge the other right answers: every test must accept them."""
    judge(session, "--subject=alternatives")


@session
def misconceptions(session: nox.Session) -> None:
    """Judge the wrong answers: the tests that they name must reject them, and no others."""
    judge(session, "--subject=misconceptions")


@session
def patterns(session: nox.Session) -> None:
    """Measure anew which tests each misconception fails; commit what it writes."""
    names = [f"--kata={word}" for word in session.posargs]
    command = ["pytest", "--subject=misconceptions", "--measure-patterns", "-q", "--tb=no", "-rN"]
    run(session, *command, *names, success_codes=[0, 1])


@session
def bench(session: nox.Session) -> None:
    """Time loop, mine and reference, over sizes and devices; say what the numbers mean."""
    file = BENCHMARKS / "latest.json"
    BENCHMARKS.mkdir(parents=True, exist_ok=True)
    kept = (f"--benchmark-json={file}", f"--benchmark-storage=file://{BENCHMARKS.as_posix()}")
    # Its own tables are for comparing: what the numbers mean is in those that follow.
    compared = any(word.startswith("--benchmark-compare") for word in session.posargs)
    tables = "--benchmark-columns=median" if compared else "--benchmark-quiet"
    # A row that ends badly is told, and keeps the others from nothing: a benchmark judges nobody.
    options = ("--benchmark-only", "-q", "--benchmark-autosave", *kept, tables)
    judge(session, *options, success_codes=[0, 1])
    run(session, "python", "-m", "dojo.benchmarks", str(file), str(BENCHMARKS / "pictures"))


@session
def stubs(session: nox.Session) -> None:
    """Write stubs that are missing, and fresh ones for katas named; keeps what it replaces."""
    run(session, "python", "-m", "dojo.stubs", *session.posargs)


@session
def lint(session: nox.Session) -> None:
    """Check style and format."""
    run(session, "ruff", "check", ".")
    run(session, "ruff", "format", "--check", ".")


@session
def types(session: nox.Session) -> None:
    """Check the engine's types."""
    run(session, "mypy")


@session
def operators(session: nox.Session) -> None:
    """Compare the stand-in with the CPU on all of torch's own operator database."""
    command = ["pytest", "tests/test_standin_operators.py", "-q", "-s"]
    run(session, *command, *session.posargs, env={"DOJO_OPERATORS": "all"})


@session
def warm(session: nox.Session) -> None:
    """Compare the warm runner with plain pytest, test by test, on all katas."""
    command = ["pytest", "tests/test_warm_equality.py", "-q"]
    run(session, *command, *session.posargs, env={"DOJO_WARM": "all"})


@session
def mutants(session: nox.Session) -> None:
    """Break the solutions in small ways: every break must fail a test."""
    run(session, "python", "tests/mutants.py", *session.posargs)


@session
def tests(session: nox.Session) -> None:
    """Run all that must hold before a change lands."""
    run(session, "ruff", "check", ".")
    run(session, "ruff", "format", "--check", ".")
    run(session, "mypy")
    run(session, "python", "-m", "dojo.stubs", "--check")
    # Two thirds of the time go into the wrong answers: most of them have a core of their own.
    chapters = {page.parent.name for page in Path("katas").glob("*/README.md")}
    wrong = ("pytest", "--subject=misconceptions", "-q", "-p", "no:cacheprovider")
    elsewhere = [f"--kata={chapter}" for chapter in sorted(chapters - WITH_THE_REST)]
    with beside(session, *wrong, *elsewhere):
        for subject in ("stubs", "solutions", "alternatives"):
            run(session, "pytest", f"--subject={subject}", "-q")
        run(session, "pytest", "tests", "-q")
        run(session, *wrong, *(f"--kata={chapter}" for chapter in sorted(WITH_THE_REST)))


@session
def dev(session: nox.Session) -> None:
    """Make .venv, the environment for your editor and for plain pytest."""
    install(session)
    how = rf"{BIN}\activate" if os.name == "nt" else f"source {BIN}/activate"
    session.log(f"ready: {how}")
