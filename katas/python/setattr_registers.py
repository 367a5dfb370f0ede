"""Which method runs when an attribute is set, and how does a module use it to know its parameters?

Here you write the module, a small relative of torch.nn.Module.
"""

from collections.abc import Iterator

from torch.nn import Parameter


class Module:
    """A base class whose objects know the parameters that are assigned to them.

    Subclasses call super().__init__() first, and then assign attributes, which can be read back
    like any. A torch.nn.Parameter is the module's own parameter from its assignment on, and another
    Module (of this class) a sub-module of it, until the name is set to something else or deleted.
    Deleting a name that is not there raises AttributeError.

    A plain tensor that requires grad and is a leaf, one that no operation has computed, is refused
    with a TypeError at the assignment, for no optimiser would ever see it: the message names the
    attribute, and what the name held before stays. A computed tensor may be assigned, and so may
    anything else; it is an attribute and no more.
    """

    def __init__(self) -> None:
        """Begin without parameters and sub-modules."""
        raise NotImplementedError

    def parameters(self) -> Iterator[Parameter]:
        """Return an iterator over the parameters: the module's own, then those of its sub-modules.

        Own ones come in the order of their assignment; then, sub-module by sub-module in theirs,
        what the parameters() of each would give. Each parameter comes once, however many names or
        modules share it. Two that hold equal numbers are two. Which place a name has that was set
        twice is left open. Parameters and modules in lists, tuples or dicts are not looked for.
        """
        raise NotImplementedError
