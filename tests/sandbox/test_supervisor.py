"""When a supervisor runs no script at all, and says why."""

from __future__ import annotations

import os

import pytest

from chalicelib.sandbox import protection
from chalicelib.sandbox.home import Home
from chalicelib.sandbox.supervisor import Supervisor
from tests.sandbox.conftest import Bench, needs_accounts


@pytest.mark.skipif(os.getuid() != 0, reason="only root can try")
def test_scripts_never_run_as_root(home: Home) -> None:
    supervisor = Supervisor(Home(home.python, home.layer), {})
    bench = Bench(home)
    bench.supervisor = supervisor

    ran = bench.run("result = 1")

    assert ran.kind == "sandbox"
    assert "root" in ran.error


@needs_accounts
def test_a_missing_layer_stops_the_run(home: Home) -> None:
    bench = Bench(home)
    bench.supervisor = Supervisor(home, {}, required=["limits", "moat", "own_account"])

    ran = bench.run("print('never')")
    bench.supervisor.close()

    assert (ran.kind, ran.output) == ("sandbox", "")
    assert "moat (missing)" in ran.error


def test_an_interpreter_that_is_not_there_fails_the_run_and_says_so(home: Home) -> None:
    bench = Bench(Home("/nowhere/python", home.layer, home.uid))

    assert "/nowhere/python" in bench.run("result = 1").error


def test_a_layer_that_is_not_there_fails_the_run_and_says_so(home: Home) -> None:
    bench = Bench(Home(home.python, "/nowhere", home.uid))

    assert "sandbox_runner" in bench.run("result = 1").error


def test_the_regime_of_this_machine_and_what_holds_around_a_run_are_told(bench: Bench) -> None:
    told = bench.supervisor.protection()

    assert told["regime"] in protection.REQUIRED
    assert set(told["required"]) == protection.REQUIRED[told["regime"]]
    assert told["environment"].keys() == protection.OF_ENVIRONMENT
