"""A real supervisor with a real zygote, kept warm for all tests of a session."""

from __future__ import annotations

import base64
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from chalicelib.config import Settings
from chalicelib.gateways.broker import SocketBroker
from chalicelib.sandbox.calls import Handler
from chalicelib.sandbox.function import Sandbox, sandbox_from
from chalicelib.sandbox.home import Home
from chalicelib.sandbox.outcome import Script
from chalicelib.sandbox.output import Output
from chalicelib.sandbox.processes import Process, all_processes, descendants, is_jailed
from chalicelib.sandbox.supervisor import Supervisor
from chalicelib.sandbox.zygote import Limits
from infra import script_packages
from tests.fakes import FakeClock
from tests.sandbox import interpreters, regimes
from tests.sandbox.fake_broker import FakeBroker
from tests.sandbox.ran import Ran as Ran
from tests.sandbox.web_server import WebServer
from tests.sandbox.world import World

ROOT = Path(__file__).parents[2]
#: The suite may run as root, scripts may not; each xdist worker has a uid of its own.
UID = 61000 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) if os.getuid() == 0 else None
#: For tests that look at all that an account has and does: ours has more than their scripts.
needs_accounts = pytest.mark.skipif(UID is None, reason="only root has accounts to give to scripts")


@dataclass
class Bench:
    """A supervisor to try scripts on. What they ask for by HTTP goes to `answer`."""

    home: Home
    answer: Handler = field(default=lambda args, seconds: _echo(args))
    cancelled: threading.Event = field(default_factory=threading.Event)
    supervisor: Supervisor = field(init=False)

    def __post_init__(self) -> None:
        handlers = {"http": lambda args, seconds: self.answer(args, seconds)}
        self.supervisor = Supervisor(self.home, handlers, Limits(memory_mb=64))

    def run(self, content: str, timeout: float = 5, **fields: Any) -> Ran:
        output, start = Output(), time.monotonic()
        fields = {"params": {}, "timezone": "Asia/Shanghai", **fields}
        script = Script(content=content, timeout_seconds=timeout, **fields)
        outcome = self.supervisor.execute(script, output, self.cancelled)
        return Ran(outcome, output.rest(0), time.monotonic() - start)

    def survivors(self) -> list[Process]:
        """Processes of scripts that are alive."""
        uid = os.getuid() if self.home.uid is None else self.home.uid
        # Without accounts of their own, the scripts of other tests at work beside us have our uid.
        ours = {one.pid for one in descendants(os.getpid())}
        return [
            one
            for one in all_processes()
            if one.uid == uid and (one.pid in ours or one.parent == 1) and is_jailed(one.pid)
        ]


def _echo(args: Mapping[str, Any]) -> dict[str, Any]:
    """An answer that repeats the request's body."""
    body = args["body"] or base64.b64encode(b"nothing").decode()
    headers = [["X-Method", args["method"]], ["x-sent", str(args["headers"])]]
    return {"status": 200, "reason": "OK", "headers": headers, "body": body, "url": args["url"]}


@pytest.fixture(scope="session")
def python() -> Iterator[str]:
    """The project's own interpreter, where the scripts' uid may execute it."""
    with tempfile.TemporaryDirectory(prefix="zhundian-interpreter-") as name:
        Path(name).chmod(0o755)
        found = interpreters.own(Path(name), UID)
        assert interpreters.can_run(found, UID), f"uid {UID} may not execute {found}"
        yield found


@pytest.fixture(scope="module", params=["own", "machine's"])
def each_python(request: pytest.FixtureRequest, python: str) -> str:
    """Both interpreters in turn: they differ in version, and in how they are built."""
    if request.param == "own":
        return python
    if not interpreters.can_run(interpreters.MACHINES, UID):
        pytest.skip(f"no Python 3.11 or later at {interpreters.MACHINES}")
    return interpreters.MACHINES


@pytest.fixture(scope="session")
def readable_folder() -> Iterator[Path]:
    """A copy of both halves where the scripts' uid may read them, wherever the project lies."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        bare = shutil.ignore_patterns("__pycache__", "site-packages")
        shutil.copytree(ROOT / "chalicelib", folder / "chalicelib", ignore=bare)
        shutil.copytree(ROOT / "sandbox_layer/python", folder / "layer", ignore=bare)
        script_packages.fill(folder / "layer", ROOT / "sandbox_layer/requirements.txt")
        yield folder


@pytest.fixture(scope="module", params=["kernel", "fd-jail"])
def author(
    request: pytest.FixtureRequest, each_python: str, readable_folder: Path
) -> Iterator[Callable[[str], Ran]]:
    """Runs a script where nobody but its author looks: both regimes, both interpreters."""
    uid = os.getuid() if UID is None else UID + 3000
    with regimes.environment(request.param, each_python, readable_folder, uid) as environment:
        yield partial(regimes.ran, environment)


@pytest.fixture(scope="session")
def home(python: str, readable_folder: Path) -> Home:
    return Home(python, str(readable_folder / "layer"), UID)


@pytest.fixture(scope="session")
def warm_bench(home: Home) -> Iterator[Bench]:
    bench = Bench(home)
    bench.supervisor.start()
    yield bench
    bench.supervisor.close()


@pytest.fixture
def bench(warm_bench: Bench) -> Iterator[Bench]:
    """The warm supervisor; afterwards nothing of the test's scripts may be alive."""
    echo = warm_bench.answer
    warm_bench.cancelled.clear()
    yield warm_bench
    warm_bench.answer = echo
    assert warm_bench.survivors() == []


@pytest.fixture
def the_next_run_is_right(bench: Bench) -> Iterator[None]:
    yield
    bench.cancelled.clear()
    after = bench.run("print('still here')\nresult = get_param('n')", params={"n": 41})
    assert (after.result, after.output) == (41, "still here\n")


@pytest.fixture
def run(bench: Bench) -> Callable[..., Ran]:
    return bench.run


@pytest.fixture(scope="session")
def web() -> Iterator[WebServer]:
    with WebServer() as server:
        yield server


@pytest.fixture(scope="session")
def warm_sandbox(home: Home, web: WebServer) -> Iterator[Sandbox]:
    settings = Settings(
        sandbox_python=home.python, sandbox_layer=home.layer, egress_allow=(f"{web.url}/",)
    )
    here = sandbox_from(settings, home.uid)
    yield here
    here.supervisor.close()


@pytest.fixture
def world(warm_sandbox: Sandbox, web: WebServer, tmp_path: Path) -> Iterator[World]:
    web.got.clear()
    web.pages.clear()
    with FakeBroker(tmp_path / "broker") as broker:
        here = replace(warm_sandbox, broker=SocketBroker(broker.path), clock=FakeClock())
        yield World(here, broker, web)
