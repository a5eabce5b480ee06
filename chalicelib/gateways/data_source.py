"""Reading a data source: one statement, in a connection of its own, that can change nothing.

What keeps a statement from writing is the account, which is looked at before each, and which
has SELECT alone; besides, the transaction is READ ONLY. Nothing here looks at the SQL.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from chalicelib.domain import grants
from chalicelib.domain.cells import encoded
from chalicelib.domain.text import Text
from chalicelib.gateways.data_source_door import Door, Opened, open_door
from chalicelib.gateways.data_source_statements import (
    Params,
    column,
    returns_rows,
    run,
    with_params,
)
from chalicelib.gateways.data_source_words import DataSourceFailed, no_rows, too_large, too_late
from chalicelib.gateways.metered_mysql import MeteredConnection, TooMuch

__all__ = ["DataSourceFailed", "Door", "Limits", "Params", "Rows", "inspect", "query"]

#: Columns that a table can have, and what else there is in an answer.
_OTHER_PACKETS = 4096 + 8
_KILL_SECONDS = 3.0
#: What the server is given beyond our own limit: ours comes first, and has the better words.
_GRACE_SECONDS = 2


@dataclass(frozen=True)
class Limits:
    """`seconds` from the first try to connect; `bytes` of names and rows as JSON in ASCII."""

    seconds: float = 20.0
    rows: int = 10_000
    bytes: int = 5 * 1024 * 1024


@dataclass(frozen=True)
class Rows:
    """`columns` by name and the rows' values as `encoded` makes them."""

    columns: list[str]
    rows: list[list[Any]]


@dataclass(frozen=True)
class Report:
    """What is known of an account: the server's version, its rights, and what is wrong."""

    server_version: str
    grants: list[str]
    problems: list[Text]


def inspect(door: Door, platform_tables: Sequence[str], seconds: float = 10.0) -> Report:
    """Log in and judge the account; raises DataSourceFailed where that cannot be done."""
    with _opened(door, Limits(seconds)) as opened:
        return _report(opened.connection, platform_tables)


def query(
    door: Door, sql: str, params: Params, platform_tables: Sequence[str], limits: Limits
) -> Rows:
    """The rows that one statement returns; raises DataSourceFailed, Wrong for bad parameters.

    `platform_tables`: tables that no account may see, in whatever schema. A statement that lasts
    too long or returns too much is killed on the server as well.
    """
    end = time.monotonic() + limits.seconds
    with _opened(door, limits) as opened:
        connection = opened.connection
        if problems := _report(connection, platform_tables).problems:
            raise DataSourceFailed("refused", problems[0])
        is_mariadb = _restrain(connection, math.ceil(max(0.0, end - time.monotonic())))
        statement = with_params(connection, sql, params)
        connection.packets_left = limits.rows + _OTHER_PACKETS
        connection.bytes_left = limits.bytes + (1 << 20)
        # MariaDB takes several statements as one, between BEGIN NOT ATOMIC and END: one could
        # leave the transaction and change the account's own password. So its parser is asked.
        if is_mariadb and not returns_rows(connection, statement):
            raise no_rows()
        return _checked(run(connection, statement), limits)


@contextmanager
def _opened(door: Door, limits: Limits) -> Iterator[Opened]:
    opened = open_door(door, limits.seconds)
    thread = opened.connection.thread()
    try:
        yield opened
    except TooMuch:
        _kill(door, thread)
        raise too_large(limits.rows, limits.bytes) from None
    except DataSourceFailed:
        if not opened.watch.expired:
            raise
        _kill(door, thread)
        raise too_late(limits.seconds) from None
    finally:
        opened.close()


def _kill(door: Door, thread: int) -> None:
    """A server notices that nobody listens any more when it next sends; until then it works on."""
    # If it fails, the server's own limit ends the statement.
    with suppress(DataSourceFailed, TooMuch):
        opened = open_door(door, _KILL_SECONDS)
        try:
            run(opened.connection, f"KILL {thread}")
        finally:
            opened.close()


def _report(connection: MeteredConnection, platform_tables: Sequence[str]) -> Report:
    lines = column(connection, "SHOW GRANTS")
    # What MariaDB gives to everybody; MySQL has no such account.
    with suppress(DataSourceFailed):
        lines += column(connection, "SHOW GRANTS FOR PUBLIC")
    problems = [grants.too_much(found)] if (found := grants.faults(lines)) else []
    if seen := _platform_tables(connection, platform_tables):
        problems.append(grants.sees_platform(seen))
    version = connection.server()
    return Report(version, [grants.shown(line) for line in lines], problems)


def _platform_tables(connection: MeteredConnection, names: Sequence[str]) -> list[str]:
    """Those that the account may see: the server lists no others."""
    listed = ", ".join(connection.escape(name) for name in names) or "NULL"
    return column(
        connection,
        "SELECT CONCAT(table_schema, '.', table_name) FROM information_schema.tables"  # noqa: S608 - escaped
        f" WHERE table_type <> 'VIEW' AND LOWER(table_name) IN ({listed}) LIMIT 10",
    )


def _restrain(connection: MeteredConnection, seconds: int) -> bool:
    """Read only, and with limits of the server's own that a statement may undo: ours stands.

    Returns whether it is MariaDB, which is told by what it knows: its version can be made up.
    """
    limit = seconds + _GRACE_SECONDS
    is_mariadb = True
    try:
        run(connection, f"SET SESSION max_statement_time = {limit}")
    except DataSourceFailed:
        is_mariadb = False
        run(connection, f"SET SESSION max_execution_time = {limit * 1000}")
    for sql in (
        f"SET SESSION lock_wait_timeout = {limit}, innodb_lock_wait_timeout = {limit}",
        "SET SESSION TRANSACTION READ ONLY",
        "START TRANSACTION READ ONLY",
    ):
        run(connection, sql)
    return is_mariadb


def _checked(rows: list[dict[str, Any]] | None, limits: Limits) -> Rows:
    if rows is None:
        raise no_rows()
    if len(rows) > limits.rows:
        raise too_large(limits.rows, limits.bytes)
    columns = list(rows[0]) if rows else []
    found, size = [], len(json.dumps(columns))
    for row in rows:
        values = [encoded(grants.without_hash(name, value)) for name, value in row.items()]
        size += len(json.dumps(values)) + 2
        if size > limits.bytes:
            raise too_large(limits.rows, limits.bytes)
        found.append(values)
    return Rows(columns, found)
