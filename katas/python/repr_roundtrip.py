"""Which method should give a text from which the object can be made again?

Here the object holds the settings of an augmentation, and its text is what a log keeps of them.
"""


class RandomZoom:
    """The settings of a random zoom: a factor from low to high, and how to fill in pixels.

    The text that the prompt shows for a RandomZoom, and that a list shows in its place, is a
    Python expression. Evaluated where nothing but the class is known, under its own name, and
    Python's built-in names, it gives a new object of the same class, equal to the first: no digit
    of a number and no character of mode is lost. The same holds for a subclass that adds nothing.

    Two are equal under == when they are of the same class and their low, high and mode are equal,
    as Python compares numbers and texts. Anything else is never equal, and is no error: not a
    number, not a tuple of the three, not an object of another class with the same attributes. A
    subclass is another class.
    """

    def __init__(self, low: float, high: float, mode: str = "nearest") -> None:
        """Take the settings as they are: any two finite numbers, int or float, and any text."""
        raise NotImplementedError
