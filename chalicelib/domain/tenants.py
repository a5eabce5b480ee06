"""A tenant and its configs: what may be set."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from chalicelib.domain import json_values
from chalicelib.domain.errors import Wrong
from chalicelib.domain.tasks import Flag, Name, TenantId
from chalicelib.domain.text import Text

#: Characters of an app's code and of a key; bytes of one value as JSON; configs of a tenant.
#: A page of a hundred stays far below what a Lambda function may answer (6 MB).
LONGEST_APP_CODE = 50
LONGEST_KEY = 100
LARGEST_VALUE = 16 * 1024
MOST_CONFIGS = 1000


#: Runs at once; 0 is no limit.
MaxRunning = Annotated[int, Field(ge=0, le=10_000, strict=True)]


class TenantSpec(BaseModel):
    """What the platform's administrators may set; without a name the id is the name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tenant_id: TenantId
    tenant_name: Name | None = None
    is_enabled: Flag = True
    max_running: MaxRunning | None = None


class TenantChange(BaseModel):
    """What may change of a tenant."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tenant_name: Name | None = None
    is_enabled: Flag | None = None
    max_running: MaxRunning | None = None


def check_app_code(value: Any) -> str:
    """An app's code that can be stored; raises Wrong."""
    return json_values.check_name(value, LONGEST_APP_CODE, Text("应用编码", "an app_code"))


def check_config_key(value: Any) -> str:
    """A config's key that can be stored; raises Wrong."""
    return json_values.check_name(value, LONGEST_KEY, Text("配置项名", "a config's key"))


def encoded(value: Any) -> str:
    """The JSON text of a config that can be stored; raises Wrong."""
    return json_values.encoded(value, LARGEST_VALUE, Text("配置的值", "a config's value"))


def check_room(configs: int) -> None:
    """Refuse one more config than a tenant may have; raises Wrong."""
    if configs > MOST_CONFIGS:
        raise Wrong(
            Text(
                f"每个租户最多 {MOST_CONFIGS} 项配置,请先删除不用的",
                f"a tenant has at most {MOST_CONFIGS} configs; delete what is not used any more",
            )
        )
