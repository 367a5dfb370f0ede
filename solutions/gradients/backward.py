"""What does the backward method do?

It walks a calculation from its result back to its inputs. Here you build the numbers that can.
"""

import itertools
import math
from collections import Counter, defaultdict, deque
from collections.abc import Sequence

from dojo import alternative, misconception

__all__ = ["Value"]


class Value:
    """A number that knows what it was calculated from.

    .data is the number. .grad is 0.0 until a backward() adds to it.
    """

    def __init__(self, data: float, parents: Sequence[tuple["Value", float]] = ()) -> None:
        """Take the number, and the values that it was calculated from.

        Each parent comes with the local derivative: the slope of this value along that parent. A
        parent may come several times, and each time counts. Operations of anybody's own are made
        so: Value(math.exp(x.data), [(x, math.exp(x.data))]). Without parents it is a leaf.
        """
        self.data, self.parents, self.grad = data, parents, 0.0

    def __add__(self, other: "Value") -> "Value":
        """Return the sum, as a new value."""
        return Value(self.data + other.data, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other: "Value") -> "Value":
        """Return the product, as a new value."""
        return Value(self.data * other.data, [(self, other.data), (other, self.data)])

    def tanh(self) -> "Value":
        """Return the hyperbolic tangent, as a new value."""
        result = math.tanh(self.data)
        return Value(result, [(self, 1 - result * result)])

    def backward(self) -> None:
        """Add to .grad of each value behind this one the derivative of this one along it.

        This value itself is one of them; its derivative is 1. Values that it was not calculated
        from stay as they are, and no .data changes.

        Called again, on the same value or on another that shares some of the calculation, it adds
        to .grad of each leaf what a single call would, no matter what earlier calls have left
        anywhere. What .grad of a value with parents is after several calls is left open.

        A calculation may be 20,000 values deep. The work grows with the number of values: not with
        its square, so no value is compared with each of the others, and not with the number of
        paths, so sixteen levels of x = x + x take at most 20 times as long as eight.
        """
        uses, found = Counter(), [self]
        for node in found:
            for parent, _ in node.parents:
                uses[parent] += 1
                if uses[parent] == 1:
                    found.append(parent)
        arrived, complete = defaultdict(float, {self: 1.0}), [self]
        while complete:
            node = complete.pop()
            node.grad += arrived[node]
            for parent, slope in node.parents:
                arrived[parent] += slope * arrived[node]
                uses[parent] -= 1
                if not uses[parent]:
                    complete.append(parent)


HINTS = (
    "Draw z = x*x + x*x with an arrow for each parent, and send a 1 back from z: at every arrow it "
    "is multiplied by the slope there. What must x do with what comes along several arrows?",
    "A value may pass on what it has only when all has arrived, so each has its turn after "
    "everything that was calculated from it. How do you find such an order without recursion? And "
    "what arrives in this call is not what .grad holds from earlier ones.",
    "First walk back once and count for each value how many arrows lead to it. Then begin with a 1 "
    "at self. Whoever is complete adds what arrived to .grad, sends slope times that to each "
    "parent, and counts the parent's arrows down; at 0 the parent is complete.",
)
ANSWER = """
backward() applies the chain rule from the result to the inputs: the derivative along a value is the
sum, over everything that was calculated from it, of the derivative there times the local slope.
Hence +=, as a number that is used twice has two ways to matter, and hence the order: a value passes
on what it has once all has arrived. One walk visits each value once and serves all inputs, however
many, where following every path doubles the work with each x + x.

Well-known tiny engines let .grad serve both for the result and for what is on its way, so a second
backward sends the first one's inner gradients down again: 36 in place of 24 at z = x*x + x*x for
x = 3. torch avoids it by filling .grad at the leaves only, where adding up is wanted, and it frees
the graph, so that a second backward raises unless retain_graph=True. Their other fault is that they
recurse: a thousand steps of a recurrent net go deeper than Python lets functions call each other.
"""


