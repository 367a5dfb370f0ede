"""The stand-in: it computes like the CPU, refuses like a GPU, and is a device like any other."""

import copy
import io
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812, its name everywhere
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.checkpoint import checkpoint

from dojo import standin
from dojo.standin import backend

torch.set_num_threads(1)

TWO_DEVICES = (
    "Expected all tensors to be on the same device, but found at least two devices, standin:0 and "
    "cpu!"
)
FOREIGN_GENERATOR = "Expected a 'standin' device type for generator but found 'cpu'"


@pytest.fixture
def place():
    if reason := standin.why_unavailable():
        pytest.skip(reason)
    with standin.activate() as device:
        yield device


@pytest.fixture
def x(place):
    return torch.tensor([[0.5, -1.0, 2.0], [3.0, 4.5, -6.0]], device=place)


def assert_agree(actual, expected):
    """The first came from the stand-in, the second from the CPU."""
    if isinstance(expected, torch.Tensor):
        assert actual.device.type == standin.NAME
        assert actual.stride() == expected.stride()
        torch.testing.assert_close(actual.detach().cpu(), expected.detach(), equal_nan=True)
    elif isinstance(expected, tuple | list):
        for one, other in zip(actual, expected, strict=True):
            assert_agree(one, other)
    else:
        assert actual == expected


