"""The egress rules."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.egress import check_url, is_global
from chalicelib.domain.errors import Wrong

INBOX = "http://127.0.0.1:8000/inbox/"

#: IANA's special-purpose registries, written out here so as not to trust what the rules trust.
INSIDE_V4 = [
    ipaddress.IPv4Network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15"),
        *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
    )
]
INSIDE_V6 = [
    ipaddress.IPv6Network(network)
    for network in ("::/127", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8", "2001:db8::/32")
]


def _v4_forms(address: ipaddress.IPv4Address) -> list[str]:
    a, b, c, d = address.packed
    low = (b << 16) + (c << 8) + d
    return [
        str(address),
        str(int(address)),
        hex(int(address)),
        f"0{int(address):o}",
        f"{a}.{low}",
        f"{a:#x}.{b:#x}.{c:#x}.{d:#x}",
        f"0{a:o}.{b}.{(c << 8) + d}",
        f"{address}.",
        str(address).translate({ord("0") + n: 0xFF10 + n for n in range(10)}),
        str(address).replace(".", "\u3002"),
    ]


def _v6_forms(address: ipaddress.IPv4Address) -> list[str]:
    value = int(address)
    carriers = [
        (0xFFFF << 32) + value,
        (0x2002 << 112) + (value << 80),
        (0x64FF9B << 96) + value,
        (0x20010000 << 96) + (0x08080808 << 64) + (value ^ 0xFFFFFFFF),
        (0x20010000 << 96) + (value << 64) + (0x08080808 ^ 0xFFFFFFFF),
        value,
    ]
    return [f"[{ipaddress.IPv6Address(carrier)}]" for carrier in carriers]


inside_v4 = st.sampled_from(INSIDE_V4).flatmap(lambda network: st.ip_addresses(network=network))
inside_v6 = st.sampled_from(INSIDE_V6).flatmap(lambda network: st.ip_addresses(network=network))


@given(inside_v4, st.sampled_from(["http", "https", "HTTP"]), st.sampled_from(["", ":8080"]))
def test_no_way_to_write_an_ipv4_address_admits_one_that_is_inside(
    address: ipaddress.IPv4Address, scheme: str, port: str
) -> None:
    for host in _v4_forms(address) + _v6_forms(address):
        with pytest.raises(Wrong):
            check_url(f"{scheme}://{host}{port}/path", [INBOX])


@given(inside_v6)
def test_no_ipv6_address_that_is_inside_is_admitted(address: ipaddress.IPv6Address) -> None:
    assert not is_global(str(address))
    for host in (f"[{address}]", f"[{address.exploded}]"):
        with pytest.raises(Wrong):
            check_url(f"https://{host}/", [])


@given(st.text(max_size=40), st.sampled_from(["http://", "https://", ""]))
def test_whatever_is_written_is_admitted_in_normal_form_or_refused(text: str, start: str) -> None:
    try:
        target = check_url(start + text, [])
    except Wrong:
        return
    assert check_url(target.url, []) == target
    assert target.url.isascii()


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111"])
def test_public_addresses_are_global(address: str) -> None:
    assert is_global(address)


@pytest.mark.parametrize(
    "address",
    ["::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"],
)
def test_an_ipv6_address_that_carries_a_public_ipv4_address_is_global(address: str) -> None:
    assert is_global(address)


@pytest.mark.parametrize(
    "address",
    ["", "example.com", "224.0.0.1", "ff0e::1", "168.63.129.16", "192.88.99.1", "64:ff9b:1::1"],
)
def test_multicast_platform_agents_and_what_is_no_address_are_not_global(address: str) -> None:
    assert not is_global(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost/",
        "http://LOCALHOST./",
        "http://api.localhost/",
        "http://printer.local/",
        "http://metadata.google.internal/",
        "http://intranet/",
        "http://ⓛocalhost/",
        "http://nas.lan/",
    ],
)
def test_names_that_are_inside_a_network_are_refused(url: str) -> None:
    with pytest.raises(Wrong, match="public internet"):
        check_url(url, [])


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "//example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "http:///path",
        "http://",
        "http://user:secret@example.com/",
        "http://example.com@127.0.0.1/",
        "http://example.com\\@127.0.0.1/",
        "http://example.com/\r\nX: y",
        "http://exa\tmple.com/",
        " http://example.com/",
        "http://example.com /",
        "http://example.com:0/",
        "http://example.com:99999/",
        "http://example.com:80:80/",
        "http://[::1",
        "http://[::1]x/",
        "http://[fe80::1%25eth0]/",
        "http://%31%32%37.0.0.1/",
        "http://1.2.3.4.5/",
        "http://08.8.8.8/",
        "http://999.1.1.1/",
        "http://a..example.com/",
        "http://-a.example.com/",
        "http://example.com／@127.0.0.1/",
        "http://" + "a" * 64 + ".com/",
        "https://example.com/" + "a" * 9000,
    ],
)
def test_what_is_no_plain_web_address_is_refused(url: str) -> None:
    with pytest.raises(Wrong) as caught:
        check_url(url, [])
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("port", [22, 25, 3306, 6379, 8000, 9001])
def test_only_ports_of_the_web_are_open(port: int) -> None:
    with pytest.raises(Wrong, match=f"Port {port}"):
        check_url(f"http://example.com:{port}/", [])


def test_a_target_is_normalised() -> None:
    target = check_url("HTTPS://Bücher.Example:443/a/./b/../ü?q=值#part", [])
    assert target.host == "xn--bcher-kva.example"
    assert target.port == 443
    assert target.path_and_query == "/a/%C3%BC?q=%E5%80%BC"
    assert target.url == "https://xn--bcher-kva.example/a/%C3%BC?q=%E5%80%BC"
    assert not target.allowed


def test_what_is_escaped_already_is_not_escaped_again() -> None:
    url = "https://oapi.dingtalk.com/robot/send?access_token=a%2Bb&sign=x%3D"
    assert check_url(url, []).url == url


def test_an_ipv6_target_keeps_its_brackets_in_the_url_alone() -> None:
    target = check_url("https://[2606:4700:4700::1111]:8443/", [])
    assert target.host == "2606:4700:4700::1111"
    assert target.origin == "https://[2606:4700:4700::1111]:8443"


def test_the_repr_of_a_target_hides_path_and_query() -> None:
    assert "token" not in repr(check_url("https://example.com/?access_token=token", []))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8000/inbox",
        "http://127.0.0.1:8000/inbox/robot/send?access_token=a",
        "http://127.0.0.1:8000/x/../inbox/robot/send",
        "http://127.1:8000/inbox/robot/send",
    ],
)
def test_the_allow_list_admits_what_lies_below_its_prefix(url: str) -> None:
    assert check_url(url, [INBOX]).allowed


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1:8000/inbox/",
        "http://127.0.0.1:8001/inbox/",
        "http://127.0.0.2:8000/inbox/",
        "http://localhost:8000/inbox/",
        "http://127.0.0.1:8000/",
        "http://127.0.0.1:8000/api",
        "http://127.0.0.1:8000/inboxes",
        "http://127.0.0.1:8000/INBOX/",
        "http://127.0.0.1:8000/inbox/../api",
        "http://127.0.0.1:8000/inbox/%2e%2E/api",
        "http://127.0.0.1:8000/inbox/..%2fapi",
        "http://127.0.0.1:8000/inbox/%252e%252e/api",
        "http://127.0.0.1:8000/inbox/..%5capi",
        "http://127.0.0.1:8000/?/inbox/",
    ],
)
def test_the_allow_list_admits_nothing_beside_its_prefix(url: str) -> None:
    with pytest.raises(Wrong):
        check_url(url, [INBOX])


def test_an_allow_list_entry_without_a_path_admits_the_whole_origin() -> None:
    assert check_url("http://10.0.0.5:9000/any/thing", ["http://10.0.0.5:9000"]).allowed


def test_an_entry_that_cannot_be_read_admits_nothing() -> None:
    with pytest.raises(Wrong):
        check_url("http://10.0.0.5/", ["", "10.0.0.5", "http://*/"])


def test_a_global_url_is_not_marked_as_allowed() -> None:
    assert not check_url("https://example.com/", [INBOX]).allowed
