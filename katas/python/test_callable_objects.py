import pickle

from dojo.checks import answer_of, assert_refused
from katas.python.callable_objects import Compose


def test_it_is_called_like_a_function():
    made = Compose(increment)
    assert callable(made), (
        "callable() is False of a Compose: a call looks for one certain method, and for that in "
        "the class, so another name, or one set on the object, is not found"
    )
    got = called(made, 3)
    assert got == 4, f"3 plus 1 is 4, got {got!r}"


def test_it_is_an_object_of_its_class():
    made = Compose(increment)
    assert isinstance(made, Compose), (
        f"Compose(...) is to be a Compose, got a {type(made).__name__}: it is the object that is "
        "called, no function that the class hands out"
    )


def test_the_first_transform_runs_first():
    got = called(Compose(increment, double), 3)
    assert got == 8, (
        f"3 plus 1, and then doubled, is 8, got {got!r}: 7 would mean that the last one ran "
        "first, 6 or 4 that only one of them did"
    )


def test_each_transform_gets_what_the_one_before_gave():
    got = called(Compose(*map(appending, "abcde")), "x")
    assert got == "xabcde", (
        f"a to e hung on to x one after the other give xabcde, got {got!r}: xe would mean that "
        "each got the x that came in, xa that the first one ended it"
    )


def test_without_transforms_the_value_comes_back():
    for value in (5, "x", None):
        got = called(Compose(), value)
        assert got == value, f"with no transform {value!r} comes back as it is, got {got!r}"


def test_no_value_is_copied():
    value, seen = [3, 1], []
    got = called(Compose(), value)
    assert got is value, f"with no transform the list itself comes back, no copy, got {got!r}"
    called(Compose(seen.append), value)
    assert [each is value for each in seen] == [True], (
        f"the transform is to get the list {value} itself, no copy, and got {seen}"
    )


def test_zero_and_empty_values_go_on():
    for value in (0, 0.0, False, "", []):
        got = called(Compose(giving(value), repr), "start")
        assert got == repr(value), (
            f"the first transform gives {value!r}, and the second gets just that, got {got}: "
            "'start' would mean that `or` took what is false for nothing"
        )
        got = called(Compose(repr), value)
        assert got == repr(value), f"{value!r} is transformed like any other value, got {got!r}"


def test_none_goes_on():
    got = called(Compose(giving(None), repr), 5)
    assert got == "None", (
        f"5 becomes None, and the text of that is 'None', got {got!r}: '5' would mean that None "
        "was passed over, None that the chain ended there"
    )


def test_none_may_come_out():
    got = called(Compose(giving(None)), 5)
    assert got is None, f"the only transform gives None, and so does the call, got {got!r}"


def test_a_second_call_gives_the_same():
    made = Compose(increment, double)
    first, second = called(made, 3), called(made, 3)
    assert first == second, (
        f"the first call gives {first!r}, the second {second!r}: 3 would mean that the transforms "
        "were used up, as an iterator is"
    )


def test_map_takes_it():
    made = Compose(increment, double)
    got = answer_of(lambda: list(map(made, [3, -1, 0])), "map() calls it like a function")
    assert got == [8, 0, 2], f"3, -1 and 0, plus 1 and doubled, are [8, 0, 2], got {got}"


def test_a_chain_is_a_transform_too():
    inner = Compose(increment, double)
    got = called(Compose(negate, inner, increment), 4)
    assert got == -5, (
        f"4 negated is -4, plus 1 is -3, doubled is -6, plus 1 is -5, got {got!r}: the inner chain "
        "is one transform, with all that it holds"
    )


def test_anything_callable_is_a_transform():
    for transform, value, expected in (
        (abs, -3, 3),
        (int, "12", 12),
        (str.strip, " a ", "a"),
        ("{:.1f}".format, 0.25, "0.2"),
        (Compose(increment), 1, 2),
    ):
        got = called(Compose(transform), value)
        assert got == expected, (
            f"{transform!r} of {value!r} is {expected!r}, got {got!r}: builtins, classes and bound "
            "methods can be called too"
        )


def test_a_transform_given_twice_runs_twice():
    got = called(Compose(double, increment, double), 3)
    assert got == 14, f"3 doubled, plus 1, and doubled again is 14, got {got!r}: each place counts"


def test_each_call_runs_every_transform_anew():
    runs = []

    def counts(value):
        runs.append(value)
        return len(runs)

    made = Compose(counts, abs)
    got = [called(made, 7) for _ in range(3)]
    assert got == [1, 2, 3], (
        f"the transform counts its runs, and three calls with 7 give [1, 2, 3], got {got}: the "
        "same value may come out another way, as after a random crop"
    )


def test_a_transform_may_call_the_whole():
    def less_one(value):
        return made(value - 1) if value else 0

    made = Compose(less_one, increment)
    got = called(made, 3)
    assert got == 4, (
        f"called with 3, 2, 1 and 0 within each other, each adding 1, the chain gives 4, got "
        f"{got!r}: does one call disturb what another one needs?"
    )


def test_two_chains_keep_apart():
    one, two = Compose(increment), Compose(double)
    got = called(one, 5), called(two, 5)
    assert got == (6, 10), (
        f"5 plus 1 is 6, 5 doubled is 10, got {got}: do the two share a list of transforms?"
    )


def test_a_tuple_is_one_value():
    got = called(Compose(giving((3, 1)), len), "x")
    assert got == 2, f"(3, 1) goes on whole, and its length is 2, got {got!r}"


def test_a_list_is_one_value():
    got = called(Compose(sorted, tuple), [3, 1, 2])
    assert got == (1, 2, 3), f"the list goes on whole and is sorted, got {got!r}"


def test_an_error_comes_out():
    later = []

    def fails(value):
        raise LookupError(f"no place for {value}")

    assert_refused(
        lambda: Compose(increment, fails, later.append)(3),
        LookupError,
        "the second transform raises, and the call with it",
        mentions=("no place for 4",),
    )
    assert later == [], f"the transform after the one that failed was run, with {later}"


def test_it_pickles():
    made = Compose(abs, str)
    copy = answer_of(
        lambda: pickle.loads(pickle.dumps(made)),
        "a Compose of abs and str pickles: keep the transforms, no function made on the spot",
    )
    assert type(copy) is type(made), f"a {type(made).__name__} came back as {type(copy).__name__}"


def test_a_pickled_copy_does_the_same():
    made = Compose(abs, str)
    got = answer_of(lambda: pickle.loads(pickle.dumps(made))(-3), "a pickled copy can be called")
    assert got == "3", f"the text of abs(-3) is '3', the copy gives {got!r}"


def called(made, value):
    """The learner's answer, which nothing here may stop."""
    return answer_of(lambda: made(value), f"a Compose is called with {value!r}")


def increment(value):
    return value + 1


def double(value):
    return 2 * value


def negate(value):
    return -value


def appending(letter):
    return lambda text: text + letter


def giving(value):
    return lambda _: value
