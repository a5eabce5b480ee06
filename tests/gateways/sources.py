"""Asking a data source, and what it says when it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.data_sources import read_dsn
from chalicelib.gateways.data_source import DataSourceFailed, Door, Limits, Params, query

PLATFORM_TABLES = ["platform_api_keys", "platform_secrets"]
SHORT = Limits(seconds=1.0)


def door_of(dsn: str) -> Door:
    read = read_dsn(dsn)
    return Door(read, allow=(read.unix_socket or "",))


def ask(door: Door, sql: str, params: Params = None, limits: Limits = SHORT) -> list[list[Any]]:
    return query(door, sql, params, PLATFORM_TABLES, limits).rows


def refusal(door: Door, sql: str, limits: Limits = SHORT) -> DataSourceFailed:
    with pytest.raises(DataSourceFailed) as caught:
        ask(door, sql, limits=limits)
    said = caught.value.text.zh + caught.value.text.en
    assert door.dsn.user not in said
    assert door.dsn.password not in said
    return caught.value
