"""Which test files a run needs: those in which -k can find anything.

For -k pytest would import every file and make each of its tests before it looks at a name, so that
judging one kata of a hundred would cost as much as collecting them all.
"""

import re

from dojo.curriculum import Kata
from dojo.devices import DEVICES

# Words by which -k finds tests though no file has them: ids of fixtures, names of marks.
_FROM_OUTSIDE = (
    *DEVICES,
    *("loop", "mine", "reference"),
    *("benchmark", "parametrize", "skip", "xfail", "pytestmark", "usefixtures", "timeout"),
)


def may_match(expression: str, kata: Kata) -> bool:
    """Whether -k could find a test of a kata, as far as a look at its files can tell.

    Never False where pytest would find one: an expression with "not" or brackets in it might match
    anything, and so might a word that comes from outside the files.
    """
    choices = [choice.split(" and ") for choice in expression.lower().split(" or ")]
    words = {word.strip() for choice in choices for word in choice}
    if not all(re.fullmatch(r"[a-z_]+", word) for word in words):
        return True
    names = f"katas/{kata.id} test_{kata.name}.py {' '.join(_FROM_OUTSIDE)}"
    found = {word for word in words if word in names}
    if found != words:
        files = (kata.tests, kata.solution)
        texts = [file.read_text(encoding="utf-8").lower() for file in files if file.exists()]
        found |= {word for word in words for text in texts if word in text}
    return any(found.issuperset(map(str.strip, choice)) for choice in choices)
