import io
import os
import signal
import tempfile
from copy import deepcopy
from pathlib import Path

import pytest
import torch
from torch import nn

from dojo.checks import answer_of, assert_refused, assert_same, unchanged
from katas.networks.state_dict import load, save, snapshot


def test_a_snapshot_is_exact(device, generator):
    model = net(device, generator)
    got = taken(model)
    for name in got:
        expected = model.state_dict()[name]
        assert_same(got[name].to(device), expected, f"{name} as the model has it", rtol=0, atol=0)


def test_parameters_stay_while_training_goes_on(device, generator):
    model = net(device, generator)
    got = taken(model)
    kept = {name: value.clone() for name, value in got.items() if name in params(model)}
    train(model, generator)
    for name, value in kept.items():
        meaning = (
            f"{name} of the snapshot has changed with the model: state_dict() hands out the "
            "model's own tensors, and a copy of the dict holds the same ones"
        )
        assert_same(got[name], value, meaning, rtol=0, atol=0)


def test_buffers_stay_while_training_goes_on(device, generator):
    model = net(device, generator)
    got = taken(model)
    kept = {name: value.clone() for name, value in got.items() if name not in params(model)}
    train(model, generator)
    for name, value in kept.items():
        meaning = f"{name} of the snapshot has changed with the model, which trains it, too"
        assert_same(got[name], value, meaning, rtol=0, atol=0)


def test_a_snapshot_brings_the_model_back(device, generator):
    model = net(device, generator)
    x = torch.randn(5, 3, generator=generator).to(device)
    expected = model.eval()(x).detach()
    state = taken(model)
    train(model, generator)
    answer_of(
        lambda: model.load_state_dict(state),
        "model.load_state_dict(snapshot(model)) finds all names, buffers too",
    )
    meaning = "the outputs in eval mode after ten steps of training and load_state_dict(snapshot)"
    assert_same(model.eval()(x).detach(), expected, meaning)


def test_a_shared_weight_has_both_names(device):
    model = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False)).to(device)
    model[1].weight = model[0].weight
    got = sorted(taken(model))
    assert got == ["0.weight", "1.weight"], (
        f"both layers hold one weight, and a snapshot has {', '.join(got)} of 0.weight and "
        "1.weight: load_state_dict asks for both"
    )


def test_a_snapshot_has_no_graph(device, generator):
    state = taken(net(device, generator))
    got = [name for name, value in state.items() if value.requires_grad]
    assert not got, f"{', '.join(got)} require grad: each snapshot would keep a graph alive"


def test_the_file_is_plain_data(device, generator, tmp_path):
    written(net(device, generator), tmp_path / "model.pt")


def test_the_file_holds_tensors_by_name(device, generator, tmp_path):
    got = written(net(device, generator), tmp_path / "model.pt")
    others = [name for name, value in got.items() if not torch.is_tensor(value)]
    assert not others, (
        f"{', '.join(others)} in the file is no tensor: it holds the state, unwrapped"
    )


def test_the_file_holds_the_whole_state(device, generator, tmp_path):
    model = net(device, generator)
    got, expected = written(model, tmp_path / "model.pt"), model.state_dict()
    assert sorted(got) == sorted(expected), (
        f"the file has {', '.join(got) or 'nothing'}, and the model {', '.join(expected)}"
    )
    for name, value in got.items():
        wanted = expected[name].cpu()
        assert_same(value.cpu(), wanted, f"{name} in the file", rtol=0, atol=0)


def test_the_file_holds_cpu_tensors(device, generator, tmp_path):
    got = written(net(device, generator), tmp_path / "model.pt")
    away = [name for name, value in got.items() if torch.is_tensor(value) and not value.is_cpu]
    assert not away, (
        f"{', '.join(away)} in the file belong on {device}: a machine without it can't read them"
    )


def test_saving_leaves_the_device(device, generator, tmp_path):
    model = net(device, generator)
    with unchanged(*model.state_dict().values()):
        saved(model, tmp_path / "model.pt")
    got = {value.device.type for value in model.state_dict().values()}
    assert got == {device.type}, (
        f"the model was on {device.type} before it was saved, and now has tensors on "
        f"{', '.join(sorted(got))}: model.cpu() moves the model itself"
    )


def test_saving_leaves_the_mode(device, generator, tmp_path):
    for training in (True, False):
        model = net(device, generator).train(training)
        saved(model, tmp_path / "model.pt")
        got = {part.training for part in model.modules()}
        assert got == {training}, f"training was {training} before saving, and is {got} after it"


def test_an_old_file_is_replaced(device, generator, tmp_path):
    path = tmp_path / "model.pt"
    path.write_bytes(b"old")
    saved(net(device, generator), path)
    assert path.read_bytes() != b"old", "the old file is still there in place of the new one"


