"""The supervisor's hold on the zygote: start it, have children forked, be rid of every trace."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.text import Text
from chalicelib.sandbox import execute_only, processes
from chalicelib.sandbox.folder import Clutter, WorkFolder
from chalicelib.sandbox.home import Home, ZygoteFailed, account, start
from chalicelib.sandbox.orphans import sweep
from chalicelib.sandbox.outcome import Script
from chalicelib.sandbox.warming import modules_to_load

_START_SECONDS = 10.0
_FORK_SECONDS = 5.0
_CLEAN_SECONDS = 3.0


class Unclean(RuntimeError):
    """What a script did cannot be undone here; this environment must not see another secret."""


@dataclass(frozen=True)
class Limits:
    """What one script may have on top of the bare interpreter.

    `tasks`: threads and processes. `disk_mb`, `files`: what its work folder may hold, if it has
    one.
    """

    memory_mb: int = 256
    open_files: int = 48
    tasks: int = 16
    disk_mb: int = 64
    files: int = 1000


class Zygote:
    """A running zygote. It must be started by a thread that lives on: it dies with it.

    `is_guarded`: whether prctl(2) closes processes to others of their account. Where it does not,
    the zygote is executed from a file that nobody may read.
    """

    def __init__(self, home: Home, is_guarded: bool = True) -> None:
        self.uid = account(home)
        self._copy: execute_only.Copy | None = None
        self.folder: WorkFolder | None = None
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._process = self._start(home, is_guarded, theirs.fileno())
        except ZygoteFailed:
            self.control.close()
            self._remove_files()
            raise
        finally:
            theirs.close()
        born = processes.find(self._process.pid)
        self._started = born.started if born else 0
        #: What it says it is and has: `regime` and `allowed`.
        self.said: dict[str, Any] = {}

    def _start(self, home: Home, is_guarded: bool, descriptor: int) -> subprocess.Popen[bytes]:
        try:
            self.folder = WorkFolder(self.uid)
            if not is_guarded and execute_only.is_readable(home.python):
                self._copy = execute_only.Copy(home.python)
        except OSError as error:
            raise ZygoteFailed(
                Text(f"沙箱无法准备文件夹:{error}", f"The sandbox cannot make folders: {error}")
            ) from None
        python = self._copy.python if self._copy else home.python
        return start(home, python, descriptor, self.folder.path)

    @property
    def is_intact(self) -> bool:
        """Whether nobody has touched the files that it is started from."""
        return self._copy is None or self._copy.is_intact()

    @property
    def regime(self) -> str:
        return str(self.said["regime"])

    @property
    def python(self) -> str:
        """Its version, such as `3.13`."""
        return str(self.said["python"])

    @property
    def work_folder(self) -> WorkFolder | None:
        """Where scripts may write, if they may."""
        return self.folder if self.regime == "kernel" else None

    def _remove_files(self) -> None:
        for part in (self.folder, self._copy):
            if part is not None:
                part.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def wait_until_ready(self) -> None:
        """Return when it can fork; raises ZygoteFailed with what it said instead."""
        if self.said:
            return
        message = self.hear(_START_SECONDS)
        errors = self._process.stderr
        assert errors is not None
        with errors:
            if message is None:
                self._process.kill()
                words = errors.read()[-2000:].decode("utf-8", "replace").strip()
                raise ZygoteFailed(Text(f"沙箱未能启动:{words}", f"No sandbox: {words}"))
        self.said = message

    def hear(self, seconds: float) -> dict[str, Any] | None:
        """Its next message within `seconds`; None if none comes or it is gone."""
        self.control.settimeout(seconds)
        try:
            data = self.control.recv(4096)
        except OSError:
            return None
        return json.loads(data) if data else None

    def fork(self, descriptor: int, limits: Limits, cpu_seconds: int, script: Script) -> int:
        """Have a child made that talks over `descriptor`; returns its pid."""
        order = {
            "op": "run",
            "memory_bytes": limits.memory_mb << 20,
            "cpu_seconds": cpu_seconds,
            "load": modules_to_load(script.content),
            "open_files": limits.open_files,
            "tasks": limits.tasks,
            "file_bytes": limits.disk_mb << 20,
            "timezone": script.timezone,
            "bundle": "",
        }
        descriptors = [descriptor]
        if script.bundle and self.regime == "kernel":
            order["bundle"] = script.bundle.folder
        elif script.bundle:
            descriptors.append(script.bundle.descriptor)
        message = None
        with suppress(OSError):
            socket.send_fds(self.control, [json.dumps(order).encode("ascii")], descriptors)
            message = self.hear(_FORK_SECONDS)
        if message is None or "pid" not in message:
            raise ZygoteFailed(Text("沙箱未能创建进程", "The sandbox made no process"))
        return int(message["pid"])

    def finish(self, pid: int, forget_keys: bool = False) -> bool:
        """Kill the run of `pid` and all that it started; True once nothing of it is left.

        `forget_keys`: empty the account's keyrings, which outlive processes.
        """
        return self._end(pid, forget_keys) and self._empty_folder()

    def _empty_folder(self) -> bool:
        try:
            if self.folder is not None:
                self.folder.empty()
        except Clutter:
            return False
        return True

    def _end(self, pid: int, forget_keys: bool) -> bool:
        processes.kill_group(pid)
        order = json.dumps({"op": "reap", "forget_keys": forget_keys}).encode("ascii")
        deadline = time.monotonic() + _CLEAN_SECONDS
        with suppress(OSError):
            self.control.settimeout(_FORK_SECONDS)
            self.control.send(order)
            while time.monotonic() < deadline:
                message = self.hear(0.02)
                if message and "clean" in message:
                    # Orphans come to a zygote that adopts them, so it has seen the last one.
                    adopts = self.said["allowed"]["subreaper"]
                    return bool(adopts) or sweep(self.uid, self._started, deadline)
                if message is None:
                    # One that will not run on by itself will never say that all is clean.
                    if processes.is_stopped(self.pid):
                        break
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
        self._remove_files()
        if not sweep(self.uid, self._started, time.monotonic() + _CLEAN_SECONDS):
            raise Unclean("processes of a script survive")

    def _kill_descendants(self) -> None:
        for process in processes.descendants(self.pid):
            processes.kill(process.pid)
