"""Values of rows and parameters as JSON: what JSON lacks is a list of its kind and a text.

The other half is `sandbox_runner/rows.py`.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

#: Lists of a parameter lie within each other so deep: rows of `(a, b) IN (…)`.
_LEVELS = 3
_LARGEST_EXPONENT = 100


class NoParameter(ValueError):
    """It is not what `sandbox_runner/rows.py` makes of a script's parameter."""


def encoded(value: Any) -> Any:
    """A value of a row, as JSON; raises TypeError for what no driver makes."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, timedelta):
        return ["timedelta", f"{value.days} {value.seconds} {value.microseconds}"]
    if isinstance(value, bytes):
        return ["bytes", base64.b64encode(value).decode("ascii")]
    if isinstance(value, Decimal):
        return ["decimal", str(value)]
    if isinstance(value, datetime | date):
        return ["datetime" if isinstance(value, datetime) else "date", value.isoformat()]
    raise TypeError(type(value).__name__)


def decoded(value: Any, level: int = 0) -> Any:
    """A parameter from its JSON; raises NoParameter for what no script's library sends."""
    if value is None or isinstance(value, str | int | float):
        return value
    if not isinstance(value, list) or len(value) != 2 or level > _LEVELS:
        raise NoParameter
    kind, inner = value
    if kind == "list" and isinstance(inner, list):
        return tuple(decoded(one, level + 1) for one in inner)
    if kind not in _READERS or not isinstance(inner, str):
        raise NoParameter
    try:
        return _READERS[kind](inner)
    except (ValueError, ArithmeticError):
        raise NoParameter from None


def _naive(text: str) -> datetime:
    """A driver would drop the zone in silence."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is not None:
        raise NoParameter
    return instant


def _timedelta(text: str) -> timedelta:
    days, seconds, microseconds = (int(part) for part in text.split(" "))
    return timedelta(days, seconds, microseconds)


def _decimal(text: str) -> Decimal:
    number = Decimal(text)
    # MySQL's have 65 digits; and the driver writes an exponent out, as so many zeros.
    if not number.is_finite() or abs(number.adjusted()) > _LARGEST_EXPONENT:
        raise NoParameter
    return number


_READERS: dict[str, Callable[[str], Any]] = {
    "bytes": lambda text: base64.b64decode(text, validate=True),
    "date": date.fromisoformat,
    "datetime": _naive,
    "decimal": _decimal,
    "time": time.fromisoformat,
    "timedelta": _timedelta,
}