def test_a_path_may_be_text(device, generator, tmp_path):
    model, path = net(device, generator), str(tmp_path / "model.pt")
    saved(model, path)
    assert os.path.exists(path), f"save(model, {path!r}) writes a file there"
    loaded(model, str(file_of(net("cpu", generator).state_dict(), tmp_path)))


def test_saving_leaves_one_file(device, generator, tmp_path):
    path = tmp_path / "model.pt"
    for _ in range(2):
        saved(net(device, generator), path)
        assert_only_file(path, "after save, without an error,")


def test_a_failure_leaves_the_old_file(device, generator, tmp_path, monkeypatch):
    for error in (OSError("no space left on device"), KeyboardInterrupt()):
        path = tmp_path / "model.pt"
        path.write_bytes(b"an old file " * 1000)
        fail(net(device, generator), path, monkeypatch, error)
        assert path.exists(), "torch.save failed, and the old file is gone"
        assert path.read_bytes() == b"an old file " * 1000, (
            "torch.save failed half-way, and the old file is broken: it was written into"
        )


def test_a_failure_leaves_no_new_file(device, generator, tmp_path, monkeypatch):
    path = tmp_path / "model.pt"
    fail(net(device, generator), path, monkeypatch, OSError("no space left on device"))
    assert_only_file(None, "torch.save failed, and", tmp_path)


def test_ctrl_c_leaves_no_new_file(device, generator, tmp_path, monkeypatch):
    path = tmp_path / "model.pt"
    fail(net(device, generator), path, monkeypatch, KeyboardInterrupt())
    assert_only_file(None, "Ctrl-C stopped torch.save, which is no Exception, and", tmp_path)


def test_the_error_comes_out(device, generator, tmp_path, monkeypatch):
    error = OSError("no space left on device")
    got = fail(net(device, generator), tmp_path / "model.pt", monkeypatch, error)
    assert got is error, (
        f"torch.save raised {error!r}, and of save came {got!r}: who saves has to learn of it"
    )


def test_the_old_file_is_there_while_the_new_one_is_written(
    device, generator, tmp_path, monkeypatch
):
    path, seen = tmp_path / "model.pt", []
    path.write_bytes(b"old")
    plant(monkeypatch, after=lambda _: seen.append(path.read_bytes() if path.exists() else b""))
    saved(net(device, generator), path)
    assert seen, "save writes with torch.save, called by this name"
    assert all(content == b"old" for content in seen), (
        "while torch.save was writing, "
        f"{'half of the new file' if seen[0] else 'nothing'} was in the place of the old one: a "
        "computer that stops then has no file to go on from"
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")  # torch's threads are idle
def test_a_killed_process_leaves_the_old_file(generator, tmp_path, monkeypatch):
    # On the CPU only: a forked process can't use CUDA.
    path, model = tmp_path / "model.pt", net("cpu", generator)
    path.write_bytes(b"old")
    plant(monkeypatch, after=lambda _: os.kill(os.getpid(), signal.SIGKILL))
    child = os.fork()
    if child == 0:
        try:
            save(model, path)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "save writes with torch.save, called by this name"
    assert path.exists(), "a process was killed while it saved, and the old file is gone"
    assert path.read_bytes() == b"old", (
        "a process was killed while it saved, and left half a file in the place of the old one"
    )


def test_the_new_file_takes_the_old_ones_place(device, generator, tmp_path):
    path, other = tmp_path / "folder" / "model.pt", tmp_path / "other"
    path.parent.mkdir()
    path.write_bytes(b"old")
    try:
        os.link(path, other)
    except OSError as error:
        pytest.skip(f"this file system has no hard links: {error}")
    saved(net(device, generator), path)
    assert path.read_bytes() != b"old", "the new state is in the place of the old file"
    assert other.read_bytes() == b"old", (
        "the old file, seen under its second name, has the new state: it was written into, and a "
        "computer that stops in the middle leaves neither the old nor the new"
    )


def test_nothing_is_written_elsewhere(device, generator, tmp_path, monkeypatch):
    folder, elsewhere, places = tmp_path / "models", tmp_path / "elsewhere", []
    folder.mkdir()
    elsewhere.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(elsewhere))
    plant(
        monkeypatch,
        after=lambda file: places.append(
            getattr(file, "name", None) if hasattr(file, "write") else file
        ),
    )
    saved(net(device, generator), folder / "model.pt")
    paths = [Path(place).resolve() for place in places if isinstance(place, str | os.PathLike)]
    away = [str(path) for path in paths if not path.is_relative_to(folder.resolve())]
    assert not away, (
        f"torch.save wrote into {away[0]}: from another file system it can't be moved to its place "
        "in one step, and there may be no room"
    )


