"""What people read when runs failed, or work again: one message for one run or for many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

#: Of a single run's message: the error's end and the output's last lines.
LONGEST_ERROR = 800
MOST_LINES = 10
LONGEST_OUTPUT = 1000
#: So many runs have a line with a link each; of more the names are enough.
MOST_LINKS = 10
#: UTF-8 bytes of one message about many runs: WeCom's robots take 4096.
MOST_BYTES = 3600
LONGEST_LINE = 200


@dataclass(frozen=True)
class Alert:
    """One run that is told of; `failures` in a row, up to it."""

    id: int
    kind: str
    failures: int
    run: Mapping[str, Any]
    link: str

    @property
    def name(self) -> str:
        return self.run["task_name"] or f"#{self.run['task_id']}"

    @property
    def when(self) -> str:
        """The occurrence, or else the end, in the task's own time."""
        instant: datetime = self.run["scheduled_for"] or self.run["finished_at"]
        zone = self.run["timezone"] or "UTC"
        try:
            return f"{instant.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S} ({zone})"
        except (ValueError, KeyError, OSError):
            return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S} (UTC)"

    @property
    def why(self) -> str:
        """The last line of the error: of a traceback the one that says it."""
        lines = (self.run["error"] or "").strip().splitlines()
        return lines[-1][:LONGEST_LINE] if lines else self.run["error_kind"] or "未知错误"


def messages(alerts: Sequence[Alert]) -> Iterator[tuple[list[Alert], dict[str, Any]]]:
    """Results as scripts give them, of alerts of one kind, each with the alerts that it tells.

    One alone is told in full. Many become one message, or as many as their names need.
    """
    for part in _parts(alerts):
        if len(part) == 1:
            content = _alone(part[0])
        else:
            groups = _alike(part).items()
            content = "\n\n".join(_group(why, alike, len(part)) for why, alike in groups)
        yield part, {"msg_type": "markdown", "title": _title(part), "content": content}


def for_machine(message: Mapping[str, Any], alerts: Sequence[Alert]) -> dict[str, Any]:
    """The JSON that an address gets which is no robot's."""
    return {
        "kind": alerts[0].kind,
        "title": message["title"],
        "content": message["content"],
        "runs": [_facts(alert) for alert in alerts],
    }


def _facts(alert: Alert) -> dict[str, Any]:
    run = alert.run
    plain = ("task_id", "task_name", "tenant_id", "log_id", "trace_id", "status", "error_kind")
    return {
        **{key: run[key] for key in plain},
        "error": (run["error"] or "")[-LONGEST_ERROR:] or None,
        "output": _tail(run["output"]),
        "scheduled_for": _iso(run["scheduled_for"]),
        "finished_at": _iso(run["finished_at"]),
        "retry_count": run["retry_count"],
        "failures_in_row": alert.failures,
        "log_url": alert.link or None,
    }


def _iso(instant: datetime | None) -> str | None:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if instant else None


def _title(alerts: Sequence[Alert]) -> str:
    failed = alerts[0].kind == "alert"
    if len(alerts) == 1:
        return f"{'任务失败' if failed else '任务已恢复'}: {alerts[0].name}"
    return f"{len(alerts)} 次任务执行失败" if failed else f"{len(alerts)} 个任务已恢复"


def _alone(alert: Alert) -> str:
    lines = [f"**任务**: {alert.name}", f"**时间**: {alert.when}"]
    if alert.kind == "recovery":
        lines.append(f"本次执行成功,此前连续失败 {alert.failures} 次。")
    else:
        if alert.run["retry_count"]:
            lines.append(f"**尝试**: {alert.run['retry_count'] + 1} 次均失败")
        if alert.failures > 1:
            lines.append(f"**连续失败**: {alert.failures} 次")
        error = (alert.run["error"] or alert.why).strip()[-LONGEST_ERROR:]
        lines += ["", "**错误**:", "", _quoted(error)]
        if output := _tail(alert.run["output"]):
            lines += ["", "**输出末尾**:", "", _quoted(output)]
    if alert.link:
        lines += ["", f"[查看日志]({alert.link})"]
    return "\n".join(lines)


def _tail(output: str | None) -> str:
    return "\n".join((output or "").rstrip().splitlines()[-MOST_LINES:])[-LONGEST_OUTPUT:]


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.splitlines())


def _line(alert: Alert) -> str:
    name = f"[{alert.name}]({alert.link})" if alert.link else alert.name
    return f"{name} {alert.when}"


def _alike(alerts: Iterable[Alert]) -> dict[str, list[Alert]]:
    """By what went wrong; most first."""
    groups: dict[str, list[Alert]] = {}
    for alert in alerts:
        groups.setdefault(alert.why if alert.kind == "alert" else "", []).append(alert)
    return dict(sorted(groups.items(), key=lambda group: -len(group[1])))


def _group(why: str, alerts: Sequence[Alert], of: int) -> str:
    head = [f"**{len(alerts)} 次**: {why}", ""] if why else []
    if of <= MOST_LINKS:
        return "\n".join([*head, *(_line(alert) for alert in alerts)])
    names = Counter(alert.name for alert in alerts)
    told = "、".join(name if n == 1 else f"{name}(×{n})" for name, n in names.items())
    return "\n".join([*head, told])


def _parts(alerts: Sequence[Alert]) -> Iterator[list[Alert]]:
    """Alerts alike together, as many at a time as one message holds."""
    part: list[Alert] = []
    size, last = 0, ""
    for why, alike in _alike(alerts).items():
        for alert in alike:
            more = len(alert.name.encode()) + 8
            head = len(why.encode()) + 32
            if part and size + more + head * (why != last) > MOST_BYTES:
                yield part
                part, size, last = [], 0, ""
            size += more + head * (why != last)
            part, last = [*part, alert], why
    if part:
        yield part