CALCULATIONS = {
    "numbers": lambda x: (x + 1, 1 - x, 2 * x, x / 2, 1 / x, x**2, 2**x, x // 2),
    "remainders": lambda x: (x % 5, 5 % x, x.long() % 2, torch.fmod(x, 2)),
    "remainder of rank 0": lambda x: (x.sum() % 2.0, x.sum() + 1, x.long().sum() / 2),
    "bits": lambda x: (x.long() & 1, x.long() << 1, ~(x > 0), (x > 0) ^ True),
    "numpy numbers": lambda x: (x * np.float32(2), x + np.float64(1), x > np.int64(1)),
    "comparisons": lambda x: (x > 1, x == 2.0, x.isnan(), (x > 0).any(), (x > 0).all(1)),
    "where": lambda x: (torch.where(x > 0, x, 0.0), torch.where(x > 0, 1.0, x), (x > 2).nonzero()),
    "bounds": lambda x: (x.clamp(-1, 1), x.clamp(min=0), torch.maximum(x, -x)),
    "reductions": lambda x: (x.sum(), x.mean(0), x.std(1), x.var(1, correction=0), x.prod(1)),
    "extremes": lambda x: (x.max(1), x.argmin(0), x.aminmax(), x.median(), x.topk(2), x.sort(1)),
    "norms": lambda x: (x.norm(), x.norm(dim=1), x.logsumexp(1), x.cumsum(1)),
    "products": lambda x: (x @ x.T, torch.einsum("ij,kj->ik", x, x), x[0].dot(x[1]), x.mv(x[0])),
    "batched products": lambda x: torch.bmm(x.expand(4, 2, 3), x.T.expand(4, 3, 2)),
    "statistics": lambda x: (torch.cdist(x, x), torch.cov(x), torch.corrcoef(x)),
    "linear algebra": lambda x: (torch.linalg.qr(x), torch.linalg.eigvalsh(x @ x.T)),
    "shapes": lambda x: (x.T, x[:, None], x.reshape(3, 2), x.flatten(), x.expand(2, 2, 3)),
    "joins": lambda x: (torch.stack([x, x], 1), torch.cat([x, x]), x.chunk(2, 1), x.split(1)),
    "padding": lambda x: (F.pad(x, (1, 1)), F.pad(x[None], (1, 1), mode="reflect"), x.roll(1)),
    "windows": lambda x: (x.unfold(1, 2, 1), F.unfold(x[None, None], 2), F.max_pool1d(x, 2)),
    "resizing": lambda x: F.interpolate(x[None, None], size=(3, 5), mode="bilinear"),
    "indices": lambda x: (x[0, 1:], x[..., [2, 0]], x[-1, -1], x[x.argmax(0)]),
    "masks": lambda x: (x[x > 0], x.masked_fill(x > 0, 0), x.masked_select(x < 0)),
    "gathering": lambda x: (x.gather(1, x.argmax(1, True)), x.take_along_dim(x.argsort(1), 1)),
    "counting": lambda x: (x.long().unique(), x.abs().long().flatten().bincount(), x.histc(3)),
    "one-hot": lambda x: F.one_hot(x.abs().long(), 7),
    "types": lambda x: (x.double(), x.half() @ x.half().T, x.to(torch.uint8), x.bool()),
    "activations": lambda x: (x.relu(), x.sigmoid(), x.tanh(), F.gelu(x), F.softplus(x)),
    "softmax": lambda x: (x.softmax(1), x.log_softmax(1), F.cross_entropy(x, x.argmin(1))),
    "losses": lambda x: (F.mse_loss(x, -x), F.l1_loss(x, -x), F.smooth_l1_loss(x, -x)),
    "mixing": lambda x: (torch.lerp(x, -x, 0.3), x.addcmul(x, x, value=2), torch.outer(x[0], x[1])),
    "complex numbers": lambda x: (torch.fft.rfft(x).abs(), (x + 1j).conj() * 1j, (x * 1j).imag),
    "new tensors": lambda x: (
        x.new_zeros(2),
        torch.ones_like(x),
        torch.full((2,), 7.0, device=x.device),
        torch.arange(3, device=x.device),
        torch.linspace(0, 1, 5, device=x.device),
        torch.eye(2, device=x.device),
        torch.tensor([[1, 2]], device=x.device),
        torch.as_tensor(np.ones(2), device=x.device),
    ),
    "results made beforehand": lambda x: (
        torch.add(x, 1, out=torch.empty_like(x)),
        torch.abs(x, out=x.new_empty(0)),
        torch.sort(x, out=(x.new_empty(0), x.new_empty(0, dtype=torch.long))),
    ),
    "in place": lambda x: [
        x.clone().add_(1).mul_(x).clamp_(min=0),
        x.clone().t_(),
        x.clone().squeeze_().unsqueeze_(0),
        x.clone().resize_(2, 2),
        x[:, 1:].clone().resize_(3, 3)[0],
        x.clone().index_fill_(1, x.argmax(1), 0.0),
        x.clone().scatter_(1, x.argmin(1, True), 0.0),
    ],
}


@pytest.mark.parametrize("name", CALCULATIONS)
def test_a_calculation_gives_what_the_cpu_gives(x, name):
    assert_agree(CALCULATIONS[name](x), CALCULATIONS[name](x.cpu()))


LAYERS = {
    "Linear": (lambda: nn.Linear(3, 4), (5, 3)),
    "Conv1d": (lambda: nn.Conv1d(2, 4, 3, padding=1), (5, 2, 6)),
    "Conv2d": (lambda: nn.Conv2d(2, 4, 3, stride=2, padding=1), (5, 2, 6, 7)),
    "ConvTranspose2d": (lambda: nn.ConvTranspose2d(2, 3, 2), (5, 2, 3, 4)),
    "BatchNorm1d": (lambda: nn.BatchNorm1d(3), (5, 3)),
    "BatchNorm2d": (lambda: nn.BatchNorm2d(2), (5, 2, 3, 4)),
    "LayerNorm": (lambda: nn.LayerNorm(3), (5, 3)),
    "GroupNorm": (lambda: nn.GroupNorm(2, 4), (5, 4, 3)),
    "InstanceNorm2d": (lambda: nn.InstanceNorm2d(2), (5, 2, 3, 4)),
    "MaxPool2d": (lambda: nn.MaxPool2d(2), (5, 2, 4, 4)),
    "AdaptiveAvgPool2d": (lambda: nn.AdaptiveAvgPool2d(1), (5, 2, 4, 4)),
    "Dropout": (lambda: nn.Dropout(0.5), (5, 3)),
    "RNN": (lambda: nn.RNN(3, 4), (6, 5, 3)),
    "LSTM": (lambda: nn.LSTM(3, 4, num_layers=2, bidirectional=True), (6, 5, 3)),
    "LSTM without bias": (lambda: nn.LSTM(3, 4, bias=False), (6, 5, 3)),
    "LSTMCell": (lambda: nn.LSTMCell(3, 4), (5, 3)),
    "GRU": (lambda: nn.GRU(3, 4, batch_first=True), (5, 6, 3)),
    "GRUCell without bias": (lambda: nn.GRUCell(3, 4, bias=False), (5, 3)),
    "TransformerEncoderLayer": (lambda: nn.TransformerEncoderLayer(4, 2, 8, dropout=0), (5, 3, 4)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_gives_the_outputs_gradients_and_buffers_of_the_cpu(place, name):
    make, shape = LAYERS[name]
    torch.manual_seed(1)
    on_cpu, data = make(), torch.randn(shape)
    on_standin = copy.deepcopy(on_cpu).to(place)
    results = []
    for layer, inputs in ((on_standin, data.to(place)), (on_cpu, data.clone())):
        torch.manual_seed(2)
        inputs.requires_grad_()
        outputs = layer(inputs)
        outputs = outputs[0] if isinstance(outputs, tuple) else outputs
        outputs.square().sum().backward()
        gradients = [parameter.grad for parameter in layer.parameters()]
        results.append([outputs, inputs.grad, *gradients, *layer.buffers()])
    assert_agree(*results)


def test_an_embedding_gets_the_gradient_of_the_rows_that_it_looked_up(place):
    layer = nn.Embedding(4, 2).to(place)
    layer(torch.tensor([1, 3, 1], device=place)).sum().backward()
    assert layer.weight.grad.tolist() == [[0, 0], [2, 2], [0, 0], [1, 1]]


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda params: torch.optim.SGD(params, lr=0.1, momentum=0.9, weight_decay=0.01),
        lambda params: torch.optim.Adam(params, lr=0.1),
        lambda params: torch.optim.AdamW(params, lr=0.1),
        lambda params: torch.optim.AdamW(params, lr=0.1, foreach=False),
        lambda params: torch.optim.RMSprop(params, lr=0.1),
    ],
    ids=["SGD", "Adam", "AdamW", "AdamW one by one", "RMSprop"],
)
def test_an_optimiser_made_before_the_move_trains_what_has_moved(place, optimizer):
    torch.manual_seed(1)
    data, targets = torch.randn(8, 3), torch.randint(4, (8,))
    weights = []
    for device in (place, torch.device("cpu")):
        torch.manual_seed(2)
        model = nn.Sequential(nn.Linear(3, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 4))
        optimise = optimizer(model.parameters())
        model.to(device)
        for _ in range(3):
            optimise.zero_grad()
            F.cross_entropy(model(data.to(device)), targets.to(device)).backward()
            optimise.step()
        weights.append(list(model.parameters()))
    assert_agree(*weights)


REFUSED = {
    "a sum": lambda x, cpu: x + cpu,
    "a sum the other way round": lambda x, cpu: cpu + x,
    "a CPU tensor and a number of the device": lambda x, cpu: cpu + x.sum(),
    "a tensor without device=": lambda x, cpu: x[0] * torch.arange(3),
    "a comparison": lambda x, cpu: x == cpu,
    "an update in place": lambda x, cpu: x.add_(cpu),
    "an update of the CPU's": lambda x, cpu: cpu.add_(x),
    "a product": lambda x, cpu: x @ cpu.T,
    "a linear layer": lambda x, cpu: F.linear(x, cpu),
    "a convolution": lambda x, cpu: F.conv1d(x[None], cpu[None]),
    "an einsum": lambda x, cpu: torch.einsum("ij,kj", x, cpu),
    "a cat": lambda x, cpu: torch.cat([x, cpu]),
    "a stack": lambda x, cpu: torch.stack([cpu, x]),
    "a gather": lambda x, cpu: x.gather(1, cpu.argmax(1, True)),
    "an index_select": lambda x, cpu: x.index_select(0, torch.tensor([0])),
    "an embedding": lambda x, cpu: F.embedding(torch.tensor([0]), x),
    "a cross-entropy": lambda x, cpu: F.cross_entropy(x, cpu.argmax(1)),
    "a where": lambda x, cpu: torch.where(cpu > 0, x, 0.0),
    "a masked_fill": lambda x, cpu: x.masked_fill(cpu > 0, 0.0),
    "values put at an index": lambda x, cpu: x.index_put_((x.argmax(1),), cpu),
    "a result made beforehand": lambda x, cpu: torch.add(x, x, out=cpu),
    "equal": lambda x, cpu: torch.equal(x, cpu),
    "allclose": lambda x, cpu: torch.allclose(x, cpu),
}


@pytest.mark.parametrize("name", REFUSED)
def test_two_devices_in_one_operation_are_refused(x, name):
    with pytest.raises(RuntimeError, match=TWO_DEVICES):
        REFUSED[name](x, x.cpu())


def test_pytest_shows_a_refusal_at_the_callers_line(x):
    with pytest.raises(RuntimeError) as caught:
        torch.nn.functional.linear(x, x.cpu())
    shown = caught.traceback.filter(caught)
    assert str(shown[-1].path) == __file__


def test_a_batch_norm_left_on_the_cpu_is_refused(x):
    with pytest.raises(RuntimeError, match=TWO_DEVICES):
        nn.BatchNorm1d(3)(x)


def test_a_gradient_on_another_device_is_refused(place):
    parameter = nn.Parameter(torch.ones(2, device=place))
    with pytest.raises(RuntimeError, match="assign a gradient with device type 'cpu'"):
        parameter.grad = torch.ones(2)


@pytest.mark.parametrize("convert", [torch.Tensor.numpy, np.asarray, np.exp])
def test_numpy_is_refused(x, convert):
    message = r"can't convert standin:0 device type tensor to numpy. Use Tensor.cpu\(\) to copy"
    with pytest.raises(TypeError, match=message):
        convert(x)


def test_indexing_a_cpu_tensor_by_the_device_is_refused(x):
    message = r"indices should be either on cpu or on the same device as the indexed tensor \(cpu\)"
    index = x.argmax(0)
    with pytest.raises(RuntimeError, match=message):
        x.cpu()[index]
    with pytest.raises(RuntimeError, match=message):
        x.cpu()[index] = 0.0


OVERLAPS = {
    "an update": lambda x: x[1:].add_(x[:-1]),
    "an assignment": lambda x: x[1:].copy_(x[:-1]),
    "a transpose": lambda x: x[:4].view(2, 2).mul_(x[:4].view(2, 2).T),
    "a result": lambda x: torch.exp(x[1:], out=x[:-1]),
    "a list": lambda x: torch._foreach_add_([x[1:]], [x[:-1]]),
    "an expanded tensor": lambda x: x.expand(2, 6).add_(1),
}


@pytest.mark.parametrize("name", OVERLAPS)
def test_writing_where_it_reads_is_refused(x, name):
    for tensor in (x, x.cpu()):
        with pytest.raises(RuntimeError, match=r"unsupported operation: .* single memory location"):
            OVERLAPS[name](tensor.view(6))


def test_reading_and_writing_the_very_same_numbers_is_fine(x):
    assert_agree([x.mul_(x), x[0].add_(x[1])], [x.cpu(), x[0].cpu()])
    assert x.tolist() == [[9.25, 21.25, 40.0], [9.0, 20.25, 36.0]]


def test_a_second_device_of_the_kind_is_refused(place):
    with pytest.raises(RuntimeError, match="invalid device ordinal"):
        torch.arange(3, device=f"{place.type}:1")
    with pytest.raises(RuntimeError, match="invalid device ordinal"):
        torch.ones(3).to(f"{place.type}:1")


DRAWS = {
    "normal_": lambda device, **kwargs: torch.empty(4, device=device).normal_(**kwargs),
    "uniform_": lambda device, **kwargs: torch.empty(4, device=device).uniform_(**kwargs),
    "bernoulli_": lambda device, **kwargs: torch.empty(4, device=device).bernoulli_(0.5, **kwargs),
    "random_": lambda device, **kwargs: torch.empty(4, device=device).random_(9, **kwargs),
    "exponential_": lambda device, **kwargs: torch.empty(4, device=device).exponential_(**kwargs),
    "rand": lambda device, **kwargs: torch.rand(4, device=device, **kwargs),
    "randn": lambda device, **kwargs: torch.randn(4, device=device, **kwargs),
    "randint": lambda device, **kwargs: torch.randint(9, (4,), device=device, **kwargs),
    "randperm": lambda device, **kwargs: torch.randperm(9, device=device, **kwargs),
    "bernoulli": lambda device, **kwargs: torch.full((9,), 0.5, device=device).bernoulli(**kwargs),
    "multinomial": lambda device, **kwargs: torch.ones(9, device=device).multinomial(4, **kwargs),
}


@pytest.mark.parametrize("name", DRAWS)
def test_a_draw_repeats_by_the_global_seed_and_refuses_a_cpu_generator(place, name):
    draw = DRAWS[name]
    torch.manual_seed(1)
    first, second = draw(place), draw(place)
    torch.manual_seed(1)
    assert torch.equal(draw(place), first)
    assert not torch.equal(first, second)
    with pytest.raises(RuntimeError, match=FOREIGN_GENERATOR):
        draw(place, generator=torch.Generator())


ACCEPTED = {
    "a CPU number": lambda x: (x + torch.tensor(2.0), x + 2),
    "a CPU number on the left": lambda x: (torch.tensor(2.0) * x, 2 * x),
    "a CPU number in place": lambda x: (x.clone().mul_(torch.tensor(2.0)), x * 2),
    "a CPU number to assign": lambda x: (x.clone().fill_(torch.tensor(2.0)), torch.full_like(x, 2)),
    "a CPU index": lambda x: (x[torch.tensor([1, 0])], x[[1, 0]]),
    "a CPU index beside a slice": lambda x: (x[:, torch.tensor([2, 0])], x[:, [2, 0]]),
    "a CPU mask": lambda x: (x[x.cpu() > 0], x[x > 0]),
    "a numpy index": lambda x: (x[np.array([1, 0])], x[[1, 0]]),
    "copy_ from the CPU": lambda x: (torch.empty_like(x).copy_(x.cpu()), x),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_a_gpu_accepts_from_the_cpu_is_accepted(x, name):
    actual, expected = ACCEPTED[name](x)
    assert actual.device == x.device
    assert torch.equal(actual, expected)


@pytest.mark.parametrize("select", [lambda x: x.cpu() > 0, lambda x: torch.tensor([1])])
def test_assigning_through_an_index_of_the_cpu_writes_in_place(x, select):
    expected, index = x.cpu(), select(x)
    x[index] = 7.0
    expected[index] = 7.0
    assert x.tolist() == expected.tolist()


def test_a_tensor_is_an_ordinary_tensor_that_reports_the_device(x):
    assert type(x) is torch.Tensor
    assert str(x.device) == "standin:0"
    assert not x.is_cpu
    assert x.get_device() == 0
    assert x.is_contiguous()
    assert x.stride() == (3, 1)
    assert x.untyped_storage().nbytes() == 24
    assert x.to("standin") is x
    assert x[0].data_ptr() == x.data_ptr() != x.clone().data_ptr()


def test_the_ways_out_give_plain_python_numbers(x):
    assert x.tolist() == [[0.5, -1.0, 2.0], [3.0, 4.5, -6.0]]
    assert x[0, 2].item() == float(x[0, 2]) == 2.0
    assert bool(x[0, 0] > 0)
    assert [10, 20][x.argmax(1)[1]] == 20
    assert f"{x.sum():.2f}" == "3.00"
    assert 4.5 in x
    assert [len(row) for row in x] == [3, 3]


def test_printing_names_the_device(x):
    assert repr(x[0]) == "tensor([ 0.5000, -1.0000,  2.0000], device='standin:0')"
    assert repr(nn.Parameter(x[0, :1])) == (
        "Parameter containing:\ntensor([0.5000], device='standin:0', requires_grad=True)"
    )


@pytest.mark.parametrize(
    "view",
    [
        lambda x: x[1],
        lambda x: x[:, 1:],
        lambda x: x.T,
        lambda x: x.view(3, 2),
        lambda x: x.reshape(6)[::2],
        lambda x: x[None].transpose(0, 2),
        lambda x: x.diagonal(),
        lambda x: x.unfold(1, 2, 1),
        lambda x: x.detach(),
        lambda x: x.chunk(3, 1)[2],
        lambda x: x.as_strided((2,), (4,), 1),
        lambda x: x.expand(2, 2, 3)[0],
        lambda x: x.unbind(1)[0],
        lambda x: x.view(torch.int32),
    ],
)
def test_a_view_shares_memory_and_version_with_its_base(x, view):
    part = view(x)
    assert part.untyped_storage()._cdata == x.untyped_storage()._cdata
    before, version = x.cpu(), x._version
    part.fill_(9)
    assert not torch.equal(x.cpu(), before)
    assert x._version == version + 1 == part._version
    x.zero_()
    assert not part.any()


def test_expand_repeats_nothing_in_memory(place):
    wide = torch.tensor(5.0, device=place).expand(100, 200)
    assert wide.stride() == (0, 0)
    assert wide.untyped_storage().nbytes() == 4
    assert wide.sum().item() == 100_000


@pytest.mark.parametrize(
    "duplicate",
    [torch.Tensor.cpu, torch.Tensor.clone, copy.deepcopy, lambda x: x.to(torch.device("cpu"))],
)
def test_a_copy_has_memory_of_its_own(x, duplicate):
    copied = duplicate(x)
    x.zero_()
    assert copied.tolist() == [[0.5, -1.0, 2.0], [3.0, 4.5, -6.0]]


@pytest.mark.parametrize("move", [torch.tensor, torch.as_tensor])
def test_data_handed_to_the_device_is_copied(place, move):
    data = np.ones(3)
    moved = move(data, device=place)
    data[:] = 0
    assert moved.tolist() == [1, 1, 1]


def test_deepcopy_keeps_what_is_shared_within_a_model(place):
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)).to(place)
    model[1].weight = model[0].weight
    copied = copy.deepcopy(model)
    assert copied[1].weight is copied[0].weight is not model[0].weight
    assert_agree(copied[0].weight, model[0].weight.cpu())


