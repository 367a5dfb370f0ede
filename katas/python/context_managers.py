"""Which method decides what a with statement binds, and what runs on the way out?

Here the statement puts a model into eval mode for a while.
"""

from torch import nn


class EvalMode:
    """A context in which a model, with all of its sub-modules, is in eval mode.

        with EvalMode(model) as same_model:
            ...

    What the statement binds is the model itself. When it is left, by an exception too, each module
    has the mode back that it had when the statement was entered, its own one: some may have been in
    eval mode while others trained. An exception goes on its way. Contexts of one model may be
    nested; none is entered twice.
    """

    def __init__(self, model: nn.Module) -> None:
        """Take the model, and leave it as it is."""
        raise NotImplementedError
