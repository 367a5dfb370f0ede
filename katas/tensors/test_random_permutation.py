import random
from collections import Counter
from itertools import chain, permutations

import numpy as np
import torch

from dojo.checks import assert_refused
from katas.tensors.random_permutation import shuffled_batches

# n and size: with a last batch of 2, of 1, of the full size, with one short batch, with many.
CUTS = ((10, 4), (9, 4), (12, 4), (3, 5), (6, 1), (1, 1), (1_000, 64))


def order_of(batches):
    """All indices in a row; np.ravel takes batches of any make, which other tests ask for."""
    return list(chain.from_iterable(np.ravel(batch).tolist() for batch in batches))


def sizes_of(batches):
    return [len(np.ravel(batch)) for batch in batches]


def drawn(n, seed):
    return order_of(shuffled_batches(n, 4, torch.Generator().manual_seed(seed)))


def test_no_index_comes_twice(generator):
    for n, size in CUTS:
        times = Counter(order_of(shuffled_batches(n, size, generator)))
        index, most = max(times.items(), key=lambda item: item[1], default=(0, 1))
        assert most == 1, (
            f"{n} indices in batches of {size}: {index} comes {most} times, "
            "and once it has been drawn it is not to be drawn again"
        )


def test_no_index_is_missing(generator):
    for n, size in CUTS:
        missing = sorted(set(range(n)) - set(order_of(shuffled_batches(n, size, generator))))
        assert not missing, (
            f"{n} indices in batches of {size}: all from 0 to {n - 1} are to come, "
            f"got none of {', '.join(map(str, missing[:5]))}"
        )


def test_all_batches_but_the_last_are_of_the_size(generator):
    for n, size, expected in (
        (10, 4, [4, 4, 2]),
        (9, 4, [4, 4, 1]),
        (12, 4, [4, 4, 4]),
        (3, 5, [3]),
        (5, 5, [5]),
        (3, 1, [1, 1, 1]),
    ):
        got = sizes_of(shuffled_batches(n, size, generator))
        assert got == expected, f"{n} in batches of {size}: sizes {expected}, got {got}"


def test_no_indices_give_no_batches(generator):
    for size in (1, 4):
        got = sizes_of(shuffled_batches(0, size, generator))
        assert got == [], (
            f"0 indices in batches of {size}: no batches, got batches of sizes {got}: "
            "[0] would mean that there is an empty one"
        )


def test_batches_of_no_size_are_refused(generator):
    for n in (10, 1):
        assert_refused(
            lambda: shuffled_batches(n, 0, generator),
            ValueError,
            "a batch of size 0 holds nothing",
            mentions=(0,),
        )


def test_batches_of_a_negative_size_are_refused(generator):
    for size in (-1, -4):
        assert_refused(
            lambda: shuffled_batches(10, size, generator),
            ValueError,
            f"no batch is of size {size}",
            mentions=(size,),
        )


def test_the_batches_come_in_a_list(generator):
    for n in (10, 0):
        got = shuffled_batches(n, 4, generator)
        assert isinstance(got, list), f"expected a list of batches, got a {type(got).__name__}"


def test_batches_are_tensors_on_the_cpu(generator):
    for batch in shuffled_batches(10, 4, generator):
        is_tensor = isinstance(batch, torch.Tensor)
        assert is_tensor, f"a batch is a tensor, got a {type(batch).__name__}: {batch}"
        assert batch.device.type == "cpu", f"a batch is on the CPU, got one on {batch.device}"


def test_indices_are_int64(generator):
    for batch in shuffled_batches(10, 4, generator):
        dtype = getattr(batch, "dtype", type(batch).__name__)
        assert dtype == torch.int64, f"indices are int64, got {dtype}"


def test_a_batch_of_one_index_is_a_batch(generator):
    for n, size in ((9, 4), (1, 1)):
        for batch in shuffled_batches(n, size, generator):
            shape = np.shape(batch)
            assert len(shape) == 1, (
                f"{n} in batches of {size}: a batch has one axis, got one of shape {shape}: "
                "() would mean that it is no batch but an index"
            )


