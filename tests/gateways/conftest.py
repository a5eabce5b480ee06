"""A door to a tenant's database."""

from __future__ import annotations

import pytest

from chalicelib.gateways.data_source import Door
from tests.accounts import Accounts
from tests.gateways.sources import door_of


@pytest.fixture(scope="module")
def door(accounts: Accounts) -> Door:
    """To a tenant's database, as one who may read it."""
    return door_of(accounts.reader())