def through_file(value, **options):
    file = io.BytesIO()
    torch.save(value, file)
    file.seek(0)
    return torch.load(file, **options)


def test_saving_and_loading_keeps_device_values_and_sharing(x):
    loaded = through_file({"whole": x, "row": x[0], "parameter": nn.Parameter(x)})
    assert_agree([loaded["whole"], loaded["row"]], [x.cpu(), x[0].cpu()])
    loaded["row"].zero_()
    assert loaded["whole"][0].tolist() == [0, 0, 0]
    assert loaded["parameter"].requires_grad


@pytest.mark.parametrize("origin", ["cpu", "standin"])
@pytest.mark.parametrize("target", ["cpu", "standin"])
def test_map_location_names_the_device_to_load_to(place, origin, target):
    state = nn.BatchNorm1d(3).to(origin).state_dict()
    loaded = through_file(state, map_location=target)
    assert {value.device.type for value in loaded.values()} == {target}
    assert loaded["weight"].tolist() == [1, 1, 1]


@pytest.mark.timeout(60)  # a Python of its own: torch is imported anew
def test_what_was_saved_on_the_device_loads_only_where_it_is(place, x):
    file = io.BytesIO()
    torch.save(x, file)
    script = (
        "import io, sys, torch\n"
        "file = io.BytesIO(sys.stdin.buffer.read())\n"
        "print(torch.load(file, map_location='cpu').tolist())\n"
    )
    command = [sys.executable, "-c", script]
    result = subprocess.run(command, input=file.getvalue(), capture_output=True, check=True)
    assert result.stdout.decode().strip() == str(x.tolist())


