"""What a benchmark's numbers mean, its pictures, and the work of a call."""

import json
from pathlib import Path

import pytest
import torch

from dojo.benchmarks import main
from dojo.charts import draw
from dojo.errors import UserError
from dojo.timings import Benchmark, Timing, duration, read, table
from dojo.work import Machine, Work, machine, transfer, work_of

pytest_plugins = ["pytester"]

H200 = Path(__file__).parent.parent / "benchmarks" / "results" / "h200.json"


def grown(side, device, power, constant=1.0, sizes=(10, 100, 1000)):
    return [Timing(side, device, size, constant * size**power * 1e-6) for size in sizes]


@pytest.mark.parametrize("power", [0, 0.5, 1, 2, 3])
def test_the_exponent_is_that_of_the_growth(power):
    benchmark = Benchmark("kata", "rows", tuple(grown("mine", "cpu", power, 7)))
    assert benchmark.exponent("mine", "cpu") == pytest.approx(power)


def test_one_size_has_no_growth():
    benchmark = Benchmark("kata", "rows", tuple(grown("mine", "cpu", 1, sizes=(10,))))
    assert benchmark.exponent("mine", "cpu") is None
    assert benchmark.exponent("loop", "cpu") is None


def test_the_crossing_is_the_size_from_which_the_device_stays_faster():
    # A constant 50 µs on the device, against 10, 100 and 1,000 µs.
    cpu, gpu = grown("mine", "cpu", 1), grown("mine", "cuda", 0, 50)
    assert Benchmark("kata", "rows", (*cpu, *gpu)).crossing("mine", "cuda") == 100
    slower = grown("mine", "cuda", 1, 2)
    assert Benchmark("kata", "rows", (*cpu, *slower)).crossing("mine", "cuda") is None
    # Faster for the smallest only is no crossing.
    odd = grown("mine", "cuda", 2, 0.05)
    assert Benchmark("kata", "rows", (*cpu, *odd)).crossing("mine", "cuda") is None


def test_two_lines_meet_between_the_sizes():
    # 10, 100 and 1,000 µs, and a constant 50 µs: they meet at 50.
    cpu, gpu = grown("mine", "cpu", 1), grown("mine", "cuda", 0, 50)
    benchmark = Benchmark("kata", "rows", (*cpu, *gpu))
    assert benchmark.meeting("mine", "cuda") == pytest.approx(50)
    assert "  mine: cuda is faster than the CPU from 100 on, even at about 50" in table(benchmark)
    for never_or_always in (grown("mine", "cuda", 1, 2), grown("mine", "cuda", 1, 0.5)):
        benchmark = Benchmark("kata", "rows", (*cpu, *never_or_always))
        assert benchmark.meeting("mine", "cuda") is None


def test_the_table_of_a_file():
    [vectorize] = [benchmark for benchmark in read(H200) if benchmark.name == "vectorize"]
    text = "\n".join(table(vectorize))
    assert "vectorize, by images" in text
    assert "   cuda      10,000    413 ms   48.4 µs     8,522" in text
    assert "mine" not in text
    assert "cost on cpu: loop n^1.0, reference n^0.5" in text
    assert "reference: cuda is faster than the CPU from 1,797 on, even at about 590" in text
    assert max(map(len, text.splitlines())) <= 100


def test_all_that_is_measured_has_its_column():
    timings = (
        Timing("loop", "cuda", 10, 1.0, transfer=0.25),
        Timing("mine", "cuda", 10, 0.5, limit=0.25, transfer=0.25),
        Timing("reference", "cuda", 10, 0.25, limit=0.2),
    )
    lines = list(table(Benchmark("kata", "rows", timings)))
    assert " ".join(lines[2].split()) == "cuda 10 1 s 500 ms 250 ms 2 2.00 50% 250 ms"


def test_a_power_below_zero_reads_as_zero():
    timings = tuple(Timing("mine", "cpu", size, 1 / size**0.01) for size in (10, 1000))
    assert list(table(Benchmark("kata", "rows", timings)))[-1] == "  cost on cpu: mine n^0.0"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"benchmarks": [1]}', '{"benchmarks": [{}]}'])
def test_another_file_is_said(tmp_path, text, capsys):
    file = tmp_path / "some.json"
    file.write_text(text)
    with pytest.raises(UserError, match="is no file of pytest-benchmark's"):
        read(file)
    assert "nox -s bench writes one" in main([str(file)])
    assert "no file of" in main([str(tmp_path / "missing.json")])
    assert "name the JSON file" in main([])


def test_a_file_says_what_its_machine_could_do(tmp_path, capsys):
    file = tmp_path / "some.json"
    speed = {"copies": {"65536": 8e10, "1048576": 2e10}, "rate": 1.5e12}
    file.write_text(json.dumps({"benchmarks": [], "speeds": {"cpu": speed}}))
    assert main([str(file)]) is None
    *_, last = capsys.readouterr().out.splitlines()
    assert last == (
        "cpu: copies up to 80 GB/s, what no cache holds 20 GB/s; matrix product 1,500 GFLOP/s"
    )


