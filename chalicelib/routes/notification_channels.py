"""`/api/notification-channels`."""

from __future__ import annotations

from typing import Any

from chalice.app import Response

from chalicelib.domain.access import Role
from chalicelib.repositories.channels import ChannelFilter
from chalicelib.routes.answers import created, no_content
from chalicelib.routes.call import Call
from chalicelib.routes.http import Routes
from chalicelib.services import channels

routes = Routes(__name__)


@routes.get("/api/notification-channels")
def list_channels(call: Call) -> Any:
    wanted = ChannelFilter(
        tenant_id=call.tenant(),
        channel_type=call.text("channel_type"),
        is_enabled=call.flag("is_enabled"),
    )
    return channels.list_channels(call.platform, wanted, call.page())


@routes.post("/api/notification-channels", Role.editor)
def create_channel(call: Call) -> Response:
    return created(channels.create_channel(call.platform, call.principal, call.body()).shown())


@routes.get("/api/notification-channels/{channel_id}")
def get_channel(call: Call, channel_id: int) -> Any:
    return channels.get_channel(call.platform, call.principal, channel_id).shown()


@routes.put("/api/notification-channels/{channel_id}", Role.editor)
def update_channel(call: Call, channel_id: int) -> Any:
    changed = channels.update_channel(call.platform, call.principal, channel_id, call.body())
    return changed.shown()


@routes.delete("/api/notification-channels/{channel_id}", Role.editor)
def delete_channel(call: Call, channel_id: int) -> Response:
    channels.delete_channel(call.platform, call.principal, channel_id)
    return no_content()


@routes.post("/api/notification-channels/{channel_id}/test", Role.operator)
def test_channel(call: Call, channel_id: int) -> Any:
    """Send a test message and answer the robot's receipt."""
    return channels.test_channel(call.platform, call.principal, channel_id)
