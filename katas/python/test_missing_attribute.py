import copy
import pickle
from types import SimpleNamespace

from dojo.checks import answer_of, assert_refused
from katas.python.missing_attribute import Fallback

DEFAULT = "the default"


def test_an_attribute_that_only_the_wrapper_has_is_found():
    wrapper = wrapped(SimpleNamespace(width=3))
    wrapper.extra = 7
    got = read(wrapper, "extra")
    assert got == 7, (
        f"wrapper.extra = 7 was set, reading it gives {got!r}: does your method run at every read "
        "and look elsewhere at once? __getattr__ runs only when Python has found nothing"
    )


def test_an_attribute_of_the_wrapper_hides_that_of_obj():
    wrapper = wrapped(SimpleNamespace(width=3))
    wrapper.width = 7
    got = read(wrapper, "width")
    assert got == 7, f"7 was set on the wrapper, and obj has 3: the wrapper's own wins, got {got!r}"
    answer_of(lambda: delattr(wrapper, "width"), "what was set on the wrapper can be deleted there")
    got = read(wrapper, "width")
    assert got == 3, f"without an attribute of its own the wrapper has obj's 3 again, got {got!r}"


def test_what_stands_in_the_class_comes_first():
    class Sized(Fallback):
        width = 7

        def area(self):
            return 70

    wrapper = answer_of(lambda: Sized(SimpleNamespace(width=3, area=None), DEFAULT), "it is made")
    got = read(wrapper, "width")
    assert got == 7, f"a subclass of the wrapper says width = 7, obj has 3, got {got!r}: 7 is found"
    got = answer_of(lambda: wrapper.area(), "a method of the wrapper's class comes before obj.area")
    assert got == 70, f"the method area of the wrapper's class returns 70, got {got!r}"


def test_getattr_is_not_asked_for_what_is_there():
    asked = []

    class Watched(Fallback):
        shade = "grey"

        def __getattr__(self, name):
            asked.append(name)
            return super().__getattr__(name)

    wrapper = answer_of(lambda: Watched(SimpleNamespace(width=3), DEFAULT), "it is made")
    wrapper.extra = 7
    read(wrapper, "extra")
    read(wrapper, "shade")
    needless = [name for name in asked if not name.startswith("_")]
    assert needless == [], (
        f"__getattr__ was asked for {needless}, which the wrapper and its class have: Python finds "
        "those by itself"
    )


def test_what_obj_has_comes_next():
    got = read(wrapped(SimpleNamespace(width=3)), "width")
    assert got == 3, f"the wrapper has no width, obj has 3, got {got!r}: ask obj before the default"


def test_whatever_obj_finds_counts():
    for name, expected in (("kind", "box"), ("slot", 5), ("area", 20), ("made", "here")):
        got = read(wrapped(Box()), name)
        assert got == expected, (
            f"obj.{name} is {expected!r}, the wrapper gives {got!r}: class attributes, slots, "
            "properties and what obj's own __getattr__ makes are not in obj.__dict__"
        )
    got = answer_of(lambda: wrapped(Box()).double(4), "obj has a method double")
    assert got == 8, f"obj.double(4) is 8, through the wrapper it gives {got!r}"


def test_zero_and_empty_count():
    for value in (0, 0.0, "", False, [], ()):
        got = read(wrapped(SimpleNamespace(width=value)), "width")
        assert got is value, (
            f"obj.width is {value!r}, got {got!r}: what is falsy is not missing, so `or` won't do"
        )


def test_none_counts():
    got = read(wrapped(SimpleNamespace(bias=None)), "bias")
    assert got is None, f"obj has bias, and it is None, got {got!r}: None does not mean missing"


def test_what_nobody_has_gives_the_default():
    for default in ("none of these", None, 0, ["list"]):
        got = read(wrapped(SimpleNamespace(width=3), default), "height")
        assert got is default, (
            f"neither the wrapper nor obj has height, so the very default {default!r}, got {got!r}"
        )


def test_a_default_is_not_called():
    for default in (list, lambda: "called"):
        got = read(wrapped(SimpleNamespace(), default), "height")
        assert got is default, (
            f"the default is {default!r} itself, got {got!r}: it was called or changed"
        )


def test_the_very_obj_is_asked():
    obj = SimpleNamespace(width=3)
    wrapper = wrapped(obj)
    obj.width, obj.height = 4, 5
    got = [read(wrapper, name) for name in ("width", "height")]
    assert got == [4, 5], (
        f"once it was wrapped, obj.width became 4 and obj.height 5, the wrapper gives {got}: keep "
        "obj itself, no copy of it or of what it has"
    )


def test_obj_is_asked_anew_at_each_read():
    obj = SimpleNamespace(width=3)
    wrapper = wrapped(obj)
    before = [read(wrapper, name) for name in ("width", "height")]
    obj.width, obj.height = 4, 5
    after = [read(wrapper, name) for name in ("width", "height")]
    assert (before, after) == ([3, DEFAULT], [4, 5]), (
        "obj.width went from 3 to 4, and obj.height from missing to 5, the wrapper gave "
        f"{before}, then {after}: keep nothing of what was found"
    )


def test_obj_stays_as_it_is():
    obj = SimpleNamespace(width=3)
    wrapper = wrapped(obj)
    wrapper.width, wrapper.extra = 7, 8
    read(wrapper, "width"), read(wrapper, "height")
    assert vars(obj) == {"width": 3}, (
        f"obj had width=3 and nothing else, now it has {vars(obj)}: setting and reading on the "
        "wrapper do not concern it"
    )


