"""For the jail, where nothing can be opened: the standard library and the time zones in memory.

Extension modules have to be mapped from their files, so they are imported before. Of modules in
Python the compiled code is kept as bytes, and becomes objects when a script imports one.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import io
import marshal
import os
import sys
import types
import zoneinfo
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from importlib.readers import FileReader
from pathlib import Path
from typing import IO, Any

from sandbox_runner.imports import on_import

#: What no script has a use for.
_LEFT_OUT = frozenset(
    {
        *("test", "tests", "idlelib", "tkinter", "turtledemo", "turtle", "ensurepip", "lib2to3"),
        *("pydoc_data", "site-packages", "dist-packages", "lib-dynload", "__pycache__", "venv"),
        *("distutils", "antigravity", "this", "pip", "setuptools", "pkg_resources"),
    }
)
#: Extension modules that are there to test Python or to draw on a screen.
_UNWANTED = ("_test", "xx", "_xx", "_tkinter", "_curses", "readline", "_ctypes_test")
#: It asks for its package, which then finds it half made and takes parts in Python for others.
_BY_WAY_OF = {"_asyncio": "asyncio"}
_SUFFIX = importlib.machinery.SOURCE_SUFFIXES[0]
#: A compiled file begins with its magic number, flags, and the source's time and size (PEP 552).
_HEADER = 16


@dataclass(frozen=True)
class _Kept:
    """One module: its code as `marshal` has it, or its source where it is not compiled yet."""

    path: str
    is_package: bool
    code: bytes | None
    source: bytes | None

    def compiled(self) -> types.CodeType:
        if self.code is not None:
            code: types.CodeType = marshal.loads(self.code)
            return code
        assert self.source is not None
        return compile(self.source, self.path, "exec", dont_inherit=True)


class _Finder:
    """Finds and loads what is kept (importlib.abc, without its abstract classes)."""

    def __init__(self, kept: dict[str, _Kept]) -> None:
        self._kept = kept

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: object = None
    ) -> ModuleSpec | None:
        kept = self._kept.get(name)
        if kept is None:
            return None
        spec = ModuleSpec(name, self, origin=kept.path, is_package=kept.is_package)  # type: ignore[arg-type]
        spec.has_location = True
        if kept.is_package:
            spec.submodule_search_locations = [str(Path(kept.path).parent)]
        return spec

    def create_module(self, spec: ModuleSpec) -> None:
        """An ordinary module will do."""

    def exec_module(self, module: types.ModuleType) -> None:
        exec(self._kept[module.__name__].compiled(), module.__dict__)

    def get_source(self, name: str) -> str | None:
        return None

    def get_resource_reader(self, name: str) -> FileReader | None:
        """Data files have their places still, which is all that some packages ask for."""
        kept = self._kept[name]
        loader: Any = types.SimpleNamespace(path=kept.path)
        return FileReader(loader) if kept.is_package else None


def _compiled_beside(source: Path) -> bytes | None:
    """The code that the interpreter left beside the source, if it is of this very source."""
    try:
        content = Path(importlib.util.cache_from_source(str(source))).read_bytes()
        there = source.stat()
    except (OSError, NotImplementedError):
        return None
    made_for = tuple(int.from_bytes(content[at : at + 4], "little") for at in (4, 8, 12))
    age = (0, int(there.st_mtime) & 0xFFFFFFFF, there.st_size & 0xFFFFFFFF)
    is_fresh = content[:4] == importlib.util.MAGIC_NUMBER and made_for == age
    return content[_HEADER:] if is_fresh else None


def _keep(source: Path) -> _Kept:
    code = _compiled_beside(source)
    text = None if code is not None else source.read_bytes()
    return _Kept(str(source), source.name == "__init__.py", code, text)


def _modules(folder: Path, prefix: str, kept: dict[str, _Kept]) -> None:
    for entry in sorted(os.scandir(folder), key=lambda one: one.name):
        stem = entry.name.removesuffix(_SUFFIX)
        if stem in _LEFT_OUT or (prefix and stem == "__init__"):
            continue
        path = Path(entry.path)
        if entry.is_dir():
            if (path / "__init__.py").is_file():
                kept[prefix + stem] = _keep(path / "__init__.py")
                _modules(path, f"{prefix}{stem}.", kept)
        elif entry.name.endswith(_SUFFIX):
            kept[prefix + stem] = _keep(path)


def _import_extensions(folder: Path) -> None:
    suffixes = tuple(importlib.machinery.EXTENSION_SUFFIXES)
    for file in sorted(folder.glob("*.so")):
        name = file.name.partition(".")[0]
        if file.name.endswith(suffixes) and not name.startswith(_UNWANTED):
            with suppress(Exception):
                importlib.import_module(_BY_WAY_OF.get(name, name))


def _zones() -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    same: dict[bytes, bytes] = {}
    for key in zoneinfo.available_timezones():
        with suppress(OSError, zoneinfo.ZoneInfoNotFoundError), _open_zone(key) as file:
            data = file.read()
            found[key] = same.setdefault(data, data)
    return found


def _open_zone(key: str) -> IO[bytes]:
    for folder in zoneinfo.TZPATH:
        path = Path(folder, key)
        if path.is_file():
            return path.open("rb")
    from zoneinfo import _common

    load: Callable[[str], IO[bytes]] = _common.load_tzdata
    return load(key)


def _keep_zones() -> None:
    """Have `zoneinfo` find every zone without a file."""
    from zoneinfo import _common

    zones = _zones()

    def load_tzdata(key: str) -> IO[bytes]:
        if key not in zones:
            raise zoneinfo.ZoneInfoNotFoundError(f"No time zone found with key {key}")
        return io.BytesIO(zones[key])

    vars(_common)["load_tzdata"] = load_tzdata
    zoneinfo.available_timezones = lambda: set(zones)
    zoneinfo.reset_tzpath(())


def _name_no_files(mimetypes: Any) -> None:
    """The machine's own lists of types cannot be opened; those of Python are in the module."""
    mimetypes.knownfiles[:] = []


def _layer_modules(kept: dict[str, _Kept], library: Path) -> None:
    """Whatever else is on the path, such as the layer, in the path's order."""
    for entry in reversed(sys.path):
        folder = Path(entry)
        if folder.is_dir() and library not in (folder, *folder.parents):
            _modules(folder, "", kept)


def load() -> None:
    """Take into memory whatever a script may import, as far as it is here."""
    library = Path(os.__file__).parent
    kept: dict[str, _Kept] = {}
    _modules(library, "", kept)
    _layer_modules(kept, library)
    for entry in sys.path:
        if entry.endswith("lib-dynload"):
            _import_extensions(Path(entry))
    _keep_zones()
    on_import("mimetypes", _name_no_files)
    sys.meta_path.insert(2, _Finder(kept))
