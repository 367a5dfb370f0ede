"""Which call exports a module's parameters and buffers, and what is it that one gets?

Three uses of it: to put a model back to an earlier state, to write a file, and to read one.
"""

import os
from pathlib import Path

import torch
from torch import Tensor, nn

from dojo import alternative, misconception

__all__ = ["load", "save", "snapshot"]


def snapshot(model: nn.Module) -> dict[str, Tensor]:
    """Give the state of the model as it is now: parameters and buffers, in a dict by name.

    It has each name that model.load_state_dict() asks for, such as "0.weight", also where two of
    them share one parameter; given to that method, it brings the model back. It stays as it is
    while training goes on. The tensors have the values and dtypes that the model has now, and
    require no gradient; they lie on the model's device or on the CPU, whichever you like.
    """
    return {name: value.clone() for name, value in model.state_dict().items()}


def save(model: nn.Module, path: str | Path) -> None:
    """Write the state of the model into a file; one that is there is replaced.

    torch.load(path, weights_only=True) gives a dict from it, with what snapshot gives, and all of
    it on the CPU, so that the file can be read without the model's device. The model stays as it
    is.

    At every moment path holds a whole file, the old one or the new one, even if the computer stops
    right there: the new one takes the old one's place, and is not written into it. Write with
    torch.save, called by just this name: the tests make it fail half-way. What it raises then,
    Ctrl-C included, comes out of save, and path holds the old file, or none where none was. With an
    error or without, no other file is left behind, and nothing is ever written outside of the
    folder of path, which exists.
    """
    path = Path(path)
    state = {name: value.cpu() for name, value in model.state_dict().items()}
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        torch.save(state, unfinished)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def load(model: nn.Module, path: str | Path) -> None:
    """Set the parameters and buffers of the model to those of a file such as save writes.

    Only values change: the model keeps its Parameter objects, which an optimiser may hold, and
    they keep their device and requires_grad. A file is taken as a whole or not at all: where one
    is refused, the model is as it was before. A file with anything pickled in it but tensors in
    a dict, such as a whole module, is refused by an error of any kind, and none of its code runs.

    Raises:
        ValueError: the file lacks names that a snapshot of the model has, or has others, or a shape
            differs, be it one that would broadcast or has as many numbers. The message has all
            these names in full, such as "0.weight".
    """
    state = torch.load(path, weights_only=True)
    if wrong := _misfits(model.state_dict(), state):
        raise ValueError(f"{path} does not fit the model, which stays as it is: {wrong}")
    model.load_state_dict(state)


def _misfits(own, state):
    """What keeps a state from being loaded, in words; empty if nothing does."""
    wrong = [f"{name} is missing" for name in own if name not in state]
    wrong += [f"the model has no {name}" for name in state if name not in own]
    for name in own:
        if name in state and own[name].shape != state[name].shape:
            shapes = f"{tuple(state[name].shape)}, in the model {tuple(own[name].shape)}"
            wrong.append(f"{name} has shape {shapes}")
    return "; ".join(wrong)


HINTS = (
    "Take model.state_dict(), add 1 to a weight of the model in place, and look at what you have "
    "taken. For the file: what is at path if torch.save stops in the middle?",
    "state_dict() hands out the model's own tensors: clone them. Write a second file in the same "
    "folder and put it in the first one's place by os.replace. Compare names and shapes before "
    "load_state_dict is called at all.",
    "save: try torch.save(state, unfinished) and os.replace(unfinished, path), finally delete "
    "unfinished if it is still there. load: torch.load(path, weights_only=True), "
    "then names missing, names too many, shapes, and load_state_dict last.",
)
ANSWER = """
state_dict() exports parameters and persistent buffers under dotted names. It is no copy: its
tensors are the model's own memory, without the graph. The best epoch kept by
`best = model.state_dict()` is therefore the last one at the end, and nothing says so; clone, or
deepcopy it. parameters() alone would lose the running statistics of batch norm, and a pickled
module ties the file to the source code of the day.

load_state_dict does copy, into the Parameters that are there, so an optimiser goes on working. But
it copies what fits before it raises for what does not: catch its error, and half of the model is
new. strict=False silences missing names, and a layer of random weights looks like a bad model.

torch.save opens the file at once, so that a full disk or Ctrl-C costs the old checkpoint too; a
file beside it and os.replace, which is atomic within a file system, cost one line. (Against power
cuts the file also wants os.fsync before.) A pickle is a program: since torch 2.6 weights_only=True
is the default of torch.load, and refuses all but plain data.
"""


@alternative(replaces="snapshot")
def copies_deeply(model):
    from copy import deepcopy

    return deepcopy(model.state_dict())


