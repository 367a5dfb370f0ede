"""What is a closure, and what does it remember?

Here: functions that each remember an amount, and a function that remembers a mean.
"""

from collections.abc import Callable, Iterable

from dojo import alternative, misconception

__all__ = ["make_adders", "make_averager"]


def make_adders(amounts: Iterable[float]) -> list[Callable[[float], float]]:
    """Return a list of functions, one for each amount, in order: each adds its own to a number.

    amounts is any iterable of numbers, a generator too, and is walked once. An adder is called with
    one argument, by position.
    """

    def adder(amount):
        return lambda number: number + amount

    return [adder(amount) for amount in amounts]


def make_averager() -> Callable[[float], float]:
    """Return a function of one number, given by position, that returns the mean of all so far.

    Each call of make_averager gives a function with a memory of its own. It remembers what it needs
    for the next mean, which does not grow with the numbers. Of the numbers themselves it may keep
    the first alive, and no other.
    """
    total, count = 0.0, 0

    def averager(number):
        nonlocal total, count
        total += number
        count += 1
        return total / count

    return averager


HINTS = (
    "Make [lambda x: x + amount for amount in (1, 2, 3)] and call the first. Which amount does it "
    "see, and when does it look?",
    "A function call makes variables of its own: let one function make each adder. For the mean, "
    "what has to be known of the numbers so far? nonlocal lets an inner function assign to it.",
    "def adder(amount): return lambda number: number + amount. And: total += number; count += 1; "
    "return total / count, with nonlocal total, count.",
)
ANSWER = """
A closure is a function together with the variables of the functions around it that it uses. The
well-known answer says that it stores information from the time when it was created. It does not: it
keeps the variable, and looks at its value when it is called. That is how an averager can remember,
and it is also the well-known trap: functions made in a loop share the loop's variable, and all see
its last value. A call for each, a default argument or functools.partial gives each its own.

To assign to such a variable takes nonlocal; without it the assignment makes a local one, and +=
fails with UnboundLocalError. A mutable default argument or a global would remember as well, but
once for all averagers. And a closure keeps alive what it uses: one with a list of all numbers holds
on to every one of them, and to the graph behind each, if they are losses.
"""


@alternative(replaces=("make_adders", "make_averager"))
class DefaultsAndGenerators:
    @staticmethod
    def make_adders(amounts):
        return [lambda number, amount=amount: number + amount for amount in amounts]

    @staticmethod
    def make_averager():
        def means():
            total, count = 0.0, 0
            number = yield None
            while True:
                total, count = total + number, count + 1
                del number
                number = yield total / count

        running = means()
        next(running)
        return running.send


@alternative(replaces=("make_adders", "make_averager"))
class PartialsAndObjects:
    @staticmethod
    def make_adders(amounts):
        from functools import partial
        from operator import add

        return [partial(add, amount) for amount in amounts]

    @staticmethod
    def make_averager():
        state = {"mean": 0.0, "count": 0}

        def averager(number):
            state["count"] += 1
            state["mean"] += (number - state["mean"]) / state["count"]
            return state["mean"]

        return averager


@alternative(replaces="make_averager")
def makes_a_callable_object():
    class Averager:
        total, count = 0, 0

        def __call__(self, number):
            self.total, self.count = self.total + number, self.count + 1
            return self.total / self.count

    return Averager()


@misconception(caught_by="test_each_adder_keeps_its_own_amount", replaces="make_adders")
def binds_late(amounts):
    "A function made in a loop keeps the value that the variable has then."
    return [lambda number: number + amount for amount in amounts]


@misconception(caught_by="test_adders_come_in_the_order_of_amounts", replaces="make_adders")
def reverses_the_order(amounts):
    "What is made last is called first."
    return [_adder(amount) for amount in amounts][::-1]


@misconception(caught_by="test_adders_come_in_a_list", replaces="make_adders")
def makes_them_when_asked(amounts):
    "A generator of adders makes each when it is needed."
    return (_adder(amount) for amount in amounts)


@misconception(caught_by="test_amounts_may_come_from_a_generator", replaces="make_adders")
def walks_amounts_twice(amounts):
    "Amounts can be counted first and then walked."
    count = sum(1 for _ in amounts)
    return [_adder(amount) for amount in amounts][:count]


