"""Reading a data source on a real server: what a statement gets, and what it cannot do."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from chalicelib.domain.data_sources import read_dsn
from chalicelib.domain.errors import Wrong
from chalicelib.gateways.data_source import DataSourceFailed, Door, Limits, Params, inspect, query
from chalicelib.gateways.resolving import Network
from chalicelib.repositories.database import connect
from tests.accounts import Accounts
from tests.gateways.authority import authority_for
from tests.gateways.rogue_mysql import GIVE_ME, OK, over_tcp, packet, rogue

PLATFORM_TABLES = ["platform_api_keys", "platform_secrets"]
SHORT = Limits(seconds=1.0)


def door_of(dsn: str) -> Door:
    read = read_dsn(dsn)
    return Door(read, allow=(read.unix_socket or "",))


@pytest.fixture(scope="module")
def door(accounts: Accounts) -> Door:
    """To a tenant's database, as one who may read it."""
    return door_of(accounts.reader())


def ask(door: Door, sql: str, params: Params = None, limits: Limits = SHORT) -> list[list[Any]]:
    return query(door, sql, params, PLATFORM_TABLES, limits).rows


def refusal(door: Door, sql: str, limits: Limits = SHORT) -> DataSourceFailed:
    with pytest.raises(DataSourceFailed) as caught:
        ask(door, sql, limits=limits)
    said = caught.value.text.zh + caught.value.text.en
    assert door.dsn.user not in said
    assert door.dsn.password not in said
    return caught.value


@pytest.fixture
def the_database_is_well(accounts: Accounts, door: Door) -> Iterator[None]:
    yield
    assert ask(door, "SELECT COUNT(*) FROM orders") == [[2]]
    working = "SELECT info FROM information_schema.processlist WHERE user = %s AND info IS NOT NULL"
    assert accounts.run(working.replace("%s", f"'{door.dsn.user}'")) == []


def test_rows_have_their_types(door: Door) -> None:
    full, empty = ask(door, "SELECT * FROM orders ORDER BY id")

    assert full[:7] == [
        1,
        "上海 🎉",
        ["decimal", "1234567890123456.7891"],
        ["date", "2026-11-23"],
        ["datetime", "2026-11-23T08:05:00.000001"],
        ["timedelta", "-2 79015 500000"],
        ["bytes", "AP8n"],
    ]
    assert full[7].replace(" ", "") == '{"a":[1]}'
    assert full[8:] == [0.1, 18446744073709551615, ["bytes", "BQ=="]]
    assert empty == [2, *[None] * 10]


@pytest.mark.parametrize(
    "sql",
    [
        "WITH x AS (SELECT 1 AS a) SELECT a FROM x",
        "SELECT n FROM numbers WHERE n = 1 UNION SELECT 1",
        "(SELECT 1)",
        "SHOW TABLES",
        "DESCRIBE orders",
        "EXPLAIN SELECT * FROM orders",
        "SHOW CREATE TABLE orders",
        "SELECT 1;",
        "/* 注释 */ SELECT 1 -- 100%",
        "SELECT table_name FROM information_schema.tables WHERE table_name = 'orders'",
    ],
)
def test_whatever_returns_rows_is_a_query(door: Door, sql: str) -> None:
    assert ask(door, sql)


def test_a_query_without_rows_is_an_empty_list(door: Door) -> None:
    assert ask(door, "SELECT * FROM orders WHERE id = 9") == []


def test_parameters_arrive_as_they_are(door: Door) -> None:
    values = ["'; DROP TABLE orders -- \\", 5, 1.5, None, True, b"\x00'\\", Decimal("1.10")]
    moments = [
        datetime.fromisoformat("2026-11-23T08:05:00.000001"),
        date(2026, 11, 23),
        time(8, 5, 30),
        timedelta(hours=-3),
    ]

    (row,) = ask(door, f"SELECT {', '.join(['%s'] * 11)}", [*values, *moments])

    assert row[0] == values[0]
    assert row[1:5] == [5, 1.5, None, 1]
    assert row[5:7] == [["bytes", "ACdc"], ["decimal", "1.10"]]
    assert row[7:] == ["2026-11-23 08:05:00.000001", "2026-11-23", "08:05:30", "-03:00:00"]


def test_parameters_by_name_and_lists_and_percent_signs(door: Door) -> None:
    named = ask(door, "SELECT %(a)s, %(b)s, %(a)s, '%%'", {"a": 1, "b": "二"})
    several = ask(door, "SELECT n FROM numbers WHERE n IN %s ORDER BY n", [(7, 3)])

    assert named == [[1, "二", 1, "%"]]
    assert several == [[3], [7]]
    assert ask(door, "SELECT '100%s', 7 % 4") == [["100%s", 3]]


@pytest.mark.parametrize("params", [[float("nan")], [float("inf")], ["\ud800"]])
def test_what_no_database_takes_is_a_wrong_parameter(door: Door, params: list[Any]) -> None:
    with pytest.raises(Wrong, match="cannot take"):
        ask(door, "SELECT %s", params)


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


def test_a_type_that_the_driver_does_not_know_is_told(accounts: Accounts, door: Door) -> None:
    ((version,),) = accounts.run("SELECT VERSION()")
    if "MariaDB" in str(version) or int(str(version).partition(".")[0]) < 9:
        pytest.skip("VECTOR came with MySQL 9")

    assert "convert it in SQL" in refusal(door, "SELECT STRING_TO_VECTOR('[1, 2]')").text.en


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