def test_pickling_keeps_the_device(x):
    assert_agree(pickle.loads(pickle.dumps(x)), x.cpu())


def test_an_optimisers_state_is_resumed_from_a_file(place):
    weight = nn.Parameter(torch.ones(3, device=place))
    optimizer = torch.optim.Adam([weight])
    weight.sum().backward()
    optimizer.step()
    resumed = torch.optim.Adam([weight])
    resumed.load_state_dict(through_file(optimizer.state_dict(), map_location="cpu"))
    assert resumed.state[weight]["exp_avg"].device == weight.device


def test_moving_a_model_keeps_its_parameters_and_their_sharing(place):
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2), nn.LSTM(2, 2), nn.BatchNorm1d(2))
    model[1].weight = model[0].weight
    model[0](torch.ones(1, 2)).sum().backward()
    before, values = list(model.parameters()), [value.tolist() for value in model.parameters()]
    for device in (place.type, "cpu"):
        assert model.to(device) is model
        assert all(new is old for new, old in zip(model.parameters(), before, strict=True))
        assert [value.tolist() for value in model.parameters()] == values
        assert model[1].weight is model[0].weight
        assert {value.device.type for value in model.state_dict().values()} == {device}
        assert model[0].weight.grad.device.type == device
    assert all(value.is_leaf and value.requires_grad for value in before)


