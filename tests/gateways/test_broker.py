"""Both ways to the broker: Lambda's HTTP interface and a unix socket, each a real server."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from chalicelib.config import Settings
from chalicelib.gateways.broker import (
    Broker,
    BrokerRefused,
    BrokerUnavailable,
    LambdaBroker,
    SocketBroker,
    broker_from,
)
from chalicelib.sandbox.output import KEPT, Output
from chalicelib.sandbox.results import MAX_RESULT
from tests.sandbox.fake_broker import FakeBroker, refused

Answers = list[Any]
#: Bytes that Lambda takes with a call that waits for its answer (docs, Lambda quotas: 6 MB).
PAYLOAD = 6_291_456


@pytest.fixture
def socket_broker(tmp_path: Path) -> Iterator[FakeBroker]:
    with FakeBroker(tmp_path / "broker") as broker:
        yield broker


class Lambda:
    """Plays Lambda's Invoke: statuses first, then the function's answer."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.function_error = False
        self.answer: Any = {"ok": True}
        self.asked: list[tuple[str, Any]] = []


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lambda]:
    state = Lambda()

    class Invoke(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.asked.append((self.path, json.loads(body)))
            status = state.statuses.pop(0) if state.statuses else 200
            status = 413 if len(body) > PAYLOAD else status
            answer = json.dumps(state.answer if status == 200 else {"Reason": "busy"}).encode()
            self.send_response(status)
            if status != 200:
                self.send_header("x-amzn-ErrorType", "TooManyRequestsException")
            if state.function_error:
                self.send_header("X-Amz-Function-Error", "Unhandled")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:
            """A test's output stays its own."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Invoke)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    for name, value in {
        "AWS_ENDPOINT_URL_LAMBDA": f"http://127.0.0.1:{server.server_port}",
        "AWS_DEFAULT_REGION": "cn-north-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }.items():
        monkeypatch.setenv(name, value)
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(params=["socket", "lambda"])
def ways(
    request: pytest.FixtureRequest, socket_broker: FakeBroker, aws: Lambda
) -> Iterator[tuple[Broker, Callable[[Any], None]]]:
    """A broker, and how to set what it answers."""
    if request.param == "socket":
        broker = SocketBroker(socket_broker.path)
        yield broker, lambda answer: socket_broker.rules.update(claim=lambda _: answer)
    else:
        lambda_broker = LambdaBroker("broker")
        yield lambda_broker, lambda answer: setattr(aws, "answer", answer)
        lambda_broker._connected().close()


CLAIM = {"op": "claim", "log_id": 1, "token": "秘密"}


def test_an_answer_comes_back_as_it_was_given(
    ways: tuple[Broker, Callable[[Any], None]],
) -> None:
    broker, answer_with = ways
    answer_with({"ok": True, "run": {"task_name": "日报"}})

    assert broker.ask(CLAIM) == {"ok": True, "run": {"task_name": "日报"}}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refused(), BrokerRefused),
        (refused("unavailable"), BrokerUnavailable),
        ({"what": "?"}, BrokerUnavailable),
        ("nonsense", BrokerUnavailable),
    ],
)
def test_a_refusal_is_final_and_anything_odd_is_not(
    ways: tuple[Broker, Callable[[Any], None]], answer: Any, error: type[Exception]
) -> None:
    broker, answer_with = ways
    answer_with(answer)

    with pytest.raises(error) as caught:
        broker.ask(CLAIM)

    assert "秘密" not in str(caught.value)


def test_a_throttled_invoke_is_repeated(aws: Lambda) -> None:
    aws.statuses = [429, 429]
    broker = LambdaBroker("broker")

    answer = broker.ask(CLAIM)
    broker._connected().close()

    assert answer == {"ok": True}
    assert aws.asked == [("/2015-03-31/functions/broker/invocations", CLAIM)] * 3


def test_a_function_that_fails_is_unavailable(aws: Lambda) -> None:
    aws.function_error = True
    broker = LambdaBroker("broker")

    with pytest.raises(BrokerUnavailable):
        broker.ask(CLAIM)
    broker._connected().close()


def test_a_socket_that_hangs_up_or_is_not_there_is_unavailable(
    socket_broker: FakeBroker, tmp_path: Path
) -> None:
    socket_broker.rules["claim"] = lambda _: None

    for path in (socket_broker.path, str(tmp_path / "nobody")):
        with pytest.raises(BrokerUnavailable):
            SocketBroker(path).ask(CLAIM)


def test_a_socket_that_does_not_answer_in_time_is_unavailable(socket_broker: FakeBroker) -> None:
    release = threading.Event()
    socket_broker.rules["claim"] = lambda _: {"ok": release.wait(5)}

    with pytest.raises(BrokerUnavailable):
        SocketBroker(socket_broker.path, answer_seconds=0.05).ask(CLAIM)
    release.set()


def test_what_must_not_be_done_twice_is_sent_once(
    aws: Lambda, socket_broker: FakeBroker, tmp_path: Path
) -> None:
    socket_broker.rules["call"] = lambda _: None
    aws.statuses = [500, 429]

    heard = []
    for broker in (
        LambdaBroker("broker"),
        LambdaBroker("broker"),
        SocketBroker(socket_broker.path),
        SocketBroker(str(tmp_path / "nobody")),
    ):
        with pytest.raises(BrokerUnavailable) as caught:
            broker.ask_once({"op": "call"}, 5)
        heard.append(caught.value.heard)

    # Lambda that throttles and a socket that nobody holds have not begun on it.
    assert heard == [True, False, True, False]
    assert len(aws.asked) == 2
    assert len(socket_broker.asked("call")) == 1


def test_what_lasts_has_the_time_that_it_is_given(aws: Lambda, socket_broker: FakeBroker) -> None:
    release = threading.Event()
    socket_broker.rules["call"] = lambda _: {"ok": release.wait(5)}

    assert LambdaBroker("broker").ask_once({"op": "call"}, 200) == {"ok": True}
    with pytest.raises(BrokerUnavailable) as caught:
        SocketBroker(socket_broker.path).ask_once({"op": "call"}, 0.05)
    release.set()

    assert caught.value.heard


def test_the_socket_stands_in_for_the_function() -> None:
    local = broker_from(Settings(broker_socket="/run/broker", broker_function="broker"))

    assert isinstance(local, SocketBroker)
    assert isinstance(broker_from(Settings(broker_function="broker")), LambdaBroker)


def test_importing_it_loads_no_boto3() -> None:
    code = "import sys, chalicelib.gateways.broker; print('boto3' in sys.modules)"
    root = str(Path(__file__).parents[2])

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )

    assert done.stdout == "False\n"


@pytest.mark.parametrize("char", ["\U0001f600", "数", '"', "\ud800"])
def test_the_largest_report_of_a_script_fits_into_one_call(aws: Lambda, char: str) -> None:
    output = Output()
    output.add(char * (3 * KEPT))
    report = {
        "op": "report",
        "offset": 0,
        "output": output.rest(0),
        "outcome": {
            "result": char.replace("\ud800", "?") * (MAX_RESULT // 4),
            "error": char * (1 << 16),
        },
    }

    LambdaBroker("broker").ask(report)

    ((_, asked),) = aws.asked
    assert asked == report
