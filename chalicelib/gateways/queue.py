"""The `runs` queue: messages that `launch` reads when they are due."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

#: The limits of SQS: SendMessageBatch in the SQS API reference.
MOST_DELAY_SECONDS = 900
MOST_PER_BATCH = 10
MOST_BYTES = 1024 * 1024
_GROUP_LENGTH = 128

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Message:
    """One message: its JSON body, the whole seconds until it may be read, whose it is."""

    body: dict[str, Any]
    delay_seconds: int
    group: str

    def __post_init__(self) -> None:
        if not 0 <= self.delay_seconds <= MOST_DELAY_SECONDS:
            raise ValueError(f"a delay is 0 to {MOST_DELAY_SECONDS} s, not {self.delay_seconds}")


class Queue(Protocol):
    """Where messages go."""

    def send(self, messages: Sequence[Message]) -> list[int]:
        """Send all; the indices of those that were not taken."""
        ...


def encode(message: Message) -> str:
    """The body as JSON in ASCII: SQS refuses some characters, and escaped JSON has none of them.

    Raises ValueError if it is larger than SQS takes (1 MiB).
    """
    body = json.dumps(message.body, separators=(",", ":"), allow_nan=False)
    if len(body) > MOST_BYTES:
        raise ValueError(f"a message is at most {MOST_BYTES} bytes, not {len(body)}")
    return body


def batches(bodies: Sequence[str]) -> Iterator[list[int]]:
    """The indices of the bodies in batches that SQS takes: ten, and 1 MiB together."""
    batch: list[int] = []
    size = 0
    for index, body in enumerate(bodies):
        if len(batch) == MOST_PER_BATCH or size + len(body) > MOST_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(index)
        size += len(body)
    if batch:
        yield batch


class NoQueue:
    """Where no queue is set, as under `chalice local`: rows wait for the tick of who has one.

    Without it boto3 would ask AWS, with whatever account the developer happens to be signed in.
    """

    def __init__(self) -> None:
        self._said = False

    def send(self, messages: Sequence[Message]) -> list[int]:
        """Take nothing."""
        if not self._said:
            self._said = True
            log.warning("no RUNS_QUEUE_URL: runs stay queued until a dispatcher with a queue ticks")
        return list(range(len(messages)))


class SqsQueue:
    """An SQS standard queue; the group makes it a fair one (no tenant waits for another's heap)."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._making = Lock()

    def send(self, messages: Sequence[Message]) -> list[int]:
        bodies = [encode(message) for message in messages]
        failed: list[int] = []
        for batch in batches(bodies):
            entries = [_entry(index, messages[index], bodies[index]) for index in batch]
            failed += self._send_batch(batch, entries)
        return sorted(failed)

    def _send_batch(
        self, batch: list[int], entries: list[SendMessageBatchRequestEntryTypeDef]
    ) -> list[int]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
        except (BotoCoreError, ClientError) as error:
            # The kind alone: the text of some of them repeats what was sent.
            log.warning(
                "batch not sent", extra={"messages": len(batch), "error": type(error).__name__}
            )
            return batch
        refused = answer.get("Failed", [])
        if refused:
            codes = sorted({entry["Code"] for entry in refused})
            log.warning("messages not taken", extra={"messages": len(refused), "codes": codes})
        return [int(entry["Id"]) for entry in refused]

    @property
    def _client(self) -> SQSClient:
        # Making clients is not safe in threads, using one is.
        with self._making:
            return self._made_client

    @cached_property
    def _made_client(self) -> SQSClient:
        import boto3
        from botocore.config import Config

        return boto3.client(
            "sqs",
            config=Config(
                connect_timeout=3,
                read_timeout=10,
                retries={"mode": "standard", "total_max_attempts": 3},
            ),
        )


def _entry(index: int, message: Message, body: str) -> SendMessageBatchRequestEntryTypeDef:
    entry: SendMessageBatchRequestEntryTypeDef = {
        "Id": str(index),
        "MessageBody": body,
        "DelaySeconds": message.delay_seconds,
    }
    if message.group:
        # A TenantId may hold a space, a MessageGroupId may not.
        entry["MessageGroupId"] = quote(message.group, safe="/:=+@")[:_GROUP_LENGTH]
    return entry
