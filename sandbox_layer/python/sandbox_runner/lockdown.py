"""How a child locks itself down before it sees the script: a list of layers, tried in order."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox_runner import kernel

#: Where the run's socket is; every other descriptor above 2 is closed.
SOCKET = 3
#: What is left to report a MemoryError with.
_RESERVE_BYTES = 16 << 20


@dataclass(frozen=True)
class Limits:
    """What one run may use: bytes on top of the bare interpreter, seconds, and numbers."""

    memory_bytes: int
    cpu_seconds: int
    open_files: int
    tasks: int


def count_tasks(uid: int) -> int:
    """How many threads and processes `uid` has on this machine, as RLIMIT_NPROC counts them."""
    total = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            text = (folder / "status").read_text("utf-8", "replace")
        except OSError:
            continue
        fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
        if int(fields["Uid"].split()[0]) == uid:
            total += int(fields.get("Threads", "1"))
    return total


def _address_space() -> int:
    return int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()


def lend_reserve() -> None:
    """Raise the soft limit to the hard one, so that a MemoryError can be told."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def _not_root(limits: Limits) -> None:
    if 0 in (os.getuid(), os.geteuid()):
        raise PermissionError("a script never runs as root: limits do not bind uid 0")


def _session(limits: Limits) -> None:
    os.setsid()
    os.umask(0o077)
    os.chdir("/")


def _descriptors(limits: Limits) -> None:
    for number in (1, 2):
        os.dup2(0, number)
    os.closerange(SOCKET + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def _die_with_zygote(limits: Limits) -> None:
    kernel.die_with_parent(signal.SIGKILL)


def _undumpable(limits: Limits) -> None:
    kernel.become_undumpable()


def _no_new_privileges(limits: Limits) -> None:
    kernel.renounce_privileges()


def _limits(limits: Limits) -> None:
    memory = _address_space() + limits.memory_bytes
    for what, soft, hard in (
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_FSIZE, 0, 0),
        (resource.RLIMIT_NOFILE, limits.open_files, limits.open_files),
        (resource.RLIMIT_NPROC, limits.tasks, limits.tasks),
        (resource.RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + 1),
        (resource.RLIMIT_AS, memory, memory + _RESERVE_BYTES),
    ):
        resource.setrlimit(what, (soft, hard))


#: Later layers need what earlier ones leave open; Landlock and seccomp go to the end.
LAYERS: Mapping[str, Callable[[Limits], None]] = {
    "not_root": _not_root,
    "session": _session,
    "descriptors": _descriptors,
    "die_with_zygote": _die_with_zygote,
    "undumpable": _undumpable,
    "no_new_privileges": _no_new_privileges,
    "limits": _limits,
}


def lock_down(limits: Limits) -> dict[str, str]:
    """Apply every layer; says for each `on`, or why the machine refused it."""
    report = {}
    for name, apply in LAYERS.items():
        try:
            apply(limits)
            report[name] = "on"
        except (OSError, ValueError) as error:
            report[name] = f"refused: {error}"
    return report
