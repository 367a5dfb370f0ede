"""Does machine-learning code need strict formatting rules?

One rule that helps: assignments that stand together are laid out as a table, so that names and
values can be read down the columns. Here: a formatter for this rule alone, which never changes
what a program means.
"""

import ast
import io
import itertools
import re
import tokenize

from dojo import alternative, misconception

__all__ = ["align", "equals_signs"]


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
    lines, signs = source.split("\n"), {}
    for node in _one_line(source, lines):
        line = lines[node.lineno - 1].encode()
        sign = line.index(b"=", node.targets[0].end_col_offset)
        signs[node.lineno] = len(line[:sign].decode())
    return signs


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
    lines, signs = source.split("\n"), equals_signs(source)
    for run in _runs(lines, signs):
        targets = {number: lines[number - 1][: signs[number]].rstrip() for number in run}
        width = max(map(len, targets.values()))
        for number, target in targets.items():
            value = lines[number - 1][signs[number] + 1 :].lstrip()
            lines[number - 1] = f"{target:{width}} = {value}"
    return "\n".join(lines)


def _one_line(source, lines):
    """Yield the plain assignments that have one target and one line, and begin it."""
    for node in _assignments(source):
        if node.lineno == node.end_lineno and _begins(node, lines):
            yield node


def _assignments(source):
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            yield node


def _begins(node, lines):
    # Bytes and characters are the same where there is only white space.
    return not lines[node.lineno - 1][: node.col_offset].strip()


def _column(line, offset):
    return len(line.encode()[:offset].decode())


def _indentation(line):
    return line[: len(line) - len(line.lstrip())]


def _runs(lines, signs):
    runs = []
    for number in sorted(signs):
        before, line = lines[number - 2], lines[number - 1]
        if number - 1 in signs and _indentation(before) == _indentation(line):
            runs[-1].append(number)
        else:
            runs.append([number])
    return runs


def _laid_out(lines, signs, runs, gap=" "):
    """Return the lines with each run of line numbers as a table."""
    lines = list(lines)
    for run in runs:
        width = max(len(lines[number - 1][: signs[number]].rstrip()) for number in run)
        for number in run:
            line, sign = lines[number - 1], signs[number]
            lines[number - 1] = f"{line[:sign].rstrip():{width}}{gap}= {line[sign + 1 :].lstrip()}"
    return lines


HINTS = (
    "A line alone does not tell what its = is: it may stand in a string, a call or an index. "
    "What has read the whole program already, and can say where each statement begins and ends?",
    "ast.walk(ast.parse(source)) meets every ast.Assign; lineno and end_lineno count from 1. The = "
    "stands between the target's end and the value. Which unit does end_col_offset count in, and "
    "does splitlines cut where Python does?",
    "Cut at '\\n'. line = lines[node.lineno - 1].encode(), sign = line.index(b'=', "
    "node.targets[0].end_col_offset), column = len(line[:sign].decode()). Group lines whose "
    "numbers follow each other and whose indentation is equal; write each as what stands before "
    "the =, stripped on the right and padded, then ' = ', then the rest, stripped on the left.",
)
ANSWER = """
Not for their own sake: a rule earns its place where it makes the structure of the code visible. Ten
settings, or the lines of a formula with their = in one column, show at a glance which one differs;
that is worth more to a reader than a fixed line length. The usual advice is to run a strict
formatter in CI and never talk about layout again; such a formatter would undo this alignment at
the first commit. Both are defensible: the one gives tables, the other small diffs, since a longer
name moves its neighbours. Choose one for each project.

Whatever the rule, a tool that applies it must not change the program. Only a parser knows which =
is an assignment: a regular expression for lines also pads keyword arguments, and text inside
strings, which is data. Two things bite even with the tree in hand: ast counts columns in bytes of
UTF-8, so that one é moves everything after it, and str.splitlines also cuts at form feeds and a
few rare characters, where Python does not.
"""


