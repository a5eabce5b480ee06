"""A bundle in memory, as the jail's import system meets it."""

from __future__ import annotations

import io
import sys
import types
import zipfile
from importlib.util import cache_from_source, module_from_spec
from pathlib import Path

import pytest
from sandbox_runner.held import Finder

from chalicelib.builder.compiling import compiled
from tests.sandbox import bundles

FILES: bundles.Files = {
    "held_pkg/__init__.py": "NAME = __name__\ndef where(): return where.__code__.co_filename\n",
    "held_pkg/data.bin": bytes(range(256)),
    "held_space/part.py": "X = 1",
}


def loaded(finder: Finder, name: str) -> types.ModuleType:
    spec = finder.find_spec(name, None)
    assert spec is not None
    module = module_from_spec(spec)
    finder.exec_module(module)
    return module


def changed(content: bytes, path: str, text: bytes) -> bytes:
    """The archive with another content of one file."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            new.writestr(name, text if name == path else old.read(name))
    return made.getvalue()


def test_code_that_was_compiled_for_this_python_is_taken_as_it_is() -> None:
    archive = bundles.archive(sys.executable, FILES)

    module = loaded(Finder(changed(archive, "held_pkg/__init__.py", b"1/0")), "held_pkg")

    assert module.NAME == "held_pkg"
    assert module.where() == "/bundle/held_pkg/__init__.py"


def test_code_of_another_python_is_passed_over() -> None:
    archive = bundles.archive(sys.executable, FILES)
    made = compiled("held_pkg/__init__.py", b"NAME = 'stale'")
    assert made is not None
    stale = b"\0\0\0\0" + made[1][4:]

    finder = Finder(changed(archive, cache_from_source("held_pkg/__init__.py"), stale))

    assert loaded(finder, "held_pkg").NAME == "held_pkg"


def test_what_is_not_there_is_left_to_others() -> None:
    finder = Finder(bundles.archive(sys.executable, FILES))

    assert finder.find_spec("held_other", None) is None
    assert finder.find_spec("held_pkg.missing", None) is None
    assert finder.find_spec("json", None) is None
    space = finder.find_spec("held_space", None)
    assert space is not None
    assert (space.loader, space.submodule_search_locations) == (None, ["/bundle/held_space"])
    assert finder.modules() >= {"held_pkg", "held_space"}


def test_data_is_read_by_the_path_that_it_seems_to_have() -> None:
    finder = Finder(bundles.archive(sys.executable, FILES))

    assert finder.get_data("/bundle/held_pkg/data.bin") == bytes(range(256))
    with pytest.raises(FileNotFoundError):
        finder.get_data("/etc/passwd")
    assert finder.get_source("held_space.part") == "X = 1"
    assert [one.metadata["Name"] for one in finder.find_distributions()] == ["p0"]
    assert not Path("/bundle").exists()
