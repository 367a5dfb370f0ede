import pytest
from torch import nn

from dojo.checks import answer_of
from katas.python.attribute_or_default import read


class Layer:
    """An object with attributes of every sort."""

    kind = "dense"

    def __init__(self, **attributes):
        self.asked = 0
        vars(self).update(attributes)

    @property
    def size(self):
        self.asked += 1
        return 7


class Slotted:
    __slots__ = ("width",)


def test_an_attribute_is_read():
    got = reading(Layer(width=3), "width", -1)
    assert got == 3, f"width is 3, got {got!r}"


def test_a_missing_attribute_gives_the_default():
    got = reading(Layer(width=3), "height", -1)
    assert got == -1, f"there is no height, and the default is -1, got {got!r}"


def test_false_is_the_default_of_the_default():
    got = answer_of(lambda: read(Layer(), "height"), "a missing attribute is False by default")
    assert got is False, f"no default was named, so it is False, got {got!r}"


def test_the_default_comes_back_as_it_is():
    for default in ([], "", None, object()):
        got = reading(Layer(), "height", default)
        assert got is default, f"the default is {default!r}, got {got!r}"


def test_a_value_that_is_falsy_is_a_value():
    for value in (0, "", 0.0, [], False):
        got = reading(Layer(value=value), "value", "default")
        assert got is value, (
            f"the value is {value!r}, got {got!r}: the default would mean `value or default`"
        )


def test_none_is_a_value():
    model = nn.Sequential(nn.Linear(2, 3, bias=False))
    got = reading(model, "0.bias", "default")
    assert got is None, f"a layer without bias has bias None, which is there, got {got!r}"


def test_a_path_is_walked_name_by_name():
    model = nn.Sequential(nn.Linear(2, 3))
    got = reading(model, "0.bias", "default")
    assert got is model[0].bias, (
        f"'0.bias' is the bias of the model's layer 0, got {got!r}: the default would mean that "
        "the whole path was taken for one name"
    )


def test_a_longer_path_is_walked_to_its_end():
    obj = Layer(a=Layer(b=Layer(c=Layer(d=5))))
    got = reading(obj, "a.b.c.d", "default")
    assert got == 5, f"a.b.c.d is 5, got {got!r}"


def test_a_gap_on_the_way_gives_the_default():
    obj = Layer(a=Layer(b=1))
    for path in ("a.x", "a.x.b", "x.a.b", "a.b.x.y"):
        got = reading(obj, path, "default")
        assert got == "default", f"there is no {path}, so the default, got {got!r}"


def test_nothing_is_read_from_the_default():
    got = answer_of(lambda: read(Layer(), "five.real"), "five is missing, so False")
    assert got is False, (
        f"five is missing, so False, got {got!r}: 0 is False.real, read from the default"
    )
    got = reading(Layer(), "five.kind", Layer(kind="the default's own"))
    assert isinstance(got, Layer), f"the default itself, got {got!r}, which was read from it"


def test_a_value_that_is_the_default_is_no_gap():
    got = answer_of(lambda: read(Layer(frozen=False), "frozen.real"), "frozen is there, and False")
    assert got is not False, (
        "frozen is False, and so is the default, but frozen.real is there and 0: the walk ended at "
        "a value that it took for the default"
    )
    assert got == 0, f"frozen.real is 0, got {got!r}"


def test_attributes_of_the_class_count():
    got = reading(Layer(), "kind", "default")
    assert got == "dense", f"kind is an attribute of the class, got {got!r}"


def test_properties_count():
    got = reading(Layer(), "size", "default")
    assert got == 7, f"size is a property that gives 7, got {got!r}"


def test_slots_count():
    obj = Slotted()
    obj.width = 4
    got = reading(obj, "width", "default")
    assert got == 4, f"width is kept in a slot, not in a __dict__, and is 4, got {got!r}"


def test_a_property_is_evaluated_once():
    obj = Layer()
    reading(obj, "size", "default")
    assert obj.asked == 1, (
        f"the property ran {obj.asked} times, not once: hasattr asks a first time, getattr again"
    )


def test_any_other_error_comes_out():
    class Broken:
        @property
        def size(self):
            raise ZeroDivisionError("this one is meant to come out")

    for obj, path in ((Broken(), "size"), (Layer(inner=Broken()), "inner.size")):
        try:
            got = read(obj, path)
        except ZeroDivisionError:
            continue
        pytest.fail(f"a property fails with ZeroDivisionError, which is to come out, got {got!r}")


def test_the_object_stays_as_it_is():
    obj = Layer(width=3)
    reading(obj, "height", 1)
    assert not hasattr(obj, "height"), "height was missing, and is there after it was read"


def reading(obj, path, default):
    why = f"{path!r} is there or not: its value or {default!r}"
    return answer_of(lambda: read(obj, path, default), why)
