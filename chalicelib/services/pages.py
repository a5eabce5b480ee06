"""One page of a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Page:
    """The `page`-th page (from 1) of `size` items."""

    page: int = 1
    size: int = 20

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.size

    def answer(self, items: Sequence[Any], total: int) -> dict[str, Any]:
        return {"items": list(items), "total": total, "page": self.page, "size": self.size}
