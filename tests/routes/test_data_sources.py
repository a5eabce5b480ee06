"""`/api/data-sources`: for the platform's administrators, and never with a password."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from chalicelib import wiring
from chalicelib.domain.data_sources import read_dsn
from chalicelib.services.platform import Platform
from tests.accounts import Accounts
from tests.routes.api import Api
from tests.routes.conftest import key

PATH = "/api/data-sources"


@pytest.fixture(scope="module")
def dsn(accounts: Accounts) -> str:
    return accounts.reader()


def source(dsn: str, **fields: Any) -> dict[str, Any]:
    return {"name": "业务库", "tenant_id": "acme", "dsn": dsn, **fields}


def test_a_data_source_is_made_read_changed_tested_and_deleted(api: Api, dsn: str) -> None:
    made = api.post(PATH, source(dsn))
    path = f"{PATH}/{made.body['id']}"
    changed = api.put(path, {**made.body, "name": "shop"})
    tested = api.post(f"{path}/test")
    listed = api.get(f"{PATH}?tenant_id=acme")
    gone = api.delete(path)

    assert made.status == 201
    assert made.body["dsn"] == read_dsn(dsn).shown()
    assert (changed.status, changed.body["name"]) == (200, "shop")
    assert tested.body["ok"], tested.body
    assert tested.body["server_version"]
    assert tested.body["problems"] == []
    assert listed.body["items"] == [changed.body]
    assert gone.status == 204
    assert api.get(path).status == 404
    assert api.delete(path).status == 404


def test_its_password_is_in_no_answer_no_row_and_no_log(
    api: Api, platform: Platform, dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    password = read_dsn(dsn).password
    made = api.post(PATH, source(dsn))
    path = f"{PATH}/{made.body['id']}"
    said = [made, api.get(path), api.get(PATH), api.put(path, made.body), api.post(f"{path}/test")]
    wrong = api.post(PATH, source(dsn.replace("mysql:", "mysqls:")))

    with platform.database.transaction() as tx:
        row = tx.one("SELECT * FROM platform_data_sources")
    records = [str(record.__dict__) for record in caplog.records]
    assert password not in str([answer.body for answer in (*said, wrong)]) + str(row)
    assert not any(password in text for text in records)


def test_each_tenant_has_one_and_the_platform_one(api: Api, dsn: str) -> None:
    assert api.post(PATH, source(dsn)).status == 201
    assert api.post(PATH, source(dsn, tenant_id=None)).status == 201
    again = api.post(PATH, source(dsn, tenant_id=None))

    assert (again.status, again.body["code"]) == (409, "data_source_exists")
    assert api.get(PATH).body["total"] == 2


@pytest.mark.parametrize(("tenant_id", "role"), [("acme", "admin"), (None, "editor")])
def test_nobody_else_reads_or_makes_one(
    installed: Platform, api: Api, dsn: str, tenant_id: str | None, role: str
) -> None:
    made = api.post(PATH, source(dsn)).body
    other = Api(key(installed, tenant_id, role))
    path = f"{PATH}/{made['id']}"
    answers = [
        other.get(PATH),
        other.get(path),
        other.post(PATH, source(dsn, tenant_id="umbrella")),
        other.put(path, {"name": "mine"}),
        other.post(f"{path}/test"),
        other.delete(path),
    ]

    assert [answer.status for answer in answers] == [403] * 6
    assert api.get(PATH).body["items"] == [made]


def test_an_account_that_writes_is_refused_with_what_it_may(api: Api, accounts: Accounts) -> None:
    name = accounts.database()
    answer = api.post(PATH, source(accounts.dsn(name, f"SELECT, DELETE ON `{name}`.*")))

    assert (answer.status, answer.fields()) == (422, ["dsn"])
    assert "SELECT, DELETE ON" in answer.body["errors"][0]["message"]
    assert api.get(PATH).body["total"] == 0


def test_the_platforms_own_database_is_refused(
    api: Api, accounts: Accounts, migrated_database: str
) -> None:
    database = migrated_database.partition("?")[0].rpartition("/")[2]
    reader = accounts.dsn(database, f"SELECT ON `{database}`.*")
    answers = [api.post(PATH, source(dsn)) for dsn in (migrated_database, reader)]

    assert [answer.status for answer in answers] == [422, 422]
    assert "platform's own tables" in str(answers[1].body)


@pytest.mark.parametrize(
    ("dsn", "said"),
    [
        ("mysql://a:b@127.0.0.1:3306/c", "DATA_SOURCE_ALLOW"),
        ("mysql://a:b@localhost/c", "DATA_SOURCE_ALLOW"),
        ("mysql://a:b@0x7f.1/c", "DATA_SOURCE_ALLOW"),
        ("mysql://a:b@localhost/c?unix_socket=/run/mysqld/mysqld.sock", "DATA_SOURCE_ALLOW"),
        ("mysql://a:b@name.invalid/c", "cannot be reached"),
        ("mysql://a:********@db.example.com/c", "not its mask"),
        ("postgres://a:b@db.example.com/c", "mysql://user"),
    ],
)
def test_what_cannot_be_opened_is_refused(api: Api, dsn: str, said: str) -> None:
    answer = api.post(PATH, source(dsn))

    assert (answer.status, answer.fields()) == (422, ["dsn"])
    assert said in answer.body["errors"][0]["message"]


def test_what_is_no_certificate_is_refused(api: Api, dsn: str) -> None:
    verified = "mysql://a:b@8.8.8.8/c?tls=verify"
    answer = api.post(PATH, source(verified, tls_ca="-----BEGIN CERTIFICATE-----"))

    assert answer.status == 422
    assert "tls_ca" in answer.body["errors"][0]["message"]


def test_it_stays_with_its_tenant(api: Api, dsn: str) -> None:
    made = api.post(PATH, source(dsn)).body

    answer = api.put(f"{PATH}/{made['id']}", {"tenant_id": "umbrella"})

    assert (answer.status, answer.fields()) == (422, ["tenant_id"])


def test_an_account_that_lost_its_right_is_told_by_the_test(api: Api, accounts: Accounts) -> None:
    name = accounts.database()
    dsn = accounts.dsn(name, f"SELECT ON `{name}`.*")
    made = api.post(PATH, source(dsn)).body
    user = read_dsn(dsn).user
    accounts.run(f"GRANT INSERT ON `{name}`.* TO '{user}'@'localhost'", "SELECT 1")
    more = api.post(f"{PATH}/{made['id']}/test").body
    accounts.run(f"ALTER USER '{user}'@'localhost' IDENTIFIED BY 'other'", "SELECT 1")
    gone = api.post(f"{PATH}/{made['id']}/test").body

    assert not more["ok"]
    assert "INSERT" in more["problems"][0]
    assert (gone["ok"], gone["server_version"]) == (False, None)
    assert user not in str(gone)


def test_without_a_master_key_nothing_is_kept(api: Api, platform: Platform, dsn: str) -> None:
    wiring.install(Platform(**{**platform.__dict__, "cipher": type(platform.cipher)()}))

    answer = api.post(PATH, source(dsn))

    assert (answer.status, answer.body["code"]) == (503, "no_master_key")


def test_a_lost_key_is_mended_by_a_whole_dsn(api: Api, platform: Platform, dsn: str) -> None:
    made = api.post(PATH, source(dsn)).body
    with platform.database.transaction() as tx:
        tx.execute("UPDATE platform_data_sources SET dsn_sealed = 'lost.AAAA'")
    path = f"{PATH}/{made['id']}"
    lost = [api.post(f"{path}/test"), api.put(path, {"name": "new"})]
    mended = api.put(path, {"dsn": dsn, "name": "new"})

    assert [answer.status for answer in lost] == [503, 503]
    assert mended.status == 200
    assert api.post(f"{path}/test").body["ok"]


def test_a_row_that_is_copied_to_another_tenant_does_not_open(
    api: Api, platform: Platform, dsn: str
) -> None:
    made = api.post(PATH, source(dsn)).body
    with platform.database.transaction() as tx:
        tx.execute("UPDATE platform_data_sources SET tenant_id = 'umbrella'")

    assert api.post(f"{PATH}/{made['id']}/test").status == 503
