"""Starts the sandbox function: one asynchronous invocation, for one tenant."""

from __future__ import annotations

import json
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient


class LaunchFailed(Exception):
    """The invocation was not taken; the same event may be tried again."""


class Launcher(Protocol):
    """What starts the sandbox."""

    def start(self, event: dict[str, Any], tenant: str) -> None:
        """Hand over the event and return; raises LaunchFailed if it was not taken."""
        ...


class LambdaLauncher:
    """Lambda's asynchronous Invoke; `TenantId` chooses the tenant's own environments."""

    def __init__(self, function: str) -> None:
        self._function = function
        self._making = Lock()

    def start(self, event: dict[str, Any], tenant: str) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self._client.invoke(
                FunctionName=self._function,
                InvocationType="Event",
                TenantId=tenant,
                Payload=json.dumps(event, separators=(",", ":"), allow_nan=False),
            )
        except ClientError as error:
            # `from None` and the code alone: the event holds a token, and texts may repeat it.
            code = error.response.get("Error", {}).get("Code", "unknown")
            raise LaunchFailed(f"Lambda refused the invocation: {code}") from None
        except BotoCoreError as error:
            raise LaunchFailed(f"Lambda was not reached: {type(error).__name__}") from None

    @property
    def _client(self) -> LambdaClient:
        # Making clients is not safe in threads, using one is.
        with self._making:
            return self._made_client

    @cached_property
    def _made_client(self) -> LambdaClient:
        import boto3
        from botocore.config import Config

        # A second try after a lost answer may start the event twice; its claim is won once.
        return boto3.client(
            "lambda",
            config=Config(
                connect_timeout=2,
                read_timeout=10,
                retries={"mode": "standard", "total_max_attempts": 3},
                max_pool_connections=50,
            ),
        )
