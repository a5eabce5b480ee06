"""The launcher against an HTTP server that plays Lambda's Invoke."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from chalicelib.gateways.launcher import LambdaLauncher, LaunchFailed


class Lambda(ThreadingHTTPServer):
    """Answers with the statuses it is given, the last one for ever; keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Invoke)
        self.statuses = [202]
        self.asked: list[tuple[str, dict[str, str], bytes]] = []


class _Invoke(BaseHTTPRequestHandler):
    server: Lambda

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.path, dict(self.headers), body))
        statuses = self.server.statuses
        status = statuses.pop(0) if len(statuses) > 1 else statuses[0]
        answer = b"" if status == 202 else b'{"Message": "s3cret"}'
        self.send_response(status)
        self.send_header("x-amzn-errortype", "InvalidParameterValueException")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lambda]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with Lambda() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_an_event_is_invoked_asynchronously_for_its_tenant(aws: Lambda) -> None:
    LambdaLauncher("sandbox").start({"kind": "run", "名": "准点"}, "team-a")

    [(path, headers, body)] = aws.asked
    assert path == "/2015-03-31/functions/sandbox/invocations"
    assert headers["X-Amz-Invocation-Type"] == "Event"
    assert headers["X-Amz-Tenant-Id"] == "team-a"
    assert json.loads(body) == {"kind": "run", "名": "准点"}


def test_a_passing_failure_is_tried_again(aws: Lambda) -> None:
    aws.statuses = [500, 202]

    LambdaLauncher("sandbox").start({}, "team-a")

    assert len(aws.asked) == 2


def test_a_refusal_is_a_failed_launch_that_repeats_nothing_of_the_event(aws: Lambda) -> None:
    aws.statuses = [400]

    with pytest.raises(LaunchFailed) as raised:
        LambdaLauncher("sandbox").start({"token": "s3cret"}, "team-a")

    assert "InvalidParameterValueException" in str(raised.value)
    assert "s3cret" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_lambda_that_is_not_reached_is_a_failed_launch(
    aws: Lambda, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:9")

    with pytest.raises(LaunchFailed, match="not reached"):
        LambdaLauncher("sandbox").start({}, "team-a")
