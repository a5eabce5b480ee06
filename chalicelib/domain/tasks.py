"""A task: what a user may set, and what is stored."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
)

from chalicelib.domain.errors import FieldError, Wrong
from chalicelib.domain.json_values import check_sound
from chalicelib.domain.messages.webhook import mask_webhook
from chalicelib.domain.requirements import check_requirements
from chalicelib.domain.schedule import Bounds, Schedule, parse
from chalicelib.domain.text import Text
from chalicelib.domain.workdays import Calendar

#: A tenant id is a Lambda TenantId (Invoke API: `[a-zA-Z0-9\._:\/=+\-@ ]+`) of at most 50, and
#: `_platform` stands for global tasks there. No blanks: they do not survive a careless copy.
TENANT_ID = re.compile(r"[A-Za-z0-9._:/=+\-@]{1,50}")
PLATFORM_TENANT = "_platform"
LONGEST_SCRIPT = 256 * 1024
LONGEST_PARAMS = 256 * 1024


SCHEDULE_FIELDS = (
    "schedule_type", "time_points", "cron_expression", "timezone", "calendar", "start_date",
    "end_date",
)  # fmt: skip


def check_tenant_id(value: str) -> str:
    if not TENANT_ID.fullmatch(value) or value == PLATFORM_TENANT:
        raise Wrong(
            Text(
                "租户ID为 1-50 个字符,只能含字母、数字和 . _ : / = + - @,且不能是 _platform",
                "a tenant id has 1 to 50 letters, digits or . _ : / = + - @, and is not _platform",
            )
        )
    return value


def check_size(source: str) -> str:
    """A script that a sandbox may be given; whether it is Python shows there."""
    if any("\ud800" <= char <= "\udfff" for char in source):
        raise Wrong(Text("脚本含有残缺的 Unicode 字符", "the script contains half characters"))
    if len(source.encode()) > LONGEST_SCRIPT:
        raise Wrong(Text("脚本不能超过 256 KB,请拆分", "a script has at most 256 KB; split it"))
    if not source.strip():
        raise Wrong(Text("脚本不能为空", "the script is empty; write at least one statement"))
    return source


def check_script(source: str) -> str:
    """A script that may be saved."""
    check_size(source)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(source, "<script>", "exec", dont_inherit=True)
    except SyntaxError as error:
        raise Wrong(
            Text(
                f"脚本第 {error.lineno} 行有语法错误: {error.msg}",
                f"syntax error in line {error.lineno} of the script: {error.msg}",
            )
        ) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise Wrong(
            Text(f"脚本无法编译: {error}", f"the script cannot be compiled: {error}")
        ) from error
    return source


def check_params(value: dict[str, Any]) -> dict[str, Any]:
    check_sound(value, Text("参数", "parameters"))
    if len(json.dumps(value, ensure_ascii=False).encode()) > LONGEST_PARAMS:
        raise Wrong(Text("参数不能超过 256 KB", "parameters have at most 256 KB"))
    return value


def flag_of_number(value: Any) -> Any:
    """The document's TINYINT(1): its clients send 1 and 0 for true and false."""
    return bool(value) if type(value) is int and value in (0, 1) else value


