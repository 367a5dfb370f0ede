from contextlib import suppress

import torch
from torch import nn

from dojo.checks import answer_of, assert_refused
from katas.python.setattr_registers import Module


def test_an_assigned_attribute_can_be_read_back():
    module, weight = Module(), parameter(1.0)
    answer_of(lambda: setattr(module, "weight", weight), "a parameter may be assigned")
    answer_of(lambda: setattr(module, "size", 3), "a number may be assigned")
    got = answer_of(lambda: (module.weight, module.size), "what was assigned can be read")
    assert got[0] is weight, f"weight was assigned, and reads as {got[0]!r}"
    assert got[1] == 3, f"size was set to 3, and reads as {got[1]!r}"


def test_parameters_come_in_the_order_of_assignment():
    module = built(second=parameter(2.0), first=parameter(1.0), size=7, third=parameter(3.0))
    assert values(module) == [2.0, 1.0, 3.0], (
        f"2, 1 and 3 were assigned in that order, got {values(module)}"
    )


def test_a_module_begins_without_parameters():
    got = values(Module())
    assert got == [], f"nothing was assigned, got {got}"


def test_a_plain_tensor_is_an_attribute_and_no_more():
    module = Module()
    answer_of(lambda: setattr(module, "table", torch.ones(2)), "a plain tensor may be assigned")
    assert values(module) == [], f"a plain tensor is no parameter, got {values(module)}"


def test_two_modules_do_not_share_their_parameters():
    one, other = built(a=parameter(1.0)), built(b=parameter(2.0))
    got = values(one), values(other)
    assert got == ([1.0], [2.0]), (
        f"one module has the parameter 1, the other 2, got {got}: one dict in the class is shared"
    )


def test_sub_modules_come_after_the_modules_own():
    module = built(inner=built(a=parameter(3.0), b=parameter(4.0)), own=parameter(1.0))
    module.last = parameter(2.0)
    assert values(module) == [1.0, 2.0, 3.0, 4.0], (
        f"own parameters 1 and 2, then 3 and 4 of the sub-module, got {values(module)}"
    )


def test_sub_modules_of_sub_modules_count():
    deep = built(c=parameter(3.0), inner=built(d=parameter(4.0)))
    module = built(inner=built(inner=deep, b=parameter(2.0)), a=parameter(1.0))
    assert values(module) == [1.0, 2.0, 3.0, 4.0], (
        f"four levels, with 1, 2, 3 and 4 from the top down, got {values(module)}"
    )


def test_a_sub_modules_own_are_followed_by_its_sub_modules():
    first = built(a=parameter(1.0), inner=built(b=parameter(2.0)))
    module = built(first=first, second=built(c=parameter(3.0)))
    assert values(module) == [1.0, 2.0, 3.0], (
        f"1 and, below it, 2 belong to the first sub-module, 3 to the second, got {values(module)}"
    )


def test_a_shared_parameter_comes_once():
    shared = parameter(1.0)
    module = built(a=shared, b=shared, c=parameter(2.0))
    assert values(module) == [1.0, 2.0], (
        f"1 goes by two names and is one parameter, got {values(module)}"
    )


def test_a_shared_sub_module_comes_once():
    shared = built(a=parameter(1.0))
    module = built(one=shared, other=shared)
    assert values(module) == [1.0], f"one sub-module under two names, got {values(module)}"


def test_a_parameter_shared_with_a_sub_module_comes_once():
    tied = parameter(1.0)
    module = built(own=tied, inner=built(tied=tied, b=parameter(2.0)))
    assert values(module) == [1.0, 2.0], f"1 is the module's and its sub-module's: {values(module)}"


def test_parameters_of_equal_value_are_two():
    module = built(a=parameter(0.0), b=parameter(0.0))
    got = answer_of(lambda: len(list(module.parameters())), "two parameters can be told apart")
    assert got == 2, f"two parameters, both of them 0, are two, got {got}: == compares numbers"


def test_a_name_set_to_something_else_is_forgotten():
    module = built(a=parameter(1.0), b=parameter(2.0))
    module.a = None
    assert values(module) == [2.0], f"a is None by now, so 2 is left, got {values(module)}"
    module.b = parameter(3.0)
    assert values(module) == [3.0], f"b is another parameter by now, 3, got {values(module)}"


