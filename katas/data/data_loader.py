"""What does a DataLoader do?

It stands between a data set, which gives one example at a time, and a training loop, which wants
batches of them, epoch after epoch. Build one, without torch's own DataLoader.
"""

from typing import Any

from torch import Generator


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
        raise NotImplementedError
