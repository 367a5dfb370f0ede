import ast
import random
from itertools import groupby

from dojo.checks import answer_of
from katas.practice.readable_formatting import align, equals_signs


def test_the_sign_of_a_plain_assignment_is_found():
    got = found("lr = 0.1\nprint(lr)\nmodel.name='mlp'\n")
    assert got == {1: 3, 3: 10}, (
        f"the = stand in line 1, column 3 and in line 3, column 10, got {got}: lines count from 1, "
        "columns from 0; without line 3 only names were taken for targets"
    )


def test_assignments_in_blocks_are_found():
    got = found(
        "class Net:\n    width = 3\n    def run(self):\n        for _ in []:\n\n            x = 1\n"
    )
    assert got == {2: 10, 6: 14}, (
        f"a class holds one in line 2, a loop in a method one in line 6, got {got}: nothing would "
        "mean that only the statements of the module itself were looked at"
    )


def test_a_tuple_is_one_target():
    got = found("first, last = 0, 1\n*rest, (x) = 1, 2\n(total) = (3)\n")
    assert got == {1: 12, 2: 11, 3: 8}, (
        f"a tuple is one target, parentheses or not, so {{1: 12, 2: 11, 3: 8}}, got {got}"
    )


def test_two_targets_are_left_out():
    got = found("a = b = 0\n")
    assert got == {}, f"a = b = 0 has two targets and is no plain assignment, got {got}"


def test_adding_in_place_is_left_out():
    got = found("total = 0\ntotal += 1\ntotal @= 2\n")
    assert got == {1: 6}, f"only line 1 is a plain assignment, += and @= are operators, got {got}"


def test_annotations_are_left_out():
    got = found("size: int = 3\nrate: float\n")
    assert got == {}, f"size: int = 3 is annotated and no plain assignment, got {got}"


def test_comparisons_are_left_out():
    got = found("a == 1\nassert a == b\n(c := 3)\n")
    assert got == {}, f"== compares, := names a part of an expression, got {got}"


def test_the_sign_of_an_argument_is_left_out():
    got = found(
        "train(\n    lr=0.1,\n    epochs = 3,\n)\ndef run(\n    x=1, *, longer = 2\n): pass\n"
    )
    assert got == {}, (
        f"the = of keyword and default arguments assigns nothing, got {got}: they can begin a line "
        "as well"
    )


def test_an_equals_sign_in_the_target_is_passed_over():
    got = found("table['k = v'] = 1\ncall(x=1).y = 2\nt[a == b]=3\nt[lambda k=1: k] = 4\n")
    assert got == {1: 15, 2: 12, 3: 9, 4: 17}, (
        f"the = that assign stand in columns 15, 12, 9 and 17, got {got}: 8, 6, 3 and 10 would be "
        "the first = of each line, which stands inside the target"
    )


def test_columns_count_characters():
    got = found("é = 1\nfacteur_é_à_ç['clé'] = 'a = b'\nöäüß=\"x=y\"\n")
    assert got == {1: 2, 2: 21, 3: 4}, (
        f"in characters the = stand in columns 2, 21 and 4, got {got}: 3, 25 and 8 would be counts "
        "of bytes; a later = was found by a search that began at a count of bytes"
    )


def test_only_the_first_on_a_line_counts():
    got = found("a = 1; bb = 2\nif a: c = 3\nx(); d = 4\n")
    assert got == {1: 2}, (
        f"of a = 1; bb = 2 the first counts, in the other lines something stands before, so "
        f"{{1: 2}}, got {got}: {{}} would mean that a line with two statements was left out"
    )


def test_several_lines_are_no_line():
    got = found("a = [\n    1]\nb = \\\n    2\nc = '''x\n'''; d = 3\nt[\n 1] = 4\n")
    assert got == {}, f"each of these ends on another line than it begins on, got {got}"


def test_text_is_left_alone():
    check_same('"""\na = 1\nlonger=2\n"""\n# b=1\n# longer = 2\n', "a string and two comments")


def test_neighbours_line_up():
    for source, expected in (
        ("a = 1\nlonger = 2\nabc = 3\n", "a      = 1\nlonger = 2\nabc    = 3\n"),
        ("longest = 1\nab = 2\n", "longest = 1\nab      = 2\n"),
        ("t['k = v']=1\na, b=2, 3\n", "t['k = v'] = 1\na, b       = 2, 3\n"),
        ("if x:\n  é = 1\n  œuvre = 2", "if x:\n  é     = 1\n  œuvre = 2"),
    ):
        check(source, expected, "the longest target sets the column, with one space before the =")


def test_a_blank_line_ends_a_run():
    source = "a = 1\n\nlonger = 2\n  \nabc = 3\n"
    check(source, source, "blank lines make each of these a run of its own")


def test_another_line_ends_a_run():
    for between in ("# more", "longest_of_all += 1", "longest_of_all = [\n]"):
        source = f"a = 1\n{between}\nlonger = 2\n"
        check(source, source, f"{between!r} stands between two runs of one line")


def test_another_indentation_ends_a_run():
    source = "if x:\n    a = 1\nlonger = 2\nb      = 3\n"
    check(source, source, "the line in the if is a run of its own")


def test_a_line_alone_gets_a_space_on_each_side():
    for source in ("a=1\n", "a =1\n", "a= 1\n", "a   =   1\n", "a\t=\t1\n"):
        check(source, "a = 1\n", "a single line is a run, and gets one space on each side")


def test_gaps_close():
    for source in (
        "a           = 1\nlonger      = 2\n",
        "a\t=   1\nlonger   =\t2\n",
        "a      = 1\nlonger = 2\n",
    ):
        check(
            source,
            "a      = 1\nlonger = 2\n",
            "the column follows the longest target as it is now, not the spaces that are there",
        )


