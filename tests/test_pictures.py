"""Pictures: what a learner draws is kept where it helps, and never on another figure."""

pytest_plugins = ["pytester"]

SOLUTION = '''"""How is a line drawn?"""

from dojo import misconception

__all__ = ["draw"]


def draw(ax):
    """Draw a line."""
    ax.plot([1, 2])
'''
TESTS = """
from katas.numbers.double import draw


def test_there_is_a_line(figure):
    axes = figure.subplots()
    draw(axes)
    assert len(axes.lines) == 1, f"expected one line, got {len(axes.lines)}"
"""


def drawing(project, body):
    project.write("solutions/numbers/double.py", SOLUTION)
    project.write("katas/numbers/test_double.py", TESTS)
    project.stub.write_text(f"def draw(ax):\n    {body}\n")
    return project.root / ".dojo/pictures/numbers/double-there_is_a_line.png"


def test_the_picture_of_a_failing_test_is_kept_and_named(project):
    picture = drawing(project, "pass")
    result = project.pytest("-k", "double")
    result.stdout.fnmatch_lines(
        ["*expected one line*", "*see .dojo/pictures/numbers/double-*.png*"]
    )
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_passing_test_keeps_its_picture_on_request(project):
    picture = drawing(project, "ax.plot([1, 2])")
    project.pytest("-k", "double").assert_outcomes(passed=1)
    assert not picture.exists()
    project.pytest("-k", "double", "--pictures").assert_outcomes(passed=1)
    assert picture.exists()


def test_what_pyplot_draws_is_not_on_the_axes(project):
    drawing(project, "from matplotlib import pyplot; pyplot.plot([1, 2])")
    result = project.pytest("-k", "double")
    result.stdout.fnmatch_lines(["*expected one line, got 0*"])


def test_a_drawing_that_cannot_be_drawn_is_a_verdict_all_the_same(project):
    picture = drawing(project, "ax.set_title('$\\\\nonsense$')")
    result = project.pytest("-k", "double")
    result.stdout.fnmatch_lines(["*expected one line, got 0*"])
    assert not picture.exists()
