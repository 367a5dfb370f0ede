"""Which method runs when an attribute is set, and how does a module use it to know its parameters?

Here: a base class like torch.nn.Module, with what an optimiser needs of it.
"""

from collections.abc import Iterator
from typing import Any, ClassVar

from torch import Tensor
from torch.nn import Parameter

from dojo import alternative, misconception

__all__ = ["Module"]


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
        self._registered: dict[str, Any] = {}

    def __setattr__(self, name: str, value: Any) -> None:
        loose = isinstance(value, Tensor) and not isinstance(value, Parameter)
        if loose and value.requires_grad and value.is_leaf:
            raise TypeError(f"{name} requires grad and no optimiser would see it: use a Parameter")
        super().__setattr__(name, value)
        self._registered.pop(name, None)
        if isinstance(value, Parameter | Module):
            self._registered[name] = value

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        self._registered.pop(name, None)

    def parameters(self) -> Iterator[Parameter]:
        """Return an iterator over all parameters, a new one for each call.

        First come the module's own, then those of its first sub-module and of all that is inside
        it, then those of the second, and so on: in order of assignment, as things are at the time
        of the call. Where a name was set more than once, its place is open. Each parameter comes
        once, whatever number of names or sub-modules leads to it; two parameters of equal values
        are two.
        """
        parts = list(self._registered.values())
        inner = (each for part in parts if isinstance(part, Module) for each in part.parameters())
        own = (part for part in parts if isinstance(part, Parameter))
        return iter(dict.fromkeys((*own, *inner)))  # a tensor's hash is its identity


HINTS = (
    "There is a method that every assignment obj.name = value goes through. If you write it, who "
    "still stores the value?",
    "super().__setattr__ stores it. Keep a dict of what is registered, by name. What must happen "
    "to an entry when its name is set to a number, or deleted? Two tensors can be equal and yet "
    "be two: what tells them apart?",
    "In __setattr__: raise TypeError for a loose leaf, call super().__setattr__, pop the name from "
    "the dict, put it back if the value is a Parameter or a Module. __delattr__ pops too. "
    "parameters() goes through own ones, then calls parameters() of each sub-module, and leaves "
    "out what it has seen, by id.",
)
ANSWER = """
obj.name = value calls type(obj).__setattr__. A module writes its own, notes what is a Parameter or
a module, and hands on to super().__setattr__, which stores; self.name = value in there would call
it again without end. torch.nn.Module does the same, which is why super().__init__() comes first: it
makes the dicts that the notes go into. __delattr__ is the other half, or the optimiser goes on
training what nobody uses.

Tensors are told apart by identity: == compares values, and after initialization all biases are
equal. A tensor that requires grad but is no Parameter gets gradients and never a step; here it is
an error, while torch.nn.Module takes it without a word. (That error is also why a search through
vars(self) can't answer the kata alone: it sees nothing at the time of the assignment.) Neither sees
a Parameter inside a plain list, since no attribute is set: that is what ParameterList and
ModuleList are for.
"""


@alternative
class ScansItsAttributes:
    def __init__(self):
        pass

    def __setattr__(self, name, value):
        _refuse_loose_leaf(name, value)
        object.__setattr__(self, name, value)

    def parameters(self):
        seen = []
        for parameter in self._every():
            if all(parameter is not other for other in seen):
                seen.append(parameter)
                yield parameter

    def _every(self):
        values = list(vars(self).values())
        yield from (value for value in values if isinstance(value, Parameter))
        for value in values:
            if isinstance(value, ScansItsAttributes):
                yield from value._every()


@alternative
class StoresItElsewhere:
    def __init__(self):
        self.__dict__["_parameters"], self.__dict__["_modules"] = {}, {}

    def __setattr__(self, name, value):
        _refuse_loose_leaf(name, value)
        homes = {Parameter: self._parameters, StoresItElsewhere: self._modules}
        home = next((home for kind, home in homes.items() if isinstance(value, kind)), None)
        for other in (self.__dict__, *homes.values()):
            if other is not home:
                other.pop(name, None)
        if home is None:
            super().__setattr__(name, value)
        else:
            home[name] = value

    def __getattr__(self, name):
        for home in (self._parameters, self._modules):
            if name in home:
                return home[name]
        raise AttributeError(f"there is no {name}")

    def __delattr__(self, name):
        if not (self._parameters.pop(name, None) is not None or self._modules.pop(name, None)):
            super().__delattr__(name)

    def parameters(self):
        seen = set()
        for parameter in self._parameters.values():
            if parameter not in seen:
                seen.add(parameter)
                yield parameter
        for module in self._modules.values():
            for parameter in module.parameters():
                if parameter not in seen:
                    seen.add(parameter)
                    yield parameter


