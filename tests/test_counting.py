"""dojo.counting: operations, waits and new memory, told apart exactly."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F  # noqa: N812, its name everywhere
from torch.utils._python_dispatch import TorchDispatchMode

from dojo import standin
from dojo.counting import NewTensor, count

torch.set_num_threads(1)


@pytest.fixture(params=["cpu", "standin"])
def place(request):
    if request.param == "cpu":
        yield torch.device("cpu")
        return
    if reason := standin.why_unavailable():
        pytest.skip(reason)
    with standin.activate() as device:
        yield device


@pytest.fixture
def x(place):
    return torch.tensor([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]]).to(place)


def test_a_loop_launches_with_n_and_its_vectorised_form_does_not(place):
    def launches(function, n):
        rows = torch.ones(n, 4, device=place)
        with count(place) as counts:
            function(rows)
        return counts.launches

    def loop(rows):
        return torch.stack([(row * 2).sum() for row in rows])

    assert [launches(loop, n) for n in (8, 32, 128)] == [17, 65, 257]  # mul and sum, one stack
    assert [launches(lambda rows: (rows * 2).sum(1), n) for n in (8, 32, 128)] == [2, 2, 2]


def test_views_launch_nothing_and_hold_no_memory(x):
    with count(x.device) as counts:
        x.T, x[0], x[:, None], x.view(3, 2), x.detach(), x.expand(5, 2, 3), x.unbind()
        x.T.unsqueeze_(0)
    assert counts.launches == 0
    assert counts.new == []
    assert counts.largest == 0
    assert counts.views.total() == 9  # x.T twice


def test_setting_memory_aside_launches_nothing_but_is_new(place):
    with count(place) as counts:
        torch.empty(1000, device=place)
    assert counts.launches == 0
    assert counts.largest == 1000


def test_operations_have_their_names(x):
    with count(x.device) as counts:
        (x * 2 * 3)[torch.tensor([0, 0])] @ x.T
    assert counts.operations == {"mul": 2, "tensor": 1, "index": 1, "mm": 1}


def test_new_tensors_tell_operation_shape_and_dtype(x):
    with count(x.device) as counts:
        (x > 0).sum()
    assert counts.new == [
        NewTensor("gt", (2, 3), torch.bool),
        NewTensor("sum", (), torch.int64),
    ]


def test_results_in_place_and_out_are_work_but_not_new(x):
    out = torch.empty_like(x)
    with count(x.device) as counts:
        x.add_(1)
        torch.mul(x, 2, out=out)
        x[0] = out[1]
    assert counts.launches == 3
    assert counts.new == []


def test_a_matrix_product_of_rank_three_is_new_once(place):
    a, b = torch.ones(2, 3, 4, device=place), torch.ones(4, 5, device=place)
    with count(place) as counts:
        a @ b  # mm, then a view that its schema does not declare
    assert [tensor.operation for tensor in counts.new] == ["mm"]


def test_an_empty_tensor_holds_no_memory():
    x, mean, variance = torch.ones(2, 3), torch.zeros(3), torch.ones(3)
    with count() as counts:
        F.batch_norm(x, mean, variance)  # hands back two empty tensors besides
    assert [tensor.shape for tensor in counts.new] == [(2, 3)]


def test_indexing_makes_n_numbers_and_one_hot_n_by_classes(place):
    probs = torch.rand(10, 50).to(place)
    targets = torch.arange(10).to(place)
    with count(place) as indexed:
        probs[torch.arange(10, device=place), targets]
    with count(place) as multiplied:
        (F.one_hot(targets, 50) * probs).sum(1)
    assert (indexed.largest, multiplied.largest) == (10, 500)


@pytest.mark.parametrize(
    ("read", "name"),
    [
        (lambda x: x[0, 0].item(), "item"),
        (lambda x: float(x[0, 0]), "float"),
        (lambda x: int(x[0, 0]), "int"),
        (lambda x: complex(x[0, 0]), "complex"),
        (lambda x: bool(x[0, 0] > 0), "bool"),
        (lambda x: range(x.long()[0, 0]), "index"),
        (lambda x: x[x.long()[0, 0]], "item"),
        (lambda x: x[0, 0].is_nonzero(), "is_nonzero"),
        (lambda x: x.tolist(), "tolist"),
        (lambda x: x.cpu(), "cpu"),
        (lambda x: 3.0 in x, "in"),
        (lambda x: f"{x[0, 0]:.1f}", "print"),
        (lambda x: repr(x), "print"),
        (lambda x: x[x > 0], "boolean mask"),
        (lambda x: x.masked_select(x > 0), "masked_select"),
        (lambda x: x.nonzero(), "nonzero"),
        (lambda x: torch.where(x > 0), "nonzero"),
        (lambda x: x.unique(), "unique"),
        (lambda x: torch.equal(x, x), "equal"),
        (lambda x: torch.allclose(x, x), "allclose"),
        (lambda x: F.one_hot(x.abs().long()), "one_hot"),
        (lambda x: torch.tensor([x[0, 0], 1.0]), "tensor"),
        (lambda x: torch.linalg.inv(x @ x.T), "check of linalg errors"),
    ],
)
def test_a_way_out_is_one_synchronisation(x, read, name):
    with count(x.device) as counts:
        read(x)
    assert counts.synchronisations == [name]


@pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")  # torch's, on NumPy 2
def test_numpy_is_a_way_out():
    x = torch.ones(3)
    for read in (torch.Tensor.numpy, np.asarray, np.exp, np.from_dlpack):
        with count() as counts:
            read(x)
        assert len(counts.synchronisations) == 1, read


@pytest.mark.parametrize(
    "stay",
    [
        lambda x: torch.where(x > 0, x, 0),
        lambda x: x.masked_fill(x > 0, 0),
        lambda x: x.__setitem__(x > 0, 0.0),  # a fill on a GPU
        lambda x: x[[0, 1], [1, 2]],
        lambda x: x[:, torch.tensor([0, 2])],
        lambda x: x.gather(1, x.argmax(1, keepdim=True)),
        lambda x: F.one_hot(x.abs().long(), 7),
        lambda x: (x.to(x.device), x.float(), x.to(torch.float64)),
        lambda x: (len(x), x.shape, x.ndim, x.numel(), x.dtype, x.is_contiguous()),
        lambda x: F.cross_entropy(x, x.argmax(1)),
    ],
)
def test_what_stays_on_the_device_waits_for_nothing(x, stay):
    with count(x.device) as counts:
        stay(x)
    assert counts.synchronisations == []


def test_repeat_interleave_waits_unless_told_the_size():
    x, repeats = torch.arange(2), torch.tensor([1, 2])
    with count() as counts:
        x.repeat_interleave(repeats, output_size=3)
    assert counts.synchronisations == []
    with count() as counts:
        x.repeat_interleave(repeats)
    assert counts.synchronisations == ["repeat_interleave"]


def test_writing_through_a_mask_waits_unless_it_fills(x):
    other = x.clone()
    with count(x.device) as counts:
        x[x > 0] = other[other > 0]
    assert counts.synchronisations == ["boolean mask", "boolean mask"]


def test_an_index_kept_on_the_cpu_is_read_for_free_on_an_accelerator():
    if reason := standin.why_unavailable():
        pytest.skip(reason)
    order = torch.tensor([1, 0])
    with standin.activate() as device:
        x = torch.ones(2, 3).to(device)
        with count(device) as counts:
            for place in order.tolist():
                x[place]
            x[order]
            x[order == 0]
            torch.arange(order[0], device=device)
    assert counts.synchronisations == []


def test_a_copy_to_the_host_is_a_wait_and_neither_work_nor_new():
    if reason := standin.why_unavailable():
        pytest.skip(reason)
    with standin.activate() as device:
        x, host = torch.ones(2, 3).to(device), torch.empty(2, 3)
        with count(device) as counts:
            x.to("cpu")
            host.copy_(x)
    assert counts.synchronisations == ["cpu", "cpu"]
    assert counts.launches == 0
    assert counts.new == []


def test_a_list_of_tensors_made_one_by_one_shows():
    with count() as counts:
        torch.stack([torch.tensor(float(i)) for i in range(100)])
    assert counts.operations == {"tensor": 100, "stack": 1}


def test_a_backward_pass_counts(x):
    weights = x.clone().requires_grad_()
    loss = (weights * x).sum()
    with count(x.device) as counts:
        loss.backward()
    assert counts.operations["mul"] == 1


def test_only_the_block_counts(x):
    x * 2
    with count(x.device) as counts:
        x + 1
    x.tolist()
    assert counts.operations == {"add": 1}
    assert counts.synchronisations == []


def test_nothing_counts_after_an_error(x):
    with pytest.raises(RuntimeError), count(x.device) as counts:
        x @ x
    x + 1
    assert counts.launches == 0


def test_blocks_nest(x):
    with count(x.device) as outer:
        x + 1
        with count(x.device) as inner:
            (x * 2).tolist()
    assert outer.operations == {"add": 1, "mul": 1}
    assert inner.operations == {"mul": 1}
    assert outer.synchronisations == inner.synchronisations == ["tolist"]


def test_an_operation_counts_once_whatever_a_mode_outside_makes_of_it():
    class Twice(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            func(*args, **(kwargs or {}))
            return func(*args, **(kwargs or {}))

    x = torch.ones(3)
    with Twice(), count() as counts:
        (x * 2).sum().item()
    assert counts.operations == {"mul": 1, "sum": 1}
    assert counts.synchronisations == ["item"]


def test_inference_mode_hides_nothing(x):
    def work():
        return F.linear(x, x, x[:, 0]).T.reshape(-1).to(torch.float64)

    with count(x.device) as plain:
        work()
    with torch.inference_mode(), count(x.device) as inference:
        work()
    assert plain.operations == inference.operations == {"addmm": 1, "clone": 1, "_to_copy": 1}


def test_the_description_reads_well():
    x = torch.ones(4, 250)
    with count() as counts:
        for row in x:
            for value in row:
                (value * 2).item()
        x.T @ x
    assert counts.describe() == (
        "1,001 operations (1,000 mul, 1 mm), 1,000 synchronisations (item), "
        "largest new tensor 62,500 numbers (mm, shape (250, 250))"
    )
    with count() as counts:
        x.sum()
    assert counts.describe() == (
        "1 operation (sum), no synchronisation, largest new tensor 1 number (sum, shape ())"
    )
    with count() as counts:
        x.view(-1)
    assert counts.describe() == "no operation, no synchronisation, no new tensor"
