"""One request, as the views see it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from chalice.app import Request

from chalicelib.domain.access import Principal
from chalicelib.domain.errors import FieldError, Invalid, Malformed
from chalicelib.domain.text import Text, preferred_language
from chalicelib.services.pages import Page
from chalicelib.services.platform import Platform

Choice = TypeVar("Choice", bound=str)
LARGEST_PAGE = 100
#: Largest OFFSET that a list answers; MySQL reads and drops every row before it.
LAST_ROW = 1_000_000


class Call:
    """Who asks, and what was sent."""

    def __init__(self, request: Request, platform: Platform, principal: Principal | None) -> None:
        self.platform = platform
        #: Of words that are made for this caller.
        self.language = preferred_language(request.headers.get("accept-language"))
        self._principal = principal
        self._accept: str = request.headers.get("accept") or ""
        self._raw: str | bytes = request.raw_body
        self._query: Mapping[str, str] = request.query_params or {}

    @property
    def principal(self) -> Principal:
        assert self._principal is not None  # only open routes have none, and they don't ask
        return self._principal

    def wants(self, content_type: str) -> bool:
        """Whether `Accept` names this very type."""
        return content_type in self._accept.lower()

    def body(self) -> dict[str, Any]:
        """The JSON object that was sent. Raises Malformed."""
        try:
            value = json.loads(self._raw)
        except (ValueError, RecursionError) as error:
            raise Malformed(
                Text(f"请求体不是合法的 JSON: {error}", f"the body is no valid JSON: {error}")
            ) from error
        if not isinstance(value, dict):
            raise Malformed(Text("请求体须为 JSON 对象", "the body must be a JSON object"))
        return value

    def optional_body(self) -> dict[str, Any]:
        return self.body() if self._raw.strip() else {}

    def text(self, name: str) -> str | None:
        return self._query.get(name) or None

    def choice(self, name: str, allowed: tuple[Choice, ...]) -> Choice | None:
        """A query parameter that is one of a few words. Raises Invalid."""
        value = self.text(name)
        found = next((one for one in allowed if one == value), None)
        if value is not None and found is None:
            words = ", ".join(allowed)
            raise Invalid(FieldError(name, Text(f"须为 {words} 之一", f"must be one of {words}")))
        return found

    def flag(self, name: str) -> bool | None:
        """A query parameter `true`/`false` (or `1`/`0`). Raises Invalid."""
        value = self.text(name)
        if value is None:
            return None
        if value.lower() not in ("true", "false", "1", "0"):
            raise Invalid(FieldError(name, Text("须为 true 或 false", "must be true or false")))
        return value.lower() in ("true", "1")

    def number(self, name: str, default: int, *, least: int, most: int) -> int:
        """A whole query parameter within its bounds. Raises Invalid."""
        value = self.text(name)
        if value is None:
            return default
        if not value.isascii() or not value.isdigit() or not least <= int(value[:12]) <= most:
            zh, en = (
                f"须为 {least} 到 {most} 的整数",
                f"must be a whole number from {least} to {most}",
            )
            raise Invalid(FieldError(name, Text(zh, en)))
        return int(value)

    def instant(self, name: str) -> datetime | None:
        """A query parameter such as `2026-11-23T08:00:00Z`. Raises Invalid."""
        value = self.text(name)
        if value is None:
            return None
        instant = _instant(value)
        if instant is None:
            text = Text(
                "须为带时区的时间,例如 2026-11-23T08:00:00Z",
                "must be a time with its offset, as 2026-11-23T08:00:00Z",
            )
            raise Invalid(FieldError(name, text))
        return instant

    def page(self) -> Page:
        size = self.number("size", 20, least=1, most=LARGEST_PAGE)
        return Page(self.number("page", 1, least=1, most=LAST_ROW // size), size)

    def tenant(self) -> str | None:
        """Whose rows a list shows: a tenant's key its own, the platform's any or all."""
        if self.principal.is_platform:
            return self.text("tenant_id")
        return self.principal.tenant_id


def _instant(text: str) -> datetime | None:
    """A `+` that was not percent-encoded arrives as a blank."""
    try:
        read = datetime.fromisoformat(text.replace(" ", "+"))
        instant = read.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return instant if read.tzinfo is not None and 1970 <= instant.year < 9999 else None