@alternative
class WalksWithAStack:
    def __init__(self):
        self._names = []

    def __setattr__(self, name, value):
        _refuse_loose_leaf(name, value)
        super().__setattr__(name, value)
        if not name.startswith("_"):
            self._forget(name)
            if isinstance(value, (Parameter, WalksWithAStack)):
                self._names.append(name)

    def __delattr__(self, name):
        super().__delattr__(name)
        self._forget(name)

    def _forget(self, name):
        self._names = [other for other in self._names if other != name]

    def parameters(self):
        found, stack, entered = {}, [self], set()
        while stack:
            module = stack.pop()
            if id(module) in entered:
                continue
            entered.add(id(module))
            values = [getattr(module, name) for name in module._names]
            found.update({id(each): each for each in values if isinstance(each, Parameter)})
            stack += [each for each in reversed(values) if isinstance(each, WalksWithAStack)]
        return iter(list(found.values()))


class _Module:
    """What the wrong answers below share: all but the mistake."""

    def __init__(self):
        object.__setattr__(self, "_registered", {})

    def __setattr__(self, name, value):
        _refuse_loose_leaf(name, value)
        self._store(name, value)
        self._registered.pop(name, None)
        if isinstance(value, (Parameter, _Module)):
            self._registered[name] = value

    def _store(self, name, value):
        object.__setattr__(self, name, value)

    def __delattr__(self, name):
        object.__delattr__(self, name)
        self._registered.pop(name, None)

    def _own(self):
        return [each for each in self._registered.values() if isinstance(each, Parameter)]

    def _sub_modules(self):
        return [each for each in self._registered.values() if isinstance(each, _Module)]

    def _every(self):
        yield from self._own()
        for module in self._sub_modules():
            yield from module._every()

    def parameters(self):
        return iter(dict.fromkeys(self._every()))


@misconception(caught_by="test_parameters_are_found")
class WaitsForACall(_Module):
    "Parameters are registered by a method of their own, register_parameter."

    def __setattr__(self, name, value):
        _refuse_loose_leaf(name, value)
        self._store(name, value)

    def register_parameter(self, name, value):
        setattr(self, name, value)
        self._registered[name] = value


@misconception(caught_by="test_what_is_set_can_be_read")
class RecordsAndDoesNotStore(_Module):
    "Python has stored the attribute before __setattr__ runs."

    def _store(self, name, value):
        pass


@misconception(caught_by="test_what_is_set_can_be_read", raises=RecursionError)
class SetsItselfAgain(_Module):
    "Inside __setattr__ an attribute is set like anywhere else."

    def _store(self, name, value):
        setattr(self, name, value)


@misconception(caught_by="test_two_modules_do_not_share")
class OneDictForAll(_Module):
    "A dict in the class body is made for each object."

    _registered: ClassVar = {}

    def __init__(self):
        pass


@misconception(caught_by="test_a_parameter_in_the_place_of_another_counts_alone")
class AppendsToAList(_Module):
    "What has been set once belongs to the module."

    def __init__(self):
        super().__init__()
        object.__setattr__(self, "_all", [])

    def __setattr__(self, name, value):
        super().__setattr__(name, value)
        if name in self._registered:
            self._all.append((name, value))

    def __delattr__(self, name):
        super().__delattr__(name)
        self._all[:] = [entry for entry in self._all if entry[0] != name]

    def _own(self):
        return [value for _, value in self._all if isinstance(value, Parameter)]

    def _sub_modules(self):
        return [value for _, value in self._all if isinstance(value, _Module)]


@misconception(caught_by="test_a_plain_value_in_the_place_of_a_parameter_counts_alone")
class ForgetsOnlyForAnother(_Module):
    "Only what is registered has anything to do with the dict."

    def __setattr__(self, name, value):
        _refuse_loose_leaf(name, value)
        self._store(name, value)
        if isinstance(value, (Parameter, _Module)):
            self._registered[name] = value


@misconception(caught_by="test_a_module_in_the_place_of_a_parameter_counts_alone")
class LooksIntoOneDictOnly(_Module):
    "A new parameter takes the place of a parameter, a new module that of a module."

    def __init__(self):
        super().__init__()
        object.__setattr__(self, "_modules", {})

    def __setattr__(self, name, value):
        _refuse_loose_leaf(name, value)
        self._store(name, value)
        if isinstance(value, Parameter):
            self._registered[name] = value
        elif isinstance(value, _Module):
            self._modules[name] = value
        else:
            self._registered.pop(name, None)
            self._modules.pop(name, None)

    def __delattr__(self, name):
        super().__delattr__(name)
        self._modules.pop(name, None)

    def _sub_modules(self):
        return list(self._modules.values())


