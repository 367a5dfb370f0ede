from dojo.checks import answer_of
from katas.python.double_the_odds import double_odds


def test_odd_numbers_stay_and_are_doubled():
    got = doubled([7, 1, 3])
    assert got == [14, 2, 6], (
        f"twice 7, 1, 3 is [14, 2, 6], got {got}: [7, 1, 3] would mean that they were kept and not "
        "doubled, [] that the doubles were asked whether they are odd, or that even means odd"
    )


def test_even_numbers_go():
    for numbers, expected in (([1, 2, 3, 4, 6, 5], [2, 6, 10]), ([0, 9, 8], [18])):
        got = doubled(numbers)
        assert got == expected, f"of {numbers} the odd ones doubled are {expected}, got {got}"


def test_order_and_repeats_stay():
    got = doubled([9, 2, 1, 9, 3, 1])
    assert got == [18, 2, 18, 6, 2], (
        f"[9, 2, 1, 9, 3, 1] has five odd numbers, two of them twice, got {got}: a set has no "
        "order and no repeats"
    )


def test_negative_numbers_can_be_odd():
    got = doubled([-3, -2, -1, 0, 1])
    assert got == [-6, -2, 2], (
        f"-3, -1 and 1 are odd, so [-6, -2, 2], got {got}: [2] would mean that the remainder of -3 "
        "was taken for -1, as C and math.fmod have it; in Python -3 % 2 is 1"
    )


def test_large_numbers_keep_every_digit():
    large = 10**18 + 1
    got = doubled([large, large + 1])
    assert got == [2 * large], (
        f"twice {large} is {2 * large}, got {got}: other digits would mean that it went through a "
        "float, which holds about 16"
    )


def test_nothing_odd_gives_an_empty_list():
    for numbers in ([], [2, 0, -4]):
        got = doubled(numbers)
        assert got == [], f"{numbers} has no odd number, so [], got {got!r}"


def test_the_result_is_a_list():
    got = doubled([1, 2, 3])
    assert isinstance(got, list), (
        f"expected a list, got a {type(got).__name__}: a generator is empty after one walk"
    )


def test_each_odd_number_gives_one():
    got = len(doubled([5, 2, 5, 3, 4, 1, 9]))
    assert got == 5, (
        f"of 5, 2, 5, 3, 4, 1, 9 five are odd, got {got} numbers: none would mean that the doubles "
        "were asked whether they are odd"
    )


def test_a_generator_will_do():
    got = doubled((number for number in [5, 6, 7]), "a generator")
    assert got == [10, 14], (
        f"a generator that yields 5, 6, 7 gives [10, 14], got {got}: [] may mean that it was "
        "walked twice, or asked for its length"
    )


def test_what_has_no_index_will_do():
    got = doubled({5: "a", 6: "b", 7: "c"}.keys(), "the keys of a dict")
    assert got == [10, 14], (
        f"the keys 5, 6, 7 of a dict give [10, 14], got {got}: they have a length and no index"
    )


def test_the_callers_list_stays_as_it_is():
    numbers = [4, 2, 7, 6, 8]
    doubled(numbers)
    assert numbers == [4, 2, 7, 6, 8], (
        f"the list handed in was [4, 2, 7, 6, 8], now it is {numbers}: build a new one"
    )


def doubled(numbers, what=None):
    """The learner's answer, which nothing here may stop."""
    why = f"the odd numbers of {numbers if what is None else what}, doubled, are a list"
    return answer_of(lambda: double_odds(numbers), why)
