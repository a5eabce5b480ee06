"""JSON messages over the run's socket: four bytes of length, big-endian, then the text."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Mapping
from typing import Any

_LENGTH = struct.Struct(">I")


def _read(sock: socket.socket, size: int) -> bytes:
    """Exactly `size` bytes; raises EOFError when the other side hangs up before."""
    parts = []
    while size > 0:
        part = sock.recv(min(size, 1 << 18))
        if not part:
            raise EOFError("the platform hung up")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


class CallFailed(RuntimeError):
    """The platform could not do what an SDK function asked it for."""


class Channel:
    """The child's end of the socket; whole frames, also from several threads."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._sending = threading.Lock()
        self._calling = threading.Lock()
        self._calls = 0

    def send(self, message: Mapping[str, Any]) -> None:
        body = json.dumps(message).encode("ascii")
        with self._sending:
            self._sock.sendall(_LENGTH.pack(len(body)) + body)

    def receive(self) -> Any:
        (size,) = _LENGTH.unpack(_read(self._sock, _LENGTH.size))
        return json.loads(_read(self._sock, size))

    def call(self, name: str, args: Mapping[str, Any]) -> Any:
        """Have the platform do `name`; returns its value, raises CallFailed with its words."""
        with self._calling:
            self._calls += 1
            number = self._calls
            self.send({"t": "call", "id": number, "name": name, "args": args})
            answer = self.receive()
            # A call that a signal handler broke off leaves its answer behind.
            while answer["id"] != number:
                answer = self.receive()
        if not answer["ok"]:
            raise CallFailed(answer["error"])
        return answer["value"]
