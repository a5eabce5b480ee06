"""What an unprivileged user needs to run the sandbox function, in a place that it may read.

Interpreter, packages and project are used where they are if everyone may read them. Else they are
copied: the first two to a folder named after what they are, and reused until that changes; the
project's own code, which is small and changes often, at each start.
"""

from __future__ import annotations

import compileall
import hashlib
import os
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from infra import script_packages
from infra.local import interpreter_copy

CACHE = Path("/var/cache/zhundian")
#: How deep a folder is looked into; what lies deeper came with the same hand.
_DEPTH = 3


@dataclass(frozen=True)
class Runtime:
    """Where the parts are; `environment` is what the interpreter needs to start at all."""

    python: Path
    #: The folder that holds `chalicelib`; on the interpreter's path only if put there.
    task_root: Path
    #: The folder that holds `sandbox_runner`.
    layer: Path
    #: The interpreter finds these packages by itself.
    site_packages: Path
    environment: Mapping[str, str] = field(default_factory=dict)


def prepare(data_folder: Path, project: Path, uid: int | None, cache: Path = CACHE) -> Runtime:
    """Make sure that the user `uid` can run this interpreter, its packages and the project.

    None is whoever asks: nothing is copied then. `data_folder` tells the installations of one
    machine apart. Raises OSError if `cache` or the project's layer cannot be written,
    PackageNotFoundError if something of requirements.txt is not installed.
    """
    script_packages.fill(
        project / "sandbox_layer" / "python", project / "sandbox_layer" / "requirements.txt"
    )
    python, site_packages = Path(sys.executable), Path(sysconfig.get_path("purelib"))
    if uid is not None and not all(map(everyone_reads, _interpreter_parts())):
        python = _copied_interpreter(project, cache)
        site_packages = interpreter_copy.site_packages_of(python)
    task_root, layer = project, project / "sandbox_layer" / "python"
    own = [project / "chalicelib", layer]
    if uid is not None and not all(map(everyone_reads, own)):
        copied = _copied_project(project, data_folder, cache)
        task_root, layer = copied / "task", copied / "layer"
    elif uid is not None:
        _compile(*own)
    needed = interpreter_copy.needed_to_start(python)
    return Runtime(python, task_root, layer, site_packages, needed)


def everyone_reads(path: Path) -> bool:
    """Whether any user can come to this file or folder, and read what is in it."""
    way_there = [*path.absolute().parents, *path.resolve().parents]
    return all(folder.stat().st_mode & 0o001 for folder in way_there) and _readable(path, _DEPTH)


def _readable(path: Path, depth: int) -> bool:
    if not path.is_dir():
        return bool(path.stat().st_mode & 0o004)
    if path.stat().st_mode & 0o005 != 0o005:
        return False
    return depth == 0 or all(
        _readable(entry, depth - 1)
        for entry in path.iterdir()
        if entry.exists() and entry.name != "__pycache__"
    )


def _interpreter_parts() -> list[Path]:
    parts = [
        Path(sys.executable),
        interpreter_copy.real_interpreter(),
        Path(sysconfig.get_path("stdlib")),
        Path(sysconfig.get_path("purelib")),
    ]
    return [*parts, *(path for path in [Path(sys.prefix, "pyvenv.cfg")] if path.exists())]


def _copied_interpreter(project: Path, cache: Path) -> Path:
    needed = interpreter_copy.packages(project)
    target = cache / f"python-{interpreter_copy.fingerprint(needed)}"
    if not target.exists():
        _make(target, lambda folder: interpreter_copy.copy(folder, needed))
    return target / "bin" / interpreter_copy.real_interpreter().name


def _copied_project(project: Path, data_folder: Path, cache: Path) -> Path:
    installation = hashlib.sha256(os.fsencode(data_folder.resolve())).hexdigest()[:12]
    target = cache / f"project-{installation}"

    def fill(folder: Path) -> None:
        without = shutil.ignore_patterns("__pycache__")
        shutil.copytree(project / "chalicelib", folder / "task" / "chalicelib", ignore=without)
        shutil.copytree(project / "sandbox_layer/python", folder / "layer", ignore=without)
        _compile(folder)
        interpreter_copy.open_to_all(folder)

    _make(target, fill)
    return target


def _compile(*folders: Path) -> None:
    """The unprivileged user cannot keep what it compiles, so it would do it at every start."""
    for folder in folders:
        compileall.compile_dir(folder, quiet=2)


def _make(target: Path, fill: Callable[[Path], None]) -> None:
    """Fill a new folder and put it in the place of `target` in one step; nobody sees a half."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.parent.chmod(0o755)
    new = Path(tempfile.mkdtemp(prefix=".new-", dir=target.parent))
    try:
        fill(new)
        with suppress(FileNotFoundError):
            target.rename(new.with_name(f"{new.name}-old"))
        new.rename(target)
    finally:
        for rest in (new, new.with_name(f"{new.name}-old")):
            shutil.rmtree(rest, ignore_errors=True)
