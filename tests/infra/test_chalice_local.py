"""`chalice local`: the same API, with a database and without a queue."""

from __future__ import annotations

import json
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from chalicelib.config import Settings
from chalicelib.gateways.clock import SystemClock
from chalicelib.repositories.database import Database
from chalicelib.services.api_keys import KeySpec, make_key
from chalicelib.services.dispatching import dispatch
from chalicelib.services.platform import Platform
from tests.fakes import FakeClock, FakeLauncher, FakeQueue
from tests.infra.chalice_cli import chalice, environment, hosts
from tests.infra.functions import PROJECT
from tests.infra.running import taken_port
from tests.routes.api import TASK

pytestmark = pytest.mark.slow

#: An account that a developer happens to be signed in to; nothing may be asked in its name.
ACCOUNT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    # Should SQS be asked after all, then where nobody is (RFC 6761).
    "AWS_ENDPOINT_URL_SQS": "http://sqs.invalid",
}


@dataclass
class Served:
    """The API of one `chalice local`."""

    url: str
    key: str
    process: subprocess.Popen[str]
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._serving = threading.Event()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.said.append(line)
            if line.startswith("Serving on"):
                self._serving.set()

    def wait_until_ready(self) -> None:
        assert self._serving.wait(30), self.said

    def end(self) -> None:
        """Afterwards `said` is complete."""
        self.process.terminate()
        self._reader.join()

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read())


@pytest.fixture
def dispatcher(migrated_database: str) -> Iterator[Platform]:
    """Somebody else on the same database, who has a queue."""
    clock = FakeClock(SystemClock().now())
    with closing(Database(migrated_database)) as database:
        yield Platform(Settings(), database, FakeQueue(clock), FakeLauncher(clock), clock)


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    return tmp_path / "notes"


@pytest.fixture
def served(dispatcher: Platform, migrated_database: str, notes: Path) -> Iterator[Served]:
    key = make_key(dispatcher, KeySpec(tenant_id="acme", role="editor", name="test"))["key"]
    with closing(taken_port()) as holder:
        port = holder.getsockname()[1]
    words = ["local", "--no-autoreload", "--stage", "local", "--port", str(port)]
    with subprocess.Popen(
        [*chalice(notes), *words],
        cwd=PROJECT,
        env=environment(**ACCOUNT, DATABASE_URL=migrated_database, PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        api = Served(f"http://127.0.0.1:{port}", key, process)
        try:
            api.wait_until_ready()
            yield api
        finally:
            api.end()


def test_the_api_works_with_nothing_but_a_database(served: Served) -> None:
    status, health = served.call("GET", "/api/health")
    assert (status, health["status"]) == (200, "late")

    status, task = served.call("POST", "/api/scheduled-tasks", TASK)
    assert (status, task["tenant_id"]) == (201, "acme")

    status, listed = served.call("GET", "/api/scheduled-tasks")
    assert (status, listed["total"], listed["items"][0]["id"]) == (200, 1, task["id"])


def test_a_run_waits_for_the_tick_of_somebody_with_a_queue(
    served: Served, dispatcher: Platform
) -> None:
    _, task = served.call("POST", "/api/scheduled-tasks", TASK)

    status, run = served.call("POST", f"/api/scheduled-tasks/{task['id']}/run")

    assert status == 202
    _, log = served.call("GET", f"/api/task-logs/{run['log_id']}")
    assert log["status"] == "queued"
    # The run was due by the real clock, which went on while the server started.
    dispatcher.clock.sleep_until(SystemClock().now())
    dispatch(dispatcher)
    assert isinstance(dispatcher.queue, FakeQueue)
    # The task itself may be due as well, at five past eight in Shanghai.
    assert run["log_id"] in {message["log_id"] for message in dispatcher.queue.take()}


def test_no_account_of_aws_is_used_and_that_there_is_no_queue_is_said_once(
    served: Served, notes: Path, migrated_database: str
) -> None:
    _, task = served.call("POST", "/api/scheduled-tasks", TASK)
    for _ in range(2):
        served.call("POST", f"/api/scheduled-tasks/{task['id']}/run")
    served.end()

    database = urlsplit(migrated_database)
    reached = {host for host in hosts(notes) if not host.startswith("/")}
    assert reached <= {database.hostname, "127.0.0.1"}
    assert sum("no RUNS_QUEUE_URL" in line for line in served.said) == 1
