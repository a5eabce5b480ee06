"""A copy of this interpreter and of the packages that the sandbox function needs."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

#: Parts of the standard library that no function needs.
_LEFT_OUT = shutil.ignore_patterns(
    *("test", "tests", "idlelib", "tkinter", "turtledemo", "ensurepip", "lib2to3", "config-*"),
    *("site-packages", "dist-packages"),
)
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def real_interpreter() -> Path:
    """The program itself, behind all virtual environments and links."""
    return Path(sys.executable).resolve()


def packages(project: Path) -> list[Distribution]:
    """What ships to Lambda, and what Lambda itself has there: its runtime client, Chalice's app.

    Raises PackageNotFoundError if one of them is not installed.
    """
    lines = (project / "requirements.txt").read_text("utf-8").splitlines()
    shipped = [line for line in lines if _NAME.match(line)]
    found = {
        "awslambdaric": distribution("awslambdaric"),
        "chalice": distribution("chalice"),
        **{_name(line): distribution(_name(line)) for line in shipped},
    }
    for requirement in found["awslambdaric"].requires or ():
        try:
            found.setdefault(_name(requirement), distribution(_name(requirement)))
        except PackageNotFoundError:
            # One for another version of Python, or an extra.
            continue
    return list(found.values())


def fingerprint(needed: list[Distribution]) -> str:
    """Changes when the interpreter or the content of a package is another (PEP 376, RECORD)."""
    program = real_interpreter()
    age = program.stat()
    facts = [str(program), sys.version, str(age.st_mtime_ns), str(age.st_size)]
    for package in needed:
        facts += [package.name, package.version, package.read_text("RECORD") or ""]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]


def copy(folder: Path, needed: list[Distribution]) -> None:
    """Make the copy in `folder`; everyone may read it, whatever the originals allow."""
    program = folder / "bin" / real_interpreter().name
    program.parent.mkdir()
    shutil.copy2(real_interpreter(), program)
    stdlib = folder / sys.platlibdir / Path(sysconfig.get_path("stdlib")).name
    shutil.copytree(
        sysconfig.get_path("stdlib"), stdlib, ignore=_LEFT_OUT, ignore_dangling_symlinks=True
    )
    _bring_library(program)
    site_packages = site_packages_of(program)
    for package in needed:
        _copy_package(package, site_packages)
    open_to_all(folder)


def site_packages_of(program: Path) -> Path:
    """Where the copied interpreter itself looks; distributions differ."""
    ask = "import site; print(site.getsitepackages()[0])"
    answer = subprocess.run(
        [program, "-I", "-c", ask],
        env=needed_to_start(program),
        check=True,
        capture_output=True,
        text=True,
    )
    return Path(answer.stdout.strip())


def needed_to_start(program: Path) -> dict[str, str]:
    """The environment variables without which it does not even start: usually none."""
    tried = subprocess.run([program, "-I", "-S", "-c", ""], env={}, capture_output=True)
    if tried.returncode == 0:
        return {}
    library = _library(program)
    return {"LD_LIBRARY_PATH": str(library.parent)} if library else {}


def open_to_all(folder: Path) -> None:
    """Everyone may read, nobody but the owner may write."""
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            runs = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if runs else 0o644)


def _name(requirement: str) -> str:
    match = _NAME.match(requirement)
    assert match
    return match[0].lower().replace("_", "-")


def _library(program: Path) -> Path | None:
    """Python as a shared library, if it is one: beside the program, or where it was installed."""
    name, installed = sysconfig.get_config_vars("INSTSONAME", "LIBDIR")
    if not sysconfig.get_config_var("Py_ENABLE_SHARED"):
        return None
    folders = [program.parent.parent / "lib", Path(str(installed))]
    found = (folder / str(name) for folder in folders)
    return next((library for library in found if os.access(library, os.R_OK)), None)


def _bring_library(program: Path) -> None:
    """Copy the shared library, and make the program look for it beside itself."""
    original = _library(real_interpreter())
    if original is None:
        return
    folder = program.parent.parent / "lib"
    folder.mkdir(exist_ok=True)
    shutil.copy2(original, folder)
    # The search path stands in the program as a string that ends in a zero byte; one that is no
    # longer fits in its place. Where it stands in another way, `needed_to_start` finds out.
    content = program.read_bytes()
    searched = f"{original.parent}\0".encode()
    beside = b"$ORIGIN/../lib\0"
    if content.count(searched) == 1 and len(beside) <= len(searched):
        program.write_bytes(content.replace(searched, beside.ljust(len(searched), b"\0")))


def _copy_package(package: Distribution, site_packages: Path) -> None:
    """Copy the files that its RECORD lists, but for the scripts outside."""
    for file in package.files or ():
        source = Path(str(file.locate()))
        if ".." not in file.parts and source.is_file():
            target = site_packages / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
