"""The broker's socket: a frame in, a frame out, and never anything else."""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from chalicelib.gateways.broker import SocketBroker
from infra.local.broker_server import MOST_BYTES, BrokerServer
from tests.infra.functions import FIRST_UID, IS_ROOT, folder_for_all, runtime


def answer(request: dict[str, Any]) -> dict[str, Any]:
    if request["op"] == "fail":
        raise RuntimeError(f"with {request['token']}")
    if request["op"] == "unfit":
        return {"ok": object()}
    return {"ok": True, "said": request}


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "broker" / "broker.sock"
    server = BrokerServer(path, answer)
    server.start()
    yield path
    server.stop()


def exchange(path: Path, sent: bytes, *, end: bool = True) -> dict[str, Any] | None:
    """What comes back for raw bytes; None if nothing does."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(10)
        sock.connect(str(path))
        sock.sendall(sent)
        if end:
            sock.shutdown(socket.SHUT_WR)
        with sock.makefile("rb") as file:
            head = file.read(4)
            if not head:
                return None
            body = file.read(struct.unpack(">I", head)[0])
            assert file.read() == b""
    read: dict[str, Any] = json.loads(body)
    return read


def frame(body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + body


def test_a_request_gets_its_answer_through_the_sandboxs_own_gateway(path: Path) -> None:
    request = {"op": "claim", "名": "准点", "big": "x" * 1_000_000}

    assert SocketBroker(str(path)).ask(request) == {"ok": True, "said": request}


def test_requests_are_answered_side_by_side(tmp_path: Path) -> None:
    together = threading.Barrier(8, timeout=10)

    def meet(request: dict[str, Any]) -> dict[str, Any]:
        together.wait()
        return {"ok": True, "n": request["n"]}

    server = BrokerServer(tmp_path / "b" / "sock", meet)
    server.start()
    broker = SocketBroker(str(tmp_path / "b" / "sock"))
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda n: broker.ask({"n": n})["n"], range(8)))
    server.stop()

    assert answers == list(range(8))


def test_an_error_is_answered_as_unavailable_and_repeats_nothing(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    said = exchange(path, frame(b'{"op":"fail","token":"s3cret"}'))

    assert said
    assert said["ok"] is False
    assert said["error"]["code"] == "unavailable"
    assert "RuntimeError" in caplog.text
    assert "s3cret" not in caplog.text + json.dumps(said)


def test_an_answer_that_is_no_json_is_unavailable(path: Path) -> None:
    said = exchange(path, frame(b'{"op":"unfit"}'))

    assert said
    assert said["error"]["code"] == "unavailable"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b'"op"'])
def test_what_is_no_request_is_refused(path: Path, body: bytes) -> None:
    said = exchange(path, frame(body))

    assert said
    assert said["error"]["code"] == "refused"


def test_a_request_that_is_too_large_is_refused_before_it_is_read(path: Path) -> None:
    said = exchange(path, struct.pack(">I", MOST_BYTES + 1), end=False)

    assert said
    assert said["error"]["code"] == "refused"


@pytest.mark.parametrize("sent", [b"", b"\0\0", frame(b"{}")[:-1]])
def test_half_a_request_gets_no_answer_and_the_next_one_does(path: Path, sent: bytes) -> None:
    assert exchange(path, sent) is None
    assert SocketBroker(str(path)).ask({"op": "claim"})["ok"]


@pytest.mark.parametrize(("farewell", "answered"), [(10, [True]), (0.05, [])])
def test_a_stop_waits_for_answers_but_not_for_long(
    tmp_path: Path, farewell: float, answered: list[bool]
) -> None:
    begun, release = threading.Event(), threading.Event()
    done: list[bool] = []

    def slow(request: dict[str, Any]) -> dict[str, Any]:
        begun.set()
        # For a stop that waits, it is on its way while that waits.
        release.wait(0.3 if farewell > 1 else 10)
        done.append(True)
        return {"ok": True}

    server = BrokerServer(tmp_path / "sock", slow, farewell)
    server.start()
    with ThreadPoolExecutor(1) as threads:
        threads.submit(exchange, tmp_path / "sock", frame(b"{}"))
        assert begun.wait(10)
        server.stop()
        seen = list(done)
        release.set()

    assert seen == answered


def test_others_may_connect_but_not_look_around(path: Path) -> None:
    assert path.stat().st_mode & 0o777 == 0o666
    assert path.parent.stat().st_mode & 0o777 == 0o711


def test_a_socket_that_a_killed_host_left_behind_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "broker.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))

    server = BrokerServer(path, answer)
    server.start()

    assert SocketBroker(str(path)).ask({"op": "claim"})["ok"]
    server.stop()
    assert not path.exists()


_ASK = """
import json, socket, struct, sys
sock = socket.socket(socket.AF_UNIX)
sock.connect(sys.argv[1])
sock.sendall(struct.pack(">I", 14) + b'{"op":"claim"}')
print(sock.makefile("rb").read()[4:].decode())
"""


@pytest.mark.skipif(not IS_ROOT, reason="only root gives processes other uids")
def test_an_environments_user_reaches_the_broker() -> None:
    path = folder_for_all() / f"broker-{os.getpid()}" / "sock"
    server = BrokerServer(path, answer)
    server.start()

    asked = subprocess.run(
        [runtime().python if IS_ROOT else sys.executable, "-c", _ASK, path],
        capture_output=True,
        text=True,
        user=FIRST_UID,
        group=FIRST_UID,
        extra_groups=[],
        env={},
        cwd="/",
    )
    server.stop()

    assert json.loads(asked.stdout)["ok"]