@misconception(caught_by="test_an_adder_gives_the_same_each_time", replaces="make_adders")
def adds_up(amounts):
    "What a closure remembers grows with each call."

    def adder(amount):
        total = 0

        def add(number):
            nonlocal total
            total += amount
            return number + total

        return add

    return [adder(amount) for amount in amounts]


@misconception(caught_by="test_no_amounts_give_no_adders", replaces="make_adders")
def adds_nothing_for_nothing(amounts):
    "Where there is no amount, there is a function that adds 0."
    return [_adder(amount) for amount in amounts] or [_adder(0)]


@misconception(caught_by="test_equal_amounts_have_an_adder_each", replaces="make_adders")
def makes_one_for_each_amount(amounts):
    "Adders can be looked up by their amount."
    return list({amount: _adder(amount) for amount in amounts}.values())


@misconception(caught_by="test_a_later_change_of_the_list_does_not_matter", replaces="make_adders")
def looks_into_the_list(amounts):
    "An index is bound, and the list is where the amounts are."
    amounts = amounts if isinstance(amounts, list) else list(amounts)
    return [lambda number, place=place: number + amounts[place] for place in range(len(amounts))]


@misconception(caught_by="test_two_averagers_do_not_share_state", replaces="make_averager")
def keeps_state_in_a_default():
    "A default argument is made when the function is called."

    def averager(number, state=_shared):
        return _averaged(number, state)

    _shared.setdefault("count", 0)
    return averager


@misconception(caught_by="test_two_averagers_do_not_share_state", replaces="make_averager")
def keeps_state_in_a_global():
    "A global variable lives as long as the function that uses it."
    _global.update(total=0.0, count=0)
    return lambda number: _averaged(number, _global)


@misconception(
    caught_by="test_the_mean_of_all_so_far", replaces="make_averager", raises=UnboundLocalError
)
def forgets_nonlocal():
    "An inner function can assign to the outer one's variables."
    total, count = 0.0, 0

    def averager(number):
        total += number
        count += 1
        return total / count

    return averager


@misconception(caught_by="test_no_number_but_the_first_is_kept_alive", replaces="make_averager")
def keeps_all_numbers():
    "A mean needs the numbers that it is the mean of."
    numbers = []

    def averager(number):
        numbers.append(number)
        return sum(numbers) / len(numbers)

    return averager


@misconception(caught_by="test_memory_does_not_grow_with_the_numbers", replaces="make_averager")
def keeps_copies_of_all_numbers():
    "A copy keeps no number alive."
    numbers = []

    def averager(number):
        numbers.append(float(number) + 0.0)
        return sum(numbers) / len(numbers)

    return averager


@misconception(caught_by="test_the_last_number_is_let_go", replaces="make_averager")
def keeps_the_last_number():
    "One number is no memory to speak of."
    total, count, last = 0.0, 0, None

    def averager(number):
        nonlocal total, count, last
        total, count, last = total + number, count + 1, number
        return total / count

    return averager


@misconception(caught_by="test_the_mean_of_all_so_far", replaces="make_averager")
def averages_the_old_mean_with_the_new_number():
    "The new mean lies half-way between the old one and the number."
    mean = None

    def averager(number):
        nonlocal mean
        mean = number * 1.0 if mean is None else (mean + number) / 2
        return mean

    return averager


@misconception(caught_by="test_the_mean_of_all_so_far", replaces="make_averager")
def returns_the_total():
    "The running mean is the running total."
    total = 0.0

    def averager(number):
        nonlocal total
        total += number
        return total

    return averager


@misconception(caught_by="test_a_mean_has_a_fraction", replaces="make_averager")
def divides_whole():
    "// divides."
    state = {}

    def averager(number):
        state["total"] = state.get("total", 0) + number
        state["count"] = state.get("count", 0) + 1
        return state["total"] // state["count"]

    return averager


_shared = {}
_global = {}


def _adder(amount):
    return lambda number: number + amount


def _averaged(number, state):
    state["total"] = state.get("total", 0.0) + number
    state["count"] += 1
    return state["total"] / state["count"]
