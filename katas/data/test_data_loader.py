import operator
from collections import Counter
from itertools import islice, zip_longest

import torch
import torch.utils.data

from dojo.checks import answer_of, assert_same
from katas.data.data_loader import DataLoader


def test_batches_are_those_of_torchs_own():
    for size in (1, 3, 4, 10, 16):
        dataset = Pairs(10)
        expected = list(torch.utils.data.DataLoader(dataset, size))
        assert_batches(batches(dataset, size), expected, f"ten items by {size}")


def test_a_batch_is_two_tensors():
    for size in (1, 2, 3):
        loader = make(Pairs(6), size)
        assert_two_tensors(answer_of(lambda: next(iter(loader)), "there is a first batch"))


def test_inputs_keep_their_dtype():
    for dtype in (torch.uint8, torch.float64, torch.bool, torch.float16):
        x = torch.tensor([[1, 0, 1]], dtype=dtype)
        ((inputs, _),) = batches(Pairs(2, x), 2)
        assert_same(inputs, torch.stack([x, x]), f"inputs of {dtype} are stacked, not converted")


def test_inputs_of_any_shape_get_a_first_axis():
    for shape in ((), (1,), (5,), (1, 2, 3)):
        x = torch.full(shape, -2.0)
        for size in (1, 4):
            ((inputs, _), *_) = batches(Pairs(4, x), size)
            got = tuple(inputs.shape)
            assert got == (size, *shape), (
                f"{size} inputs of shape {shape} are a batch of {(size, *shape)}, got {got}"
            )


def test_targets_are_int64():
    for size in (1, 4):
        _, targets = batches(Pairs(4), size)[0]
        assert targets.dtype == torch.int64, f"targets are int64, got {targets.dtype}"


def test_drop_last_leaves_out_a_short_batch():
    for size, expected in ((3, [[0, 1, 2], [3, 4, 5]]), (4, [[0, 1, 2, 3]]), (8, [])):
        got = places(batches(Pairs(7), size, drop_last=True))
        assert got == expected, (
            f"of seven items by {size} with drop_last the whole batches are left, {expected}, got "
            f"{got}"
        )


def test_drop_last_keeps_a_whole_last_batch():
    for size, expected in ((3, [[0, 1, 2], [3, 4, 5]]), (6, [[0, 1, 2, 3, 4, 5]])):
        got = places(batches(Pairs(6), size, drop_last=True))
        assert got == expected, f"six items by {size} are whole batches and stay, got {got}"


def test_the_length_counts_batches():
    for size, expected in ((1, 10), (3, 4), (4, 3), (5, 2), (10, 1), (16, 1)):
        got = length(Pairs(10), size)
        assert got == expected, (
            f"ten items by {size} are {expected} batches, len gives {got}: 10 would mean items, "
            f"{10 // size} that a short batch does not count"
        )


def test_the_length_knows_drop_last():
    for size, expected in ((1, 10), (3, 3), (4, 2), (5, 2), (10, 1), (16, 0)):
        got = length(Pairs(10), size, drop_last=True)
        assert got == expected, (
            f"ten items by {size} with drop_last are {expected} batches, len gives {got}"
        )


def test_no_items_are_no_batches():
    for options in ({}, {"shuffle": True}, {"drop_last": True}):
        got = length(Pairs(0), 3, **options), len(batches(Pairs(0), 3, **options))
        assert got == (0, 0), f"no items with {options}: no batches, len and a loop give {got}"


def test_unless_told_it_does_not_shuffle():
    got = places(batches(Pairs(20), 6))
    expected = [[*range(6)], [*range(6, 12)], [*range(12, 18)], [18, 19]]
    assert got == expected, f"without shuffle items come in the order of the data set, got {got}"


def test_shuffled_pairs_stay_together(generator):
    loader = make(Pairs(20), 6, shuffle=True, generator=generator)
    for inputs, targets in walked(loader):
        expected = torch.tensor([target_of(int(x)) for x in inputs[:, 0]])
        meaning = "the targets of the batch's inputs, in order: were the two shuffled apart?"
        assert_same(targets, expected, meaning)


def test_a_shuffled_epoch_has_each_item_once(generator):
    for size in (1, 6, 30):
        got = sorted(flat(batches(Pairs(20), size, shuffle=True, generator=generator)))
        assert got == list(range(20)), (
            f"twenty items, shuffled, by {size}: each comes once in an epoch, got {got}"
        )


def test_an_item_meets_more_than_one_other(generator):
    loader = make(Pairs(6), 2, shuffle=True, generator=generator)
    met = {i: set() for i in range(6)}
    for _ in range(50):
        for one, other in places(walked(loader)):
            met[one].add(other)
            met[other].add(one)
    for i, others in met.items():
        # Each of the other five shares the batch in a fifth of all epochs.
        assert len(others) > 1, (
            f"six items in batches of 2, 50 epochs: item {i} shares a batch with {others} only. "
            "Are items shuffled, or whole batches, or only the items of each batch?"
        )


