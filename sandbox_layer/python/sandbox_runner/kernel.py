"""The few calls to the kernel and the C library that Python has no name for."""

from __future__ import annotations

import ctypes
import os

from sandbox_runner.syscalls import NUMBERS

# <linux/prctl.h>, <linux/seccomp.h> and glibc's <malloc.h>
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_SET_MODE_FILTER = 1
_M_ARENA_MAX = -8
# <linux/keyctl.h>: operations, and the keyrings that outlive a process.
_KEYCTL_SETPERM, _KEYCTL_CLEAR, _KEYCTL_GET_PERSISTENT = 5, 7, 22
_PROCESS_KEYRING = -2
_KEYRINGS = (-3, -4, -5)
_ALL_RIGHTS_OF_OWNER = 0x3F3F0000

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long
# Made once: what a child makes and touches, it has to have pages for.
_prctl = _libc.prctl
_NOUGHT = ctypes.c_ulong(0)

#: As uname(2) names it: the key of the tables of numbers.
ARCH = os.uname().machine


class _Program(ctypes.Structure):
    """struct sock_fprog of <linux/filter.h>."""

    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


def _checked(answer: int) -> int:
    if answer < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return answer


def syscall(name: str, *args: object) -> int:
    """A system call by name; arguments are integers, bytes, ctypes objects or None.

    Raises OSError with its errno; a call that this machine's kind has not is ENOSYS.
    """
    number = NUMBERS.get(ARCH, {}).get(name, -1)
    passed = [ctypes.c_long(one) if isinstance(one, int) else one for one in args]
    return _checked(_libc.syscall(ctypes.c_long(number), *passed))


def prctl(option: int, value: int) -> None:
    """prctl(2); raises OSError where the machine refuses it, as Lambda's filter does."""
    _checked(_prctl(option, ctypes.c_ulong(value), _NOUGHT, _NOUGHT, _NOUGHT))


def die_with_parent(signal_number: int) -> None:
    prctl(_PR_SET_PDEATHSIG, signal_number)


def become_undumpable() -> None:
    """Hide memory, environment and descriptors from others of the account (proc(5))."""
    prctl(_PR_SET_DUMPABLE, 0)


def become_visible() -> None:
    """Undo that, as a child of a process that hides does too."""
    prctl(_PR_SET_DUMPABLE, 1)


def adopt_orphans() -> None:
    prctl(_PR_SET_CHILD_SUBREAPER, 1)


def renounce_privileges() -> None:
    prctl(_PR_SET_NO_NEW_PRIVS, 1)


def filter_calls(code: bytes) -> None:
    """Have every later system call of this process pass through `code` (seccomp(2))."""
    program = _Program(len(code) // 8, code)
    syscall("seccomp", _SECCOMP_SET_MODE_FILTER, 0, ctypes.byref(program))


def empty_keyrings() -> None:
    """Forget the keys of this session and of this user (keyctl(2)); others' stay."""
    keyrings = [*_KEYRINGS, _PROCESS_KEYRING]
    try:
        # It stays for days. To be had, it is put into the keyring that is emptied last.
        keyrings.insert(0, syscall("keyctl", _KEYCTL_GET_PERSISTENT, -1, _PROCESS_KEYRING))
    except OSError:
        # There is none, or no keys at all on this machine.
        keyrings.remove(_PROCESS_KEYRING)
    for keyring in keyrings:
        for operation, argument in ((_KEYCTL_SETPERM, _ALL_RIGHTS_OF_OWNER), (_KEYCTL_CLEAR, 0)):
            try:
                syscall("keyctl", operation, keyring, argument)
            except OSError:
                continue


def use_one_arena() -> None:
    """Keep malloc from reserving 64 MiB of address space, which is limited, per thread."""
    _libc.mallopt(_M_ARENA_MAX, 1)
