"""What a forged call of `db_query` gets: words, and never a failure of the platform."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.errors import CallRefused
from chalicelib.services import data_sources
from chalicelib.services.caller import Caller
from chalicelib.services.db_query import db_query
from chalicelib.services.platform import Platform
from tests.accounts import Accounts
from tests.services.rows import ADMIN

GOOD = {"sql": "SELECT 1 AS a", "params": "null", "seconds": 5.0}


@pytest.fixture(scope="module")
def dsn(accounts: Accounts) -> str:
    return accounts.reader()


def caller(tenant_id: str | None = None) -> Caller:
    return Caller(log_id=1, task_id=1, tenant_id=tenant_id, is_test=False)


def give(platform: Platform, dsn: str, tenant_id: str | None = None) -> None:
    sent: dict[str, Any] = {"name": "shop", "tenant_id": tenant_id, "dsn": dsn}
    data_sources.create_data_source(platform, ADMIN, sent)


def test_a_good_call_is_answered(platform: Platform, dsn: str) -> None:
    give(platform, dsn)

    assert db_query(platform, caller(), GOOD) == {"columns": ["a"], "rows": [[1]]}


@pytest.mark.parametrize(
    "wrong",
    [
        {"sql": None},
        {"sql": 5},
        {"sql": ["SELECT 1"]},
        {"params": None},
        {"params": ["x"]},
        {"params": "no JSON"},
        {"params": '"text"'},
        {"params": "5"},
        {"params": "[" * 100_000},
        {"params": '[{"a": 1}]'},
        {"params": '[["eval", "1"]]'},
        {"params": '[["decimal", "1E+999999999"]]', "sql": "SELECT %s"},
        {"params": '["\\ud800"]', "sql": "SELECT %s"},
        {"params": '["' + "x" * 3_000_000 + '"]', "sql": "SELECT %s"},
        {"sql": "SELECT '\ud800'"},
        {"sql": "SELECT '" + "x" * 2_000_000 + "'"},
        {"seconds": None},
        {"seconds": "5"},
    ],
)
def test_a_forged_call_is_refused(platform: Platform, dsn: str, wrong: dict[str, Any]) -> None:
    give(platform, dsn)

    with pytest.raises(CallRefused):
        db_query(platform, caller(), {**GOOD, **wrong})


def test_a_tenant_without_one_does_not_read_the_platforms(platform: Platform, dsn: str) -> None:
    give(platform, dsn)

    for tenant_id in ("acme", "_platform", "NULL", ""):
        with pytest.raises(CallRefused, match="no data source"):
            db_query(platform, caller(tenant_id), GOOD)


def test_tenants_are_told_apart_by_their_bytes(platform: Platform, dsn: str) -> None:
    give(platform, dsn, "acme")

    with pytest.raises(CallRefused, match="no data source"):
        db_query(platform, caller("ACME"), GOOD)


def test_a_source_whose_account_was_given_more_is_no_longer_read(
    platform: Platform, accounts: Accounts
) -> None:
    name = accounts.database()
    source = accounts.dsn(name, f"SELECT ON `{name}`.*")
    give(platform, source)
    user = source.removeprefix("mysql://").partition(":")[0]
    accounts.run(f"GRANT DELETE ON `{name}`.* TO '{user}'@'localhost'", "SELECT 1")

    with pytest.raises(CallRefused) as caught:
        db_query(platform, caller(), GOOD)

    assert caught.value.code == "refused"
    assert name not in caught.value.text.zh + caught.value.text.en


def test_a_lost_key_is_told_to_the_author(platform: Platform, dsn: str) -> None:
    give(platform, dsn)
    with platform.database.transaction() as tx:
        tx.execute("UPDATE platform_data_sources SET dsn_sealed = 'lost.AAAA'")

    with pytest.raises(CallRefused) as caught:
        db_query(platform, caller(), GOOD)
    assert caught.value.code == "cannot_open"
