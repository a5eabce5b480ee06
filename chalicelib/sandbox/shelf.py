"""The bundles of packages that this environment has fetched, for its runs to come.

A script may read them and nothing else: they lie in a folder that is outside its work folder.
"""

from __future__ import annotations

import io
import json
import os
import platform
import shutil
import tempfile
import weakref
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from chalicelib.domain.text import Text
from chalicelib.gateways.bundles import NotFetched
from chalicelib.sandbox.folder import remove

#: How many are kept; each has up to 64 MB as an archive and 200 MB unpacked.
MOST = 2
#: In the root of a bundle (chalicelib/builder/wheels.py).
_MANIFEST = "zhundian-bundle.json"

Fetch = Callable[[str, str], bytes]


class Unfit(Exception):
    """A bundle cannot be used here."""

    def __init__(self, text: Text) -> None:
        super().__init__(str(text))
        self.text = text


class Shelved:
    """One bundle: its archive in a file without a name, which nobody can change by a path."""

    def __init__(self, content: bytes, folder: Path) -> None:
        self._folder = folder
        #: A descriptor of the archive; where it stands in the file is anybody's.
        self.descriptor = _nameless(content)
        self._closing = weakref.finalize(self, os.close, self.descriptor)
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            self._manifest: dict[str, Any] = json.loads(archive.read(_MANIFEST))

    @property
    def folder(self) -> str:
        """Where it is unpacked, once `prepare` has unpacked it."""
        return str(self._folder)

    def prepare(self, regime: str, python: str) -> None:
        """Have it ready for a child of a zygote of this regime and Python; raises Unfit."""
        wanted = (self._manifest["python"], self._manifest["machine"])
        here = (python, platform.machine())
        if wanted != here:
            raise Unfit(
                Text(
                    f"依赖包是为 Python {' '.join(wanted)} 准备的,沙箱是 {' '.join(here)};"
                    "请重新保存任务",
                    f"The packages are for Python {' '.join(wanted)}, and this sandbox is"
                    f" {' '.join(here)}; save the task anew",
                )
            )
        if regime == "kernel" and not self._folder.is_dir():
            self._unpack()

    def _unpack(self) -> None:
        new = Path(tempfile.mkdtemp(prefix=".new-", dir=self._folder.parent))
        try:
            # Every name in it was checked when it was made, and its hash when it came.
            with (
                os.fdopen(os.dup(self.descriptor), "rb") as file,
                zipfile.ZipFile(file) as archive,
            ):
                archive.extractall(new)
            _open_to_all(new)
            new.rename(self._folder)
        except OSError as error:
            shutil.rmtree(new, ignore_errors=True)
            raise Unfit(
                Text(
                    f"依赖包无法解压:{error.strerror}",
                    f"The packages could not be unpacked: {error.strerror}",
                )
            ) from None

    def close(self) -> None:
        self._closing()
        if self._folder.is_dir():
            top = os.open(self._folder.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                remove(top, self._folder.name)
            finally:
                os.close(top)


def _nameless(content: bytes) -> int:
    """A descriptor of a file with this content that has no name any more."""
    number, name = tempfile.mkstemp(prefix="zhundian-bundle-")
    try:
        with open(number, "wb", closefd=False) as file:
            file.write(content)
    except OSError:
        os.close(number)
        raise
    finally:
        Path(name).unlink()
    return number


def _open_to_all(folder: Path) -> None:
    """Readable by whomever scripts run as, whatever this process's umask is."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


class Shelf:
    """The bundles of one environment; the least lately used gives way."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self.folder = tempfile.mkdtemp(prefix="zhundian-bundles-")
        Path(self.folder).chmod(0o755)
        self._shelved: dict[str, Shelved] = {}
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)

    def take(self, named: Mapping[str, Any] | None) -> Shelved | None:
        """The bundle that a claim names (`{key, url}`), fetched once; None if it names none.

        Raises NotFetched.
        """
        if named is None:
            return None
        key = str(named["key"])
        bundle = self._shelved.pop(key, None) or self._new(key, named["url"])
        self._shelved[key] = bundle
        return bundle

    def _new(self, key: str, url: str | None) -> Shelved:
        if url is None:
            raise NotFetched(
                Text("平台没有配置依赖包存储", "There is no store of packages on this platform")
            )
        while len(self._shelved) >= MOST:
            self._shelved.pop(next(iter(self._shelved))).close()
        content = self._fetch(url, key)
        try:
            # The hash of what came is the key, so this is no path of anybody's choice.
            return Shelved(content, Path(self.folder, key))
        except OSError as error:
            raise NotFetched(
                Text(f"依赖包无法保存:{error}", f"The packages could not be kept: {error}")
            ) from None
