"""pip in a process of its own, which can start no other: wheels are read, nothing is ever built.

A program: `alone.py FOLDER_OF_PIP MOST_BYTES_OF_A_FILE [ARGUMENT]…`. `--only-binary=:all:` alone
does not keep pip from building: a dependency on an address (PEP 508, `name @ url`) may be a source
distribution, and of that pip runs `setup.py`. So both are shut here, whatever pip is told.
"""

from __future__ import annotations

import resource
import sys
from typing import Any

#: Said in pip's log, for `resolving.py` to find.
ADDRESS = "zhundian: a package depends on an address:"
BUILD = "zhundian: a package wants to be built"
#: Everything by which Python starts a process (docs.python.org, "Audit events table").
_STARTERS = frozenset(
    {
        *("subprocess.Popen", "os.system", "os.fork", "os.forkpty", "os.exec", "os.posix_spawn"),
        *("os.spawn", "os.startfile", "pty.spawn"),
    }
)
_MOST_MEMORY = 1 << 30
_CPU_SECONDS = 60


def _start_nothing(event: str, args: tuple[Any, ...]) -> None:
    if event in _STARTERS:
        raise PermissionError(BUILD)


def _follow_no_address() -> None:
    """Have every requirement that pip reads in a package's metadata be one of the index."""
    from pip._internal.exceptions import InstallationError
    from pip._vendor.packaging.requirements import Requirement

    kind: Any = Requirement
    plain = kind.__init__

    def checked(self: Any, text: str) -> None:
        plain(self, text)
        if self.url:
            raise InstallationError(f"{ADDRESS} {self.name}")

    kind.__init__ = checked


def _limit(most_bytes: int) -> None:
    for what, most in (
        (resource.RLIMIT_FSIZE, most_bytes),
        (resource.RLIMIT_AS, _MOST_MEMORY),
        (resource.RLIMIT_CPU, _CPU_SECONDS),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def main() -> int:
    folder, most_bytes, *arguments = sys.argv[1:]
    sys.path.append(folder)
    _limit(int(most_bytes))
    sys.addaudithook(_start_nothing)
    from pip._internal.cli.main import main as pip

    _follow_no_address()
    return int(pip(arguments))


if __name__ == "__main__":
    sys.exit(main())
