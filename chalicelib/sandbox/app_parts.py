"""What a message needs on top to go out by an application of WeCom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Seconds within which WeCom drops the same message (90236).
_SAME_WITHIN = 1800


def addressed(
    payload: Mapping[str, Any], app: Mapping[str, Any], uuid: str, *, again: bool
) -> dict[str, Any]:
    """The payload with its agent and receivers; what is in it already stays, as in `raw`.

    `again`: it may have arrived before, so WeCom is to drop what it has. Not the first time: two
    runs may well say the same. `uuid`: of [0-9a-f]; a card with buttons must have one (42014).
    """
    whole = {**app, **payload}
    card = payload.get("template_card")
    if isinstance(card, Mapping) and card.get("card_type") == "button_interaction":
        whole["template_card"] = {"task_id": uuid, **card}
    if again:
        whole |= {"enable_duplicate_check": 1, "duplicate_check_interval": _SAME_WITHIN}
    return whole
