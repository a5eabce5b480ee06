"""`db_query`: rows of the data source, with values as Python has them."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

Call = Callable[[str, Mapping[str, Any]], Any]


def _timedelta(text: str) -> timedelta:
    days, seconds, microseconds = map(int, text.split(" "))
    return timedelta(days, seconds, microseconds)


def _decimal(text: str) -> Any:
    # Loaded for scripts that name `db_query` (chalicelib/sandbox/warming.py), as it is large.
    from decimal import Decimal

    return Decimal(text)


def _is_decimal(value: Any) -> bool:
    decimal = sys.modules.get("decimal")
    return decimal is not None and isinstance(value, decimal.Decimal)


#: What JSON lacks is a list of its kind and a text (the other half: chalicelib/domain/cells.py).
_READERS: Mapping[str, Callable[[str], Any]] = {
    "bytes": base64.b64decode,
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
    "decimal": _decimal,
    "timedelta": _timedelta,
}


def _value(cell: Any) -> Any:
    return _READERS[cell[0]](cell[1]) if isinstance(cell, list) else cell


def _parameter(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, bytes | bytearray):
        return ["bytes", base64.b64encode(value).decode("ascii")]
    if _is_decimal(value):
        return ["decimal", str(value)]
    if isinstance(value, timedelta):
        return ["timedelta", f"{value.days} {value.seconds} {value.microseconds}"]
    if isinstance(value, datetime | date | time):
        return _moment(value)
    if isinstance(value, list | tuple | set | frozenset):
        return ["list", [_parameter(one) for one in value]]
    name = type(value).__name__
    raise TypeError(
        f"params 中不能有 {name},请先转换,例如 str(x)"
        f" / params cannot hold a {name}; convert it, as with str(x)"
    )


def _moment(value: datetime | date | time) -> list[str]:
    if isinstance(value, datetime | time) and value.tzinfo is not None:
        raise ValueError(
            "数据库中的时间不带时区:请先换算到数据库的时区,再用 .replace(tzinfo=None)"
            " / times in a database have no zone: convert it to the database's, then use"
            " .replace(tzinfo=None)"
        )
    kind = next(kind for kind in (datetime, date, time) if isinstance(value, kind))
    return [kind.__name__, value.isoformat()]


def _parameters(params: Any) -> Any:
    if params is None:
        return None
    if isinstance(params, dict) and all(isinstance(key, str) for key in params):
        return {key: _parameter(value) for key, value in params.items()}
    if isinstance(params, list | tuple):
        return [_parameter(value) for value in params]
    raise TypeError(
        "params 须为列表、元组(对应 %s)或以文本为键的字典(对应 %(name)s)"
        " / params must be a list or tuple, for %s, or a dict with text as keys, for %(name)s"
    )


def row_functions(call: Call) -> dict[str, Callable[..., Any]]:
    """The function of the product document."""

    def db_query(sql: str, params: Any = None) -> list[dict[str, Any]]:
        """在数据源中执行一条查询,以字典列表返回各行。只读:最长 20 秒、10000 行、5 MB,
        超出时报错而不会截断。参数写作 `%s`(`params` 为列表)或 `%(name)s`(`params` 为字典),
        由平台转义,不要拼接 SQL;有 `params` 时百分号本身写作 `%%`。每次查询使用单独的连接,
        变量、事务和锁不会保留。金额等为 `Decimal`,时间为不带时区的 `datetime`,与库中所存一致。

        Run one query in the data source; its rows as a list of dicts. Read-only: at most 20
        seconds, 10000 rows and 5 MB; what goes beyond is an error, nothing is cut off. Parameters
        are written `%s` (`params` a list) or `%(name)s` (a dict) and are escaped by the platform;
        do not put them into the SQL yourself. With `params`, a percent sign is written `%%`. Each
        query has a connection of its own: variables, transactions and locks do not last. DECIMAL
        is `Decimal`; times are `datetime` without a zone, as stored.

        Example::

            rows = db_query('SELECT %s AS city, %s + 1 AS number', ['上海', 41])
            log(f"{rows[0]['city']}: {rows[0]['number']}")
        """
        if not isinstance(sql, str) or not sql.strip():
            raise TypeError("sql 须为非空的文本 / sql must be text that is not empty")
        answer = call("db_query", {"sql": sql, "params": json.dumps(_parameters(params))})
        columns = answer["columns"]
        return [
            {name: _value(cell) for name, cell in zip(columns, row, strict=True)}
            for row in answer["rows"]
        ]

    return {"db_query": db_query}
