"""The tables and pictures of a benchmark's JSON, of this machine or brought from another one.

python -m dojo.benchmarks FILE [FOLDER]    the tables; into FOLDER a picture of each kata
"""

import sys
from pathlib import Path

from dojo.charts import draw
from dojo.desk import quiet_pipe
from dojo.errors import UserError
from dojo.timings import read, speeds, table

LEGEND = """\
loop/mine, loop/ref: how many times as fast as the loop. mine/ref: how many
times as long as the reference. limit: how much of this machine's speed its
operations reach. transfer: to bring the input to the device. n^1.0: twice the
size takes twice the time. limit and transfer are yours, where there is one."""


def main(arguments: list[str]) -> str | None:
    """Print the tables of a file, and draw its pictures where a folder is named.

    Returns:
        What is wrong, for the user; None if nothing is.
    """
    if len(arguments) not in (1, 2):
        return "benchmarks: name the JSON file that nox -s bench wrote, and a folder for pictures"
    try:
        benchmarks = read(Path(arguments[0]))
        machine = list(speeds(Path(arguments[0])))
    except UserError as error:
        return f"benchmarks: {error}"
    for benchmark in benchmarks:
        print("\n".join(table(benchmark)), end="\n\n")
    print(LEGEND, *machine, sep="\n")
    if len(arguments) == 2:
        for file in draw(benchmarks, Path(arguments[1])):
            print(file)
    return None


if __name__ == "__main__":
    with quiet_pipe():
        sys.exit(main(sys.argv[1:]))