class _Value:
    """What the programs below share: all but the backward of their own."""

    def __init__(self, data, parents=()):
        self.data, self.parents, self.grad = data, tuple(parents), 0.0

    def __add__(self, other):
        return type(self)(self.data + other.data, ((self, 1.0), (other, 1.0)))

    def __mul__(self, other):
        return type(self)(self.data * other.data, ((self, other.data), (other, self.data)))

    def tanh(self):
        result = math.tanh(self.data)
        return type(self)(result, ((self, 1 - result**2),))

    def backward(self):
        arrived = {self: 1.0}
        for node in _results_first(self):
            node.grad += arrived[node]
            for parent, slope in node.parents:
                arrived[parent] = arrived.get(parent, 0.0) + slope * arrived[node]


def _results_first(root):
    order, seen, open_ = [], {root}, [(root, iter(root.parents))]
    while open_:
        for parent, _ in open_[-1][1]:
            if parent not in seen:
                seen.add(parent)
                open_.append((parent, iter(parent.parents)))
                break
        else:
            order.append(open_.pop()[0])
    return order[::-1]


@alternative
class SortsFirst(_Value):
    pass


_births = itertools.count()


@alternative
class GoesFromYoungToOld(_Value):
    def __init__(self, data, parents=()):
        super().__init__(data, parents)
        self.age = next(_births)

    def backward(self):
        import heapq

        arrived, waiting = {self.age: 1.0}, [(-self.age, self)]
        while waiting:
            _, node = heapq.heappop(waiting)
            slope_here = arrived.pop(node.age)
            node.grad += slope_here
            for parent, slope in node.parents:
                if parent.age not in arrived:
                    heapq.heappush(waiting, (-parent.age, parent))
                arrived[parent.age] = arrived.get(parent.age, 0.0) + slope_here * slope


@alternative
class ClearsInnerValuesFirst(_Value):
    def backward(self):
        order = _results_first(self)
        for node in order:
            if node.parents:
                node.grad = 0.0
        self.grad += 1.0
        for node in order:
            for parent, slope in node.parents:
                parent.grad += node.grad * slope


@alternative
class SetsOldGradientsAside:
    def __init__(self, data, parents=()):
        self.data, self.edges, self.grad = float(data), list(parents), 0.0

    def __add__(self, other):
        return type(self)(self.data + other.data, [(other, 1), (self, 1)])

    def __mul__(self, other):
        return type(self)(self.data * other.data, [(other, self.data), (self, other.data)])

    def tanh(self):
        return type(self)(math.tanh(self.data), [(self, math.cosh(self.data) ** -2)])

    def backward(self):
        import graphlib

        graph, waiting = {}, [self]
        while waiting:
            node = waiting.pop()
            if node not in graph:
                graph[node] = {parent for parent, _ in node.edges}
                waiting.extend(graph[node])
        old = {node: node.grad for node in graph}
        for node in graph:
            node.grad = 1.0 if node is self else 0.0
        for node in reversed(list(graphlib.TopologicalSorter(graph).static_order())):
            for parent, slope in node.edges:
                parent.grad += slope * node.grad
        for node, before in old.items():
            node.grad += before


@misconception(caught_by="test_a_value_times_itself")
class Assigns(_Value):
    "A value's gradient is what its result sends."

    def backward(self):
        arrived = {self: 1.0}
        for node in _results_first(self):
            node.grad += arrived[node]
            for parent, slope in node.parents:
                arrived[parent] = slope * arrived[node]


@misconception(caught_by="test_a_value_times_itself")
class CountsAParentOnce(_Value):
    "Whoever is a parent twice is still one parent."

    def __init__(self, data, parents=()):
        super().__init__(data, dict(parents).items())


@misconception(caught_by="test_arms_of_unequal_length")
class GoesLevelByLevel(_Value):
    "First the parents, then their parents, level by level."

    def backward(self):
        arrived, queue = {self: 1.0}, [self]
        for node in queue:
            for parent, slope in node.parents:
                if parent not in arrived:
                    queue.append(parent)
                arrived[parent] = arrived.get(parent, 0.0) + slope * arrived[node]
        for node, slope in arrived.items():
            node.grad += slope


