"""One run, in a process of its own: lock down, read the job, run the script, say how it ended."""

from __future__ import annotations

import atexit
import builtins
import contextlib
import errno
import linecache
import os
import socket
import sys
import types
from collections.abc import Mapping
from typing import Any, NoReturn

from sandbox_runner import attachments, lockdown, results, shim, threads, tracebacks
from sandbox_runner.console import no_input, printer
from sandbox_runner.frames import Channel
from sandbox_runner.stage import Stage
from sandbox_runner.tracebacks import SCRIPT, describe

#: More than Python wants to see a step before it makes its bytecode fit (PEP 659).
_REHEARSALS = 20
_NOTHING: Mapping[str, Any] = {
    **{"t": "job", "script": "result = 1", "params": {}},
    **{"task_id": None, "tenant_id": None, "trace_id": ""},
}


class NoZone(LookupError):
    """Neither the machine nor the layer has the zone; a wrong local time would be worse."""


def prepare() -> None:
    """Do in the zygote what would be the same in every child."""
    tracebacks.prepare()
    builtins.print = printer()
    builtins.input = no_input
    threads.prepare()
    shim.prepare()


def _compiled(script: str) -> types.CodeType:
    # Some editors put a mark of byte order first, which Python takes in a file only.
    return compile(script.removeprefix("\ufeff"), SCRIPT, "exec", dont_inherit=True)


def _leave() -> None:
    """What Python does at its end, which this process does not come to."""
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        # A script may have put anything there.
        with contextlib.suppress(Exception):
            stream.flush()


def _failed(kind: str, error: str) -> dict[str, Any]:
    return {"t": "done", "ok": False, "kind": kind, "error": error}


def _succeeded(names: Mapping[str, Any]) -> dict[str, Any]:
    result = attachments.with_files(names.get("result"))
    return {"t": "done", "ok": True, "result": results.result_json(result)}


def _run_script(job: Mapping[str, Any], stage: Stage, has_zone: bool) -> dict[str, Any]:
    try:
        if not has_zone:
            zone = job["timezone"]
            raise NoZone(f"沙箱没有时区 {zone} 的数据 / the sandbox has no data for {zone}")
        names = stage.enter(job)
        try:
            exec(_compiled(job["script"]), names)
        except SystemExit as error:
            # `exit()` is a way to stop early; anything else says that something went wrong.
            if error.code not in (None, 0):
                return _failed("script", describe(error))
        finally:
            _leave()
        return _succeeded(names)
    except MemoryError as error:
        lockdown.lend_reserve()
        return _failed("memory", describe(error))
    except results.NoResult as error:
        return _failed("result", str(error))
    except NoZone as error:
        return _failed("crash", str(error))
    except BaseException as error:
        is_full = isinstance(error, OSError) and error.errno == errno.EFBIG
        return _failed("disk" if is_full else "script", describe(error))


def rehearse() -> None:
    """Go through the steps of a run in the zygote.

    What Python does once it leaves in the zygote then: a child would write it to pages that it
    has to have copied first.
    """
    near, far = socket.socketpair()
    with near, far:
        stage, platform = Stage(Channel(far)), Channel(near)
        for _ in range(_REHEARSALS):
            platform.send(_NOTHING)
            job = stage.channel.receive()
            names = stage.enter(job)
            exec(_compiled(job["script"]), names)
            stage.channel.send(_succeeded(names))
            platform.receive()
    shim.enter(None)
    linecache.clearcache()


def run(stage: Stage, limits: lockdown.Limits, means: lockdown.Means, has_zone: bool) -> NoReturn:
    """Carry out the run whose supervisor is at the other end of the stage's channel.

    `has_zone`: whether local time is that of the task.
    """
    channel = stage.channel
    channel.send({"t": "locked", "layers": lockdown.lock_down(limits, means)})
    # Only a supervisor that is content with the layers sends the job.
    channel.send(_run_script(channel.receive(), stage, has_zone))
    os._exit(0)
