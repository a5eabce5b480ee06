"""What speaks MySQL's protocol on 127.0.0.1: a way to the real server, and one with bad intent."""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from tests.loopback import talking

#: LONG_PASSWORD, PROTOCOL_41, LOCAL_FILES, SECURE_CONNECTION and PLUGIN_AUTH.
_CAPABILITIES = 0x00000001 | 0x00000200 | 0x00000080 | 0x00008000 | 0x00080000
_GREETING = (
    b"\x0a8.0.0\0"
    + struct.pack("<I", 7)
    + b"saltsalt\0"
    + struct.pack("<HBHHB", _CAPABILITIES & 0xFFFF, 45, 2, _CAPABILITIES >> 16, 21)
    + bytes(10)
    + b"saltsaltsalt\0mysql_native_password\0"
)
OK = b"\0\0\0\2\0\0\0"
#: The server's request for a file of the client's (LOAD DATA LOCAL INFILE).
GIVE_ME = b"\xfb/etc/passwd"


def packet(number: int, payload: bytes) -> bytes:
    return struct.pack("<I", len(payload))[:3] + bytes([number]) + payload


def _receive(sock: socket.socket) -> bytes:
    head = sock.recv(4, socket.MSG_WAITALL)
    return sock.recv(int.from_bytes(head[:3], "little"), socket.MSG_WAITALL)


@contextmanager
def rogue(answer: Callable[[socket.socket], None]) -> Iterator[tuple[int, list[bytes]]]:
    """The port of a server that lets everybody in, and does `answer` at the first SHOW GRANTS;
    and what clients sent it from then on."""
    heard: list[bytes] = []

    def talk(sock: socket.socket) -> None:
        sock.settimeout(10)
        sock.sendall(packet(0, _GREETING))
        _receive(sock)
        sock.sendall(packet(2, OK))
        while (query := _receive(sock))[1:] != b"SHOW GRANTS":
            if not query:
                return
            sock.sendall(packet(1, OK))
        answer(sock)
        while query := _receive(sock):
            heard.append(query)

    with talking(talk) as port:
        yield port, heard


@contextmanager
def over_tcp(path: str) -> Iterator[int]:
    """The port of a way to the server at this socket."""

    class Way(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.socket(socket.AF_UNIX) as there:
                there.connect(path)
                back = threading.Thread(target=_pass_on, args=(there, self.request))
                back.start()
                _pass_on(self.request, there)
                back.join()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Way) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def _pass_on(here: socket.socket, there: socket.socket) -> None:
    with suppress(OSError):
        while data := here.recv(65536):
            there.sendall(data)
    for sock in (here, there):
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
