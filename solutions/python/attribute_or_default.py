"""How do you read an attribute that may be missing, with False in its place?"""

from typing import Any

from dojo import alternative, misconception

__all__ = ["read"]


def read(obj: object, path: str, default: Any = False) -> Any:
    """Return obj's attribute at path, or the default where there is none.

    path is a name, or names joined by dots, such as "encoder.0.bias": each is looked up, as
    obj.name would be, on what the one before gave. The first that is missing ends the walk, and the
    result is the default itself. So a value that is there comes back as it is, be it 0, '' or None.
    Each name is looked up once.

    Missing is what raises AttributeError. Any other error, of a property for example, comes out.
    """
    for name in path.split("."):
        try:
            obj = getattr(obj, name)
        except AttributeError:
            return default
    return obj


HINTS = (
    "getattr takes a third argument. What does it return for a layer whose bias is None?",
    "Walk the path name by name. Where one is missing, what must not be asked for the next name?",
    "for name in path.split('.'): try obj = getattr(obj, name), and on AttributeError return the "
    "default. After the loop return obj.",
)
ANSWER = """
getattr(obj, name, False) is the short answer, and right for a single name. It asks as obj.name
does, so class attributes, slots, properties and __getattr__ all count, which a look into
obj.__dict__ misses. `or default` behind it would throw away 0, '' and None, and for a layer without
bias None is the answer, not a gap.

On a path the default has to end the walk. getattr with a default at every step goes on reading from
the default, and False is an int: its .real is 0. And it cannot tell a missing attribute from a
property whose own body fails with AttributeError: a typo in a property reads as False. So keep
what may be missing to names that you expect to be missing.
"""


@alternative
def uses_an_object_of_its_own(obj, path, default=False):
    missing = object()
    for name in path.split("."):
        obj = getattr(obj, name, missing)
        if obj is missing:
            return default
    return obj


@alternative
def uses_attrgetter(obj, path, default=False):
    from operator import attrgetter

    try:
        return attrgetter(path)(obj)
    except AttributeError:
        return default


@alternative
def walks_down_by_itself(obj, path, default=False):
    first, dot, rest = path.partition(".")
    try:
        value = getattr(obj, first)
    except AttributeError:
        return default
    return walks_down_by_itself(value, rest, default) if dot else value


@misconception(caught_by="test_an_attribute_is_read")
def looks_for_items(obj, path, default=False):
    "What an object has is read with square brackets."
    for name in path.split("."):
        try:
            obj = obj[name]
        except (KeyError, IndexError, TypeError):
            return default
    return obj


@misconception(caught_by="test_a_value_that_is_falsy_is_a_value")
def drops_what_is_falsy(obj, path, default=False):
    "value or default gives the default where there is no value."
    return _read(obj, path, default) or default


@misconception(caught_by="test_none_is_a_value")
def takes_none_for_missing(obj, path, default=False):
    "None means that there is nothing."
    value = _read(obj, path, None)
    return default if value is None else value


@misconception(caught_by="test_nothing_is_read_from_the_default")
def reads_on_from_the_default(obj, path, default=False):
    "getattr with a default at every step ends with the default."
    for name in path.split("."):
        obj = getattr(obj, name, default)
    return obj


@misconception(caught_by="test_a_value_that_is_the_default_is_no_gap")
def takes_the_default_for_a_gap(obj, path, default=False):
    "Where a lookup with a default gives the default, the attribute is missing."
    for name in path.split("."):
        obj = getattr(obj, name, default)
        if obj is default:
            return default
    return obj


@misconception(
    caught_by=("test_attributes_of_the_class_count", "test_properties_count", "test_slots_count")
)
def looks_into_the_dict(obj, path, default=False):
    "An object's attributes are what is in its __dict__."
    for name in path.split("."):
        names = getattr(obj, "__dict__", {})
        modules = names.get("_modules") or {}
        parameters = names.get("_parameters") or {}
        known = {**names, **modules, **parameters}
        if name not in known:
            return default
        obj = known[name]
    return obj


@misconception(caught_by="test_slots_count")
def looks_into_the_dicts_of_object_and_class(obj, path, default=False):
    "What is neither in the object's nor in its class's __dict__ is not there."
    for name in path.split("."):
        if not (hasattr(obj, "__dict__") and hasattr(obj, name)):
            return default
        obj = getattr(obj, name)
    return obj


@misconception(caught_by="test_any_other_error_comes_out")
def catches_everything(obj, path, default=False):
    "Whatever goes wrong on the way, there is no value."
    try:
        return _read(obj, path, default)
    except Exception:
        return default


@misconception(caught_by="test_a_property_is_evaluated_once")
def asks_twice(obj, path, default=False):
    "Look before you leap: hasattr first, then getattr."
    for name in path.split("."):
        if not hasattr(obj, name):
            return default
        obj = getattr(obj, name)
    return obj


@misconception(caught_by="test_a_path_is_walked_name_by_name")
def takes_the_path_for_a_name(obj, path, default=False):
    "getattr knows what a dot means."
    return getattr(obj, path, default)


@misconception(caught_by="test_a_longer_path_is_walked_to_its_end")
def walks_two_steps(obj, path, default=False):
    "A path is an object and its attribute."
    first, _, rest = path.partition(".")
    found = _read(obj, first, default)
    return found if not rest or found is default else getattr(found, rest, default)


@misconception(caught_by="test_a_gap_on_the_way_gives_the_default")
def returns_what_it_got_to(obj, path, default=False):
    "Where the path ends early, the last thing found is the best answer."
    for number, name in enumerate(path.split(".")):
        if not hasattr(type(obj), name) and not hasattr(obj, name):
            return obj if number else default
        obj = getattr(obj, name)
    return obj


@misconception(caught_by="test_the_default_comes_back_as_it_is")
def returns_false_always(obj, path, default=False):
    "What is missing is False."
    return _read(obj, path, False)


@misconception(caught_by="test_false_is_the_default_of_the_default")
def returns_none_by_default(obj, path, default=None):
    "Where no default is named it is None."
    return _read(obj, path, default)


@misconception(caught_by="test_the_object_stays_as_it_is")
def sets_what_is_missing(obj, path, default=False):
    "A default is what the attribute is from now on, as in dict.setdefault."
    first, _, rest = path.partition(".")
    if not rest and not hasattr(obj, first) and hasattr(obj, "__dict__"):
        setattr(obj, first, default)
    return _read(obj, path, default)


def _read(obj, path, default):
    for name in path.split("."):
        try:
            obj = getattr(obj, name)
        except AttributeError:
            return default
    return obj
