"""`python -m sandbox_runner.probe`: what this machine allows, and the regime that follows.

JSON on standard output, the same in words on standard error. Each try is made in a child of its
own and changes nothing outside it.
"""

from __future__ import annotations

import json
import os
import platform
import signal
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from sandbox_runner import kernel, means, tries
from sandbox_runner.lockdown import LAYERS, Limits, Means, lock_down

_FIELDS = ("NoNewPrivs", "Seccomp", "Seccomp_filters", "CapEff", "TracerPid")
_AMPLE = Limits(memory_bytes=64 << 20, cpu_seconds=10, open_files=48, tasks=1 << 16)


def _in_child(step: Callable[[], object]) -> str:
    """What `step` says in a process of its own: `yes`, or why not."""
    near, far = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(near)
        _answer(step, far)
    os.close(far)
    with os.fdopen(near, "rb") as pipe:
        said = pipe.read().decode("utf-8", "replace")
    status = os.waitpid(pid, 0)[1]
    if os.WIFSIGNALED(status):
        return f"killed by {signal.Signals(os.WTERMSIG(status)).name}"
    return said


def _answer(step: Callable[[], object], pipe: int) -> None:
    said = "no answer"
    try:
        value = step()
        said = "yes" if value is None else str(value)
    except Exception as error:
        said = f"no: {type(error).__name__}: {error}"
    finally:
        # Whatever the step has closed or forbidden, what is open stays writable.
        os.write(pipe, said.encode())
        os._exit(0)


def _machine() -> dict[str, Any]:
    lines = Path("/proc/self/status").read_text("utf-8", "replace").splitlines()
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    return {
        "uid": os.getuid(),
        "kernel": platform.release(),
        "architecture": kernel.ARCH,
        "python": platform.python_version(),
        **{name: fields[name].strip() for name in _FIELDS if name in fields},
    }


def _layers(found: Means) -> dict[str, str]:
    """The report of a child that locks itself down; it has nothing but that to tell it with."""
    near, far = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            # The socket's place is the one that stays open.
            os.dup2(far, 3)
            os.write(3, json.dumps(lock_down(_AMPLE, found)).encode("ascii"))
        finally:
            os._exit(0)
    os.close(far)
    with os.fdopen(near, "rb") as pipe:
        said = pipe.read()
    os.waitpid(pid, 0)
    report: dict[str, str] = json.loads(said) if said else {}
    return report


def probe() -> dict[str, Any]:
    """Everything that was tried, as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        found = means.find(folder)
        return {
            "machine": _machine(),
            "regime": found.regime,
            "layers": _layers(found),
            "not_tried": sorted(set(LAYERS["kernel"]) - set(LAYERS[found.regime])),
            "allows": {
                **{name: _in_child(step) for name, step in tries.TRIES.items()},
                # Whoever asked: the sandbox function, if it is asked for a probe.
                "caller_unreadable": _in_child(partial(tries.hidden, os.getppid())),
            },
        }


def told(found: dict[str, Any]) -> str:
    """The same for people."""
    lines = [f"regime: {found['regime']}"]
    if found["machine"]["uid"] == 0:
        lines.append("as uid 0 no script is ever run; ask as the account that scripts get")
    for part in ("machine", "layers", "allows"):
        lines.append(f"{part}:")
        lines += [f"  {name:28} {value}" for name, value in found[part].items()]
    return "\n".join(lines)


def main() -> None:
    found = probe()
    sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
    sys.stdout.flush()
    sys.stderr.write(told(found) + "\n")


if __name__ == "__main__":
    main()
