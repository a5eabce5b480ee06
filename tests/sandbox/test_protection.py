"""Which regime is found, what it needs, and what the probe tells of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sandbox_runner.tries import TRIES

from chalicelib.config import Settings, read_settings
from chalicelib.sandbox import execute_only, function, protection
from chalicelib.sandbox.function import sandbox_from
from chalicelib.sandbox.home import Home, environment_for
from chalicelib.sandbox.leftovers import Belongings
from chalicelib.sandbox.probing import probe
from tests.sandbox import regimes
from tests.sandbox.conftest import ROOT, UID
from tests.sandbox.hostile.environment import Environment

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="an account of its own takes root")


def _environment(
    python: str, code: Path, number: int, like_lambda: bool, required: str
) -> Environment:
    uid = os.getuid() if UID is None else UID + number
    return Environment(python, code, uid, Path(tempfile.gettempdir()), like_lambda, required)


@pytest.mark.parametrize("text", ["seccomp,landlock", "seccomp landlock", " seccomp,  landlock ,"])
def test_required_layers_are_named_with_commas_or_spaces(text: str) -> None:
    settings = read_settings({"SANDBOX_REQUIRED_LAYERS": text})

    assert settings.sandbox_required_layers == ("seccomp", "landlock")


def test_no_setting_leaves_out_what_every_script_needs() -> None:
    assert protection.required_in("kernel", ["seccomp"]) >= {"not_root", "limits", "seccomp"}
    assert read_settings({}).sandbox_required_layers == ()


def test_a_jail_does_not_run_what_requires_the_kernel(python: str, readable_folder: Path) -> None:
    environment = _environment(python, readable_folder, 4000, True, "seccomp")
    environment.start()
    try:
        ran = environment.run("print('never')")
    finally:
        environment.stop()

    assert ran is not None
    assert (ran["status"], ran["error_kind"], ran["output"]) == ("failed", "sandbox", "")
    assert "seccomp (refused" in ran["error"]


@needs_root
def test_a_jail_whose_supervisor_can_be_read_runs_nothing(
    python: str, readable_folder: Path
) -> None:
    """Started from an ordinary interpreter: the zygote gets a copy, the supervisor cannot."""
    environment = _environment(python, readable_folder, 4001, True, "")
    environment.start()
    try:
        ran = environment.run("print('never')")
    finally:
        environment.stop()

    told = environment.told["environment"]
    assert told["zygote_unreadable"] == "on"
    assert told["supervisor_unreadable"] != "on"
    assert ran is not None
    assert (ran["error_kind"], ran["output"]) == ("sandbox", "")
    assert "supervisor_unreadable" in ran["error"]


@needs_root
def test_the_wrapper_of_the_layer_closes_the_supervisor_too(
    python: str, readable_folder: Path
) -> None:
    wrapper = shutil.copy(ROOT / "sandbox_layer/execute-only", readable_folder)
    with tempfile.TemporaryDirectory() as folder:
        environment = _environment(python, readable_folder, 4004, True, "")
        environment.folder, environment.wrapper = Path(folder), (str(wrapper),)
        os.chown(folder, environment.uid, environment.uid)
        environment.start()
        try:
            ran = environment.run("result = 5")
        finally:
            environment.stop()

    assert set(environment.told["environment"].values()) == {"on"}
    assert ran is not None
    assert ran["result"] == 5


@needs_root
def test_a_jail_whose_account_others_use_runs_nothing(python: str, readable_folder: Path) -> None:
    environment = _environment(python, readable_folder, 4002, True, "own_account")
    with subprocess.Popen(["/bin/sleep", "60"], user=environment.uid) as other:
        environment.start()
        try:
            ran = environment.run("print('never')")
        finally:
            environment.stop()
            other.kill()

    assert ran is not None
    assert (ran["error_kind"], ran["output"]) == ("sandbox", "")
    assert "own_account" in ran["error"]


def test_the_jail_imports_the_standard_library_and_knows_every_zone(
    python: str, readable_folder: Path
) -> None:
    code = """
import csv, difflib, email.message, http.client, sqlite3, unittest, urllib.request, wave, zoneinfo
import xml.etree.ElementTree as tree, concurrent.futures, decimal, ctypes, ssl, lzma, asyncio
zone = zoneinfo.ZoneInfo("America/New_York")
winter = datetime(2026, 1, 1, tzinfo=zone).utcoffset().total_seconds() / 3600
result = [winter, len(zoneinfo.available_timezones()) > 300, time.strftime("%z"),
          tree.fromstring("<a>好</a>").text]
try:
    open("report.csv", "w")
except OSError:
    result.append("no files")
