"""Which method gives the informal text of an object?

Here the object is a length of time, such as a training run took, and people and programmers are
shown different texts of it.
"""


class Duration:
    """A length of time in seconds.

    People see hours, minutes and whole seconds, as in "1h 02m 03s": that is what print and an
    f-string show. Minutes and seconds have two digits each; hours are counted on past 24 and have
    as many digits as they need, without separators; nothing is left out where it is 0. The number
    of seconds is rounded to the nearest whole one before it is divided up, so that neither minutes
    nor seconds ever show 60; an exact half may go either way. A format spec, as in an f-string's
    {run:>12}, does with that text what it does with any str.

    Programmers see the exact number as it was given, as Python writes it, with the class's
    name around it: Duration(3723.4), or Duration(5) for an int. That is what the prompt, a list and
    a dict show.

    Showing it, in whichever way, changes nothing.
    """

    def __init__(self, seconds: float) -> None:
        """Take the seconds: an int or a finite float, 0 or more and less than 10**12."""
        raise NotImplementedError
