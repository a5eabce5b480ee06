"""AI providers: what a user may set, what is stored, and which of them a model's name chooses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from chalicelib.domain.ai import check_model, serves
from chalicelib.domain.channels import MASK
from chalicelib.domain.cipher import context_of
from chalicelib.domain.egress import check_url
from chalicelib.domain.errors import Wrong
from chalicelib.domain.tasks import Flag, Name, TenantId
from chalicelib.domain.text import Text

TABLE = "platform_ai_providers"
_KEY = re.compile(r"[\x21-\x7e]{1,500}")


def check_key(value: str) -> str:
    if not _KEY.fullmatch(value):
        raise Wrong(
            Text(
                "API 密钥为 1 到 500 个英文字符,不含空格;请重新复制",
                "an API key has 1 to 500 ASCII characters and no blanks; copy it again",
            )
        )
    return value


Key = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(check_key)]
Models = Annotated[
    list[Annotated[str, AfterValidator(check_model)]], Field(min_length=1, max_length=100)
]


class ProviderSpec(BaseModel):
    """What a user may set. `models` are names, or patterns with `*`, such as `gpt-*`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    tenant_id: TenantId | None = None
    name: Name
    base_url: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
    api_key: Key | None = Field(default=None, repr=False)
    models: Models
    is_enabled: Flag = True


@dataclass(frozen=True)
class Provider:
    """A provider as it is stored; one of the settings has no id, and its key as it is."""

    id: int | None
    tenant_id: str | None
    name: str
    base_url: str
    #: Sealed in the context `key_context`; in `plain_key` where it comes from the settings.
    sealed_key: str | None = field(repr=False)
    models: Sequence[str]
    is_enabled: bool = True
    created_at: datetime | None = None
    updated_at: datetime | None = None
    plain_key: str | None = field(default=None, repr=False)

    @property
    def is_own(self) -> bool:
        """Whether it is a tenant's own, at the tenant's expense."""
        return self.tenant_id is not None

    def shown(self) -> dict[str, Any]:
        """As the API answers it: never the key."""
        return {
            "id": self.id,
            "tenant_id": self.tenant_id,
            "name": self.name,
            "base_url": self.base_url,
            "api_key": MASK if self.sealed_key else None,
            "models": list(self.models),
            "is_enabled": self.is_enabled,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }


def key_context(tenant_id: str | None, base_url: str) -> str:
    """Where a key opens: for its tenant, and for the host that it was given for."""
    return context_of(TABLE, tenant_id, origin(base_url))


def origin(base_url: str) -> str:
    """`scheme://host[:port]` of a base URL that was checked before."""
    return check_url(base_url, [base_url]).origin


def check_base_url(url: str, allow: Sequence[str]) -> None:
    """Raise Wrong unless a provider may be asked there. `allow`: see `check_url`."""
    target = check_url(url, allow)
    if "?" in url or "#" in url:
        raise Wrong(
            Text(
                "接口地址不能带 ? 或 #,请填写到 /v1 为止,例如 https://api.deepseek.com/v1",
                "the base URL has no ? or #; it ends in /v1 as a rule, as in"
                " https://api.deepseek.com/v1",
            )
        )
    if target.scheme != "https" and not target.allowed:
        raise Wrong(
            Text(
                "接口地址须以 https:// 开头,否则密钥会以明文传输;内网服务请联系管理员加入白名单",
                "the base URL must begin with https://, else the key would be read on its way; an"
                " inside service needs the administrator's allow-list",
            )
        )


def chosen(providers: Iterable[Provider], model: str) -> Provider | None:
    """Who answers for a model: the tenant's own before the platform's; of these the one that
    names it before one whose pattern fits; of these the first given."""
    fitting = [one for one in providers if one.is_enabled and serves(one.models, model)]
    return min(fitting, key=lambda one: (not one.is_own, -serves(one.models, model)), default=None)


def served(providers: Iterable[Provider]) -> list[str]:
    """The names and patterns of models that somebody answers for."""
    return sorted({name for one in providers if one.is_enabled for name in one.models})