def test_a_place_inside_is_opened_only_if_it_is_allowed(door: Door) -> None:
    inside = replace(door, dsn=replace(door.dsn, unix_socket=None, host="127.0.0.1"), allow=())
    path = door.dsn.unix_socket

    assert "DATA_SOURCE_ALLOW" in refusal(inside, "SELECT 1").text.en
    with pytest.raises(DataSourceFailed, match=f"add {path}"):
        ask(replace(door, allow=()), "SELECT 1")


def test_a_name_that_leads_inside_is_refused_whatever_it_is(door: Door) -> None:
    def resolve(*_: Any, **__: Any) -> list[tuple[Any, ...]]:
        return [(2, 1, 6, "", ("8.8.8.8", 3306)), (2, 1, 6, "", ("10.0.0.5", 3306))]

    dsn = replace(door.dsn, unix_socket=None, host="db.example.com")
    network = replace(door.network, resolve=resolve)

    assert refusal(replace(door, dsn=dsn, network=network), "SELECT 1").kind == "refused"


def test_a_wrong_password_is_told_without_it(door: Door) -> None:
    wrong = replace(door, dsn=replace(door.dsn, password="guessed"))

    error = refusal(wrong, "SELECT 1")

    assert error.kind == "connect"
    assert "1045" in error.text.en


def test_nobody_there_and_nobody_who_answers(door: Door) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        port = silent.getsockname()[1]
        place = replace(door.dsn, unix_socket=None, host="127.0.0.1", port=port)
        there = replace(door, dsn=place, allow=("127.0.0.0/8",))

        assert refusal(there, "SELECT 1", Limits(seconds=0.3)).kind == "timeout"
    assert refusal(there, "SELECT 1").kind == "connect"


def at(door: Door, port: int, tls: Any = "off") -> Door:
    place = replace(door.dsn, unix_socket=None, host="127.0.0.1", port=port, tls=tls)
    return replace(door, dsn=place, allow=(f"127.0.0.1:{port}",))


def test_over_tcp_a_statement_is_read_and_ended_as_well(accounts: Accounts, door: Door) -> None:
    is_mysql = "MariaDB" not in str(accounts.run("SELECT VERSION()"))
    with over_tcp(door.dsn.unix_socket or "") as port:
        there = at(door, port, "require" if is_mysql else "off")

        assert ask(there, "SELECT city FROM orders WHERE id = 1") == [["上海 🎉"]]
        assert refusal(there, "SELECT SLEEP(1000)").kind == "timeout"


def test_what_is_not_encrypted_is_no_answer_where_it_has_to_be(door: Door) -> None:
    with rogue(lambda sock: None) as (port, _):
        error = refusal(at(door, port, "require"), "SELECT 1")

    assert "tls=off" in error.text.en


CERTIFIED, OTHER = "db.example.com", "other.example.com"


@pytest.mark.parametrize(
    ("tls", "host", "believed", "lets_in"),
    [
        ("verify", CERTIFIED, True, True),
        ("verify", CERTIFIED, False, False),
        ("verify", OTHER, True, False),
        ("require", OTHER, False, True),
    ],
)
def test_a_certificate_is_checked_where_it_has_to_be(
    door: Door, tmp_path: Path, tls: Any, host: str, believed: bool, lets_in: bool
) -> None:
    def resolve(name: str, port: int, **_: Any) -> list[tuple[Any, ...]]:
        return [(2, 1, 6, "", ("127.0.0.1", port))]

    logins: list[int] = []
    authority = authority_for(CERTIFIED, tmp_path)
    with rogue(lambda sock: logins.append(1), authority.context) as (port, _):
        there = at(door, port, tls)
        there = replace(
            there,
            dsn=replace(there.dsn, host=host),
            tls_ca=authority.trusted.read_text() if believed else None,
            allow=(f"{host}:{port}",),
            network=Network(resolve),
        )
        error = refusal(there, "SELECT 1", Limits(seconds=0.5))

    assert bool(logins) == lets_in
    assert ("tls_ca" in error.text.en) == (not lets_in)


def test_a_server_that_asks_for_a_file_of_ours_gets_none(door: Door) -> None:
    with rogue(lambda sock: sock.sendall(packet(1, GIVE_ME))) as (port, heard):
        assert refusal(at(door, port), "SELECT 1").kind == "connect"

    assert b"root" not in b"".join(heard)


def _drip(sock: socket.socket) -> None:
    sock.sendall(b"\xff\xff\xff\x01")


def _flood(sock: socket.socket) -> None:
    for number in range(1, 200):
        sock.sendall(packet(number, bytes(65536)))


def _garbage(sock: socket.socket) -> None:
    sock.sendall(packet(1, b"\xfe\xff") + packet(9, OK))


@pytest.mark.parametrize(
    ("answer", "kind"), [(_drip, "too_large"), (_flood, "connect"), (_garbage, "connect")]
)
def test_a_server_without_manners_holds_nobody_up(door: Door, answer: Any, kind: str) -> None:
    with rogue(answer) as (port, _):
        error = refusal(at(door, port), "SELECT 1")

    assert error.kind in (kind, "timeout")
