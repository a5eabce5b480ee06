"""One run, in a process of its own: lock down, read the job, run the script, say how it ended."""

from __future__ import annotations

import builtins
import linecache
import os
import random
import socket
import sys
import time
import traceback
import types
import zoneinfo
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from sandbox_runner import lockdown, results, sdk
from sandbox_runner.console import Console
from sandbox_runner.frames import Channel

#: What tracebacks call the script.
SCRIPT = "script.py"
#: Characters of a traceback that are worth keeping; its end says most.
_TRACEBACK = 1 << 15


class NoZone(LookupError):
    """Neither the machine nor the layer has the zone; a wrong local time would be worse."""


def _enter_zone(name: str) -> None:
    """Make local time that of the task; the layer may bring the zones if the machine has none."""
    folders = [*zoneinfo.TZPATH, *(f"{folder}/tzdata/zoneinfo" for folder in sys.path)]
    for file in (Path(folder, name) for folder in folders):
        if file.is_file():
            os.environ["TZ"] = f":{file}"
            time.tzset()
            return
    raise NoZone(f"沙箱没有时区 {name} 的数据 / the sandbox has no data for the time zone {name}")


def _enter_module(job: Mapping[str, Any], channel: Channel) -> dict[str, Any]:
    """The script's globals, with everything around it as in a fresh interpreter."""
    console = Console(channel)
    sys.stdout = sys.stderr = console
    sys.argv = [SCRIPT]
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    module.__dict__.update(sdk.names(job, channel, console))
    builtins.print = module.__dict__["print"]
    lines = job["script"].splitlines(keepends=True)
    linecache.cache[SCRIPT] = (len(job["script"]), None, lines, SCRIPT)
    # Every child of one zygote would draw the same numbers.
    random.seed()
    return module.__dict__


def _keep_own_lines(report: traceback.TracebackException, seen: set[int]) -> None:
    """Drop the frames of the sandbox and of libraries, in causes and groups too."""
    if id(report) in seen:
        return
    seen.add(id(report))
    own = [frame for frame in report.stack if frame.filename == SCRIPT]
    report.stack = traceback.StackSummary.from_list(own)
    group = getattr(report, "exceptions", None) or []
    for other in (report.__cause__, report.__context__, *group):
        if other is not None:
            _keep_own_lines(other, seen)


def describe(error: BaseException) -> str:
    """A traceback that shows the script's own lines alone."""
    report = traceback.TracebackException.from_exception(error, compact=True)
    _keep_own_lines(report, set())
    text = "".join(report.format()).rstrip("\n")
    return text if len(text) <= _TRACEBACK else f"…{text[-_TRACEBACK:]}"


def _failed(kind: str, error: str) -> dict[str, Any]:
    return {"t": "done", "ok": False, "kind": kind, "error": error}


def _run_script(job: Mapping[str, Any], channel: Channel) -> dict[str, Any]:
    try:
        _enter_zone(job["timezone"])
        names = _enter_module(job, channel)
        try:
            exec(compile(job["script"], SCRIPT, "exec", dont_inherit=True), names)
        except SystemExit as error:
            # `exit()` is a way to stop early; anything else says that something went wrong.
            if error.code not in (None, 0):
                return _failed("script", describe(error))
        return {"t": "done", "ok": True, "result": results.to_json(names.get("result"))}
    except MemoryError as error:
        lockdown.lend_reserve()
        return _failed("memory", describe(error))
    except results.NoResult as error:
        return _failed("result", str(error))
    except NoZone as error:
        return _failed("crash", str(error))
    except BaseException as error:
        return _failed("script", describe(error))


def run(sock: socket.socket, limits: lockdown.Limits) -> NoReturn:
    """Carry out the run whose supervisor is at the other end of `sock`."""
    channel = Channel(sock)
    channel.send({"t": "locked", "layers": lockdown.lock_down(limits)})
    # Only a supervisor that is content with the layers sends the job.
    channel.send(_run_script(channel.receive(), channel))
    os._exit(0)
