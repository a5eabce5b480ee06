"""A webhook task's run: one HTTP request in place of a script."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chalicelib.domain.errors import Wrong
from chalicelib.domain.text import Text
from chalicelib.sandbox.calls import Fetch
from chalicelib.sandbox.outcome import Outcome, cancelled, failed, succeeded
from chalicelib.sandbox.output import Output
from chalicelib.sandbox.results import read_result

if TYPE_CHECKING:
    from chalicelib.gateways.http import HttpFailed, Response

#: Bytes of an answer that the log shows.
_SHOWN = 64 * 1024
_CANCEL_POLL = 0.1


def _payload(run: Mapping[str, Any]) -> bytes:
    body = {
        "task_id": run["task_id"],
        "task_name": run["task_name"],
        "trace_id": run["trace_id"],
        "scheduled_for": run["scheduled_for"],
        "params": run["input_params"],
    }
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")


def _message_of(response: Response) -> Any:
    """The answer as a result to deliver, if it is one: an object with `content` or `msg_type`.

    Any other body is the receiver's own affair, and nobody wants `{"ok": true}` in a chat.
    """
    try:
        value = read_result(response.body.decode("utf-8", "replace"))
    except Wrong:
        return None
    is_message = isinstance(value, dict) and ("content" in value or "msg_type" in value)
    return value if is_message else None


def _judge(response: Response, output: Output, took: int) -> Outcome:
    output.add(f"HTTP {response.status} {response.reason}\n")
    output.add(response.body[:_SHOWN].decode("utf-8", "replace"))
    if 200 <= response.status < 300:
        return succeeded(_message_of(response), took)
    text = Text(
        f"Webhook 返回了状态码 {response.status},应为 2xx",
        f"The webhook answered {response.status}; 2xx is expected",
    )
    return failed("http", text, took)


def _post(
    run: Mapping[str, Any], fetch: Fetch, answers: queue.SimpleQueue[Response | HttpFailed]
) -> None:
    from chalicelib.gateways.http import HttpFailed, Request

    headers = {"Content-Type": "application/json", "Idempotency-Key": run["trace_id"]}
    request = Request("POST", run["webhook_url"], headers, _payload(run))
    try:
        answers.put(fetch(request, run["timeout_seconds"]))
    except HttpFailed as error:
        answers.put(error)


def call_webhook(
    run: Mapping[str, Any], fetch: Fetch, output: Output, cancel: threading.Event
) -> Outcome:
    """Send the run to its webhook; a 2xx is success. The answer goes to `output`.

    A cancel does not wait for the answer; the receiver may have got the request by then.
    """
    start = time.monotonic()
    answers: queue.SimpleQueue[Response | HttpFailed] = queue.SimpleQueue()
    threading.Thread(target=_post, args=(run, fetch, answers), daemon=True).start()
    # `fetch` keeps the time; a second more lets it say what went wrong.
    end = start + run["timeout_seconds"] + 1
    answer: Response | HttpFailed | None = None
    while answer is None and time.monotonic() < end and not cancel.is_set():
        try:
            answer = answers.get(timeout=_CANCEL_POLL)
        except queue.Empty:
            continue
    took = round((time.monotonic() - start) * 1000)
    if answer is None and cancel.is_set():
        return cancelled(took)
    if answer is None:
        return failed("http", Text("Webhook 没有应答", "The webhook did not answer"), took)
    if isinstance(answer, Exception):
        return failed("http", answer.text, took)
    return _judge(answer, output, took)
