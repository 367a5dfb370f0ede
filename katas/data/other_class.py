"""How can a classifier be ready for things that are none of its classes?

It gets one class more, OTHER. Here that class is made: which names belong to it, and its index.
"""

from collections.abc import Iterable
from typing import Self

from jaxtyping import Int64
from torch import Tensor


class Labels:
    """The classes of a classifier, one of them, "OTHER", for what is none of the rest.

    `classes` is a list: the names that training has seen often enough, sorted as Python sorts str,
    and then "OTHER", which is always there and always last. The index of a class is its place in
    this list. So the same names give the same indices, in whichever order they came.

    Names are compared as they stand, with their capitals and spaces. Once made, an object does not
    change, whatever it encodes, and objects made from other names have nothing to do with it.
    """

    @classmethod
    def from_training(cls, names: Iterable[str], min_count: int) -> Self:
        """Make the labels from the names of all training examples, a name for each example.

        A name seen at least min_count times (1 or more) becomes a class; rarer ones are OTHER. So
        are the examples named "OTHER", however many: that name is no class besides.

        names is any iterable of str, such as a list or a generator; it may be empty, is walked
        once, and left as it is.
        """
        raise NotImplementedError

    def encode(self, names: Iterable[str]) -> Int64[Tensor, " names"]:
        """Return the index of each name's class, as targets for cross_entropy, on the CPU.

        A name that is no class, rare in training or never seen, gets the index of OTHER. Each name
        gets an index, in the order given; no names give an empty tensor. names is any iterable.
        """
        raise NotImplementedError

    def decode(self, indices: Int64[Tensor, " names"]) -> list[str]:
        """Return the class of each index, from 0 to len(classes) - 1, such as a model predicts."""
        raise NotImplementedError
