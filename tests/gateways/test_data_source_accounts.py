"""Which accounts a data source is read with: those that can do nothing else."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from chalicelib.gateways.data_source import inspect
from tests.accounts import Accounts
from tests.gateways.sources import PLATFORM_TABLES, ask, door_of, refusal


@pytest.mark.parametrize(
    "right",
    [
        "SELECT ON *.*",
        "PROCESS ON *.*",
        "FILE ON *.*",
        "INSERT ON `{}`.*",
        "SELECT, UPDATE (city) ON `{}`.orders",
        "EXECUTE ON `{}`.*",
        "LOCK TABLES ON `{}`.*",
        "CREATE TEMPORARY TABLES ON `{}`.*",
        "SELECT ON mysql.*",
        "SELECT ON `my%`.*",
        "ALL ON `{}`.*",
    ],
)
def test_an_account_that_may_do_more_than_read_is_not_used(accounts: Accounts, right: str) -> None:
    name = accounts.database()
    door = door_of(accounts.dsn(name, f"SELECT ON `{name}`.*", right.format(name)))

    assert "may do more than read" in str(inspect(door, PLATFORM_TABLES).problems[0])
    assert refusal(door, "SELECT 1").kind == "refused"


def test_a_role_and_the_right_to_hand_on_are_not_used(accounts: Accounts) -> None:
    name = accounts.database()
    accounts.run("DROP ROLE IF EXISTS zhundian_role", "CREATE ROLE zhundian_role", "SELECT 1")
    role = door_of(accounts.dsn(name, f"SELECT ON `{name}`.*", "zhundian_role"))
    found = inspect(role, PLATFORM_TABLES).problems
    accounts.run("DROP ROLE zhundian_role", "SELECT 1")
    dsn = accounts.dsn(name)
    user = urlsplit(dsn).username
    accounts.run(
        f"GRANT SELECT ON `{name}`.* TO '{user}'@'localhost' WITH GRANT OPTION", "SELECT 1"
    )

    assert "zhundian_role" in str(found[0])
    assert inspect(door_of(dsn), PLATFORM_TABLES).problems


def test_an_account_that_reads_and_no_more_has_no_problems(accounts: Accounts) -> None:
    name = accounts.database()
    door = door_of(accounts.dsn(name, f"SELECT (id, city), SHOW VIEW ON `{name}`.orders"))
    report = inspect(door, PLATFORM_TABLES)

    assert report.problems == []
    assert not any(door.dsn.user in line for line in report.grants)
    assert ask(door, "SELECT city FROM orders WHERE id = 1") == [["上海 🎉"]]
    assert "denied" in refusal(door, "SELECT amount FROM orders").text.en


def test_a_platforms_own_tables_are_never_read(accounts: Accounts) -> None:
    name = accounts.database()
    accounts.run(f"CREATE TABLE `{name}`.platform_api_keys (a INT)", "SELECT 1")
    whole = door_of(accounts.dsn(name, f"SELECT ON `{name}`.*"))
    one = door_of(accounts.dsn(name, f"SELECT ON `{name}`.orders"))

    assert "platform_api_keys" in refusal(whole, "SELECT * FROM orders").text.en
    assert ask(one, "SELECT COUNT(*) FROM orders") == [[2]]
    assert "denied" in refusal(one, "SELECT * FROM platform_api_keys").text.en


def test_an_account_does_not_tell_the_hash_of_its_password(accounts: Accounts) -> None:
    rows = ask(door_of(accounts.reader()), "SHOW GRANTS")

    assert "reader_" in str(rows)
    assert "IDENTIFIED" not in str(rows)
