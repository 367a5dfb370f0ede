"""What does torch.randperm give?

An epoch shows every example once, in an order that nobody could foretell, in batches of a given
size.
"""

import random

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor

from dojo import alternative, misconception

__all__ = ["shuffled_batches"]


def shuffled_batches(
    n: int, size: int, generator: torch.Generator
) -> list[Int64[Tensor, " batch"]]:
    """Return the indices 0 to n - 1, each of them once, shuffled and cut into batches.

    All orders of the n indices are equally likely. All batches are of that size but the last, which
    holds what is left, one index at least: n = 0 gives no batches. They are tensors on the CPU.

    The generator, one on the CPU, is the only source of chance, and each call that shuffles two or
    more moves it on: the same seed gives the same order, the next call another one. The global
    generators of torch, Python and NumPy stay as they are.

    Raises:
        ValueError: size is below 1; the message names it.
    """
    if size < 1:
        raise ValueError(f"size is {size}: a batch holds at least one index")
    order = torch.randperm(n, generator=generator)
    return [order[start : start + size] for start in range(0, n, size)]


HINTS = (
    "Print torch.randperm(5, generator=generator) twice. Which numbers come, and how often each?",
    "A slice that reaches past the end holds what is left. Where do the slices start, and how many "
    "starts are there for n = 0?",
    "Refuse size < 1, draw order = torch.randperm(n, generator=generator), then slice order at "
    "every start in range(0, n, size).",
)
ANSWER = """
randperm(n) gives the indices 0 to n - 1 in random order, each of them once, as int64, which is what
indexing takes. That is an epoch: x[order] is the data set shuffled, and y[order] goes with it.
With randint in its place, n draws would leave out about 37% of the examples (1/e) and repeat
others, and the loss would hardly tell.

What bites is the chance itself. A generator seeded at each call gives one order for ever; one that
is left out makes the order depend on whoever drew before. And a shuffle made by hand is soon an
unfair one: to swap each place with any place has n to the power of n equally likely courses, which
n! orders can't share evenly (256 and 24 for n = 4).
"""


@alternative
def splits_the_order(n, size, generator):
    if size <= 0:
        raise ValueError(f"batches of {size} are none")
    if n == 0:
        return []
    return list(torch.randperm(n, generator=generator).split(size))


@alternative
def sorts_by_random_fractions(n, size, generator):
    _refuse_sizes_below_one(size)
    return _cut(torch.rand(n, generator=generator, dtype=torch.float64).argsort(), size)


@alternative
def swaps_with_those_that_are_left(n, size, generator):
    _refuse_sizes_below_one(size)
    order = list(range(n))
    for last in range(n - 1, 0, -1):
        other = int(torch.randint(last + 1, (), generator=generator))
        order[last], order[other] = order[other], order[last]
    return _cut(torch.tensor(order, dtype=torch.int64), size)


@alternative
def seeds_a_generator_of_pythons(n, size, generator):
    _refuse_sizes_below_one(size)
    order = list(range(n))
    random.Random(int(torch.randint(2**62, (), generator=generator))).shuffle(order)
    return [torch.tensor(order[start : start + size]) for start in range(0, n, size)]


@alternative
def takes_batches_until_none_are_left(n, size, generator):
    _refuse_sizes_below_one(size)
    rest = torch.randperm(n, generator=generator)
    batches = []
    while len(rest):
        batches.append(rest[:size].clone())
        rest = rest[size:]
    return batches


@misconception(caught_by="test_no_index_comes_twice")
def draws_each_index_by_itself(n, size, generator):
    "Random indices are drawn with randint."
    _refuse_sizes_below_one(size)
    return _cut(torch.randint(max(n, 1), (n,), generator=generator), size)


@misconception(caught_by="test_no_index_comes_twice")
def draws_each_batch_by_itself(n, size, generator):
    "Each batch is a random choice from all the examples."
    _refuse_sizes_below_one(size)
    starts = range(0, n, size)
    return [
        torch.randperm(n, generator=generator)[: min(size, n - start)].clone() for start in starts
    ]


@misconception(caught_by="test_no_index_is_missing")
def counts_from_one(n, size, generator):
    "n examples are numbered from 1 to n."
    _refuse_sizes_below_one(size)
    return _cut(torch.randperm(n, generator=generator) + 1, size)