def test_a_seed_gives_one_order():
    for seed in (0, 1):
        first, second = drawn(20, seed), drawn(20, seed)
        assert first == second, (
            f"seed {seed} gave {first} and then {second}: the generator is not what they came from"
        )


def test_another_seed_gives_another_order():
    orders = [drawn(20, seed) for seed in (0, 1, 2**40)]
    assert orders[0] != orders[1] != orders[2], (
        f"the seeds 0, 1 and 2**40 gave {orders}: the seed of the generator counted for nothing"
    )


def test_the_next_call_gives_another_order(generator):
    first, second = (order_of(shuffled_batches(20, 6, generator)) for _ in range(2))
    assert first != second, (
        f"two calls with one generator both gave {first}: every epoch would see the same order"
    )


def test_what_was_drawn_before_counts(generator):
    seed = generator.initial_seed()
    torch.rand(3, generator=generator)
    order, fresh = order_of(shuffled_batches(20, 4, generator)), drawn(20, seed)
    assert order != fresh, (
        f"a generator that others had drawn from gave {fresh}, as one that is fresh from its seed"
    )


def test_the_global_generator_of_torch_stays_as_it_is(generator):
    before = torch.get_rng_state()
    shuffled_batches(20, 6, generator)
    assert torch.equal(torch.get_rng_state(), before), (
        "torch's global generator was drawn from, or seeded: others that use it get other numbers"
    )


def test_the_generators_of_python_and_numpy_stay_as_they_are(generator):
    def states():
        _, numbers, place, *_ = np.random.get_state()
        return {"Python": random.getstate(), "NumPy": (place, numbers.tolist())}

    for n in (23, 31):  # after two calls no seed has brought them back to where they were
        before = states()
        shuffled_batches(n, 6, generator)
        touched = [whose for whose, state in states().items() if state != before[whose]]
        assert not touched, f"the generator of {' and '.join(touched)} was drawn from, or seeded"


def test_a_batch_draws_from_everywhere(generator):
    for batch in shuffled_batches(1_000, 100, generator):
        low = sum(index < 500 for index in order_of([batch]))
        assert 0 < low < 100, (
            f"a batch of 100 from 1,000 holds {low} below 500, where about 50 are expected: "
            "it was filled from one part of the indices"
        )


def test_no_batch_is_in_ascending_order(generator):
    for batch in shuffled_batches(100, 10, generator):
        indices = order_of([batch])
        # 10 shuffled indices are in this order in one of 3,628,800 cases.
        assert indices != sorted(indices), f"a batch is {indices}, in ascending order: not shuffled"


def test_an_index_may_stay_in_its_place(generator):
    orders = [order_of(shuffled_batches(4, 3, generator)) for _ in range(200)]
    for place in range(4):
        # Never in 200 draws: once in 10**25 cases.
        assert any(order[place] == place for order in orders), (
            f"in 200 orders of 0, 1, 2, 3 index {place} never came at place {place}: "
            "chance may leave an index where it was"
        )


def test_all_orders_are_equally_likely(generator):
    times = Counter(tuple(order_of(shuffled_batches(4, 3, generator))) for _ in range(9_600))
    orders = list(permutations(range(4)))
    chi_square = sum((times[order] - 400) ** 2 / 400 for order in orders)
    rarest, commonest = (choose(orders, key=times.__getitem__) for choose in (min, max))
    # 23 degrees of freedom: fair draws come above 70 in one of a million runs.
    assert chi_square < 70, (
        f"each of the 24 orders of 0, 1, 2, 3 is expected 400 times in 9,600, {commonest} came "
        f"{times[commonest]} times and {rarest} {times[rarest]} times: chi-square is "
        f"{chi_square:.0f}, and below 70 for a fair shuffle"
    )
