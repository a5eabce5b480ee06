"""`/api/task-logs`: one attempt's log."""

from __future__ import annotations

from typing import Any

from chalice.app import Response

from chalicelib.domain.access import Role
from chalicelib.repositories.log_views import LogFilter
from chalicelib.routes.answers import accepted
from chalicelib.routes.call import Call
from chalicelib.routes.http import Routes
from chalicelib.services import run_logs

routes = Routes(__name__)


@routes.get("/api/task-logs")
def list_logs(call: Call) -> Any:
    wanted = LogFilter(
        tenant_id=call.tenant(), status=call.text("status"), trace_id=call.text("trace_id")
    )
    return run_logs.list_logs(call.platform, call.principal, wanted, call.page(), call.language)


@routes.get("/api/task-logs/{log_id}")
def get_log(call: Call, log_id: int) -> Any:
    return run_logs.get_log(call.platform, call.principal, log_id, call.language)


@routes.get("/api/task-logs/{log_id}/output")
def get_output(call: Call, log_id: int) -> Any:
    """What was printed behind the first `after` characters, while the script runs too."""
    after = call.number("after", 0, least=0, most=1 << 31)
    return run_logs.get_output(call.platform, call.principal, log_id, after)


@routes.post("/api/task-logs/{log_id}/cancel", Role.operator)
def cancel_run(call: Call, log_id: int) -> Response:
    return accepted(run_logs.cancel(call.platform, call.principal, log_id, call.language))


@routes.post("/api/task-logs/{log_id}/rerun", Role.operator)
def rerun(call: Call, log_id: int) -> Response:
    return accepted(run_logs.rerun(call.platform, call.principal, log_id, call.language))
