"""What a robot's answer means."""

from __future__ import annotations

import pytest

from chalicelib.domain.messages.answers import judge


@pytest.mark.parametrize("channel", ["dingtalk_bot", "wecom_bot"])
def test_zero_is_sent_whatever_the_words(channel: str) -> None:
    assert judge(channel, 0, "ok. Warning: wrong json format. ").status == "sent"


@pytest.mark.parametrize(
    ("channel", "errcode", "words", "seconds"),
    [
        ("dingtalk_bot", 410100, "", 600),
        ("dingtalk_bot", 130101, "send too fast, exceed 20 times per minute", 600),
        ("dingtalk_bot", 1, "发送速度太快而限流", 600),
        ("wecom_bot", 45009, "api freq out of limit", 60),
        ("wecom_bot", -1, "system busy", 5),
        ("dingtalk_bot", -1, "系统繁忙", 5),
        ("wecom_bot", 45033, "concurrency", 5),
    ],
)
def test_rates_and_busy_robots_are_tried_later(
    channel: str, errcode: int, words: str, seconds: int
) -> None:
    verdict = judge(channel, errcode, words)

    assert (verdict.status, verdict.retry_after_seconds) == ("later", seconds)


@pytest.mark.parametrize(
    ("errmsg", "hint"),
    [
        ("keywords not in content, more: [https://…]", "关键词"),
        ("invalid timestamp, more: [https://…/sign]", "时钟"),
        ("sign not match, more: [https://…]", "加签密钥"),
        ("ip 1.2.3.4 not in whitelist", "白名单"),
        ("something new", "安全设置"),
    ],
)
def test_the_security_rules_of_dingtalk_are_told_apart_by_their_words(
    errmsg: str, hint: str
) -> None:
    verdict = judge("dingtalk_bot", 310000, errmsg)

    assert verdict.status == "failed"
    assert hint in verdict.hint


@pytest.mark.parametrize(
    ("channel", "errcode", "hint"),
    [
        ("dingtalk_bot", 460101, "过长"),
        ("dingtalk_bot", 400102, "停用"),
        ("wecom_bot", 93000, "移出群"),
        ("wecom_bot", 40058, "参数"),
        ("wecom_bot", 460101, ""),
    ],
)
def test_other_codes_are_final_with_the_platforms_own_hint(
    channel: str, errcode: int, hint: str
) -> None:
    verdict = judge(channel, errcode, "words")

    assert (verdict.status, verdict.retry_after_seconds) == ("failed", None)
    assert hint in verdict.hint