@alternative(replaces="snapshot")
def copies_to_the_host(model):
    state = {}
    for name, value in model.state_dict().items():
        state[name] = torch.empty(value.shape, dtype=value.dtype)
        state[name].copy_(value)
    return state


@alternative(replaces="snapshot")
def writes_and_reads(model):
    import io

    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    return torch.load(file, weights_only=True)


@alternative(replaces="save")
def writes_in_a_folder_beside(model, path):
    from copy import deepcopy
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(dir=os.path.dirname(path) or ".") as folder:
        unfinished = os.path.join(folder, "state")
        with open(unfinished, "wb") as file:
            torch.save(deepcopy(model).cpu().state_dict(), file)
        os.replace(unfinished, path)


@alternative(replaces="save")
def writes_in_memory_first(model, path):
    import io
    from tempfile import NamedTemporaryFile

    memory, folder = io.BytesIO(), Path(path).parent
    torch.save({name: value.to("cpu") for name, value in model.state_dict().items()}, memory)
    with NamedTemporaryFile(dir=folder, prefix=".", delete=False) as file:
        try:
            file.write(memory.getvalue())
            file.close()
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise


@alternative(replaces="load")
def tries_on_a_copy(model, path):
    from copy import deepcopy

    state = torch.load(path, weights_only=True)
    try:
        deepcopy(model).load_state_dict(state)
    except RuntimeError as error:
        raise ValueError(str(error)) from error
    model.load_state_dict(state)


@alternative(replaces="load")
def takes_it_back(model, path):
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.load(path, weights_only=True)
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        model.load_state_dict(before)
        raise ValueError(f"{path}: {error}") from error


@alternative(replaces="load")
def copies_one_by_one(model, path):
    state, own = torch.load(path, weights_only=True), model.state_dict(keep_vars=True)
    odd = own.keys() ^ state.keys()
    odd |= {n for n in own.keys() & state.keys() if own[n].size() != state[n].size()}
    if odd:
        raise ValueError(f"these names or their shapes do not fit: {sorted(odd)}")
    with torch.no_grad():
        for name, value in own.items():
            value.copy_(state[name])


@misconception(caught_by="test_parameters_stay_while_training_goes_on", replaces="snapshot")
def returns_state_dict(model):
    "state_dict() is a copy."
    return model.state_dict()


@misconception(caught_by="test_parameters_stay_while_training_goes_on", replaces="snapshot")
def copies_the_dict(model):
    "A copy of the dict is a copy of the state."
    return dict(model.state_dict())


@misconception(caught_by="test_buffers_stay_while_training_goes_on", replaces="snapshot")
def shares_the_buffers(model):
    "Only parameters change in training, so only they are copied."
    learned = dict(model.named_parameters())
    state = model.state_dict()
    return {name: state[name].clone() if name in learned else state[name] for name in state}


@misconception(caught_by="test_a_snapshot_brings_the_model_back", replaces="snapshot")
def takes_parameters_only(model):
    "The state of a model is its parameters."
    return {name: value.detach().clone() for name, value in model.named_parameters()}


@misconception(caught_by="test_a_shared_weight_has_both_names", replaces="snapshot")
def lists_parameters_and_buffers(model):
    "named_parameters() and named_buffers() have all names of state_dict()."
    named = [*model.named_parameters(), *model.named_buffers()]
    return {name: value.detach().clone() for name, value in named}


@misconception(caught_by="test_a_snapshot_has_no_graph", replaces="snapshot")
def clones_parameters_themselves(model):
    "A clone is a copy and nothing more."
    return {name: value.clone() for name, value in model.state_dict(keep_vars=True).items()}


@misconception(caught_by="test_a_snapshot_is_exact", replaces="snapshot")
def halves_the_memory(model):
    "A copy that is kept for safety may be float16."
    state = model.state_dict().items()
    return {n: value.half() if value.is_floating_point() else value.clone() for n, value in state}


@misconception(caught_by="test_the_file_holds_cpu_tensors", replaces="save", only_on="accelerator")
def saves_where_they_lie(model, path):
    "A file is on no device, so its tensors are on none."
    _write_beside(model.state_dict(), path)


@misconception(caught_by="test_saving_leaves_the_device", replaces="save", only_on="accelerator")
def moves_the_model(model, path):
    "model.cpu() gives a copy on the CPU."
    _write_beside(model.cpu().state_dict(), path)


@misconception(caught_by="test_saving_leaves_the_mode", replaces="save")
def saves_in_eval_mode(model, path):
    "A model is put into eval mode before it is saved."
    model.eval()
    _write_beside(_on_cpu(model), path)


@misconception(caught_by="test_the_file_is_plain_data", replaces="save")
def pickles_the_module(model, path):
    "Saving a model is saving the object."
    _write_beside(model, path)


