"""Names to addresses, within a time."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import certifi

from chalicelib.gateways.pacing import Deadline


@dataclass(frozen=True)
class Network:
    """How names become addresses, and the file of certificates that are believed."""

    resolve: Callable[..., Sequence[tuple[Any, ...]]] = socket.getaddrinfo
    trusted: str = field(default_factory=certifi.where)


def resolve(host: str, port: int, deadline: Deadline, network: Network) -> list[str]:
    """The addresses of a host, unchecked, none if there are none; raises `TimeoutError`."""
    answers: queue.SimpleQueue[list[str]] = queue.SimpleQueue()

    def ask() -> None:
        found: list[str] = []
        with suppress(OSError, UnicodeError):
            entries = network.resolve(host, port, type=socket.SOCK_STREAM)
            found = list(dict.fromkeys(str(entry[4][0]) for entry in entries))
        answers.put(found)

    # The system's resolver cannot be interrupted, so it is left behind when it is too slow.
    threading.Thread(target=ask, name="resolve", daemon=True).start()
    try:
        return answers.get(timeout=deadline.left())
    except queue.Empty:
        raise TimeoutError from None
