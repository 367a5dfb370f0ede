"""Which method runs when an attribute is set, and how does a module use it to know its parameters?

Here: a base class like torch.nn.Module, with what an optimiser needs of it.
"""

from collections.abc import Iterator

from torch.nn import Parameter


class Module:
    """A base class for models that know their parameters.

    Setting an attribute to a torch.nn.Parameter, or to another Module, which makes it a sub-module,
    registers it besides storing it. Subclasses of both count too, and so do parameters with
    requires_grad=False. What stood under a name is forgotten when the name is set again, to
    whatever, or deleted.

    A plain tensor that requires grad and is no result of a computation (a leaf) is refused at the
    assignment: TypeError, with the name of the attribute in the message, and what stood there
    before stays, registered as it was. All other values are stored and not registered, tensors
    without grad and computed tensors among them.

    Apart from that attributes work as on any object: a property of a subclass can be set, and
    reading or deleting what is not there raises AttributeError. Names that begin with an underscore
    are the Module's own; any other name except parameters is free for attributes.
    """

    def __init__(self) -> None:
        """Begin with nothing registered; subclasses call this before they set an attribute."""
        raise NotImplementedError

    def parameters(self) -> Iterator[Parameter]:
        """Return an iterator over all parameters, a new one for each call.

        First come the module's own, then those of its first sub-module and of all that is inside
        it, then those of the second, and so on: in order of assignment, as things are at the time
        of the call. Where a name was set more than once, its place is open. Each parameter comes
        once, whatever number of names or sub-modules leads to it; two parameters of equal values
        are two.
        """
        raise NotImplementedError