@misconception(caught_by=("test_arms_of_equal_length", "test_arms_of_unequal_length"))
class GoesDeepAtOnce(_Value):
    "Each arm is followed to its end before the next."

    def backward(self):
        arrived, seen, stack = {self: 1.0}, {self}, [self]
        while stack:
            node = stack.pop()
            for parent, slope in node.parents:
                arrived[parent] = arrived.get(parent, 0.0) + slope * arrived[node]
                if parent not in seen:
                    seen.add(parent)
                    stack.append(parent)
        for node, slope in arrived.items():
            node.grad += slope


@misconception(caught_by="test_three_steps_of_the_chain_rule")
class GoesFromTheInputs(_Value):
    "A calculation is gone through in the order in which it was done."

    def backward(self):
        arrived = {self: 1.0}
        for node in reversed(_results_first(self)):
            for parent, slope in node.parents:
                arrived[parent] = arrived.get(parent, 0.0) + slope * arrived.get(node, 0.0)
        for node, slope in arrived.items():
            node.grad += slope


@misconception(caught_by="test_a_chain_of_20000_values")
class Recurses(_Value):
    "The order is found by a function that calls itself for each parent."

    def backward(self):
        order, seen = [], set()

        def visit(node):
            if node not in seen:
                seen.add(node)
                for parent, _ in node.parents:
                    visit(parent)
                order.append(node)

        visit(self)
        arrived = {self: 1.0}
        for node in reversed(order):
            node.grad += arrived[node]
            for parent, slope in node.parents:
                arrived[parent] = arrived.get(parent, 0.0) + slope * arrived[node]


@misconception(caught_by="test_twice_the_levels_are_twice_the_work")
class WalksEveryPath(_Value):
    "What arrives is passed on at once, and the sum comes out right."

    def backward(self):
        arrivals = [(self, 1.0)]
        while arrivals:
            node, arrived = arrivals.pop()
            node.grad += arrived
            arrivals.extend((parent, slope * arrived) for parent, slope in node.parents)


@misconception(caught_by="test_a_value_is_not_compared_with_all_others")
class LooksThroughTheQueue(_Value):
    "A value that waits already is found in the queue."

    def backward(self):
        queue, visited = deque([self]), {}
        while queue:
            node = queue.popleft()
            visited[node] = 0.0
            for parent, _ in node.parents:
                if parent not in visited and parent not in queue:
                    queue.append(parent)
        visited[self] = 1.0
        for node in _results_first(self):
            node.grad += visited[node]
            for parent, slope in node.parents:
                visited[parent] += slope * visited[node]


@misconception(caught_by="test_the_result_has_a_gradient_of_one")
class StartsAtZero(_Value):
    "The result's .grad is where the walk starts, and it is 0.0 like all others."

    def backward(self):
        for node in _results_first(self):
            for parent, slope in node.parents:
                parent.grad += slope * node.grad


@misconception(caught_by="test_the_result_has_a_gradient_of_one")
class LeavesTheResultOut(_Value):
    "A gradient is for what the result depends on, not for the result."

    def backward(self):
        before = self.grad
        super().backward()
        self.grad = before


@misconception(caught_by="test_the_result_has_a_gradient_of_one")
class StartsWithTheResult(_Value):
    "What is sent back from the result is the result."

    def backward(self):
        arrived = {self: self.data}
        for node in _results_first(self):
            node.grad += arrived[node]
            for parent, slope in node.parents:
                arrived[parent] = arrived.get(parent, 0.0) + slope * arrived[node]


@misconception(
    caught_by=(
        "test_a_second_backward_adds_one_more_gradient",
        "test_results_that_share_an_inner_value",
    )
)
class SendsWhatGradHolds(_Value):
    "What a value sends on is its .grad."

    def backward(self):
        self.grad = 1.0 if self.parents else self.grad + 1.0
        for node in _results_first(self):
            for parent, slope in node.parents:
                parent.grad += slope * node.grad


