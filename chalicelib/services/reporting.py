"""What a running attempt tells: signs of life with output, and its end."""

from __future__ import annotations

from typing import Any

from chalicelib.domain.captured import clean
from chalicelib.domain.runs import LEASE, Status, Trigger
from chalicelib.repositories import deliveries, logs, outputs
from chalicelib.repositories.database import Transaction
from chalicelib.repositories.logs import Attempt
from chalicelib.services import delivering, sending
from chalicelib.services.attempts import hold, hold_alone, not_yours
from chalicelib.services.ending import End, end
from chalicelib.services.platform import Platform

#: Only these end by report; `lost` is the platform's own word for an attempt that fell silent.
REPORTED = {"success": Status.SUCCESS, "failed": Status.FAILED, "cancelled": Status.CANCELLED}


def heartbeat(platform: Platform, request: dict[str, Any]) -> dict[str, Any]:
    """Store new output, extend the lease, and say whether somebody asked for a cancel."""
    now = platform.now()
    with platform.database.transaction() as tx:
        attempt = hold_alone(tx, request["log_id"], request["token"])
        _check_running(attempt, request["nonce"])
        outputs.add(tx, attempt.id, request["offset"], request["output"])
        logs.extend_lease(tx, attempt.id, request["nonce"], now + LEASE)
    return {"cancel": attempt.cancel_requested_at is not None}


def report(platform: Platform, request: dict[str, Any]) -> dict[str, Any]:
    """Write the end and its consequences in one transaction; answer the deliveries to make.

    Asked again with the same nonce after a lost answer, it answers the deliveries that are left.
    """
    released: list[int] = []
    with platform.database.transaction() as tx:
        attempt, task = hold(tx, request["log_id"], request["token"])
        if attempt.status == Status.RUNNING:
            _check_running(attempt, request["nonce"])
            how = _end(attempt, request)
            released = end(tx, attempt, task, how, platform.now())
        elif attempt.nonce != request["nonce"] or attempt.error_kind == "lost":
            raise not_yours(attempt)
        answer = _to_deliver(tx, platform, attempt)
    if request["outcome"]["status"] != Status.SUCCESS:
        sending.send_runs(platform, [attempt.trace_id])
    sending.send_these(platform, released)
    if answer["deliveries"]:
        found = delivering.ready(platform, answer["deliveries"], answer["token"])
        answer = {**answer, "deliveries": found}
    return answer


def _check_running(attempt: Attempt, nonce: str) -> None:
    if attempt.status != Status.RUNNING or attempt.nonce != nonce:
        raise not_yours(attempt)


def _end(attempt: Attempt, request: dict[str, Any]) -> End:
    outcome, is_test = request["outcome"], attempt.trigger_type == Trigger.TEST
    return End(
        status=REPORTED[outcome["status"]],
        error_kind=outcome.get("error_kind"),
        error=outcome.get("error"),
        result=outcome.get("result"),
        duration_ms=outcome.get("duration_ms"),
        captured=clean(outcome.get("captured")) if is_test else None,
        last_output=(request["offset"], request["output"]),
    )


def _to_deliver(tx: Transaction, platform: Platform, attempt: Attempt) -> dict[str, Any]:
    ids = deliveries.pending_of(tx, attempt.id)
    if not ids:
        return {"deliveries": [], "token": None}
    token = delivering.grant(tx, ids, platform.now())
    granted = delivering.granted(tx, token, platform.now(), platform.settings.public_url)
    return {"deliveries": granted, "token": token}
