"""dojo.race: who is faster by how much, and who only pretends to be.

Real races here have a ratio far from their bar; everything finer runs on a clock of the test's own.
"""

import functools
import gc
import random
import threading
import time
from itertools import cycle

import pytest
import torch

import dojo.race
from dojo import bench, standin
from dojo.arguments import difference
from dojo.paired import LOOKS
from dojo.race import WARM_UP, measure, race

torch.set_num_threads(1)


def loop(rows, template):
    return torch.stack([(row - template).abs().mean() for row in rows])


def vectorised(rows, template):
    return (rows - template).abs().mean(1)


@pytest.fixture
def inputs():
    """Two hundred rows: the loop takes 1 ms, the vectorised form 100 times less."""
    generator = torch.Generator().manual_seed(0)
    return lambda: (
        torch.rand(200, 16, generator=generator),
        torch.rand(16, generator=generator),
    )


def assert_refused(mine, inputs, message, at_least=5.0):
    with pytest.raises(AssertionError, match=message):
        race(loop, mine, inputs, at_least=at_least)


class Clock:
    """A clock that moves when told to, in place of the race's."""

    def __init__(self, monkeypatch, is_wall=False):
        self.now = 0.0
        self.readings = []
        monkeypatch.setattr(dojo.race, "_clock", lambda device: (self.read, is_wall))

    def read(self):
        self.readings.append(self.now)
        return self.now

    def blocks(self):
        """Lengths in seconds of all blocks so far, to the microsecond."""
        starts, stops = self.readings[::2], self.readings[1::2]
        return [round(stop - start, 6) for start, stop in zip(starts, stops, strict=True)]

    def taking(self, *seconds):
        """A function whose calls take so long, one after the other, and answer rightly."""
        durations = cycle(seconds)

        def function(x):
            self.now += next(durations)
            return x + 1

        return function


def ones_to(top=1000):
    """Draw 1, 2, 3, ... as a tensor each."""
    numbers = iter(range(1, top))
    return lambda: (torch.tensor(float(next(numbers))),)


# Who wins


def test_the_vectorised_form_beats_the_loop(inputs):
    found = race(loop, vectorised, inputs, at_least=8)
    assert 8 < found.low <= found.ratio <= found.high
    assert found.loop_seconds > found.mine_seconds > 0


def test_the_loop_does_not_beat_itself(inputs):
    assert_refused(lambda rows, template: loop(rows, template), inputs, "times as fast")


def test_a_ratio_just_over_the_bar_passes_and_one_just_under_fails(monkeypatch):
    clock = Clock(monkeypatch)
    slow, fast = clock.taking(10e-3), clock.taking(1e-3)
    assert race(slow, fast, ones_to(), at_least=9.9).ratio == pytest.approx(10)
    with pytest.raises(AssertionError, match="10 times as fast"):
        race(slow, fast, ones_to(), at_least=10.1)


def test_what_stays_undecided_is_measured_twice_and_never_passes(monkeypatch):
    clock = Clock(monkeypatch)
    slow, fast = clock.taking(20e-3), clock.taking(0.9e-3, 1.1e-3)
    with pytest.raises(AssertionError, match=r"^undecided, measured twice"):
        race(slow, fast, ones_to(), at_least=20)
    calibrating = 2 * (2 + 1 + WARM_UP)  # two measurements; one call is a block
    assert len(clock.blocks()) == 2 * 2 * LOOKS[-1] + calibrating


def test_a_second_measurement_may_decide(monkeypatch):
    clock = Clock(monkeypatch)
    calls = [0]

    def settles(x):
        calls[0] += 1
        clock.now += 1e-3 * ((0.9, 1.1)[calls[0] % 2] if calls[0] < 60 else 0.5)
        return x + 1

    assert race(clock.taking(10e-3), settles, ones_to(), at_least=10).ratio == pytest.approx(20)


# How it is timed


def test_blocks_last_about_a_millisecond(monkeypatch):
    clock = Clock(monkeypatch)
    measure(clock.taking(3e-3), clock.taking(4e-6), ones_to(), at_least=2)
    timed = clock.blocks()[-16:]  # of 8 pairs
    assert sorted(timed) == pytest.approx([1e-3] * 8 + [3e-3] * 8, rel=0.01)  # a call more or less


