"""Every hostile script in both regimes; what it did is looked at from outside."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sandbox_runner import kernel

from chalicelib.sandbox import execute_only, protection
from tests.sandbox.conftest import UID, needs_accounts
from tests.sandbox.hostile.attempt import PRELUDE, Attempt
from tests.sandbox.hostile.environment import SECRET, Environment
from tests.sandbox.hostile.files import FILES
from tests.sandbox.hostile.interfaces import INTERFACES
from tests.sandbox.hostile.misuse import MISUSE
from tests.sandbox.hostile.network import NETWORK
from tests.sandbox.hostile.oddities import ODDITIES
from tests.sandbox.hostile.processes import PROCESSES
from tests.sandbox.hostile.secrets import SECRETS
from tests.sandbox.hostile.traps import Traps

ALL = (*SECRETS, *NETWORK, *PROCESSES, *FILES, *MISUSE, *INTERFACES, *ODDITIES)
ATTEMPTS = [one for one in ALL if one.only_on in (None, kernel.ARCH)]
#: What a zygote is started from; one that was replaced has others.
HOUSEHOLD = re.compile(r".*/zhundian-(work|python)-[^/]+(/bin|/bin/[^/]+|/pyvenv.cfg)?")
CANARY = (
    "print('alive')\nresult = [get_param('n'), sum(range(10)), str(datetime(2026, 1, 2).date())]"
)


@dataclass
class Ground:
    """An environment with traps around it, in one regime."""

    environment: Environment
    traps: Traps

    @property
    def is_kernel(self) -> bool:
        return not self.environment.like_lambda

    def attempt(self, one: Attempt) -> None:
        """Run it, then see from outside that nothing happened but what it is allowed."""
        if not self.environment.is_alive:
            self.renew()
        toll = "none" if self.is_kernel else one.in_jail
        before = self.traps.belongings()
        params = self.traps.params(self.is_kernel)
        answer = self.environment.run(PRELUDE + one.code, one.timeout, params)
        said = str(answer)
        assert SECRET not in said
        assert not self.traps.called()
        if toll == "none":
            assert "BREACH" not in said, said
        if toll != "ends":
            assert answer is not None
            assert not self.traps.touched()
            self._look(before)
        elif answer is None or self.traps.touched():
            self.renew()
        self._canary()

    def _look(self, before: set[str]) -> None:
        after = self.traps.belongings()
        assert {name for name in after - before if not HOUSEHOLD.fullmatch(name)} == set()
        assert self.environment.strays() == []
        assert self.environment.is_alive

    def _canary(self) -> None:
        canary = self.environment.run(CANARY, params={"n": 41})
        assert canary is not None
        assert canary["status"] == "success", canary
        assert canary["result"] == [41, 45, "2026-01-02"]
        assert canary["output"] == "alive\n"

    def renew(self) -> None:
        """As Lambda does: another environment in the place of one that ended."""
        self.environment.stop()
        self.traps.plant()
        self.environment.start()


def _folder(uid: int) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="zhundian-trap-"))
    if os.getuid() == 0:
        os.chown(folder, uid, uid)
    return folder


def _ground(python: str, code: Path, uid: int, like_lambda: bool) -> Iterator[Ground]:
    folder = _folder(uid)
    # A developer's account has other processes, and no script here touches what is not planted.
    required = protection.REQUIRED["fd-jail" if like_lambda else "kernel"]
    required -= frozenset() if os.getuid() == 0 else {"own_account"}
    environment = Environment(python, code, uid, folder, like_lambda, " ".join(required))
    with Traps(folder, uid) as traps:
        try:
            environment.start()
            yield Ground(environment, traps)
        finally:
            environment.stop()
            shutil.rmtree(folder)


@pytest.fixture(scope="module")
def kernel_ground(python: str, readable_folder: Path) -> Iterator[Ground]:
    uid = os.getuid() if UID is None else UID + 1000
    yield from _ground(python, readable_folder, uid, like_lambda=False)


@pytest.fixture(scope="module")
def jail_ground(python: str, readable_folder: Path) -> Iterator[Ground]:
    """Supervisor and zygote run from a copy of the interpreter that their account may not read."""
    copy = execute_only.Copy(python)
    uid = os.getuid() if UID is None else UID + 2000
    try:
        yield from _ground(copy.python, readable_folder, uid, like_lambda=True)
    finally:
        copy.close()


@pytest.mark.parametrize("one", ATTEMPTS, ids=lambda one: one.name)
@needs_accounts
def test_the_kernels_lock_holds(kernel_ground: Ground, one: Attempt) -> None:
    kernel_ground.attempt(one)


@pytest.mark.parametrize("one", ATTEMPTS, ids=lambda one: one.name)
@needs_accounts
def test_the_jail_holds_and_harms_its_own_environment_at_most(
    jail_ground: Ground, one: Attempt
) -> None:
    jail_ground.attempt(one)


@needs_accounts
def test_each_ground_is_in_its_regime(kernel_ground: Ground, jail_ground: Ground) -> None:
    told: list[dict[str, Any]] = [kernel_ground.environment.told, jail_ground.environment.told]

    assert [one["regime"] for one in told] == ["kernel", "fd-jail"]
    assert all(one["environment"]["zygote_unreadable"] == "on" for one in told)
    assert all(one["environment"]["supervisor_unreadable"] == "on" for one in told)
