"""Interpreters that scripts may be run with here: the project's own, and the machine's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from chalicelib.sandbox.home import environment_for
from infra.local import interpreter_copy

#: Debian's, built without a shared library; the project's own may be of another kind.
MACHINES = "/usr/bin/python3"


def can_run(python: str, uid: int | None) -> bool:
    """Whether the account may execute it, and it is new enough."""
    try:
        done = subprocess.run(
            [python, "-I", "-c", "import sys; assert sys.version_info >= (3, 11)"],
            env=environment_for(python),
            user=uid,
            group=uid,
            extra_groups=[] if uid else None,
            capture_output=True,
            check=False,
        )
    except OSError:
        return False
    return done.returncode == 0


def own(folder: Path, uid: int | None) -> str:
    """The interpreter of this process; a copy of it in `folder` if the account needs one."""
    if can_run(sys.executable, uid):
        return sys.executable
    interpreter_copy.copy(folder, [])
    return str(folder / "bin" / interpreter_copy.real_interpreter().name)
