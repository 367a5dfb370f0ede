"""Does machine-learning code need strict formatting rules?

One rule that helps: assignments that stand together are laid out as a table, so that names and
values can be read down the columns. Here: a formatter for this rule alone, which never changes
what a program means.
"""


def equals_signs(source: str) -> dict[int, int]:
    """Say where the = of each one-line plain assignment stands: line number -> column.

    Lines count from 1; columns from 0, in characters (é is one). source is valid Python,
    whose lines end in a newline, with or without a carriage return before it; any other character,
    such as a form feed, is part of its line.

    A plain assignment is a statement `target = value` with one target. The target may be a name, an
    attribute, an item such as table['k = v'], or a tuple such as first, last; there may be
    parentheses around it. Two targets (a = b = 0), +=, annotations (size: int = 3), :=, ==, and the
    = of default and keyword arguments are none, nor is text in strings and comments.

    One-line means that it begins and ends on the same line and that nothing but white space stands
    before it there: of `a = 1; b = 2` the first counts, of `if ready: a = 1` none does. How deep it
    is nested in blocks does not matter.
    """
    raise NotImplementedError


def align(source: str) -> str:
    """Return the source with the = of neighbouring plain assignments below each other.

    The lines that count are those of equals_signs. A run is as many of them as follow line upon
    line with the same indentation; any other line between them (blank, a comment, another
    statement, part of an assignment over several lines) ends it, and so does another indentation. A
    single line is a run, too.

    In each run the longest target, without the white space around it, has one space between itself
    and its =, and the other = stand in the same column; after each = comes one space. White
    space that is there already, blanks or tabs, gives way. All else stays to the character:
    indentation, targets, what follows the value on its line, all other lines, line ends, and
    whether the last line has one. So aligning twice gives what aligning once gives.
    """
    raise NotImplementedError