@misconception(caught_by="test_a_second_backward_of_one_operation")
class AddsAnotherOneToTheResult(_Value):
    "As gradients add up, the result's does too: 2 at the second call."

    def backward(self):
        order = _results_first(self)
        for node in order:
            if node.parents and node is not self:
                node.grad = 0.0
        self.grad += 1.0
        for node in order:
            for parent, slope in node.parents:
                parent.grad += slope * node.grad


@misconception(caught_by="test_results_that_share_a_leaf")
class StartsAfresh(_Value):
    "Every backward starts with all gradients at 0."

    def backward(self):
        for node in _results_first(self):
            node.grad = 0.0
        super().backward()


@misconception(caught_by="test_results_that_share_an_inner_value")
class FreesTheGraph(_Value):
    "After backward() the graph has done its work and can go."

    def backward(self):
        order = _results_first(self)
        super().backward()
        for node in order:
            node.parents = ()


@misconception(caught_by="test_a_leaf_is_its_own_result")
class SetsTheResultToOne(_Value):
    "The result's .grad is 1, whatever it was."

    def backward(self):
        super().backward()
        self.grad = 1.0


@misconception(caught_by="test_values_in_between_have_gradients")
class FillsLeavesOnly(_Value):
    "Only leaves have a gradient, as in torch."

    def backward(self):
        inner = [(node, node.grad) for node in _results_first(self) if node.parents]
        super().backward()
        for node, before in inner:
            if node is not self:
                node.grad = before


@misconception(caught_by="test_two_values_of_the_same_number")
class TellsValuesApartByNumber(_Value):
    "Two values of the same number are the same value."

    def __eq__(self, other):
        return self.data == other.data

    def __hash__(self):
        return hash(self.data)


@misconception(caught_by="test_a_product_of_two")
class SlopeOfAProductIsTheFactor(_Value):
    "A product rises along a factor by that factor."

    def __mul__(self, other):
        return type(self)(self.data * other.data, ((self, self.data), (other, other.data)))


@misconception(caught_by="test_tanh_of_a_number")
class TakesTanhOfTheInputForGranted(_Value):
    "The slope of tanh at x is 1 - x²."

    def tanh(self):
        return type(self)(math.tanh(self.data), ((self, 1 - self.data**2),))


@misconception(caught_by="test_tanh_of_a_number")
class ForgetsTheSquare(_Value):
    "The slope of tanh is 1 - tanh."

    def tanh(self):
        return type(self)(math.tanh(self.data), ((self, 1 - math.tanh(self.data)),))


@misconception(caught_by="test_an_operation_of_ones_own")
class AsksTheOperation(_Value):
    "What a value sends to its parents is up to its operation."

    def __init__(self, data, parents=(), local=None):
        if local is None:
            local = [1.0 for _ in parents]
        super().__init__(data, [(p, s) for (p, _), s in zip(parents, local, strict=True)])

    def __add__(self, other):
        return type(self)(self.data + other.data, [(self, 1), (other, 1)], [1.0, 1.0])

    def __mul__(self, other):
        local = [other.data, self.data]
        return type(self)(self.data * other.data, [(self, 1), (other, 1)], local)

    def tanh(self):
        result = math.tanh(self.data)
        return type(self)(result, [(self, 1)], [1 - result**2])


@misconception(caught_by="test_numbers_stay_as_they_are")
class TakesTheStep(_Value):
    "backward() moves the numbers down the slope."

    def backward(self):
        super().backward()
        for node in _results_first(self):
            if not node.parents:
                node.data -= 0.01 * node.grad


@misconception(caught_by="test_operations_make_new_values")
class AddsInPlace(_Value):
    "A sum can be kept where its first number was."

    def __add__(self, other):
        result = super().__add__(other)
        self.data = result.data
        return result


@misconception(caught_by="test_grad_may_be_set_to_zero_by_hand")
class KeepsItsOwnTotal(_Value):
    "The gradients of all calls are summed, and .grad shows the sum."

    def backward(self):
        order = _results_first(self)
        shown = [(node, node.grad) for node in order]
        for node, _ in shown:
            node.grad = 0.0
        super().backward()
        for node, _ in shown:
            node.total = getattr(node, "total", 0.0) + node.grad
            node.grad = node.total
