"""Bundles as the builder writes them, of wheels made by hand, for the sandbox's own Python."""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from chalicelib.builder.bundling import write_bundle
from chalicelib.builder.wheels import laid_out
from chalicelib.sandbox.home import environment_for
from tests.builder.index import wheel

Files = Mapping[str, str | bytes]


def archive(python: str, *packages: Files) -> bytes:
    """A bundle for an interpreter; its packages are `p0`, `p1` …, each given by its files."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wheels = []
        for number, files in enumerate(packages):
            wheels.append(folder / f"p{number}-1.0-py3-none-any.whl")
            wheels[-1].write_bytes(wheel(f"p{number}", files=files))
        target = folder / "bundle.zip"
        write_bundle(target, laid_out(wheels), version_of(python))
        return target.read_bytes()


def key_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def version_of(python: str) -> str:
    """Such as `3.11`."""
    return _ask(python, "import sys; print('%d.%d' % sys.version_info[:2])")


def extension_of(python: str) -> tuple[str, bytes]:
    """File name and content of a compiled module that this interpreter can load."""
    program = "import _json; print(_json.__file__)"
    file = Path(_ask(python, program))
    return file.name, file.read_bytes()


@cache
def _ask(python: str, program: str) -> str:
    done = subprocess.run(
        [python, "-I", "-c", program],
        env=environment_for(python),
        capture_output=True,
        check=True,
        text=True,
    )
    return done.stdout.strip()
