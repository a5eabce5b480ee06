"""`db_query`: a script reads the data source of its tenant, or of the platform."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from chalicelib.domain.cells import decoded
from chalicelib.domain.cipher import CannotOpen, NoMasterKey
from chalicelib.domain.errors import CallRefused, Wrong
from chalicelib.domain.sql_text import LARGEST_SQL
from chalicelib.domain.text import Text
from chalicelib.gateways.data_source import DataSourceFailed, Door, Limits, Params, query
from chalicelib.repositories import data_sources
from chalicelib.services.caller import Caller
from chalicelib.services.data_sources import door_of
from chalicelib.services.platform import Platform

#: The most seconds of one query, connecting and all: with the kill after it, less than the
#: sandbox waits for an answer of the broker.
QUERY_SECONDS = 20.0
#: Characters of `params` as JSON, which may name each by six.
_LONGEST_PARAMS = 2 * LARGEST_SQL

#: The reason names places and rights, which are not for authors.
_NOT_ALLOWED = Text(
    "数据源的地址或账号权限不符合平台的规定,请联系平台管理员(测试该数据源即可看到原因)",
    "the address or the account of the data source is not allowed; tell the platform's"
    " administrator, to whom a test of it says why",
)


def db_query(platform: Platform, caller: Caller, args: Mapping[str, Any]) -> dict[str, Any]:
    """`{sql, params, seconds}` to `{"columns", "rows"}`, values as `domain.cells` has them.

    `params` is JSON text, as a script may nest them, of null, a list or an object.
    """
    sql, params, seconds = args.get("sql"), args.get("params"), args.get("seconds")
    if not isinstance(sql, str) or not isinstance(params, str) or not isinstance(seconds, float):
        raise CallRefused(Text("db_query 的参数有误", "the arguments of db_query are wrong"))
    limits = Limits(min(max(seconds, 0.1), QUERY_SECONDS))
    door, hidden = _door(platform, caller)
    try:
        rows = query(door, sql, _read(params), hidden, limits)
    except DataSourceFailed as error:
        raise CallRefused(
            _NOT_ALLOWED if error.kind == "refused" else error.text, error.kind
        ) from None
    except Wrong as error:
        raise CallRefused(error.text, "params") from None
    return {"columns": rows.columns, "rows": rows.rows}


def _door(platform: Platform, caller: Caller) -> tuple[Door, list[str]]:
    with platform.database.transaction() as tx:
        source = data_sources.of_tenant(tx, caller.tenant_id)
        hidden = data_sources.platform_tables(tx)
    if source is None:
        raise CallRefused(
            Text(
                "没有可查询的数据源,请联系平台管理员添加(POST /api/data-sources)",
                "there is no data source to read; ask the platform's administrator to add one"
                " (POST /api/data-sources)",
            ),
            "no_data_source",
        )
    try:
        return door_of(platform, source), hidden
    except (CannotOpen, NoMasterKey) as error:
        raise CallRefused(error.text, error.code) from None


def _read(text: str) -> Params:
    """Raises Wrong."""
    try:
        if len(text) > _LONGEST_PARAMS:
            raise ValueError("too long")
        value = json.loads(text)
        if isinstance(value, dict):
            return {key: decoded(one) for key, one in value.items()}
        if value is None or isinstance(value, list):
            return None if value is None else [decoded(one) for one in value]
    except (ValueError, RecursionError):
        pass
    raise Wrong(
        Text(
            "params 须为列表、元组或字典,值为数字、文本、日期时间、Decimal、bytes 或 None,"
            "总长不超过 1 MB",
            "params must be a list, tuple or dict of numbers, text, dates and times, Decimal,"
            " bytes or None, of at most 1 MB",
        )
    )
