"""The packages that a script brings where supervisor and scripts share an account, as on Lambda:
held in memory in the fd-jail, where nothing can be opened, and behind Landlock elsewhere."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.sandbox import execute_only, protection
from tests.sandbox import bundles
from tests.sandbox.bundles import Files
from tests.sandbox.conftest import UID
from tests.sandbox.hostile.environment import Environment

Run = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module", params=["kernel", "fd-jail"])
def regime(request: pytest.FixtureRequest) -> str:
    regime: str = request.param
    return regime


@pytest.fixture(scope="module")
def environment(python: str, readable_folder: Path, regime: str) -> Iterator[Environment]:
    is_jail = regime == "fd-jail"
    copy = execute_only.Copy(python) if is_jail else None
    uid = os.getuid() if UID is None else UID + 4000
    # A developer's account has other processes.
    required = protection.REQUIRED[regime] - {"own_account"}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        program = copy.python if copy else python
        environment = Environment(
            program, readable_folder, uid, Path(folder), is_jail, " ".join(required)
        )
        try:
            environment.start()
            assert environment.told["regime"] == regime
            yield environment
        finally:
            environment.stop()
            if copy:
                copy.close()


@pytest.fixture
def run(environment: Environment, python: str) -> Run:
    def run(code: str, *packages: Files) -> dict[str, Any]:
        content = bundles.archive(python, *packages)
        key = bundles.key_of(content)
        file = environment.folder / f"{key}.archive"
        file.write_bytes(content)
        file.chmod(0o644)
        return environment.run(code, bundle={"key": key, "url": str(file)}) or {}

    return run


def test_packages_in_python_import_with_their_parts_and_data(run: Run) -> None:
    code = """
import importlib.metadata, importlib.resources, pkgutil
import alpha, alpha.sub.leaf, space.one, single
from alpha import lazy
texts = importlib.resources.files("alpha").joinpath("data.txt").read_text("utf-8")
result = [
    alpha.X, alpha.sub.leaf.Y, space.one.Z, single.V, texts,
    pkgutil.get_data("alpha", "data.txt").decode(),
    importlib.metadata.version("p0"), importlib.metadata.metadata("P1")["Name"],
    [e.name for e in importlib.resources.files("alpha.sub").iterdir() if e.name.endswith("py")],
    lazy.late(),
]
"""
    told = run(
        code,
        {
            "alpha/__init__.py": "X = 1",
            "alpha/lazy.py": "def late():\n    from . import after\n    return after.W",
            "alpha/after.py": "W = 5",
            "alpha/sub/__init__.py": "",
            "alpha/sub/leaf.py": "from ..  import X\nY = X + 1",
            "alpha/data.txt": "数据",
            "single.py": "# -*- coding: latin-1 -*-\nV = 4",
        },
        {"space/one.py": "Z = 3"},
    )

    data = ["数据", "数据", "1.0", "p1"]
    assert told["status"] == "success", told
    assert told["result"][:8] == [1, 2, 3, 4, *data]
    assert sorted(told["result"][8]) == ["__init__.py", "leaf.py"]
    assert told["result"][9] == 5


def test_a_package_of_the_script_goes_before_that_of_the_layer_for_one_run(run: Run) -> None:
    ask = "import idna, json\nresult = [idna.__version__, hasattr(json, 'dumps')]"
    layers = run("import requests\n" + ask)["result"]

    own = run(ask, {"idna/__init__.py": "__version__ = 'mine'", "json.py": "x = 1"})

    assert own["result"] == ["mine", True]
    assert run(ask)["result"] == layers
    assert layers[0] != "mine"


def test_requests_work_beside_packages_and_certificates_are_a_file(run: Run, regime: str) -> None:
    """Libraries look for that file on the disk: in the jail it is always the layer's."""
    told = run(
        "import certifi, os, requests, alpha\n"
        "status = requests.get('https://x.example/').status_code\n"
        "result = [status, certifi.where() == '/mine', os.path.exists(certifi.where())]",
        {"alpha.py": "", "certifi/__init__.py": "def where(): return '/mine'"},
    )

    assert told["status"] == "success", told
    assert told["result"] == ([200, True, False] if regime == "kernel" else [200, False, True])


def test_the_next_run_has_nothing_of_the_bundle(run: Run) -> None:
    assert run("import alpha\nresult = alpha.X", {"alpha.py": "X = 1"})["result"] == 1

    assert "ModuleNotFoundError" in run("import alpha", {"beta.py": ""})["error"]
    assert run("import alpha\nresult = alpha.X", {"alpha.py": "X = 2"})["result"] == 2


def test_compiled_modules_load_or_are_refused_with_words(
    run: Run, python: str, regime: str
) -> None:
    name, content = bundles.extension_of(python)

    told = run(
        "from fast import _json\nresult = _json.encode_basestring('x')",
        {"fast/__init__.py": "", f"fast/{name}": content},
    )

    if regime == "kernel":
        assert told["result"] == '"x"', told
    else:
        assert "ImportError: fast._json 含有编译的扩展模块" in told["error"]


@pytest.mark.parametrize(
    "code",
    [
        "open(alpha.__file__, 'w').write('X = 9')",
        "import os; os.unlink(alpha.__file__)",
        "import os; os.rename(alpha.__file__, '/tmp/stolen')",
        "import os; os.symlink('/tmp', os.path.dirname(alpha.__file__) + '/x')",
        "import os; os.rmdir(os.path.dirname(alpha.__file__))",
        "import os; [os.write(n, b'X = 9') for n in range(4, 64)]",
        "import os; [os.ftruncate(n, 0) for n in range(4, 64)]",
    ],
)
def test_a_script_cannot_change_its_packages(run: Run, code: str) -> None:
    package = {"alpha.py": "X = 1"}

    told = run(f"import alpha\n{code}", package)

    assert told["error_kind"] == "script", told
    assert "Error" in told["error"]
    assert run("import alpha\nresult = alpha.X", package)["result"] == 1
