"""`chalice package`: what deployment uploads holds what it should, and works where it will run."""

from __future__ import annotations

import fcntl
import json
import os
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import infra.package
from infra.local.function import Function
from infra.local.placing import Limits
from infra.local.runtime_folder import Runtime
from infra.local.sandbox_host import SandboxHost
from tests.infra.chalice_cli import hosts
from tests.infra.functions import PROJECT
from tests.infra.packages import (
    UID,
    Package,
    loaded_by,
    make_it_again,
    make_package,
    place_like_lambda,
)
from tests.sandbox.fake_broker import FakeBroker

pytestmark = pytest.mark.slow

#: All that the sandbox function may be told; nothing else of a stage may leak into it.
SANDBOX_ENVIRONMENT: dict[str, str] = {}


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both packages, made once for all workers of pytest-xdist: who comes second finds them."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    made = shared / "packages"
    with (shared / "packages.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (made / "complete").exists():
            make_package(made / "first")
            make_it_again(made / "second", made)
            (made / "complete").touch()
    return made


@pytest.fixture(scope="session")
def package(made: Path) -> Package:
    return Package(made / "first")


@pytest.fixture(scope="session")
def on_lambda(package: Package) -> Iterator[Runtime]:
    with tempfile.TemporaryDirectory(prefix="zhundian-package-") as folder:
        yield place_like_lambda(Path(folder), package.zip)


def test_packaging_asks_neither_aws_nor_a_database(made: Path) -> None:
    # pip, which does ask the package index, is a process of its own.
    assert hosts(made / "notes") == set()


def test_every_function_is_there_with_its_handler(package: Package) -> None:
    functions = package.functions()

    assert {name: function["Handler"] for name, function in functions.items()} == {
        "APIHandler": "app.app",
        "Dispatch": "app.dispatch",
        "Launch": "app.launch",
        "Broker": "app.broker",
        "Builder": "chalicelib.builder.function.builder",
        "Sandbox": "chalicelib.sandbox.function.sandbox",
    }
    runtime = f"python3.{sys.version_info.minor}"
    assert {function["Runtime"] for function in functions.values()} == {runtime}


def test_the_sandbox_is_told_what_it_may_know_and_nothing_else(package: Package) -> None:
    variables = package.functions()["Sandbox"].get("Environment", {}).get("Variables", {})

    assert variables == SANDBOX_ENVIRONMENT


def test_variables_are_set_for_single_functions_alone() -> None:
    config = json.loads((PROJECT / ".chalice/config.json").read_text())
    functions = [*config["lambda_functions"].values()]

    # Chalice hands these to every function, or, for one function outside a stage, to none.
    places = [config, *functions, *config["stages"].values()]
    assert [place for place in places if "environment_variables" in place] == []


def test_the_zip_holds_what_the_functions_need_and_nothing_else(package: Package) -> None:
    with zipfile.ZipFile(package.zip) as archive:
        names = set(archive.namelist())
    roots = {name.split("/")[0] for name in names if name.split("/")[0].isidentifier()}
    assert {"chalicelib", "chalice", "pymysql", "boto3"} <= roots
    assert not roots & {"tests", "infra", "bench", "docs", "sandbox_layer", "sandbox_runner"}
    assert not roots & {"pytest", "moto", "hypothesis", "mypy", "waitress", "werkzeug", "pip"}
    assert not {name for name in names if name.endswith((".pyc", ".sql"))}


@pytest.mark.parametrize("file", ["deployment.zip", "sam.json"])
def test_the_same_sources_make_the_same_bytes(made: Path, file: str) -> None:
    assert (made / "first" / file).read_bytes() == (made / "second" / file).read_bytes()


@pytest.mark.parametrize(
    ("requirements", "said"),
    [
        ("Some_Thing==1.2\n", None),
        ("some-thing==1.2\nother==3\n", "other==3"),
        ("some-thing==1.3\n", "some-thing==1.2"),
        ("# some-thing==1.2\n", "some-thing==1.2"),
    ],
)
def test_a_package_that_lacks_a_pin_or_has_more_is_none(
    tmp_path: Path, requirements: str, said: str | None
) -> None:
    with zipfile.ZipFile(tmp_path / "zip", "w") as archive:
        archive.writestr("some_thing-1.2.dist-info/METADATA", "")
        archive.writestr("some_thing.py", "")

    if said is None:
        infra.package.check(tmp_path / "zip", requirements)
    else:
        with pytest.raises(infra.package.PackageFailed, match=said):
            infra.package.check(tmp_path / "zip", requirements)


def test_every_handler_loads_from_the_package_and_none_loads_boto3(
    package: Package, on_lambda: Runtime
) -> None:
    for function in package.functions().values():
        module, _, name = function["Handler"].rpartition(".")

        loaded = loaded_by(on_lambda, f"from {module} import {name}\nassert callable({name})")

        assert not loaded & {"boto3", "botocore", "requests"}


def test_the_sandbox_loads_neither_the_application_nor_database_code(on_lambda: Runtime) -> None:
    loaded = loaded_by(on_lambda, "import chalicelib.sandbox.function")

    ours = {name for name in loaded if name.startswith("chalicelib.")}
    layers = {name.split(".")[1] for name in ours}
    assert layers == {"config", "domain", "gateways", "sandbox"}
    assert not loaded & {"app", "pymysql", "pydantic"}


def test_the_builder_loads_neither_the_application_nor_database_code(on_lambda: Runtime) -> None:
    loaded = loaded_by(on_lambda, "import chalicelib.builder.function")

    ours = {name for name in loaded if name.startswith("chalicelib.")}
    layers = {name.split(".")[1] for name in ours}
    assert layers == {"builder", "config", "domain", "gateways"}
    assert not loaded & {"app", "boto3", "pymysql", "pydantic"}


def test_the_packaged_sandbox_carries_out_a_run_under_awss_runtime_client(
    on_lambda: Runtime, tmp_path: Path
) -> None:
    run = {
        **{"log_id": 7, "trace_id": "t-7", "task_id": 3, "tenant_id": "acme", "task_name": "日报"},
        **{"execution_type": "script", "webhook_url": None, "timezone": "Asia/Shanghai"},
        **{"timeout_seconds": 20, "retry_count": 0, "scheduled_for": None, "is_test": False},
        "script_content": "import os\nprint('准点', os.getuid())\nresult = get_param('n') + 1",
        "input_params": {"n": 41},
    }
    log = tmp_path / "sandbox.log"
    with FakeBroker(on_lambda.task_root.parent / "broker") as broker:
        Path(broker.path).chmod(0o777)
        broker.rules["claim"] = lambda request: {"ok": True, "run": run, "reason": None}
        broker.rules["report"] = lambda request: {"ok": True, "deliveries": [], "token": None}
        knows = {"BROKER_SOCKET": broker.path, "SANDBOX_LAYER": str(on_lambda.layer)}
        handler = "chalicelib.sandbox.function.sandbox"
        host = SandboxHost(Function(handler, on_lambda, log, knows, first_uid=UID), Limits(cores=1))
        host.open()
        try:
            host.start({"kind": "run", "log_id": 7, "token": "secret"}, "acme")
            assert broker.wait_for("report", 20), log.read_text()
        finally:
            host.stop()
        (report,) = broker.asked("report")

    assert (report["log_id"], report["token"]) == (7, "secret")
    assert report["outcome"]["status"] == "success", report
    assert report["outcome"]["result"] == 42
    assert report["output"] == f"准点 {UID or os.getuid()}\n"
