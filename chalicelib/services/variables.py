"""Variables: what the scripts of a task keep from run to run; asked for by scripts and the API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from chalicelib.domain.access import Principal
from chalicelib.domain.errors import CallRefused, NotFound, Wrong
from chalicelib.domain.text import Text
from chalicelib.domain.validation import checked, value_of
from chalicelib.domain.variables import check_key, check_room, encoded
from chalicelib.repositories import tasks, variables
from chalicelib.repositories.database import Row, Transaction
from chalicelib.services.caller import Caller
from chalicelib.services.pages import Page
from chalicelib.services.platform import Platform
from chalicelib.services.tasks import find as find_task

_GONE = Text("任务已删除,变量没有保存", "the task is deleted; its variables are no longer kept")


def get_var(platform: Platform, caller: Caller, args: Mapping[str, Any]) -> dict[str, Any]:
    """`{key}` to `{"found", "value"}`."""
    key = _key(args)
    if caller.task_id is None:
        return {"found": False, "value": None}
    with platform.database.transaction() as tx:
        row = variables.get(tx, caller.task_id, key)
    return {"found": row is not None, "value": json.loads(row["value"]) if row else None}


def set_var(platform: Platform, caller: Caller, args: Mapping[str, Any]) -> None:
    """`{key, value}`; the value is any JSON."""
    key, task_id = _key(args), _task_to_change(caller)
    try:
        with platform.database.transaction() as tx:
            _put(tx, platform, task_id, key, args.get("value"))
    except Wrong as error:
        raise CallRefused(error.text, "variable") from None


def del_var(platform: Platform, caller: Caller, args: Mapping[str, Any]) -> bool:
    """`{key}`; whether there was such a variable."""
    key, task_id = _key(args), _task_to_change(caller)
    with platform.database.transaction() as tx:
        variables.lock(tx, task_id)
        return variables.delete(tx, task_id, key)


def list_vars(
    platform: Platform, principal: Principal, task_id: int, search: str | None, page: Page
) -> dict[str, Any]:
    """A page of a task's variables, in the order of their keys; `search` is a part of the key."""
    with platform.database.transaction() as tx:
        find_task(tx, principal, task_id)
        found = variables.page(tx, task_id, search, offset=page.offset, limit=page.size)
        return page.answer([_shown(row) for row in found], variables.count(tx, task_id, search))


def put_var(
    platform: Platform, principal: Principal, task_id: int, key: str, sent: Mapping[str, Any]
) -> dict[str, Any]:
    """Store `{"value": …}` under a key, as `set_var` does."""
    value = value_of(sent)
    checked("key", check_key, key)
    with platform.database.transaction() as tx:
        find_task(tx, principal, task_id)
        checked("value", _put, tx, platform, task_id, key, value)
        row = variables.get(tx, task_id, key)
    assert row is not None  # it is held until the transaction ends
    return _shown({"key": key, **row})


def delete_var(platform: Platform, principal: Principal, task_id: int, key: str) -> None:
    with platform.database.transaction() as tx:
        find_task(tx, principal, task_id)
        variables.lock(tx, task_id)
        # The database takes blanks at the end of a key for nothing.
        if key != key.strip() or not variables.delete(tx, task_id, key):
            raise NotFound(Text(f"变量 {key!r} 不存在", f"variable {key!r} does not exist"))


def _shown(row: Row) -> dict[str, Any]:
    return {**row, "value": json.loads(row["value"])}


def _put(tx: Transaction, platform: Platform, task_id: int, key: str, value: Any) -> None:
    text = encoded(value)
    variables.lock(tx, task_id)
    # A task is deleted under this lock too: after it a run that still goes on must leave nothing.
    if not tasks.exists(tx, task_id):
        raise Wrong(_GONE)
    used = variables.usage(tx, task_id, without_key=key)
    check_room(used["n"] + 1, int(used["bytes"]) + len(text.encode()))
    variables.put(tx, task_id, key, text, platform.now())


def _key(args: Mapping[str, Any]) -> str:
    try:
        return check_key(args.get("key"))
    except Wrong as error:
        raise CallRefused(error.text, "variable") from None


def _task_to_change(caller: Caller) -> int:
    """A test run changes nothing: the sandbox keeps its changes to itself and shows them."""
    if caller.is_test or caller.task_id is None:
        raise CallRefused(Text("测试运行不会保存变量", "A test run stores no variables"))
    return caller.task_id
