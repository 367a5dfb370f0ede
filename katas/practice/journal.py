"""What is a scientific journal?

Here: a file to which each experiment adds a line, and which is asked for what does not fit.
"""

import os
from typing import Any


class Journal:
    """A file of notes in UTF-8, one JSON object a line.

    Other programs may add lines of their own to it at any moment, in the middle of a note too, and
    the program that writes may be killed at any moment. Whatever the length of a line, no line is
    lost or torn by another writer, and no byte that is in the file ever changes. A kill may tear
    the line that is being written, which then loses only itself.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Take the path of the file, in a folder that exists.

        The file may be there already, with or without anything in it, and is continued. If it is
        not, the first note makes it.
        """
        raise NotImplementedError

    def note(self, **fields: Any) -> None:
        """Add one line, an object of the fields and of "time"; when it returns, it is in the file.

        The time is now in UTC, in ISO 8601 with its offset of zero, to the second or finer. NaN and
        infinities become null, in lists, tuples and dicts too, at any depth; what is handed in
        stays as it is. If the file ends in a torn line, the new one starts after a newline.

        Raises:
            ValueError: one of the fields is "time", which the journal sets; the message names it.
            TypeError: a value is nothing that JSON has. Either way the file stays as it is.
        """
        raise NotImplementedError

    def entries(self) -> list[dict[str, Any]]:
        """Return the objects in the file, in order, as it is now; none if there is no file.

        What is no JSON object in UTF-8 is passed over, line by line. A last line without its
        newline is torn, whatever it holds, and passed over too.
        """
        raise NotImplementedError

    def odd(self, key: str, deviations: float = 3.0) -> list[dict[str, Any]]:
        """Return the entries whose number at key lies far from the others, in order.

        Far is more than deviations * 1.4826 * m from the median of the numbers, where m is the
        median of their distances from that median. The median of an even count is halfway between
        the two in the middle. Entries without a number at key, an int or a float, are passed over;
        true and false are no numbers. Without any number nothing is odd.
        """
        raise NotImplementedError
