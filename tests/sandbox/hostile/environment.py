"""A supervisor in a process of its own, as on Lambda: scripts have its uid, it has secrets."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chalicelib.sandbox.home import environment_for
from chalicelib.sandbox.processes import Process, all_processes, descendants

SECRET = "planted-secret-4711"
#: How long an answer may take beyond the script's own time, in seconds.
_PATIENCE = 6.0

PROGRAM = """
import ctypes, json, os, sys, threading
from chalicelib.domain.text import Text
from chalicelib.sandbox.calls import CallFailed
from chalicelib.sandbox.outcome import Script
from chalicelib.sandbox.output import Output
from chalicelib.sandbox.supervisor import Supervisor
from chalicelib.sandbox.home import Home
from chalicelib.sandbox.shelf import Shelf
from chalicelib.sandbox.zygote import Limits
secret = ctypes.create_string_buffer(os.environ["SECRET"].encode())
known = {"supervisor": os.getpid(), "address": ctypes.addressof(secret)}
def answer(args, seconds):
    if "nowhere" in str(args.get("url")):
        raise CallFailed(Text("域名不存在", "no such host"), "dns")
    body = args.get("body") or "bm90aGluZw=="
    return {"status": 200, "reason": "", "headers": [], "body": body, "url": args.get("url")}
shelf = Shelf(lambda url, key: open(url, "rb").read())
home = Home(sys.executable, sys.argv[1], None, shelf.folder)
supervisor = Supervisor(
    home, {"http": answer}, Limits(memory_mb=64, disk_mb=32), sys.argv[2].split()
)
print(json.dumps(supervisor.protection()), flush=True)
for line in sys.stdin:
    order = json.loads(line)
    output = Output()
    params = {**order["params"], **known}
    bundle = shelf.take(order["bundle"])
    script = Script(order["code"], params, order["timeout"], "Asia/Shanghai", bundle=bundle)
    outcome = supervisor.execute(script, output, threading.Event())
    print(json.dumps({**outcome.as_dict(), "output": output.rest(0)}), flush=True)
supervisor.close()
"""


@dataclass
class Environment:
    """`start` before the first run; `required` layers as in the settings."""

    python: str
    code: Path
    uid: int
    folder: Path
    like_lambda: bool = False
    required: str = ""
    #: What the interpreter is started through, as by AWS_LAMBDA_EXEC_WRAPPER.
    wrapper: tuple[str, ...] = ()
    told: dict[str, Any] = field(default_factory=dict)
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program = [*self.wrapper, self.python, "-B", "-c", PROGRAM, str(self.code / "layer")]
        command = [*self._filtered(), *program, self.required]
        drops = os.getuid() == 0 and not self.like_lambda
        self._process = subprocess.Popen(
            command,
            env={
                **environment_for(self.python),
                "SECRET": SECRET,
                "PYTHONPATH": str(self.code),
                "TMPDIR": str(self.folder),
            },
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            user=self.uid if drops else None,
            group=self.uid if drops else None,
            extra_groups=[] if drops else None,
        )
        told = self._hear(20)
        assert told is not None, "the environment did not start"
        self.told = told

    def _filtered(self) -> list[str]:
        """What starts a program under a filter that refuses what Lambda refuses."""
        if not self.like_lambda:
            return []
        launcher = str(Path(__file__).with_name("lambda_filter.py"))
        return [sys.executable, launcher, str(self.code / "layer"), str(self.uid)]

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def run(
        self,
        code: str,
        timeout: float = 5,
        params: Mapping[str, Any] | None = None,
        bundle: Mapping[str, str] | None = None,
    ) -> dict[str, Any] | None:
        """What came of the script; None if the environment ended or says nothing.

        `bundle`: `{key, url}`, of which the second is a path.
        """
        assert self._process is not None
        assert self._process.stdin is not None
        order = {"code": code, "timeout": timeout, "params": dict(params or {}), "bundle": bundle}
        try:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return None
        return self._hear(timeout + _PATIENCE)

    def _hear(self, seconds: float) -> dict[str, Any] | None:
        assert self._process is not None
        assert self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], seconds)[0]:
            return None
        line = self._process.stdout.readline()
        return json.loads(line) if line else None

    def family(self) -> list[int]:
        """Supervisor and zygote, by number."""
        assert self._process is not None
        pid = self._process.pid
        return [pid, *(one.pid for one in descendants(pid) if one.parent == pid)]

    def strays(self) -> list[Process]:
        """Processes of the account but supervisor and zygote."""
        known = self.family() if self.is_alive else []
        everyone = [one for one in all_processes() if one.uid == self.uid]
        # The dead of environments that ended are init's to bury.
        return [one for one in everyone if one.pid not in known and one.state != "Z"]

    def stop(self) -> None:
        """End it and, as its keeper would, all that is its account's."""
        if self._process is None:
            return
        assert self._process.stdin is not None
        with suppress(BrokenPipeError, subprocess.TimeoutExpired):
            # If it can, it takes its folders with it.
            self._process.stdin.close()
            self._process.wait(1)
        self._process.kill()
        with self._process:
            pass
        if os.getuid() == 0:
            for process in all_processes():
                if process.uid == self.uid:
                    os.kill(process.pid, 9)
        self._process = None
