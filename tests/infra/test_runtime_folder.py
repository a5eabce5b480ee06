"""The runtime folder: an unprivileged user can run it, and nothing is copied in vain."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest

from infra.local import interpreter_copy
from infra.local.runtime_folder import Runtime, everyone_reads, prepare
from tests.infra.functions import FIRST_UID, IS_ROOT, PROJECT, folder_for_all, runtime

needs_root = pytest.mark.skipif(not IS_ROOT, reason="only root gives processes other uids")


@pytest.fixture
def closed_project(tmp_path: Path) -> Path:
    """The project in a folder that only its owner may enter."""
    project = tmp_path / "project"
    without = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PROJECT / "chalicelib", project / "chalicelib", ignore=without)
    shutil.copytree(PROJECT / "sandbox_layer", project / "sandbox_layer", ignore=without)
    shutil.copy(PROJECT / "requirements.txt", project)
    project.chmod(0o700)
    return project


def run_as_another(made: Runtime, code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [made.python, "-c", code],
        capture_output=True,
        text=True,
        user=FIRST_UID,
        group=FIRST_UID,
        extra_groups=[],
        cwd="/",
        env={**made.environment, "PYTHONPATH": f"{made.task_root}:{made.layer}"},
    )


def test_whoever_asks_for_himself_uses_everything_where_it_is() -> None:
    made = prepare(PROJECT / ".local", PROJECT, None, Path("/nonexistent"))

    assert made.python == Path(sys.executable)
    assert made.task_root == PROJECT
    assert made.layer == PROJECT / "sandbox_layer/python"
    assert (made.site_packages / "awslambdaric").is_dir()


@needs_root
def test_another_user_can_run_what_was_prepared(closed_project: Path) -> None:
    made = prepare(closed_project / "data", closed_project, 61000, folder_for_all())

    ran = run_as_another(
        made,
        "import awslambdaric, runtime_client, requests, boto3, ssl, sqlite3, ctypes, chalice.app\n"
        "import chalicelib.config, sandbox_runner\n"
        "print(requests.__file__, chalicelib.config.__file__)",
    )

    assert ran.stderr == ""
    requests_file, config_file = ran.stdout.split()
    assert Path(requests_file).is_relative_to(made.site_packages)
    assert Path(config_file).is_relative_to(made.task_root)


@needs_root
def test_another_user_cannot_change_what_was_prepared(closed_project: Path) -> None:
    made = prepare(closed_project / "data", closed_project, 61000, folder_for_all())

    ran = run_as_another(
        made,
        "import os, chalicelib, sys\n"
        "folders = [os.path.dirname(chalicelib.__file__), os.path.dirname(sys.executable)]\n"
        "print([os.access(folder, os.W_OK) for folder in folders])",
    )

    assert ran.stdout.strip() == "[False, False]"


@needs_root
def test_a_change_of_the_project_is_there_after_the_next_start(closed_project: Path) -> None:
    first = prepare(closed_project / "data", closed_project, 61000, folder_for_all())
    (closed_project / "chalicelib" / "added.py").write_text("WORD = 'new'\n")
    (closed_project / "chalicelib" / "wiring.py").unlink(missing_ok=True)

    second = prepare(closed_project / "data", closed_project, 61000, folder_for_all())

    assert second.task_root == first.task_root
    assert run_as_another(second, "import chalicelib.added as a; print(a.WORD)").stdout == "new\n"
    assert not (second.task_root / "chalicelib" / "wiring.py").exists()
    assert list(folder_for_all().glob(".new-*")) == []


@needs_root
def test_two_installations_have_copies_of_their_own(closed_project: Path) -> None:
    roots = {
        prepare(closed_project / data, closed_project, 61000, folder_for_all()).task_root
        for data in ("one", "two")
    }

    assert len(roots) == 2


@needs_root
def test_the_interpreter_is_copied_once(closed_project: Path) -> None:
    if runtime().python == Path(sys.executable):
        pytest.skip("this interpreter can be used where it is")
    before = runtime().python.stat()

    again = prepare(closed_project / "data", closed_project, 61000, folder_for_all())

    assert again.python == runtime().python
    assert again.python.stat() == before


def test_a_copied_interpreter_stands_alone_and_starts_without_any_variable(tmp_path: Path) -> None:
    interpreter_copy.copy(tmp_path, [distribution("requests"), distribution("urllib3")])
    python = tmp_path / "bin" / interpreter_copy.real_interpreter().name

    ran = subprocess.run(
        [python, "-I", "-c", "import sys, urllib3; print(sys.prefix, urllib3.__file__)"],
        env=interpreter_copy.needed_to_start(python),
        capture_output=True,
        text=True,
    )

    assert ran.stderr == ""
    assert [Path(word).is_relative_to(tmp_path) for word in ran.stdout.split()] == [True, True]


def test_what_is_needed_is_what_ships_and_the_runtime_client_with_its_own() -> None:
    names = {interpreter_copy.packages(PROJECT)[n].name.lower() for n in range(2)}
    everything = {package.name.lower() for package in interpreter_copy.packages(PROJECT)}

    assert names == {"awslambdaric", "chalice"}
    assert {"requests", "boto3", "urllib3", "simplejson"} <= everything
    assert not everything & {"pytest", "mypy", "ruff", "pip", "moto"}


def test_a_fingerprint_is_the_same_until_a_package_is_another() -> None:
    needed = interpreter_copy.packages(PROJECT)

    assert interpreter_copy.fingerprint(needed) == interpreter_copy.fingerprint(needed)
    assert interpreter_copy.fingerprint(needed) != interpreter_copy.fingerprint(needed[1:])


@pytest.mark.parametrize(
    ("closed", "readable"),
    [("", True), ("top", False), ("top/inner", False), ("top/inner/file", False)],
)
def test_everyone_reads_only_what_is_open_all_the_way(closed: str, readable: bool) -> None:
    folder = folder_for_all() / f"reads-{os.getpid()}"
    file = folder / "top" / "inner" / "file"
    file.parent.mkdir(parents=True)
    file.write_text("")
    interpreter_copy.open_to_all(folder)
    if closed:
        (folder / closed).chmod(0o700)

    try:
        assert everyone_reads(folder / "top") is readable
    finally:
        shutil.rmtree(folder)
