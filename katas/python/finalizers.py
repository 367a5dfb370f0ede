"""Which method runs when an object is about to be destroyed?

Here the object is a lease: it holds a slot of a pool, and must not take it to the grave.
"""

from typing import Any


class Lease:
    """A slot of a pool, held until close() is called or the lease dies, whichever is first.

    Then pool.give_back(slot) is called, once and no more, with the slot that pool.take() had
    given, whatever that is: 0, '' and None are slots too. A lease dies when nothing refers to it
    any more, also where it is part of a cycle of references that the garbage collector finds.
    """

    def __init__(self, pool: Any) -> None:
        """Take a slot of the pool, by one call of pool.take().

        An error of take(), as of an empty pool, comes out. There is no slot then, and nothing is
        given back; nor is there an error when what was half made is destroyed.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Give the slot back; the second time do nothing, and say nothing."""
        raise NotImplementedError
