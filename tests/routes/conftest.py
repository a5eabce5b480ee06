"""The real app over HTTP events, on a real database."""

from __future__ import annotations

import pytest

from chalicelib import wiring
from chalicelib.services.api_keys import KeySpec, make_key
from chalicelib.services.platform import Platform
from tests.routes.api import Api
from tests.services.conftest import (  # noqa: F401 - fixtures
    clock,
    database,
    launcher,
    platform,
    queue,
    sandbox,
)


@pytest.fixture
def installed(platform: Platform) -> Platform:  # noqa: F811
    wiring.install(platform)
    return platform


def key(platform: Platform, tenant_id: str | None, role: str) -> str:  # noqa: F811
    spec = KeySpec(tenant_id=tenant_id, role=role, name=f"{tenant_id} {role}")
    made: str = make_key(platform, spec)["key"]
    return made


@pytest.fixture
def api(installed: Platform) -> Api:
    """As the platform's administrator."""
    return Api(key(installed, None, "admin"))


@pytest.fixture
def acme(installed: Platform) -> Api:
    """As an editor of the tenant `acme`."""
    return Api(key(installed, "acme", "editor"))


@pytest.fixture
def umbrella(installed: Platform) -> Api:
    """As an editor of another tenant."""
    return Api(key(installed, "umbrella", "editor"))
