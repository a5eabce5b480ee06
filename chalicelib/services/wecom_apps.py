"""WeCom's applications: what their owners do with them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from chalicelib.domain.access import Principal, tenant_of_new
from chalicelib.domain.egress import check_url
from chalicelib.domain.errors import Conflict, FieldError, Invalid, NotFound, Wrong
from chalicelib.domain.text import Text
from chalicelib.domain.validation import read
from chalicelib.domain.wecom_apps import (
    API_BASE,
    WecomApp,
    WecomAppSpec,
    merged,
    receiver_errors,
)
from chalicelib.gateways.wecom_app import STALE_TOKEN
from chalicelib.repositories import deliveries, wecom_apps
from chalicelib.repositories.database import Transaction
from chalicelib.repositories.deliveries import NewDelivery
from chalicelib.repositories.wecom_apps import SealedApp
from chalicelib.services import delivering, sending
from chalicelib.services.channels import TEST_MESSAGE, TEST_WAIT
from chalicelib.services.notifying import DELIVERY_LEASE
from chalicelib.services.pages import Page
from chalicelib.services.platform import Platform
from chalicelib.services.tenants import register
from chalicelib.services.waiting import wait_for
from chalicelib.services.wecom_tokens import context

_TENANT_STAYS = Text(
    "应用的租户不能更改;请在目标租户下新建应用",
    "an application stays with its tenant; make a new one for the other tenant",
)
_SECRET_NEEDED = Text(
    "请填写应用的 Secret(修改 corpid 或 api_base 时也要重新填写)",
    "give the application's secret; also when its corpid or api_base changes",
)


def list_apps(platform: Platform, tenant_id: str | None, page: Page) -> dict[str, Any]:
    with platform.database.transaction() as tx:
        found = wecom_apps.page(tx, tenant_id, offset=page.offset, limit=page.size)
        return page.answer([app.shown() for app in found], wecom_apps.count(tx, tenant_id))


def get_app(platform: Platform, principal: Principal, app_id: int) -> WecomApp:
    with platform.database.transaction() as tx:
        return _find(tx, principal, app_id).app


def create_app(platform: Platform, principal: Principal, sent: Mapping[str, Any]) -> WecomApp:
    wished = read(WecomAppSpec, sent)
    spec = wished.model_copy(update={"tenant_id": tenant_of_new(principal, wished.tenant_id)})
    _check(platform, spec, spec.new_secret is None)
    sealed = _sealed(platform, spec)
    with platform.database.transaction() as tx:
        register(tx, spec.tenant_id, platform.now())
        app_id = wecom_apps.add(tx, spec, sealed, platform.now())
        return _find(tx, principal, app_id).app


def update_app(
    platform: Platform, principal: Principal, app_id: int, changes: Mapping[str, Any]
) -> WecomApp:
    """Lay changes over an application; without a secret, or with its mask, the old one stays.

    Not where it would then be sent to another place than the one that it was given for.
    """
    with platform.database.transaction() as tx:
        before = _find(tx, principal, app_id, lock=True)
        spec = read(WecomAppSpec, merged(before.app, changes))
        if spec.tenant_id != before.app.tenant_id:
            raise Invalid(FieldError("tenant_id", _TENANT_STAYS))
        moved = (spec.corpid, spec.base) != (before.app.corpid, before.app.base)
        _check(platform, spec, moved and spec.new_secret is None)
        sealed = _sealed(platform, spec) if spec.new_secret else before.sealed
        wecom_apps.update(tx, app_id, spec, sealed, platform.now())
        return _find(tx, principal, app_id).app


def delete_app(platform: Platform, principal: Principal, app_id: int) -> None:
    """Delete an application that no task sends by."""
    with platform.database.transaction() as tx:
        _find(tx, principal, app_id, lock=True)
        if used := ", ".join(map(str, wecom_apps.tasks_of(tx, app_id))):
            raise Conflict(
                Text(
                    f"以下任务仍在使用该应用,请先从任务中移除: {used}",
                    f"these tasks still send by it; take it out of them first: {used}",
                ),
                code="wecom_app_in_use",
            )
        wecom_apps.delete(tx, app_id)


def test_app(platform: Platform, principal: Principal, app_id: int) -> dict[str, Any]:
    """Send a test message by the way that all messages go, and answer its receipt."""
    now = platform.now()
    with platform.database.transaction() as tx:
        app = _find(tx, principal, app_id).app
        if not app.is_enabled:
            raise Conflict(
                Text("应用已停用,请先启用", "the application is off; switch it on first")
            )
        delivery = NewDelivery(
            log_id=None,
            tenant_id=app.tenant_id,
            channel_id=None,
            channel_name=app.app_name,
            channel_type="wecom_app",
            uuid=uuid.uuid4().hex,
            title=str(TEST_MESSAGE["title"]),
            result=TEST_MESSAGE,
            kind="test",
            wecom_app_id=app.id,
        )
        made = deliveries.add(tx, delivery, now=now, lease_until=now + DELIVERY_LEASE)
        token = delivering.grant(tx, [made], now)
    event = {"kind": "deliver", "ids": [made], "token": token}
    platform.queue.send([sending.message(event, app.tenant_id, now, now)])
    return wait_for(
        platform,
        TEST_WAIT,
        lambda tx: deliveries.receipt(tx, made) or {},
        _is_final,
    )


def _is_final(receipt: dict[str, Any]) -> bool:
    """Final, or put off by WeCom; a token that it refused is replaced at once."""
    code = receipt["errcode"]
    return receipt["status"] != "pending" or (code is not None and code not in STALE_TOKEN)


def _find(tx: Transaction, principal: Principal, app_id: int, *, lock: bool = False) -> SealedApp:
    found = wecom_apps.get(tx, app_id, principal.tenant_id, lock=lock)
    if found is None:
        raise NotFound(Text(f"企微应用 {app_id} 不存在", f"WeCom app {app_id} does not exist"))
    return found


def _sealed(platform: Platform, spec: WecomAppSpec) -> str:
    return platform.cipher.seal(spec.new_secret or "", context(spec.tenant_id, spec.corpid))


def _check(platform: Platform, spec: WecomAppSpec, lacks_secret: bool) -> None:
    errors = receiver_errors(spec)
    if lacks_secret:
        errors.append(FieldError("secret", _SECRET_NEEDED))
    try:
        target = check_url(spec.base, platform.settings.egress_allow)
        # The secret goes there.
        if not target.allowed and target.origin != API_BASE:
            raise Wrong(
                Text(
                    f"只能是 {API_BASE};私有化部署的地址请管理员加入 EGRESS_ALLOW",
                    f"only {API_BASE}; have the administrator add another to EGRESS_ALLOW",
                )
            )
    except Wrong as wrong:
        errors.append(FieldError("api_base", wrong.text))
    if errors:
        raise Invalid(*errors)