@misconception(caught_by="test_the_file_holds_the_whole_state", replaces="save")
def saves_parameters_only(model, path):
    "What is learned is what has to be saved."
    _write_beside({name: value.detach().cpu() for name, value in model.named_parameters()}, path)


@misconception(caught_by="test_the_file_holds_tensors_by_name", replaces="save")
def wraps_the_state(model, path):
    "A file holds the state under a key, so that there is room for more."
    _write_beside({"model": _on_cpu(model)}, path)


@misconception(
    caught_by=(
        "test_a_failure_leaves_the_old_file",
        "test_a_failure_leaves_no_new_file",
        "test_the_old_file_is_there_while_the_new_one_is_written",
        "test_the_new_file_takes_the_old_ones_place",
    ),
    replaces="save",
)
def writes_in_place(model, path):
    "torch.save writes the file or does not."
    torch.save(_on_cpu(model), path)


@misconception(caught_by="test_a_failure_leaves_the_old_file", replaces="save")
def deletes_the_old_file_first(model, path):
    "The old file has to go before the new one can take its name."
    Path(path).unlink(missing_ok=True)
    _write_beside(_on_cpu(model), path)


@misconception(caught_by="test_the_old_file_is_there_while_the_new_one_is_written", replaces="save")
def restores_the_old_file(model, path):
    "If writing fails, the old file can be put back."
    path = Path(path)
    aside, there = path.with_name(f"{path.name}.old"), path.exists()
    if there:
        path.replace(aside)
    try:
        torch.save(_on_cpu(model), path)
    except BaseException:
        path.unlink(missing_ok=True)
        if there:
            aside.replace(path)
        raise
    aside.unlink(missing_ok=True)


@misconception(caught_by="test_the_new_file_takes_the_old_ones_place", replaces="save")
def writes_from_memory_in_place(model, path):
    "Once the bytes are in memory, writing them to the file can't fail half-way."
    import io

    memory = io.BytesIO()
    torch.save(_on_cpu(model), memory)
    Path(path).write_bytes(memory.getvalue())


@misconception(caught_by="test_a_failure_leaves_no_new_file", replaces="save")
def leaves_the_unfinished_file(model, path):
    "The unfinished file does no harm, and the next save writes over it."
    unfinished = Path(path).with_suffix(".tmp")
    torch.save(_on_cpu(model), unfinished)
    unfinished.replace(path)


@misconception(caught_by="test_ctrl_c_leaves_no_new_file", replaces="save")
def cleans_up_after_exceptions(model, path):
    "except Exception catches whatever is raised."
    unfinished = Path(path).with_suffix(".tmp")
    try:
        torch.save(_on_cpu(model), unfinished)
    except Exception:
        unfinished.unlink()
        raise
    unfinished.replace(path)


@misconception(caught_by="test_the_error_comes_out", replaces="save")
def swallows_the_error(model, path):
    "Training must not end because a file could not be written."
    import contextlib

    with contextlib.suppress(OSError):
        _write_beside(_on_cpu(model), path)


@misconception(caught_by="test_nothing_is_written_elsewhere", replaces="save")
def writes_into_the_temporary_folder(model, path):
    "Temporary files belong into the folder for temporary files."
    import shutil
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        unfinished = os.path.join(folder, "state")
        torch.save(_on_cpu(model), unfinished)
        shutil.move(unfinished, path)


@misconception(caught_by="test_saving_leaves_one_file", replaces="save")
def keeps_a_backup(model, path):
    "The old file is worth keeping under another name."
    path = Path(path)
    if path.exists():
        path.with_name(f"{path.name}.old").write_bytes(path.read_bytes())
    _write_beside(_on_cpu(model), path)


@misconception(caught_by="test_an_old_file_is_replaced", replaces="save")
def refuses_to_replace(model, path):
    "A file that is there may be somebody's, and is not written over."
    if Path(path).exists():
        raise FileExistsError(f"{path} is there already")
    _write_beside(_on_cpu(model), path)


@misconception(caught_by="test_a_path_may_be_text", replaces="save")
def takes_a_path_for_a_path(model, path):
    "A path is a Path."
    _write_beside(_on_cpu(model), path.with_name(path.name))


@misconception(
    caught_by=("test_a_missing_name_is_refused", "test_no_misfit_is_loaded_silently"),
    replaces="load",
)
def is_not_strict(model, path):
    "strict=False helps where load_state_dict complains."
    model.load_state_dict(_read(path), strict=False)


@misconception(caught_by="test_a_wrong_shape_is_refused", replaces="load")
def loads_what_fits(model, path):
    "What fits is loaded, and the rest of the model stays as it is."
    own, state = model.state_dict(), _read(path)
    fits = {n: v for n, v in state.items() if n in own and v.shape == own[n].shape}
    model.load_state_dict(fits, strict=False)


