"""`make run`: all of Zhundian on one machine, in the foreground, until Ctrl-C."""

from __future__ import annotations

import argparse
import ctypes
import logging
import os
import signal
import socket
import sys
from pathlib import Path

from chalicelib.config import Settings, read_settings
from chalicelib.domain.errors import Wrong
from chalicelib.wiring import ai_of_settings
from infra.local.database import DatabaseServer
from infra.local.database_errors import DatabaseFailed
from infra.local.machine import Machine
from infra.local.stopping import Stopping

#: linux/prctl.h
PR_SET_PDEATHSIG = 1


def main() -> int:
    options = _options()
    _end_with_make()
    options.data.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(
        filename=options.data / "zhundian.log",
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    stopping = Stopping()
    given = read_settings()
    try:
        ai_of_settings(given)
    except Wrong as error:
        print(f"{error.text.zh}\n{error.text.en}", file=sys.stderr)
        return 1
    try:
        if given.database_url:
            return _serve(options, given.database_url, given, stopping)
        with DatabaseServer(options.data) as server:
            return _serve(options, server.url, given, stopping)
    except DatabaseFailed as error:
        print(error, file=sys.stderr)
        return 1


def _end_with_make() -> None:
    """When `make` is killed, nobody else would tell us: it then sends no signal on."""
    parent = Path(f"/proc/{os.getppid()}/comm")
    if parent.exists() and parent.read_text().strip() in ("make", "gmake"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def _serve(
    options: argparse.Namespace, database_url: str, given: Settings, stopping: Stopping
) -> int:
    listener = _listen(options.port)
    port = listener.getsockname()[1]
    if options.port and port != options.port:
        print(
            f"端口 {options.port} 已被占用,改用 {port} / port {options.port} is taken; using {port}"
        )
    machine = Machine(options.data, database_url, listener, given)
    machine.start()
    print(f"ready: http://127.0.0.1:{port}/", flush=True)
    stopping.wait()
    print("正在停止 / stopping", flush=True)
    machine.stop()
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make run", description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--data", type=lambda text: Path(text).absolute(), default=Path(".local"))
    return parser.parse_args()


def _listen(port: int) -> socket.socket:
    """Listen on loopback, on this port or, when it is taken, on one that is free."""
    for wanted in (port, 0):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", wanted))
            # Only now is it known whether it is taken: two sockets that reuse may bind at once.
            listener.listen(1024)
        except OSError:
            listener.close()
            continue
        return listener
    raise OSError("there is no free port on 127.0.0.1")


if __name__ == "__main__":
    sys.exit(main())
