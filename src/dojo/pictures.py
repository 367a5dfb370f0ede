"""Pictures that a learner draws: a figure for the test, and a file to look at afterwards.

Matplotlib is imported where it is needed: that takes half a second, and most katas draw nothing.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from dojo.curriculum import Kata

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# What the plugin finds on a test that draws.
FIGURE = pytest.StashKey["Figure"]()


@contextmanager
def bare_figure() -> Iterator["Figure"]:
    """A figure that pyplot does not know, while another one is pyplot's current figure.

    An answer that draws by pyplot, in place of on the axes that it was handed, draws on the other.
    """
    from matplotlib import pyplot
    from matplotlib.figure import Figure

    pyplot.switch_backend("Agg")  # no window, whatever the machine has
    pyplot.figure()
    try:
        yield Figure(figsize=(6.4, 4.0), layout="constrained")
    finally:
        pyplot.close("all")


def save(figure: "Figure", kata: Kata, test: str) -> str:
    """Save a picture under .dojo/pictures.

    Args:
        figure: What was drawn on.
        kata: The kata that it belongs to.
        test: The test's name, its case in brackets included.

    Returns:
        The file's path, from the top of the project.
    """
    name = re.sub(r"\W+", "-", test.removeprefix("test_")).strip("-")
    file = kata.root / ".dojo" / "pictures" / kata.chapter / f"{kata.name}-{name}.png"
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=120)
    return file.relative_to(kata.root).as_posix()
