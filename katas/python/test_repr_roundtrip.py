import ast

from dojo.checks import answer_of
from katas.python.repr_roundtrip import RandomZoom


def test_the_text_is_returned():
    zoom = made(0.5, 1.5)
    got = answer_of(lambda: repr(zoom), "the method returns a text, and prints nothing")
    assert isinstance(got, str), f"expected a str, got {got!r}"


def test_the_text_is_an_expression():
    text = shown([made(0.5, 1.5)])
    try:
        ast.parse(text, mode="eval")
    except SyntaxError as error:
        raise AssertionError(
            f"a list shows {text}, which Python cannot read: {error.msg}. <... object at 0x...> "
            "would mean that the list asked a method that is not yours"
        ) from error


def test_the_text_makes_an_equal_object():
    assert_comes_back(made(0.5, 1.5), "is low first, and does == look at the settings?")
    assert_comes_back(made(-3, 10, "reflect"), "mode is a text, which needs quotes")


def test_the_class_is_all_that_must_be_known():
    zoom = made(0.75, 2.0, "float")  # a name that Python has built in
    again = evaluated(zoom)
    assert again is not zoom, f"{shown(zoom)} gives the first object itself, not a new one"
    assert type(again) is RandomZoom, (
        f"{shown(zoom)} gives a {type(again).__name__}, expected a RandomZoom"
    )


def test_low_and_high_stay_apart():
    zoom, turned = made(0.5, 1.5, "float"), made(1.5, 0.5, "float")
    again = evaluated(zoom)
    assert not answer_of(lambda: again == turned, "two zooms can be compared"), (
        f"the text of low=0.5, high=1.5 is {shown(zoom)}, which makes low=1.5, high=0.5"
    )


def test_the_mode_is_in_the_text():
    for mode in ("reflect", "", "None"):
        assert_comes_back(made(0.5, 1.5, mode), f"the mode was {mode!r}, which is not the default")


def test_a_mode_with_quotes_comes_back():
    for mode in ("it's", 'the "best"', 'it\'s the "best"', "'''", '"', "'); ('"):
        assert_comes_back(made(0.5, 1.5, mode), "quotes inside a text end it, if set by hand")


def test_a_mode_with_backslashes_too():
    for mode in ("C:\\new", "\\", "two\nlines", "\ttab\r", "\x00", "{low}"):
        assert_comes_back(
            made(0.5, 1.5, mode), "a backslash has a meaning in a text, and so has \\n"
        )


def test_a_mode_in_any_script_comes_back():
    for mode in ("näher", "\N{CJK UNIFIED IDEOGRAPH-8FD1}", "\u2028"):
        assert_comes_back(made(0.5, 1.5, mode), "a str holds more than ASCII")


def test_an_emoji_comes_back():
    face = "\N{GRINNING FACE}"
    assert_comes_back(
        made(0.5, 1.5, face),
        "JSON writes an emoji as two characters, Python as one, and it is not to be left out",
    )


def test_no_digit_is_lost():
    for low, high in ((0.1 + 0.2, 1 / 3), (-1e-300, 1e22), (1_234_567, 10**17 + 0.0)):
        assert_comes_back(made(low, high), f"low is {low!r} and high {high!r}, with all digits")


def test_a_list_can_be_made_again():
    zooms = [made(0.5, 1.5), made(-2, 3, "reflect"), made(0.5, 1.5, "wrap")]
    again = evaluated(zooms)
    for number, (zoom, fresh) in enumerate(zip(zooms, again, strict=True)):
        equal = answer_of(lambda: fresh == zoom, "two zooms can be compared")
        assert equal, f"item {number} of {shown(zooms)} is not equal to what it was made of"
    mixed_up = answer_of(lambda: again[0] == zooms[2], "two zooms can be compared")
    assert not mixed_up, (
        f"item 0 of {shown(zooms)} equals item 2, which has another mode: what an object holds is "
        "its own"
    )


def test_a_subclass_is_made_again_as_itself():
    for name in ("SlowZoom", "Zoom2"):
        slow = answer_of(lambda: subclass(name)(0.5, 1.5, "wrap"), "a RandomZoom has subclasses")
        text, again = shown(slow), evaluated(slow)
        assert type(again) is type(slow), (
            f"the text of a {name} is {text}, which makes a {type(again).__name__}"
        )
        equal = answer_of(lambda: again == slow, f"two {name}s can be compared")
        assert equal, f"the text of a {name} is {text}, which makes one that is not equal"


