"""What does a DataLoader do?

It stands between a data set, which gives one example at a time, and a training loop, which wants
batches of them, epoch after epoch. Build one, without torch's own DataLoader.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Generator, Tensor

from dojo import alternative, misconception

__all__ = ["DataLoader"]


class DataLoader:
    """Batches of a data set: iterating over it is one epoch.

    A batch is (inputs, targets), two new tensors: the items' inputs stacked along a new first axis,
    in their own dtype, and their targets as int64, in the same order. Each batch has batch_size
    items. The last one holds what is left over and may be shorter; with drop_last a shorter one is
    left out. len() is the number of batches of an epoch. Without items there are none.

    In an epoch each item comes once (but for those that drop_last leaves out): in the order of the
    data set, or, with shuffle, in an order that is drawn anew for each epoch, all orders equally
    likely. It is drawn when iter() is called, from the generator; without a generator from torch's
    global one. Nothing else is drawn, and without shuffle nothing at all.

    Any number of iterators may be in use at a time; each walks an epoch of its own. Each epoch
    reads the items anew: each once, and not before somebody asks for its batch.
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int,
        shuffle: bool = False,
        drop_last: bool = False,
        generator: Generator | None = None,
    ) -> None:
        """Take the data set and how it is to be walked.

        Args:
            dataset: dataset[i] is a pair, a tensor and an int, for each i from 0 to
                len(dataset) - 1. It can do no more than that: one i at a time, no slices, and no
                iterating. All its tensors have one shape, which may be (), and one dtype.
            batch_size: At least 1.
            shuffle: Whether to draw the order.
            drop_last: Whether to leave out a last batch that is shorter than the others.
            generator: A CPU generator; equal states give equal orders.
        """
        self.dataset, self.batch_size = dataset, batch_size
        self.shuffle, self.drop_last, self.generator = shuffle, drop_last, generator

    def __len__(self) -> int:
        whole, rest = divmod(len(self.dataset), self.batch_size)
        return whole + (rest > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        order = list(range(len(self.dataset)))
        if self.shuffle:
            order = torch.randperm(len(order), generator=self.generator).tolist()
        return self._batches(order)

    def _batches(self, order: list[int]) -> Iterator[tuple[Tensor, Tensor]]:
        for start in range(0, len(self) * self.batch_size, self.batch_size):
            items = [self.dataset[i] for i in order[start : start + self.batch_size]]
            yield torch.stack([x for x, _ in items]), torch.tensor([y for _, y in items])


HINTS = (
    "Shuffle places, not items: what is drawn is a list of whole numbers, and an item is read only "
    "when its number is due.",
    "An epoch is a list of places, cut into pieces of batch_size. For each piece: read its items, "
    "part inputs from targets, and stack them. A function with yield starts at the first "
    "next(); the order is due before that.",
    "__iter__ draws torch.randperm(count, generator=...).tolist(), or takes range(count), and "
    "returns self._batches(order), a method with yield that slices the order, reads the items of "
    "the slice and gives torch.stack of their inputs, torch.tensor of their targets.",
)
ANSWER = """
A DataLoader turns "item i, please" into epochs: it draws an order of places, cuts it into pieces,
reads the items of a piece when that piece is due, and stacks them. What is shuffled is a list of
numbers, so inputs and targets cannot part, and a data set that does not fit into memory need not.
Worker processes and pinned memory make the same faster; they add nothing to what it does.

The order must be new each epoch. With one order the same items always meet, the same ones come
last, and drop_last never shows the network the tail. A quiet way to get there is a generator made
anew at each epoch: torch.Generator() without a seed starts from one fixed seed, every time. And
drawing has a side: whoever draws from the global generator moves it for all others. torch's own
DataLoader draws a number at each iter(), shuffled or not, so that one more look at the validation
set changes how training goes on. A generator of its own for each loader keeps them apart.
"""


@alternative
class HasAnIterator:
    def __init__(self, dataset, batch_size, shuffle=False, drop_last=False, generator=None):
        self._dataset, self._size, self._shuffle = dataset, batch_size, shuffle
        self._drop, self._generator = drop_last, generator

    def __len__(self):
        return (len(self._dataset) + (0 if self._drop else self._size - 1)) // self._size

    def __iter__(self):
        return _Epoch(self._dataset, self._size, len(self), self._order())

    def _order(self):
        if not self._shuffle:
            return torch.arange(len(self._dataset))
        chances = torch.rand(len(self._dataset), generator=self._generator, dtype=torch.float64)
        return chances.argsort()


class _Epoch:
    def __init__(self, dataset, size, batches, order):
        self.dataset, self.size, self.batches, self.order = dataset, size, batches, order
        self.number = 0

    def __iter__(self):
        return self

    def __next__(self):
        if self.number == self.batches:
            raise StopIteration
        start = self.number * self.size
        self.number += 1
        items = [self.dataset[int(i)] for i in self.order[start : start + self.size]]
        inputs = torch.cat([x.unsqueeze(0) for x, _ in items])
        return [inputs, torch.as_tensor([y for _, y in items])]


@alternative
class FillsBatches:
    def __init__(self, dataset, batch_size, shuffle=False, drop_last=False, generator=None):
        self.dataset, self.batch_size = dataset, batch_size
        self.shuffle, self.drop_last, self.generator = shuffle, drop_last, generator

    def __len__(self):
        whole = len(self.dataset) // self.batch_size
        if not self.drop_last and whole * self.batch_size < len(self.dataset):
            whole += 1
        return whole

    def __iter__(self):
        order = list(range(len(self.dataset)))
        if self.shuffle:  # Fisher and Yates, from the back
            for last in range(len(order) - 1, 0, -1):
                other = int(torch.randint(last + 1, (), generator=self.generator))
                order[last], order[other] = order[other], order[last]
        return self._filled(order)

    def _filled(self, order):
        xs, ys = [], []
        for i in order:
            x, y = self.dataset[i]
            xs.append(x)
            ys.append(y)
            if len(xs) == self.batch_size:
                yield torch.stack(xs), torch.tensor(ys)
                xs, ys = [], []
        if xs and not self.drop_last:
            yield torch.stack(xs), torch.tensor(ys)


@alternative
class SplitsTheOrder:
    def __init__(self, dataset, batch_size, shuffle=False, drop_last=False, generator=None):
        self.dataset, self.size, self.shuffle, self.drop = dataset, batch_size, shuffle, drop_last
        self.draws = generator if generator is not None else torch.default_generator

    def __len__(self):
        return len(range(0, len(self.dataset) - self.drop * (self.size - 1), self.size))

    def __iter__(self):
        count = len(self.dataset)
        order = torch.randperm(count, generator=self.draws) if self.shuffle else torch.arange(count)
        return map(self._read, order.split(self.size)[: len(self)])

    def _read(self, places):
        from torch.utils.data import default_collate

        return default_collate([self.dataset[i] for i in places])


class _Loader:
    """What the wrong answers below share: all but the mistake."""

    def __init__(self, dataset, batch_size, shuffle=False, drop_last=False, generator=None):
        self.dataset, self.batch_size = dataset, batch_size
        self.shuffle, self.drop_last, self.generator = shuffle, drop_last, generator

    def __len__(self):
        return self.count()

    def count(self):
        rounded_up = 0 if self.drop_last else self.batch_size - 1
        return (len(self.dataset) + rounded_up) // self.batch_size

    def __iter__(self):
        return self.batches(self.order())

    def order(self):
        count = len(self.dataset)
        return self.drawn(count).tolist() if self.shuffle else list(range(count))

    def drawn(self, count):
        return torch.randperm(count, generator=self.generator)

    def batches(self, order):
        size = self.batch_size
        return (self.batch(order[k * size : (k + 1) * size]) for k in range(self.count()))

    def batch(self, places):
        return self.stacked([self.dataset[i] for i in places])

    def stacked(self, items):
        inputs, targets = zip(*items, strict=True)
        return torch.stack(inputs), torch.tensor(targets)


@misconception(caught_by="test_each_epoch_has_an_order_of_its_own")
class OneOrderForAll(_Loader):
    "A loader is shuffled when it is made."

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.kept = super().order()

    def order(self):
        return self.kept


@misconception(caught_by="test_shuffled_pairs_stay_together")
class ShufflesApart(_Loader):
    "Inputs are shuffled, and targets are shuffled."

    def __iter__(self):
        pairs = zip(super().__iter__(), super().__iter__(), strict=True)
        return ((inputs, targets) for (inputs, _), (_, targets) in pairs)


@misconception(caught_by="test_shuffled_pairs_stay_together")
class ShufflesInputsOnly(_Loader):
    "It is the inputs that a network must see in another order."

    def __iter__(self):
        if not self.shuffle:
            return super().__iter__()
        plain = self.batches(list(range(len(self.dataset))))
        pairs = zip(super().__iter__(), plain, strict=True)
        return ((inputs, targets) for (inputs, _), (_, targets) in pairs)


@misconception(caught_by=("test_batches_are_those_of_torchs_own", "test_the_length_counts_batches"))
class LosesTheTail(_Loader):
    "An epoch is len(dataset) // batch_size batches."

    def count(self):
        return len(self.dataset) // self.batch_size


@misconception(caught_by="test_the_length_knows_drop_last")
class OnlyTheLoopDrops(_Loader):
    "drop_last is a matter of the loop, the length stays."

    def __len__(self):
        return -(-len(self.dataset) // self.batch_size)


@misconception(
    caught_by=("test_the_length_knows_drop_last", "test_drop_last_leaves_out_a_short_batch")
)
class NeverDrops(_Loader):
    "Whoever wants no short batch can skip it."

    def count(self):
        return -(-len(self.dataset) // self.batch_size)


@misconception(caught_by="test_drop_last_keeps_a_whole_last_batch")
class AlwaysDropsOne(_Loader):
    "drop_last drops the last batch."

    def count(self):
        return max(0, -(-len(self.dataset) // self.batch_size) - self.drop_last)


@misconception(caught_by="test_the_length_counts_batches")
class CountsItems(_Loader):
    "The length of a loader is that of its data set."

    def __len__(self):
        return len(self.dataset)


@misconception(caught_by="test_no_items_are_no_batches")
class AlwaysHasABatch(_Loader):
    "There is at least one batch."

    def __len__(self):
        return max(1, self.count())


@misconception(caught_by="test_a_batch_is_two_tensors")
class GivesPairs(_Loader):
    "A batch is a list of examples."

    def stacked(self, items):
        return items


@misconception(caught_by="test_a_batch_is_two_tensors")
class GivesLists(_Loader):
    "zip(*items) makes a batch: all inputs, all targets."

    def stacked(self, items):
        inputs, targets = zip(*items, strict=True)
        return list(inputs), list(targets)


@misconception(caught_by="test_inputs_keep_their_dtype")
class MakesFloats(_Loader):
    "A network wants floats, so a batch is float32."

    def stacked(self, items):
        inputs, targets = super().stacked(items)
        return inputs.float(), targets


@misconception(caught_by="test_inputs_of_any_shape_get_a_first_axis")
class SqueezesABatchOfOne(_Loader):
    "A batch of one item is that item."

    def stacked(self, items):
        inputs, targets = super().stacked(items)
        return (inputs[0] if len(items) == 1 else inputs), targets


@misconception(caught_by="test_inputs_of_any_shape_get_a_first_axis")
class FlattensInputs(_Loader):
    "A batch is a table, with a row for each item."

    def stacked(self, items):
        inputs, targets = super().stacked(items)
        return inputs.reshape(len(items), -1), targets


@misconception(caught_by="test_targets_are_int64")
class MakesFloatTargets(_Loader):
    "torch.Tensor(numbers) makes a tensor of numbers."

    def stacked(self, items):
        inputs, targets = super().stacked(items)
        return inputs, torch.Tensor(targets.tolist())


@misconception(caught_by="test_unless_told_it_does_not_shuffle")
class ShufflesUnlessTold(_Loader):
    "Training data are shuffled, so that is the default."

    def __init__(self, dataset, batch_size, shuffle=True, drop_last=False, generator=None):
        super().__init__(dataset, batch_size, shuffle, drop_last, generator)


@misconception(caught_by="test_a_second_epoch_is_as_long")
class HasOnePass(_Loader):
    "The batches are made once, and handed out."

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.lot = super().__iter__()

    def __iter__(self):
        return self.lot


@misconception(caught_by="test_iterators_do_not_disturb_each_other")
class IsItsOwnIterator(_Loader):
    "An object that starts anew in __iter__ and has __next__ can be iterated over."

    def __iter__(self):
        self.walk = super().__iter__()
        return self

    def __next__(self):
        return next(self.walk)


@misconception(caught_by="test_an_item_meets_more_than_one_other")
class ShufflesBatches(_Loader):
    "To shuffle is to walk the batches in another order."

    def __iter__(self):
        size, plain = self.batch_size, list(range(len(self.dataset)))
        if not self.shuffle:
            return self.batches(plain)
        starts = torch.randperm(self.count(), generator=self.generator).tolist()
        return (self.batch(plain[k * size : (k + 1) * size]) for k in starts)


@misconception(caught_by="test_an_item_meets_more_than_one_other")
class ShufflesWithinBatches(_Loader):
    "To shuffle is to mix each batch."

    def drawn(self, count):
        pieces = torch.arange(count).split(self.batch_size)
        mixed = [p[torch.randperm(len(p), generator=self.generator)] for p in pieces]
        return torch.cat([torch.arange(0), *mixed])


@misconception(caught_by="test_a_shuffled_epoch_has_each_item_once")
class DrawsWithReplacement(_Loader):
    "Each place of an epoch is filled with an item drawn from all."

    def drawn(self, count):
        return torch.randint(max(count, 1), (count,), generator=self.generator)


@misconception(caught_by="test_every_order_is_equally_likely")
class StartsAnywhere(_Loader):
    "It is enough to start at another place each epoch."

    def drawn(self, count):
        start = torch.randint(max(count, 1), (), generator=self.generator)
        return torch.arange(count).roll(int(start))


@misconception(
    caught_by=(
        "test_equal_states_give_equal_orders",
        "test_with_a_generator_the_global_one_rests",
        "test_the_order_is_drawn_by_iter",
    )
)
class IgnoresTheGenerator(_Loader):
    "torch has a generator of its own."

    def drawn(self, count):
        return torch.randperm(count)


@misconception(caught_by="test_without_a_generator_orders_differ")
class MakesAGenerator(_Loader):
    "Without a generator a new one is as random as any."

    def drawn(self, count):
        return torch.randperm(count, generator=self.generator or torch.Generator())


@misconception(caught_by="test_without_a_generator_the_global_one_draws")
class DrawsWithPython(_Loader):
    "Without a generator Python's random will do."

    def drawn(self, count):
        import random

        if self.generator is None:
            return torch.tensor(random.sample(range(count), count))
        return super().drawn(count)


@misconception(
    caught_by=("test_other_states_give_other_orders", "test_each_epoch_has_an_order_of_its_own")
)
class SeedsTheGenerator(_Loader):
    "A generator has to be set to its seed before it is used."

    def drawn(self, count):
        if self.generator is not None:
            self.generator.manual_seed(self.generator.initial_seed())
        return super().drawn(count)


@misconception(caught_by="test_other_states_give_other_orders")
class CopiesTheSeed(_Loader):
    "A generator is its seed, and a loader should have one of its own."

    def __init__(self, dataset, batch_size, shuffle=False, drop_last=False, generator=None):
        if generator is not None:
            generator = torch.Generator().manual_seed(generator.initial_seed())
        super().__init__(dataset, batch_size, shuffle, drop_last, generator)


@misconception(caught_by="test_without_shuffle_nothing_is_drawn")
class AlwaysDraws(_Loader):
    "An order that is drawn and not used does no harm."

    def order(self):
        drawn = super().drawn(len(self.dataset)).tolist()
        return drawn if self.shuffle else list(range(len(self.dataset)))


@misconception(caught_by="test_the_order_is_drawn_by_iter")
class DrawsAtTheFirstBatch(_Loader):
    "The first line of a function with yield runs when it is called."

    def __iter__(self):
        yield from self.batches(self.order())


@misconception(caught_by="test_nothing_is_read_before_the_first_batch")
class ReadsEverythingFirst(_Loader):
    "An epoch begins with reading the data."

    def __iter__(self):
        return iter(list(super().__iter__()))


@misconception(caught_by="test_items_are_read_when_their_batch_is_due")
class ReadsOneBatchAhead(_Loader):
    "The next batch should be ready before it is asked for."

    def batches(self, order):
        ready = None
        for batch in super().batches(order):
            if ready is not None:
                yield ready
            ready = batch
        if ready is not None:
            yield ready


@misconception(caught_by="test_the_next_epoch_reads_the_items_anew")
class KeepsWhatItRead(_Loader):
    "An item that was read once need not be read again."

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.seen = {}

    def batch(self, places):
        for i in places:
            if i not in self.seen:
                self.seen[i] = self.dataset[i]
        return self.stacked([self.seen[i] for i in places])


@misconception(caught_by="test_an_epoch_reads_each_item_once")
class ReadsTwice(_Loader):
    "dataset[i][0] is the input and dataset[i][1] the target."

    def batch(self, places):
        return self.stacked([(self.dataset[i][0], self.dataset[i][1]) for i in places])


@misconception(caught_by="test_a_batch_shares_no_memory")
class ViewsABatchOfOne(_Loader):
    "One item need not be stacked, only given an axis."

    def stacked(self, items):
        if len(items) > 1:
            return super().stacked(items)
        return items[0][0].unsqueeze(0), torch.tensor([items[0][1]])


@misconception(caught_by="test_a_batch_shares_no_memory")
class FillsOneTensor(_Loader):
    "Memory for one batch is enough, and is filled anew each time."

    room = None

    def stacked(self, items):
        inputs, targets = super().stacked(items)
        if self.room is None or self.room.shape[1:] != inputs.shape[1:]:
            self.room = torch.empty((self.batch_size, *inputs.shape[1:]), dtype=inputs.dtype)
        self.room[: len(items)] = inputs
        return self.room[: len(items)], targets


@misconception(caught_by="test_the_data_set_is_asked_for_one_place_at_a_time")
class SlicesTheDataSet(_Loader):
    "A data set can be sliced like a list."

    def __iter__(self):
        if self.shuffle:
            return super().__iter__()
        starts = range(0, self.count() * self.batch_size, self.batch_size)
        return (self.stacked(self.dataset[k : k + self.batch_size]) for k in starts)


@misconception(caught_by="test_it_does_without_torchs_own")
class WrapsTorchs(_Loader):
    "torch has a DataLoader, so this is one call."

    def batches(self, order):
        from torch.utils.data import DataLoader

        return iter(DataLoader(self.dataset, self.batch_size, sampler=order))