def test_a_call_that_warms_up_is_no_measure_of_a_block(monkeypatch):
    clock = Clock(monkeypatch)
    calls = [0]

    def warms_up(x):
        calls[0] += 1
        clock.now += 0.8e-3 if calls[0] <= 5 else 4e-6
        return x + 1

    measure(clock.taking(3e-3), warms_up, ones_to(), at_least=2)
    timed = clock.blocks()[-16:]
    assert sorted(timed) == pytest.approx([1e-3] * 8 + [3e-3] * 8, rel=0.01)


def test_blocks_on_a_wall_clock_are_equally_long(monkeypatch):
    clock = Clock(monkeypatch, is_wall=True)
    measure(clock.taking(3e-3), clock.taking(4e-6), ones_to(), at_least=2)
    assert clock.blocks()[-16:] == pytest.approx([3e-3] * 16, rel=0.01)


def test_the_order_within_a_pair_is_drawn(monkeypatch):
    clock = Clock(monkeypatch)
    measure(clock.taking(3e-3), clock.taking(1e-3, 2e-3), ones_to(), at_least=2)
    leads = {
        first > second for first, second in zip(*[iter(clock.blocks()[-96:])] * 2, strict=True)
    }
    assert leads == {True, False}  # one order only: 1 in 2**47


def test_it_runs_on_the_stand_in(inputs):
    if reason := standin.why_unavailable():
        pytest.skip(reason)
    with standin.activate() as device:
        race(
            loop,
            vectorised,
            lambda: tuple(each.to(device) for each in inputs()),
            at_least=5,
            device=device,
        )


def test_work_in_threads_counts(inputs):
    def threaded(rows, template):
        answers = []
        thread = threading.Thread(target=lambda: answers.append(loop(rows, template)))
        thread.start()
        thread.join()
        return answers[0]

    assert_refused(threaded, inputs, "times as fast")


def test_a_patched_clock_does_not_reach_the_race(monkeypatch, inputs):
    for name in ("process_time", "perf_counter", "time", "monotonic"):
        monkeypatch.setattr(time, name, lambda: 0.0)
    assert_refused(lambda *both: loop(*both), inputs, "times as fast")


def test_a_coarse_process_clock_gives_way_to_the_wall_clock(monkeypatch):
    class Windows:
        resolution = 0.015625

    assert dojo.race._clock("cpu") == (dojo.race.process_time, False)
    monkeypatch.setattr(dojo.race, "get_clock_info", lambda name: Windows)
    assert dojo.race._clock("cpu") == (dojo.race.perf_counter, True)


def test_an_accelerator_is_waited_for_before_the_clock_is_read(monkeypatch):
    waits = []
    monkeypatch.setattr(torch.accelerator, "synchronize", waits.append)
    clock, is_wall = dojo.race._clock("cuda")
    assert is_wall
    assert clock() <= clock()
    assert waits == ["cuda", "cuda"]
    assert bench.timer("cpu") is bench.perf_counter


def test_garbage_collection_is_off_while_it_measures_and_on_again_after(inputs):
    seen = set()

    def watching(rows, template):
        seen.add(gc.isenabled())
        return vectorised(rows, template)

    measure(loop, watching, inputs, at_least=2)
    assert seen == {False}
    assert gc.isenabled()
    with pytest.raises(ZeroDivisionError):
        measure(loop, lambda *both: 1 / 0, inputs)
    assert gc.isenabled()


def test_nobody_elses_random_numbers_are_drawn(inputs):
    torch_state, python_state = torch.get_rng_state(), random.getstate()
    race(loop, vectorised, inputs, at_least=2)
    assert torch.equal(torch.get_rng_state(), torch_state)
    assert random.getstate() == python_state


@pytest.mark.parametrize(("elements", "sets"), [(10, 4), (1_500_000, 2), (5_000_000, 1)])
def test_the_memory_of_the_arguments_is_bounded(elements, sets):
    assert len(dojo.race._pool(lambda: (torch.empty(elements),))) == sets


# Whose answers count


