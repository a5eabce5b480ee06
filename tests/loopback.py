"""Servers on 127.0.0.1 for tests: a WSGI application, or a function over a bare socket."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from werkzeug.serving import WSGIRequestHandler, make_server

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        """A test's server says nothing."""


@contextmanager
def serving(application: WSGIApplication) -> Iterator[str]:
    """The origin (`http://127.0.0.1:port`) at which a WSGI application answers."""
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def talking(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """The port at which `talk` has every connection to itself, one after the other."""
    listener = socket.create_server(("127.0.0.1", 0))
    closing = threading.Event()

    def accept() -> None:
        while True:
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                if closing.is_set():
                    return
                talk(connection)

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        closing.set()
        with suppress(OSError), socket.create_connection(listener.getsockname(), timeout=5):
            thread.join()
        listener.close()