def test_parameters_come_back(device, generator, tmp_path):
    assert_comes_back("a parameter", True, device, generator, tmp_path)


def test_buffers_come_back(device, generator, tmp_path):
    why = "a buffer, which batch norm needs in eval mode"
    assert_comes_back(why, False, device, generator, tmp_path)


def test_the_model_keeps_its_parameters(device, generator, tmp_path):
    model = net(device, generator)
    model[0].bias.requires_grad_(False)
    before = [(id(param), param.requires_grad) for param in model.parameters()]
    loaded(model, file_of(net("cpu", generator).state_dict(), tmp_path))
    got = [(id(param), param.requires_grad) for param in model.parameters()]
    assert got == before, (
        "the model has other Parameter objects after load, or their requires_grad has changed: an "
        "optimiser made before would go on with those that nobody uses"
    )


def test_a_missing_name_is_refused(device, generator, tmp_path):
    state = net("cpu", generator).state_dict()
    del state["1.running_var"]
    refused(state, "1.running_var is missing", "1.running_var", device, generator, tmp_path)


def test_a_name_too_many_is_refused(device, generator, tmp_path):
    state = net("cpu", generator).state_dict()
    state["3.gain"] = torch.ones(2)
    refused(state, "the model has no 3.gain", "3.gain", device, generator, tmp_path)


def test_a_wrong_shape_is_refused(device, generator, tmp_path):
    state = net("cpu", generator).state_dict()
    state["1.bias"] = torch.ones(5)
    refused(state, "1.bias has 5 numbers in place of 4", "1.bias", device, generator, tmp_path)


def test_a_shape_that_broadcasts_is_refused(device, generator, tmp_path):
    state = net("cpu", generator).state_dict()
    state["0.bias"] = torch.ones(1)
    why = "0.bias has 1 number in place of 4, and broadcasting would make it 4"
    refused(state, why, "0.bias", device, generator, tmp_path)


def test_as_many_numbers_in_another_shape_are_refused(device, generator, tmp_path):
    state = net("cpu", generator).state_dict()
    state["0.weight"] = torch.ones(3, 4)
    why = "0.weight has shape (3, 4) in place of (4, 3), the same numbers in other places"
    refused(state, why, "0.weight", device, generator, tmp_path)


def test_all_names_are_in_the_message(device, generator, tmp_path):
    state = net("cpu", generator).state_dict()
    for name in ("0.weight", "1.running_mean"):
        state[f"module.{name}"] = state.pop(name)
    state["2.weight"] = torch.ones(2, 5)
    names = "0.weight 1.running_mean module.0.weight module.1.running_mean 2.weight"
    why = "two names are missing, two are too many, and one shape is another"
    refused(state, why, names, device, generator, tmp_path)


def test_no_misfit_is_loaded_silently(device, generator, tmp_path):
    for change in ("missing", "too many", "other"):
        model, path = net(device, generator), file_of(misfit(change, generator), tmp_path)
        assert attempt(model, path), f"a file with one name {change} was loaded without an error"


def test_a_refused_file_leaves_the_model(device, generator, tmp_path):
    for change in ("missing", "too many", "of another shape"):
        model, path = net(device, generator), file_of(misfit(change, generator), tmp_path)
        before = {name: value.clone() for name, value in model.state_dict().items()}
        if attempt(model, path) is None:
            continue  # that is for the tests before
        got = model.state_dict().items()
        changed = [name for name, value in got if not torch.equal(value, before[name])]
        assert not changed, (
            f"a file with one name {change} was refused, and {', '.join(changed)} of the model are "
            "those of the file now: load_state_dict copies what fits before it raises"
        )


def test_a_pickled_module_is_refused(device, generator, tmp_path):
    other, model = net("cpu", generator), net(device, generator)
    with unchanged(*model.state_dict().values()):
        error = attempt(model, file_of(other, tmp_path))
    assert error, "a file with a whole module in it was loaded: whoever reads one runs its code"


def test_a_file_runs_no_code(device, generator, tmp_path):
    folder, model = tmp_path / "made by the file", net(device, generator)
    state = {**net("cpu", generator).state_dict(), "0.bias": MakesAFolder(folder)}
    attempt(model, file_of(state, tmp_path))
    assert not folder.exists(), (
        "the file said os.mkdir, and a folder was made: a pickle is a program, and runs when it is "
        "read, before anyone can look at what is in it"
    )