@misconception(caught_by="test_a_name_too_many_is_refused", replaces="load")
def looks_for_missing_names_only(model, path):
    "What the model does not ask for does no harm."
    state = _read(path)
    state = {name: state[name] for name in state if name in model.state_dict()}
    _refuse_misfits(model, state)
    model.load_state_dict(state)


@misconception(caught_by="test_a_missing_name_is_refused", replaces="load")
def looks_for_names_too_many_only(model, path):
    "A name that the file lacks keeps the value that it has."
    state = {**model.state_dict(), **_read(path)}
    _refuse_misfits(model, state)
    model.load_state_dict(state)


@misconception(caught_by="test_a_refused_file_leaves_the_model", replaces="load")
def complains_afterwards(model, path):
    "load_state_dict raises before it changes anything."
    try:
        model.load_state_dict(_read(path))
    except RuntimeError as error:
        raise ValueError(str(error)) from error


@misconception(caught_by="test_a_missing_name_is_refused", replaces="load")
def leaves_it_to_torch(model, path):
    "The error of load_state_dict is as good as any."
    model.load_state_dict(_read(path))


@misconception(caught_by="test_all_names_are_in_the_message", replaces="load")
def names_the_first_only(model, path):
    "One wrong name is enough to show that a file is wrong."
    own, state = model.state_dict(), _read(path)
    if wrong := _misfits(own, state):
        raise ValueError(f"{path} does not fit: {wrong.split('; ')[0]}")
    model.load_state_dict(state)


@misconception(caught_by="test_a_wrong_shape_is_refused", replaces="load")
def compares_names_only(model, path):
    "If all names are there the shapes fit too."
    own, state = model.state_dict(), _read(path)
    if own.keys() != state.keys():
        raise ValueError(f"names that do not fit: {sorted(own.keys() ^ state.keys())}")
    model.load_state_dict(state)


@misconception(caught_by="test_a_shape_that_broadcasts_is_refused", replaces="load")
def lets_shapes_broadcast(model, path):
    "A shape that broadcasts fits."
    import contextlib

    own, state = model.state_dict(), _read(path)
    for name in own.keys() & state.keys():
        with contextlib.suppress(RuntimeError):
            state[name] = state[name].expand(own[name].shape)
    _refuse_misfits(model, state)
    model.load_state_dict(state)


@misconception(caught_by="test_as_many_numbers_in_another_shape_are_refused", replaces="load")
def reshapes_to_fit(model, path):
    "As many numbers fit, in whatever shape."
    own, state = model.state_dict(), _read(path)
    for name in own.keys() & state.keys():
        if own[name].numel() == state[name].numel():
            state[name] = state[name].reshape(own[name].shape)
    _refuse_misfits(model, state)
    model.load_state_dict(state)


@misconception(caught_by="test_the_model_keeps_its_parameters", replaces="load")
def assigns(model, path):
    "assign=True is the same without a copy."
    state, own = _read(path), model.state_dict()
    _refuse_misfits(model, state)
    model.load_state_dict({n: v.to(own[n].device) for n, v in state.items()}, assign=True)


@misconception(caught_by="test_parameters_come_back", replaces="load")
def updates_the_dict(model, path):
    "What is put into the dict that state_dict() gives is put into the model."
    own, state = model.state_dict(), _read(path)
    _refuse_misfits(model, state)
    own.update(state)


@misconception(caught_by="test_buffers_come_back", replaces="load")
def loads_parameters_only(model, path):
    "Buffers come anew with the next batches."
    state, learned = _read(path), dict(model.named_parameters())
    _refuse_misfits(model, state)
    model.load_state_dict({n: v for n, v in state.items() if n in learned}, strict=False)


@misconception(caught_by="test_a_file_runs_no_code", replaces="load")
def trusts_the_file(model, path):
    "A file of weights holds numbers, so weights_only changes nothing."
    state = torch.load(path, weights_only=False)
    _refuse_misfits(model, state)
    model.load_state_dict(state)


@misconception(caught_by="test_a_pickled_module_is_refused", replaces="load")
def takes_modules_too(model, path):
    "A whole module in a file has a state_dict as well."
    state = torch.load(path, weights_only=False)
    state = state.state_dict() if isinstance(state, nn.Module) else state
    _refuse_misfits(model, state)
    model.load_state_dict(state)


def _on_cpu(model):
    return {name: value.cpu() for name, value in model.state_dict().items()}


def _write_beside(content, path):
    unfinished = Path(f"{path}.unfinished")
    try:
        torch.save(content, unfinished)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _read(path):
    return torch.load(path, weights_only=True)


def _refuse_misfits(model, state):
    if wrong := _misfits(model.state_dict(), state):
        raise ValueError(f"the file does not fit the model: {wrong}")
