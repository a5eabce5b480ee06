"""A channel: where messages go."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

from chalicelib.domain.messages.webhook import mask_webhook
from chalicelib.domain.tasks import Flag, Name, TenantId

#: Stands for a secret that is set; sent back, it leaves the secret as it is.
MASK = "********"


class ChannelSpec(BaseModel):
    """What a user may set."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tenant_id: TenantId | None = None
    channel_name: Name
    channel_type: Literal["dingtalk_bot", "wecom_bot"]
    webhook_url: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)
    ]
    sign_secret: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] | None = (
        None
    )
    description: Annotated[str, StringConstraints(max_length=255)] | None = None
    is_enabled: Flag = True


class Channel(ChannelSpec):
    """A channel as it is stored."""

    id: int
    created_at: datetime | None
    updated_at: datetime | None

    @property
    def spec(self) -> dict[str, Any]:
        """The part that a user may set."""
        return self.model_dump(include=set(ChannelSpec.model_fields))

    def shown(self) -> dict[str, Any]:
        """As the API answers it: the token in the address and the secret are masked."""
        return {
            **self.model_dump(),
            "webhook_url": mask_webhook(self.webhook_url),
            "sign_secret": MASK if self.sign_secret else None,
        }


def unmasked(channel: Channel, changes: dict[str, Any]) -> dict[str, Any]:
    """Changes laid over a stored channel; what comes back masked is left as it was.

    What only the platform sets is left out, so that a channel can be read, changed and sent back.
    """
    own = Channel.model_fields.keys() - ChannelSpec.model_fields.keys()
    kept = own | {
        field
        for field, mask in channel.shown().items()
        if field in ("webhook_url", "sign_secret") and mask and changes.get(field) == mask
    }
    return {**channel.spec, **{k: v for k, v in changes.items() if k not in kept}}