@pytest.mark.parametrize("layers", [1, 10, 100])
def test_benchmark(bench, device, generator, layers):
    """A deep copy of the whole model (here called loop) against your snapshot of its state."""
    model = nn.Sequential(*(nn.Linear(64, 64) for _ in range(layers))).to(device)
    own = model.state_dict()

    def made(program):
        def after_new_numbers(*numbers):
            for value, fresh in zip(own.values(), numbers, strict=True):
                value.copy_(fresh)
            state = program(model)
            return [state[name].to(device) for name in own]

        return after_new_numbers

    def inputs():
        shapes = [value.shape for value in own.values()]
        return tuple(torch.randn(shape, generator=generator).to(device) for shape in shapes)

    bench(made(lambda model: deepcopy(model).state_dict()), snapshot, inputs, made=made)


class MakesAFolder:
    def __init__(self, folder):
        self.folder = str(folder)

    def __reduce__(self):
        return os.mkdir, (self.folder,)


def misfit(change, generator):
    """A state that does not fit the model in one place."""
    state = net("cpu", generator).state_dict()
    if change in ("missing", "other"):
        value = state.pop("1.weight")
    if change == "other":
        state["1.gain"] = value
    if change == "too many":
        state["3.gain"] = torch.ones(2)
    if change == "of another shape":
        state["2.weight"] = torch.ones(7, 4)
    return state


def net(device, generator):
    """A new model with weights and running statistics of its own."""
    layers = nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2, bias=False)
    model = nn.Sequential(*layers)
    for param in model.parameters():
        param.data = torch.randn(param.shape, generator=generator)
    model.train()(torch.randn(6, 3, generator=generator))
    return model.to(device)


def train(model, generator):
    """Ten steps of plain SGD on drawn numbers."""
    model.train()
    for _ in range(10):
        x = torch.randn(6, 3, generator=generator).to(model[0].weight.device)
        model(x).square().mean().backward()
        with torch.no_grad():
            for param in model.parameters():
                param -= 0.1 * param.grad
                param.grad = None


def params(model):
    return dict(model.named_parameters())


def taken(model):
    got = answer_of(lambda: snapshot(model), "a snapshot is taken")
    assert isinstance(got, dict), f"a snapshot is a dict, got {type(got).__name__}"
    return got


def saved(model, path):
    answer_of(lambda: save(model, path), f"save writes {Path(path).name}")


def written(model, path):
    """What torch reads from the file that save writes."""
    saved(model, path)
    try:
        return torch.load(path, weights_only=True)
    except Exception as error:
        raise AssertionError(
            "torch.load(path, weights_only=True) does not read the file, which is to hold tensors "
            f"in a dict and nothing else: {type(error).__name__}"
        ) from None


def loaded(model, path):
    answer_of(lambda: load(model, path), "a file that fits the model can be loaded")


def file_of(content, folder):
    path = folder / "made for it.pt"
    torch.save(content, path)
    return path


def attempt(model, path):
    """The error with which load refuses a file, None if it takes it."""
    try:
        load(model, path)
    except NotImplementedError:
        raise  # not written yet
    except Exception as error:
        return error
    return None


def refused(state, why, names, device, generator, folder):
    model, path = net(device, generator), file_of(state, folder)
    assert_refused(lambda: load(model, path), ValueError, why, mentions=names.split())


def assert_comes_back(what, is_param, device, generator, folder):
    other, model = net("cpu", generator), net(device, generator)
    train(model, generator)
    loaded(model, file_of(other.state_dict(), folder))
    for name, value in model.state_dict().items():
        if (name in params(model)) == is_param:
            expected = other.state_dict()[name].to(device)
            assert_same(value, expected, f"{name} of the file, {what}", rtol=0, atol=0)


def assert_only_file(path, when, folder=None):
    names = sorted(each.name for each in (folder or path.parent).iterdir())
    expected = [path.name] if path else []
    assert names == expected, (
        f"{when} the folder holds {', '.join(names) or 'nothing'} in place of "
        f"{', '.join(expected) or 'nothing'}"
    )


def plant(monkeypatch, after):
    """Call a function with the file each time that torch.save has written half of it."""
    original = torch.save

    def half_way(content, file, *args, **options):
        memory = io.BytesIO()
        original(content, memory)
        half = memory.getvalue()[: len(memory.getvalue()) // 2]
        if hasattr(file, "write"):
            file.write(half)
            file.flush()
        else:
            Path(file).write_bytes(half)
        after(file)
        if hasattr(file, "write"):
            file.seek(0)
        return original(content, file, *args, **options)

    monkeypatch.setattr(torch, "save", half_way)


def fail(model, path, monkeypatch, error):
    """What comes out of save when torch.save raises this half-way; None if nothing does."""
    called = []

    def stop(_):
        called.append(True)
        raise error

    with monkeypatch.context() as patch:
        plant(patch, after=stop)
        try:
            save(model, path)
        except NotImplementedError:
            raise  # not written yet
        except BaseException as raised:
            if raised is not error and not isinstance(raised, Exception):
                raise
            return raised
    assert called, "save writes with torch.save, called by this name"
    return None
