"""One machine playing AWS: the same handlers, services and SQL, with stand-ins around them."""

from __future__ import annotations

import logging
import os
import socket
import tempfile
import threading
import zlib
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from chalice.local import LambdaContext
from waitress.server import create_server

import app as functions
from chalicelib import wiring
from chalicelib.config import Settings
from chalicelib.domain.ai_providers import Provider
from chalicelib.domain.ai_settings import one_provider
from chalicelib.domain.cipher import Cipher, NoMasterKey
from chalicelib.gateways.clock import SystemClock
from chalicelib.repositories.database import Database
from chalicelib.sandbox.home import Home
from chalicelib.services import recovering
from chalicelib.services.master_keys import unreadable
from chalicelib.services.platform import Platform
from infra.local import ai as stand_in
from infra.local import lambda_events
from infra.local.admin_key import ensure_admin_key
from infra.local.broker_server import BrokerServer
from infra.local.building import ChildBuilder
from infra.local.bundle_folder import PREFIX as BUNDLES
from infra.local.bundle_folder import FolderBundles
from infra.local.function import Function
from infra.local.inbox import Inbox
from infra.local.master_key import keys_of
from infra.local.metrics import metrics
from infra.local.minutes import Minutes
from infra.local.placing import Limits
from infra.local.queue import MemoryQueue
from infra.local.regime import loadable_packages
from infra.local.runtime_folder import prepare
from infra.local.sandbox_host import SandboxHost
from infra.local.web import web
from infra.migrate import migrate

log = logging.getLogger(__name__)
PROJECT = Path(__file__).parents[2]
#: Uids that Debian and systemd give to nobody (systemd.io, "Users, Groups, UIDs and GIDs").
#: Below the one that a database server without an account gets (`privileges.SPARE_UID`).
FIRST_UID, UIDS_OF_ONE, MACHINES = 60578, 64, 7
#: Batches of ten messages that `launch` waits with at once.
LAUNCHERS = 16
WEB_THREADS = 16
_NOTHING_GIVEN = Settings()
#: API Gateway's own limit.
LARGEST_BODY = 10 * 1024 * 1024


