"""Hosts as people write them, and which addresses are on the public internet."""

from __future__ import annotations

import ipaddress
import re

import idna

from chalicelib.domain.errors import Wrong
from chalicelib.domain.text import Text

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_TEREDO = ipaddress.IPv6Network("2001::/32")
_UNICAST = ipaddress.IPv6Network("2000::/3")
#: Python calls these global: the relays of 6to4 (RFC 7526) and Azure's host agent.
_NOT_FOR_US = (ipaddress.IPv4Network("192.88.99.0/24"), ipaddress.IPv4Network("168.63.129.16/32"))


def is_global(address: str) -> bool:
    """Whether an IPv4 or IPv6 address is unicast on the public internet.

    An IPv4 address inside an IPv6 one (mapped, 6to4, NAT64, Teredo) is what counts, since
    that is where the packets go. What is no address at all is not global.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv4Address):
        return _is_global_v4(parsed)
    inner = _embedded(parsed)
    if inner:
        return all(_is_global_v4(each) for each in inner)
    return parsed in _UNICAST and parsed.is_global


def normal_host(host: str) -> str:
    """A host in the one form that we compare and connect with; raises `Wrong`.

    Names become lower-case ASCII (IDNA, UTS 46) without a final dot; IPv4 in any form that
    inet_aton(3) takes (`127.1`, `0x7f.1`, `2130706433`) becomes dotted; `[IPv6]` loses its
    brackets.
    """
    if host.startswith("["):
        return _normal_v6(host[1:-1])
    name = _ascii(host).removesuffix(".")
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return _normal_v4(labels)
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise _no_host()
    return name


def _is_global_v4(address: ipaddress.IPv4Address) -> bool:
    special = address.is_multicast or any(address in network for network in _NOT_FOR_US)
    return address.is_global and not special


def _embedded(address: ipaddress.IPv6Address) -> tuple[ipaddress.IPv4Address, ...]:
    """The IPv4 addresses that decide where packets to this IPv6 address go."""
    if address.ipv4_mapped:
        return (address.ipv4_mapped,)
    if address.sixtofour:
        return (address.sixtofour,)
    if address in _TEREDO and address.teredo:
        return address.teredo
    if address in _NAT64:
        return (ipaddress.IPv4Address(int(address) & 0xFFFFFFFF),)
    return ()


def _ascii(host: str) -> str:
    if host.isascii():
        return host.lower()
    try:
        return idna.encode(host, uts46=True).decode("ascii").lower()
    except idna.IDNAError as error:
        raise _no_host() from error


def _normal_v6(text: str) -> str:
    try:
        return ipaddress.IPv6Address(text).compressed
    except ValueError as error:
        raise _no_host() from error


def _normal_v4(parts: list[str]) -> str:
    """Read one to four decimal, octal or hexadecimal numbers as inet_aton(3) does."""
    try:
        numbers = [_number(part) for part in parts]
    except ValueError as error:
        raise _no_host() from error
    head, last = numbers[:-1], numbers[-1]
    if len(head) > 3 or any(number > 255 for number in head) or last >= 256 ** (4 - len(head)):
        raise _no_host()
    value = last + sum(number << (24 - 8 * index) for index, number in enumerate(head))
    return str(ipaddress.IPv4Address(value))


def _number(part: str) -> int:
    if not _NUMBER.fullmatch(part) or len(part) > 16:
        raise ValueError(part)
    if part.startswith("0x"):
        return int(part[2:] or "0", 16)
    return int(part, 8 if part.startswith("0") else 10)


def _no_host() -> Wrong:
    return Wrong(
        Text(
            "地址中的主机名不正确,请填写完整的域名或 IP,例如 https://example.com/",
            "The host in this address is not valid; give a full domain name or an IP address, "
            "such as https://example.com/",
        )
    )
