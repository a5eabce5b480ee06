"""`/metrics` in Prometheus' text format (prometheus.io, "Exposition formats")."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.services.health import health
from chalicelib.services.platform import Platform


def metrics(platform: Platform, counts: Mapping[str, float]) -> str:
    """The platform's health, and the counts of this machine's queue and sandbox."""
    found = health(platform)
    values = {
        "zhundian_last_tick_age_seconds": found["last_tick_age_seconds"],
        "zhundian_queue_age_seconds": found["queue_age_seconds"],
        **{f"zhundian_{name}": value for name, value in counts.items()},
    }
    return "".join(
        f"# TYPE {name} gauge\n{name} {value}\n"
        for name, value in values.items()
        if value is not None
    )