@misconception(caught_by="test_no_index_is_missing")
def loses_the_tail(n, size, generator):
    "What makes no whole batch is left out of an epoch."
    _refuse_sizes_below_one(size)
    order = torch.randperm(n, generator=generator)
    return _cut(order[: n // size * size], size)


@misconception(caught_by="test_no_index_comes_twice")
def fills_the_last_batch_up(n, size, generator):
    "All batches have to be of one size, so the last one is filled up from the start."
    _refuse_sizes_below_one(size)
    order = torch.randperm(n, generator=generator)
    missing = -n % size
    return _cut(torch.cat([order, order.repeat(missing)[:missing]]), size)


@misconception(caught_by="test_all_batches_but_the_last_are_of_the_size")
def evens_the_batches_out(n, size, generator):
    "chunk cuts into batches; I only have to say how many."
    _refuse_sizes_below_one(size)
    order = torch.randperm(n, generator=generator)
    return list(order.chunk(-(-n // size))) if n else []


@misconception(caught_by="test_all_batches_but_the_last_are_of_the_size")
def begins_with_what_is_left(n, size, generator):
    "The short batch may come first."
    _refuse_sizes_below_one(size)
    order = torch.randperm(n, generator=generator)
    short = n % size
    return _cut(order[:short], size) + _cut(order[short:], size)


@misconception(caught_by="test_all_batches_but_the_last_are_of_the_size")
def takes_the_size_for_the_number(n, size, generator):
    "size says how many batches there are."
    _refuse_sizes_below_one(size)
    order = torch.randperm(n, generator=generator)
    return list(order.tensor_split(size)) if n else []


@misconception(caught_by="test_all_batches_but_the_last_are_of_the_size")
def ends_with_an_empty_batch(n, size, generator):
    "The last batch holds what is left, even if that is nothing."
    _refuse_sizes_below_one(size)
    order = torch.randperm(n, generator=generator)
    return [order[start : start + size] for start in range(0, n + 1, size)]


@misconception(caught_by="test_no_indices_give_no_batches")
def splits_nothing_into_one(n, size, generator):
    "Nothing, split, is nothing."
    _refuse_sizes_below_one(size)
    return list(torch.randperm(n, generator=generator).split(size))


@misconception(
    caught_by=("test_batches_of_no_size_are_refused", "test_batches_of_a_negative_size_are_refused")
)
def takes_any_size(n, size, generator):
    "range and slices complain when the size makes no sense."
    return _cut(torch.randperm(n, generator=generator), size)


@misconception(caught_by="test_batches_of_a_negative_size_are_refused")
def refuses_only_none(n, size, generator):
    "Batches of 0 are what cannot be."
    if size == 0:
        raise ValueError("size is 0")
    return _cut(torch.randperm(n, generator=generator), size)


@misconception(caught_by="test_batches_of_no_size_are_refused")
def corrects_the_size(n, size, generator):
    "A size below 1 is meant to be 1."
    return _cut(torch.randperm(n, generator=generator), max(size, 1))


@misconception(caught_by="test_the_batches_come_in_a_list")
def gives_a_tuple(n, size, generator):
    "Tuple or list, it is all the same to whoever walks over it."
    _refuse_sizes_below_one(size)
    return tuple(_cut(torch.randperm(n, generator=generator), size))


@misconception(caught_by="test_the_batches_come_in_a_list")
def gives_a_generator(n, size, generator):
    "Batches are made one by one, when they are asked for."
    _refuse_sizes_below_one(size)
    order = torch.randperm(n, generator=generator)
    return (order[start : start + size] for start in range(0, n, size))


@misconception(caught_by="test_batches_are_tensors_on_the_cpu")
def gives_lists_of_numbers(n, size, generator):
    "An index is a Python number."
    _refuse_sizes_below_one(size)
    return [batch.tolist() for batch in _cut(torch.randperm(n, generator=generator), size)]


@misconception(caught_by="test_indices_are_int64")
def saves_memory(n, size, generator):
    "32 bits are enough for an index."
    _refuse_sizes_below_one(size)
    return _cut(torch.randperm(n, generator=generator, dtype=torch.int32), size)


@misconception(caught_by="test_a_batch_of_one_index_is_a_batch")
def squeezes_a_batch_of_one(n, size, generator):
    "A batch of one index is that index."
    _refuse_sizes_below_one(size)
    return [batch.squeeze() for batch in _cut(torch.randperm(n, generator=generator), size)]


@misconception(caught_by="test_a_seed_gives_one_order")
def ignores_the_generator(n, size, generator):
    "Chance is chance, wherever it comes from."
    _refuse_sizes_below_one(size)
    return _cut(torch.randperm(n), size)


@misconception(caught_by="test_another_seed_gives_another_order")
def seeds_the_generator(n, size, generator):
    "A generator has to be seeded before it is used."
    _refuse_sizes_below_one(size)
    return _cut(torch.randperm(n, generator=generator.manual_seed(0)), size)


@misconception(
    caught_by=("test_the_next_call_gives_another_order", "test_what_was_drawn_before_counts")
)
def begins_again_at_the_seed(n, size, generator):
    "The same seed gives the same order, so every call begins at the seed."
    _refuse_sizes_below_one(size)
    again = torch.Generator().manual_seed(generator.initial_seed())
    return _cut(torch.randperm(n, generator=again), size)


@misconception(caught_by="test_the_next_call_gives_another_order")
def leaves_the_generator_as_it_was(n, size, generator):
    "A function leaves what it is given as it is, the generator too."
    _refuse_sizes_below_one(size)
    return _cut(torch.randperm(n, generator=generator.clone_state()), size)


@misconception(caught_by="test_the_global_generator_of_torch_stays_as_it_is")
def seeds_the_global_generator(n, size, generator):
    "torch.manual_seed is how an order is made repeatable."
    _refuse_sizes_below_one(size)
    # As torch.manual_seed does, which takes a millisecond more, to be ready for a GPU to come.
    torch.default_generator.manual_seed(int(torch.randint(2**62, (), generator=generator)))
    return _cut(torch.randperm(n), size)


@misconception(caught_by="test_the_generators_of_python_and_numpy_stay_as_they_are")
def seeds_pythons_generator(n, size, generator):
    "random.shuffle shuffles; it only needs a seed."
    _refuse_sizes_below_one(size)
    order = list(range(n))
    random.seed(int(torch.randint(2**62, (), generator=generator)))
    random.shuffle(order)
    return _cut(torch.tensor(order, dtype=torch.int64), size)


@misconception(caught_by="test_the_generators_of_python_and_numpy_stay_as_they_are")
def seeds_numpys_generator(n, size, generator):
    "The order of np.random.permutation is made repeatable by np.random.seed."
    _refuse_sizes_below_one(size)
    np.random.seed(int(torch.randint(2**32, (), generator=generator)))
    return _cut(torch.from_numpy(np.random.permutation(n)), size)


@misconception(caught_by="test_a_batch_draws_from_everywhere")
def shuffles_within_batches(n, size, generator):
    "Shuffled batches are batches that are shuffled."
    _refuse_sizes_below_one(size)
    batches = _cut(torch.arange(n), size)
    return [batch[torch.randperm(len(batch), generator=generator)] for batch in batches]


@misconception(caught_by="test_a_batch_draws_from_everywhere")
def shuffles_a_buffer(n, size, generator):
    "A buffer of a hundred mixes well enough, however long the data set is."
    _refuse_sizes_below_one(size)
    buffer, order = list(range(min(n, 100))), []
    for coming in [*range(100, n), *[None] * len(buffer)]:
        place = int(torch.randint(len(buffer), (), generator=generator))
        order.append(buffer.pop(place))
        if coming is not None:
            buffer.append(coming)
    return _cut(torch.tensor(order, dtype=torch.int64), size)


@misconception(caught_by="test_no_batch_is_in_ascending_order")
def shuffles_the_batches(n, size, generator):
    "It is the order of the batches that counts."
    _refuse_sizes_below_one(size)
    batches = _cut(torch.arange(n), size)
    whole = len(batches) if n % size == 0 else len(batches) - 1
    order = torch.randperm(max(whole, 0), generator=generator).tolist()
    return [batches[place] for place in order] + batches[whole:]


@misconception(caught_by="test_no_batch_is_in_ascending_order")
def sorts_each_batch(n, size, generator):
    "Within a batch the order is of no account, so it may as well be the natural one."
    _refuse_sizes_below_one(size)
    batches = _cut(torch.randperm(n, generator=generator), size)
    return [batch.sort().values for batch in batches]


@misconception(caught_by="test_all_orders_are_equally_likely")
def swaps_each_place_with_any(n, size, generator):
    "To shuffle is to swap each place with any place."
    _refuse_sizes_below_one(size)
    order = list(range(n))
    for place, other in enumerate(torch.randint(max(n, 1), (n,), generator=generator).tolist()):
        order[place], order[other] = order[other], order[place]
    return _cut(torch.tensor(order, dtype=torch.int64), size)


@misconception(caught_by="test_all_orders_are_equally_likely")
def sorts_by_random_integers(n, size, generator):
    "To sort by random numbers is to shuffle, and ties do no harm."
    _refuse_sizes_below_one(size)
    return _cut(torch.randint(max(n, 1), (n,), generator=generator).argsort(), size)


@misconception(caught_by="test_an_index_may_stay_in_its_place")
def swaps_with_earlier_places_only(n, size, generator):
    "In a shuffle every item moves."
    _refuse_sizes_below_one(size)
    order = list(range(n))
    for last in range(n - 1, 0, -1):
        other = int(torch.randint(last, (), generator=generator))
        order[last], order[other] = order[other], order[last]
    return _cut(torch.tensor(order, dtype=torch.int64), size)


def _refuse_sizes_below_one(size):
    if size < 1:
        raise ValueError(f"size is {size}: a batch holds at least one index")


def _cut(order, size):
    return [order[start : start + size] for start in range(0, len(order), size)]
