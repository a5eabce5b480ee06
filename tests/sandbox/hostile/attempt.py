"""What one hostile script is, and what every one of them has to hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: What the jail may let happen. `own`: to the account's own files and objects, of which nothing
#: stays. `ends`: the environment's end, or that of its answers; there is a fresh one afterwards.
Toll = Literal["none", "own", "ends"]


@dataclass(frozen=True)
class Attempt:
    """A script that calls `breach` once it has done what it must not."""

    name: str
    code: str
    #: What it may cost in the jail; under the kernel's lock it is always `none`.
    in_jail: Toll = "none"
    timeout: float = 3.0
    #: Machine code for one kind of machine.
    only_on: str | None = None


PRELUDE = """
import ctypes, errno, os, signal, socket, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
get = get_param
zygote, supervisor, numbers = os.getppid(), get("supervisor"), get("numbers")
def checked(answer):
    if answer < 0:
        raise OSError(ctypes.get_errno(), "refused")
    return answer
def call(name, *args):
    number = numbers[name] if isinstance(name, str) else name
    args = [ctypes.c_long(one) if isinstance(one, int) else one for one in args]
    return checked(libc.syscall(ctypes.c_long(number), *args))
def breach(what):
    print("BREACH", what)
def each(steps):
    for step in steps:
        try:
            step()
        except Exception:
            continue
        breach(step)
def frame(message, sock=None):
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    data = struct.pack(">I", len(body)) + body
    while data:
        data = data[os.write(3, data):]
class Piece(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]
def piece(address, size=8):
    return ctypes.byref(Piece(address, size))
"""


def attempts(*rows: Attempt) -> tuple[Attempt, ...]:
    names = [row.name for row in rows]
    assert len(names) == len(set(names))
    return rows