@alternative(replaces="equals_signs")
def reads_the_tokens(source):
    first = {}
    depth = 0
    for token in tokenize.generate_tokens(io.StringIO(source, newline="\n").readline):
        if token.type == tokenize.OP:
            depth += (token.string in "([{") - (token.string in ")]}")
            if token.string == "=" and depth == 0:
                first.setdefault(token.start[0], token.start[1])
    lines = source.split("\n")
    return {node.lineno: first[node.lineno] for node in _one_line(source, lines)}


@alternative(replaces="equals_signs")
def looks_back_from_the_value(source):
    lines = re.split("(?<=\n)", source)

    def signs_in(node):
        for child in ast.iter_child_nodes(node):
            yield from signs_in(child)
        match node:
            case ast.Assign(targets=[_], value=value, lineno=first, end_lineno=last):
                line = lines[first - 1]
                if first == last and not line[: _column(line, node.col_offset)].strip():
                    yield first, line.rindex("=", 0, _column(line, value.col_offset))

    return dict(signs_in(ast.parse(source)))


@alternative(replaces="align")
def groups_by_what_stays_equal(source):
    lines, signs = io.StringIO(source, newline="\n").readlines(), equals_signs(source)
    numbered = enumerate(sorted(signs))
    for _, run in itertools.groupby(
        numbered, lambda pair: (pair[1] - pair[0], _indentation(lines[pair[1] - 1]))
    ):
        parts = []
        for _, number in run:
            line = lines[number - 1]
            parts.append(
                (number, line[: signs[number]].rstrip(), line[signs[number] + 1 :].lstrip())
            )
        width = max(len(target) for _, target, _ in parts)
        for number, target, value in parts:
            lines[number - 1] = target.ljust(width) + " = " + value
    return "".join(lines)


@alternative(replaces=("equals_signs", "align"))
class EditsFromTheEnd:
    @staticmethod
    def equals_signs(source):
        lines, found = source.encode().split(b"\n"), []
        for node in _one_line(source, source.split("\n")):
            gap = lines[node.lineno - 1][node.targets[0].end_col_offset : node.value.col_offset]
            sign = node.targets[0].end_col_offset + gap.index(b"=")
            found.append((node.lineno, len(lines[node.lineno - 1][:sign].decode())))
        return dict(sorted(found))

    @staticmethod
    def align(source):
        lines = source.split("\n")
        rows = {}
        for node in _one_line(source, lines):
            line = lines[node.lineno - 1]
            end = _column(line, node.targets[0].end_col_offset)
            target, _, value = line[end:].partition("=")
            rows[node.lineno] = (line[:end] + target.rstrip(" \t\f"), value.lstrip(" \t\f"))
        for run in _runs(lines, rows):
            width = 1 + max(len(rows[number][0]) for number in run)
            for number in reversed(run):
                lines[number - 1] = "= ".join((rows[number][0].ljust(width), rows[number][1]))
        return "\n".join(lines)


@misconception(
    replaces="equals_signs",
    caught_by=(
        "test_the_sign_of_an_argument_is_left_out",
        "test_text_is_left_alone",
        "test_the_syntax_tree_stays",
    ),
)
def asks_each_line(source):
    "A line that begins with a name and an equals sign is an assignment."
    found = (re.match(r"\s*[\w.'\[\], ]+?\s*=(?!=)", line) for line in source.split("\n"))
    return {number: match.end() - 1 for number, match in enumerate(found, 1) if match}


@misconception(
    replaces="equals_signs",
    caught_by=("test_comparisons_are_left_out", "test_the_syntax_tree_stays"),
)
def takes_every_line_with_a_sign(source):
    "A line that has an equals sign in it assigns something."
    lines = enumerate(source.split("\n"), 1)
    return {number: line.index("=") for number, line in lines if "=" in line}


@misconception(
    replaces="equals_signs",
    caught_by="test_an_equals_sign_in_the_target_is_passed_over",
)
def takes_the_first_sign(source):
    "The first = on the line of an assignment is the one that assigns."
    lines = source.split("\n")
    nodes = _one_line(source, lines)
    return {node.lineno: lines[node.lineno - 1].index("=") for node in nodes}


