"""Reading an image, file, voice or video: an address, its bytes, or a platform's media_id."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

from chalicelib.domain.errors import Wrong
from chalicelib.domain.messages.fields import require_address, text_of
from chalicelib.domain.messages.model import Media
from chalicelib.domain.text import Text

MEDIA_TYPES = ("image", "file", "voice", "video")
MEDIA_KEYS = frozenset({"base64", "path", "media_id", "filename"})
#: WeCom's limit of an image's bytes before base64 (91770).
MAX_IMAGE_BYTES = 2 << 20
_MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")


def read_media(fields: Mapping[str, Any]) -> Media:
    """Exactly one of `url` (or `pic_url`), `base64`, `media_id`; raises `Wrong`.

    A `path` is of the run's own folder, which is empty by now: the script's side has put
    `base64` in its place where it could.
    """
    url = (text_of(fields, "url") or text_of(fields, "pic_url")).strip()
    media_id, encoded = text_of(fields, "media_id").strip(), text_of(fields, "base64").strip()
    if text_of(fields, "path"):
        raise Wrong(
            Text(
                "path 指向的文件无法发送: 须为脚本能读取且不超过 700 KB 的文件,其余请上传后用 url",
                "The file at `path` cannot be sent: it must be one of at most 700 KB that the "
                "script can read; upload others and give a `url`",
            )
        )
    if sum(map(bool, (url, media_id, encoded))) != 1:
        raise Wrong(
            Text(
                "请在 url、base64、media_id 中填写且只填写一个",
                "Give exactly one of `url`, `base64` and `media_id`",
            )
        )
    # It goes into a header of the upload.
    filename = re.sub(r'[\x00-\x1f"\\/]+', "_", text_of(fields, "filename").strip())[-100:]
    if encoded:
        return Media(data=_decoded(encoded), filename=filename)
    return Media(require_address(url, "url") if url else "", media_id, filename=filename)


def require_image(data: bytes) -> bytes:
    """The bytes of a JPG or PNG of at most 2 MB; raises `Wrong` for others."""
    if not data.startswith(_MAGIC):
        raise Wrong(
            Text("base64 不是 JPG 或 PNG 图片", "`base64` is no image of kind JPG or PNG"),
        )
    if len(data) > MAX_IMAGE_BYTES:
        raise Wrong(
            Text(
                f"base64 图片有 {len(data)} 字节,超过 2 MB,请压缩",
                f"The image in `base64` has {len(data)} bytes, more than 2 MB; make it smaller",
            )
        )
    return data


def require_file(kind: str, data: bytes) -> bytes:
    """The bytes of a file that WeCom's robots take (99110): more than 5; AMR for a voice."""
    if len(data) <= 5:
        raise Wrong(Text("base64 文件须大于 5 字节", "A file in `base64` must have over 5 bytes"))
    if kind == "voice" and not data.startswith(b"#!AMR"):
        raise Wrong(Text("base64 不是 AMR 语音", "`base64` is no voice of kind AMR"))
    return data


def _decoded(encoded: str) -> bytes:
    try:
        # People paste what a browser gives them.
        return base64.b64decode("".join(encoded.rpartition(",")[2].split()), validate=True)
    except (binascii.Error, ValueError):
        raise Wrong(Text("base64 不是有效的 Base64 编码", "`base64` is not valid Base64")) from None
