"""A test run: what it would send and store is kept here, shown to itself, and not applied."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chalicelib.domain.errors import Wrong
from chalicelib.domain.text import Text
from chalicelib.domain.variables import check_key, check_room, encoded
from chalicelib.sandbox.calls import CallFailed, Handler
from chalicelib.sandbox.mask import Mask
from chalicelib.sandbox.outcome import in_both
from chalicelib.sandbox.robot_calls import handlers

if TYPE_CHECKING:
    from chalicelib.domain.messages import Rendered
    from chalicelib.gateways.robots import Robot

#: Messages that are shown, and bytes of them as JSON; the rest are counted.
_MESSAGES, _BYTES = 100, 1 << 20
_NOT_SENT = Text("测试运行,未实际发送", "A test run: not sent")


class Rehearsal:
    """One test run. `calls`: what the platform would do for it; `allow`: see `check_url`.

    `mask` covers what is shown of it, and messages before they are cut to their length.
    """

    def __init__(self, calls: Mapping[str, Handler], allow: Sequence[str], mask: Mask) -> None:
        self._mask = mask
        self._ask = calls["get_var"]
        # Calls of several threads of a script are done at once.
        self._lock = threading.Lock()
        self._set: dict[str, str] = {}
        self._deleted: dict[str, None] = {}
        self._messages: list[dict[str, Any]] = []
        self._room = _BYTES
        self._left_out = 0
        own = {"get_var": self._get_var, "set_var": self._set_var, "del_var": self._del_var}
        #: The handlers that such a run is given.
        self.calls: dict[str, Handler] = {**calls, **own, **handlers(self._take, allow, mask.json)}

    def captured(self) -> dict[str, Any]:
        """`{"messages", "left_out", "variables": {"set", "deleted"}}`, in no language."""
        with self._lock:
            values = {key: json.loads(text) for key, text in self._set.items()}
            caught = {
                "messages": list(self._messages),
                "left_out": self._left_out,
                "variables": {"set": values, "deleted": list(self._deleted)},
            }
        return dict(self._mask.json(caught))

    def _get_var(self, args: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        key = _key(args)
        with self._lock:
            if key in self._set:
                return {"found": True, "value": json.loads(self._set[key])}
            if key in self._deleted:
                return {"found": False, "value": None}
        answer: dict[str, Any] = self._ask(args, seconds)
        return answer

    def _set_var(self, args: Mapping[str, Any], seconds: float) -> None:
        try:
            key, text = _key(args), encoded(args.get("value"))
            with self._lock:
                after = {**self._set, key: text}
                check_room(len(after), sum(len(one.encode()) for one in after.values()))
                self._set = after
                self._deleted.pop(key, None)
        except Wrong as wrong:
            raise CallFailed(wrong.text, "variable") from None

    def _del_var(self, args: Mapping[str, Any], seconds: float) -> bool:
        key = _key(args)
        is_stored = self._ask(args, seconds)["found"]
        with self._lock:
            is_new = self._set.pop(key, None) is not None
            is_gone = key in self._deleted
            if is_stored:
                self._deleted[key] = None
        return is_new or (is_stored and not is_gone)

    def _take(self, robot: Robot, rendered: Rendered) -> dict[str, Any]:
        from chalicelib.domain.messages.webhook import mask_webhook

        notes = [{"zh": note.zh, "en": note.en} for note in rendered.notes]
        url = mask_webhook(robot.webhook_url)
        for payload in rendered.payloads:
            self._keep(
                {
                    "channel_type": robot.channel_type,
                    "webhook_url": url,
                    "payload": payload,
                    "notes": notes,
                }
            )
        return {"ok": True, "errcode": 0, "errmsg": "ok", "hint": in_both(_NOT_SENT)}

    def _keep(self, message: dict[str, Any]) -> None:
        size = len(json.dumps(message))
        with self._lock:
            if len(self._messages) < _MESSAGES and size <= self._room:
                self._messages.append(message)
                self._room -= size
            else:
                self._left_out += 1


def _key(args: Mapping[str, Any]) -> str:
    try:
        return check_key(args.get("key"))
    except Wrong as wrong:
        raise CallFailed(wrong.text, "variable") from None