@misconception(caught_by="test_what_is_deleted_is_forgotten")
class RemembersTheDeleted(_Module):
    "del goes through __setattr__ too."

    def __delattr__(self, name):
        object.__delattr__(self, name)


@misconception(caught_by="test_what_is_deleted_cannot_be_read")
class DeletesTheEntryOnly(_Module):
    "__delattr__ has to take the entry out, and Python does the rest."

    def __delattr__(self, name):
        if name not in vars(self):
            raise AttributeError(name)
        self._registered.pop(name, None)


@misconception(caught_by="test_deleting_what_is_not_there_is_an_error")
class DeletesInSilence(_Module):
    "Deleting what is not there leaves all as it should be."

    def __delattr__(self, name):
        vars(self).pop(name, None)
        self._registered.pop(name, None)


@misconception(caught_by="test_parameters_of_sub_modules_are_found")
class DoesNotDescend(_Module):
    "Each module answers for its own parameters."

    def _every(self):
        return iter(self._own())


@misconception(caught_by="test_parameters_deeper_down_are_found")
class DescendsOneLevel(_Module):
    "Below a module there are layers, and below these nothing."

    def _every(self):
        yield from self._own()
        for module in self._sub_modules():
            yield from module._own()


@misconception(caught_by="test_what_a_sub_module_gets_later_counts")
class CopiesAtTheAssignment(_Module):
    "A sub-module is complete when it is set."

    def __init__(self):
        super().__init__()
        object.__setattr__(self, "_inside", {})

    def __setattr__(self, name, value):
        super().__setattr__(name, value)
        self._inside.pop(name, None)
        if isinstance(value, _Module):
            self._inside[name] = list(value.parameters())

    def _every(self):
        yield from self._own()
        for name, parameters in self._inside.items():
            if name in self._registered:
                yield from parameters


@misconception(caught_by="test_equal_parameters_are_two")
class TellsApartByValue(_Module):
    "p in seen asks whether this very p has been seen."

    def parameters(self):
        seen = []
        for parameter in self._every():
            if parameter not in seen:
                seen.append(parameter)
                yield parameter


@misconception(caught_by="test_the_same_name_in_two_modules_is_two_parameters")
class TellsApartByName(_Module):
    "A parameter is known by its name."

    def parameters(self):
        return iter(self._named().values())

    def _named(self):
        named = {}
        for name, value in self._registered.items():
            if isinstance(value, Parameter) and all(value is not other for other in named.values()):
                named[name] = value
        for module in self._sub_modules():
            for name, value in module._named().items():
                if all(value is not other for other in named.values()):
                    named[name] = value
        return named


@misconception(
    caught_by=("test_a_parameter_of_two_names_comes_once", "test_a_shared_sub_module_counts_once")
)
class CountsSharedOnesTwice(_Module):
    "Each attribute is a parameter of its own."

    def parameters(self):
        return self._every()


@misconception(caught_by="test_a_parameter_shared_by_two_sub_modules_comes_once")
class EntersEachModuleOnce(_Module):
    "Who enters no module twice meets no parameter twice."

    def parameters(self):
        found, stack, entered = [], [self], []
        while stack:
            module = stack.pop()
            if all(module is not other for other in entered):
                entered.append(module)
                found += dict.fromkeys(module._own())
                stack += reversed(module._sub_modules())
        return iter(found)


@misconception(caught_by="test_own_parameters_come_first")
class TakesThemAsTheyWereSet(_Module):
    "The order of assignment is one for parameters and sub-modules together."

    def _every(self):
        for part in self._registered.values():
            if isinstance(part, Parameter):
                yield part
            else:
                yield from part._every()


@misconception(caught_by="test_sub_modules_come_after_an_own_parameter")
class SubModulesFirst(_Module):
    "What is inside comes before what is around it."

    def _every(self):
        for module in self._sub_modules():
            yield from module._every()
        yield from self._own()


@misconception(caught_by="test_a_sub_module_is_finished_before_the_next")
class LevelByLevel(_Module):
    "All sub-modules come before what is inside them."

    def _every(self):
        level = [self]
        while level:
            for module in level:
                yield from module._own()
            level = [inner for module in level for inner in module._sub_modules()]


@misconception(caught_by="test_the_order_is_that_of_assignment")
class SortsByName(_Module):
    "Names in order make an order that can be relied on."

    def _own(self):
        found = {k: v for k, v in self._registered.items() if isinstance(v, Parameter)}
        return [found[name] for name in sorted(found)]

    def _sub_modules(self):
        found = {k: v for k, v in self._registered.items() if isinstance(v, _Module)}
        return [found[name] for name in sorted(found)]


@misconception(caught_by="test_parameters_is_an_iterator")
class ReturnsAList(_Module):
    "A list can do all that an iterator can."

    def parameters(self):
        return list(super().parameters())


