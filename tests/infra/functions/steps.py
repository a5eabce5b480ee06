"""A function whose event says what it does; it tells the test over TCP, and may wait for it."""

from __future__ import annotations

import json
import os
import socket
import time
from typing import Any

Said = dict[str, Any]


def handler(event: dict[str, Any], context: Any) -> None:
    with socket.create_connection(("127.0.0.1", event["port"])) as line:
        said = {
            "name": event["name"],
            "pid": os.getpid(),
            "uid": os.getuid(),
            "groups": os.getgroups(),
            "tenant": context.tenant_id,
            "request_id": context.aws_request_id,
            "arn": context.invoked_function_arn,
            "remaining": context.get_remaining_time_in_millis(),
            "environ": dict(os.environ),
        }
        STEPS[event["do"]](line, said)


def echo(line: socket.socket, said: Said) -> None:
    line.sendall(json.dumps(said).encode() + b"\n")


def hold(line: socket.socket, said: Said) -> None:
    """Wait until the test says so, or ends the connection."""
    echo(line, said)
    line.recv(1)


def fail(line: socket.socket, said: Said) -> None:
    echo(line, said)
    raise RuntimeError("as the test wants it")


def crash(line: socket.socket, said: Said) -> None:
    echo(line, said)
    os._exit(3)


def stray(line: socket.socket, said: Said) -> None:
    """Leave a process behind that has detached itself; it holds the connection open."""
    near, far = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            echo(line, {**said, "stray": os.getpid()})
            os.write(far, b".")
            time.sleep(600)
        os._exit(0)
    os.wait()
    # Who ends before it has spoken would take it along unheard.
    os.read(near, 1)
    os.close(near)
    os.close(far)


def stray_and_crash(line: socket.socket, said: Said) -> None:
    stray(line, said)
    os._exit(3)


def signal_others(line: socket.socket, said: Said) -> None:
    """Try to end the process of another tenant."""
    others = int(said["name"])
    try:
        os.kill(others, 0)
    except PermissionError:
        said["refused"] = True
    echo(line, said)


STEPS = {
    step.__name__: step for step in (echo, hold, fail, crash, stray, stray_and_crash, signal_others)
}
