"""Giving a file to WeCom before the message that shows it (99110, upload_media)."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Sequence
from urllib.parse import urlsplit

from chalicelib.domain.messages.model import Payload
from chalicelib.gateways.http import HttpFailed, Request, Response, fetch

_TIMEOUT_SECONDS = 30.0
_MAX_ANSWER_BYTES = 64 * 1024
_SEND, _UPLOAD = "/webhook/send", "/webhook/upload_media"


class NoMedia(Exception):
    """The file was not taken: by the robot's `answer`, or without one for the words of this."""

    def __init__(self, words: str, answer: Response | None = None, *, is_final: bool = False):
        super().__init__(words)
        self.answer = answer
        self.is_final = is_final


def with_media(webhook_url: str, payload: Payload, allow: Sequence[str]) -> Payload:
    """The payload with a `media_id` where it has a file's bytes; any other as it is.

    A file is `{"base64", "filename"}`; WeCom keeps it for three days. Raises NoMedia.
    `allow`: see `check_url`.
    """
    kind = str(payload.get("msgtype"))
    body = payload.get(kind)
    if kind not in {"file", "voice"} or not isinstance(body, dict) or "base64" not in body:
        return payload
    data = base64.b64decode(body["base64"])
    request = _request(_address(webhook_url, kind), data, str(body.get("filename") or kind))
    try:
        answer = fetch(
            request,
            allow=allow,
            timeout_seconds=_TIMEOUT_SECONDS,
            max_bytes=_MAX_ANSWER_BYTES,
            max_redirects=0,
        )
    except HttpFailed as failure:
        is_final = failure.kind in {"refused", "redirects"}
        raise NoMedia(f"文件上传失败: {failure.text.zh}", is_final=is_final) from None
    return {**payload, kind: {"media_id": _media_id(answer)}}


def _address(webhook_url: str, kind: str) -> str:
    parts = urlsplit(webhook_url)
    if not parts.path.endswith(_SEND):
        raise NoMedia(f"文件上传失败: Webhook 地址不以 {_SEND} 结尾", is_final=True)
    path = parts.path.removesuffix(_SEND) + _UPLOAD
    return parts._replace(path=path, query=f"{parts.query}&type={kind}").geturl()


def _request(url: str, data: bytes, filename: str) -> Request:
    boundary = secrets.token_hex(16)
    head = (
        f"--{boundary}\r\n"
        f'Content-Disposition: form-data; name="media"; filename="{filename}"; '
        f"filelength={len(data)}\r\n"
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    body = head.encode() + data + f"\r\n--{boundary}--\r\n".encode()
    return Request("POST", url, {"Content-Type": f"multipart/form-data; boundary={boundary}"}, body)


def _media_id(answer: Response) -> str:
    try:
        said = json.loads(answer.body)
    except (ValueError, RecursionError):
        raise NoMedia("", answer) from None
    media_id = said.get("media_id") if isinstance(said, dict) else None
    if not isinstance(media_id, str) or not media_id:
        # A file that was taken without a name for it cannot be sent.
        if isinstance(said, dict) and said.get("errcode") in {0, "0"}:
            raise NoMedia("文件上传失败: 没有返回 media_id", is_final=True)
        raise NoMedia("", answer)
    return media_id