@misconception(caught_by="test_a_second_call_begins_anew")
class KeepsTheIterator(_Module):
    "An iterator that has been made once can be handed out again."

    def parameters(self):
        if not hasattr(self, "_iterator"):
            object.__setattr__(self, "_iterator", super().parameters())
        return self._iterator


@misconception(caught_by="test_a_loose_leaf_is_refused")
class LooksThroughVarsLater:
    "It is enough to search vars(self) when somebody asks."

    def __init__(self):
        pass

    def _every(self):
        values = list(vars(self).values())
        yield from (value for value in values if isinstance(value, Parameter))
        for value in values:
            if isinstance(value, LooksThroughVarsLater):
                yield from value._every()

    def parameters(self):
        return iter(dict.fromkeys(self._every()))


@misconception(caught_by="test_a_loose_leaf_is_no_parameter")
class RegistersLooseLeaves(_Module):
    "Whatever requires grad is a parameter."

    def __setattr__(self, name, value):
        self._store(name, value)
        self._registered.pop(name, None)
        loose = isinstance(value, Tensor) and value.requires_grad and value.is_leaf
        if loose or isinstance(value, (Parameter, _Module)):
            self._registered[name] = value

    def _own(self):
        return [each for each in self._registered.values() if isinstance(each, Tensor)]


@misconception(caught_by="test_other_values_are_no_parameters")
class RegistersEveryTensor(_Module):
    "A tensor in a module is a parameter of it."

    def __setattr__(self, name, value):
        super().__setattr__(name, value)
        if isinstance(value, Tensor):
            self._registered[name] = value

    def _own(self):
        return [each for each in self._registered.values() if isinstance(each, Tensor)]


@misconception(caught_by="test_reading_what_is_not_there_is_an_error")
class ReadsNoneWhereNothingIs(_Module):
    "An attribute that was never set is None."

    def __getattr__(self, name):
        return None


@misconception(caught_by="test_a_refused_leaf_leaves_the_old_value")
class StoresBeforeItRefuses(_Module):
    "The check can come after the value is stored, since the error stops everything."

    def __setattr__(self, name, value):
        self._store(name, value)
        super().__setattr__(name, value)


@misconception(caught_by="test_a_refused_leaf_leaves_the_old_entry")
class ForgetsBeforeItRefuses(_Module):
    "A name that is set loses its entry first of all."

    def __setattr__(self, name, value):
        self._registered.pop(name, None)
        super().__setattr__(name, value)


@misconception(caught_by="test_computed_tensors_are_let_in")
class RefusesAllThatRequireGrad(_Module):
    "A tensor that requires grad wants to be trained."

    def __setattr__(self, name, value):
        if isinstance(value, Tensor) and not isinstance(value, Parameter) and value.requires_grad:
            raise TypeError(f"{name} is no Parameter")
        super().__setattr__(name, value)


@misconception(caught_by="test_tensors_without_grad_are_let_in")
class RefusesAllLeaves(_Module):
    "A leaf is a tensor that is to be trained."

    def __setattr__(self, name, value):
        if isinstance(value, Tensor) and not isinstance(value, Parameter) and value.is_leaf:
            raise TypeError(f"{name} is no Parameter")
        super().__setattr__(name, value)


@misconception(caught_by="test_the_error_names_the_attribute")
class LeavesOutTheName(_Module):
    "The line of the error shows which attribute it is."

    def __setattr__(self, name, value):
        _refuse_loose_leaf("this", value)
        super().__setattr__(name, value)


@misconception(caught_by="test_frozen_parameters_count")
class LeavesOutTheFrozen(_Module):
    "A parameter is what is trained."

    def _own(self):
        return [each for each in super()._own() if each.requires_grad]


@misconception(caught_by="test_subclasses_count")
class TakesExactTypesOfParameters(_Module):
    "type(value) is Parameter asks whether it is one."

    def _own(self):
        return [each for each in super()._own() if type(each) is Parameter]


@misconception(caught_by="test_a_property_of_a_subclass_can_be_set")
class WritesIntoVars(_Module):
    "Setting an attribute is writing into self.__dict__."

    def _store(self, name, value):
        vars(self)[name] = value


@misconception(caught_by="test_every_name_is_free")
class KeepsItsDictUnderAPlainName(_Module):
    "Nobody will call an attribute like mine."

    @property
    def _registered(self):
        return self.params

    def __init__(self):
        object.__setattr__(self, "params", {})


def _refuse_loose_leaf(name, value):
    loose = isinstance(value, Tensor) and not isinstance(value, Parameter)
    if loose and value.requires_grad and value.is_leaf:
        raise TypeError(f"{name} is a tensor that requires grad: make it a Parameter")