@misconception(replaces="equals_signs", caught_by="test_columns_count_characters")
def returns_bytes(source):
    "The columns of the syntax tree are columns of the text."
    lines = source.encode().split(b"\n")
    return {
        node.lineno: lines[node.lineno - 1].index(b"=", node.targets[0].end_col_offset)
        for node in _one_line(source, source.split("\n"))
    }


@misconception(replaces="equals_signs", caught_by="test_columns_count_characters")
def searches_from_a_count_of_bytes(source):
    "end_col_offset is the place in the line at which the target ends, so search from there."
    lines = source.split("\n")
    return {
        node.lineno: lines[node.lineno - 1].find("=", node.targets[0].end_col_offset)
        for node in _one_line(source, lines)
    }


@misconception(replaces="equals_signs", caught_by="test_assignments_in_blocks_are_found")
def looks_at_the_module_only(source):
    "The body of the tree holds all statements."
    body = {node.lineno for node in ast.parse(source).body}
    return {number: sign for number, sign in _signs(source).items() if number in body}


def _signs(source):
    lines = source.split("\n")
    return _columns(_one_line(source, lines), lines)


def _columns(nodes, lines):
    """Return the column of the = after the first target of each node, by line number."""
    signs = {}
    for node in nodes:
        line = lines[node.lineno - 1]
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        signs.setdefault(node.lineno, line.index("=", _column(line, target.end_col_offset)))
    return signs


def _also(source, kind, wanted=lambda node: True):
    """Return the columns of the plain assignments, and of other nodes of one line."""
    lines = source.split("\n")
    more = (
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, kind) and wanted(node) and node.lineno == node.end_lineno
    )
    return _signs(source) | _columns((node for node in more if _begins(node, lines)), lines)


@misconception(replaces="equals_signs", caught_by="test_two_targets_are_left_out")
def takes_several_targets(source):
    "In a = b = 0 the first = assigns like any other."
    return _also(source, ast.Assign)


@misconception(
    replaces="equals_signs",
    caught_by=("test_adding_in_place_is_left_out", "test_the_syntax_tree_stays"),
)
def takes_augmented_ones(source):
    "+= assigns, so its = belongs in the column."
    return _also(source, ast.AugAssign)


@misconception(replaces="equals_signs", caught_by="test_annotations_are_left_out")
def takes_annotated_ones(source):
    "An annotation changes nothing about the assignment that it stands in."
    return _also(source, ast.AnnAssign, lambda node: node.value is not None)


@misconception(replaces="equals_signs", caught_by="test_the_sign_of_an_argument_is_left_out")
def takes_keyword_arguments(source):
    "A keyword argument on a line of its own gives a value to a name, as an assignment does."
    lines, signs = source.split("\n"), _signs(source)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.keyword) and node.arg and _begins(node, lines):
            signs[node.lineno] = lines[node.lineno - 1].index("=")
    return signs


@misconception(replaces="equals_signs", caught_by="test_only_the_first_on_a_line_counts")
def takes_what_stands_behind_a_colon(source):
    "if ready: a = 1 holds an assignment of one line."
    lines = source.split("\n")
    nodes = (node for node in _assignments(source) if node.lineno == node.end_lineno)
    return _columns(sorted(nodes, key=lambda node: node.col_offset), lines)


@misconception(replaces="equals_signs", caught_by="test_only_the_first_on_a_line_counts")
def wants_the_line_for_itself(source):
    "A line with two statements is none of those to be aligned."
    seen = [node.lineno for node in ast.walk(ast.parse(source)) if isinstance(node, ast.stmt)]
    return {number: sign for number, sign in _signs(source).items() if seen.count(number) == 1}


@misconception(
    replaces="equals_signs",
    caught_by=("test_several_lines_are_no_line", "test_another_line_ends_a_run"),
)
def takes_the_first_of_several_lines(source):
    "An assignment over several lines has its = in the first, and that is the line that counts."
    lines = source.split("\n")
    nodes = (node for node in _assignments(source) if _begins(node, lines))
    return _columns((node for node in nodes if "=" in lines[node.lineno - 1]), lines)


