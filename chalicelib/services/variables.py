"""Variables: what the scripts of a task keep from run to run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from chalicelib.domain.errors import CallRefused, Wrong
from chalicelib.domain.text import Text
from chalicelib.domain.variables import check_key, check_room, encoded
from chalicelib.repositories import variables
from chalicelib.repositories.database import Transaction
from chalicelib.services.caller import Caller
from chalicelib.services.platform import Platform


def get_var(platform: Platform, caller: Caller, args: Mapping[str, Any]) -> dict[str, Any]:
    """`{key}` to `{"found", "value"}`."""
    key = _key(args)
    if caller.task_id is None:
        return {"found": False, "value": None}
    with platform.database.transaction() as tx:
        text = variables.get(tx, caller.task_id, key)
    return {"found": text is not None, "value": None if text is None else json.loads(text)}


def set_var(platform: Platform, caller: Caller, args: Mapping[str, Any]) -> None:
    """`{key, value}`; the value is any JSON."""
    key, task_id = _key(args), _task_to_change(caller)
    try:
        with platform.database.transaction() as tx:
            _put(tx, platform, task_id, key, args["value"])
    except Wrong as error:
        raise CallRefused(error.text, "variable") from None


def del_var(platform: Platform, caller: Caller, args: Mapping[str, Any]) -> bool:
    """`{key}`; whether there was such a variable."""
    key, task_id = _key(args), _task_to_change(caller)
    with platform.database.transaction() as tx:
        return variables.delete(tx, task_id, key)


def _put(tx: Transaction, platform: Platform, task_id: int, key: str, value: Any) -> None:
    text = encoded(value)
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
