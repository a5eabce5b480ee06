"""What is planted around an environment, and how to see that nothing of it was touched."""

from __future__ import annotations

import os
import select
import socket
import stat
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from sandbox_runner import kernel
from sandbox_runner.syscalls import NUMBERS

from tests.sandbox.hostile.environment import SECRET

_FOR_ALL = ("/tmp", "/var/tmp", "/dev/shm", "/run/lock")
#: <asm/unistd_64.h> and <asm-generic/unistd.h>: what only attempts ask for.
_EXTRA = {
    "x86_64": {
        **{"setfsuid": 122, "tkill": 200, "kcmp": 312, "get_robust_list": 274, "move_pages": 279},
        **{"migrate_pages": 256, "ioprio_set": 251, "sched_setattr": 314, "timer_create": 222},
        **{"execveat": 322, "inotify_init1": 294, "fanotify_init": 300, "memfd_secret": 447},
        **{"open_tree": 428, "move_mount": 429, "fsopen": 430, "mount_setattr": 442},
        **{"syslog": 103, "sendmmsg": 307, "rt_sigqueueinfo": 129, "rt_tgsigqueueinfo": 297},
        **{"vmsplice": 278, "splice": 275, "tee": 276, "mlock2": 325, "quotactl": 179},
        **{"acct": 163, "iopl": 172, "modify_ldt": 154, "kexec_load": 246, "personality": 135},
        **{"init_module": 175, "finit_module": 313},
    },
    "aarch64": {
        **{"setfsuid": 151, "tkill": 130, "kcmp": 272, "get_robust_list": 100, "move_pages": 239},
        **{"migrate_pages": 238, "ioprio_set": 30, "sched_setattr": 274, "timer_create": 107},
        **{"execveat": 281, "inotify_init1": 26, "fanotify_init": 262, "memfd_secret": 447},
        **{"open_tree": 428, "move_mount": 429, "fsopen": 430, "mount_setattr": 442},
        **{"syslog": 116, "sendmmsg": 269, "rt_sigqueueinfo": 138, "rt_tgsigqueueinfo": 240},
        **{"vmsplice": 75, "splice": 76, "tee": 77, "mlock2": 284, "quotactl": 60},
        **{"acct": 89, "kexec_load": 104, "personality": 92, "init_module": 105},
        **{"finit_module": 273},
    },
}
_SOCKET = {"x86_64": 41, "aarch64": 198}


class Traps:
    """Listeners that nobody may call, and files that nobody may see or change."""

    def __init__(self, folder: Path, uid: int) -> None:
        self._uid = uid
        self._folder = folder
        self._stack = ExitStack()
        self.runtime_api = self._listener(("127.0.0.1", 0))
        self.inbox = self._listener(("127.0.0.1", 0))
        self.abstract = f"zhundian-trap-{os.getpid()}-{uid}"
        self._abstract = self._listener(f"\0{self.abstract}")
        self._unix = self._listener(str(folder / "trap.sock"))
        (folder / "trap.sock").chmod(0o777)
        self.own, self.public = folder / "own.txt", folder / "public.txt"
        self.plant()

    def plant(self) -> None:
        """Put the files where they belong, as they belong."""
        self.own.unlink(missing_ok=True)
        for file, mode in ((self.own, 0o600), (self.public, 0o644)):
            file.write_text(SECRET)
            file.chmod(mode)
        if os.getuid() == 0:
            os.chown(self.own, self._uid, self._uid)

    def _listener(self, address: Any) -> socket.socket:
        family = socket.AF_INET if isinstance(address, tuple) else socket.AF_UNIX
        sock = self._stack.enter_context(socket.socket(family))
        sock.bind(address)
        sock.listen()
        return sock

    def params(self, is_kernel: bool) -> dict[str, Any]:
        return {
            "runtime_api": self.runtime_api.getsockname()[1],
            "inbox": self.inbox.getsockname()[1],
            "abstract": self.abstract,
            "unix": str(self._folder / "trap.sock"),
            "own": str(self.own),
            "public": str(self.public),
            "folder": str(self._folder),
            "numbers": {**NUMBERS[kernel.ARCH], **_EXTRA[kernel.ARCH]},
            "socket": _SOCKET[kernel.ARCH],
            "kernel": is_kernel,
        }

    def called(self) -> bool:
        """Whether anybody connected, ever."""
        listeners = [self.runtime_api, self.inbox, self._abstract, self._unix]
        return bool(select.select(listeners, [], [], 0)[0])

    def touched(self) -> bool:
        """Whether the account's file is no longer what was planted."""
        try:
            there = self.own.lstat()
            mode = (stat.S_IFREG | 0o600, self._uid)
            is_marked = bool(os.listxattr(self.own))
            told = self.own.read_text()
            return (there.st_mode, there.st_uid) != mode or told != SECRET or is_marked
        except OSError:
            return True

    def belongings(self) -> set[str]:
        """All that the account has where everyone may leave things, by name or number."""
        found = set()
        waiting = [Path(name) for name in _FOR_ALL if Path(name).is_dir()]
        while waiting:
            for one in waiting.pop().iterdir():
                # What others leave there, they also take away.
                with suppress(FileNotFoundError):
                    there = one.lstat()
                    if there.st_uid == self._uid:
                        found.add(str(one))
                        waiting += [one] if stat.S_ISDIR(there.st_mode) else []
        for kind, column in (("shm", 7), ("msg", 7), ("sem", 4)):
            for line in Path("/proc/sysvipc", kind).read_text().splitlines()[1:]:
                if int(line.split()[column]) == self._uid:
                    found.add(f"{kind} {line.split()[1]}")
        return found

    def __enter__(self) -> Traps:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()
