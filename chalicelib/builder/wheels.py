"""What is in wheels, read as data: each file checked, all of them laid into one tree.

Nothing of a package is run. What Python would run by itself where packages are installed (`.pth`
files, compiled caches, scripts) is left out.
"""

from __future__ import annotations

import hashlib
import re
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from chalicelib.builder.errors import Refused, broken, too_large
from chalicelib.domain.text import Text

#: Unpacked, all together.
MOST_BYTES, MOST_FILES = 200 << 20, 20_000
#: In the root of a bundle: what it is for and what it holds.
MANIFEST = "zhundian-bundle.json"
_CHUNK = 1 << 18
_COMPILED = re.compile(r"\.(so(\.[\w.]+)?|pyd|dll|dylib)$")
_LEFT_OUT = re.compile(r"(^|/)__pycache__/|\.py[co]$|^[^/]+\.pth$|\.dist-info/RECORD(\.\w+)?$")
#: `name-version.data/KIND/…`: the two kinds that go where modules are (PyPA, binary format).
_DATA = re.compile(r"^[^/]+\.data/(?P<kind>[^/]+)/(?P<rest>.+)$")
_PART = re.compile(r"[^\x00-\x1f\x7f\\:]{1,120}")


@dataclass(frozen=True)
class Package:
    """One wheel of a bundle; `sha256` of its file pins it."""

    name: str
    version: str
    sha256: str
    is_pure: bool

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Tree:
    """Every file by its path, the way to its content, and what they come from."""

    files: dict[str, tuple[Path, zipfile.ZipInfo]]
    packages: list[Package]


def laid_out(wheels: Sequence[Path]) -> Tree:
    """The files of all wheels in one tree; raises Refused for what is not as a wheel should be."""
    files: dict[str, tuple[Path, zipfile.ZipInfo]] = {}
    packages = []
    for wheel in wheels:
        name, version = _named(wheel)
        own = _entries(wheel, name)
        for path, info in own:
            # As with pip, packages that share a namespace may share its files.
            files.setdefault(path, (wheel, info))
        is_pure = not any(_COMPILED.search(path) for path, _ in own)
        packages.append(Package(name, version, _sha256(wheel), is_pure))
    _check_size(files)
    return Tree(files, packages)


def _named(wheel: Path) -> tuple[str, str]:
    try:
        name, version, _, _ = parse_wheel_filename(wheel.name)
    except InvalidWheelFilename:
        raise broken(wheel.name) from None
    return name, str(version)


def _entries(wheel: Path, name: str) -> list[tuple[str, zipfile.ZipInfo]]:
    try:
        with zipfile.ZipFile(wheel) as archive:
            return list(_usable(archive.infolist(), name))
    except (zipfile.BadZipFile, OSError, ValueError):
        raise broken(name) from None


def _usable(infos: Iterable[zipfile.ZipInfo], name: str) -> Iterator[tuple[str, zipfile.ZipInfo]]:
    for info in infos:
        # Read as Python's `zipfile` would be told it, not as `extract` would mend it.
        path = info.orig_filename
        if path.endswith("/"):
            continue
        _check_path(path, name)
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            raise broken(name, Text(f"含有链接 {path!r}", f"it holds a link, {path!r}"))
        if info.flag_bits & 1:
            raise broken(name, Text("含有加密文件", "it holds an encrypted file"))
        placed = _placed(path)
        if placed is not None:
            yield placed, info


def _check_path(path: str, name: str) -> None:
    parts = path.split("/")
    if (
        any(not _PART.fullmatch(part) or part in (".", "..") for part in parts)
        or not path.isprintable()
        or len(path) > 400
        or path == MANIFEST
    ):
        shown = path[:80]
        raise broken(
            name,
            Text(
                f"含有不允许的文件名 {shown!r}", f"it holds a file name not allowed here, {shown!r}"
            ),
        )


def _placed(path: str) -> str | None:
    """Where a file goes; None if it is left out."""
    if data := _DATA.match(path):
        if data["kind"] not in ("purelib", "platlib"):
            return None
        path = data["rest"]
    return None if _LEFT_OUT.search(path) else path


def _check_size(files: dict[str, tuple[Path, zipfile.ZipInfo]]) -> None:
    # What is said here is kept to when the files are read.
    if len(files) > MOST_FILES or sum(info.file_size for _, info in files.values()) > MOST_BYTES:
        raise too_large()
    folders = {str(above) for path in files for above in PurePosixPath(path).parents}
    if clash := folders & files.keys():
        path = min(clash)
        raise Refused(
            Text(f"依赖包的文件互相冲突:{path!r}", f"packages fight over the path {path!r}")
        )


def contents(tree: Tree) -> Iterator[tuple[str, bytes]]:
    """Path and content of every file, in the order of the paths; raises Refused."""
    opened: dict[Path, zipfile.ZipFile] = {}
    try:
        for path, (wheel, info) in sorted(tree.files.items()):
            archive = opened.get(wheel) or opened.setdefault(wheel, zipfile.ZipFile(wheel))
            yield path, _read(archive, info, _named(wheel)[0])
    finally:
        for archive in opened.values():
            archive.close()


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> bytes:
    content = bytearray()
    try:
        with archive.open(info) as file:
            while piece := file.read(_CHUNK):
                content += piece
                if len(content) > info.file_size:
                    raise broken(name)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, ValueError):
        raise broken(name) from None
    return bytes(content)


def _sha256(wheel: Path) -> str:
    with wheel.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
