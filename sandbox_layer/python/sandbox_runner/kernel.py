"""The few calls to the C library that Python has no name for."""

from __future__ import annotations

import ctypes
import os

# <linux/prctl.h> and glibc's <malloc.h>
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38
_M_ARENA_MAX = -8

_libc = ctypes.CDLL(None, use_errno=True)


def _prctl(option: int, value: int) -> None:
    """prctl(2); raises OSError where the machine refuses it, as Lambda's filter does."""
    if _libc.prctl(option, *(ctypes.c_ulong(number) for number in (value, 0, 0, 0))) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def die_with_parent(signal_number: int) -> None:
    _prctl(_PR_SET_PDEATHSIG, signal_number)


def become_undumpable() -> None:
    _prctl(_PR_SET_DUMPABLE, 0)


def adopt_orphans() -> None:
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def renounce_privileges() -> None:
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def use_one_arena() -> None:
    """Keep malloc from reserving 64 MiB of address space, which is limited, per thread."""
    _libc.mallopt(_M_ARENA_MAX, 1)
