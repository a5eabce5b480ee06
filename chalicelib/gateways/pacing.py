"""Sockets that keep one deadline over all that is sent and received."""

from __future__ import annotations

import io
import socket
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class Deadline:
    """A moment after which nothing may be waited for any more."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """The seconds that are left, more than 0; raises `TimeoutError` when there are none."""
        rest = self._end - time.monotonic()
        if rest <= 0:
            raise TimeoutError
        return rest


class PacedSocket:
    """What http.client needs of a socket; a peer that drips bytes cannot outlive the deadline."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline

    def sendall(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            self._sock.settimeout(self._deadline.left())
            rest = rest[self._sock.send(rest[:65536]) :]

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_PacedReader(self._sock, self._deadline))

    def settimeout(self, seconds: float | None) -> None:
        """urllib3 sets the time-out of the connection again; the deadline stands."""

    def close(self) -> None:
        self._sock.close()


class _PacedReader(io.RawIOBase):
    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline
        # Holds the socket open when http.client closes its own end after the headers.
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        self._sock.settimeout(self._deadline.left())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()
