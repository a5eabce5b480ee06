"""How a child locks itself down before it sees the script: a list of layers, tried in order."""

from __future__ import annotations

import fcntl
import os
import resource
import signal
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

from sandbox_runner import bpf, kernel, landlock, proofs

#: Where the run's socket is, and the file rules until they hold; every other descriptor above 2
#: is closed.
SOCKET, RULES = 3, 4
#: From here on lies what a zygote keeps, where no descriptor of a child comes to lie.
_HIGH = 16
#: What is left to report a MemoryError with.
_RESERVE_BYTES = 16 << 20

Regime = Literal["kernel", "fd-jail"]


class Limits(NamedTuple):
    """What one run may use: bytes on top of the bare interpreter, seconds, and numbers.

    `file_bytes`: the largest file that it may write, where it may write at all.
    """

    memory_bytes: int
    cpu_seconds: int
    open_files: int
    tasks: int
    file_bytes: int = 0


class Means(NamedTuple):
    """What this machine has to lock a child down with; the same for all runs of a zygote."""

    regime: Regime
    #: A new process's folder; the one place where it may write, in the kernel regime.
    folder: str = "/"
    #: A descriptor of Landlock's rules, and a filter of system calls.
    rules: int | None = None
    filter: bytes | None = None


Layer = Callable[[Limits, Means], None]


def move_up(number: int) -> int:
    """Another number for the descriptor `number`, which is closed."""
    try:
        return fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, _HIGH)
    finally:
        os.close(number)


def _text_of(path: str) -> str:
    # Without a Path: it keeps every number of a process as an interned string for ever.
    number = os.open(path, os.O_RDONLY)
    try:
        return os.read(number, 1 << 14).decode("utf-8", "replace")
    finally:
        os.close(number)


def count_tasks(uid: int) -> int:
    """How many threads and processes `uid` has on this machine, as RLIMIT_NPROC counts them."""
    total = 0
    with os.scandir("/proc") as entries:
        pids = [entry.name for entry in entries if entry.name.isdigit()]
    for pid in pids:
        try:
            text = _text_of(f"/proc/{pid}/status")
        except OSError:
            continue
        fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
        if int(fields["Uid"].split()[0]) == uid:
            total += int(fields.get("Threads", "1"))
    return total


def _address_space() -> int:
    return int(_text_of("/proc/self/statm").split()[0]) * resource.getpagesize()


def lend_reserve() -> None:
    """Raise the soft limit to the hard one, so that a MemoryError can be told."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def _not_root(limits: Limits, means: Means) -> None:
    if 0 in (os.getuid(), os.geteuid()):
        raise PermissionError("a script never runs as root: limits do not bind uid 0")


def _session(limits: Limits, means: Means) -> None:
    os.setsid()
    os.umask(0o077)
    os.chdir(means.folder)


def _descriptors(limits: Limits, means: Means) -> None:
    # Of its own: flags and locks belong to what was opened, and would outlive the run.
    nothing = os.open("/dev/null", os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    last = SOCKET
    if means.rules is not None:
        last = os.dup2(means.rules, RULES)
    os.closerange(last + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def _die_with_zygote(limits: Limits, means: Means) -> None:
    kernel.die_with_parent(signal.SIGKILL)


def _undumpable(limits: Limits, means: Means) -> None:
    kernel.become_undumpable()


def _visible(limits: Limits, means: Means) -> None:
    """Let the supervisor, which is of the same account, see which files it keeps open."""
    kernel.become_visible()


def _no_new_privileges(limits: Limits, means: Means) -> None:
    kernel.renounce_privileges()


def _limits(limits: Limits, means: Means) -> None:
    memory = _address_space() + limits.memory_bytes
    # Not 0, with which a handler of the machine's would still be given the memory (core(5)); but
    # where the hard limit is 0 already, nobody may raise it.
    core = 1 if resource.getrlimit(resource.RLIMIT_CORE)[1] else 0
    for what, soft, hard in (
        (resource.RLIMIT_CORE, core, core),
        (resource.RLIMIT_MEMLOCK, 0, 0),
        # By this one the supervisor knows a script's process from any other.
        (resource.RLIMIT_MSGQUEUE, 0, 0),
        (resource.RLIMIT_FSIZE, limits.file_bytes, limits.file_bytes),
        (resource.RLIMIT_NOFILE, limits.open_files, limits.open_files),
        (resource.RLIMIT_NPROC, limits.tasks, limits.tasks),
        (resource.RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + 1),
        (resource.RLIMIT_AS, memory, memory + _RESERVE_BYTES),
    ):
        resource.setrlimit(what, (soft, hard))


def _jail(limits: Limits, means: Means) -> None:
    """What is open stays open; nothing else is ever opened, written to a disk or started."""
    for what in (resource.RLIMIT_FSIZE, resource.RLIMIT_NPROC, resource.RLIMIT_NOFILE):
        resource.setrlimit(what, (0, 0))


def _landlock(limits: Limits, means: Means) -> None:
    if means.rules is None:
        raise OSError("there are no rules: this kernel has no Landlock, or may not be asked")
    landlock.hold_to(RULES)
    os.close(RULES)


def _seccomp(limits: Limits, means: Means) -> None:
    if means.filter is None:
        raise OSError(f"no filter for {kernel.ARCH}")
    kernel.filter_calls(bpf.for_process(means.filter, os.getpid()))


#: Later layers need what earlier ones leave open.
_FIRST: Mapping[str, Layer] = {
    "not_root": _not_root,
    "session": _session,
    "descriptors": _descriptors,
    "die_with_zygote": _die_with_zygote,
    "no_new_privileges": _no_new_privileges,
    "limits": _limits,
}
#: The locked child finds out for itself whether the lock holds.
_PROOFS: Mapping[str, Layer] = {
    "no_sockets": lambda limits, means: proofs.no_sockets(),
    "no_files": lambda limits, means: proofs.no_files(),
    "no_processes": lambda limits, means: proofs.no_processes(),
}
#: What each regime tries. The jail takes as much of the kernel's help as there is.
LAYERS: Mapping[Regime, Mapping[str, Layer]] = {
    "kernel": {
        **_FIRST,
        "visible": _visible,
        "landlock": _landlock,
        "seccomp": _seccomp,
        **_PROOFS,
    },
    "fd-jail": {
        **_FIRST,
        "undumpable": _undumpable,
        "landlock": _landlock,
        "jail": _jail,
        "seccomp": _seccomp,
        **_PROOFS,
    },
}


def lock_down(limits: Limits, means: Means) -> dict[str, str]:
    """Apply every layer; says for each `on`, or why the machine refused it."""
    report = {}
    for name, apply in LAYERS[means.regime].items():
        try:
            apply(limits, means)
            report[name] = "on"
        except (OSError, ValueError) as error:
            report[name] = f"refused: {error}"
    return report