"""
    environment = _environment(python, readable_folder, 4003, True, "jail")
    environment.start()
    try:
        ran = environment.run(code)
    finally:
        environment.stop()

    assert ran is not None
    assert ran["result"] == [-5, True, "+0800", "好", "no files"], ran


@needs_root
@pytest.mark.parametrize("regime", ["kernel", "fd-jail"])
def test_a_child_shares_no_memory_with_its_zygote(
    python: str, readable_folder: Path, regime: str
) -> None:
    """What a fork leaves shared, a script could write to for the zygote and all later runs."""
    with regimes.environment(regime, python, readable_folder, (UID or 0) + 4005) as environment:
        assert environment.run("import ctypes, asyncio, sqlite3, ssl") is not None
        _, zygote = environment.family()
        lines = Path(f"/proc/{zygote}/maps").read_text().splitlines()

    shared = [line for line in lines if line.split()[1].endswith("s")]
    assert lines
    assert [line for line in shared if "w" in line.split()[1]] == []


@pytest.fixture
def copy(python: str) -> Iterator[execute_only.Copy]:
    made = execute_only.Copy(python)
    yield made
    made.close()
    assert not made.folder.exists()


def test_the_copy_of_an_interpreter_runs_and_hides_its_process(
    copy: execute_only.Copy, python: str
) -> None:
    ask = "import os, json; print(os.access('/proc/self/environ', os.R_OK), json.__file__)"
    said = subprocess.run(
        [copy.python, "-I", "-S", "-c", ask],
        env=environment_for(python),
        capture_output=True,
        text=True,
        check=True,
        user=UID,
        group=UID,
        extra_groups=[] if UID else None,
    ).stdout.split()

    assert said[0] == "False"
    assert "/json/" in said[1]
    assert copy.is_intact()


def test_a_copy_that_was_touched_is_known(copy: execute_only.Copy) -> None:
    Path(copy.python).chmod(0o755)

    assert not copy.is_intact()


@needs_root
def test_what_an_account_leaves_is_removed_and_what_it_had_stays() -> None:
    uid = 66000 + (UID or 0) % 1000
    with tempfile.TemporaryDirectory(prefix="zhundian-trap-") as name:
        kept = Path(name, "kept")
        kept.write_text("x")
        for path in (Path(name), kept):
            os.chown(path, uid, uid)
        before = Belongings.of(uid)
        new = [Path(name, "new"), Path(f"/tmp/zhundian-new-{uid}")]
        for folder in new:
            (folder / "deep/er").mkdir(parents=True)
            for path in (folder, folder / "deep", folder / "deep/er"):
                os.chown(path, uid, uid)

        assert before.restore()
        assert not any(folder.exists() for folder in new)
        assert kept.exists()

        kept.unlink()
        assert not before.restore()


def test_the_probe_tells_regime_and_layers(home: Home) -> None:
    settings = Settings(sandbox_python=home.python, sandbox_layer=home.layer)
    here = sandbox_from(settings, home.uid)

    told = probe(here.supervisor)
    here.supervisor.close()

    assert told["regime"] == told["probe"]["regime"]
    assert told["missing"] == {}
    assert set(told["probe"]["allows"]) >= set(TRIES)
    json.dumps(told)


def test_a_probe_of_what_does_not_start_says_why() -> None:
    here = sandbox_from(Settings(sandbox_python="/nowhere/python", sandbox_layer="/nowhere"), UID)

    assert "/nowhere/python" in probe(here.supervisor)["error"]


def test_the_function_answers_a_probe_without_a_broker(home: Home) -> None:
    program = (
        "import json; from chalicelib.sandbox import function;"
        "print(json.dumps(function.sandbox({'probe': True}, None)))"
    )
    code = str(Path(function.__file__).parents[2])
    said = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": code, "SANDBOX_PYTHON": home.python, "SANDBOX_LAYER": home.layer},
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    told = json.loads(said)
    # As root no script is ever run, and it says so.
    assert "root" in told["error"] if os.getuid() == 0 else told["regime"]


def test_the_program_prints_json_and_words(home: Home) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sandbox_runner.probe"],
        env={**environment_for(sys.executable), "PYTHONPATH": str(ROOT / "sandbox_layer/python")},
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
    )

    found: dict[str, Any] = json.loads(done.stdout)
    assert found["regime"] in protection.REQUIRED
    assert f"regime: {found['regime']}" in done.stderr
    assert found["machine"]["uid"] == os.getuid()
    if os.getuid() == 0:
        assert found["layers"]["not_root"].startswith("refused")


def test_a_machine_that_allows_no_cores_runs_scripts(home: Home) -> None:
    """Its hard limit is 0, which nobody may raise; AWS's own or a keeper's may be so."""
    program = """
import resource, sys, threading
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
from chalicelib.sandbox.home import Home
from chalicelib.sandbox.outcome import Script
from chalicelib.sandbox.output import Output
from chalicelib.sandbox.supervisor import Supervisor
uid = int(sys.argv[3]) if sys.argv[3] else None
supervisor = Supervisor(Home(sys.argv[1], sys.argv[2], uid), {})
script = Script("result = 1", {}, 5, "UTC")
print(supervisor.execute(script, Output(), threading.Event()))
supervisor.close()
"""
    said = subprocess.run(
        [sys.executable, "-c", program, home.python, home.layer, str(home.uid or "")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert "status='success'" in said.stdout
