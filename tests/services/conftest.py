"""A platform on a real, migrated database, with a clock that the test moves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chalicelib.config import Settings
from chalicelib.domain.access import Principal, Role
from chalicelib.domain.cipher import Cipher
from chalicelib.repositories.database import Database
from chalicelib.services.platform import Platform
from tests.accounts import socket_of
from tests.fakes import FakeClock, FakeLauncher, FakeQueue
from tests.services.rows import MASTER_KEY
from tests.services.sandboxes import Sandbox


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def queue(clock: FakeClock) -> FakeQueue:
    return FakeQueue(clock)


@pytest.fixture
def launcher(clock: FakeClock) -> FakeLauncher:
    return FakeLauncher(clock)


@pytest.fixture
def database(migrated_database: str) -> Iterator[Database]:
    database = Database(migrated_database)
    yield database
    database.close()


@pytest.fixture
def platform(
    database: Database,
    clock: FakeClock,
    queue: FakeQueue,
    launcher: FakeLauncher,
    migrated_database: str,
) -> Platform:
    settings = Settings(
        egress_allow=("http://127.0.0.1:8000/inbox/",),
        data_source_allow=(socket_of(migrated_database),),
    )
    return Platform(settings, database, queue, launcher, clock, Cipher(lambda: MASTER_KEY))


@pytest.fixture
def admin() -> Principal:
    return Principal(1, "admin", None, Role.admin)


@pytest.fixture
def acme() -> Principal:
    return Principal(2, "acme's editor", "acme", Role.editor)


@pytest.fixture
def sandbox(platform: Platform, queue: FakeQueue) -> Sandbox:
    return Sandbox(platform, queue)