@misconception(replaces="equals_signs", caught_by="test_a_tuple_is_one_target")
def refuses_tuples(source):
    "first, last = 0, 1 has two targets."
    lines = source.split("\n")
    nodes = _one_line(source, lines)
    return _columns((node for node in nodes if not isinstance(node.targets[0], ast.Tuple)), lines)


@misconception(
    replaces="equals_signs",
    caught_by=("test_the_sign_of_a_plain_assignment_is_found", "test_neighbours_line_up"),
)
def takes_names_only(source):
    "What is assigned to is a name."
    lines = source.split("\n")
    nodes = _one_line(source, lines)
    return _columns((node for node in nodes if isinstance(node.targets[0], ast.Name)), lines)


@misconception(replaces="equals_signs", caught_by="test_the_sign_of_a_plain_assignment_is_found")
def counts_columns_from_one(source):
    "Columns count from 1, as lines do."
    return {number: sign + 1 for number, sign in _signs(source).items()}


@misconception(replaces=("equals_signs", "align"), caught_by="test_lines_end_where_python_says")
class SplitsLikeStr:
    "splitlines cuts a text into the lines that Python counts."

    @staticmethod
    def equals_signs(source):
        lines = source.splitlines()
        return _columns(_one_line(source, lines), lines)

    @staticmethod
    def align(source):
        lines = source.splitlines(keepends=True)
        signs = _columns(_one_line(source, lines), lines)
        return "".join(_laid_out(lines, signs, _runs(lines, signs)))


@misconception(replaces="align", caught_by="test_line_ends_stay")
def joins_with_newlines(source):
    "A program's lines end in a newline, the last one too."
    lines, signs = source.replace("\r\n", "\n").split("\n"), _signs(source)
    text = "\n".join(_laid_out(lines, signs, _runs(lines, signs)))
    return text.rstrip("\n") + "\n"


def _aligned(source, runs=_runs, gap=" "):
    lines, signs = source.split("\n"), _signs(source)
    return "\n".join(_laid_out(lines, signs, runs(lines, signs), gap))


def _runs_across(lines, signs, passed_over):
    """Return runs that go on after lines that are passed over."""
    runs, last = [], 0
    for number in sorted(signs):
        between = range(last, number - 1)
        same = last and _indentation(lines[last - 1]) == _indentation(lines[number - 1])
        if same and all(passed_over(lines[index].strip()) for index in between):
            runs[-1].append(number)
        else:
            runs.append([number])
        last = number
    return runs


@misconception(replaces="align", caught_by="test_a_blank_line_ends_a_run")
def aligns_across_blank_lines(source):
    "A blank line is no statement, so what stands on both sides of it is neighbouring."
    return _aligned(source, lambda lines, signs: _runs_across(lines, signs, lambda line: not line))


@misconception(replaces="align", caught_by="test_another_line_ends_a_run")
def aligns_across_all_but_blank_lines(source):
    "Only a blank line ends a run."
    return _aligned(source, lambda lines, signs: _runs_across(lines, signs, bool))


@misconception(
    replaces="align",
    caught_by=("test_a_blank_line_ends_a_run", "test_another_line_ends_a_run"),
)
def aligns_all_of_one_depth(source):
    "All assignments of one depth share a column."
    return _aligned(source, lambda lines, signs: _runs_across(lines, signs, lambda line: True))


@misconception(replaces="align", caught_by="test_another_indentation_ends_a_run")
def aligns_across_indentations(source):
    "What stands line upon line goes into one column, wherever its lines begin."

    def runs(lines, signs):
        found = []
        for number in sorted(signs):
            if number - 1 in signs:
                found[-1].append(number)
            else:
                found.append([number])
        return found

    return _aligned(source, runs)


