"""Functions for the sandbox host's tests, and a runtime that can run them."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path

from infra.local.runtime_folder import Runtime, prepare

PROJECT = Path(__file__).parents[3]
IS_ROOT = os.getuid() == 0
FIRST_UID = 61000 if IS_ROOT else None


@cache
def folder_for_all() -> Path:
    """A folder that any user may enter, for as long as the tests run; pytest's own is closed."""
    folder = Path(tempfile.mkdtemp(prefix="zhundian-test-"))
    folder.chmod(0o755)
    atexit.register(shutil.rmtree, folder)
    return folder


@cache
def runtime() -> Runtime:
    """This interpreter, where environments can run it, with the functions of this folder."""
    prepared = prepare(folder_for_all(), PROJECT, FIRST_UID, folder_for_all())
    functions = folder_for_all() / "functions"
    functions.mkdir()
    for name in ("steps.py", "broken.py"):
        shutil.copy(Path(__file__).with_name(name), functions)
        (functions / name).chmod(0o644)
    functions.chmod(0o755)
    return replace(prepared, task_root=functions)
