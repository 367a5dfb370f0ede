"""Which method runs when an object is about to be destroyed?

Here the object is a lease: it holds a slot of a pool, and must not take it to the grave.
"""

from typing import Any

from dojo import alternative, misconception

__all__ = ["Lease"]


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
        self._pool = pool
        self._slots = [pool.take()]

    def close(self) -> None:
        """Give the slot back; the second time do nothing, and say nothing."""
        while self._slots:
            self._pool.give_back(self._slots.pop())

    def __del__(self) -> None:
        if hasattr(self, "_slots"):
            self.close()


HINTS = (
    "A method of the class runs when the last reference has gone. What may be missing from self by "
    "then, if __init__ did not get to its end?",
    "Remember whether the slot is still held, by something other than the slot's own truth. "
    "close() asks that, and the finalizer calls close().",
    "__init__: self.pool = pool; self.slots = [pool.take()]. close(): while self.slots: "
    "give_back(self.slots.pop()). __del__: close() if there is a self.slots.",
)
ANSWER = """
__del__ is the name asked for. `del x` does not call it: it takes a name away, and the last
reference going away is what does, at once in CPython, later where the garbage collector has to find
a cycle, and at the interpreter's end perhaps never. It runs on half-built objects too, when
__init__ has failed; and errors in it go nowhere but to sys.unraisablehook, so a bug there is
printed and passed over.

The better habit is a with statement, which says when the slot goes back. Where an object must clean
up after itself, weakref.finalize(self, pool.give_back, slot) runs once at most and works at the
interpreter's end; but it must not be handed a method of the object, which would keep the object
alive for ever.
"""


@alternative
class FinalizedByAWeakReference:
    def __init__(self, pool):
        from weakref import finalize

        self._finalizer = finalize(self, pool.give_back, pool.take())

    def close(self):
        self._finalizer()


@alternative
class RemembersThatItIsOpen:
    open = False

    def __init__(self, pool):
        self.pool = pool
        self.slot = pool.take()
        self.open = True

    def close(self):
        if self.open:
            self.open = False
            self.pool.give_back(self.slot)

    __del__ = close


@alternative
class HoldsACallback:
    def __init__(self, pool):
        self._give_back = None
        slot = pool.take()
        self._give_back = lambda: pool.give_back(slot)

    def close(self):
        give_back, self._give_back = self._give_back, None
        if give_back is not None:
            give_back()

    def __del__(self):
        self.close()


class _Lease:
    """What the wrong answers below share: all but the mistake."""

    def __init__(self, pool):
        self.held = False
        self.pool = pool
        self.slot = pool.take()
        self.held = True

    def close(self):
        if self.held:
            self.held = False
            self.pool.give_back(self.slot)

    def __del__(self):
        self.close()


@misconception(caught_by="test_a_closed_lease_gives_nothing_back_when_it_dies")
class GivesBackTwice(_Lease):
    "Giving back once more does no harm."

    def __del__(self):
        self.pool.give_back(self.slot)


@misconception(caught_by="test_a_second_close_gives_nothing_back")
class ClosesEachTime(_Lease):
    "Nobody calls close() twice."

    def close(self):
        self.pool.give_back(self.slot)
        self.held = False

    def __del__(self):
        if self.held:
            self.close()


@misconception(caught_by="test_a_second_close_says_nothing")
class ComplainsAboutASecondClose(_Lease):
    "A second close() is a mistake, and has to be pointed out."

    def close(self):
        if not self.held:
            raise ValueError("closed already")
        super().close()

    def __del__(self):
        if self.held:
            self.close()


@misconception(caught_by="test_a_half_made_lease_dies_in_silence")
class FailsOnAHalfBuiltObject(_Lease):
    "__del__ finds all that __init__ has set."

    def __init__(self, pool):
        self.pool = pool
        self.slot = pool.take()
        self.held = True


@misconception(caught_by="test_an_empty_pool_gets_nothing_back")
class GivesBackWhatItNeverHad(_Lease):
    "What dies gives back its slot."

    def __init__(self, pool):
        self.pool, self.slot, self.held = pool, None, True
        self.slot = pool.take()


@misconception(caught_by="test_an_error_of_take_comes_out")
class SwallowsTheErrorOfTake(_Lease):
    "A lease without a slot is better than an error."

    def __init__(self, pool):
        try:
            super().__init__(pool)
        except Exception:
            self.held = False


@misconception(caught_by="test_nothing_keeps_a_lease_alive")
class KeepsItselfAlive(_Lease):
    "weakref.finalize takes any callable, so self.close will do."

    def __init__(self, pool):
        from weakref import finalize

        super().__init__(pool)
        finalize(self, self.close).atexit = False

    def __del__(self):
        pass


@misconception(caught_by="test_a_lease_dies_in_silence")
class RaisesWhenItDiesOpen(_Lease):
    "A lease that nobody has closed is an error, and the finalizer raises it."

    def __del__(self):
        if self.held:
            self.close()
            raise RuntimeError("a lease was not closed")


@misconception(
    caught_by=("test_a_lease_that_dies_gives_its_slot_back", "test_a_cycle_gives_its_slot_back")
)
class OnlyCloseGivesBack(_Lease):
    "Whoever takes a lease will close it."

    def __del__(self):
        pass


@misconception(caught_by="test_a_cycle_gives_its_slot_back")
class KeepsAWeakReferenceToItself(_Lease):
    "A weak reference calls back when the object dies, so the object can hold its own."

    def __init__(self, pool):
        from weakref import ref

        self.held = False
        super().__init__(pool)
        slot, held = self.slot, [True]
        self._close = lambda _=None: pool.give_back(slot) if held and held.pop() else None
        self._watch = ref(self, self._close)

    def close(self):
        self._close()

    def __del__(self):
        pass


@misconception(caught_by="test_close_gives_back_at_once")
class OnlyDyingGivesBack(_Lease):
    "close() marks the lease, and its end gives the slot back."

    def close(self):
        self.closed = True

    def __del__(self):
        if self.held:
            self.held = False
            self.pool.give_back(self.slot)


@misconception(caught_by="test_a_slot_that_is_falsy_is_a_slot")
class AsksTheSlotItself(_Lease):
    "`if self.slot` asks whether there is a slot."

    def __init__(self, pool):
        self.slot = None
        self.pool = pool
        self.slot = pool.take()

    def close(self):
        if self.slot:
            slot, self.slot = self.slot, None
            self.pool.give_back(slot)


@misconception(caught_by="test_none_is_a_slot")
class TakesNoneForNoSlot(_Lease):
    "None stands for no slot."

    def __init__(self, pool):
        self.slot = None
        self.pool = pool
        self.slot = pool.take()

    def close(self):
        if self.slot is not None:
            slot, self.slot = self.slot, None
            self.pool.give_back(slot)


@misconception(caught_by="test_each_lease_gives_back_its_own")
class KeepsTheSlotOnTheClass(_Lease):
    "One place for the slot is enough."

    def __init__(self, pool):
        self.held = False
        self.pool = pool
        type(self).slot = pool.take()
        self.held = True


@misconception(caught_by="test_a_lease_takes_one_slot")
class TakesASlotWhenItIsClosed(_Lease):
    "take() tells which slot it is, as often as one asks."

    def close(self):
        if self.held:
            self.held = False
            self.pool.give_back(self.pool.take())


@misconception(caught_by="test_the_slot_stays_with_a_living_lease")
class GivesBackWhileItLives(_Lease):
    "A slot that was taken can be given back when __init__ is done with it."

    def __init__(self, pool):
        super().__init__(pool)
        self.close()
