"""The sandbox host: events become invocations of real processes, and none outlives its end."""

from __future__ import annotations

import json
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.gateways.launcher import LaunchFailed
from infra.local.function import Function
from infra.local.placing import Limits
from infra.local.sandbox_host import MOST_EVENT_BYTES, SandboxHost
from tests.infra.functions import FIRST_UID, IS_ROOT, PROJECT, runtime

needs_root = pytest.mark.skipif(not IS_ROOT, reason="only root gives processes other uids")


class Inbox:
    """Hears what functions say; each keeps its connection until its process lets go of it."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=512)
        self._heard: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._lines: dict[str, socket.socket] = {}
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    def event(self, do: str, name: str = "-") -> dict[str, Any]:
        return {"do": do, "name": name, "port": self.port}

    def next(self) -> dict[str, Any]:
        return self._heard.get(timeout=10)

    def nothing(self, seconds: float) -> bool:
        try:
            self._heard.get(timeout=seconds)
        except queue.Empty:
            return True
        return False

    def release(self, name: str) -> None:
        self._lines[name].sendall(b".")

    def wait_for_end(self, name: str) -> None:
        """Return when no process holds the connection any more."""
        self._lines[name].settimeout(10)
        assert self._lines[name].recv(1) == b""

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        self._socket.close()
        for line in self._lines.values():
            line.close()

    def _accept(self) -> None:
        while True:
            try:
                line, _ = self._socket.accept()
            except OSError:
                return
            with line.makefile("rb") as said:
                heard = json.loads(said.readline())
            old = self._lines.pop(heard["name"], None)
            if old:
                old.close()
            self._lines[heard["name"]] = line
            self._heard.put(heard)


class Dropped:
    """What the host told of failed events: (name, reason), and when."""

    def __init__(self) -> None:
        self._told: queue.SimpleQueue[tuple[str, str, float]] = queue.SimpleQueue()

    def __call__(self, event: dict[str, Any], reason: str) -> None:
        self._told.put((event["name"], reason, time.monotonic()))

    def next(self) -> tuple[str, str]:
        return self.next_with_time()[:2]

    def next_with_time(self) -> tuple[str, str, float]:
        return self._told.get(timeout=10)


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    made = Inbox()
    yield made
    made.close()


@pytest.fixture
def dropped() -> Dropped:
    return Dropped()


Make = Callable[..., SandboxHost]


@pytest.fixture
def host(tmp_path: Path, dropped: Dropped) -> Iterator[Make]:
    """Makes hosts; each is stopped in the end."""
    made: list[SandboxHost] = []

    def make(
        limits: Limits | None = None,
        handler: str = "steps.handler",
        timeout_seconds: float = 60,
        environment: dict[str, str] | None = None,
    ) -> SandboxHost:
        function = Function(
            handler,
            runtime(),
            tmp_path / "sandbox.log",
            environment or {},
            timeout_seconds=timeout_seconds,
            first_uid=FIRST_UID,
        )
        new = SandboxHost(function, limits or Limits(cores=2), dropped)
        new.open()
        made.append(new)
        return new

    yield make
    for each in made:
        each.stop()


def test_an_event_reaches_the_function_with_its_tenant_and_its_deadline(
    host: Make, inbox: Inbox
) -> None:
    host(timeout_seconds=60).start(inbox.event("echo", name="准点"), "team-a")

    said = inbox.next()
    assert said["name"] == "准点"
    assert said["tenant"] == "team-a"
    assert len(said["request_id"]) == 36
    assert said["arn"].endswith(":function:sandbox")
    assert 50_000 < said["remaining"] <= 60_000


def test_an_environment_that_has_answered_is_used_again(host: Make, inbox: Inbox) -> None:
    sandbox = host(Limits(cores=1))

    pids = []
    for _ in range(3):
        sandbox.start(inbox.event("echo"), "team-a")
        pids.append(inbox.next()["pid"])

    assert len(set(pids)) == 1
    assert sandbox.stats()["cold_starts"] == 1
    assert sandbox.stats()["invoked"] == 3


def test_tenants_never_share_an_environment(host: Make, inbox: Inbox) -> None:
    sandbox = host(Limits(cores=2))

    said = []
    for tenant in ["a", "b"] * 3:
        sandbox.start(inbox.event("echo"), tenant)
        said.append(inbox.next())

    owners = {
        pid: {s["tenant"] for s in said if s["pid"] == pid} for pid in {s["pid"] for s in said}
    }
    assert all(len(tenants) == 1 for tenants in owners.values())


def test_events_of_one_tenant_run_side_by_side_while_cores_are_free(
    host: Make, inbox: Inbox
) -> None:
    sandbox = host(Limits(cores=2))
    sandbox.start(inbox.event("hold", name="1"), "a")
    sandbox.start(inbox.event("hold", name="2"), "a")

    first, second = inbox.next(), inbox.next()

    assert first["pid"] != second["pid"]
    inbox.release("1")
    inbox.release("2")


def test_an_idle_environment_makes_room_for_another_tenant(host: Make, inbox: Inbox) -> None:
    sandbox = host(Limits(cores=1, most=1))
    sandbox.start(inbox.event("stray", name="a"), "a")
    inbox.next()

    sandbox.start(inbox.event("echo", name="b"), "b")

    assert inbox.next()["tenant"] == "b"
    inbox.wait_for_end("a")


def test_tenants_take_turns_at_the_cap(host: Make, inbox: Inbox) -> None:
    sandbox = host(Limits(cores=1, most=1, turn_seconds=0))
    sandbox.start(inbox.event("hold", name="a1"), "a")
    inbox.next()
    for name in ("a2", "a3", "b1"):
        sandbox.start(inbox.event("echo", name=name), name[0])

    inbox.release("a1")

    assert [inbox.next()["name"] for _ in range(3)] == ["b1", "a2", "a3"]


def test_a_tenant_that_has_just_begun_keeps_its_environment_for_its_turn(
    host: Make, inbox: Inbox
) -> None:
    sandbox = host(Limits(cores=1, most=1, turn_seconds=60))
    sandbox.start(inbox.event("hold", name="a1"), "a")
    inbox.next()
    for name in ("a2", "a3", "b1"):
        sandbox.start(inbox.event("echo", name=name), name[0])

    inbox.release("a1")

    assert [inbox.next()["name"] for _ in range(3)] == ["a2", "a3", "b1"]


def test_a_script_that_sleeps_for_long_does_not_hold_up_the_others(
    host: Make, inbox: Inbox
) -> None:
    sandbox = host(Limits(cores=1, most=3, patience_seconds=0.1))
    for name in ("a", "b"):
        sandbox.start(inbox.event("hold", name=name), name)
        inbox.next()

    sandbox.start(inbox.event("echo", name="a2"), "a")

    assert inbox.next()["name"] == "a2"


def test_no_more_environments_than_the_cap_whatever_waits(host: Make, inbox: Inbox) -> None:
    sandbox = host(Limits(cores=1, most=2, patience_seconds=0))
    for name in ("1", "2", "3"):
        sandbox.start(inbox.event("hold", name=name), "a")
    names = {inbox.next()["name"], inbox.next()["name"]}

    assert inbox.nothing(0.6)
    assert sandbox.stats()["waiting"] == 1
    inbox.release(names.pop())
    inbox.next()


def test_a_burst_runs_each_event_once(host: Make, inbox: Inbox) -> None:
    sandbox = host(Limits(cores=2, most=4))
    names = [f"{number}" for number in range(150)]

    for name in names:
        sandbox.start(inbox.event("echo", name=name), f"tenant-{int(name) % 3}")

    assert sorted(inbox.next()["name"] for _ in names) == sorted(names)
    assert inbox.nothing(0.1)
    assert sandbox.stats()["cold_starts"] <= 4


def test_an_event_that_waited_too_long_is_dropped(
    host: Make, inbox: Inbox, dropped: Dropped
) -> None:
    sandbox = host(Limits(cores=1, most=1, event_age_seconds=1))
    sandbox.start(inbox.event("hold", name="long"), "a")
    inbox.next()

    sandbox.start(inbox.event("echo", name="old"), "a")

    assert dropped.next() == ("old", "age")
    assert sandbox.stats()["dropped"] == 1
    inbox.release("long")


def test_a_function_that_overruns_its_time_is_killed_with_its_environment(
    host: Make, inbox: Inbox, dropped: Dropped
) -> None:
    sandbox = host(timeout_seconds=0.3)
    sandbox.start(inbox.event("hold", name="slow"), "a")
    slow = inbox.next()

    assert dropped.next() == ("slow", "timeout")
    inbox.wait_for_end("slow")
    sandbox.start(inbox.event("echo"), "a")
    assert inbox.next()["pid"] != slow["pid"]


def test_a_crash_ends_the_invocation_and_its_environment(
    host: Make, inbox: Inbox, dropped: Dropped
) -> None:
    sandbox = host()
    sandbox.start(inbox.event("crash", name="bad"), "a")
    bad = inbox.next()

    assert dropped.next() == ("bad", "crash")
    sandbox.start(inbox.event("echo"), "a")
    assert inbox.next()["pid"] != bad["pid"]


def test_an_error_fails_the_invocation_and_keeps_the_environment(
    host: Make, inbox: Inbox, dropped: Dropped
) -> None:
    sandbox = host(Limits(cores=1))
    sandbox.start(inbox.event("fail", name="bad"), "a")
    bad = inbox.next()

    assert dropped.next() == ("bad", "error")
    sandbox.start(inbox.event("echo"), "a")
    assert inbox.next()["pid"] == bad["pid"]


def test_a_function_that_does_not_load_fails_its_events_one_by_one_with_pauses(
    host: Make, inbox: Inbox, dropped: Dropped
) -> None:
    sandbox = host(Limits(cores=1), handler="broken.handler")
    for name in ("1", "2", "3"):
        sandbox.start(inbox.event("echo", name=name), "a")

    told = [dropped.next_with_time() for _ in range(3)]

    assert [(name, reason) for name, reason, _ in told] == [(n, "init") for n in "123"]
    assert told[1][2] - told[0][2] >= 0.1
    assert told[2][2] - told[1][2] >= 0.2


def test_an_idle_environment_ends_after_its_time(host: Make, inbox: Inbox) -> None:
    sandbox = host(Limits(cores=1, idle_seconds=0.1))

    sandbox.start(inbox.event("stray", name="stray"), "a")

    inbox.next()
    inbox.wait_for_end("stray")


def test_a_crash_takes_the_strays_of_its_environment_along(
    host: Make, inbox: Inbox, dropped: Dropped
) -> None:
    host().start(inbox.event("stray_and_crash", name="stray"), "a")
    stray = inbox.next()["stray"]

    assert dropped.next() == ("stray", "crash")
    assert not Path(f"/proc/{stray}").exists()


def test_stop_leaves_no_process_behind(host: Make, inbox: Inbox) -> None:
    sandbox = host(Limits(cores=2))
    sandbox.start(inbox.event("stray", name="stray"), "a")
    sandbox.start(inbox.event("hold", name="busy"), "b")
    heard = {said["name"]: said for said in (inbox.next(), inbox.next())}

    sandbox.stop()

    pids = [heard["stray"]["stray"], heard["stray"]["pid"], heard["busy"]["pid"]]
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    folders = [said["environ"]["TMPDIR"] for said in heard.values()]
    assert not any(Path(folder).exists() for folder in folders)


def test_what_had_not_run_when_the_host_stops_is_told(
    host: Make, inbox: Inbox, dropped: Dropped
) -> None:
    sandbox = host(Limits(cores=1, most=1))
    sandbox.start(inbox.event("hold", name="busy"), "a")
    inbox.next()
    sandbox.start(inbox.event("echo", name="waits"), "a")

    sandbox.stop()

    assert {dropped.next(), dropped.next()} == {("busy", "stopped"), ("waits", "stopped")}
    with pytest.raises(LaunchFailed):
        sandbox.start(inbox.event("echo"), "a")


_HOST_TO_KILL = """
import dataclasses, json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from infra.local.function import Function
from infra.local.placing import Limits
from infra.local.runtime_folder import Runtime
from infra.local.sandbox_host import SandboxHost