def test_obj_may_have_attributes_called_obj_and_default():
    wrapper = wrapped(SimpleNamespace(obj="mine", default="mine too", name="and this"))
    got = [read(wrapper, name) for name in ("obj", "default", "name")]
    assert got == ["mine", "mine too", "and this"], (
        f"obj has attributes of its own called obj, default and name, the wrapper gives {got}: its "
        "state is in their way; let its names begin with an underscore"
    )


def test_special_names_get_no_default():
    wrapper = wrapped(SimpleNamespace(width=3))
    for name in ("__array__", "__torch_function__", "__wrapped__", "__made_up__"):
        assert_refused(
            lambda: getattr(wrapper, name),
            AttributeError,
            f"others ask for {name} to learn what the wrapper can do, and it can't",
            mentions=(name,),
        )


def test_special_names_of_obj_are_not_lent():
    for obj, name in (([1, 2], "__len__"), ({"a": 1}, "__getitem__"), (len, "__name__")):
        assert_refused(
            lambda: getattr(wrapped(obj), name),
            AttributeError,
            f"obj = {obj!r} has {name}, which is no name to pass on",
            mentions=(name,),
        )


def test_iter_and_len_find_nothing():
    for call in (iter, len):
        assert_refused(
            lambda: call(wrapped([1, 2])),
            TypeError,
            f"obj is a list, and {call.__name__}() looks on the wrapper's class, which is none",
        )


def test_names_that_only_end_in_underscores_are_ordinary():
    wrapper = wrapped(SimpleNamespace(coef_=3, scale__=4))
    got = [read(wrapper, name) for name in ("coef_", "scale__", "other__")]
    assert got == [3, 4, DEFAULT], (
        f"obj has coef_ = 3 and scale__ = 4, and no other__, got {got}: special names have two "
        "underscores at both ends"
    )


def test_names_that_only_begin_with_underscores_are_ordinary():
    wrapper = wrapped(SimpleNamespace(__half=3))
    got = [read(wrapper, name) for name in ("__half", "__other")]
    assert got == [3, DEFAULT], (
        f"obj has __half = 3, and no __other, got {got}: special names have two underscores at "
        "both ends"
    )


def test_other_errors_surface():
    class Broken:
        @property
        def width(self):
            raise ValueError("obj is broken")

    assert_refused(
        lambda: wrapped(Broken()).width,
        ValueError,
        "obj has width, and reading it raises ValueError, which is not for the wrapper to hide",
        mentions=("obj is broken",),
    )


def test_what_was_set_comes_along_in_copies():
    wrapper = of_sizes()
    wrapper.extra = 7
    for how, make in (
        ("copy.copy", copy.copy),
        ("copy.deepcopy", copy.deepcopy),
        ("pickle", lambda original: pickle.loads(pickle.dumps(original))),
    ):
        made = answer_of(lambda: make(wrapper), f"{how} works on a wrapper")
        got = read(made, "extra")
        assert got == 7, f"extra = 7 was set on the wrapper, after {how} it is {got!r}"


def test_copy_makes_another_wrapper_of_the_same_obj():
    wrapper = of_sizes()
    made = answer_of(lambda: copy.copy(wrapper), "a wrapper can be copied; copies skip __init__")
    check_copy(made, "copy.copy")
    assert made is not wrapper, "copy.copy gave the wrapper itself"
    got = read(made, "sizes")
    assert got is wrapper.sizes, f"copy.copy keeps the same obj, got another list {got!r}"


def test_deepcopy_copies_obj_too():
    wrapper = of_sizes()
    made = answer_of(
        lambda: copy.deepcopy(wrapper), "it can be copied deeply, which skips __init__"
    )
    check_copy(made, "copy.deepcopy")
    wrapper.sizes.append(9)
    got = read(made, "sizes")
    assert got == [1, 2], f"obj.sizes was [1, 2] when it was copied deeply, now the copy has {got}"


def test_pickle_brings_it_back():
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        made = answer_of(
            lambda: pickle.loads(pickle.dumps(of_sizes(), protocol)),
            "a wrapper can be pickled; loading skips __init__",
        )
        check_copy(made, "pickle")


class Box:
    """Attributes that no instance's __dict__ has."""

    __slots__ = ("slot",)
    kind = "box"

    def __init__(self):
        self.slot = 5

    @property
    def area(self):
        return 4 * self.slot

    def double(self, number):
        return 2 * number

    def __getattr__(self, name):
        if name == "made":
            return "here"
        raise AttributeError(name)


def wrapped(obj, default=DEFAULT):
    return answer_of(lambda: Fallback(obj, default), "any object can be wrapped")


def read(wrapper, name):
    """What the learner's wrapper answers, which nothing here may stop."""
    return answer_of(
        lambda: getattr(wrapper, name), f"reading {name} gives a value, or the default"
    )


def of_sizes():
    return wrapped(SimpleNamespace(width=3, sizes=[1, 2]))


def check_copy(made, how):
    got = {name: read(made, name) for name in ("width", "height")}
    assert got == {"width": 3, "height": DEFAULT}, (
        f"before {how}, width was 3, as obj has it, and height the default, after it {got}"
    )
