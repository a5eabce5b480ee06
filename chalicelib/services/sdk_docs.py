"""The SDK's documentation, as `make sdk` made it from the SDK's own docstrings."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from chalicelib.domain import sdk_pages
from chalicelib.domain.text import Language

_FILE = Path(__file__).parents[1] / "sdk_docs.json"


@cache
def _read() -> dict[str, list[dict[str, Any]]]:
    docs: dict[str, list[dict[str, Any]]] = json.loads(_FILE.read_text("utf-8"))
    return docs


def docs(language: Language) -> dict[str, Any]:
    """`{"language", "functions", "variables", "modules", "errors"}` in one language."""
    return {"language": language, **sdk_pages.in_language(_read(), language)}


def markdown(language: Language) -> str:
    """The same as one page of Markdown."""
    return sdk_pages.page(sdk_pages.in_language(_read(), language), language)
