"""A data source: the database that the scripts of a tenant, or of the platform, may read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal, get_args
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from chalicelib.domain.addresses import normal_host
from chalicelib.domain.channels import MASK
from chalicelib.domain.errors import Wrong
from chalicelib.domain.tasks import Name, TenantId
from chalicelib.domain.text import Text

#: Encrypted and believed only with a good certificate; encrypted; or in the clear.
Tls = Literal["verify", "require", "off"]
DEFAULT_PORT = 3306


@dataclass(frozen=True)
class Dsn:
    """Where a database is and who reads it; read by `read_dsn`."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str
    tls: Tls = "require"
    #: The path of a socket on this machine, in place of host and port.
    unix_socket: str | None = None

    def text(self, password: str) -> str:
        """The DSN in its one form, with this password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        options: dict[str, str] = {"tls": self.tls}
        if self.unix_socket:
            options["unix_socket"] = self.unix_socket
        login = f"{quote(self.user, safe='')}:{quote(password, safe='*')}"
        place = f"{host}:{self.port}/{quote(self.database, safe='')}"
        return f"mysql://{login}@{place}?{urlencode(options, safe='/')}"

    def shown(self) -> str:
        """The DSN as the API answers it."""
        return self.text(MASK)


def read_dsn(text: str) -> Dsn:
    """Read `mysql://user:password@host:port/database?tls=require`; raises Wrong.

    `tls`: `require` (if not given), `verify` or `off`. `unix_socket=/path` instead of a host is
    in the clear. User, password and database are percent-encoded where they have to be.
    """
    try:
        parts = urlsplit(text)
        port = parts.port or DEFAULT_PORT
        options = dict(parse_qsl(parts.query, strict_parsing=True)) if parts.query else {}
    except ValueError:
        # The cause may quote the password.
        raise _wrong() from None
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    database = unquote(parts.path.removeprefix("/"))
    is_whole = parts.scheme == "mysql" and user and database and not parts.fragment
    if not is_whole or any(not part.isprintable() for part in (user, password, database)):
        raise _wrong()
    path = options.pop("unix_socket", None)
    tls = options.pop("tls", "off" if path else "require")
    if options or tls not in get_args(Tls) or (path is not None and not path.startswith("/")):
        raise _wrong_options()
    host = "localhost" if path else _host(parts)
    return Dsn(host, port, user, password, database, tls, path)  # type: ignore[arg-type]


def _host(parts: SplitResult) -> str:
    if not parts.hostname:
        raise _wrong()
    return normal_host(f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname)


def _wrong() -> Wrong:
    return Wrong(
        Text(
            "须为 mysql://用户:密码@主机:端口/数据库 的形式,其中的特殊字符须百分号编码"
            "(例如 @ 写作 %40)",
            "must be mysql://user:password@host:port/database, with special characters"
            " percent-encoded (@ as %40)",
        )
    )


def _wrong_options() -> Wrong:
    return Wrong(
        Text(
            "? 之后只能有 tls=require、tls=verify、tls=off,或 unix_socket=/路径",
            "after the ? there may be tls=require, tls=verify or tls=off, or unix_socket=/path",
        )
    )


def _check_dsn(text: str) -> str:
    read_dsn(text)
    return text


class DataSourceSpec(BaseModel):
    """What an administrator may set. `tls_ca`: certificates in PEM that `tls=verify` believes
    in place of the usual ones."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tenant_id: TenantId | None = None
    name: Name
    dsn: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=1000),
        AfterValidator(_check_dsn),
    ]
    tls_ca: Annotated[str, StringConstraints(max_length=262_144)] | None = None


@dataclass(frozen=True)
class DataSource:
    """A data source as it is stored: its DSN sealed, and beside it what may be shown of it."""

    id: int
    tenant_id: str | None
    name: str
    dsn_sealed: str = field(repr=False)
    dsn_shown: str
    tls_ca: str | None
    created_at: datetime
    updated_at: datetime

    def shown(self) -> dict[str, Any]:
        """As the API answers it."""
        return {
            "id": self.id,
            "tenant_id": self.tenant_id,
            "name": self.name,
            "dsn": self.dsn_shown,
            "tls_ca": self.tls_ca,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }


def with_changes(stored: DataSource, dsn: str, changes: dict[str, Any]) -> dict[str, Any]:
    """Changes laid over a stored one whose real DSN is `dsn`; one that is sent back as it was
    shown stays. Raises Wrong for any other with the mask as its password: it would take the
    stored password to another place.
    """
    own = {"id", "created_at", "updated_at"}
    kept = {"tenant_id": stored.tenant_id, "name": stored.name, "tls_ca": stored.tls_ca}
    merged = {**kept, "dsn": dsn, **{k: v for k, v in changes.items() if k not in own}}
    if merged["dsn"] == stored.dsn_shown:
        merged["dsn"] = dsn
    check_password(merged["dsn"])
    return merged


def check_password(dsn: Any) -> None:
    """Raises Wrong where the mask stands in for the password."""
    if isinstance(dsn, str) and f":{MASK}@" in dsn:
        raise Wrong(Text("请填写真实的密码", "give the password itself, not its mask"))
