"""What a statement cannot do to a data source, whose database stays well."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from chalicelib.gateways.data_source import Door, Limits
from chalicelib.repositories.database import connect
from tests.accounts import Accounts
from tests.gateways.sources import ask, refusal


@pytest.fixture
def the_database_is_well(accounts: Accounts, door: Door) -> Iterator[None]:
    yield
    assert ask(door, "SELECT COUNT(*) FROM orders") == [[2]]
    working = "SELECT info FROM information_schema.processlist WHERE user = %s AND info IS NOT NULL"
    assert accounts.run(working.replace("%s", f"'{door.dsn.user}'")) == []


# Each with a piece of what is said of it; the table that holds it to "well" is below.
CANNOT = {
    "INSERT INTO orders (id) VALUES (3)": "INSERT command denied",
    "UPDATE orders SET city = 'x'": "UPDATE command denied",
    "DELETE FROM orders": "DELETE command denied",
    "REPLACE INTO orders (id) VALUES (1)": "denied",
    "TRUNCATE TABLE orders": "READ ONLY|no query|denied",
    "DROP TABLE orders": "READ ONLY|no query|denied",
    "CREATE TABLE more (a INT)": "denied|READ ONLY",
    "CREATE TEMPORARY TABLE more (a INT)": "enied|READ ONLY",
    "SELECT * FROM orders INTO OUTFILE '/tmp/zhundian-orders'": "denied",
    "SELECT raw FROM orders LIMIT 1 INTO DUMPFILE '/tmp/zhundian-orders'": "denied",
    "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE orders": "denied|disabled|not supported",
    "SELECT 1; SELECT 2": "there may be one statement only",
    "SELECT 1; DROP TABLE orders": "there may be one statement only",
    "SELECT * FROM mysql.user": "denied",
    "SELECT * FROM performance_schema.threads": "denied",
    "SET @a = 1": "no query",
    "SELECT 1 INTO @a": "no query",
    "SET GLOBAL max_connections = 1": "denied|no query",
    "SET SESSION TRANSACTION READ WRITE": "no query",
    "SET PASSWORD = 'x'": "no query|READ ONLY",
    "ALTER USER CURRENT_USER() IDENTIFIED BY 'x'": "no query|READ ONLY",
    "BEGIN NOT ATOMIC COMMIT; SET SESSION TRANSACTION READ WRITE;"
    " SET PASSWORD = PASSWORD('x'); END": "no query|one statement only",
    "EXECUTE IMMEDIATE 'SET PASSWORD = PASSWORD(''x'')'": "not supported|one statement only",
    "PREPARE s FROM 'DROP TABLE orders'": "not supported|no query",
    "COMMIT": "no query",
    "LOCK TABLES orders WRITE": "denied|no query",
    "HANDLER orders OPEN": "no query|not supported",
    "FLUSH TABLES": "denied|no query",
    "KILL CONNECTION_ID()": "no query|interrupted",
    "CALL mysql.rds_kill(1)": "denied|no query",
    "SELECT * FROM orders FOR UPDATE": "READ ONLY|denied",
    "SHUTDOWN": "denied|no query|not supported",
    "SELECT * FROM gone": "doesn't exist|denied",
    "SELECT nothing FROM orders": "nknown column 'nothing'",
    "": "empty|no query",
}


@pytest.mark.usefixtures("the_database_is_well")
@pytest.mark.parametrize("sql", CANNOT)
def test_what_is_no_reading_is_refused_with_words(door: Door, sql: str) -> None:
    error = refusal(door, sql)

    assert error.kind == "database"
    assert any(piece in error.text.en for piece in CANNOT[sql].split("|")), error.text.en


ENDLESS = [
    "SELECT SLEEP(1000)",
    "SELECT /*+ MAX_EXECUTION_TIME(0) */ SLEEP(1000)",
    "SELECT BENCHMARK(100000000000, SHA2('a', 512))",
    "SELECT SUM(RAND() * a.n + h.n) FROM numbers a, numbers b, numbers c, numbers d, numbers e,"
    " numbers f, numbers g, numbers h",
]


@pytest.mark.usefixtures("the_database_is_well")
@pytest.mark.parametrize("sql", ENDLESS)
def test_what_lasts_too_long_is_ended_on_the_server_too(door: Door, sql: str) -> None:
    error = refusal(door, sql)

    assert error.kind == "timeout"
    assert "longer than 1 s" in error.text.en


@pytest.mark.usefixtures("the_database_is_well")
def test_a_statement_cannot_lift_the_limit_of_time(accounts: Accounts, door: Door) -> None:
    if "MariaDB" not in str(accounts.run("SELECT VERSION()")):
        pytest.skip("SET STATEMENT is MariaDB's")
    assert refusal(door, "SET STATEMENT max_statement_time = 0 FOR SELECT SLEEP(1000)").kind == (
        "timeout"
    )


TOO_MUCH = [
    # Ten million rows.
    "SELECT 1 FROM numbers a, numbers b, numbers c, numbers d, numbers e, numbers f, numbers g",
    "SELECT REPEAT('x', 6000000)",
    # Three bytes each on the wire, and six as the sandbox gets it.
    "SELECT REPEAT('中', 1500000)",
    "SELECT REPEAT(' ', 30000) FROM numbers a, numbers b, numbers c",
]


@pytest.mark.usefixtures("the_database_is_well")
@pytest.mark.parametrize("sql", TOO_MUCH)
def test_what_returns_too_much_is_cut_with_words(door: Door, sql: str) -> None:
    error = refusal(door, sql, Limits())

    assert error.kind == "too_large"
    assert "more than 10000 rows or 5 MB; add LIMIT" in error.text.en


def test_as_many_rows_as_may_be_are_not_too_many(door: Door) -> None:
    rows = ask(door, "SELECT 1 FROM numbers a, numbers b, numbers c, numbers d", limits=Limits())

    assert len(rows) == 10_000


def test_files_of_the_server_and_statements_of_others_are_not_seen(
    accounts: Accounts, door: Door
) -> None:
    with closing(connect(accounts.url)):
        users = ask(door, "SELECT DISTINCT user FROM information_schema.processlist")

    assert users == [[door.dsn.user]]
    assert ask(door, "SELECT LOAD_FILE('/etc/passwd')") == [[None]]


def test_nothing_lasts_from_one_query_to_the_next(door: Door) -> None:
    assert ask(door, "SELECT @a := 5, GET_LOCK('zhundian', 0)") == [[5, 1]]
    assert ask(door, "SELECT @a, IS_FREE_LOCK('zhundian')") == [[None, 1]]
