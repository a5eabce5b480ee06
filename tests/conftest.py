"""What every test may use: a real database server, and empty databases on it."""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from infra.local.database import DatabaseServer, drop_database, fresh_database
from infra.migrate import migrate
from tests.accounts import ADMINISTRATOR, Accounts
from tests.databases import empty_tables


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "database: meets a database server; run on MySQL too")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What uses the fixtures below needs no mark of its own."""
    for item in items:
        if "database_server_url" in getattr(item, "fixturenames", ()):
            item.add_marker("database")


# How long an example takes says how busy the machine is.
settings.register_profile("zhundian", deadline=None)
settings.load_profile("zhundian")


@pytest.fixture(scope="session")
def database_server_url() -> Iterator[str]:
    """The server of TEST_DATABASE_URL, or one of this worker's own: it starts in half a second.

    On such a server only databases named `zhundian…` may be made.
    """
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="zhundian-") as folder:
        # The server's account has to pass, when we are root.
        Path(folder).chmod(0o711)
        with DatabaseServer(Path(folder), durable=False, init_sql=ADMINISTRATOR) as server:
            yield server.url


@pytest.fixture(scope="session")
def migrated_once(database_server_url: str) -> Iterator[str]:
    url = fresh_database(database_server_url, f"zhundian_{uuid.uuid4().hex}")
    migrate(url)
    yield url
    drop_database(url)


@pytest.fixture
def migrated_database(migrated_once: str) -> str:
    """The URL of a database with all tables and no row; tests share its tables in turn."""
    empty_tables(migrated_once)
    return migrated_once


@pytest.fixture
def empty_database(database_server_url: str) -> Iterator[str]:
    """The URL of an empty database, dropped after the test."""
    url = fresh_database(database_server_url, f"zhundian_{uuid.uuid4().hex}")
    yield url
    drop_database(url)


@pytest.fixture(scope="session")
def accounts(database_server_url: str) -> Iterator[Accounts]:
    """Accounts and databases of tenants on the server, gone at the end."""
    if "TEST_DATABASE_URL" in os.environ:
        pytest.skip("makes accounts, so it needs a server that is the tests' own")
    made = Accounts(database_server_url)
    yield made
    made.close()