def test_a_sub_module_that_becomes_a_parameter_is_forgotten():
    module = built(part=built(a=parameter(1.0)))
    module.part = parameter(2.0)
    assert values(module) == [2.0], f"part was a module and is the parameter 2: {values(module)}"
    module.part = built(a=parameter(3.0))
    assert values(module) == [3.0], f"part is a module again, with 3, got {values(module)}"


def test_a_deleted_name_is_forgotten():
    module = built(a=parameter(1.0), inner=built(b=parameter(2.0)), c=parameter(3.0))
    del module.a
    del module.inner
    assert values(module) == [3.0], f"a and inner were deleted, so 3 is left, got {values(module)}"
    assert not hasattr(module, "a"), "a was deleted, and can still be read"


def test_deleting_what_is_not_there_is_refused():
    module = built(a=parameter(1.0))
    assert_refused(lambda: delattr(module, "b"), AttributeError, "there is no b to delete")
    assert values(module) == [1.0], f"a is still there, got {values(module)}"


def test_a_leaf_that_requires_grad_is_refused_at_its_assignment():
    for refused in (torch.zeros(2, requires_grad=True), torch.zeros((), requires_grad=True)):
        assert_refused(
            lambda refused=refused: setattr(Module(), "scale", refused),
            TypeError,
            "scale is a plain tensor that requires grad, which no optimiser would ever see",
            mentions=("scale",),
        )


def test_a_leaf_that_requires_grad_is_no_parameter_either():
    module = built(a=parameter(1.0))
    with suppress(TypeError):
        module.scale = torch.tensor(2.0, requires_grad=True)
    assert values(module) == [1.0], f"a plain tensor is no Parameter, got {values(module)}"


def test_a_refused_assignment_leaves_what_was_there():
    module = built(a=parameter(1.0))
    with suppress(TypeError):
        module.a = torch.tensor(2.0, requires_grad=True)
    assert module.a.item() == 1.0, f"a was 1 before it was refused to be 2, got {module.a}"
    assert values(module) == [1.0], f"a is still a parameter, got {values(module)}"


def test_a_computed_tensor_is_let_in():
    module, weight = Module(), parameter(2.0)
    computed = weight * 3
    answer_of(lambda: setattr(module, "product", computed), "a computed tensor may be assigned")
    assert module.product is computed, f"product reads as {module.product!r}"
    assert values(module) == [], f"a computed tensor is no parameter, got {values(module)}"


def test_parameters_in_a_list_are_not_looked_for():
    module = built(parts=[parameter(1.0)], own=parameter(2.0))
    assert values(module) == [2.0], f"only 2 was assigned itself, got {values(module)}"


def test_a_parameter_assigned_later_counts():
    module = built(a=parameter(1.0))
    values(module)
    module.b = parameter(2.0)
    assert values(module) == [1.0, 2.0], f"b came after the first look, got {values(module)}"


def test_parameters_gives_an_iterator_anew_each_time():
    module = built(a=parameter(1.0), b=parameter(2.0))
    first, second = module.parameters(), module.parameters()
    got = answer_of(lambda: (next(first), next(second)), "parameters() gives an iterator")
    assert got[0] is got[1], "two iterators both begin with the first parameter"


def test_gradients_reach_them():
    module = built(a=parameter(1.0), inner=built(b=parameter(5.0)))
    (module.a + 2 * module.inner.b).backward()
    got = [each.grad.item() for each in module.parameters()]
    assert got == [1.0, 2.0], f"a + 2b has the gradients 1 and 2, got {got}"


def built(**attributes):
    """A module of a subclass that assigns these attributes in its __init__."""

    class Built(Module):
        def __init__(self):
            super().__init__()
            for name, value in attributes.items():
                setattr(self, name, value)

    return answer_of(Built, "a subclass calls super().__init__() and assigns attributes")


def values(module):
    return [each.item() for each in answer_of(module.parameters, "parameters() can be walked")]


def parameter(value):
    return nn.Parameter(torch.tensor(value))
