"""What speaks MySQL's protocol on 127.0.0.1: a way to the real server, and one with bad intent."""

from __future__ import annotations

import socket
import socketserver
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from tests.loopback import talking

#: LONG_PASSWORD, PROTOCOL_41, LOCAL_FILES, SECURE_CONNECTION and PLUGIN_AUTH.
_CAPABILITIES = 0x00000001 | 0x00000200 | 0x00000080 | 0x00008000 | 0x00080000
_SSL = 0x00000800
OK = b"\0\0\0\2\0\0\0"
#: The server's request for a file of the client's (LOAD DATA LOCAL INFILE).
GIVE_ME = b"\xfb/etc/passwd"


def _greeting(more: int) -> bytes:
    capabilities = _CAPABILITIES | more
    return (
        b"\x0a8.0.0\0"
        + struct.pack("<I", 7)
        + b"saltsalt\0"
        + struct.pack("<HBHHB", capabilities & 0xFFFF, 45, 2, capabilities >> 16, 21)
        + bytes(10)
        + b"saltsaltsalt\0mysql_native_password\0"
    )


def packet(number: int, payload: bytes) -> bytes:
    return struct.pack("<I", len(payload))[:3] + bytes([number]) + payload


def _receive(sock: socket.socket) -> bytes:
    size = int.from_bytes(_read(sock, 4)[:3], "little")
    return _read(sock, size)


def _read(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size and (piece := sock.recv(size - len(data))):
        data += piece
    return data


@contextmanager
def rogue(
    answer: Callable[[socket.socket], None], tls: ssl.SSLContext | None = None
) -> Iterator[tuple[int, list[bytes]]]:
    """The port of a server that lets everybody in, and does `answer` at the first SHOW GRANTS;
    and what clients sent it from then on. With `tls` it speaks that."""
    heard: list[bytes] = []

    def talk(bare: socket.socket) -> None:
        bare.settimeout(10)
        bare.sendall(packet(0, _greeting(_SSL if tls else 0)))
        # The login; or only the wish to be encrypted, and the login follows.
        heard_of = _receive(bare)
        if not tls:
            _converse(bare, 2, answer, heard)
        elif heard_of:
            with tls.wrap_socket(bare, server_side=True) as sock:
                _receive(sock)
                _converse(sock, 3, answer, heard)

    with talking(talk) as port:
        yield port, heard


def _converse(
    sock: socket.socket, number: int, answer: Callable[[socket.socket], None], heard: list[bytes]
) -> None:
    sock.sendall(packet(number, OK))
    while (query := _receive(sock))[1:] != b"SHOW GRANTS":
        if not query:
            return
        sock.sendall(packet(1, OK))
    answer(sock)
    while query := _receive(sock):
        heard.append(query)


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
