"""Data sources: what the platform's administrators do with them, and opening one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.access import Principal, require_platform
from chalicelib.domain.cipher import context_of
from chalicelib.domain.data_sources import (
    DataSource,
    DataSourceSpec,
    check_password,
    read_dsn,
    with_changes,
)
from chalicelib.domain.errors import Conflict, FieldError, Invalid, NotFound, Wrong
from chalicelib.domain.text import Language, Text
from chalicelib.domain.validation import read
from chalicelib.gateways.data_source import DataSourceFailed, Door, inspect
from chalicelib.repositories import data_sources
from chalicelib.repositories.database import Transaction
from chalicelib.services.pages import Page
from chalicelib.services.platform import Platform
from chalicelib.services.tenants import register

#: Where a DSN is sealed, with tenant and name (`repositories.sealed`).
_TABLE = "platform_data_sources"
_TENANT_STAYS = Text(
    "数据源的租户不能更改;请为目标租户新建数据源",
    "a data source stays with its tenant; make a new one for the other tenant",
)


def list_data_sources(
    platform: Platform, principal: Principal, tenant_id: str | None, page: Page
) -> dict[str, Any]:
    require_platform(principal)
    with platform.database.transaction() as tx:
        found = data_sources.page(tx, tenant_id, offset=page.offset, limit=page.size)
        return page.answer([one.shown() for one in found], data_sources.count(tx, tenant_id))


def get_data_source(platform: Platform, principal: Principal, source_id: int) -> DataSource:
    require_platform(principal)
    with platform.database.transaction() as tx:
        return _find(tx, source_id)


def create_data_source(
    platform: Platform, principal: Principal, sent: Mapping[str, Any]
) -> DataSource:
    """Store one whose account has been found to do nothing but read."""
    require_platform(principal)
    spec = read(DataSourceSpec, sent)
    try:
        check_password(spec.dsn)
    except Wrong as error:
        raise Invalid(FieldError("dsn", error.text)) from None
    values = _sealed(platform, spec)
    _check(platform, spec)
    try:
        with platform.database.transaction() as tx:
            register(tx, values["tenant_id"], platform.now())
            return _find(tx, data_sources.add(tx, values, platform.now()))
    except data_sources.Taken:
        raise Conflict(
            Text(
                "该租户已有数据源,请修改或先删除",
                "there is one of this tenant already; change it, or delete it first",
            ),
            code="data_source_exists",
        ) from None


def update_data_source(
    platform: Platform, principal: Principal, source_id: int, changes: Mapping[str, Any]
) -> DataSource:
    """Lay changes over one; a DSN that comes back masked stays as it is."""
    before = get_data_source(platform, principal, source_id)
    try:
        # Its key may be lost, and a whole DSN mends that.
        new = changes.get("dsn", before.dsn_shown) != before.dsn_shown
        merged = with_changes(before, "" if new else _dsn(platform, before), dict(changes))
    except Wrong as error:
        raise Invalid(FieldError("dsn", error.text)) from None
    spec = read(DataSourceSpec, merged)
    if spec.tenant_id != before.tenant_id:
        raise Invalid(FieldError("tenant_id", _TENANT_STAYS))
    values = _sealed(platform, spec)
    _check(platform, spec)
    with platform.database.transaction() as tx:
        data_sources.update(tx, source_id, values, platform.now())
        return _find(tx, source_id)


def delete_data_source(platform: Platform, principal: Principal, source_id: int) -> None:
    require_platform(principal)
    with platform.database.transaction() as tx:
        if not data_sources.delete(tx, source_id):
            raise _missing(source_id)


def test_data_source(
    platform: Platform, principal: Principal, source_id: int, language: Language
) -> dict[str, Any]:
    """Log in and tell what is found: `ok`, `server_version`, `grants`, `problems`."""
    source = get_data_source(platform, principal, source_id)
    door = door_of(platform, source)
    try:
        report = inspect(door, platform_tables(platform))
    except DataSourceFailed as error:
        problems = [error.text.in_(language)]
        return {"ok": False, "server_version": None, "grants": [], "problems": problems}
    return {
        "ok": not report.problems,
        "server_version": report.server_version,
        "grants": report.grants,
        "problems": [text.in_(language) for text in report.problems],
    }


def door_of(platform: Platform, source: DataSource) -> Door:
    """How this one is opened; raises CannotOpen, NoMasterKey."""
    dsn = read_dsn(_dsn(platform, source))
    return Door(dsn, source.tls_ca, platform.settings.data_source_allow)


def platform_tables(platform: Platform) -> list[str]:
    with platform.database.transaction() as tx:
        return data_sources.platform_tables(tx)


def _check(platform: Platform, spec: DataSourceSpec) -> None:
    """Raises Invalid where it cannot be opened, or its account may do more than read."""
    door = Door(read_dsn(spec.dsn), spec.tls_ca, platform.settings.data_source_allow)
    try:
        problems = inspect(door, platform_tables(platform)).problems
    except DataSourceFailed as error:
        problems = [error.text]
    if problems:
        raise Invalid(*(FieldError("dsn", problem) for problem in problems))


def _sealed(platform: Platform, spec: DataSourceSpec) -> dict[str, Any]:
    return {
        "tenant_id": spec.tenant_id,
        "name": spec.name,
        "dsn_sealed": platform.cipher.seal(spec.dsn, context_of(_TABLE, spec.tenant_id, spec.name)),
        "dsn_shown": read_dsn(spec.dsn).shown(),
        "tls_ca": spec.tls_ca,
    }


def _dsn(platform: Platform, source: DataSource) -> str:
    return platform.cipher.open(
        source.dsn_sealed, context_of(_TABLE, source.tenant_id, source.name)
    )


def _find(tx: Transaction, source_id: int) -> DataSource:
    source = data_sources.get(tx, source_id)
    if source is None:
        raise _missing(source_id)
    return source


def _missing(source_id: int) -> NotFound:
    return NotFound(Text(f"数据源 {source_id} 不存在", f"data source {source_id} does not exist"))