def test_every_order_is_equally_likely(generator):
    loader = make(Pairs(3), 1, shuffle=True, generator=generator)
    drawn = Counter(tuple(flat(walked(loader))) for _ in range(600))
    assert len(drawn) == 6, f"three items have 6 orders, 600 epochs show {len(drawn)}: {drawn}"
    # 100 each, with a deviation of 9.1.
    assert 50 < min(drawn.values()) <= max(drawn.values()) < 150, (
        f"of 600 epochs each of the 6 orders of three items has about 100, got {drawn}"
    )


def test_each_epoch_has_an_order_of_its_own(generator):
    loader = make(Pairs(20), 6, shuffle=True, generator=generator)
    orders = [tuple(flat(walked(loader))) for _ in range(5)]
    assert len(set(orders)) == 5, (
        f"five epochs of twenty items, {len(set(orders))} orders: the order is drawn anew each time"
    )


def test_equal_states_give_equal_orders():
    first, second = (
        make(Pairs(20), 6, shuffle=True, generator=torch.Generator().manual_seed(3))
        for _ in range(2)
    )
    for epoch in range(3):
        orders = places(walked(first)), places(walked(second))
        assert orders[0] == orders[1], (
            f"two generators of one seed, epoch {epoch}: {orders[0]} and {orders[1]}, where one "
            "would expect the same: are both used, and nothing else?"
        )


def test_other_states_give_other_orders(generator):
    orders = [
        tuple(flat(batches(Pairs(20), 6, shuffle=True, generator=generator))) for _ in range(3)
    ]
    assert len(set(orders)) == 3, (
        f"the generator went on between three loaders, which have {len(set(orders))} different "
        "orders: is it seeded anew?"
    )


def test_with_a_generator_the_global_one_rests(generator):
    before = torch.get_rng_state()
    batches(Pairs(20), 6, shuffle=True, generator=generator)
    assert torch.equal(torch.get_rng_state(), before), "torch's global generator was drawn from"


def test_without_a_generator_orders_differ():
    loader = make(Pairs(20), 6, shuffle=True)
    orders = [flat(walked(loader)), flat(walked(loader))]
    orders.append(flat(batches(Pairs(20), 6, shuffle=True)))
    assert len(set(map(tuple, orders))) == 3, (
        f"without a generator two epochs and another loader's have the orders {orders}: does a new "
        "generator start from the same seed each time?"
    )


def test_without_a_generator_the_global_one_draws():
    orders = []
    with torch.random.fork_rng(devices=[]):
        for _ in range(2):
            torch.manual_seed(5)
            orders.append(flat(batches(Pairs(20), 6, shuffle=True)))
    assert orders[0] == orders[1], (
        f"after torch.manual_seed(5) the order is {orders[0]} once and {orders[1]} once: without a "
        "generator torch's global one draws"
    )


def test_without_shuffle_nothing_is_drawn(generator):
    before = torch.get_rng_state(), generator.get_state()
    batches(Pairs(20), 6)
    batches(Pairs(20), 6, generator=generator)
    after = torch.get_rng_state(), generator.get_state()
    for which, one, other in zip(("global", "given"), before, after, strict=True):
        assert torch.equal(one, other), (
            f"without shuffle the {which} generator was drawn from, which changes what others draw"
        )


def test_the_order_is_drawn_by_iter(generator):
    loader = make(Pairs(20), 6, shuffle=True, generator=generator)
    before = generator.get_state()
    iterator = answer_of(lambda: iter(loader), "iter() begins an epoch")
    after = generator.get_state()
    assert not torch.equal(after, before), "iter() was called, and no order drawn"
    answer_of(lambda: next(iterator), "there is a first batch")
    assert torch.equal(generator.get_state(), after), "numbers were drawn after iter(), by next()"


def test_a_second_epoch_is_as_long():
    loader = make(Pairs(7), 3)
    first, second = places(walked(loader)), places(walked(loader))
    assert first == second, f"the first epoch is {first}, the second {second}: begin anew"


def test_iterators_do_not_disturb_each_other(generator):
    for shuffle in (False, True):
        loader = make(Pairs(7), 3, shuffle=shuffle, generator=generator)
        one, other = iter(loader), iter(loader)
        met = answer_of(lambda: list(islice(zip_longest(one, other), 100)), "two walk in turn")
        for number, walk in enumerate(zip(*met, strict=True)):
            got = sorted(flat([batch for batch in walk if batch is not None]))
            assert got == list(range(7)), (
                f"two iterators in turn, shuffle={shuffle}: number {number} gives items {got} of 0 "
                "to 6, and each is to walk an epoch of its own"
            )


def test_nothing_is_read_before_the_first_batch():
    dataset = Pairs(10)
    loader = make(dataset, 4)
    length(dataset, 4)
    answer_of(lambda: iter(loader), "iter() begins an epoch")
    assert not dataset.read, f"no batch was asked for, and items {dataset.read} are read"


