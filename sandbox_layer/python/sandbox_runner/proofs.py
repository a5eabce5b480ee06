"""What a locked child tries itself, before it asks for the job: each of these has to fail."""

from __future__ import annotations

import errno
import os
import socket

#: Files that every machine has and every user may read, and that no script needs.
_FORBIDDEN = ("/proc/version", "/proc/self/status", "/etc/passwd")
#: How a lock says no: by rule, or because no descriptor is left.
_NO = (errno.EACCES, errno.EPERM, errno.EMFILE)


def no_sockets() -> None:
    """Raise OSError if a socket can be had."""
    for family in (socket.AF_INET, socket.AF_UNIX):
        try:
            # The kernel's own kind: Python's is the shim's, which would say no by itself.
            socket.SocketType(family, socket.SOCK_STREAM).close()
        except OSError as error:
            if error.errno in (*_NO, errno.EAFNOSUPPORT):
                continue
        raise OSError("a socket could be made")


def no_files() -> None:
    """Raise OSError if a file that is none of the script's can be opened."""
    refused = 0
    for path in _FORBIDDEN:
        try:
            os.close(os.open(path, os.O_RDONLY))
        except OSError as error:
            refused += error.errno in _NO
            continue
        raise OSError(f"{path} could be read")
    if not refused:
        raise OSError("there was no file to try it with")


def no_processes() -> None:
    """Raise OSError if a process can be made."""
    try:
        pid = os.fork()
    except OSError:
        return
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    raise OSError("a process could be made")
