"""`launch`: hand each message to the sandbox at its second."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from chalicelib.gateways.launcher import LaunchFailed
from chalicelib.services.platform import Platform
from chalicelib.services.sending import event_of

log = logging.getLogger(__name__)


def launch(platform: Platform, messages: Iterable[tuple[str, dict[str, Any]]]) -> list[str]:
    """Start what each message (its id, its body) asks for; returns the ids to be tried again."""
    failed = []
    for message_id, body in sorted(messages, key=lambda m: str(m[1].get("due_at"))):
        try:
            platform.clock.sleep_until(datetime.fromisoformat(body["due_at"]))
            platform.launcher.start(event_of(body), body["tenant"])
        except LaunchFailed:
            log.warning("the sandbox did not take an event", extra={"log_id": body.get("log_id")})
            failed.append(message_id)
    return failed
