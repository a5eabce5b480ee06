"""A whole platform without its edges: database, broker on a socket, and a warm sandbox."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.tasks import Task
from chalicelib.sandbox.function import Sandbox, handle
from chalicelib.services import run_logs, tasks
from chalicelib.services.platform import Platform
from tests.fakes import FakeClock, FakeLauncher, FakeQueue
from tests.sandbox.web_server import WebServer
from tests.services.rows import ADMIN, make_task


@dataclass(frozen=True)
class House:
    """What scripts do here, they do as on a real machine; only clock and queue are handed in."""

    platform: Platform
    queue: FakeQueue
    launcher: FakeLauncher
    clock: FakeClock
    here: Sandbox
    web: WebServer

    def task(self, script: str, **fields: Any) -> Task:
        """A task of the platform, or of `tenant_id`, that runs when it is told to."""
        return make_task(self.platform, script_content=script, is_enabled=False, **fields)

    def run(self, script: str, params: dict[str, Any] | None = None, **fields: Any) -> Log:
        """Run a script in a task of its own; the log of its only attempt."""
        return self.run_task(self.task(script, **fields), params)

    def run_task(self, task: Task, params: dict[str, Any] | None = None) -> Log:
        started = tasks.run_task(self.platform, ADMIN, task.id, params)
        self.work()
        return self.log(started["log_id"])

    def work(self) -> None:
        """Have the sandbox handle every message that is due."""
        for event in self.queue.take():
            handle(event, self.here)

    def log(self, log_id: int) -> Log:
        return Log(run_logs.get_log(self.platform, ADMIN, log_id))


@dataclass(frozen=True)
class Log:
    """What the API answers of one attempt."""

    fields: dict[str, Any]

    @property
    def result(self) -> Any:
        assert self.fields["status"] == "success", self.fields
        return self.fields["result"]

    @property
    def error(self) -> str:
        assert self.fields["status"] == "failed", self.fields
        error: str = self.fields["error"]
        return error

    @property
    def output(self) -> str:
        output: str = self.fields["output"]
        return output


def while_working(house: House, ask: Callable[[], Any]) -> Any:
    """What a request answers that waits for a run, as a test run does, with the sandbox at work."""
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(ask()))
    thread.start()
    for _ in itertools.takewhile(lambda _: thread.is_alive(), itertools.count()):
        house.work()
        thread.join(0.01)
    return answers[0]


def parameters(house: House) -> dict[str, str]:
    """The parameters that examples of the documentation take."""
    return {
        "url": f"{house.web.url}/rows",
        "dingtalk_webhook": f"{house.web.url}/robot/send?access_token=token-of-a-robot",
        "wecom_webhook": f"{house.web.url}/cgi-bin/webhook/send?key=key-of-a-robot",
    }
