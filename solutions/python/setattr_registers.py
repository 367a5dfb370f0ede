"""Which method runs when an attribute is set, and how does a module use it to know its parameters?

Here you write the module, a small relative of torch.nn.Module.
"""

from collections.abc import Iterator
from typing import Any

from torch import Tensor
from torch.nn import Parameter

from dojo import alternative, misconception

__all__ = ["Module"]


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
        self._known = {}

    def parameters(self) -> Iterator[Parameter]:
        """Return an iterator over the parameters: the module's own, then those of its sub-modules.

        Own ones come in the order of their assignment; then, sub-module by sub-module in theirs,
        what the parameters() of each would give. Each parameter comes once, however many names or
        modules share it. Two that hold equal numbers are two. Which place a name has that was set
        twice is left open. Parameters and modules in lists, tuples or dicts are not looked for.
        """
        seen = set()
        for part in self._parts():
            if id(part) not in seen:
                seen.add(id(part))
                yield part

    def __setattr__(self, name: str, value: Any) -> None:
        plain = isinstance(value, Tensor) and not isinstance(value, Parameter)
        if plain and value.requires_grad and value.is_leaf:
            raise TypeError(f"{name} is a leaf that requires grad: make it a Parameter")
        object.__setattr__(self, name, value)
        self._known.pop(name, None)
        if isinstance(value, Parameter | Module):
            self._known[name] = value

    def __delattr__(self, name: str) -> None:
        object.__delattr__(self, name)
        self._known.pop(name, None)

    def _parts(self) -> Iterator[Parameter]:
        yield from (part for part in self._known.values() if isinstance(part, Parameter))
        for part in self._known.values():
            if isinstance(part, Module):
                yield from part.parameters()


HINTS = (
    "self.weight = x calls a method of self's class with the name and the value. That method must "
    "still store the attribute: how, without calling itself?",
    "super().__setattr__(name, value) stores it. Keep a dict by name beside it for parameters and "
    "modules, and mind names that are set again. What does `p in seen` ask of two tensors?",
    "__setattr__: refuse leaves that require grad, store, then drop the name from the dict and put "
    "it in if it is a Parameter or Module; __delattr__ drops it too. parameters(): own ones, then "
    "each sub-module's, past a set of ids.",
)
ANSWER = """
__setattr__ runs at every assignment to an attribute, self.weight = ... in __init__ included, and so
a module learns of its parameters without being told: that is why super().__init__() comes first.
It has to store the attribute itself, by super().__setattr__; self.name = value in it would call it
again, without end.

Parameters are told apart by identity. == on tensors compares numbers, so `p in seen` takes two zero
biases for one, or fails; a set of ids, or of the tensors themselves, whose hash is their identity,
does not. The TypeError is this kata's own: torch.nn.Module takes a plain tensor that requires grad
without a word, and it is never trained. Parameters in a plain list are missed by both, for nothing
is assigned but the list: hence torch.nn.ParameterList.
"""


class _Base:
    """What the programs below share: a module that is right, with a place for each mistake."""

    def __init__(self):
        object.__setattr__(self, "_own", {})
        object.__setattr__(self, "_subs", {})

    def __setattr__(self, name, value):
        self._refuse(name, value)
        object.__setattr__(self, name, value)
        self._forget(name)
        self._record(name, value)

    def __delattr__(self, name):
        object.__delattr__(self, name)
        self._forget(name)

    def _refuse(self, name, value):
        plain = isinstance(value, Tensor) and not isinstance(value, Parameter)
        if plain and value.requires_grad and value.is_leaf:
            raise TypeError(f"{name} would never be trained: make it a Parameter")

    def _record(self, name, value):
        if isinstance(value, Parameter):
            self._own[name] = value
        elif isinstance(value, _Base):
            self._subs[name] = value

    def _forget(self, name):
        self._own.pop(name, None)
        self._subs.pop(name, None)

    def _all(self):
        yield from self._own.values()
        for sub in self._subs.values():
            yield from sub._all()

    def parameters(self):
        return iter({id(parameter): parameter for parameter in self._all()}.values())


@alternative
class TwoDicts(_Base):
    pass


@alternative
class LetsTensorsHashThemselves(_Base):
    def parameters(self):
        yield from dict.fromkeys(self._all())


@alternative
class KeepsSeenOnTheWay(_Base):
    def parameters(self):
        seen = []
        for parameter in self._all():
            if all(parameter is not other for other in seen):
                seen.append(parameter)
                yield parameter


@misconception(caught_by="test_an_assigned_attribute_can_be_read_back")
class RecordsAndDoesNotStore(_Base):
    "What __setattr__ has written down is set."

    def __setattr__(self, name, value):
        self._refuse(name, value)
        self._forget(name)
        self._record(name, value)


@misconception(caught_by="test_two_modules_do_not_share_their_parameters")
class OneDictForAll(_Base):
    "A dict in the class body is a dict for each object."

    _own, _subs = {}, {}

    def __init__(self):
        pass


