"""A MySQL connection that another side cannot hold on to: a moment when it ends, a most to read."""

from __future__ import annotations

import socket
import struct
import threading
from typing import TYPE_CHECKING, Any

from pymysql.connections import Connection
from pymysql.constants import COMMAND
from pymysql.cursors import DictCursor
from pymysql.protocol import MysqlPacket

if TYPE_CHECKING:
    _Connection = Connection[DictCursor]
else:
    _Connection = Connection


class TooMuch(Exception):
    """The answer has more packets or bytes than it may."""


class MeteredConnection(_Connection):
    """Counts down what it may still read; raises TooMuch before it is read into memory."""

    packets_left = 10_000
    bytes_left = 10 << 20

    def connect_by(self, sock: socket.socket) -> None:
        """Log in over a socket that is connected."""
        # To one on this machine the password goes as it is; the server expects it so.
        self._secure = sock.family == socket.AF_UNIX
        self.connect(sock)

    def columns_of(self, sql: str) -> int:
        """How many columns the statement would return, as the server's parser says; not run.

        COM_STMT_PREPARE (MySQL Internals, "Prepared Statements"): status, id, columns, parameters,
        then definitions of parameters and of columns, each list with an end of its own.
        """
        self._execute_command(COMMAND.COM_STMT_PREPARE, sql)  # type: ignore[attr-defined]
        head = self._read_packet().get_all_data()
        number, columns, parameters = struct.unpack_from("<xIHH", head)
        for count in (parameters, columns):
            for _ in range(count + 1 if count else 0):
                self._read_packet()
        self._execute_command(COMMAND.COM_STMT_CLOSE, struct.pack("<I", number))  # type: ignore[attr-defined]
        return int(columns)

    def thread(self) -> int:
        """By which number the server knows this connection."""
        return int(self.thread_id())  # type: ignore[no-untyped-call]

    def server(self) -> str:
        """The server's version."""
        return str(self.get_server_info())  # type: ignore[no-untyped-call]

    def _read_packet(self, packet_type: Any = MysqlPacket) -> Any:
        self.packets_left -= 1
        if self.packets_left < 0:
            raise TooMuch
        return super()._read_packet(packet_type)  # type: ignore[no-untyped-call]

    def _read_bytes(self, num_bytes: int) -> bytes:
        self.bytes_left -= num_bytes
        if self.bytes_left < 0:
            raise TooMuch
        data: bytes = super()._read_bytes(num_bytes)  # type: ignore[misc]
        return data


class Watch:
    """Hangs a socket up when its time is over, whoever is waiting for it, and for what."""

    def __init__(self, sock: socket.socket, seconds: float) -> None:
        # TLS takes the socket over; this one is of the same connection.
        self._sock = sock.dup()
        self._timer = threading.Timer(seconds, self._hang_up)
        self._timer.daemon = True
        self.expired = False
        self._timer.start()

    def stop(self) -> None:
        self._timer.cancel()
        self._timer.join()
        self._sock.close()

    def _hang_up(self) -> None:
        self.expired = True
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            # The other side was first.
            return