def test_equal_settings_make_equal_objects():
    for one, two in (
        (made(0.5, 1.5, "wrap"), made(0.5, 1.5, "wrap")),
        (made(-2, 3), made(low=-2, high=3, mode="nearest")),
    ):
        assert_compares(one, two, True, "they were made with the same settings")


def test_another_mode_is_not_equal():
    assert_compares(made(0.5, 1.5, "wrap"), made(0.5, 1.5), False, "mode is 'wrap' and 'nearest'")
    assert_compares(made(0, 1, "wrap"), made(0, 1, "WRAP"), False, "mode is 'wrap' and 'WRAP'")


def test_another_low_or_high_is_not_equal():
    for one, two in (
        ((0.5, 1.5), (0.25, 1.5)),
        ((0.5, 1.5), (0.5, 2.5)),
        ((0.5, 1.5), (1.5, 0.5)),
        ((-2, 3), (2, 3)),
        ((0.1 + 0.2, 1), (0.3, 1)),
        ((0, 0.1 + 0.2), (0, 0.3)),
    ):
        assert_compares(made(*one), made(*two), False, f"low and high are {one} and {two}")


def test_an_int_equals_a_float():
    assert_compares(made(1, 2), made(1.0, 2.0), True, "1 == 1.0 and 2 == 2.0, as Python compares")


def test_equal_modes_need_not_be_one_object():
    mode = "".join(["any", " ", "mode"])
    assert_compares(made(1, 2, "any mode"), made(1, 2, mode), True, "the modes are equal texts")


def test_a_number_is_not_equal_and_no_error():
    for other in (5, 0.5, None, "nearest", float("nan")):
        assert_compares(made(0.5, 1.5), other, False, f"{other!r} is no RandomZoom")


def test_a_tuple_of_the_three_is_not_equal():
    for other in ((0.5, 1.5, "nearest"), [0.5, 1.5, "nearest"]):
        assert_compares(made(0.5, 1.5), other, False, f"a {type(other).__name__} is no RandomZoom")


def test_an_object_alike_is_not_equal():
    zoom = made(0.5, 1.5)
    other = alike(zoom)
    assert_compares(zoom, other, False, "the other looks the same, but is of another class")


def test_a_subclass_is_another_class():
    slow = answer_of(lambda: subclass("SlowZoom")(0.5, 1.5), "a RandomZoom has subclasses")
    assert_compares(made(0.5, 1.5), slow, False, "one is a RandomZoom, the other a SlowZoom")


def made(*args, **settings):
    return answer_of(lambda: RandomZoom(*args, **settings), "these are settings of a RandomZoom")


def subclass(name):
    """A subclass that adds nothing but its name, under which eval will find it."""
    return type(name, (RandomZoom,), {})


def alike(zoom):
    """An object with a zoom's attributes and its text, which is none."""
    text = shown(zoom)
    other = type("Alike", (), {"__repr__": lambda self: text})()
    vars(other).update(getattr(zoom, "__dict__", {}))
    # These it may have already, or under other names.
    vars(other).update(low=0.5, high=1.5, mode="nearest")
    return other


def shown(thing):
    """The text of a zoom, or of a list of them."""
    return answer_of(lambda: repr(thing), "Python can show a RandomZoom")


def evaluated(thing):
    """What the text makes, where only the class itself is known."""
    cls = RandomZoom if isinstance(thing, list) else type(thing)
    text = shown(thing)
    return answer_of(lambda: eval(text, {cls.__name__: cls}), f"the text {text} can be evaluated")


def assert_comes_back(zoom, meaning):
    again = evaluated(zoom)
    equal = answer_of(lambda: again == zoom, "two zooms can be compared")
    assert equal, (
        f"the text {shown(zoom)} makes an object that is not equal to the first: {meaning}"
    )


def assert_compares(one, other, expected, why):
    for left, right in ((one, other), (other, one)):
        got = answer_of(lambda: left == right, f"{why}, so == gives {expected}")
        assert bool(got) is expected, f"{why}, so == gives {expected}, got {got!r}"
