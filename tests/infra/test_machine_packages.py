"""Packages of scripts on one machine, from the package index that this machine's pip asks."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.sandbox.home import Home
from infra.local.regime import loadable_packages
from tests.infra.running import Running

pytestmark = pytest.mark.slow

PURE = "import idna, attr\nresult = [idna.__version__, attr.__name__]"
COMPILED = """
import markupsafe, markupsafe._speedups as compiled
result = [compiled.__file__[-3:], markupsafe.escape("<")]
"""


@pytest.fixture(scope="module")
def machine() -> Iterator[Running]:
    with tempfile.TemporaryDirectory(prefix="zhundian-") as folder:
        # As root, the accounts of database and sandbox have to pass.
        Path(folder).chmod(0o711)
        running = Running(Path(folder)).start()
        yield running
        assert running.stop() == 0


def test_a_script_runs_with_packages_in_python_and_compiled_ones(machine: Running) -> None:
    pure = machine.test_script(PURE, script_deps="idna==3.10 # pinned\nattrs>=23")
    assert (pure["status"], pure["result"]) == ("success", ["3.10", "attr"]), pure

    compiled = machine.test_script(COMPILED, script_deps="markupsafe==3.0.3")
    assert (compiled["status"], compiled["result"]) == ("success", [".so", "&lt;"]), compiled


def test_a_task_keeps_its_packages_and_runs_with_them(machine: Running) -> None:
    task = machine.call(
        "POST",
        "/api/scheduled-tasks",
        {
            "task_name": "packages",
            "time_points": ["00:00"],
            "script_content": PURE,
            "script_deps": "attrs>=23\nidna==3.10",
        },
    )
    names = {package["name"]: package for package in task["deps_packages"]}
    assert (task["deps_status"], names["idna"]["version"]) == ("ready", "3.10")

    run = machine.call("POST", f"/api/scheduled-tasks/{task['id']}/run")
    log = machine.ended(run["log_id"], 60)

    assert (log["status"], log["result"]) == ("success", ["3.10", "attr"]), log


@pytest.mark.parametrize("wrong", ["idna==99", "git+https://example.com/x.git", "./x"])
def test_a_wrong_requirement_is_refused_and_nothing_runs(machine: Running, wrong: str) -> None:
    sent: dict[str, Any] = {"script_content": "x = 1", "script_deps": f"attrs\n{wrong}"}

    with pytest.raises(AssertionError) as refusal:
        machine.call("POST", "/api/scheduled-tasks/test-script", sent)

    problem = json.loads(str(refusal.value))
    assert (problem["status"], problem["errors"][0]["field"]) == (422, "script_deps")
    assert problem["errors"][0]["message"].startswith("第 2 行 ")


def test_a_sandbox_that_does_not_start_loads_pure_packages_at_most(tmp_path: Path) -> None:
    assert loadable_packages(Home(str(tmp_path / "nothing"), str(tmp_path))) == "pure"
