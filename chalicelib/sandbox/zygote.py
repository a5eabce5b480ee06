"""The supervisor's hold on the zygote: start it, have children forked, be rid of every trace."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chalicelib.domain.text import Text
from chalicelib.sandbox import processes
from chalicelib.sandbox.orphans import sweep

_BOOT = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from sandbox_runner.zygote import main; main(int(sys.argv[2]))"
)
_START_SECONDS = 10.0
_FORK_SECONDS = 5.0
_CLEAN_SECONDS = 3.0


class ZygoteFailed(Exception):
    """Scripts cannot run here."""

    def __init__(self, text: Text) -> None:
        super().__init__(str(text))
        self.text = text


class Unclean(RuntimeError):
    """Processes of a script survive SIGKILL; this environment must not see another secret."""


@dataclass(frozen=True)
class Home:
    """Where scripts live: interpreter, folder of `sandbox_runner`, and their uid if not ours."""

    python: str
    layer: str
    uid: int | None = None


@dataclass(frozen=True)
class Limits:
    """What one script may have on top of the bare interpreter.

    `tasks`: threads and processes. No file limit: it may write none at all.
    """

    memory_mb: int = 256
    open_files: int = 48
    tasks: int = 16


def environment_for(python: str) -> dict[str, str]:
    """Nothing, but for an interpreter that may not find its own library without being told."""
    libraries = Path(python).resolve().parent.parent / "lib"
    if any(libraries.glob("libpython3*.so*")):
        return {"LD_LIBRARY_PATH": str(libraries)}
    return {}


def _start(home: Home, descriptor: int) -> subprocess.Popen[bytes]:
    uid = os.getuid() if home.uid is None else home.uid
    if uid == 0:
        raise ZygoteFailed(
            Text(
                "拒绝以 root 身份运行脚本:请用普通用户启动沙箱",
                "Scripts never run as root: start the sandbox as an ordinary user",
            )
        )
    flags = ["-I", "-S", "-B", "-X", "utf8", "-c", _BOOT, home.layer, str(descriptor)]
    try:
        return subprocess.Popen(
            [home.python, *flags],
            env=environment_for(home.python),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=(descriptor,),
            start_new_session=True,
            user=home.uid,
            group=home.uid,
            extra_groups=None if home.uid is None else [],
        )
    except OSError as error:
        raise ZygoteFailed(
            Text(
                f"沙箱解释器无法启动:{error}", f"The sandbox's interpreter does not start: {error}"
            )
        ) from None


class Zygote:
    """A running zygote. It must be started by a thread that lives on: it dies with it."""

    def __init__(self, home: Home) -> None:
        self._uid = os.getuid() if home.uid is None else home.uid
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._process = _start(home, theirs.fileno())
        except ZygoteFailed:
            self.control.close()
            raise
        finally:
            theirs.close()
        born = processes.find(self._process.pid)
        self._started = born.started if born else 0
        self._adopts: bool | None = None

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def wait_until_ready(self) -> None:
        """Return when it can fork; raises ZygoteFailed with what it said instead."""
        if self._adopts is not None:
            return
        message = self.hear(_START_SECONDS)
        errors = self._process.stderr
        assert errors is not None
        with errors:
            if message is None:
                self._process.kill()
                words = errors.read()[-2000:].decode("utf-8", "replace").strip()
                raise ZygoteFailed(Text(f"沙箱未能启动:{words}", f"No sandbox: {words}"))
        self._adopts = message["allowed"]["subreaper"]

    def hear(self, seconds: float) -> dict[str, Any] | None:
        """Its next message within `seconds`; None if none comes or it is gone."""
        self.control.settimeout(seconds)
        try:
            data = self.control.recv(4096)
        except OSError:
            return None
        return json.loads(data) if data else None

    def fork(self, descriptor: int, limits: Limits, cpu_seconds: int) -> int:
        """Have a child made that talks over `descriptor`; returns its pid."""
        order = {
            "op": "run",
            "memory_bytes": limits.memory_mb << 20,
            "cpu_seconds": cpu_seconds,
            "open_files": limits.open_files,
            "tasks": limits.tasks,
        }
        message = None
        with suppress(OSError):
            socket.send_fds(self.control, [json.dumps(order).encode("ascii")], [descriptor])
            message = self.hear(_FORK_SECONDS)
        if message is None or "pid" not in message:
            raise ZygoteFailed(Text("沙箱未能创建进程", "The sandbox made no process"))
        return int(message["pid"])

    def finish(self, pid: int) -> bool:
        """Kill the run of `pid` and all that it started; True once nothing of it is left."""
        processes.kill_group(pid)
        deadline = time.monotonic() + _CLEAN_SECONDS
        with suppress(OSError):
            self.control.settimeout(_FORK_SECONDS)
            self.control.send(b'{"op": "reap"}')
            while time.monotonic() < deadline and not processes.is_stopped(self.pid):
                message = self.hear(0.02)
                if message and "clean" in message:
                    # Orphans come to a zygote that adopts them, so it has seen the last one.
                    return bool(self._adopts) or sweep(self._uid, self._started, deadline)
                if message is None:
                    self._kill_descendants()
        return False

    def discard(self) -> None:
        """End the zygote and everything that came from it; raises Unclean if it cannot."""
        # Stopped ones as well: SIGKILL needs no cooperation.
        self._kill_descendants()
        self._process.kill()
        self._process.wait()
        self.control.close()
        if self._process.stderr:
            self._process.stderr.close()
        if not sweep(self._uid, self._started, time.monotonic() + _CLEAN_SECONDS):
            raise Unclean("processes of a script survive")

    def _kill_descendants(self) -> None:
        for process in processes.descendants(self.pid):
            processes.kill(process.pid)