def test_arguments_may_be_nested_lists_and_numbers():
    generator = torch.Generator().manual_seed(0)

    def draw():
        values = torch.rand(300, generator=generator)
        return [list(values), (values.tolist(), [1, 2])], 2.5

    def slow(nested, factor):
        tensors, (numbers, _) = nested
        return [sum(tensors).item() * factor, sum(numbers)], "text"

    def fast(nested, factor):
        return [torch.stack(nested[0]).sum().item() * factor, sum(nested[1][0])], "text"

    race(slow, fast, draw, at_least=2)


def test_a_list_of_another_length_is_refused():
    numbers = iter(range(1000))
    with pytest.raises(AssertionError, match="2 items in place of 3"):
        race(list, lambda values: values[:2], lambda: ([next(numbers)] * 3,), at_least=1)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda answer: answer + 1, "values differ"),
        (lambda answer: answer[:, None], r"expected shape \(200,\), got \(200, 1\)"),
        (lambda answer: answer[:1], r"got \(1,\)"),
        (lambda answer: answer.double(), "expected dtype float32, got float64"),
        (lambda answer: answer.tolist(), "a list in place of a Tensor"),
    ],
)
def test_another_answer_is_refused_before_any_timing(monkeypatch, inputs, spoil, message):
    monkeypatch.setattr(dojo.race, "measure", lambda *args, **kwargs: pytest.fail("it was timed"))
    assert_refused(lambda *both: spoil(vectorised(*both)), inputs, message)


def test_a_tolerance_can_be_given(inputs):
    def rough(rows, template):
        return vectorised(rows, template) * 1.001

    assert_refused(rough, inputs, "values differ")
    race(loop, rough, inputs, at_least=2, compare=functools.partial(difference, rtol=0.01, atol=0))


def test_an_answer_that_waits_to_be_looked_at_is_refused(inputs):
    class Lazy(torch.Tensor):
        pass

    assert_refused(
        lambda *both: vectorised(*both).as_subclass(Lazy), inputs, "a Lazy in place of a Tensor"
    )
    assert_refused(
        lambda *both: (each for each in vectorised(*both)), inputs, "a generator in place of"
    )
    assert_refused(
        lambda *both: functools.partial(vectorised, *both), inputs, "a partial in place of"
    )


def test_work_left_to_a_thread_is_refused(inputs):
    def later(rows, template):
        answer = torch.zeros(len(rows))

        def work():
            time.sleep(0.05)
            answer.copy_(loop(rows, template))

        threading.Thread(target=work).start()
        return answer

    assert_refused(later, inputs, "later is still at work, in another thread, when it returns")


def test_an_input_changed_in_place_is_refused(inputs):
    def in_place(rows, template):
        return rows.sub_(template).abs_().mean(1)

    assert_refused(in_place, inputs, "in_place changes its input")


def test_a_list_changed_in_place_is_refused():
    numbers = iter(range(1000))

    def sorts(values):
        values.sort(reverse=True)
        return sum(values)

    with pytest.raises(AssertionError, match="sorts changes its input: at place 0: at place 0"):
        race(sum, sorts, lambda: ([next(numbers) for _ in range(3)],), at_least=1)


def test_an_answer_that_changes_later_is_refused(inputs):
    buffer = torch.empty(200)

    def reuses(rows, template):
        return torch.mean((rows - template).abs(), 1, out=buffer)

    assert_refused(reuses, inputs, "reuses changes an answer that it gave before")


# Who keeps answers


def remembering(key):
    """The loop, with its answers kept under a key of the arguments."""
    kept = {}

    def function(rows, template):
        name = key(rows)
        if name not in kept:
            kept[name] = loop(rows, template)
        return kept[name]

    return function


@pytest.mark.parametrize(
    "mine",
    [
        functools.lru_cache(loop),
        remembering(id),
        remembering(lambda rows: rows.data_ptr()),
        remembering(lambda rows: (id(rows), rows._version)),
        remembering(lambda rows: rows.shape),
    ],
    ids=["lru_cache", "id", "data_ptr", "version", "last answer"],
)
def test_a_kept_answer_is_refused(inputs, mine):
    assert_refused(mine, inputs, "does it keep answers from earlier calls")