def test_loading_a_state_writes_into_the_parameters_memory(place):
    model = nn.Linear(2, 2).to(place)
    view = model.weight.detach()[0]
    model.load_state_dict({"weight": torch.full((2, 2), 7.0), "bias": torch.zeros(2)})
    assert view.tolist() == [7, 7]


def test_gradients_arrive_on_the_device_and_add_up(x):
    x.requires_grad_()
    hooked = []
    x.register_hook(hooked.append)
    for _ in range(2):
        (x * x).sum().backward()
    assert_agree([x.grad, hooked[0]], [4 * x.detach().cpu(), 2 * x.detach().cpu()])


def test_gradients_of_gradients(x):
    x.requires_grad_()
    (first,) = torch.autograd.grad((x**3).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    assert_agree(second, 6 * x.detach().cpu())


def test_gradcheck_and_the_functional_transforms_work(x):
    x = x.double()
    assert torch.autograd.gradcheck(lambda x: x.sin() * x, x.requires_grad_())
    assert torch.autograd.gradgradcheck(lambda x: x.sin() * x, x)
    assert_agree(torch.func.vmap(torch.func.grad(lambda row: (row**2).sum()))(x.detach()),
                 2 * x.detach().cpu())  # fmt: skip


def test_a_function_of_ones_own_and_a_checkpoint_work(x):
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(context, value):
            return 2 * value

        @staticmethod
        def backward(context, gradient):
            return 2 * gradient

    x.requires_grad_()
    checkpoint(lambda x: Double.apply(x).sin(), x, use_reentrant=False).sum().backward()
    assert_agree(x.grad, 2 * (2 * x.detach().cpu()).cos())


def backward_twice(loss):
    loss.backward()
    loss.backward()


MISTAKES = {
    "a second backward": (lambda x: backward_twice(x.exp().sum()), "through the graph a second"),
    "a changed result": (lambda x: x.exp().add_(1).sum().backward(), "by an inplace operation"),
    "no gradient": (lambda x: x.detach().sum().backward(), "does not require grad"),
    "no scalar": (lambda x: (x * 2).backward(), "created only for scalar outputs"),
    "a changed leaf": (lambda x: x.add_(1), "leaf Variable that requires grad"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_autograd_finds_the_usual_mistakes(x, name):
    mistake, message = MISTAKES[name]
    with pytest.raises(RuntimeError, match=message):
        mistake(x.requires_grad_())


@pytest.mark.parametrize("error", [ValueError("from the hook"), KeyboardInterrupt()])
def test_an_exception_in_a_hook_comes_out_of_backward(x, error):
    def fail(gradient):
        raise error

    def hooked():
        outputs = x.detach().requires_grad_() * 1
        outputs.register_hook(fail)
        return outputs.sum()

    for _ in range(2):
        with pytest.raises(type(error)) as caught:
            hooked().backward()
        assert caught.value is error
        assert caught.traceback[-1].name == "fail"
    assert torch.autograd.grad(x.requires_grad_().sum(), x)[0].tolist() == [[1] * 3] * 2


def test_a_model_part_of_which_stayed_on_the_cpu_is_refused_in_backward_too(x):
    class Forgetful(torch.autograd.Function):
        @staticmethod
        def forward(context, value):
            return value.clone()

        @staticmethod
        def backward(context, gradient):
            return gradient * torch.ones(3)

    with pytest.raises(RuntimeError, match=TWO_DEVICES):
        Forgetful.apply(x.requires_grad_()).sum().backward()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_runs_backward(x):
    x.requires_grad_().sum().backward()
    child = os.fork()
    if child == 0:
        x.sum().backward()
        os._exit(0 if x.grad.tolist() == [[2] * 3] * 2 else 1)
    assert os.waitpid(child, 0)[1] == 0


class Seen(TorchDispatchMode):
    """The operators that reach the dispatcher."""

    def __init__(self):
        super().__init__()
        self.names, self.devices = [], set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.names.append(func._schema.name.removeprefix("aten::"))
        self.devices |= {arg.device.type for arg in args if isinstance(arg, torch.Tensor)}
        return func(*args, **(kwargs or {}))


class Called(TorchFunctionMode):
    """The functions and methods of torch that Python calls."""

    def __init__(self):
        super().__init__()
        self.names = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.names.append(func.__name__)
        return func(*args, **(kwargs or {}))


OBSERVED = {
    "a sum": (lambda x: x + 1, ["add"], ["add"]),
    "a factory": (lambda x: torch.zeros(2, device="standin"), ["zeros"], ["zeros"]),
    "item": (lambda x: x.item(), ["_local_scalar_dense"], ["item"]),
    "float": (lambda x: float(x), ["_local_scalar_dense"], ["__float__"]),
    "bool": (lambda x: bool(x), ["_local_scalar_dense"], ["__bool__"]),
    "tolist": (lambda x: x.tolist(), ["_to_copy"], ["tolist"]),
    "cpu": (lambda x: x.cpu(), ["_to_copy"], ["cpu"]),
    "a mask": (lambda x: x[x > 0], ["gt", "index"], ["gt", "__getitem__"]),
    "a view": (lambda x: x[0], ["select"], ["__getitem__"]),
    "an update": (lambda x: x.add_(1), ["add_"], ["add_"]),
    "a linear layer": (lambda x: F.linear(x, x), ["t", "mm"], ["linear"]),
    "a convolution": (lambda x: F.conv1d(x[None], x[None]), ["unsqueeze"] * 2 + ["convolution"],
                      ["__getitem__"] * 2 + ["conv1d"]),
    "an LSTM cell": (lambda x: torch.lstm_cell(x, [x, x], *[x.new_ones(4, 1)] * 2),
                     ["new_ones", "t", "mm", "t", "mm", "_thnn_fused_lstm_cell"],
                     ["new_ones", "lstm_cell"]),
    "backward": (lambda x: torch.autograd.grad((x * x).sum(), x),
                 ["mul", "sum", "ones_like", "expand", "mul", "mul", "add"],
                 ["mul", "sum", "grad"]),
}  # fmt: skip


@pytest.mark.parametrize("name", OBSERVED)
def test_modes_see_each_operation_once_and_nothing_of_how_it_is_done(place, name):
    action, operators, functions = OBSERVED[name]
    x = torch.tensor([[2.0]], device=place, requires_grad=name == "backward")
    with Seen() as seen, Called() as called:
        action(x)
    assert [operator for operator in seen.names if operator != "detach"] == operators
    assert called.names == functions
    assert seen.devices <= {standin.NAME}


def test_a_default_device_and_a_random_state_work_as_for_any_device(place):
    with torch.device(place):
        assert torch.rand(2).device.type == standin.NAME
        assert nn.Linear(2, 2).weight.device.type == standin.NAME
        assert torch.tensor([1]).device.type == standin.NAME
    state = torch.get_device_module(place).get_rng_state()
    first = torch.rand(2, device=place)
    torch.get_device_module(place).set_rng_state(state)
    assert torch.equal(torch.rand(2, device=place), first)


def test_autocast_says_that_it_has_no_narrower_type_here(x):
    with pytest.warns(UserWarning, match="Disabling autocast"), torch.autocast(x.device.type):
        assert (x @ x.T).dtype == torch.float32


def test_a_memory_format_is_kept(place):
    images = torch.rand(2, 3, 4, 5, device=place).to(memory_format=torch.channels_last)
    for result in (images, images.clone(), images + 1, torch.empty_like(images)):
        assert result.stride() == (60, 1, 15, 3)


def test_inference_mode_marks_and_no_grad_detaches(x):
    with torch.inference_mode():
        assert (x + 1).add_(1).is_inference()
    with torch.no_grad():
        assert not (x.requires_grad_() + 1).requires_grad


def test_batches_of_a_data_loader_move_over(place):
    pairs = [(torch.full((2,), float(number)), number) for number in range(5)]
    loader = torch.utils.data.DataLoader(pairs, batch_size=2)
    batches = [(inputs.to(place), targets.to(place)) for inputs, targets in loader]
    assert [inputs.shape for inputs, _ in batches] == [(2, 2), (2, 2), (1, 2)]
    assert torch.cat([targets for _, targets in batches]).tolist() == [0, 1, 2, 3, 4]


def test_leaving_undoes_what_entering_did_after_an_error_too(place):
    inside = nn.Module._apply, torch.autograd.Variable._execution_engine
    with pytest.raises(ZeroDivisionError), standin.activate():
        raise ZeroDivisionError
    assert (nn.Module._apply, torch.autograd.Variable._execution_engine) == inside
    assert torch.accelerator.is_available()  # the fixture's is still open


def test_outside_torch_is_as_it_was():
    before = nn.Module._apply, torch.autograd.Variable._execution_engine
    if standin.why_unavailable() is None:
        with standin.activate():
            pass
        assert not torch.accelerator.is_available()
    assert (nn.Module._apply, torch.autograd.Variable._execution_engine) == before


def missing_call(monkeypatch):
    real_accelerator(monkeypatch, count=0)
    name = "_setup_privateuseone_for_python_backend"
    monkeypatch.delattr(torch.utils.backend_registration, name)


def another_backend(monkeypatch):
    monkeypatch.setattr(torch._C, "_get_privateuse1_backend_name", lambda: "npu")


def real_accelerator(monkeypatch, count=1):
    monkeypatch.setattr(torch._C, "_get_privateuse1_backend_name", lambda: "privateuseone")
    monkeypatch.setattr(torch.accelerator, "device_count", lambda: count)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda: torch.device("cuda"))


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (missing_call, "takes no device written in Python .ImportError: .*_setup_privateuseone"),
        (another_backend, "npu has taken it"),
        (real_accelerator, r"this machine has a real one \(cuda\)"),
    ],
)
def test_where_it_cannot_work_it_says_why(monkeypatch, trouble, reason):
    trouble(monkeypatch)
    monkeypatch.setattr(standin, "why_unregistered", backend.why_unregistered.__wrapped__)
    with pytest.raises(RuntimeError, match=f"the stand-in does not work here: .*{reason}"):
        standin.activate().__enter__()


@pytest.mark.timeout(60)  # a Python of its own: torch is imported anew
def test_importing_it_costs_no_more_of_torch_and_registers_nothing():
    script = (
        "import sys, torch\n"
        "before = {name for name in sys.modules if name.startswith('torch')}\n"
        "import dojo.standin\n"
        "print({name for name in sys.modules if name.startswith('torch')} - before)\n"
        "print(hasattr(torch, 'standin'))\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.split("\n")[:2] == ["set()", "False"]
