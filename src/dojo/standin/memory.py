"""One block of memory, two devices: the stand-in's tensors lie in the CPU's memory.

DLPack is how array libraries hand a tensor to one another without copying it. What they hand over
is a small C structure that says where the numbers lie and on what device. Changing the device in it
gives a second tensor over the same numbers, an ordinary torch.Tensor that reports another device.
The whole stand-in rests on this.
"""

import ctypes
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

NAME = "standin"

CPU_KIND = 1
STANDIN_KIND = 12  # DLPack's "extension device"; torch reads it as PrivateUse1


class _Head(ctypes.Structure):
    """How DLPack's structure begins: where, and on what device."""

    _fields_ = (
        ("data", ctypes.c_void_p),
        ("device_kind", ctypes.c_int32),
        ("device_index", ctypes.c_int32),
    )


_address = ctypes.pythonapi.PyCapsule_GetPointer
_address.restype = ctypes.c_void_p
_address.argtypes = (ctypes.py_object, ctypes.c_char_p)


def _relabelled(tensor: Tensor, kind: int) -> Tensor:
    capsule = torch._C._to_dlpack(tensor)
    _Head.from_address(_address(capsule, b"dltensor")).device_kind = kind
    return torch._C._from_dlpack(capsule)


def as_cpu(tensor: Tensor, shared: Mapping[int, torch.UntypedStorage] | None = None) -> Tensor:
    """The same numbers as a CPU tensor: what is written into one shows in the other."""
    if tensor.is_cpu:
        return tensor
    storage = shared.get(tensor.untyped_storage()._cdata) if shared else None
    if storage is None:
        alias = _relabelled(tensor, CPU_KIND)
    else:
        place = tensor.storage_offset(), tensor.shape, tensor.stride()
        alias = torch.empty(0, dtype=tensor.dtype).set_(storage, *place)
    # Both are marks on a tensor, put there in place of work on its numbers. DLPack drops them.
    if tensor.is_conj():
        alias = alias.conj()
    if tensor.is_neg():
        alias = alias._neg_view()
    return alias


def shared_storages(values: Iterable[Any]) -> dict[int, torch.UntypedStorage]:
    """The CPU's side of each storage that several of these tensors lie in, for as_cpu.

    Two aliases have two storages in torch's eyes. An operator that writes has to know better, to
    refuse x[1:] += x[:-1], where it would read what it has just written.
    """
    seen = set()
    shared = {}
    for value in values:
        for leaf in value if isinstance(value, (list, tuple)) else (value,):
            if isinstance(leaf, Tensor) and not leaf.is_cpu:
                storage = leaf.untyped_storage()
                if storage._cdata in seen:
                    whole = torch.empty(0, dtype=torch.uint8, device=NAME).set_(storage)
                    shared[storage._cdata] = as_cpu(whole).untyped_storage()
                seen.add(storage._cdata)
    return shared


def as_standin(tensor: Tensor) -> Tensor:
    """The same numbers as a tensor of the stand-in."""
    return _relabelled(tensor.resolve_conj().resolve_neg(), STANDIN_KIND)