Flag = Annotated[StrictBool, BeforeValidator(flag_of_number)]
TenantId = Annotated[str, AfterValidator(check_tenant_id)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Key = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Script = Annotated[str, AfterValidator(check_script)]
Requirements = Annotated[
    str, StringConstraints(max_length=4000), AfterValidator(check_requirements)
]
Draft = Annotated[str, AfterValidator(check_size)]
ChannelIds = Annotated[list[int], Field(max_length=20)]
Params = Annotated[dict[str, Any], AfterValidator(check_params)]


class TaskSpec(BaseModel):
    """What a user may set. Rules of one field are here, rules across rows in the services."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tenant_id: TenantId | None = None
    task_name: Name
    task_desc: Annotated[str, StringConstraints(max_length=500)] | None = None
    schedule_type: Literal["simple", "cron"] = "simple"
    time_points: list[Any] | None = None
    cron_expression: Annotated[str, StringConstraints(max_length=100)] | None = None
    timezone: Annotated[str, StringConstraints(max_length=50)] = "Asia/Shanghai"
    execution_type: Literal["webhook", "script"] = "script"
    webhook_url: Annotated[str, StringConstraints(max_length=500)] | None = None
    script_content: Script | None = None
    script_deps: Requirements | None = None
    input_params: Params | None = None
    retry_count: Annotated[int, Field(ge=0, le=20, strict=True)] = 0
    retry_interval: Annotated[int, Field(ge=1, le=86400, strict=True)] = 60
    alert_on_failure: Flag = False
    alert_webhook: Annotated[str, StringConstraints(max_length=500)] | None = None
    notify_channels: ChannelIds | None = None
    notify_wecom_app_id: int | None = None
    is_enabled: Flag = True
    timeout_seconds: Annotated[int, Field(ge=1, le=840, strict=True)] = 300
    calendar: Calendar = "every_day"
    start_date: date | None = None
    end_date: date | None = None
    jitter_seconds: Annotated[int, Field(ge=0, le=3600, strict=True)] = 0
    missed_policy: Literal["run_once", "skip", "all"] = "run_once"
    missed_window_seconds: Annotated[int, Field(ge=60, le=30 * 86400, strict=True)] = 86400
    overlap_policy: Literal["skip", "allow", "queue"] = "skip"
    concurrency_key: Key | None = None
    retry_backoff: Literal["fixed", "exponential"] = "fixed"
    notify_when: Literal["always", "on_change", "on_failure"] = "always"
    alert_after_failures: Annotated[int, Field(ge=1, le=100, strict=True)] = 1
    alert_quiet_minutes: Annotated[int, Field(ge=0, le=7 * 1440, strict=True)] = 0

    @property
    def schedule_fields(self) -> tuple[Any, ...]:
        """All that decides when it is due."""
        return tuple(getattr(self, name) for name in SCHEDULE_FIELDS)

    @property
    def schedule(self) -> Schedule:
        """As it holds where a tenant has no working days of its own."""
        bounds = Bounds(self.calendar, self.start_date, self.end_date)
        points, expression = self.time_points, self.cron_expression
        return parse(self.schedule_type, points, expression, self.timezone, bounds)


@dataclass(frozen=True)
class Deps:
    """What `script_deps` come to: `ready` with a bundle's key, Python and packages, or `none`.

    `unbuilt` has a task that is older than bundles are; its next save makes one.
    """

    status: Literal["none", "ready", "unbuilt"]
    bundle: str | None = None
    python: str | None = None
    packages: list[dict[str, Any]] | None = None


NO_DEPS = Deps("none")


class Task(TaskSpec):
    """A task as it is stored."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: int
    owner: str | None
    version: int
    next_run_at: datetime | None
    last_run_at: datetime | None
    last_run_status: str | None
    last_run_message: str | None
    deps_status: Literal["none", "ready", "unbuilt"]
    deps_bundle: str | None
    deps_python: str | None
    deps_packages: list[dict[str, Any]] | None
    created_at: datetime | None
    updated_at: datetime | None

    @property
    def spec(self) -> dict[str, Any]:
        """The part that a user may set."""
        return self.model_dump(include=set(TaskSpec.model_fields))


def check_execution(spec: TaskSpec) -> Sequence[FieldError]:
    """A script task has a script, a webhook task an address."""
    if spec.execution_type == "script" and not spec.script_content:
        text = Text("脚本任务必须填写脚本", "a script task needs its script here")
        return [FieldError("script_content", text)]
    if spec.execution_type == "webhook" and not spec.webhook_url:
        text = Text("Webhook 任务必须填写地址", "a webhook task needs its address here")
        return [FieldError("webhook_url", text)]
    return []


def merged(task: Task, changes: Mapping[str, Any]) -> dict[str, Any]:
    """What a user sent laid over what is stored: fields that were not sent stay.

    What only the platform sets is left out, so that a task can be read, changed and sent back;
    so is an address that comes back masked.
    """
    kept = Task.model_fields.keys() - TaskSpec.model_fields.keys()
    if task.alert_webhook and changes.get("alert_webhook") == mask_webhook(task.alert_webhook):
        kept |= {"alert_webhook"}
    return {**task.spec, **{key: value for key, value in changes.items() if key not in kept}}
