"""The packages that every script may import, put beside the runner in the sandbox's layer."""

from __future__ import annotations

import compileall
import hashlib
import re
import shutil
import tempfile
from contextlib import suppress
from importlib.metadata import Distribution, distribution
from pathlib import Path

#: Where `sandbox_runner.packages` looks for them in a layer.
FOLDER = "site-packages"
_STAMP = ".made-of"
_PIN = re.compile(r"([A-Za-z0-9._-]+)==")
#: What is compiled is for one machine and one Python, and stands beside the same in Python.
_COMPILED = (".so", ".pyd", ".pyc")


def fill(layer: Path, requirements: Path) -> None:
    """Copy what `requirements` pins from the packages installed here to `layer`, if it is not
    there yet.

    Raises PackageNotFoundError if one is not installed, OSError if the layer cannot be written.
    """
    pins = _PIN.findall(requirements.read_text("utf-8"))
    needed = [distribution(name) for name in pins]
    stamp = _fingerprint(needed)
    target = layer / FOLDER
    if _stamp_of(target) == stamp:
        return
    new = Path(tempfile.mkdtemp(prefix=".packages-", dir=layer))
    try:
        for package in needed:
            _copy(package, new)
        (new / _STAMP).write_text(stamp, "ascii")
        compileall.compile_dir(new, quiet=2)
        _open_to_all(new)
        _put(new, target, stamp)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _put(new: Path, target: Path, stamp: str) -> None:
    shutil.rmtree(target, ignore_errors=True)
    try:
        new.rename(target)
    except OSError:
        # Somebody else was quicker; all is well if it was with the same.
        if _stamp_of(target) != stamp:
            raise


def _stamp_of(folder: Path) -> str | None:
    with suppress(OSError):
        return (folder / _STAMP).read_text("ascii")
    return None


def _fingerprint(needed: list[Distribution]) -> str:
    facts = [f"{one.name} {one.version} {one.read_text('RECORD')}" for one in needed]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()


def _copy(package: Distribution, folder: Path) -> None:
    for file in package.files or ():
        source = Path(str(file.locate()))
        if ".." in file.parts or source.suffix in _COMPILED or not source.is_file():
            continue
        target = folder / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)


def _open_to_all(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