@misconception(replaces="align", caught_by="test_gaps_close")
def only_ever_pads(source):
    "The column of a run is that of its rightmost =, and the others are padded up to it."
    lines, signs = source.split("\n"), _signs(source)
    for run in _runs(lines, signs):
        sign = max(len(lines[number - 1][: signs[number]].rstrip()) + 1 for number in run)
        sign = max(sign, *(signs[number] for number in run)) if len(run) > 1 else sign
        for number in run:
            line = lines[number - 1]
            value = line[signs[number] + 1 :].lstrip()
            lines[number - 1] = f"{line[: signs[number]].rstrip():{sign}}= {value}"
    return "\n".join(lines)


@misconception(
    replaces="align",
    caught_by=("test_a_line_alone_gets_a_space_on_each_side", "test_gaps_close"),
)
def leaves_the_space_after(source):
    "To align = is to pad before it; what stands after it is the writer's."
    lines, signs = source.split("\n"), _signs(source)
    for run in _runs(lines, signs):
        width = max(len(lines[number - 1][: signs[number]].rstrip()) for number in run)
        for number in run:
            line, sign = lines[number - 1], signs[number]
            lines[number - 1] = f"{line[:sign].rstrip():{width}} {line[sign:]}"
    return "\n".join(lines)


@misconception(replaces="align", caught_by="test_a_line_alone_gets_a_space_on_each_side")
def leaves_a_line_alone(source):
    "A line without neighbours has nothing to be aligned with."
    return _aligned(
        source, lambda lines, signs: [run for run in _runs(lines, signs) if len(run) > 1]
    )


@misconception(
    replaces="align",
    caught_by=(
        "test_a_line_alone_gets_a_space_on_each_side",
        "test_neighbours_line_up",
    ),
)
def leaves_no_space_before(source):
    "The = stands right behind the longest target."
    return _aligned(source, gap="")


@misconception(replaces="align", caught_by="test_neighbours_line_up")
def goes_by_the_first_line(source):
    "The first line of a run says where the = stand."
    lines, signs = source.split("\n"), _signs(source)
    for run in _runs(lines, signs):
        width = len(lines[run[0] - 1][: signs[run[0]]].rstrip())
        for number in run:
            line, sign = lines[number - 1], signs[number]
            value = line[sign + 1 :].lstrip()
            lines[number - 1] = f"{line[:sign].rstrip():{width}} = {value}"
    return "\n".join(lines)


@misconception(
    replaces="align",
    caught_by=("test_what_follows_the_value_stays", "test_drawn_programs_are_laid_out"),
)
def spaces_every_sign(source):
    "Each = on the line of an assignment gets a space on both sides."
    lines, signs = source.split("\n"), _signs(source)
    for number in signs:
        sign = signs[number] + 1
        rest = re.sub(r"\s*(?<![=!<>])=(?!=)\s*", " = ", lines[number - 1][sign:])
        lines[number - 1] = lines[number - 1][:sign] + rest
    return "\n".join(_laid_out(lines, signs, _runs(lines, signs)))


@misconception(replaces="align", caught_by="test_what_follows_the_value_stays")
def strips_the_end_of_the_line(source):
    "White space at the end of a line says nothing, so a formatter removes it."
    lines, signs = source.split("\n"), _signs(source)
    laid_out = _laid_out(lines, signs, _runs(lines, signs))
    for number in signs:
        end = "\r" * laid_out[number - 1].endswith("\r")
        laid_out[number - 1] = laid_out[number - 1].rstrip() + end
    return "\n".join(laid_out)


@misconception(
    replaces="align",
    caught_by=("test_what_follows_the_value_stays", "test_text_is_left_alone"),
)
def writes_the_tree_out_afresh(source):
    "A formatter reads the tree, and writes it out in its own way."
    return _aligned(ast.unparse(ast.parse(source)) + "\n")


@misconception(
    replaces="align",
    caught_by=("test_text_is_left_alone", "test_the_syntax_tree_stays"),
)
def aligns_by_line(source):
    "To lay lines out one needs no parser."
    lines = source.split("\n")
    found = (re.match(r"\s*[\w.'\[\], ]+?\s*=(?!=)", line) for line in lines)
    signs = {number: match.end() - 1 for number, match in enumerate(found, 1) if match}
    return "\n".join(_laid_out(lines, signs, _runs(lines, signs)))
