"""`/api/calendar-days`: a tenant's own working days and days off."""

from __future__ import annotations

from typing import Any

from chalice.app import Response

from chalicelib.domain.access import Role
from chalicelib.routes.answers import created, no_content
from chalicelib.routes.call import Call
from chalicelib.routes.http import Routes
from chalicelib.services import calendar_days

routes = Routes(__name__)


@routes.get("/api/calendar-days")
def list_calendar_days(call: Call) -> Any:
    year = call.number("year", 0, least=1900, most=9999) or None
    return calendar_days.list_days(call.platform, call.tenant(), year, call.page())


@routes.post("/api/calendar-days", Role.editor)
def put_calendar_day(call: Call) -> Response:
    """A day that is there already is replaced."""
    return created(calendar_days.put_day(call.platform, call.principal, call.body()))


@routes.delete("/api/calendar-days/{day_id}", Role.editor)
def delete_calendar_day(call: Call, day_id: int) -> Response:
    calendar_days.delete_day(call.platform, call.principal, day_id)
    return no_content()
