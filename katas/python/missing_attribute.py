"""When is __getattr__ called, and when not?

Here: a wrapper that answers for another object, and has a default for all that this object lacks.
"""

from typing import Any


class Fallback:
    """A wrapper that finds an attribute on itself, else on obj, else answers with default.

    What was set on the wrapper, or stands in its class or a subclass, comes first, and is found
    without a call of __getattr__. Next comes what obj has, in whatever way it has it. The very obj
    is asked, anew at each read; every value counts, None, 0 and '' too; an error other than
    AttributeError surfaces. For all other names the answer is `default`, the very object, not
    called even where it can be. Setting and deleting concern the wrapper alone: obj stays as it is.

    A name with two underscores on both sides, such as __array__, gets no help: if neither the
    wrapper nor its class has it, reading it raises AttributeError, with the name in the message,
    even where obj has such an attribute. iter() and len() of a wrapper raise TypeError, whatever
    obj is. Names with two underscores at one end only, __half or scale__, are like any other.

    copy.copy, copy.deepcopy and pickle work, if they do on obj and default, and what was set on the
    wrapper comes along. The wrapper keeps its own state under names that begin with one underscore,
    and may hide those of obj's attributes that are called the same; it hides no others, obj and
    default among them.
    """

    def __init__(self, obj: Any, default: Any) -> None:
        """Take the object to ask next, and what to answer where it has nothing."""
        raise NotImplementedError