@misconception(caught_by="test_a_name_set_to_something_else_is_forgotten")
class KeepsStaleEntries(_Base):
    "Whatever was a parameter stays one."

    def __setattr__(self, name, value):
        self._refuse(name, value)
        object.__setattr__(self, name, value)
        self._record(name, value)


@misconception(caught_by="test_a_sub_module_that_becomes_a_parameter_is_forgotten")
class ForgetsTheOwnOnly(_Base):
    "A name that held a parameter may hold another; one that held a module stays a module."

    def __setattr__(self, name, value):
        self._refuse(name, value)
        object.__setattr__(self, name, value)
        self._own.pop(name, None)
        self._record(name, value)


@misconception(caught_by="test_a_deleted_name_is_forgotten")
class KeepsWhatIsDeleted(_Base):
    "del removes an attribute from wherever it is."

    def __delattr__(self, name):
        object.__delattr__(self, name)


@misconception(caught_by="test_sub_modules_come_after_the_modules_own")
class DoesNotDescend(_Base):
    "A module has the parameters that were assigned to it."

    def _all(self):
        yield from self._own.values()


@misconception(caught_by="test_sub_modules_of_sub_modules_count")
class DescendsOneLevel(_Base):
    "A module has its own parameters and those of its sub-modules."

    def _all(self):
        yield from self._own.values()
        for sub in self._subs.values():
            yield from sub._own.values()


@misconception(caught_by="test_sub_modules_come_after_the_modules_own")
class SubModulesFirst(_Base):
    "Depth first means that the deepest come first."

    def _all(self):
        for sub in self._subs.values():
            yield from sub._all()
        yield from self._own.values()


@misconception(caught_by="test_parameters_of_equal_value_are_two")
class ToldApartByValue(_Base):
    "p in seen asks whether p has been seen."

    def parameters(self):
        seen = []
        for parameter in self._all():
            known = any(
                parameter.shape == other.shape and bool((parameter == other).all())
                for other in seen
            )
            if not known:
                seen.append(parameter)
        return iter(seen)


@misconception(caught_by="test_a_shared_parameter_comes_once")
class CountsSharedOnesTwice(_Base):
    "Two names are two parameters."

    def parameters(self):
        return self._all()


@misconception(caught_by="test_a_shared_sub_module_comes_once")
class KnowsItsOwnTwins(_Base):
    "Only a module's own parameters can be the same."

    def _all(self):
        yield from {id(parameter): parameter for parameter in self._own.values()}.values()
        for sub in self._subs.values():
            yield from sub._all()

    def parameters(self):
        return self._all()


@misconception(caught_by="test_a_leaf_that_requires_grad_is_refused_at_its_assignment")
class LooksThroughVarsLater(_Base):
    "What was assigned can be looked up in vars(self) when it is asked for."

    def __setattr__(self, name, value):
        object.__setattr__(self, name, value)

    def _all(self):
        parts = [part for name, part in vars(self).items() if name not in ("_own", "_subs")]
        yield from (part for part in parts if isinstance(part, Parameter))
        for part in parts:
            if isinstance(part, _Base):
                yield from part._all()


@misconception(caught_by="test_an_assigned_attribute_can_be_read_back", raises=RecursionError)
class AssignsInsideSetattr(_Base):
    "self.name = value is how an attribute is stored."

    def __setattr__(self, name, value):
        setattr(self, name, value)


@misconception(caught_by="test_a_computed_tensor_is_let_in")
class RefusesWhateverRequiresGrad(_Base):
    "A tensor that requires grad is a parameter that somebody forgot to make."

    def _refuse(self, name, value):
        if isinstance(value, Tensor) and not isinstance(value, Parameter) and value.requires_grad:
            raise TypeError(f"{name} requires grad")


@misconception(caught_by="test_a_plain_tensor_is_an_attribute_and_no_more")
class RefusesEveryTensor(_Base):
    "A module's tensors are parameters."

    def _refuse(self, name, value):
        if isinstance(value, Tensor) and not isinstance(value, Parameter):
            raise TypeError(f"{name} is a plain tensor")


@misconception(caught_by="test_a_leaf_that_requires_grad_is_no_parameter_either")
class TakesTheLeafForAParameter(_Base):
    "A leaf that requires grad is a parameter in all but name."

    def _refuse(self, name, value):
        pass

    def _record(self, name, value):
        if isinstance(value, Tensor) and value.requires_grad and value.is_leaf:
            self._own[name] = value
        super()._record(name, value)


@misconception(caught_by="test_a_refused_assignment_leaves_what_was_there")
class ForgetsBeforeItRefuses(_Base):
    "An assignment begins with taking away what was there."

    def __setattr__(self, name, value):
        self._forget(name)
        super().__setattr__(name, value)


@misconception(caught_by="test_parameters_gives_an_iterator_anew_each_time")
class ReturnsAList(_Base):
    "A list is an iterator."

    def parameters(self):
        return list(super().parameters())


@misconception(caught_by="test_a_parameter_assigned_later_counts")
class RemembersTheList(_Base):
    "Once a module is built its parameters do not change."

    def parameters(self):
        if "_list" not in vars(self):
            object.__setattr__(self, "_list", list(super().parameters()))
        return iter(self._list)
