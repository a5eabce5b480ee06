"""What a running script may ask the platform for, each for its own task and tenant alone."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.domain.errors import CallRefused
from chalicelib.domain.runs import Status, Trigger
from chalicelib.domain.text import Text
from chalicelib.repositories import logs
from chalicelib.repositories.logs import Attempt
from chalicelib.services import secrets, tenant_calls, variables
from chalicelib.services.ai import ai
from chalicelib.services.attempts import refused
from chalicelib.services.caller import Caller
from chalicelib.services.db_query import db_query
from chalicelib.services.platform import Platform
from chalicelib.services.tokens import holds

log = logging.getLogger(__name__)

#: Does one call with its arguments; returns JSON, raises CallRefused with words for the author.
#: It may be done twice, when an answer gets lost.
Function = Callable[[Platform, Caller, Mapping[str, Any]], Any]

FUNCTIONS: Mapping[str, Function] = {
    "ai": ai,
    "db_query": db_query,
    "get_secret": secrets.get_secret,
    "get_tenants": tenant_calls.get_tenants,
    "get_tenant_config": tenant_calls.get_tenant_config,
    "get_all_tenant_configs": tenant_calls.get_all_tenant_configs,
    "get_var": variables.get_var,
    "set_var": variables.set_var,
    "del_var": variables.del_var,
}


def call(platform: Platform, request: Mapping[str, Any]) -> dict[str, Any]:
    """Do `name` with `args` for the attempt that shows its token and nonce.

    Answers `{"value": …}`, or `{"failed": {"zh", "en", "kind"}}` with words for the script's
    author. Raises Refused where token, nonce or state are not those of a running attempt.
    """
    caller = _caller(platform, request)
    name, args = request["name"], request["args"]
    function = FUNCTIONS.get(name) if isinstance(name, str) else None
    try:
        if function is None or not isinstance(args, dict):
            raise CallRefused(Text("没有这个函数", "There is no such function"))
        return {"value": function(platform, caller, args)}
    except CallRefused as error:
        return {"failed": {"zh": error.text.zh, "en": error.text.en, "kind": error.code}}


def _caller(platform: Platform, request: Mapping[str, Any]) -> Caller:
    with platform.database.transaction() as tx:
        attempt = logs.get(tx, int(request["log_id"]))
    if attempt is None or not _is_its_own(attempt, request):
        log.warning("a call with a token that is not its attempt's", extra=_known(request))
        raise refused()
    test_of = (attempt.spec or {}).get("task_id")
    return Caller(
        log_id=attempt.id,
        task_id=attempt.task_id or test_of,
        tenant_id=attempt.tenant_id,
        is_test=attempt.trigger_type == Trigger.TEST,
    )


def _is_its_own(attempt: Attempt, request: Mapping[str, Any]) -> bool:
    return (
        holds(str(request["token"]), attempt.token_hash)
        and attempt.status == Status.RUNNING
        and attempt.nonce == request["nonce"]
    )


def _known(request: Mapping[str, Any]) -> dict[str, Any]:
    return {"log_id": request["log_id"], "call": str(request["name"])[:50], "status": 403}
