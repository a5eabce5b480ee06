"""The packages that a script brings, where the kernel helps: all of them import, for it alone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chalicelib.sandbox import shelf
from chalicelib.sandbox.home import Home
from chalicelib.sandbox.shelf import Shelf
from tests.sandbox import bundles
from tests.sandbox.bundles import Files
from tests.sandbox.conftest import Bench, Ran

Run = Callable[..., Ran]


class Warehouse:
    """What a shelf fetches from; counts how often."""

    def __init__(self, python: str) -> None:
        self.python = python
        self.kept: dict[str, bytes] = {}
        self.fetched: list[str] = []

    def offer(self, *packages: Files) -> dict[str, str]:
        content = bundles.archive(self.python, *packages)
        key = bundles.key_of(content)
        self.kept[key] = content
        return {"key": key, "url": "https://store.example/"}

    def fetch(self, url: str, key: str) -> bytes:
        self.fetched.append(key)
        return self.kept[key]


@pytest.fixture(scope="module")
def warehouse(python: str) -> Warehouse:
    return Warehouse(python)


@pytest.fixture(scope="module")
def kept(warehouse: Warehouse) -> Shelf:
    return Shelf(warehouse.fetch)


@pytest.fixture(scope="module")
def bench(home: Home, kept: Shelf) -> Iterator[Bench]:
    bench = Bench(replace(home, bundles=kept.folder))
    yield bench
    bench.supervisor.close()


@pytest.fixture
def run(bench: Bench, warehouse: Warehouse, kept: Shelf) -> Run:
    def run(code: str, *packages: Files) -> Ran:
        return bench.run(code, bundle=kept.take(warehouse.offer(*packages)))

    return run


def test_packages_in_python_import_with_their_parts_and_data(run: Run) -> None:
    code = """
import importlib.metadata, importlib.resources
import alpha, alpha.sub.leaf, space.one, single
result = [
    alpha.X, alpha.sub.leaf.Y, space.one.Z, single.V,
    importlib.resources.files("alpha").joinpath("data.txt").read_text("utf-8"),
    importlib.metadata.version("p0"), alpha.__file__.rpartition("/alpha/")[2],
]
"""
    ran = run(
        code,
        {
            "alpha/__init__.py": "X = 1",
            "alpha/sub/__init__.py": "",
            "alpha/sub/leaf.py": "from alpha import X\nY = X + 1",
            "alpha/data.txt": "数据",
            "single.py": "V = 4",
        },
        {"space/one.py": "Z = 3"},
    )

    assert ran.result == [1, 2, 3, 4, "数据", "1.0", "__init__.py"]


def test_compiled_packages_import(run: Run, python: str) -> None:
    name, content = bundles.extension_of(python)

    ran = run(
        "from fast import _json\nresult = _json.encode_basestring('x')",
        {"fast/__init__.py": "", f"fast/{name}": content},
    )

    assert ran.result == '"x"'


def test_a_package_of_the_script_goes_before_that_of_the_layer(run: Run, bench: Bench) -> None:
    """Also where an earlier run has had the layer's loaded, and it is the layer's again later."""
    ask = "import requests\nresult = requests.__version__"
    layers = bench.run(ask).result

    own = run(ask, {"requests/__init__.py": "__version__ = 'mine'"})

    assert own.result == "mine"
    assert bench.run(ask).result == layers != "mine"


def test_a_package_cannot_stand_for_the_standard_library(run: Run) -> None:
    ran = run(
        "import json, wave\nresult = [json.dumps(1), hasattr(wave, 'open')]",
        {"json.py": "raise SystemExit('mine')", "wave.py": "raise SystemExit('mine')"},
    )

    assert ran.result == ["1", True]


def test_the_next_run_has_nothing_of_the_bundle(run: Run, bench: Bench) -> None:
    seen = "import sys\nresult = ['alpha' in sys.modules, [p for p in sys.path if 'bundles' in p]]"
    assert run("import alpha\nresult = alpha.X", {"alpha.py": "X = 1"}).result == 1

    assert bench.run(seen).result == [False, []]
    assert bench.run("import alpha").kind == "script"
    assert run("import alpha\nresult = alpha.X", {"alpha.py": "X = 2"}).result == 2


@pytest.mark.parametrize(
    "code",
    [
        "open(alpha.__file__, 'w')",
        "import os; os.unlink(alpha.__file__)",
        "import os; os.rename(alpha.__file__, alpha.__file__ + 'x')",
        "import os; os.chmod(alpha.__file__, 0o777)",
        "import os; open(os.path.dirname(alpha.__file__) + '/new.py', 'w')",
        "import os; os.mkdir(os.path.dirname(os.path.dirname(alpha.__file__)) + '/new')",
    ],
)
def test_a_script_cannot_change_its_packages(run: Run, code: str) -> None:
    ran = run(f"import alpha\n{code}", {"alpha.py": "X = 1"})

    assert ran.kind == "script"
    assert "PermissionError" in ran.error
    assert run("import alpha\nresult = alpha.X", {"alpha.py": "X = 1"}).result == 1


def test_what_packages_would_run_by_themselves_does_not(run: Run) -> None:
    ran = run(
        "import os\nresult = 'PLANTED' in os.environ",
        {"evil.pth": "import os; os.environ['PLANTED'] = '1'", "sitecustomize.py": "1/0"},
    )

    assert ran.result is False


def test_an_error_in_a_package_is_told_with_the_lines_of_the_script(run: Run) -> None:
    ran = run("import alpha\nalpha.fail()", {"alpha.py": "def fail():\n    raise KeyError('k')"})

    assert ran.error.endswith("KeyError: 'k'")
    assert 'File "script.py", line 2' in ran.error
    assert "zhundian-bundles" not in ran.error


def test_a_bundle_is_fetched_once_and_only_so_many_are_kept(python: str) -> None:
    warehouse = Warehouse(python)
    here = Shelf(warehouse.fetch)
    offers = [warehouse.offer({"alpha.py": f"X = {n}"}) for n in range(shelf.MOST + 1)]
    version = bundles.version_of(python)

    def use(number: int) -> None:
        bundle = here.take(offers[number])
        assert bundle is not None
        bundle.prepare("kernel", version)
        assert Path(bundle.folder, "alpha.py").read_text() == f"X = {number}"

    for number in (0, 0, 1, 0, 2, 0, 1):
        use(number)

    names = [offers.index({"key": key, "url": offers[0]["url"]}) for key in warehouse.fetched]
    assert names == [0, 1, 2, 1]
    assert len(list(Path(here.folder).iterdir())) == shelf.MOST


def test_a_bundle_for_another_python_is_refused_with_words(
    bench: Bench, kept: Shelf, warehouse: Warehouse
) -> None:
    import io
    import zipfile

    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as target:
        manifest = '{"format": 1, "python": "2.7", "machine": "vax", "packages": []}'
        target.writestr("zhundian-bundle.json", manifest)
    key = hashlib.sha256(made.getvalue()).hexdigest()
    warehouse.kept[key] = made.getvalue()

    ran = bench.run("result = 1", bundle=kept.take({"key": key, "url": ""}))

    assert ran.kind == "sandbox"
    assert "Python 2.7 vax" in ran.error
    assert "save the task anew" in ran.error


def test_no_bundle_is_no_work(kept: Shelf) -> None:
    assert kept.take(None) is None