def test_what_follows_the_value_stays():
    source = "a = f(x=1,  y  = 2)  # b=c\t \nabc = 'k=v' if a==b else 0 ; z=1\n"
    expected = "a   = f(x=1,  y  = 2)  # b=c\t \nabc = 'k=v' if a==b else 0 ; z=1\n"
    check(source, expected, "after the value's first character all stays, spaces and comments too")


def test_line_ends_stay():
    for source, expected in (
        ("a=1\r\nabc=2\r\n", "a   = 1\r\nabc = 2\r\n"),
        ("a=1\r\nabc=2\nb=3", "a   = 1\r\nabc = 2\nb   = 3"),
        ("a=1\n\n\n", "a = 1\n\n\n"),
        ("", ""),
    ):
        check(source, expected, "line ends stay as they are, at the end of the source, too")


def test_lines_end_where_python_says():
    what = "a form feed on its own line, a separator in a string and an assignment below"
    got = found("\f\nt = 'a\u2028b'\nx = 1\n", f"{what} are three lines for Python")
    assert got == {2: 2, 3: 2}, (
        f"a form feed on its own line and a separator in a string end no line, so {{2: 2, 3: 2}}, "
        f"got {got}: other lines were counted than Python counts"
    )
    check("\f\nt='a\u2028b'\nabc=1\n", "\f\nt   = 'a\u2028b'\nabc = 1\n", "only \\n ends a line")


def test_the_syntax_tree_stays():
    for seed in range(200):
        source, _, _ = drawn(seed)
        got = aligned(source)
        after = answer_of(
            lambda got=got: ast.dump(ast.parse(got)), f"this is to be Python still:\n{got}"
        )
        assert after == ast.dump(ast.parse(source)), (
            f"the program means something else now: a string, perhaps, was taken for code.\n"
            f"Before:\n{source}\nafter:\n{got}"
        )


def test_drawn_programs_are_laid_out():
    for seed in range(100):
        source, expected, signs = drawn(seed)
        got = found(source)
        assert got == signs, f"expected the = at {signs}, got {got}, in:\n{source}"
        check(source, expected, "a program drawn at random, of which the test knows the parts")


def found(source, why=None):
    """The learner's columns, which nothing here may stop."""
    why = why or f"each = that assigns in {source!r} has a line and a column"
    return answer_of(lambda: equals_signs(source), why)


def aligned(source):
    """The learner's layout, which nothing here may stop."""
    return answer_of(lambda: align(source), f"{source!r} is Python and can be aligned")


def check(source, expected, why):
    """Assert that source is laid out as expected, and stays so the second time."""
    got = aligned(source)
    assert got == expected, f"{why}: {source!r} gives {expected!r}, got {got!r}"
    twice = aligned(got)
    assert twice == got, f"aligned twice, {source!r} gives {twice!r}, and once {got!r}"


def check_same(source, what):
    """Assert that there is nothing to find in source, and nothing to align."""
    got = found(source)
    assert got == {}, f"{what} hold no assignment, got {got}: what looks like one is text"
    check(source, source, f"{what} are to be left alone")


TARGETS = ("a", "lr", "é", "longer", "model.width", "t['k = v']", "f(x=1).y", "first, last", "(b)")
VALUES = (
    "1",
    "[2, 3]",
    "'k = v'",
    "x == y",
    "f(x = 1)",
    "lambda k=1: k",
    "f'{a = }'",
    "3  # a=b",
    "4 ; z=5",
)
OTHERS = (
    "",
    "",
    "# c=1",
    "total+=1",
    "c=d = 0",
    "size: int=3",
    "if a: b=1",
    'text = """\na=1\nlonger=2\n"""',
    "f(\n    x=1,\n    longer=2,\n)",
    "pair=(\n1, 2)",
)
HEADS = ("if a == b:", "def f(x=1, *, y = 2):", "class C:", "for _ in f(x=1):")


def drawn(seed):
    """A program, how it is to be laid out, and where its = stand."""
    rng = random.Random(seed)
    parts = block(rng, "", 0)
    # A part is (indentation, target, space before, space after, value), or (text,).
    lines, signs, expected = [], {}, []
    for indentation, run in groupby(parts, lambda part: part[0] if len(part) > 1 else None):
        run = list(run)
        if indentation is None:
            lines += [line for (text,) in run for line in text.split("\n")]
            expected += [line for (text,) in run for line in text.split("\n")]
            continue
        width = max(len(target) for _, target, _, _, _ in run)
        for _, target, before, after, value in run:
            lines.append(f"{indentation}{target}{before}={after}{value}")
            signs[len(lines)] = len(f"{indentation}{target}{before}")
            expected.append(f"{indentation}{target.ljust(width)} = {value}")
    return "\n".join(lines), "\n".join(expected), signs


def block(rng, indentation, depth):
    parts = []
    for _ in range(rng.randint(2, 6)):
        kind = rng.random()
        if kind < 0.65:
            before, after = (rng.choice(("", " ", "   ", "\t")) for _ in range(2))
            target, value = rng.choice(TARGETS), rng.choice(VALUES)
            parts.append((indentation, target, before, after, value))
        elif kind < 0.85 or depth == 2:
            parts.append((indentation + rng.choice(OTHERS),))
        else:
            parts.append((indentation + rng.choice(HEADS),))
            parts += block(rng, indentation + "    ", depth + 1)
    return parts if any(len(part) > 1 for part in parts) else [*parts, (indentation + "pass",)]
