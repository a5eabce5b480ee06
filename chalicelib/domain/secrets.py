"""A secret: a value that scripts ask for by name and that the API never answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from chalicelib.domain.errors import Wrong
from chalicelib.domain.tasks import Flag, TenantId
from chalicelib.domain.text import Text

#: Characters of a value. A shorter one would be found all over a log that hides it.
SHORTEST_VALUE = 6
#: Bytes of a value in UTF-8: a private key of 16,384 bits in PEM takes 13 KB.
LARGEST_VALUE = 16 * 1024
_KEY = re.compile(r"[A-Za-z0-9_.-]{1,100}")


def check_key(key: Any) -> str:
    """A name that a secret can have; raises Wrong."""
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise Wrong(
            Text(
                "密钥名为 1 到 100 个字符,只能含字母、数字和 _ . -",
                "a secret's name has 1 to 100 letters, digits or _ . -",
            )
        )
    return key


def check_value(value: Any) -> str:
    """A value that can be kept and hidden; raises Wrong, whose words never repeat it."""
    if not isinstance(value, str) or any("\ud800" <= char <= "\udfff" for char in value):
        raise Wrong(Text("密钥的值须为文本", "a secret's value is text"))
    if len(value.strip()) < SHORTEST_VALUE:
        raise Wrong(
            Text(
                f"密钥的值至少 {SHORTEST_VALUE} 个字符(不计首尾空白),否则无法在日志中遮盖",
                f"a secret's value has at least {SHORTEST_VALUE} characters, not counting blanks"
                " around it; a shorter one cannot be hidden in logs",
            )
        )
    if len(value.encode()) > LARGEST_VALUE:
        raise Wrong(
            Text(
                f"密钥的值最多 {LARGEST_VALUE // 1024} KB",
                f"a secret's value has at most {LARGEST_VALUE // 1024} KB",
            )
        )
    return value


Value = Annotated[str, AfterValidator(check_value)]


class SecretFields(BaseModel):
    """What a user may set, besides the value."""

    # Errors are told without what was sent.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    tenant_id: TenantId | None = None
    secret_key: Annotated[str, AfterValidator(check_key)]
    description: Annotated[str, StringConstraints(max_length=255)] | None = None
    is_shared: Flag = False


class NewSecret(SecretFields):
    """A secret to be made."""

    value: Value


class ChangedSecret(SecretFields):
    """A secret as it is to be; without a value the old one stays."""

    value: Value | None = None


class Secret(SecretFields):
    """A secret as it is stored, but for its value."""

    id: int
    created_at: datetime
    updated_at: datetime
    updated_by: str


def changed(secret: Secret, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Changes laid over a secret; what only the platform sets is left out, so that one can be
    read, changed and sent back."""
    own = (Secret.model_fields.keys() - SecretFields.model_fields.keys()) | {"is_readable"}
    before = secret.model_dump(include=set(SecretFields.model_fields))
    return {**before, **{field: value for field, value in changes.items() if field not in own}}
