"""One run, in a process of its own: lock down, read the job, run the script, say how it ended."""

from __future__ import annotations

import atexit
import builtins
import contextlib
import errno
import io
import linecache
import os
import socket
import sys
import types
from collections.abc import Mapping
from typing import Any, NoReturn

from sandbox_runner import attachments, lockdown, results, sdk, shim, threads
from sandbox_runner.console import Console, no_input, printer
from sandbox_runner.frames import Channel
from sandbox_runner.tracebacks import SCRIPT, describe


class NoZone(LookupError):
    """Neither the machine nor the layer has the zone; a wrong local time would be worse."""


#: Made once for all runs, as a fork is quicker than making them.
_CONSOLES = {name: Console(f"<{name}>") for name in ("stdout", "stderr")}


def prepare() -> None:
    """Do in the zygote what would be the same in every child."""
    builtins.print = printer()
    builtins.input = no_input
    threads.prepare()
    shim.prepare()


def _enter_module(job: Mapping[str, Any], channel: Channel) -> dict[str, Any]:
    """The script's globals, with everything around it as in a fresh interpreter."""
    for name, console in _CONSOLES.items():
        console.connect(channel)
        setattr(sys, name, console)
        # A script that wraps the one must not end the other.
        setattr(sys, f"__{name}__", console)
    sys.argv = [SCRIPT]
    module = types.ModuleType("__main__")
    module.__file__ = SCRIPT
    sys.modules["__main__"] = module
    module.__dict__.update(sdk.names(job, channel))
    # Python's lines end as `io` has them, not as `str.splitlines` has.
    lines = io.StringIO(job["script"], newline=None).readlines()
    linecache.cache[SCRIPT] = (len(job["script"]), None, lines, SCRIPT)
    shim.enter(channel.call)
    return module.__dict__


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


def _run_script(job: Mapping[str, Any], channel: Channel, has_zone: bool) -> dict[str, Any]:
    try:
        if not has_zone:
            zone = job["timezone"]
            raise NoZone(f"沙箱没有时区 {zone} 的数据 / the sandbox has no data for {zone}")
        names = _enter_module(job, channel)
        try:
            exec(_compiled(job["script"]), names)
        except SystemExit as error:
            # `exit()` is a way to stop early; anything else says that something went wrong.
            if error.code not in (None, 0):
                return _failed("script", describe(error))
        finally:
            _leave()
        result = attachments.with_files(names.get("result"))
        return {"t": "done", "ok": True, "result": results.to_json(result)}
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


def run(
    sock: socket.socket, limits: lockdown.Limits, means: lockdown.Means, has_zone: bool
) -> NoReturn:
    """Carry out the run whose supervisor is at the other end of `sock`.

    `has_zone`: whether local time is that of the task.
    """
    channel = Channel(sock)
    channel.send({"t": "locked", "layers": lockdown.lock_down(limits, means)})
    # Only a supervisor that is content with the layers sends the job.
    channel.send(_run_script(channel.receive(), channel, has_zone))
    os._exit(0)
