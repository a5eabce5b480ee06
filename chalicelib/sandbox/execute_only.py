"""An interpreter that may be executed but not read: the kernel keeps its processes to themselves.

Where prctl(2) is refused this is what closes a process's memory, environment and descriptors to
others of its account (execve(2): dumpable, see prctl(2) on PR_SET_DUMPABLE).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

_EXECUTE_ONLY = 0o111


def is_readable(python: str) -> bool:
    """Whether this account could read the program, and so a process of it be looked into."""
    return os.access(python, os.R_OK)


class Copy:
    """A copy of an interpreter that finds its library where the original does."""

    def __init__(self, python: str) -> None:
        original = Path(python).resolve()
        self.folder = Path(tempfile.mkdtemp(prefix="zhundian-python-"))
        self.folder.chmod(0o711)
        program = self.folder / "bin" / original.name
        program.parent.mkdir(mode=0o711)
        shutil.copyfile(original, program)
        program.chmod(_EXECUTE_ONLY)
        # As a virtual environment does: docs.python.org, `site`, on pyvenv.cfg.
        settings = self.folder / "pyvenv.cfg"
        settings.write_text(f"home = {original.parent}\ninclude-system-site-packages = false\n")
        settings.chmod(0o644)
        libraries = original.parent.parent / "lib"
        if any(libraries.glob("libpython3*.so*")):
            # A program looks for its library beside itself, and here is what the copy is beside.
            (self.folder / "lib").symlink_to(libraries)
        self.python = str(program)
        self._identity = self._now()

    def _now(self) -> list[tuple[int, ...]]:
        names = (self.folder, self.folder / "bin", self.folder / "pyvenv.cfg", self.python)
        found = (os.lstat(name) for name in names)
        return [(one.st_ino, one.st_mode, one.st_uid, one.st_ctime_ns) for one in found]

    def is_intact(self) -> bool:
        """Whether nobody has touched it since."""
        try:
            return self._now() == self._identity
        except OSError:
            return False

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
