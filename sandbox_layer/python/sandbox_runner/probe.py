"""`python -m sandbox_runner.probe`: what this machine allows, and the regime that follows.

JSON on standard output, the same in words on standard error. Each try is made in a child of its
own and changes nothing outside it.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import signal
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from sandbox_runner import bpf, kernel, landlock, means, proofs
from sandbox_runner.lockdown import LAYERS, Limits, Means, lock_down
from sandbox_runner.syscalls import NUMBERS

_FIELDS = ("NoNewPrivs", "Seccomp", "Seccomp_filters", "CapEff", "TracerPid")
_AMPLE = Limits(memory_bytes=64 << 20, cpu_seconds=10, open_files=48, tasks=1 << 16)
_CLONE_NEWUSER, _CLONE_NEWNS = 0x10000000, 0x00020000
_PTRACE_SEIZE = 0x4206


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


def _hidden(pid: int) -> None:
    """Whether a process of this account hides what it is."""
    try:
        os.close(os.open(f"/proc/{pid}/environ", os.O_RDONLY))
    except PermissionError:
        return
    raise OSError("its environment can be read")


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
                **{name: _in_child(step) for name, step in TRIES.items()},
                # Whoever asked: the sandbox function, if it is asked for a probe.
                "caller_unreadable": _in_child(partial(_hidden, os.getppid())),
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
