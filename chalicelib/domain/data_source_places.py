"""Where data sources may be: on the public internet, or where the administrator allows."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from contextlib import suppress

from chalicelib.domain.addresses import is_global
from chalicelib.domain.data_sources import Dsn
from chalicelib.domain.errors import Wrong
from chalicelib.domain.text import Text


def check_place(dsn: Dsn, addresses: Sequence[str], allow: Sequence[str]) -> None:
    """Raises Wrong if the platform must not open this place, whose name has these addresses.

    `allow` has entries `host:port` (whatever its addresses are), networks as `10.0.0.0/8`, and
    paths of sockets. One that cannot be read admits nothing. All addresses have to be good.
    """
    if dsn.unix_socket:
        if dsn.unix_socket not in allow:
            raise _refused("unix_socket", dsn.unix_socket)
        return
    host = f"[{dsn.host}]" if ":" in dsn.host else dsn.host
    if f"{host}:{dsn.port}" in allow:
        return
    if not all(is_global(address) or _is_in(address, allow) for address in addresses):
        raise _refused(host, f"{host}:{dsn.port}")


def _is_in(address: str, allow: Sequence[str]) -> bool:
    for entry in allow:
        with suppress(ValueError):
            if ipaddress.ip_address(address) in ipaddress.ip_network(entry):
                return True
    return False


def _refused(what: str, entry: str) -> Wrong:
    return Wrong(
        Text(
            f"{what} 在内网或本机,不允许访问;确需访问时,请在部署设置 DATA_SOURCE_ALLOW 中"
            f"加入 {entry} 或其网段",
            f"{what} is not on the public internet; if it is meant, add {entry} or its network"
            " to the deployment's setting DATA_SOURCE_ALLOW",
        )
    )
