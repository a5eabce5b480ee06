"""Channels: what their owners do with them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from chalicelib.domain.access import Principal, tenant_of_new
from chalicelib.domain.channels import MASK, Channel, ChannelSpec, unmasked
from chalicelib.domain.errors import Conflict, FieldError, Invalid, NotFound, Wrong
from chalicelib.domain.messages.webhook import check_webhook
from chalicelib.domain.text import Text
from chalicelib.domain.validation import read
from chalicelib.repositories import channels, deliveries, tasks
from chalicelib.repositories.channels import ChannelFilter
from chalicelib.repositories.database import Transaction
from chalicelib.repositories.deliveries import NewDelivery
from chalicelib.services import delivering, sending
from chalicelib.services.notifying import DELIVERY_LEASE
from chalicelib.services.pages import Page
from chalicelib.services.platform import Platform
from chalicelib.services.tenants import register
from chalicelib.services.waiting import wait_for

TEST_MESSAGE = {
    "msg_type": "markdown",
    "title": "准点 · 渠道测试",
    "content": "这是一条来自**准点**的测试消息,收到即表示渠道可用。\n\nThis channel works.",
}
#: How long a test waits for the robot's answer.
TEST_WAIT = timedelta(seconds=20)


def list_channels(platform: Platform, wanted: ChannelFilter, page: Page) -> dict[str, Any]:
    with platform.database.transaction() as tx:
        found = channels.page(tx, wanted, offset=page.offset, limit=page.size)
        return page.answer([channel.shown() for channel in found], channels.count(tx, wanted))


def get_channel(platform: Platform, principal: Principal, channel_id: int) -> Channel:
    with platform.database.transaction() as tx:
        return _find(tx, principal, channel_id)


def create_channel(platform: Platform, principal: Principal, sent: Mapping[str, Any]) -> Channel:
    wished = read(ChannelSpec, sent)
    spec = wished.model_copy(update={"tenant_id": tenant_of_new(principal, wished.tenant_id)})
    _check(platform, spec)
    with platform.database.transaction() as tx:
        register(tx, spec.tenant_id, platform.now())
        return _find(tx, principal, channels.add(tx, spec, platform.now()))


def update_channel(
    platform: Platform, principal: Principal, channel_id: int, changes: Mapping[str, Any]
) -> Channel:
    """Lay changes over a channel; secrets that come back masked stay as they are."""
    with platform.database.transaction() as tx:
        before = _find(tx, principal, channel_id, lock=True)
        spec = read(ChannelSpec, unmasked(before, dict(changes)))
        if spec.tenant_id != before.tenant_id:
            raise Invalid(FieldError("tenant_id", _TENANT_STAYS))
        _check(platform, spec)
        channels.update(tx, channel_id, spec, platform.now())
        return _find(tx, principal, channel_id)


_TENANT_STAYS = Text(
    "渠道的租户不能更改;请在目标租户下新建渠道",
    "a channel stays with its tenant; make a new one for the other tenant",
)


def delete_channel(platform: Platform, principal: Principal, channel_id: int) -> None:
    """Delete a channel that no task sends to; else somebody would wait for messages in vain."""
    with platform.database.transaction() as tx:
        _find(tx, principal, channel_id, lock=True)
        # A global task may use it too; its name is not the tenant's to read.
        used = ", ".join(
            f"{row['id']} {row['task_name']}"
            if principal.tenant_id in (None, row["tenant_id"])
            else f"{row['id']}"
            for row in tasks.using(tx, channel_id)
        )
        if used:
            raise Conflict(
                Text(
                    f"以下任务仍在使用该渠道,请先从任务中移除: {used}",
                    f"these tasks still send to it; take it out of them first: {used}",
                ),
                code="channel_in_use",
            )
        channels.delete(tx, channel_id)


def test_channel(platform: Platform, principal: Principal, channel_id: int) -> dict[str, Any]:
    """Send a test message by the way that all messages go, and answer its receipt."""
    now = platform.now()
    with platform.database.transaction() as tx:
        channel = _find(tx, principal, channel_id)
        if not channel.is_enabled:
            raise Conflict(Text("渠道已停用,请先启用", "the channel is off; switch it on first"))
        delivery = NewDelivery(
            log_id=None,
            tenant_id=channel.tenant_id,
            channel_id=channel.id,
            channel_name=channel.channel_name,
            channel_type=channel.channel_type,
            uuid=uuid.uuid4().hex,
            title=TEST_MESSAGE["title"],
            result=TEST_MESSAGE,
            kind="test",
        )
        delivery_id = deliveries.add(tx, delivery, now=now, lease_until=now + DELIVERY_LEASE)
        event = {
            "kind": "deliver",
            "ids": [delivery_id],
            "token": delivering.grant(tx, [delivery_id], now),
        }
    platform.queue.send([sending.message(event, channel.tenant_id, now, now)])
    return wait_for(platform, TEST_WAIT, lambda tx: _receipt(tx, delivery_id), _is_final)


def _receipt(tx: Transaction, delivery_id: int) -> dict[str, Any]:
    return deliveries.receipt(tx, delivery_id) or {}


def _is_final(receipt: dict[str, Any]) -> bool:
    """Final, or put off by the robot's rate: then there is no use in waiting."""
    return receipt["status"] != "pending" or receipt["errcode"] is not None


def _find(tx: Transaction, principal: Principal, channel_id: int, *, lock: bool = False) -> Channel:
    channel = channels.get(tx, channel_id, principal.tenant_id, lock=lock)
    if channel is None:
        raise NotFound(Text(f"渠道 {channel_id} 不存在", f"channel {channel_id} does not exist"))
    return channel


def _check(platform: Platform, spec: ChannelSpec) -> None:
    if spec.sign_secret == MASK:
        text = Text("请填写真实的加签密钥", "give the secret itself, not its mask")
        raise Invalid(FieldError("sign_secret", text))
    try:
        check_webhook(spec.channel_type, spec.webhook_url, platform.settings.egress_allow)
    except Wrong as error:
        raise Invalid(FieldError("webhook_url", error.text)) from error