@pytest.mark.parametrize("honest", [3, 4, 7])  # 3 calls are compared, 1 calibrates, 8 are timed
def test_an_answer_kept_once_the_clock_runs_is_refused(inputs, honest):
    calls, kept = [0], []

    def cheat(rows, template):
        calls[0] += 1
        if calls[0] <= honest:
            kept[:] = [loop(rows, template)]
        return kept[0]

    assert_refused(cheat, inputs, "cheat gives another answer while it is timed")


def test_a_cache_by_identity_is_refused_while_it_is_timed(inputs):
    with pytest.raises(AssertionError, match="while it is timed"):
        measure(loop, remembering(id), inputs)


def test_a_kept_answer_for_a_tuple_of_tensors_is_refused():
    generator = torch.Generator().manual_seed(0)
    kept = {}

    def slow(pair):
        return torch.stack([*pair]).sum()

    def cheat(pair):
        return kept.setdefault(id(pair), slow(pair))

    def draw():
        return ((torch.rand(3, generator=generator), torch.rand(3, generator=generator)),)

    with pytest.raises(AssertionError, match="does it keep answers"):
        race(slow, cheat, draw, at_least=2)


def test_inputs_that_repeat_are_the_tests_mistake(inputs):
    same = inputs()
    with pytest.raises(ValueError, match="draws the same content twice"):
        race(loop, vectorised, lambda: same, at_least=2)


@pytest.mark.parametrize("sets", [1, 4])
def test_what_inputs_draws_from_is_left_alone(monkeypatch, sets):
    monkeypatch.setattr(dojo.race, "POOL", sets)
    data = torch.arange(6400.0).reshape(400, 16)
    before = data.clone()
    starts = iter(range(100))

    def draw():
        start = next(starts)
        return data[start : start + 200], data[0]

    race(loop, vectorised, draw, at_least=2)
    assert torch.equal(data, before)


# What a loser is told


def test_the_message_gives_both_times_the_ratio_its_interval_and_the_bar(monkeypatch):
    clock = Clock(monkeypatch)
    slow, mine = clock.taking(1.5), clock.taking(12.34e-3, 12.5e-3)
    mine.__name__ = "distances"
    with pytest.raises(AssertionError) as caught:
        race(slow, mine, ones_to(), at_least=4000)
    assert str(caught.value).startswith(
        "distances takes 12.4 ms a call, the loop 1.5 s: 121 times as fast (120 to 122, 8 pairs), "
        "where more than 4000 is asked for.\nIt launches few operations (1): the time goes into "
        "Python or into one slow operation (add)."
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(2.5, "2.5 s"), (1.234e-3, "1.23 ms"), (99e-6, "99 µs"), (99.99e-5, "1 ms"), (5e-9, "5 ns")],
)
def test_times_have_units_that_fit(seconds, text):
    assert dojo.race.duration(seconds) == text


def reads_numbers(rows, template):
    return torch.tensor([(row - template).abs().mean().item() for row in rows])


def leaves_torch(rows, template):
    other = template.tolist()
    return torch.tensor(
        [
            sum(abs(a - b) for a, b in zip(row, other, strict=True)) / len(other)
            for row in rows.tolist()
        ]
    )


def lays_out_a_table(rows, template):
    return vectorised(rows, template) + torch.ones(1000, 1000).mul(0).sum()


def spends_it_in_python(rows, template):
    sum(range(100_000))
    template.sum().item()  # one wait is no reason
    return vectorised(rows, template)


@pytest.mark.parametrize(
    ("mine", "reason"),
    [
        (loop, r"It launches 601 operations, mostly sub: a loop over tensors\."),
        (reads_numbers, r"It reads 200 numbers out one at a time \(item\); it launches 601 op"),
        (leaves_torch, r"It takes its numbers out of torch \(tolist, 2 times\)"),
        (lays_out_a_table, "makes a tensor of 1,000,000 numbers where input and output hold 3,416"),
        (spends_it_in_python, r"^.*\nIt launches few operations \(4\): the time goes into Python"),
    ],
)
def test_the_message_says_what_is_slow(inputs, mine, reason):
    assert_refused(mine, inputs, reason, at_least=1000)
