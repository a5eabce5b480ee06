"""A house for every test; its sandbox stays warm for all of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chalicelib.config import Settings
from chalicelib.domain.cipher import Cipher
from chalicelib.gateways.broker import SocketBroker
from chalicelib.repositories.database import Database
from chalicelib.sandbox.function import Sandbox
from chalicelib.services import data_sources
from chalicelib.services.ai_providers import create_provider
from chalicelib.services.broker import answer
from chalicelib.services.platform import Platform
from infra.local.broker_server import BrokerServer
from tests.accounts import Accounts, socket_of
from tests.fakes import FakeClock, FakeLauncher, FakeQueue
from tests.openai_server import said
from tests.sandbox.sdk.house import House
from tests.sandbox.web_server import WebServer
from tests.services.rows import ADMIN, MASTER_KEY


@pytest.fixture
def house(
    migrated_database: str, warm_sandbox: Sandbox, web: WebServer, tmp_path: Path
) -> Iterator[House]:
    web.got.clear()
    web.pages.clear()
    clock = FakeClock()
    queue, launcher = FakeQueue(clock), FakeLauncher(clock)
    database = Database(migrated_database)
    settings = Settings(
        egress_allow=(f"{web.url}/",), data_source_allow=(socket_of(migrated_database),)
    )
    platform = Platform(settings, database, queue, launcher, clock, Cipher(lambda: MASTER_KEY))
    path = tmp_path / "broker"
    server = BrokerServer(path, lambda request: answer(platform, request))
    server.start()
    here = replace(warm_sandbox, broker=SocketBroker(str(path)), clock=clock)
    yield House(platform, queue, launcher, clock, here, web)
    server.stop()
    database.close()


@pytest.fixture
def furnished(house: House, accounts: Accounts) -> House:
    """A house in which the examples of the documentation find what they ask for."""
    house.web.pages["/rows"] = lambda _: (200, b"[1, 2, 3]")
    house.web.pages["/v1/chat/completions"] = lambda _: (200, json.dumps(said()).encode())
    provider = {"name": "local", "base_url": f"{house.web.url}/v1", "models": ["*"]}
    create_provider(house.platform, ADMIN, {**provider, "api_key": "sk-0123456789"})
    source = {"name": "shop", "dsn": accounts.reader()}
    data_sources.create_data_source(house.platform, ADMIN, source)
    return house