given = json.loads(sys.argv[2])
python, root, first_uid = given["python"], Path(given["root"]), given["first_uid"]
runtime = Runtime(Path(python), root, root, root, given["environment"])
host = SandboxHost(
    Function("steps.handler", runtime, Path(given["log"]), first_uid=first_uid), Limits(cores=2)
)
host.open()
for event in given["events"]:
    host.start(event, event["name"])
sys.stdin.read()
"""


def test_environments_die_with_a_host_that_is_killed(inbox: Inbox, tmp_path: Path) -> None:
    made = runtime()
    given = {
        "python": str(made.python),
        "root": str(made.task_root),
        "environment": dict(made.environment),
        "first_uid": FIRST_UID,
        "log": str(tmp_path / "log"),
        "events": [inbox.event("stray", name="stray"), inbox.event("hold", name="busy")],
    }
    command = [sys.executable, "-c", _HOST_TO_KILL, str(PROJECT), json.dumps(given)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as process:
        inbox.next()
        inbox.next()

        process.send_signal(signal.SIGKILL)

    inbox.wait_for_end("busy")
    inbox.wait_for_end("stray")


def test_an_environment_sees_the_given_variables_and_nothing_of_the_hosts(
    host: Make, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://secret")
    host(environment={"BROKER_SOCKET": "/run/broker"}).start(inbox.event("echo"), "a")

    environ = inbox.next()["environ"]

    assert environ["BROKER_SOCKET"] == "/run/broker"
    assert environ["AWS_LAMBDA_FUNCTION_NAME"] == "sandbox"
    assert environ["_HANDLER"] == "steps.handler"
    assert environ["TZ"] == ":UTC"
    # LC_CTYPE is Python's own, LD_LIBRARY_PATH there only where it does not start without.
    extra = set(environ) - {"LC_CTYPE", "LD_LIBRARY_PATH"}
    assert extra == {
        *("PATH", "LANG", "TZ", "TMPDIR", "PYTHONPATH", "BROKER_SOCKET", "LAMBDA_TASK_ROOT"),
        *("AWS_LAMBDA_RUNTIME_API", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"),
        *("AWS_REGION", "_HANDLER"),
    }


@needs_root
def test_each_environment_has_a_user_of_its_own(host: Make, inbox: Inbox) -> None:
    sandbox = host(Limits(cores=2))
    sandbox.start(inbox.event("hold", name="a"), "a")
    first = inbox.next()

    sandbox.start(inbox.event("signal_others", name=str(first["pid"])), "b")
    second = inbox.next()

    assert {first["uid"], second["uid"]} == {61000, 61001}
    assert first["groups"] == []
    assert second["refused"]
    inbox.release("a")


@needs_root
def test_a_runtime_api_turns_other_users_away(host: Make, inbox: Inbox) -> None:
    host().start(inbox.event("echo"), "a")
    address, port = inbox.next()["environ"]["AWS_LAMBDA_RUNTIME_API"].split(":")

    with socket.create_connection((address, int(port)), timeout=10) as stranger:
        stranger.sendall(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n\r\n")
        try:
            answer = stranger.recv(100)
        except ConnectionResetError:
            answer = b""

    assert answer == b""


def test_the_functions_output_goes_to_a_log_of_its_owner(
    host: Make, inbox: Inbox, dropped: Dropped, tmp_path: Path
) -> None:
    host().start(inbox.event("fail"), "a")
    dropped.next()

    log = tmp_path / "sandbox.log"
    assert "as the test wants it" in log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("event", "tenant"),
    [({}, ""), ({}, "a\r\nb"), ({}, "团队"), ({"x": "x" * MOST_EVENT_BYTES}, "a")],
)
def test_what_lambda_would_refuse_is_refused(
    host: Make, event: dict[str, Any], tenant: str
) -> None:
    with pytest.raises(LaunchFailed):
        host().start(event, tenant)