@pytest.mark.timeout(60)  # matplotlib looks for fonts
def test_pictures_are_drawn_alike_each_time(tmp_path, capsys):
    rows = json.loads(H200.read_text())["benchmarks"]
    rows = [row for row in rows if "vectorize" in row["fullname"]]
    file = tmp_path / "some.json"
    file.write_text(json.dumps({"benchmarks": rows}))
    for folder in ("one", "two"):
        assert main([str(file), str(tmp_path / folder)]) is None
    assert "one/vectorize.png" in capsys.readouterr().out
    assert {path.name for path in (tmp_path / "one").iterdir()} == {
        "vectorize.svg",
        "vectorize.png",
    }
    one, two = ((tmp_path / folder / "vectorize.svg").read_bytes() for folder in ("one", "two"))
    assert one == two
    assert b"cuda wins from here" in one


def test_one_size_makes_no_picture(tmp_path):
    timings = tuple(grown("mine", "cpu", 1, sizes=(10,)))
    assert list(draw([Benchmark("kata", "rows", timings)], tmp_path)) == []


@pytest.mark.parametrize(
    ("seconds", "text"), [(1.5, "1.5 s"), (0.0123, "12.3 ms"), (4.5e-5, "45 µs"), (0.99996, "1 s")]
)
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_an_addition_reads_two_and_writes_one():
    x, y = torch.ones(2, 100, dtype=torch.float32)
    assert work_of(torch.add, (x, y)) == [Work(moved=3 * 400, arithmetic=100)]


def test_a_sum_adds_what_it_reads():
    assert work_of(torch.sum, (torch.ones(100),)) == [Work(moved=404, arithmetic=100)]


def test_a_product_of_matrices_is_two_operations_for_each_of_its_products():
    a, b = torch.ones(3, 4), torch.ones(4, 5)
    assert work_of(torch.matmul, (a, b)) == [Work(4 * (12 + 20 + 15), 2 * 3 * 4 * 5)]


def test_each_operation_is_work_and_views_are_none():
    x = torch.ones(4, 3)
    assert work_of(lambda x: x.t().t().reshape(12)[1:] + 1, (x,)) == [Work(2 * 44, 11)]
    assert len(work_of(lambda x: x * 2 + 1, (x,))) == 2


def test_reserving_memory_is_no_work():
    assert work_of(lambda x: x.new_empty(5).fill_(1), (torch.ones(2),)) == [Work(2 * 20, 5)]


def test_what_is_expanded_is_read_once():
    x = torch.ones(1, 100)
    assert work_of(lambda x: x.expand(50, 100).sum(0), (x,)) == [Work(400 + 400, 5000)]


def test_picking_reads_what_it_picks():
    table, rows = torch.ones(1000, 1000), torch.tensor([1, 2, 3])
    [work] = work_of(lambda t, i: t[i], (table, rows))
    assert work.moved == 4 * 3000 + 4 * 3000 + 3 * 8


def test_the_limit_is_the_longer_of_the_two_for_each_operation():
    here = Machine(copies=((10, 1e9),), rate=1e12)
    copying, computing = Work(10**9, 1), Work(1, 2 * 10**12)
    assert here.limit([copying]) == 1.0
    assert here.limit([computing]) == 2.0
    assert here.limit([copying, computing]) == 3.0
    assert here.limit([]) == 0


def test_a_copy_is_as_fast_as_the_fastest_of_its_size_or_more():
    here = Machine(copies=((10, 2.0), (100, 8.0), (1000, 4.0)), rate=1.0)
    assert [here.bandwidth(size) for size in (1, 10, 11, 100, 101, 5000)] == [8, 8, 8, 8, 4, 4]


def test_a_machine_is_measured_once():
    here = machine("cpu")
    assert here is machine("cpu")
    assert len(here.copies) > 3
    assert all(speed > 1e6 for _, speed in here.copies)
    assert here.rate > 1e6


def test_bringing_the_input_takes_time():
    assert transfer((torch.ones(10), [torch.ones(2)], 3), "cpu") >= 0


@pytest.mark.parametrize("raw", [False, True])
def test_a_benchmark_carries_its_limit(project, raw):
    tests = project.root / "katas/numbers/test_double.py"
    body = "bench(lambda x: x + x, double, lambda: (torch.ones(9),))"
    more = f"\n\ndef test_benchmark(bench):\n    {body}\n"
    tests.write_text("import torch\n" + tests.read_text() + more)
    options = ("--kata=double", "--benchmark-only", "--benchmark-json=b.json")
    result = project.pytest(
        *options, "--subject=solutions", *(["--benchmark-save-data"] if raw else [])
    )
    result.assert_outcomes(passed=2, skipped=1)
    found = json.loads((project.root / "b.json").read_text())
    rows = found["benchmarks"]
    assert all(row["extra_info"]["limit"] > 0 for row in rows)
    assert all("transfer" not in row["extra_info"] for row in rows)
    assert all(("data" in row["stats"]) == raw for row in rows)
    assert found["speeds"]["cpu"]["rate"] > 0
    assert len(found["speeds"]["cpu"]["copies"]) > 3
