"""The sandbox function: carries out one attempt or sends waiting messages, and knows no database.

Lambda loads this module itself, without `app.py`.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint

from chalicelib.config import Settings, read_settings
from chalicelib.gateways import bundles
from chalicelib.gateways.broker import Broker, BrokerRefused, BrokerUnavailable, broker_from
from chalicelib.gateways.bundles import NotFetched
from chalicelib.gateways.clock import Clock, SystemClock
from chalicelib.sandbox.ai_call import ai_handler
from chalicelib.sandbox.attempt import Attempt, ask_patiently
from chalicelib.sandbox.broker_calls import broker_calls
from chalicelib.sandbox.calls import Fetch, Handler, http_handler
from chalicelib.sandbox.deliveries import Send, deliver_all
from chalicelib.sandbox.heartbeat import Heartbeat, Rhythm
from chalicelib.sandbox.home import Home
from chalicelib.sandbox.outcome import Outcome, Script, failed
from chalicelib.sandbox.output import Output
from chalicelib.sandbox.probing import probe
from chalicelib.sandbox.query_calls import query_calls
from chalicelib.sandbox.rehearsal import Rehearsal
from chalicelib.sandbox.robot_calls import robot_calls
from chalicelib.sandbox.secret_calls import secret_calls
from chalicelib.sandbox.shelf import Shelf
from chalicelib.sandbox.supervisor import Supervisor
from chalicelib.sandbox.webhook import call_webhook
from chalicelib.sandbox.zygote import Limits, Unclean

if TYPE_CHECKING:
    from chalicelib.gateways.http import Request, Response
    from chalicelib.gateways.robots import Receipt, Robot

_log = logging.getLogger(__name__)

bp = Blueprint(__name__)


@dataclass(frozen=True)
class Patience:
    """For how many seconds an ask is repeated while the broker is away.

    A claim that is given up is sent again by a tick; a report or receipt is lost.
    """

    claim: float = 20.0
    report: float = 60.0


@dataclass(frozen=True)
class Sandbox:
    """What this environment works with from run to run."""

    broker: Broker
    supervisor: Supervisor
    fetch: Fetch
    send: Send
    clock: Clock
    shelf: Shelf
    #: URL prefixes that users may name although they are not global; see `check_url`.
    allow: tuple[str, ...] = ()
    rhythm: Rhythm = Rhythm()
    patience: Patience = Patience()


def _fetch_under(settings: Settings) -> Fetch:
    def fetch(request: Request, seconds: float) -> Response:
        # Loaded when first used: most runs need no HTTP, and a cold start is short.
        from chalicelib.gateways import http

        return http.fetch(request, allow=settings.egress_allow, timeout_seconds=seconds)

    return fetch


def _send_under(settings: Settings) -> Send:
    def send(robot: Robot, payload: dict[str, Any], uuid: str, clock: Clock) -> Receipt:
        from chalicelib.gateways import messengers

        now = clock.now()
        return messengers.send(robot, payload, uuid=uuid, now=now, allow=settings.egress_allow)

    return send


def sandbox_from(settings: Settings, uid: int | None = None) -> Sandbox:
    """The sandbox that the settings describe; nothing is started yet.

    `uid`: whom scripts run as if this process is root, which they never are.
    """
    fetch = _fetch_under(settings)

    shelf = Shelf(bundles.fetch)
    python = settings.sandbox_python or sys.executable
    home = Home(python, settings.sandbox_layer, uid, shelf.folder)
    limits = Limits(memory_mb=settings.sandbox_memory_mb)
    handlers = {"http": http_handler(fetch)}
    supervisor = Supervisor(home, handlers, limits, settings.sandbox_required_layers)
    return Sandbox(
        broker=broker_from(settings),
        supervisor=supervisor,
        fetch=fetch,
        send=_send_under(settings),
        clock=SystemClock(),
        shelf=shelf,
        allow=settings.egress_allow,
    )


@cache
def _environment() -> Sandbox:
    return sandbox_from(read_settings())


@bp.lambda_function(name="sandbox")
def sandbox(event: dict[str, Any], context: object) -> dict[str, Any] | None:
    """Handle an event of `launch`: `{"kind": "run"|"deliver", …, "token"}`.

    An operator may ask with `{"probe": true}` what this machine allows (`probing.probe`).
    """
    try:
        if event.get("probe"):
            return probe(_environment().supervisor)
        handle(event, _environment())
    except Unclean as error:
        # Nothing more may be learnt or run here; Lambda replaces an environment that exits,
        # and the attempt counts as lost.
        known = {"log_id": event.get("log_id"), "why": str(error)}
        _log.critical("this environment is given up", extra=known)
        os._exit(1)
    return None


def handle(event: Mapping[str, Any], here: Sandbox) -> None:
    """Do what the event asks; a broker that refuses or stays away ends it with a log line."""
    known = {"kind": event["kind"], "log_id": event.get("log_id")}
    try:
        if event["kind"] == "deliver":
            _send_waiting(event, here)
        else:
            # The zygote warms up while the claim is on its way.
            here.supervisor.start()
            _carry_out(Attempt(here.broker, here.clock, event["log_id"], event["token"]), here)
    except BrokerRefused as refusal:
        _log.warning("the broker refused", extra={**known, "why": str(refusal)})
    except BrokerUnavailable as absence:
        _log.error("the broker stayed away", extra={**known, "why": str(absence)})


def _carry_out(attempt: Attempt, here: Sandbox) -> None:
    answer = attempt.claim(here.patience.claim)
    run = answer["run"]
    if run is None:
        _log.info("nothing to run", extra={"log_id": attempt.log_id, "why": answer.get("reason")})
        return
    output, cancelled = Output(), threading.Event()
    calls = {
        **broker_calls(attempt),
        **secret_calls(attempt, output.mask),
        "ai": ai_handler(attempt, output),
        **query_calls(attempt),
    }
    rehearsal = Rehearsal(calls, here.allow, output.mask) if run["is_test"] else None
    if rehearsal:
        calls = rehearsal.calls
    else:
        calls |= robot_calls(here.send, here.clock, here.allow)
    with Heartbeat(attempt, output, cancelled, here.rhythm) as heartbeat:
        outcome = _execute(run, here, output, cancelled, calls)
    if heartbeat.disowned:
        return
    told = outcome.as_dict()
    if rehearsal:
        told["captured"] = rehearsal.captured()
    rest = output.rest(heartbeat.sent)
    answer = attempt.report(told, heartbeat.sent, rest, here.patience.report)
    if answer["deliveries"]:
        _deliver(answer["deliveries"], answer["token"], here)


def _execute(
    run: Mapping[str, Any],
    here: Sandbox,
    output: Output,
    cancelled: threading.Event,
    calls: Mapping[str, Handler],
) -> Outcome:
    if run["execution_type"] == "webhook":
        return call_webhook(run, here.fetch, output, cancelled)
    started = here.clock.now()
    try:
        bundle = here.shelf.take(run.get("bundle"))
    except NotFetched as error:
        took = here.clock.now() - started
        return failed("sandbox", error.text, round(took.total_seconds() * 1000))
    script = Script(
        content=run["script_content"] or "",
        params=run["input_params"],
        timeout_seconds=run["timeout_seconds"],
        timezone=run["timezone"],
        task_id=run["task_id"],
        tenant_id=run["tenant_id"],
        trace_id=run["trace_id"],
        calls=calls,
        bundle=bundle,
    )
    return here.supervisor.execute(script, output, cancelled)


def _send_waiting(event: Mapping[str, Any], here: Sandbox) -> None:
    request = {"op": "deliveries", "ids": event["ids"], "token": event["token"]}
    answer = ask_patiently(here.broker, request, here.clock, here.patience.claim)
    _deliver(answer["deliveries"], event["token"], here)


def _deliver(deliveries: list[dict[str, Any]], token: str, here: Sandbox) -> None:
    receipts = deliver_all(deliveries, here.send, here.clock)
    request = {"op": "receipts", "token": token, "receipts": receipts}
    ask_patiently(here.broker, request, here.clock, here.patience.report)
