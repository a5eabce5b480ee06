"""Statements on an opened data source, and what becomes of their errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pymysql

from chalicelib.domain.errors import Wrong
from chalicelib.domain.sql_text import check_size, filled
from chalicelib.domain.text import Text
from chalicelib.gateways.data_source_words import failed
from chalicelib.gateways.metered_mysql import MeteredConnection, TooMuch

Params = Sequence[Any] | Mapping[str, Any] | None


def run(connection: MeteredConnection, sql: str) -> list[dict[str, Any]] | None:
    """The rows, None if it returns none ever; of columns of one name, see pymysql's DictCursor."""
    with _failing(), connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall()) if cursor.description else None


def column(connection: MeteredConnection, sql: str) -> list[str]:
    """The values of the only column of an answer, as text."""
    return [str(value) for row in run(connection, sql) or () for value in row.values()]


def returns_rows(connection: MeteredConnection, sql: str) -> bool:
    """Whether the server's parser says that it would; it is not run."""
    with _failing():
        return connection.columns_of(sql) > 0


def with_params(connection: MeteredConnection, sql: str, params: Params) -> str:
    """The statement with its parameters escaped; raises Wrong."""
    try:
        if isinstance(params, Mapping):
            sql = filled(sql, {key: connection.escape(value) for key, value in params.items()})
        elif params is not None:
            sql = filled(sql, [connection.escape(value) for value in params])
        check_size(len(sql.encode()))
    except (pymysql.err.Error, UnicodeError, TypeError):
        text = Text(
            "SQL 或 params 中有数据库无法接受的值(NaN、无穷大、残缺的字符等)",
            "the SQL or the params hold what a database cannot take, such as NaN, infinity or"
            " half a character",
        )
        raise Wrong(text) from None
    return sql


@contextmanager
def _failing() -> Iterator[None]:
    """Raises DataSourceFailed, or TooMuch."""
    try:
        yield
    except TooMuch:
        raise
    except Exception as error:
        # Servers that do not keep to the protocol can make the driver raise anything.
        raise failed(error) from None
