"""The events that AWS sends to the functions, made on one machine."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

_ARN = "arn:aws:local:local:000000000000"


def every_minute(now: datetime) -> dict[str, Any]:
    """An EventBridge rule's event (EventBridge user guide, "Scheduled event")."""
    stamp = f"{now:%Y-%m-%dT%H:%M:%SZ}"
    return {
        "version": "0",
        "id": f"tick-{stamp}",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "000000000000",
        "time": stamp,
        "region": "local",
        "resources": [f"{_ARN}:rule/dispatch"],
        "detail": {},
    }


def from_queue(messages: Sequence[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """An SQS batch (Lambda developer guide, "Using Lambda with Amazon SQS")."""
    return {
        "Records": [
            {
                "messageId": message_id,
                "receiptHandle": message_id,
                "body": json.dumps(body),
                "attributes": {},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": f"{_ARN}:runs",
                "awsRegion": "local",
            }
            for message_id, body in messages
        ]
    }
