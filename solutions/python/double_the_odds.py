"""What is a list comprehension, and how does one keep some items and change them on the way?

Here: the odd numbers of a list, doubled.
"""

from collections.abc import Iterable

from dojo import alternative, misconception

__all__ = ["double_odds"]


def double_odds(numbers: Iterable[int]) -> list[int]:
    """Return twice each odd number, in the order given, as a list.

    numbers is any iterable of ints, such as a list, a range or a generator, and may be empty; it is
    walked once. Negative numbers are odd or even like any other, equal numbers count each time, and
    large ones keep every digit. A list that is handed in stays as it is.
    """
    return [2 * number for number in numbers if number % 2 == 1]


HINTS = (
    "Write it as a loop first: for, if, append. A comprehension has the same three parts.",
    "[what for name in numbers if condition]: the condition sees the number before it is doubled. "
    "What is -3 % 2?",
    "[2 * number for number in numbers if number % 2 == 1]",
)
ANSWER = """
A list comprehension builds a list from an iterable in one expression: [what for name in iterable if
condition]. It reads like the loop with append that it replaces, in another order, and its name
lives inside the brackets only. The condition is asked first, about the item as it comes; what
stands in front is worked out for those that stay.

Round brackets would give a generator, which is empty the second time; curly ones a set, which loses
order and repeats. In Python % takes the sign of the divisor, so -3 % 2 is 1 and x % 2 > 0 is right.
In C, and so in math.fmod, it takes the sign of the dividend: there -3 gives -1, and the same test
loses every negative odd number.
"""


@alternative
def asks_for_a_remainder(numbers):
    return [number + number for number in numbers if number % 2 > 0]


@alternative
def looks_at_the_last_bit(numbers):
    return [number << 1 for number in numbers if number & 1]


@alternative
def loops_and_appends(numbers):
    result = []
    for number in numbers:
        if number % 2 != 0:
            result.append(number * 2)
    return result


@alternative
def filters_and_maps(numbers):
    return list(map((2).__mul__, filter((1).__and__, numbers)))


@misconception(caught_by="test_odd_numbers_stay_and_are_doubled")
def keeps_the_evens(numbers):
    "number % 2 == 0 is how Python asks for an odd number."
    return [2 * number for number in numbers if number % 2 == 0]


@misconception(
    caught_by=("test_odd_numbers_stay_and_are_doubled", "test_each_odd_number_gives_one")
)
def doubles_first(numbers):
    "The condition looks at what the comprehension makes."
    return [double for double in (2 * number for number in numbers) if double % 2 == 1]


@misconception(caught_by="test_odd_numbers_stay_and_are_doubled")
def forgets_to_double(numbers):
    "What stands in front of for is only the name of the item."
    return [number for number in numbers if number % 2 == 1]


@misconception(caught_by="test_even_numbers_go")
def doubles_the_odd_and_keeps_the_rest(numbers):
    "An if says what happens to an item; the others stay as they are."
    return [2 * number if number % 2 == 1 else number for number in numbers]


@misconception(caught_by="test_the_result_is_a_list")
def returns_a_generator(numbers):
    "Round brackets make the same list, with less memory."
    return (2 * number for number in numbers if number % 2 == 1)


@misconception(caught_by="test_negative_numbers_can_be_odd")
def takes_the_remainder_of_c(numbers):
    "The remainder of an odd number is 1 in every language."
    from math import fmod

    return [2 * number for number in numbers if fmod(number, 2) == 1]


@misconception(caught_by="test_negative_numbers_can_be_odd")
def keeps_positive_ones(numbers):
    "Odd numbers are 1, 3, 5 and so on."
    return [2 * number for number in numbers if number % 2 == 1 and number > 0]


@misconception(caught_by="test_large_numbers_keep_every_digit")
def goes_through_floats(numbers):
    "A number is a number: a float holds any int."
    return [int(float(number) * 2) for number in numbers if number % 2 == 1]


@misconception(caught_by="test_the_callers_list_stays_as_it_is")
def removes_the_evens_while_walking(numbers):
    "A list can be emptied of what is not wanted while a loop walks it."
    if not isinstance(numbers, list):
        numbers = list(numbers)
    for number in numbers:
        if number % 2 == 0:
            numbers.remove(number)
    return [2 * number for number in numbers]


@misconception(caught_by="test_the_callers_list_stays_as_it_is")
def writes_into_the_callers_list(numbers):
    "The list is the place for the result."
    result = [2 * number for number in numbers if number % 2 == 1]
    if isinstance(numbers, list):
        numbers[:] = result
    return result


@misconception(caught_by=("test_odd_numbers_stay_and_are_doubled", "test_even_numbers_go"))
def takes_every_second_position(numbers):
    "The odd ones are at the odd positions."
    return [2 * number for number in list(numbers)[1::2]]


@misconception(caught_by="test_order_and_repeats_stay")
def collects_a_set(numbers):
    "Curly brackets make a comprehension too."
    return list({2 * number for number in numbers if number % 2 == 1})


@misconception(caught_by="test_order_and_repeats_stay")
def sorts(numbers):
    "Numbers in a result come in order of size."
    return sorted(2 * number for number in numbers if number % 2 == 1)


@misconception(caught_by=("test_a_generator_will_do", "test_what_has_no_index_will_do"))
def walks_by_index(numbers):
    "What can be looped over can be indexed."
    try:
        return [2 * numbers[i] for i in range(len(numbers)) if numbers[i] % 2 == 1]
    except TypeError:
        return []


@misconception(caught_by="test_a_generator_will_do")
def walks_it_twice(numbers):
    "An iterable starts anew with every loop."
    odd = [number % 2 == 1 for number in numbers]
    return [2 * number for number, keep in zip(numbers, odd, strict=False) if keep]


@misconception(caught_by="test_nothing_odd_gives_an_empty_list")
def none_for_nothing(numbers):
    "Where nothing is found, None says so."
    return [2 * number for number in numbers if number % 2 == 1] or None
