"""Sockets that keep one deadline over all that is sent and received."""

from __future__ import annotations

import io
import socket
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class Deadline:
    """A moment after which nothing may be waited for any more, and how long for one thing.

    `traffic`: the bytes that were sent and received under it.
    """

    def __init__(self, seconds: float, pause_seconds: float | None = None) -> None:
        self._end = time.monotonic() + seconds
        self._pause = pause_seconds
        self.traffic = 0

    def left(self) -> float:
        """The seconds that may be waited, more than 0; raises `TimeoutError` if there are none."""
        rest = self._end - time.monotonic()
        if rest <= 0:
            raise TimeoutError
        return rest if self._pause is None else min(rest, self._pause)


class PacedSocket:
    """What http.client needs of a socket; a peer that drips bytes cannot outlive the deadline."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline

    def sendall(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            self._sock.settimeout(self._deadline.left())
            sent = self._sock.send(rest[:65536])
            self._deadline.traffic += sent
            rest = rest[sent:]

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
        size = self._raw.readinto(buffer)
        self._deadline.traffic += size or 0
        return size

    def close(self) -> None:
        self._raw.close()
        super().close()
