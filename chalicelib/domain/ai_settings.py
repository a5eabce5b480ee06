"""AI providers as the settings name them, for the platform as a whole."""

from __future__ import annotations

import json
from typing import Any

from chalicelib.domain.ai_providers import Provider, ProviderSpec
from chalicelib.domain.errors import Invalid, Wrong
from chalicelib.domain.text import Text
from chalicelib.domain.validation import read


def providers_in(text: str) -> list[Provider]:
    """The providers of `AI_PROVIDERS`: a JSON list of `{name, base_url, api_key, models}`.

    Raises Wrong with words that never repeat a key.
    """
    if not text.strip():
        return []
    try:
        entries = json.loads(text)
    except ValueError:
        entries = None
    if not isinstance(entries, list):
        raise Wrong(
            Text(
                "AI_PROVIDERS 须为 JSON 列表:[{name, base_url, api_key, models}]",
                "AI_PROVIDERS must be a JSON list of {name, base_url, api_key, models}",
            )
        )
    return [_provider(number, entry) for number, entry in enumerate(entries, start=1)]


def one_provider(base_url: str, api_key: str, models: str) -> list[Provider]:
    """The provider of `AI_BASE_URL`, `AI_API_KEY` and `AI_MODELS` (names with blanks or commas
    between; any model without), if there is one; raises Wrong."""
    if not base_url:
        return []
    names = models.replace(",", " ").split() or ["*"]
    entry = {"name": "AI", "base_url": base_url, "models": names}
    return [_provider(1, {**entry, "api_key": api_key or None})]


def _provider(number: int, entry: Any) -> Provider:
    try:
        spec = read(ProviderSpec, entry if isinstance(entry, dict) else {})
        if spec.tenant_id is None:
            return Provider(
                id=None,
                tenant_id=None,
                name=spec.name,
                base_url=spec.base_url,
                sealed_key=None,
                models=tuple(spec.models),
                is_enabled=spec.is_enabled,
                plain_key=spec.api_key,
            )
        fields = "tenant_id"
    except Invalid as error:
        fields = ", ".join(one.field for one in error.errors)
    raise Wrong(
        Text(
            f"平台设置中的第 {number} 个 AI 服务商有误,请检查字段 {fields}",
            f"AI provider {number} of the settings is wrong; check {fields}",
        )
    )
