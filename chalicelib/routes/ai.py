"""`/api/ai-providers`, `/api/ai-usage` and `/api/ai-budgets`."""

from __future__ import annotations

import re
from typing import Any

from chalice.app import Response

from chalicelib.domain.access import Role
from chalicelib.domain.errors import FieldError, Invalid
from chalicelib.domain.text import Text
from chalicelib.routes.answers import created, no_content
from chalicelib.routes.call import Call
from chalicelib.routes.http import Routes
from chalicelib.services import ai, ai_budgets, ai_providers

routes = Routes(__name__)


@routes.get("/api/ai-providers", Role.editor)
def list_ai_providers(call: Call) -> Any:
    return ai_providers.list_providers(call.platform, call.principal, call.tenant(), call.page())


@routes.post("/api/ai-providers", Role.editor)
def create_ai_provider(call: Call) -> Response:
    return created(ai_providers.create_provider(call.platform, call.principal, call.body()).shown())


@routes.get("/api/ai-providers/{provider_id}", Role.editor)
def get_ai_provider(call: Call, provider_id: int) -> Any:
    return ai_providers.get_provider(call.platform, call.principal, provider_id).shown()


@routes.put("/api/ai-providers/{provider_id}", Role.editor)
def update_ai_provider(call: Call, provider_id: int) -> Any:
    changed = ai_providers.update_provider(call.platform, call.principal, provider_id, call.body())
    return changed.shown()


@routes.delete("/api/ai-providers/{provider_id}", Role.editor)
def delete_ai_provider(call: Call, provider_id: int) -> Response:
    ai_providers.delete_provider(call.platform, call.principal, provider_id)
    return no_content()


@routes.post("/api/ai-providers/{provider_id}/test", Role.editor)
def test_ai_provider(call: Call, provider_id: int) -> Any:
    """Ask it to say hello; `{"model"}` says which of its models."""
    sent = call.optional_body()
    return ai.test_provider(call.platform, call.principal, provider_id, sent, call.language)


@routes.get("/api/ai-usage")
def list_ai_usage(call: Call) -> Any:
    """`?month=2026-11`, else this month; a tenant's own, or for the platform all or `?tenant_id=`
    (`_platform`: that of global tasks)."""
    month = call.text("month")
    if month is not None and not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month, re.ASCII):
        text = Text("须为 2026-11 这样的月份", "must be a month such as 2026-11")
        raise Invalid(FieldError("month", text))
    return ai_budgets.list_usage(call.platform, call.tenant(), month, call.page())


@routes.put("/api/ai-budgets", Role.admin)
def set_ai_budget(call: Call) -> Any:
    """`{"tenant_id", "monthly_tokens"}`; 0 is no limit, null that of the settings."""
    return ai_budgets.set_budget(call.platform, call.principal, call.body())
