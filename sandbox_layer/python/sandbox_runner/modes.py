"""Files of a work folder have one mode and no history; a copy need not fail for that."""

from __future__ import annotations

from typing import Any

from sandbox_runner.imports import on_import


def _leave(src: Any, dst: Any, *, follow_symlinks: bool = True) -> None:
    """Nothing: the filter of system calls refuses to change modes and times, by any name."""


def _change(shutil: Any) -> None:
    shutil.copymode = _leave
    shutil.copystat = _leave


def forget() -> None:
    """Have `shutil.copy`, `copy2`, `copytree` and `move` copy what is in files alone."""
    on_import("shutil", _change)
