"""The rules of a task that need more than one field, other rows, or the settings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chalicelib.domain.egress import check_url
from chalicelib.domain.errors import FieldError, Invalid, Wrong
from chalicelib.domain.tasks import TaskSpec, check_execution
from chalicelib.domain.text import Text
from chalicelib.repositories import channels
from chalicelib.repositories.database import Transaction


def check(tx: Transaction, spec: TaskSpec, egress_allow: Sequence[str]) -> None:
    """Raise Invalid with everything that is wrong."""
    errors = [
        *_schedule(spec),
        *check_execution(spec),
        *_addresses(spec, egress_allow),
        *channel_errors(tx, spec.tenant_id, spec.notify_channels or []),
    ]
    if errors:
        raise Invalid(*errors)


def _schedule(spec: TaskSpec) -> Sequence[FieldError]:
    try:
        _ = spec.schedule
    except Invalid as error:
        return error.errors
    return ()


def _addresses(spec: TaskSpec, egress_allow: Sequence[str]) -> Iterable[FieldError]:
    named = {"webhook_url": spec.webhook_url, "alert_webhook": spec.alert_webhook}
    for field, url in named.items():
        if not url:
            continue
        try:
            check_url(url, egress_allow)
        except Wrong as error:
            yield FieldError(field, error.text)


def channel_errors(
    tx: Transaction, tenant_id: str | None, wanted: Sequence[int]
) -> Iterable[FieldError]:
    """A tenant's task sends to its own channels; a global one, made by the platform, to any."""
    found = channels.among(tx, wanted)
    for number, channel_id in enumerate(wanted):
        channel = found.get(channel_id)
        if channel is None or (tenant_id is not None and channel.tenant_id != tenant_id):
            yield FieldError(
                f"notify_channels.{number}",
                Text(
                    f"渠道 {channel_id} 不存在或不属于该租户;请用本租户的渠道ID",
                    f"channel {channel_id} does not exist in this tenant; give one of its own",
                ),
            )
