"""The rules of a task that need more than one field, other rows, or the settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from chalicelib.domain.alert_address import check_address
from chalicelib.domain.egress import check_url
from chalicelib.domain.errors import FieldError, Invalid, Wrong
from chalicelib.domain.schedule import least_spacing, next_after
from chalicelib.domain.tasks import TaskSpec, check_execution
from chalicelib.domain.text import Text
from chalicelib.repositories import channels, wecom_apps
from chalicelib.repositories.database import Transaction


def check(tx: Transaction, spec: TaskSpec, egress_allow: Sequence[str]) -> None:
    """Raise Invalid with everything that is wrong."""
    errors = [
        *_schedule(spec),
        *check_execution(spec),
        *_addresses(spec, egress_allow),
        *channel_errors(tx, spec.tenant_id, spec.notify_channels or []),
        *_app_errors(tx, spec.tenant_id, spec.notify_wecom_app_id),
    ]
    if errors:
        raise Invalid(*errors)


def _schedule(spec: TaskSpec) -> Sequence[FieldError]:
    try:
        spacing = least_spacing(spec.schedule)
    except Invalid as error:
        return error.errors
    if spec.jitter_seconds >= spacing:
        text = Text(
            f"抖动须小于两次执行的最短间隔 {spacing} 秒",
            f"jitter must be less than the shortest time between two runs, {spacing} s",
        )
        return [FieldError("jitter_seconds", text)]
    return ()


def check_comes(spec: TaskSpec, before: TaskSpec | None, now: datetime) -> None:
    """Raise Invalid for a schedule that was changed and has no occurrence to come."""
    if before is not None and before.schedule_fields == spec.schedule_fields:
        return
    if next_after(spec.schedule, now) is None:
        field = "end_date" if spec.end_date else _OF_TYPE[spec.schedule_type]
        text = Text(
            "此调度今后不会再触发(日期已过或与日历冲突);请修改日期",
            "nothing of this schedule is to come: its dates are past or its calendar leaves"
            " none; change them",
        )
        raise Invalid(FieldError(field, text))


_OF_TYPE = {"simple": "time_points", "cron": "cron_expression"}


def _addresses(spec: TaskSpec, egress_allow: Sequence[str]) -> Iterable[FieldError]:
    named: dict[str, tuple[str | None, Callable[[str, Sequence[str]], object]]] = {
        "webhook_url": (spec.webhook_url, check_url),
        "alert_webhook": (spec.alert_webhook, check_address),
    }
    for field, (url, check_one) in named.items():
        if not url:
            continue
        try:
            check_one(url, egress_allow)
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


def _app_errors(tx: Transaction, tenant_id: str | None, app_id: int | None) -> Iterable[FieldError]:
    """A tenant's task sends by its own applications; a global one, made by the platform, by any."""
    if app_id is None:
        return
    found = wecom_apps.get(tx, app_id)
    if found is None or (tenant_id is not None and found.app.tenant_id != tenant_id):
        yield FieldError(
            "notify_wecom_app_id",
            Text(
                f"企微应用 {app_id} 不存在或不属于该租户;请用本租户的应用ID",
                f"WeCom app {app_id} does not exist in this tenant; give one of its own",
            ),
        )
