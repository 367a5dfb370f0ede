import gc
import sys
import weakref
from contextlib import suppress

import pytest

from dojo.checks import answer_of
from katas.python.finalizers import Lease


class EmptyError(Exception):
    """What take() raises when all slots are out."""


class Pool:
    """A pool that writes down what is taken and what comes back.

    It raises nothing: errors in the finalizers of leases that outlive their test would come out in
    the middle of others.
    """

    def __init__(self, *slots):
        self.slots = list(slots)
        self.taken, self.back = 0, []

    def take(self):
        self.taken += 1
        return self.slots.pop(0) if self.slots else "a slot too many"

    def give_back(self, slot):
        self.back.append(slot)


class EmptyPool(Pool):
    def take(self):
        raise EmptyError("all slots are out")


@pytest.fixture(autouse=True)
def unraisable(monkeypatch):
    """The errors that Python could only print, because they came out of a finalizer."""
    errors = []
    monkeypatch.setattr(sys, "unraisablehook", lambda args: errors.append(repr(args.exc_value)))
    return errors


def test_a_lease_takes_one_slot():
    pool = Pool("a", "b", "c")
    lease = leased(pool)
    lease.close()
    del lease
    gc.collect()
    assert pool.taken == 1, f"a lease calls take() once, it was called {pool.taken} times"


def test_the_slot_stays_with_a_living_lease():
    pool = Pool("a")
    lease = leased(pool)
    gc.collect()
    assert pool.back == [], f"the lease is alive and open, and gave back {pool.back}"
    lease.close()


def test_close_gives_back_at_once():
    pool = Pool("a")
    lease = leased(pool)
    lease.close()
    assert pool.back == ["a"], f"close() gives 'a' back, got {pool.back}"


def test_a_second_close_gives_nothing_back():
    pool = Pool("a")
    lease = leased(pool)
    lease.close()
    with suppress(Exception):
        lease.close()
    assert pool.back == ["a"], f"closed twice, 'a' is given back once, got {pool.back}"


def test_a_second_close_says_nothing():
    lease = leased(Pool("a"))
    lease.close()
    answer_of(lease.close, "a second close() does nothing, and says nothing")


def test_a_closed_lease_gives_nothing_back_when_it_dies():
    pool = Pool("a")
    lease = leased(pool)
    lease.close()
    del lease
    gc.collect()
    assert pool.back == ["a"], (
        f"closed, and then dead, a lease has given 'a' back once, got {pool.back}: twice means "
        "that another lease may lose its slot"
    )


def test_a_lease_that_dies_gives_its_slot_back():
    pool = Pool("a")
    lease = leased(pool)
    del lease
    gc.collect()
    assert pool.back == ["a"], (
        f"nothing refers to the lease any more, so 'a' is given back, got {pool.back}: is it still "
        "alive, held by what should clean up after it?"
    )


def test_nothing_keeps_a_lease_alive():
    lease = leased(Pool("a"))
    watched = weakref.ref(lease)
    del lease
    gc.collect()
    assert watched() is None, (
        "nothing of the test refers to the lease any more, and it is alive: who holds it? A bound "
        "method does, such as lease.close"
    )


def test_a_cycle_gives_its_slot_back():
    pool = Pool("a")
    lease = leased(pool)
    lease.partner = [lease]
    del lease
    gc.collect()
    assert pool.back == ["a"], (
        f"a lease that refers to itself is collected, and gives 'a' back, got {pool.back}"
    )


def test_a_slot_that_is_falsy_is_a_slot():
    for slot in (0, ""):
        for close in (True, False):
            assert back_from(slot, close) == [slot], (
                f"the slot is {slot!r}, got back {back_from(slot, close)}: `if slot` is no way to "
                "ask whether there is one"
            )


def test_none_is_a_slot():
    for close in (True, False):
        got = back_from(None, close)
        assert got == [None], f"the slot is None, got back {got}: remember in another way"


def test_each_lease_gives_back_its_own():
    pool = Pool("a", "b")
    first, second = leased(pool), leased(pool)
    first.close()
    assert pool.back == ["a"], f"the first lease holds 'a', got back {pool.back}"
    second.close()
    assert pool.back == ["a", "b"], f"the second lease holds 'b', got back {pool.back}"


def test_an_error_of_take_comes_out(unraisable):
    got = refused(EmptyPool())
    assert got, "the pool is empty, and the error of take() is to come out"


def test_an_empty_pool_gets_nothing_back(unraisable):
    pool = EmptyPool()
    refused(pool)
    assert pool.back == [], f"there was no slot to give back, got {pool.back}"


def test_a_half_made_lease_dies_in_silence(unraisable):
    refused(EmptyPool())
    assert unraisable == [], (
        f"take() failed, and so did the finalizer of what was half made, with {unraisable}: an "
        "attribute may be missing there"
    )


def test_a_lease_dies_in_silence(unraisable):
    for close in (True, False):
        lease = leased(Pool("a"))
        if close:
            lease.close()
        del lease
        gc.collect()
        assert unraisable == [], f"the finalizer failed with {unraisable}"


def leased(pool):
    return answer_of(lambda: Lease(pool), "there is a slot to take")


def back_from(slot, close):
    """What a pool of this one slot got back from a lease, closed or left to die."""
    pool = Pool(slot)
    lease = leased(pool)
    if close:
        lease.close()
    del lease
    gc.collect()
    return pool.back


def refused(pool):
    """Try to take from an empty pool, let what was half made die; return whether it was refused."""
    was_refused = True
    with suppress(EmptyError):
        Lease(pool)
        was_refused = False
    gc.collect()
    return was_refused
