"""Who is at the other end of a loopback connection."""

from __future__ import annotations

import socket
from pathlib import Path


def user_of(local: tuple[str, int], remote: tuple[str, int]) -> int | None:
    """The uid that holds the loopback connection's other end (proc(5), /proc/net/tcp)."""
    wanted = [_proc_address(*remote), _proc_address(*local)]
    with Path("/proc/net/tcp").open() as table:
        for row in table:
            fields = row.split()
            if fields[1:3] == wanted:
                return int(fields[7])
    return None


def _proc_address(host: str, port: int) -> str:
    number = int.from_bytes(socket.inet_aton(host), "little")
    return f"{number:08X}:{port:04X}"
