"""Which files a script may open: Landlock by its three system calls (landlock(7))."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable
from pathlib import Path

from sandbox_runner import kernel

# <linux/landlock.h>
_VERSION_ONLY = 1
_PATH_BENEATH = 1
_WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_REG = 1 << 4, 1 << 5, 1 << 7, 1 << 8
_REFER, _TRUNCATE = 1 << 13, 1 << 14
#: How many rights each version of the interface knows, from the first one on.
_RIGHTS = (13, 14, 15, 15, 16)
_BIND_AND_CONNECT = 0b11
_ABSTRACT_SOCKETS_AND_SIGNALS = 0b11

_READ = _READ_FILE | _READ_DIR
_WORK = (
    _READ | _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _REFER | _TRUNCATE
)
#: The rights that a rule about a file, not a folder, may have.
_OF_FILES = _WRITE_FILE | _READ_FILE | _TRUNCATE


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def version() -> int:
    """The interface's version; raises OSError if this kernel has none or it is refused."""
    return kernel.syscall("landlock_create_ruleset", None, 0, _VERSION_ONLY)


def _handled(abi: int) -> int:
    return (1 << _RIGHTS[min(abi, len(_RIGHTS)) - 1]) - 1


def _add(ruleset: int, path: str, rights: int) -> None:
    try:
        parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        # What is not there needs no rule.
        return
    try:
        rights &= -1 if Path(path).is_dir() else _OF_FILES
        rule = _Beneath(rights, parent)
        kernel.syscall("landlock_add_rule", ruleset, _PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(parent)


def ruleset(readable: Iterable[str], work_folder: str) -> int:
    """A descriptor of the rules: read these, write below the folder, nothing else.

    Raises OSError where there is no Landlock. Rights are those of version 5 at most, TCP from 4
    on, abstract sockets and signals from 6 on: what is older leaves them to seccomp.
    """
    abi = version()
    handled = _handled(abi)
    rules = _Ruleset(
        handled,
        _BIND_AND_CONNECT if abi >= 4 else 0,
        _ABSTRACT_SOCKETS_AND_SIGNALS if abi >= 6 else 0,
    )
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    number = kernel.syscall("landlock_create_ruleset", ctypes.byref(rules), size, 0)
    for path in readable:
        _add(number, path, _READ & handled)
    _add(number, "/dev/null", (_READ_FILE | _WRITE_FILE | _TRUNCATE) & handled)
    _add(number, work_folder, _WORK & handled)
    return number


def hold_to(ruleset_descriptor: int) -> None:
    """Bind this process to the rules, for ever."""
    kernel.syscall("landlock_restrict_self", ruleset_descriptor, 0)