class Machine:
    """Starts everything in the order of need, and stops it in the opposite one."""

    def __init__(
        self,
        data: Path,
        database_url: str,
        listener: socket.socket,
        given: Settings = _NOTHING_GIVEN,
    ) -> None:
        """`given`: of these settings, the AI's and the allow-list count."""
        self._data = data
        self._cipher = Cipher(keys_of(data, given.master_keys))
        self._database_url = database_url
        self._listener = listener
        port = listener.getsockname()[1]
        self._url = f"http://127.0.0.1:{port}"
        self._given = given
        self._allow = (f"{self._url}/inbox/", *given.egress_allow)
        self._stack = ExitStack()

    def start(self) -> None:
        migrate(self._database_url)
        clock = SystemClock()
        database = Database(self._database_url)
        self._stack.callback(database.close)
        function = self._function()
        settings = replace(
            self._given,
            database_url=self._database_url,
            # What scripts may open is said to the sandbox; the stand-in is the broker's to ask.
            egress_allow=(f"{self._url}{stand_in.PATH}/", *self._allow),
            public_url=self._url,
            script_packages=_script_packages(function),
        )
        queue = MemoryQueue()
        host = SandboxHost(function, Limits(), on_dropped=self._take_back)
        folder = self._data / "bundles"
        bundles = FolderBundles(folder, self._url, clock)
        self._platform = Platform(
            settings=settings,
            database=database,
            queue=queue,
            launcher=host,
            clock=clock,
            cipher=self._cipher,
            ai_of_settings=self._ai_of_settings,
            builder=ChildBuilder(folder, os.environ),
            bundles=bundles,
        )
        wiring.install(self._platform)
        self._tell_what_is_lost()
        recovering.start_over(self._platform)
        ensure_admin_key(self._platform, self._data / "admin.key")
        broker = BrokerServer(self._socket, lambda request: functions.broker(request, _context()))
        inbox = Inbox(clock, self._data / "inbox")
        minutes = Minutes(clock, self._tick)
        self._start_each(queue, host, broker, minutes)
        self._serve(functions.app, inbox, queue, host, bundles)

    def _tell_what_is_lost(self) -> None:
        """Say by name what nobody can read any more; all else works."""
        try:
            lost = unreadable(self._platform)
        except NoMasterKey as error:
            log.error("%s", error)
            return
        for one in lost:
            log.error("no master key opens %(table)s %(id)s, %(name)r of %(tenant_id)s", one)

    def stop(self) -> None:
        self._stack.close()

    def _start_each(
        self, queue: MemoryQueue, host: SandboxHost, broker: BrokerServer, minutes: Minutes
    ) -> None:
        broker.start()
        self._stack.callback(broker.stop)
        host.open()
        self._stack.callback(host.stop)
        queue.start(self._launch, LAUNCHERS)
        self._stack.callback(queue.stop)
        minutes.start()
        self._stack.callback(minutes.stop)

    def _serve(
        self,
        app: Any,
        inbox: Inbox,
        queue: MemoryQueue,
        host: SandboxHost,
        bundles: FolderBundles,
    ) -> None:
        def counts() -> dict[str, float]:
            queued = {f"queue_{name}": value for name, value in queue.stats().items()}
            return {**queued, **{f"sandbox_{k}": float(v) for k, v in host.stats().items()}}

        server = create_server(
            web(
                app,
                {"/inbox": inbox, stand_in.PATH: stand_in.StandIn(), BUNDLES: bundles},
                lambda: metrics(self._platform, counts()),
                {"KEY_FILE": str(self._data / "admin.key"), "AI_STATE": self._ai_state()},
            ),
            sockets=[self._listener],
            threads=WEB_THREADS,
            max_request_body_size=LARGEST_BODY,
            ident="zhundian",
        )
        thread = threading.Thread(target=server.run, name="web", daemon=True)
        thread.start()
        self._stack.callback(thread.join, 5)
        self._stack.callback(server.close)

    def _ai_of_settings(self) -> list[Provider]:
        """Those that the settings name, else the stand-in."""
        named = wiring.ai_of_settings(self._given)
        return named or one_provider(f"{self._url}{stand_in.PATH}/v1", "", "*")

    def _ai_state(self) -> str:
        named = ", ".join(one.name for one in wiring.ai_of_settings(self._given))
        return named or (
            "未设置服务商,ai() 由模拟回答应答 · no provider is set, a stand-in answers ai()"
        )

    def _function(self) -> Function:
        """The sandbox function, installed where the account that it runs as can read it."""
        first_uid = _first_uid(self._data) if os.geteuid() == 0 else None
        runtime = prepare(self._data, PROJECT, first_uid)
        folder = Path(tempfile.mkdtemp(prefix="zhundian-"))
        # Its accounts must reach the socket by name; nobody else can list what is here.
        folder.chmod(0o711)
        self._socket = folder / "broker.sock"
        self._stack.callback(folder.rmdir)
        return Function(
            handler="chalicelib.sandbox.function.sandbox",
            runtime=runtime,
            log=self._data / "sandbox.log",
            environment={
                "BROKER_SOCKET": str(self._socket),
                "EGRESS_ALLOW": " ".join(self._allow),
                "SANDBOX_PYTHON": str(runtime.python),
                "SANDBOX_LAYER": str(runtime.layer),
            },
            first_uid=first_uid,
        )

    def _tick(self) -> None:
        functions.dispatch(lambda_events.every_minute(self._platform.now()), _context())

    def _launch(self, messages: list[tuple[str, dict[str, Any]]]) -> set[str]:
        answer = functions.launch(lambda_events.from_queue(messages), _context())
        return {item["itemIdentifier"] for item in answer["batchItemFailures"]}

    def _take_back(self, event: dict[str, Any], reason: str) -> None:
        if reason in ("age", "init"):
            recovering.take_back(self._platform, event)


def _first_uid(data: Path) -> int:
    """Two of us on one machine, with other data, had better not share their sandboxes' uids."""
    return FIRST_UID + zlib.crc32(bytes(data)) % MACHINES * UIDS_OF_ONE


def _script_packages(function: Function) -> str:
    """As the environment has it, or what this machine's sandbox can load."""
    runtime = function.runtime
    home = Home(str(runtime.python), str(runtime.layer), function.first_uid)
    return os.environ.get("SCRIPT_PACKAGES") or loadable_packages(home)


def _context() -> LambdaContext:
    return LambdaContext("zhundian", memory_size=512)
