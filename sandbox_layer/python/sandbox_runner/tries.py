"""What the probe asks of a machine: one function for each thing, which raises where it is refused.

Each is to be called in a process of its own, as most forbid that process something for ever.
"""

from __future__ import annotations

import os
import resource
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path

from sandbox_runner import bpf, kernel, landlock, proofs
from sandbox_runner.syscalls import NUMBERS

_CLONE_NEWUSER, _CLONE_NEWNS = 0x10000000, 0x00020000
_PTRACE_SEIZE = 0x4206


def hidden(pid: int) -> None:
    """Whether a process of this account hides what it is."""
    try:
        os.close(os.open(f"/proc/{pid}/environ", os.O_RDONLY))
    except PermissionError:
        return
    raise OSError("its environment can be read")


def _filter() -> None:
    harmless: dict[int, bpf.Verdict] = {NUMBERS[kernel.ARCH]["umask"]: bpf.refuse()}
    kernel.filter_calls(bpf.assemble(kernel.ARCH, harmless, bpf.ALLOW))


def _filter_with_no_new_privileges() -> None:
    kernel.renounce_privileges()
    _filter()


def _with_sibling(step: Callable[[int], object]) -> None:
    """Try `step` on another process of this account."""
    pid = os.fork()
    if pid == 0:
        signal.pause()
    try:
        step(pid)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _seize(pid: int) -> None:
    kernel.syscall("ptrace", _PTRACE_SEIZE, pid, 0, 0)


def _read_memory(pid: int) -> None:
    with Path(f"/proc/{pid}/mem").open("rb", 0) as memory:
        memory.seek(id(None))
        memory.read(1)


def _unshare(flag: int) -> None:
    kernel.syscall("unshare", flag)


def _limits_hold(what: int, proof: Callable[[], None]) -> None:
    resource.setrlimit(what, (0, 0))
    proof()


def _empty_files() -> None:
    with tempfile.TemporaryFile() as file:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        try:
            os.write(file.fileno(), b"x")
        except OSError:
            return
    raise OSError("a file could be written")


def _execute_only() -> None:
    """Whether a program that may not be read can be executed, and hides what it is."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "sleep")
        copy.write_bytes(Path("/bin/sleep").read_bytes())
        copy.chmod(0o111)
        # Returns once the program has been executed.
        pid = os.posix_spawn(str(copy), ["sleep", "9"], {})
        try:
            Path(f"/proc/{pid}/environ").read_bytes()
        except PermissionError:
            return
        finally:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    raise OSError("its environment can be read")


#: What is tried, by the name that it is told under.
TRIES: dict[str, Callable[[], object]] = {
    "prctl_no_new_privs": kernel.renounce_privileges,
    "prctl_undumpable": kernel.become_undumpable,
    "prctl_subreaper": kernel.adopt_orphans,
    "seccomp": _filter,
    "seccomp_with_no_new_privs": _filter_with_no_new_privileges,
    "landlock_version": landlock.version,
    "ptrace_sibling": lambda: _with_sibling(_seize),
    "memory_of_sibling": lambda: _with_sibling(_read_memory),
    "execute_only_hides": _execute_only,
    "new_user_namespace": lambda: _unshare(_CLONE_NEWUSER),
    "new_mount_namespace": lambda: _unshare(_CLONE_NEWNS),
    "io_uring": lambda: os.close(kernel.syscall("io_uring_setup", 1, bytes(120))),
    "memfd": lambda: os.close(kernel.syscall("memfd_create", b"probe", 0)),
    "limit_nofile_holds": lambda: _limits_hold(resource.RLIMIT_NOFILE, proofs.no_files),
    "limit_nproc_holds": lambda: _limits_hold(resource.RLIMIT_NPROC, proofs.no_processes),
    "limit_fsize_holds": _empty_files,
}
