"""The command `dojo`: where am I, judge, and all that helps on the way.

Nothing here imports torch, so that an answer comes at once.
"""

import os
import subprocess
import sys
from typing import Annotated

from cyclopts import App, Parameter

from dojo import lessons, listing
from dojo.bars import CAME_BY, progress_bars
from dojo.cold import ColdRun
from dojo.curriculum import Curriculum
from dojo.desk import console, curriculum_here, quiet_pipe, report_width, show, the_kata
from dojo.diff import diff
from dojo.errors import UserError
from dojo.journal import Journal
from dojo.judged import Judged
from dojo.progress import Progress, named
from dojo.warm.client import Request, Runner, can_be_warm
from dojo.watch import JUDGE, Watch

app = App(name="dojo", help="Katas for deep learning: judge, get a hint, see where you are.")
app.register_install_completion_command()
for command in (lessons.hint, lessons.answer, lessons.review, lessons.reset, lessons.restore):
    app.command(command)
app.command(diff)
app.command(listing.list_, name="list")
app.command(listing.journal)


@app.default
def status() -> None:
    """Show the progress by chapter, and what is next."""
    curriculum = curriculum_here()
    show(progress_bars(Progress(curriculum, Journal(curriculum.root)), (), JUDGE))


@app.command
def watch(name: str = "next", /, *, device: list[str] | None = None, seconds: float = 20) -> None:
    """Judge a kata at each save, at once; one key asks for a hint, the reason, the next kata.

    Args:
        name: The kata; the next unsolved one without it.
        device: Run on this device only: cpu, standin, cuda or mps; repeatable.
        seconds: What all tests of a kata may take.
    """
    curriculum = curriculum_here()
    progress = Progress(curriculum, Journal(curriculum.root))
    [kata] = named([name], curriculum, progress) if name == "next" else [the_kata(name)]
    Watch(curriculum, kata, device or [], seconds).run()


@app.command
def test(
    *arguments: Annotated[str, Parameter(allow_leading_hyphen=True)],
) -> None:
    """Judge katas once: names, chapters or paths; without any, the next unsolved kata.

    Args:
        *arguments: Names, and options of pytest's, such as --device=cpu.
    """
    curriculum = curriculum_here()
    options = [word for word in arguments if word.startswith("-")]
    names = [word for word in arguments if not word.startswith("-")] or ["next"]
    if all(option.startswith("--device=") for option in options):
        devices = [option.partition("=")[2] for option in options]
        judged = _judged_warm(names, devices, curriculum)
        if judged:
            sys.exit(any(one.verdict != "solved" for one in judged))
    katas = [f"--kata={name}" for name in names]
    command = [sys.executable, "-m", "pytest", *katas, *options]
    environment = os.environ | {CAME_BY: JUDGE}
    sys.exit(subprocess.call(command, cwd=curriculum.root, env=environment))


@app.command
def why(name: str, /) -> None:
    """Say why a kata fails: the test, the belief that leads there, and what to look at.

    Args:
        name: The kata.
    """
    kata = the_kata(name)
    request = Request(kata, width=report_width())
    judged = _judge(request)
    show(judged.why or judged.report)


@app.command
def report(*, serve: bool = False, port: int = 8765) -> None:
    """Write the report: one HTML file with the map of the katas, attempts, answers and benchmarks.

    Args:
        serve: Show it on this machine's own address, and load it anew as katas turn green.
        port: Where, with --serve.
    """
    from dojo import page  # they load Jinja2 and a server, which others can spare
    from dojo import serve as serving

    curriculum = curriculum_here()
    if not serve:
        file = curriculum.root / ".dojo" / "report.html"
        file.parent.mkdir(exist_ok=True)
        file.write_text(page.render(curriculum), encoding="utf-8")
        console.print(f"wrote {file}", markup=False, soft_wrap=True)
        return
    try:
        server = serving.server(curriculum, port)
    except OSError as error:
        raise UserError(f"port {port}: {error.strerror}: give another by --port") from None
    with server:
        console.print(f"http://{serving.HOST}:{server.server_port} (Ctrl-C ends it)", markup=False)
        server.serve_forever()


def _judged_warm(names: list[str], devices: list[str], curriculum: Curriculum) -> list[Judged]:
    """The verdicts on katas, shown as they come; none if no warm runner is up."""
    runner = Runner(curriculum.root)
    if not runner.is_up():
        return []
    katas = named(names, curriculum, Progress(curriculum, Journal(curriculum.root)))
    found = []
    try:
        for kata in katas:
            judged = runner.judge(Request(kata, devices, report_width()))
            show(judged.report)
            found.append(judged)
    finally:
        runner.stop()  # its own, if the one that was up has ended
    show(progress_bars(Progress(curriculum, Journal(curriculum.root)), katas, JUDGE))
    for judged in found:
        show((trouble, {"red": True}) for trouble in judged.troubles)
    if len(found) == 1:
        console.print(found[0].counted(), markup=False)
    return found


def _judge(request: Request) -> Judged:
    """The verdict on one kata, by the warm runner if one is up, else by pytest."""
    runner = Runner(request.kata.root)
    if can_be_warm() and runner.is_up():
        try:
            return runner.judge(request)
        finally:
            runner.stop()
    run = ColdRun(request)
    run.go()
    with console.status(f"judging {request.kata.id}"):
        while (judged := run.take()) is None:
            run.wait()
    return judged


def main() -> None:
    """Run the command; what is wrong is said in a line."""
    try:
        with quiet_pipe():
            app()
    except UserError as error:
        sys.exit(f"dojo: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
