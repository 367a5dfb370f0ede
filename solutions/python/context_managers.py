"""Which method decides what a with statement binds, and what runs on the way out?

Here the statement puts a model into eval mode for a while.
"""

from types import TracebackType

from torch import nn

from dojo import alternative, misconception

__all__ = ["EvalMode"]


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
        self.model = model

    def __enter__(self) -> nn.Module:
        self.modes = [(module, module.training) for module in self.model.modules()]
        return self.model.eval()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for module, training in self.modes:
            module.training = training


HINTS = (
    "A with statement calls one method on the way in and binds what that returns; another one on "
    "the way out, with three arguments that say whether there was an exception.",
    "model.train() sets every sub-module. What if one of them was in eval mode on purpose? "
    "Remember a mode for each of model.modules(), and when.",
    "__enter__: self.modes = [(m, m.training) for m in self.model.modules()]; return "
    "self.model.eval(). __exit__: for each pair m.training = mode, and return nothing.",
)
ANSWER = """
__enter__ runs first, and what it returns is what `as` binds: not the context manager, unless it
returns itself. __exit__ runs on the way out, whatever happens inside, with the exception if there
is one; a true return value swallows it, so return nothing. A generator under
contextlib.contextmanager does the same with a yield, but the exception arises at the yield: without
try and finally what follows is skipped.

Restoring means putting back what was, not what is usual. model.train() on the way out wakes up
layers that were frozen on purpose, a pretrained batch norm for one, and the statistics that it then
gathers spoil the model without a word. Remember the modes in __enter__, not in __init__: between
the two the model may have changed.
"""


@alternative
class KeepsADict:
    def __init__(self, model):
        self._model, self._modes = model, {}

    def __enter__(self):
        for name, module in self._model.named_modules():
            self._modes[name] = module.training
            module.training = False
        return self._model

    def __exit__(self, *exception):
        for name, module in self._model.named_modules():
            module.training = self._modes.get(name, module.training)
        return False


@alternative
class RemembersWhoTrained:
    def __init__(self, model):
        self.model = model
        self.training = []

    def __enter__(self):
        self.training = [module for module in self.model.modules() if module.training]
        self.model.train(False)
        return self.model

    def __exit__(self, kind, error, traceback):
        self.model.eval()
        for module in self.training:
            module.training = True


@alternative
class HoldsAnExitStack:
    def __init__(self, model):
        self.model = model

    def __enter__(self):
        from contextlib import ExitStack

        self.stack = ExitStack()
        for module in self.model.modules():
            self.stack.callback(setattr, module, "training", module.training)
        return self.model.eval()

    def __exit__(self, *exception):
        return self.stack.__exit__(*exception)


class _EvalMode:
    """What the wrong answers below share: all but the mistake."""

    def __init__(self, model):
        self.model = model

    def __enter__(self):
        self.modes = [(module, module.training) for module in self.model.modules()]
        return self.model.eval()

    def __exit__(self, *exception):
        for module, training in self.modes:
            module.training = training


@misconception(caught_by="test_the_statement_binds_something")
class BindsNothing(_EvalMode):
    "What `as` binds is what stands behind `with`."

    def __enter__(self):
        super().__enter__()


@misconception(caught_by="test_the_statement_binds_the_model")
class BindsItself(_EvalMode):
    "__enter__ returns self."

    def __enter__(self):
        super().__enter__()
        return self


@misconception(
    caught_by=("test_modules_in_eval_mode_stay_so", "test_a_model_in_eval_mode_stays_so")
)
class TrainsOnTheWayOut(_EvalMode):
    "Outside of evaluation a model is in train mode."

    def __exit__(self, *exception):
        self.model.train()


@misconception(caught_by="test_modules_in_eval_mode_stay_so")
class GivesTheTopsModeToAll(_EvalMode):
    "The mode of a model is that of its top module."

    def __enter__(self):
        self.training = self.model.training
        return self.model.eval()

    def __exit__(self, *exception):
        self.model.train(self.training)


@misconception(caught_by="test_every_module_gets_its_mode_back")
class RestoresOnlyTheTop(_EvalMode):
    "Sub-modules follow the mode of the module that holds them."

    def __exit__(self, *exception):
        self.model.training = self.modes[0][1]


@misconception(caught_by="test_modules_deep_inside_get_their_modes_back")
class RestoresTheChildren(_EvalMode):
    "A model is made of its children."

    def __enter__(self):
        modules = [self.model, *self.model.children()]
        self.modes = [(module, module.training) for module in modules]
        return self.model.eval()


@misconception(caught_by="test_a_shared_module_gets_its_own_mode_back")
class CallsTrainOnEachModule(_EvalMode):
    "module.train(mode) sets the mode of that module."

    def __exit__(self, *exception):
        for module, training in self.modes:
            module.train(training)


@misconception(caught_by="test_every_module_is_in_eval_mode_inside")
class SetsOnlyTheTop(_EvalMode):
    "training = False is what eval() does."

    def __enter__(self):
        self.modes = [(self.model, self.model.training)]
        self.model.training = False
        return self.model


@misconception(caught_by="test_an_exception_goes_on_its_way")
class SwallowsTheException(_EvalMode):
    "__exit__ returns True when it has done its work."

    def __exit__(self, *exception):
        super().__exit__(*exception)
        return True


@misconception(caught_by="test_modes_come_back_after_an_exception")
class RestoresIfAllWentWell(_EvalMode):
    "After an exception nobody uses the model any more."

    def __exit__(self, *exception):
        if exception[0] is None:
            super().__exit__(*exception)


@misconception(caught_by="test_modes_come_back_after_an_exception")
class YieldsWithoutFinally:
    "What stands behind the yield runs on the way out."

    def __new__(cls, model):
        from contextlib import contextmanager

        @contextmanager
        def eval_mode():
            modes = [(module, module.training) for module in model.modules()]
            yield model.eval()
            for module, training in modes:
                module.training = training

        return eval_mode()


@misconception(caught_by="test_what_counts_is_the_mode_at_entry")
class RemembersAtConstruction(_EvalMode):
    "__init__ is where an object takes down what it needs."

    def __init__(self, model):
        self.model = model
        self.modes = [(module, module.training) for module in model.modules()]

    def __enter__(self):
        return self.model.eval()


@misconception(caught_by="test_making_one_changes_nothing")
class SwitchesAtConstruction(_EvalMode):
    "EvalMode(model) puts the model into eval mode."

    def __init__(self, model):
        self.model = model
        self.modes = [(module, module.training) for module in model.modules()]
        model.eval()

    def __enter__(self):
        return self.model


@misconception(caught_by="test_two_of_them_nest_on_one_model")
class KeepsTheModesOnTheClass(_EvalMode):
    "Modes may be kept with the class, as there is one context at a time."

    def __enter__(self):
        type(self).modes = [(module, module.training) for module in self.model.modules()]
        return self.model.eval()


@misconception(caught_by="test_the_model_that_comes_out_is_the_one_that_went_in")
class EvaluatesACopy(_EvalMode):
    "A copy in eval mode leaves the model as it is."

    def __enter__(self):
        from copy import deepcopy

        self.modes = []
        return deepcopy(self.model).eval()
