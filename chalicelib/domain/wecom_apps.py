"""An application of WeCom: whose it is, and who gets its messages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from chalicelib.domain.channels import MASK
from chalicelib.domain.errors import FieldError, Wrong
from chalicelib.domain.tasks import Flag, Name, TenantId
from chalicelib.domain.text import Text

#: WeCom's own; an application of a private deployment has another.
API_BASE = "https://qyapi.weixin.qq.com"
_CORPID = re.compile(r"[A-Za-z0-9_-]{1,64}")
Receivers = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]


def check_corpid(value: str) -> str:
    """A company's id as WeCom gives it, without the blanks that were copied along."""
    value = value.strip()
    if not _CORPID.fullmatch(value):
        text = Text(
            "企业 ID 为 1 到 64 个字母、数字、_ 或 -;在「我的企业」页面底部复制",
            "a corpid has 1 to 64 letters, digits, _ or -; copy it from WeCom's company page",
        )
        raise Wrong(text)
    return value


class WecomAppFields(BaseModel):
    """What a user may set, besides the secret (WeCom 90236: `message/send`)."""

    # Errors are told without what was sent.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    tenant_id: TenantId | None = None
    app_name: Name
    corpid: Annotated[str, AfterValidator(check_corpid)]
    agentid: Annotated[int, Field(ge=0, le=2**31 - 1, strict=True)]
    touser: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)] | None = None
    toparty: Receivers | None = None
    totag: Receivers | None = None
    api_base: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] | None = None
    description: Annotated[str, StringConstraints(max_length=255)] | None = None
    is_enabled: Flag = True

    @property
    def base(self) -> str:
        return (self.api_base or API_BASE).rstrip("/")

    @property
    def receivers(self) -> dict[str, str]:
        """Those that are set; `@all` makes WeCom pass over the others."""
        named = {"touser": self.touser, "toparty": self.toparty, "totag": self.totag}
        return {field: value for field, value in named.items() if value}


class WecomAppSpec(WecomAppFields):
    """As it is sent; without a secret, or with its mask, a stored one stays."""

    secret: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] | None = None

    @property
    def new_secret(self) -> str | None:
        return self.secret if self.secret and self.secret != MASK else None


class WecomApp(WecomAppFields):
    """As it is stored."""

    id: int
    created_at: datetime
    updated_at: datetime

    def shown(self) -> dict[str, Any]:
        """As the API answers it: of the secret, that there is one."""
        return {**self.model_dump(), "secret": MASK}


def merged(app: WecomApp, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Changes laid over a stored application; what only the platform sets is left out."""
    own = WecomApp.model_fields.keys() - WecomAppFields.model_fields.keys()
    stored = app.model_dump(include=set(WecomAppFields.model_fields))
    return {**stored, **{key: value for key, value in changes.items() if key not in own}}


def receiver_errors(spec: WecomAppFields) -> list[FieldError]:
    """Somebody must get its messages, and WeCom takes so many at most."""
    errors = []
    if not spec.receivers:
        text = Text(
            "touser、toparty、totag 至少填写一个;发给所有人填 @all",
            "give at least one of touser, toparty, totag; @all in touser is everybody",
        )
        errors.append(FieldError("touser", text))
    for field, most in (("touser", 1000), ("toparty", 100), ("totag", 100)):
        if len((getattr(spec, field) or "").split("|")) > most:
            errors.append(FieldError(field, Text(f"最多 {most} 个", f"{most} at most")))
    return errors
