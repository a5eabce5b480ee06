"""Random tokens; the database keeps their hashes alone."""

from __future__ import annotations

import hashlib
import hmac
import secrets

#: A token has 256 bits of its own, so a plain hash of it cannot be searched back.
BYTES = 32


def new_token() -> str:
    return secrets.token_urlsafe(BYTES)


def hash_of(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def holds(token: str, token_hash: bytes | None) -> bool:
    """Whether this is the token of that hash, compared in constant time."""
    return token_hash is not None and hmac.compare_digest(hash_of(token), token_hash)
