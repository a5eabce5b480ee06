"""For the jail, where nothing can be opened: a bundle's modules and data, held in memory."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import io
import marshal
import re
import sys
import types
import zipfile
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.metadata import Distribution

#: Where its files seem to be; there is no such folder.
_ROOT = "/bundle"
#: A compiled file begins with its magic number, flags, and the hash of its source.
_HEADER = 16
_COMPILED = (
    "{name} 含有编译的扩展模块,本沙箱只能加载纯 Python 包"
    " / {name} is a compiled module, and this sandbox can load pure Python alone"
)
#: Certificates are the platform's, and libraries look for their file on the disk: the layer's.
_LEFT_TO_LAYER = frozenset({"certifi"})


class Finder:
    """Finds, loads and describes what is in an archive (importlib.abc, without its classes)."""

    def __init__(self, content: bytes) -> None:
        self._archive = zipfile.ZipFile(io.BytesIO(content))
        self._names = frozenset(self._archive.namelist())
        self._folders = frozenset(_folders(self._names))

    def modules(self) -> set[str]:
        """The names at the top that can be imported."""
        tops = {name.partition("/")[0].partition(".")[0] for name in self._names}
        return {top for top in tops if top.isidentifier()} - _LEFT_TO_LAYER

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: object = None
    ) -> ModuleSpec | None:
        top = name.partition(".")[0]
        if top in sys.stdlib_module_names or top in _LEFT_TO_LAYER:
            return None
        found = self._source(name)
        if found is None:
            return self._without_source(name)
        spec = ModuleSpec(name, self, origin=f"{_ROOT}/{found}")  # type: ignore[arg-type]
        spec.has_location = True
        if found.endswith("/__init__.py"):
            spec.submodule_search_locations = [f"{_ROOT}/{found.rpartition('/')[0]}"]
        return spec

    def _source(self, name: str) -> str | None:
        base = name.replace(".", "/")
        for path in (f"{base}/__init__.py", f"{base}.py"):
            if path in self._names:
                return path
        return None

    def _without_source(self, name: str) -> ModuleSpec | None:
        base = name.replace(".", "/")
        suffixes = importlib.machinery.EXTENSION_SUFFIXES
        if any(f"{base}{suffix}" in self._names for suffix in suffixes):
            raise ImportError(_COMPILED.format(name=name), name=name)
        if base not in self._folders:
            return None
        spec = ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = [f"{_ROOT}/{base}"]
        return spec

    def create_module(self, spec: ModuleSpec) -> None:
        """An ordinary module will do."""

    def exec_module(self, module: types.ModuleType) -> None:
        exec(self.get_code(module.__name__), module.__dict__)

    def get_code(self, name: str) -> types.CodeType:
        path = self._source(name)
        if path is None:
            raise ImportError(f"no module named {name!r}", name=name)
        return self._compiled_beside(path) or self._compiled_now(path)

    def _compiled_now(self, path: str) -> types.CodeType:
        source, name = self._archive.read(path), f"{_ROOT}/{path}"
        code: types.CodeType = compile(source, name, "exec", dont_inherit=True)
        return code

    def _compiled_beside(self, path: str) -> types.CodeType | None:
        """The code that the builder left for this very version of Python (PEP 552)."""
        name = importlib.util.cache_from_source(path)
        if name not in self._names:
            return None
        content = self._archive.read(name)
        if content[: len(importlib.util.MAGIC_NUMBER)] != importlib.util.MAGIC_NUMBER:
            return None
        code: types.CodeType = marshal.loads(content[_HEADER:])
        return code

    def get_source(self, name: str) -> str | None:
        path = self._source(name)
        return None if path is None else self._archive.read(path).decode("utf-8", "replace")

    def is_package(self, name: str) -> bool:
        return (self._source(name) or "").endswith("/__init__.py")

    def get_data(self, path: str) -> bytes:
        """A file by the path that it seems to have; raises FileNotFoundError (pkgutil)."""
        name = path.removeprefix(f"{_ROOT}/")
        if name not in self._names:
            raise FileNotFoundError(path)
        return self._archive.read(name)

    def get_resource_reader(self, name: str) -> _Reader:
        return _Reader(zipfile.Path(self._archive, f"{name.replace('.', '/')}/"))

    def find_distributions(self, context: Any = None) -> Iterator[Distribution]:
        """What `importlib.metadata` asks for, by a name or for all."""
        from importlib.metadata import PathDistribution

        wanted = None if context is None or context.name is None else _plain(context.name)
        for folder in sorted(self._folders):
            name, _, rest = folder.partition("-")
            if not folder.endswith(".dist-info") or "/" in rest:
                continue
            if wanted is None or wanted == _plain(name):
                place: Any = zipfile.Path(self._archive, f"{folder}/")
                yield PathDistribution(place)


class _Reader:
    """`importlib.resources` reads a package's data by this."""

    def __init__(self, place: zipfile.Path) -> None:
        self._place = place

    def files(self) -> zipfile.Path:
        return self._place


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _folders(names: frozenset[str]) -> Iterator[str]:
    for name in names:
        while name := name.rpartition("/")[0]:
            yield name
