"""What this machine allows to lock a child down with: the regime that a zygote works under."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

from sandbox_runner import kernel, landlock
from sandbox_runner.lockdown import LAYERS, Limits, Means, lock_down, move_up
from sandbox_runner.seccomp import script_filter
from sandbox_runner.syscalls import NUMBERS

#: What imports, time zones and TLS libraries read, wherever they are installed.
_READABLE = (
    *("/usr/lib", "/usr/lib64", "/lib", "/lib64", "/etc/ld.so.cache"),
    *("/usr/share/zoneinfo", "/etc/localtime", "/etc/mime.types"),
    *("/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/usr/share/ca-certificates"),
    *("/etc/pki/tls/certs", "/etc/pki/tls/openssl.cnf", "/etc/pki/ca-trust/extracted"),
    *("/dev/urandom", "/dev/random", "/dev/zero"),
)
#: Ample: the child of the rehearsal does next to nothing.
_REHEARSAL = Limits(memory_bytes=64 << 20, cpu_seconds=10, open_files=48, tasks=1 << 16)


def _readable() -> list[str]:
    """The interpreter's library, and what is on its path: the layer."""
    library = str(Path(os.__file__).resolve().parent.parent)
    return [*_READABLE, library, *(entry for entry in sys.path if Path(entry).is_dir())]


def _rules(folder: str, bundles: str) -> int | None:
    try:
        readable = [*_readable(), *filter(None, [bundles])]
        return move_up(landlock.ruleset(readable, folder))
    except OSError:
        return None


def _filter(may_write: bool) -> bytes | None:
    return script_filter(kernel.ARCH, may_write) if kernel.ARCH in NUMBERS else None


def holds(means: Means) -> bool:
    """Whether a child that locks itself down so has every layer; tried in one of its own."""
    pid = os.fork()
    if pid == 0:
        try:
            report = lock_down(_REHEARSAL, means)
            os._exit(set(report.values()) != {"on"})
        finally:
            os._exit(1)
    return os.waitpid(pid, 0)[1] == 0


def find(folder: str, bundles: str = "") -> Means:
    """The stronger regime if all of it works here, else the jail that needs no kernel's help.

    `folder`: where scripts may write, in the kernel regime; `bundles`: where they may read.
    """
    rules = _rules(folder, bundles)
    if rules is not None:
        means = Means("kernel", folder, rules, _filter(may_write=True))
        if holds(means):
            return means
        with suppress(OSError):
            os.close(rules)
    return Means("fd-jail", filter=_filter(may_write=False))


def layers() -> dict[str, list[str]]:
    """The names of the layers of each regime."""
    return {regime: list(of_regime) for regime, of_regime in LAYERS.items()}
