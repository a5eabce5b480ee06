"""The broker as a sandbox reaches it: a Lambda function, or a socket on one machine."""

from __future__ import annotations

import json
import socket
import struct
import threading
from typing import TYPE_CHECKING, Any, Protocol

from chalicelib.config import Settings

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient

#: Seconds for an answer; the broker's transactions take milliseconds.
_ANSWER_SECONDS = 30.0
_CONNECT_SECONDS = 5.0
#: Tries of one ask, with jittered waits between them, when Lambda throttles or breaks off.
_TRIES = 5
_LENGTH = struct.Struct(">I")
_MAX_FRAME = 64 << 20
#: Making clients is not safe in threads, and a script's calls are done by several.
_making = threading.Lock()


class BrokerRefused(Exception):
    """The broker's last word: wrong token or state. There is nothing more to do."""


class BrokerUnavailable(Exception):
    """There is no answer for now; every request may be asked again.

    `heard` is False where the broker cannot have begun on it.
    """

    def __init__(self, why: str, heard: bool = True) -> None:
        super().__init__(why)
        self.heard = heard


class Broker(Protocol):
    """Whom a sandbox asks for what only the platform has."""

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """The broker's answer; raises BrokerRefused, BrokerUnavailable."""
        ...

    def ask_once(self, request: dict[str, Any], answer_seconds: float) -> dict[str, Any]:
        """The same for what lasts long and had better not be done twice: sent once."""
        ...


def _checked(answer: Any) -> dict[str, Any]:
    """`answer` if it is a good one, else its error raised."""
    if not isinstance(answer, dict) or not isinstance(answer.get("ok"), bool):
        raise BrokerUnavailable("the broker's answer is none")
    if answer["ok"]:
        return answer
    error = answer.get("error") or {}
    message = f"{error.get('code')}: {error.get('message')}"
    if error.get("code") == "unavailable":
        raise BrokerUnavailable(message)
    raise BrokerRefused(message)


def _payload(request: dict[str, Any]) -> bytes:
    """JSON in few bytes: Lambda takes 6 MB, and escaped text takes up to three times its own."""
    try:
        return json.dumps(request, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        # Halves of characters, which UTF-8 has not.
        return json.dumps(request).encode("ascii")


class LambdaBroker:
    """Invokes the broker's function and waits for what it returns."""

    def __init__(self, function_name: str) -> None:
        self._function_name = function_name
        self._client: LambdaClient | None = None

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        return self._invoke(self._connected(), request)

    def ask_once(self, request: dict[str, Any], answer_seconds: float) -> dict[str, Any]:
        client = _client(answer_seconds, tries=1)
        try:
            return self._invoke(client, request)
        finally:
            client.close()

    def _invoke(self, client: LambdaClient, request: dict[str, Any]) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = client.invoke(FunctionName=self._function_name, Payload=_payload(request))
            payload = json.loads(answer["Payload"].read())
        except (BotoCoreError, ClientError, ValueError) as error:
            # Its text may quote the payload, and with it the token.
            raise BrokerUnavailable(type(error).__name__, heard=_was_heard(error)) from None
        if "FunctionError" in answer:
            raise BrokerUnavailable("the broker's function failed")
        return _checked(payload)

    def _connected(self) -> LambdaClient:
        if self._client is None:
            self._client = _client(_ANSWER_SECONDS, _TRIES)
        return self._client


def _client(answer_seconds: float, tries: int) -> LambdaClient:
    # Loaded at the first ask, so that importing this module costs a cold start nothing.
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=answer_seconds,
        # "standard" repeats throttles and lost answers with jitter (boto3, Retries).
        retries={"mode": "standard", "total_max_attempts": tries},
        # A connection that is silent for minutes is forgotten on the way (NAT: 350 s).
        tcp_keepalive=True,
    )
    with _making:
        return boto3.client("lambda", config=config)


def _was_heard(error: Exception) -> bool:
    """Whether the function may have been started: not if Lambda was not reached or throttles."""
    from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError

    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
        return status >= 500
    return not isinstance(error, ConnectTimeoutError | EndpointConnectionError)


class SocketBroker:
    """One connection per ask; frames of four bytes of length, big-endian, and JSON."""

    def __init__(self, path: str, answer_seconds: float = _ANSWER_SECONDS) -> None:
        self._path = path
        self._answer_seconds = answer_seconds

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        return self.ask_once(request, self._answer_seconds)

    def ask_once(self, request: dict[str, Any], answer_seconds: float) -> dict[str, Any]:
        body = json.dumps(request).encode("ascii")
        is_connected = False
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
                sock.settimeout(answer_seconds)
                sock.connect(self._path)
                is_connected = True
                sock.sendall(_LENGTH.pack(len(body)) + body)
                answer = json.loads(_read_frame(sock))
        except (OSError, EOFError, ValueError) as error:
            raise BrokerUnavailable(type(error).__name__, heard=is_connected) from None
        return _checked(answer)


def _read_frame(sock: socket.socket) -> bytes:
    (size,) = _LENGTH.unpack(_read(sock, _LENGTH.size))
    if size > _MAX_FRAME:
        raise EOFError(f"a frame of {size} bytes")
    return _read(sock, size)


def _read(sock: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        part = sock.recv(min(size - len(data), 1 << 18))
        if not part:
            raise EOFError("the broker hung up")
        data += part
    return bytes(data)


def broker_from(settings: Settings) -> Broker:
    """The broker that the settings name; the socket stands in for the function."""
    if settings.broker_socket:
        return SocketBroker(settings.broker_socket)
    return LambdaBroker(settings.broker_function)
