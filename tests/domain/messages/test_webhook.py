"""Webhook addresses."""

from __future__ import annotations

from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import Wrong
from chalicelib.domain.messages.webhook import check_webhook, mask_webhook, sign, signed_url

DINGTALK = "https://oapi.dingtalk.com/robot/send?access_token="
WECOM = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key="
INBOX = "http://127.0.0.1:8000/inbox/"
KEY = "693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa"

VECTORS = [
    (1700000000001, "SECtest", "r4CWp/Dz+Ng0sbTjH1vB0Fr+uQ2fn831mssaN6/C05I="),
    (1577262236757, "this is secret", "hmPWwU+7lVdm3ZZz0r9tSfx0L4Q26jWOZr9+Gs6EZQM="),
    (1700000000000, "SEC" + "0" * 63, "mphPIqgjGbRzHPELpWQPiram3BEkrp9g5J866J8sMcg="),
]


@pytest.mark.parametrize(("timestamp", "secret", "expected"), VECTORS)
def test_signatures_are_dingtalks(timestamp: int, secret: str, expected: str) -> None:
    assert sign(timestamp, secret) == expected


def test_a_signature_is_encoded_once() -> None:
    url = signed_url(DINGTALK + "abc", "SECtest", 1700000000001)

    encoded = "r4CWp%2FDz%2BNg0sbTjH1vB0Fr%2BuQ2fn831mssaN6%2FC05I%3D"
    assert url == f"{DINGTALK}abc&timestamp=1700000000001&sign={encoded}"


def test_an_old_signature_is_replaced() -> None:
    url = signed_url(DINGTALK + "abc&timestamp=1&sign=old", "SECtest", 1700000000001)

    query = parse_qs(urlsplit(url).query)
    assert query["timestamp"] == ["1700000000001"]
    assert query["sign"] == [VECTORS[0][2]]
    assert query["access_token"] == ["abc"]


@pytest.mark.parametrize(
    ("channel", "url"),
    [
        ("dingtalk_bot", DINGTALK + "abc"),
        ("dingtalk_bot", "https://OAPI.dingtalk.com:443/robot/send?access_token=abc&timestamp=1"),
        ("wecom_bot", WECOM + KEY),
        ("dingtalk_bot", INBOX + "robot/send?access_token=ops"),
        ("wecom_bot", INBOX + "cgi-bin/webhook/send?key=ops"),
        ("wecom_bot", INBOX + "proxy?key=ops"),
    ],
)
def test_a_robots_address_is_accepted(channel: str, url: str) -> None:
    check_webhook(channel, url, [INBOX])


@pytest.mark.parametrize(
    ("channel", "url", "word"),
    [
        ("dingtalk_bot", WECOM + KEY, "wecom_bot"),
        ("wecom_bot", DINGTALK + "abc", "dingtalk_bot"),
        ("dingtalk_bot", "https://example.com/robot/send?access_token=abc", "should look like"),
        ("dingtalk_bot", "http://oapi.dingtalk.com/robot/send?access_token=a", "should look like"),
        ("dingtalk_bot", "https://oapi.dingtalk.com:8443/robot/send?access_token=a", "look like"),
        ("dingtalk_bot", "https://oapi.dingtalk.com/robot/sendx?access_token=a", "look like"),
        ("dingtalk_bot", "https://oapi.dingtalk.com.evil.com/robot/send?access_token=a", "look"),
        ("dingtalk_bot", DINGTALK, "access_token"),
        ("dingtalk_bot", "https://oapi.dingtalk.com/robot/send?key=abc", "access_token"),
        ("dingtalk_bot", DINGTALK + "abcd****", "access_token"),
        ("wecom_bot", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send", "key"),
        ("wecom_bot", INBOX + "cgi-bin/webhook/send", "key"),
        ("dingtalk_bot", INBOX + "robot/send?key=ops", "access_token"),
        ("dingtalk_bot", "http://127.0.0.1:8000/api?access_token=ops", "Port"),
        ("dingtalk_bot", "abcdef", "full one"),
        ("slack", DINGTALK + "abc", "slack"),
    ],
)
def test_any_other_address_is_refused_with_help(channel: str, url: str, word: str) -> None:
    with pytest.raises(Wrong, match=word) as caught:
        check_webhook(channel, url, [INBOX])

    assert caught.value.text.zh
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (DINGTALK + "abcdefghijkl", DINGTALK + "abcd****"),
        (DINGTALK + "abcdefghijkl&timestamp=1&sign=s", DINGTALK + "abcd****"),
        (WECOM + KEY, WECOM + "693a****"),
        (WECOM + "ops", WECOM + "o****"),
        ("http://127.0.0.1:8000/inbox/robot/send?access_token=team-ops",
         "http://127.0.0.1:8000/inbox/robot/send?access_token=team****"),
        ("http://user:pass@example.com/a?b=c", "http://example.com/a"),
        ("https://[::1", "****"),
        ("https://example.com:port/?key=abcdefgh", "****"),
    ],
)  # fmt: skip
def test_a_masked_address_shows_where_but_not_who(url: str, shown: str) -> None:
    assert mask_webhook(url) == shown


@given(st.text("abc*%&=0123", max_size=30), st.sampled_from([DINGTALK, WECOM]))
def test_masking_twice_changes_nothing_and_shows_four_characters_at_most(
    token: str, start: str
) -> None:
    masked = mask_webhook(start + token)

    assert mask_webhook(masked) == masked
    for _, value in parse_qsl(urlsplit(masked).query):
        assert len(value.removesuffix("****")) <= 4
