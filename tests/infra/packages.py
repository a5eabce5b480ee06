"""Packages made in two ways, and a place like Lambda to try them in."""

from __future__ import annotations

import compileall
import json
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import infra.package
from infra.local import interpreter_copy
from infra.local.runtime_folder import Runtime
from tests.infra.chalice_cli import chalice, environment
from tests.infra.functions import IS_ROOT, PROJECT

#: A uid of these tests' own: a sandbox sweeps all processes of its uid.
UID = 61100 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) if IS_ROOT else None
#: What Lambda has for its Python functions.
_CLIENT = ("awslambdaric", "simplejson", "snapshot-restore-py")


@dataclass(frozen=True)
class Package:
    """What is there after packaging."""

    folder: Path

    @property
    def zip(self) -> Path:
        return self.folder / "deployment.zip"

    def functions(self) -> dict[str, dict[str, Any]]:
        resources = json.loads((self.folder / "sam.json").read_text())["Resources"]
        return {
            name: resource["Properties"]
            for name, resource in resources.items()
            if resource["Type"] == "AWS::Serverless::Function"
        }


def make_package(folder: Path) -> None:
    """As `make package` does it, by somebody with a strict umask."""
    done = subprocess.run(
        [sys.executable, "-m", "infra.package", "--stage", "test", folder],
        cwd=PROJECT,
        env=environment(),
        umask=0o077,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def make_it_again(folder: Path, scratch: Path) -> None:
    """From a copy with other times and modes that has been run already."""
    copy = scratch / "project"
    shutil.copytree(PROJECT / "chalicelib", copy / "chalicelib", copy_function=shutil.copyfile)
    (copy / ".chalice").mkdir()
    for name in ("app.py", "requirements.txt", ".chalice/config.json"):
        shutil.copyfile(PROJECT / name, copy / name)
    for path in (copy / "chalicelib").rglob("*.py"):
        path.chmod(0o700)
    compileall.compile_dir(copy, quiet=2)
    command = chalice(scratch / "notes")
    infra.package.package(copy, folder, environment(), stage="test", chalice=command)


def place_like_lambda(folder: Path, archive: Path) -> Runtime:
    """An interpreter with AWS's runtime client, the zip, the layer; no more, and open to all."""
    (folder / "python").mkdir()
    interpreter_copy.copy(folder / "python", [distribution(part) for part in _CLIENT])
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(folder / "task")
    bare = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PROJECT / "sandbox_layer/python", folder / "layer", ignore=bare)
    interpreter_copy.open_to_all(folder)
    python = folder / "python/bin" / interpreter_copy.real_interpreter().name
    site_packages = interpreter_copy.site_packages_of(python)
    needed = interpreter_copy.needed_to_start(python)
    return Runtime(python, folder / "task", folder / "layer", site_packages, needed)


def loaded_by(runtime: Runtime, code: str) -> set[str]:
    """The names of the modules that are there after `code`, as the user of an environment."""
    done = subprocess.run(
        [runtime.python, "-c", f"{code}\nimport json, sys\nprint(json.dumps([*sys.modules]))"],
        cwd=runtime.task_root,
        env={**runtime.environment, "PYTHONPATH": str(runtime.task_root)},
        capture_output=True,
        text=True,
        user=UID,
        group=UID,
        extra_groups=None if UID is None else [],
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))
