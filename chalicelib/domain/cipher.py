"""Sealing what must not be read in a copy of the database, under master keys that are elsewhere."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.domain.errors import Unavailable, Wrong
from chalicelib.domain.text import Text

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

#: AES-256 (FIPS 197), and GCM's own length of a nonce and of a tag (NIST SP 800-38D §5.2.1).
KEY_BYTES, _NONCE_BYTES, _TAG_BYTES = 32, 12, 16
_KEY = re.compile(r"([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/]+=*)")

_UNSET = Text(
    "MASTER_KEYS 或 MASTER_KEYS_SECRET 未设置",
    "MASTER_KEYS or MASTER_KEYS_SECRET is not set",
)


class NoMasterKey(Unavailable):
    """No master key is set, or they cannot be read, so nothing can be sealed or opened."""

    code = "no_master_key"

    def __init__(self, why: Text = _UNSET) -> None:
        super().__init__(
            Text(
                f"平台没有可用的主密钥,无法保存或读取加密的内容;请联系管理员。{why.zh}",
                "the platform has no master key, so nothing can be kept encrypted; tell its"
                f" administrator. {why.en}",
            )
        )


class CannotOpen(Unavailable):
    """Something sealed cannot be opened: its key is lost, or it is not what was sealed there."""

    code = "cannot_open"


def read_keys(text: str) -> dict[str, bytes]:
    """The keys of `id:base64 id:base64 …`, first the one that seals; raises Wrong.

    An id has 1 to 32 of `A-Za-z0-9_-`, a key is the base64 of 32 bytes. Words never hold a key.
    """
    keys: dict[str, bytes] = {}
    for number, entry in enumerate(text.split(), start=1):
        match = _KEY.fullmatch(entry)
        key = _decoded(match[2]) if match else None
        if match is None or key is None or len(key) != KEY_BYTES or match[1] in keys:
            raise Wrong(
                Text(
                    f"第 {number} 个主密钥有误:应为 编号:base64(32 字节),编号不重复",
                    f"master key {number} is wrong: it must be id:base64 of {KEY_BYTES} bytes,"
                    " each id once",
                )
            )
        keys[match[1]] = key
    return keys


def new_key() -> str:
    """A new master key as `read_keys` reads it, with a random id: a lost one is told apart."""
    key = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode("ascii")
    return f"{secrets.token_hex(4)}:{key}"


class Cipher:
    """AES-256-GCM. `source` gives the keys' text, and is asked when the first one is needed.

    A sealed text is `<key id>.<base64url of nonce, ciphertext and tag>`. Its context (table,
    tenant and name of the row) is authenticated with it, so a copy in another row does not open.
    """

    def __init__(self, source: Callable[[], str] = str) -> None:
        self._source = source

    @cached_property
    def _keys(self) -> Mapping[str, bytes]:
        try:
            keys = read_keys(self._source())
        except Wrong as error:
            raise NoMasterKey(error.text) from None
        if not keys:
            raise NoMasterKey
        return keys

    @property
    def key_id(self) -> str:
        """The id of the key that seals; raises NoMasterKey."""
        return next(iter(self._keys))

    def seal(self, text: str, context: str) -> str:
        """Encrypt under the first key; ASCII, a third longer than the text. Raises NoMasterKey."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = _gcm(self._keys[self.key_id]).encrypt(nonce, text.encode(), context.encode())
        return f"{self.key_id}.{base64.urlsafe_b64encode(nonce + sealed).decode('ascii')}"

    def open(self, sealed: str, context: str) -> str:
        """What was sealed in this context; raises CannotOpen or NoMasterKey."""
        from cryptography.exceptions import InvalidTag

        key_id, _, body = sealed.partition(".")
        if key_id not in self._keys:
            raise CannotOpen(
                Text(
                    f"加密所用的主密钥 {key_id[:32]!r} 已不在配置中,无法解密",
                    f"it is sealed under the master key {key_id[:32]!r}, which is not set any more",
                )
            )
        data = _decoded(body, altchars=b"-_") or b""
        try:
            if len(data) < _NONCE_BYTES + _TAG_BYTES:
                raise InvalidTag
            nonce, rest = data[:_NONCE_BYTES], data[_NONCE_BYTES:]
            return _gcm(self._keys[key_id]).decrypt(nonce, rest, context.encode()).decode()
        except InvalidTag:
            raise CannotOpen(
                Text(
                    "密文与主密钥或所在位置不符,无法解密",
                    "it was sealed under another key or in another place, or was changed",
                )
            ) from None

    def can_open(self, sealed: str) -> bool:
        """Whether the key is there that it was sealed under; nothing is decrypted."""
        try:
            return sealed.partition(".")[0] in self._keys
        except NoMasterKey:
            return False


def context_of(table: str, tenant_id: str | None, name: str) -> str:
    """The place of a row, as no other row can spell it: neither ids nor tables hold a newline."""
    return f"{table}\n{'_platform' if tenant_id is None else tenant_id}\n{name}"


def _gcm(key: bytes) -> AESGCM:
    # Loaded when first used: most calls need no secret, and it takes 20 ms of a cold start.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)


def _decoded(text: str, altchars: bytes | None = None) -> bytes | None:
    """The bytes of base64, if that is how they are spelled; there are others that decode too."""
    try:
        data = base64.b64decode(text, altchars, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if base64.b64encode(data, altchars).decode("ascii") == text else None
