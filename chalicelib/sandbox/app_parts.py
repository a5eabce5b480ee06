"""What a message needs on top to go out by an application of WeCom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.messages import wecom_app

#: Seconds within which WeCom drops the same message (90236).
_SAME_WITHIN = 1800


def addressed(
    payload: Mapping[str, Any], app: Mapping[str, Any], uuid: str, *, again: bool
) -> dict[str, Any]:
    """The payload with its agent and receivers.

    `again`: it may have arrived before, so WeCom is to drop what it has. Not the first time: two
    runs may well say the same. `uuid`: of [0-9a-f]; the same for every try.
    """
    receivers = {field: value for field, value in app.items() if field != "agentid"}
    whole = wecom_app.addressed(dict(payload), app["agentid"], receivers, uuid)
    if again:
        whole |= {"enable_duplicate_check": 1, "duplicate_check_interval": _SAME_WITHIN}
    return whole
