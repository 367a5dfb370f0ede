"""Landlock, on Linux: no reading of solutions, no writing outside some folders, no network.

A list of what is allowed: whatever a rule does not name is denied, for this process and those that
it starts, for good. See the kernel's "Landlock: unprivileged access control",
Documentation/userspace-api/landlock.rst, for names and numbers.
"""

import ctypes
import functools
import os
import struct
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture
_ASK_VERSION = 1
_RULE_PATH_BENEATH = 1
_PR_SET_NO_NEW_PRIVS = 38

_READ_FILE = 1 << 2
_WRITE_FILE = 1 << 1
# Remove and make: dir, file, char, sock, fifo, block, sym.
_CHANGE_FOLDERS = sum(1 << bit for bit in (4, 5, 6, 7, 8, 9, 10, 11, 12))
_REFER, _TRUNCATE = 1 << 13, 1 << 14  # since versions 2 and 3
_BIND_TCP, _CONNECT_TCP = 1 << 0, 1 << 1  # since version 4
_SIGNAL = 1 << 1  # since version 6: no signals to processes outside


def version() -> int:
    """The kernel's version of Landlock; 0 where it has none."""
    if sys.platform != "linux":
        return 0
    return max(_call(_CREATE_RULESET, None, ctypes.c_size_t(0), _ASK_VERSION), 0)


def restrict(hidden: Path, writable: Iterable[Path]) -> bool:
    """Restrict this process from here on; return whether the kernel can do so.

    Args:
        hidden: A folder whose files can't be read.
        writable: The folders in which files can be written and made; those that exist.
    """
    has = version()
    if not has:
        return False
    write = _WRITE_FILE | _CHANGE_FOLDERS
    write |= (_REFER if has >= 2 else 0) | (_TRUNCATE if has >= 3 else 0)
    network = _BIND_TCP | _CONNECT_TCP if has >= 4 else 0
    scoped = _SIGNAL if has >= 6 else 0
    attributes = struct.pack("QQQ", _READ_FILE | write, network, scoped)
    size = 24 if has >= 6 else 16 if has >= 4 else 8
    ruleset = _call(_CREATE_RULESET, attributes, ctypes.c_size_t(size), 0)
    if ruleset < 0:
        return False
    try:
        for path in _everything_but(hidden.resolve()):
            _allow(ruleset, path, _READ_FILE)
        for path in writable:
            _allow(ruleset, path, _READ_FILE | write)
        _libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        return _call(_RESTRICT_SELF, ruleset, 0) == 0
    finally:
        os.close(ruleset)


def _everything_but(hidden: Path) -> Iterator[Path]:
    """What lies beside the folder, and beside each folder above it."""
    path = hidden
    while path != path.parent:
        for other in path.parent.iterdir():
            leads_back = other.is_symlink() and hidden.is_relative_to(other.resolve())
            if other != path and not leads_back:
                yield other
        path = path.parent


def _allow(ruleset: int, path: Path, access: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # gone, or not ours to look at
    try:
        if not path.is_dir():
            access &= _READ_FILE | _WRITE_FILE | _TRUNCATE
        _call(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, struct.pack("=Qi", access, place), 0)
    finally:
        os.close(place)


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _call(number: int, *arguments: object) -> int:
    return int(_libc().syscall(ctypes.c_long(number), *arguments))
