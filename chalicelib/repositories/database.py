"""The database: connections, transactions, and UTC on the way in and out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pymysql
from pymysql.constants import FIELD_TYPE
from pymysql.converters import conversions, convert_datetime
from pymysql.cursors import Cursor, DictCursor

Row = dict[str, Any]

#: Conditions and endings that the repositories share.
MINE = "id = %(id)s AND (%(tenant_id)s IS NULL OR tenant_id = %(tenant_id)s)"
LOCK = " FOR UPDATE"
NEWEST_FIRST = "ORDER BY id DESC LIMIT %(limit)s OFFSET %(offset)s"


def connect(url: str) -> pymysql.Connection[Cursor]:
    """Open `mysql://user:password@host:port/name[?unix_socket=/path]`.

    READ COMMITTED, because under REPEATABLE READ a claim locks the gaps that API inserts need;
    UTC, because everything stored is.
    """
    parts = urlsplit(url)
    connection = pymysql.connect(
        host=parts.hostname or "localhost",
        port=parts.port or 3306,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        database=parts.path.lstrip("/"),
        charset="utf8mb4",
        autocommit=True,
        connect_timeout=5,
        init_command="SET SESSION time_zone = '+00:00'",
        conv=_CONVERSIONS,
        unix_socket=dict(parse_qsl(parts.query)).get("unix_socket"),
    )
    # The variable of this has another name in MySQL 8 than in MariaDB 10; the statement is common.
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
    return connection


def _utc_literal(instant: datetime, mapping: Any = None) -> str:
    if instant.tzinfo is None:
        raise ValueError("a time without a zone must not reach the database")
    return f"'{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}'"


def _aware(text: str) -> datetime | str:
    value = convert_datetime(text)
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


_CONVERSIONS: dict[int | type[Any], Any] = {
    **conversions,
    datetime: _utc_literal,
    FIELD_TYPE.DATETIME: _aware,
}


class Transaction:
    """One open transaction; what repositories are given."""

    def __init__(self, cursor: DictCursor) -> None:
        self._cursor = cursor

    def execute(self, sql: str, params: Mapping[str, Any] | None = None) -> int:
        """Run one statement; returns how many rows it changed, or found."""
        return self._cursor.execute(sql, params)

    def many(self, sql: str, rows: Sequence[Mapping[str, Any]]) -> int:
        """Run one INSERT with many rows of values."""
        return self._cursor.executemany(sql, rows) or 0

    def all(self, sql: str, params: Mapping[str, Any] | None = None) -> list[Row]:
        self._cursor.execute(sql, params)
        return list(self._cursor.fetchall())

    def one(self, sql: str, params: Mapping[str, Any] | None = None) -> Row | None:
        self._cursor.execute(sql, params)
        return self._cursor.fetchone()

    def insert(self, sql: str, params: Mapping[str, Any]) -> int:
        """Run one INSERT; returns the new id."""
        self._cursor.execute(sql, params)
        return int(self._cursor.lastrowid)


class Database:
    """Opens transactions; connections that are idle wait here for the next one.

    A Lambda environment does one thing at a time and so has one connection; on one machine there
    are as many as threads use at once.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._idle: list[pymysql.Connection[Cursor]] = []

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Commit at the end, or roll back all of it when something is raised."""
        connection = self._begin()
        try:
            with connection.cursor(DictCursor) as cursor:
                yield Transaction(cursor)
            connection.commit()
        except BaseException:
            _roll_back(connection)
            raise
        finally:
            if connection.open:
                self._idle.append(connection)

    def _begin(self) -> pymysql.Connection[Cursor]:
        """Begin on a live connection; one that died while idle is replaced."""
        while self._idle:
            connection = self._idle.pop()  # atomic, so threads need no lock
            try:
                connection.begin()
            except pymysql.err.Error:
                _close(connection)
            else:
                return connection
        connection = connect(self._url)
        connection.begin()
        return connection

    def close(self) -> None:
        """Close the connections that are idle."""
        while self._idle:
            _close(self._idle.pop())


def _roll_back(connection: pymysql.Connection[Cursor]) -> None:
    try:
        connection.rollback()
    except pymysql.err.Error:
        # The server rolls back what a lost connection had begun.
        _close(connection)


def _close(connection: pymysql.Connection[Cursor]) -> None:
    if connection.open:
        connection.close()


def like(search: str | None) -> str | None:
    """The pattern of `LIKE … ESCAPE '!'` for what contains `search`; None where that is empty."""
    if not search:
        return None
    escaped = search.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return f"%{escaped}%"


def encode_json(value: Any) -> str | None:
    """NULL for None, as nothing in a JSON column means `null`."""
    return None if value is None else json.dumps(value, ensure_ascii=False)


def decode_json(text: str | None) -> Any:
    return None if text is None else json.loads(text)