def test_items_are_read_when_their_batch_is_due():
    dataset = Pairs(10)
    iterator = iter(make(dataset, 4))
    for due in ([0, 1, 2, 3], [4, 5, 6, 7], [8, 9]):
        before = len(dataset.read)
        answer_of(lambda: next(iterator), f"the batch of items {due} is due")
        read = sorted(set(dataset.read[before:]))
        assert read == due, f"the batch of items {due} was asked for, and items {read} are read"


def test_an_epoch_reads_each_item_once(generator):
    for shuffle in (False, True):
        dataset = Pairs(10)
        batches(dataset, 4, shuffle=shuffle, generator=generator)
        assert sorted(dataset.read) == list(range(10)), (
            f"an epoch of ten items, shuffle={shuffle}, reads each once, got {dataset.read}"
        )


def test_the_next_epoch_reads_the_items_anew(generator):
    for shuffle in (False, True):
        dataset = Pairs(10)
        loader = make(dataset, 4, shuffle=shuffle, generator=generator)
        for epoch in (1, 2, 3):
            dataset.read.clear()
            walked(loader)
            read = sorted(set(dataset.read))
            assert read == list(range(10)), (
                f"epoch {epoch}, shuffle={shuffle}, reads all ten items, which may differ from "
                f"those read before (cut or turned at random); got {read}"
            )


def test_a_batch_shares_no_memory():
    for size in (1, 2):
        dataset = Pairs(4, torch.tensor([3.0, -4.0]))
        first, second = (inputs for inputs, _ in batches(dataset, size)[:2])
        first.zero_()
        for what, x in (("an item", dataset[0][0]), ("the next batch", second[0])):
            meaning = f"{what}, after the first batch of {size} was filled with zeros"
            assert_same(x, torch.tensor([3.0, -4.0]), meaning)


def test_it_does_without_torchs_own(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("torch.utils.data.DataLoader is at work: build your own")

    monkeypatch.setattr(torch.utils.data.DataLoader, "__init__", refuse)
    got = places(batches(Pairs(3), 2))
    assert got == [[0, 1], [2]], f"three items by 2, got {got}"


def test_the_data_set_is_asked_for_one_place_at_a_time(generator):
    for options in ({}, {"shuffle": True, "generator": generator}):
        got = sorted(flat(batches(OneByOne(5), 2, **options)))
        assert got == [0, 1, 2, 3, 4], f"five items by 2 with {options}, got items {got}"


class Pairs:
    """Items of which each is read by its place, or several by a slice; notes what is read.

    Item i is a tensor that begins with i, or the one given, and a target, some of them negative.
    """

    def __init__(self, count, x=None):
        self.count, self.x, self.read = count, x, []

    def __len__(self):
        return self.count

    def __getitem__(self, place):
        if isinstance(place, slice):
            return [self[i] for i in range(*place.indices(self.count))]
        i = operator.index(place)
        if not -self.count <= i < self.count:
            raise IndexError(f"item {i} of {self.count}")
        i %= self.count
        self.read.append(i)
        return torch.tensor([i, -0.5 * i, 1.0]) if self.x is None else self.x, target_of(i)


class OneByOne(Pairs):
    """Pairs that do what the stub promises of a data set, and no more."""

    def __getitem__(self, place):
        if not 0 <= operator.index(place) < self.count:
            raise TypeError(f"dataset[{place!r}]: places go from 0 to {self.count - 1}")
        return super().__getitem__(place)

    def __iter__(self):
        raise TypeError("it can't be iterated over: ask for dataset[i]")


def target_of(i):
    return 3 * i - 10


def make(dataset, size, **options):
    why = f"{len(dataset)} items by {size} make a loader"
    return answer_of(lambda: DataLoader(dataset, size, **options), why)


def walked(loader):
    """The batches of an epoch; an endless one is cut off."""
    walk = answer_of(lambda: list(islice(loader, 100)), "an epoch can be walked")
    for batch in walk:
        assert_two_tensors(batch)
    return walk


def assert_two_tensors(batch):
    pair = isinstance(batch, tuple | list) and len(batch) == 2
    tensors = pair and all(isinstance(part, torch.Tensor) for part in batch)
    assert tensors, f"a batch is (inputs, targets), two tensors, got {batch!r}"


def batches(dataset, size, **options):
    return walked(make(dataset, size, **options))


def length(dataset, size, **options):
    return answer_of(lambda: len(make(dataset, size, **options)), "a loader has a length")


def places(walk):
    """The numbers of the items in each batch."""
    why = "the inputs of a batch are stacked along a first axis"
    return answer_of(lambda: [[int(x) for x in inputs[:, 0]] for inputs, _ in walk], why)


def flat(walk):
    return [i for batch in places(walk) for i in batch]


def assert_batches(got, expected, what):
    assert len(got) == len(expected), f"{what} are {len(expected)} batches, got {len(got)}"
    for number, (mine, theirs) in enumerate(zip(got, expected, strict=True)):
        for part, name in enumerate(("inputs", "targets")):
            assert_same(mine[part], theirs[part], f"{name} of batch {number}, {what}")
