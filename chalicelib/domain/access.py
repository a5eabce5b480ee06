"""Who asks, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from chalicelib.domain.errors import Forbidden
from chalicelib.domain.text import Text


class Role(IntEnum):
    """Each may do what those before it may."""

    viewer = 1  # reads
    operator = 2  # runs, cancels, switches on and off
    editor = 3  # makes, changes and deletes
    admin = 4  # hands out keys


@dataclass(frozen=True)
class Principal:
    """The holder of a key. `tenant_id` None is the platform, which sees every tenant."""

    key_id: int
    name: str
    tenant_id: str | None
    role: Role

    @property
    def is_platform(self) -> bool:
        return self.tenant_id is None


def require(principal: Principal, role: Role) -> None:
    if principal.role < role:
        raise Forbidden(
            Text(
                f"该操作需要 {role.name} 及以上角色,当前密钥的角色是 {principal.role.name}",
                f"this needs the role {role.name} or above; your key's is {principal.role.name}",
            )
        )


def require_platform(principal: Principal) -> None:
    """Raises Forbidden for the key of a tenant."""
    if not principal.is_platform:
        raise Forbidden(
            Text(
                "该操作需要平台密钥,租户密钥无权使用",
                "this needs a key of the platform; yours is a tenant's",
            )
        )


def tenant_of_new(principal: Principal, wished: str | None) -> str | None:
    """The tenant that a new row belongs to: a tenant's key makes rows of its own tenant alone."""
    if principal.is_platform:
        return wished
    if wished not in (None, principal.tenant_id):
        raise Forbidden(
            Text(
                "租户密钥只能操作本租户的数据;请去掉 tenant_id 或填写本租户的 ID",
                "a tenant's key works on its own tenant; leave tenant_id out or give your own",
            )
        )
    return principal.tenant_id
