"""Reading `raw`: a platform's own payload, which goes as it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from chalicelib.domain.errors import Wrong
from chalicelib.domain.messages.fields import utf8
from chalicelib.domain.messages.model import Payload
from chalicelib.domain.text import Text


def read_raw(fields: Mapping[str, Any]) -> Payload:
    """`{"msg_type": "raw", "msgtype": "text", "text": {…}}` without `msg_type`; raises `Wrong`.

    The platform's own keys beside it (`at`, `safe`) go along.
    """
    msgtype = fields.get("msgtype")
    if not isinstance(msgtype, str) or not msgtype:
        raise Wrong(
            Text(
                "raw 消息缺少 msgtype,请填写平台原生的消息类型",
                "A raw message needs `msgtype`, the platform's own message type",
            )
        )
    if not isinstance(fields.get(msgtype), Mapping):
        name = msgtype[:40]
        raise Wrong(
            Text(
                f"raw 消息(msgtype 为 {name})缺少字典 {name}",
                f"A raw message of msgtype {name} needs a dict `{name}`",
            )
        )
    payload = {key: value for key, value in fields.items() if key != "msg_type"}
    try:
        found: Payload = json.loads(utf8(json.dumps(payload, ensure_ascii=False, allow_nan=False)))
    except (ValueError, TypeError, RecursionError):
        raise Wrong(
            Text(
                "raw 消息不是有效的 JSON(msgtype 之外含有无法编码的值)",
                "The raw message beside `msgtype` holds what JSON cannot",
            )
        ) from None
    return found
