"""`make run`'s program as a child process, and its API over real HTTP."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[2]


class Running:
    """One data folder's machine: started, killed and started again."""

    def __init__(self, data: Path, port: int = 0) -> None:
        self.data = data
        self.port = port
        self.said: list[str] = []

    def start(self) -> Running:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "infra.local", "--port", str(self.port), "--data", self.data],
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.said = []
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.said.append(line.strip())
            if line.startswith("ready: "):
                self.url = line.split()[1].rstrip("/")
                return self
        raise AssertionError(f"make run ended before it was ready: {self.said}")

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """End it by this signal; returns its exit code."""
        if self._process.poll() is None:
            os.kill(self._process.pid, number)
        code = self._process.wait(60)
        assert self._process.stdout is not None
        self._process.stdout.close()
        return code

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON answer; raises AssertionError with the problem on an error."""
        key = (self.data / "admin.key").read_text("ascii").strip()
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {key}"},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            with error:
                raise AssertionError(error.read().decode()) from None

    def test_script(self, source: str, **fields: Any) -> Any:
        """The outcome; on a busy machine it may take longer than the answer waits."""
        sent = {"script_content": source, **fields}
        answer = self.call("POST", "/api/scheduled-tasks/test-script", sent)
        return answer if "status" in answer else self.ended(answer["log_id"], 60)

    def ended(self, log_id: int, seconds: float) -> Any:
        """The log of a run once it has ended."""
        path = f"/api/task-logs/{log_id}"
        running = ("queued", "running")
        return until(
            lambda: (log := self.call("GET", path))["status"] not in running and log, seconds
        )


def until(look: Callable[[], Any], seconds: float, pause: float = 0.2) -> Any:
    """What `look` answers as soon as it is true; fails after `seconds`."""
    end = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < end, f"still {seen!r} after {seconds} s"
        time.sleep(pause)
    return seen


def taken_port() -> socket.socket:
    """A socket that holds a port."""
    holder = socket.socket()
    holder.bind(("127.0.0.1", 0))
    holder.listen()
    return holder
