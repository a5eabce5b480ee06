"""From results to payloads."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import Wrong
from chalicelib.domain.messages import render
from chalicelib.domain.messages.pages import MARK
from tests.domain.messages.schemas import refusal

CHANNELS = ("dingtalk_bot", "wecom_bot", "wecom_app")
TWO = [
    {"title": "查看", "url": "https://example.com/a"},
    {"title": "忽略", "url": "https://example.com/b"},
]
TABLE = "| 列1 | 列2 |\n|:---:|:---:|\n| A | B |"


def dingtalk(result: object) -> dict[str, Any]:
    [payload] = render(result, "dingtalk_bot", "每日任务").payloads
    return payload


def wecom(result: object) -> dict[str, Any]:
    [payload] = render(result, "wecom_bot", "每日任务").payloads
    return payload


def notes(result: object, channel: str) -> list[str]:
    return [note.zh for note in render(result, channel, "每日任务").notes]


def test_a_markdown_result_has_its_title_as_a_heading() -> None:
    result = {"title": "日报", "content": "**一切正常**"}

    assert dingtalk(result) == {
        "msgtype": "markdown",
        "markdown": {"title": "日报", "text": "### 日报\n**一切正常**"},
    }
    assert wecom(result) == {
        "msgtype": "markdown",
        "markdown": {"content": "### 日报\n**一切正常**"},
    }
    assert notes(result, "dingtalk_bot") == notes(result, "wecom_bot") == []


@pytest.mark.parametrize("first", ["日报", "# 日报", "### **日报**", "\n## 日报 ##"])
def test_a_title_that_is_there_already_is_not_repeated(first: str) -> None:
    content = f"{first}\n\n内容"

    assert dingtalk({"title": "日报", "content": content})["markdown"]["text"] == content
    assert wecom({"title": "日报", "content": content})["markdown"]["content"] == content


def test_without_a_title_dingtalk_announces_the_first_words() -> None:
    payload = dingtalk("---\n## **销售额** 上涨\n内容")

    assert payload["markdown"]["title"] == "销售额** 上涨"
    assert not payload["markdown"]["text"].startswith("###")


def test_without_words_dingtalk_announces_the_task() -> None:
    assert dingtalk("---")["markdown"]["title"] == "每日任务"


def test_a_string_is_markdown() -> None:
    assert dingtalk("你好") == dingtalk({"content": "你好"})


def test_line_breaks_of_a_paragraph_are_made_hard_for_dingtalk() -> None:
    text = dingtalk("一\n二\n\n- 甲\n- 乙\n\n> 引\n> 用")["markdown"]["text"]

    assert text == "一  \n  二\n\n- 甲\n- 乙\n\n> 引  \n> 用"


def test_lines_of_windows_are_lines() -> None:
    assert dingtalk("一\r\n二")["markdown"]["text"] == "一  \n  二"


@pytest.mark.parametrize(
    "content",
    [TABLE, "![图](https://a/b.png)", "- 一\n- 二", "1. 一", "```\ncode\n```", "a\n\n---\n\nb"],
)
def test_wecom_gets_version_2_where_version_1_shows_nothing_of_it(content: str) -> None:
    assert wecom({"content": content}) == {
        "msgtype": "markdown_v2",
        "markdown_v2": {"content": content},
    }


def test_wecom_keeps_version_1_with_its_colours_and_mentions() -> None:
    content = '<font color="info">好</font> <@zhangsan> > 1 | 2'

    assert wecom({"content": content})["markdown"]["content"] == content


def test_version_2_loses_colours_and_calls_people_by_another_message() -> None:
    result = {"title": "报", "content": f'<font color="info">好</font> <@zhangsan>\n\n{TABLE}'}

    rendered = render(result, "wecom_bot", "每日任务")

    assert rendered.payloads == (
        {"msgtype": "markdown_v2", "markdown_v2": {"content": f"### 报\n好 @zhangsan\n\n{TABLE}"}},
        {"msgtype": "text", "text": {"content": "报", "mentioned_list": ["zhangsan"]}},
    )
    assert len(rendered.notes) == 2


def test_dingtalk_loses_colours_with_a_note() -> None:
    result = {"content": '<font color="warning">注意</font>'}

    assert dingtalk(result)["markdown"] == {"title": "注意", "text": "注意"}
    assert notes(result, "dingtalk_bot") == ["已降级: 去掉 <font> 颜色"]


@pytest.mark.parametrize("channel", ["dingtalk_bot", "wecom_app"])
def test_a_mention_of_wecoms_robots_is_a_name_elsewhere(channel: str) -> None:
    [payload] = render({"content": "请 <@zhang> 看"}, channel, "x").payloads

    assert "请 @zhang 看" in payload["markdown"].values()


def test_explicit_markdown_v2_is_kept_by_wecom_and_noted_for_dingtalk() -> None:
    result = {"msg_type": "markdown_v2", "content": "你好"}

    assert wecom(result)["msgtype"] == "markdown_v2"
    assert dingtalk(result)["msgtype"] == "markdown"
    assert notes(result, "dingtalk_bot") == ["已降级: markdown_v2 → markdown"]


@pytest.mark.parametrize("channel", CHANNELS)
def test_text_has_its_title_in_the_first_line(channel: str) -> None:
    result = {"msg_type": "text", "title": "日报", "content": "*原样*\n第二行"}

    assert render(result, channel, "x").payloads == (
        {"msgtype": "text", "text": {"content": "日报\n*原样*\n第二行"}},
    )


def test_a_link_is_a_link_in_dingtalk_and_news_in_wecom() -> None:
    result = {
        "msg_type": "link",
        "title": "标题",
        "content": "描述",
        "url": "https://example.com/",
        "pic_url": "https://example.com/p.png",
    }

    assert dingtalk(result)["link"] == {
        "title": "标题",
        "text": "描述",
        "messageUrl": "https://example.com/",
        "picUrl": "https://example.com/p.png",
    }
    assert wecom(result)["news"]["articles"] == [
        {
            "title": "标题",
            "description": "描述",
            "url": "https://example.com/",
            "picurl": "https://example.com/p.png",
        }
    ]
    assert notes(result, "wecom_bot") == ["已降级: link → news"]


def test_a_link_without_words_says_its_title() -> None:
    result = {"msg_type": "link", "title": "标题", "url": "https://example.com/"}

    assert dingtalk(result)["link"]["text"] == "标题"
    assert wecom(result)["news"]["articles"][0]["title"] == "标题"


def test_an_article_of_wecom_is_cut_to_its_bytes() -> None:
    result = {"msg_type": "link", "title": "标" * 100, "content": "描" * 500, "url": "https://a/"}

    [article] = wecom(result)["news"]["articles"]

    assert len(article["title"].encode()) <= 128
    assert len(article["description"].encode()) <= 512
    assert "标题或描述过长,已截断" in notes(result, "wecom_bot")


def test_a_card_with_buttons_side_by_side() -> None:
    result = {
        "msg_type": "actionCard",
        "title": "日报",
        "content": f"### 正文\n{TABLE}",
        "btn_orientation": "1",
        "buttons": TWO,
    }

    assert dingtalk(result) == {
        "msgtype": "actionCard",
        "actionCard": {
            "title": "日报",
            "text": f"### 日报\n### 正文\n{TABLE}",
            "btnOrientation": "1",
            "btns": [
                {"title": "查看", "actionURL": "https://example.com/a"},
                {"title": "忽略", "actionURL": "https://example.com/b"},
            ],
        },
    }


@pytest.mark.parametrize(("given", "sent"), [(None, "0"), ("0", "0"), (1, "1"), (0, "0")])
def test_the_orientation_is_a_string(given: object, sent: str) -> None:
    card = dingtalk({"content": "a", "buttons": TWO, "btn_orientation": given})["actionCard"]

    assert card["btnOrientation"] == sent


def test_a_card_with_one_button_is_whole() -> None:
    card = dingtalk({"msg_type": "actionCard", "content": "a", "buttons": TWO[:1]})["actionCard"]

    assert card["singleTitle"] == "查看"
    assert card["singleURL"] == "https://example.com/a"
    assert "btns" not in card


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_card_without_buttons_is_markdown(channel: str) -> None:
    result = {"msg_type": "actionCard", "content": "内容"}

    assert render(result, channel, "x").payloads[0]["msgtype"] == "markdown"
    assert notes(result, channel)[0].startswith("已降级: actionCard → markdown")


def test_a_short_plain_card_is_a_notice_in_wecom() -> None:
    result = {"msg_type": "actionCard", "title": "日报", "content": "一切正常", "buttons": TWO}

    assert wecom(result) == {
        "msgtype": "template_card",
        "template_card": {
            "card_type": "text_notice",
            "main_title": {"title": "日报"},
            "sub_title_text": "一切正常",
            "jump_list": [
                {"type": 1, "title": "查看", "url": "https://example.com/a"},
                {"type": 1, "title": "忽略", "url": "https://example.com/b"},
            ],
            "card_action": {"type": 1, "url": "https://example.com/a"},
        },
    }
    assert notes(result, "wecom_bot") == ["已降级: actionCard → template_card text_notice"]


@pytest.mark.parametrize(
    ("content", "buttons"),
    [("字" * 113, TWO), ("**粗体**", TWO), ("# 标题", TWO), ("正文", TWO * 2)],
)
def test_any_other_card_is_markdown_with_its_buttons_as_links(content: str, buttons: Any) -> None:
    result = {"msg_type": "actionCard", "title": "日报", "content": content, "buttons": buttons}

    text = wecom(result)["markdown"]["content"]

    links = "\n".join(f"[{one['title']}]({one['url']})" for one in buttons)
    assert text == f"### 日报\n{content}\n\n{links}"
    assert notes(result, "wecom_bot") == ["已降级: actionCard → markdown"]


def test_a_card_with_a_table_is_version_2_in_wecom() -> None:
    result = {"msg_type": "actionCard", "content": TABLE, "buttons": TWO}

    assert wecom(result)["msgtype"] == "markdown_v2"


def test_a_deep_link_is_for_dingtalk_alone() -> None:
    buttons = [{"title": "打开", "url": "dingtalk://dingtalkclient/page/link?url=x"}]
    result = {"content": "a", "buttons": buttons}

    assert dingtalk(result)["actionCard"]["singleURL"].startswith("dingtalk://")
    with pytest.raises(Wrong, match="https://"):
        render(result, "wecom_bot", "x")


@pytest.mark.parametrize(
    ("written", "msgtype"),
    [("ActionCard", "actionCard"), ("action_card", "actionCard"), (" TEXT ", "text")],
)
def test_types_may_be_written_in_other_ways(written: str, msgtype: str) -> None:
    result = {"msg_type": written, "content": "a", "buttons": TWO}

    assert dingtalk(result)["msgtype"] == msgtype


def test_fields_may_have_the_platforms_own_names() -> None:
    result = {"text": "a", "btns": [{"title": "b", "actionURL": "https://a"}], "btnOrientation": 1}

    assert dingtalk(result)["actionCard"]["singleURL"] == "https://a"


def test_a_field_that_nothing_shows_is_noted() -> None:
    assert notes(
        {"content": "a", "buttton": 1, "links": []} | {"msg_type": "text"}, "wecom_bot"
    ) == ["以下字段未使用: buttton, links"]


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize(
    ("result", "word"),
    [
        (5, "int"),
        ([["a"]], "list"),
        (["a", {"content": 5}], r"result\[1\]: content"),
        (["a"] * 21, "result makes more than 20"),
        ("", "empty"),
        ("  \n", "empty"),
        ({}, "empty"),
        ({"title": "only"}, "empty"),
        ({"content": 5}, "string"),
        ({"content": "a", "title": ["b"]}, "string"),
        ({"msg_type": "text"}, "empty"),
        ({"msg_type": "link", "title": "a"}, "full address"),
        ({"msg_type": "link", "url": "example.com"}, "full address"),
        ({"msg_type": "link", "url": "javascript:alert(1)"}, "full address"),
        ({"msg_type": "link", "url": "https://a", "pic_url": "b.png"}, "full address"),
        ({"content": "a", "buttons": "b"}, "list"),
        ({"content": "a", "buttons": ["b"]}, "list"),
        ({"content": "a", "buttons": [{"url": "https://a"}]}, "Button 1"),
        ({"content": "a", "buttons": [{"title": "b"}]}, "full address"),
        ({"content": "a", "btn_orientation": "2"}, "btn_orientation"),
        ({"msg_type": "actionCard", "buttons": TWO}, "empty"),
    ],
)
def test_a_result_that_cannot_be_sent_says_why(channel: str, result: object, word: str) -> None:
    with pytest.raises(Wrong, match=word) as caught:
        render(result, channel, "任务")

    assert caught.value.text.zh


@pytest.mark.parametrize(
    ("result", "named"),
    [
        ({"msg_type": "audio"}, "audio"),
        ({"msg_type": ["text"]}, "['text']"),
        ({"msg_type": 5}, "5"),
    ],
)
def test_a_type_that_is_not_supported_names_those_that_are(result: object, named: str) -> None:
    with pytest.raises(Wrong) as caught:
        render(result, "dingtalk_bot", "任务")

    assert named in caught.value.text.zh
    assert "text, markdown, markdown_v2, link, actionCard" in caught.value.text.zh


def test_a_channel_that_is_not_supported_names_those_that_are() -> None:
    with pytest.raises(Wrong, match="dingtalk_bot, wecom_bot"):
        render("a", "slack", "任务")


def test_a_long_title_is_cut_with_a_note() -> None:
    result = {"title": "长" * 200, "content": "a"}

    assert len(dingtalk(result)["markdown"]["title"]) == 128
    assert notes(result, "dingtalk_bot") == ["标题超过 128 字,已截断"]


def test_long_content_is_several_messages_that_say_which_they_are() -> None:
    content = "\n".join(f"第 {n} 行" for n in range(1000))
    result = {"title": "日报", "content": content}

    texts = [one["markdown"]["content"] for one in render(result, "wecom_bot", "x").payloads]

    assert len(texts) == 3
    assert all(len(one.encode()) <= 4096 for one in texts)
    bodies = []
    for number, text in enumerate(texts, 1):
        assert text.startswith("### 日报\n")
        assert text.endswith(f" 行\n\n({number}/3)")
        bodies.append(text.removeprefix("### 日报\n").removesuffix(f"\n\n({number}/3)"))
    assert "\n".join(bodies) == content
    assert notes(result, "wecom_bot") == ["内容超过 4096 字节,已拆成 3 条"]


def test_what_five_messages_cannot_hold_is_on_the_page_of_the_run() -> None:
    result = {"content": "字" * 10_000}

    rendered = render(result, "wecom_bot", "x", "https://zhundian.example/logs/7")

    assert len(rendered.payloads) == 5
    last = rendered.payloads[-1]["markdown"]["content"]
    assert last.endswith(f"(5/5)\n\n[{MARK}](https://zhundian.example/logs/7)")
    assert "只在任务日志中" in rendered.notes[0].zh


def test_the_buttons_are_in_the_last_part_of_a_card() -> None:
    result = {"msg_type": "actionCard", "content": "字" * 5000, "buttons": TWO}

    texts = [one["markdown"]["content"] for one in render(result, "wecom_bot", "x").payloads]
    cards = render(result | {"content": "字" * 9000}, "dingtalk_bot", "x").payloads

    assert ["[忽略](https://example.com/b)" in one for one in texts] == [False] * 3 + [True]
    assert [one["msgtype"] for one in cards] == ["markdown", "actionCard"]


@pytest.mark.parametrize("channel", CHANNELS)
def test_buttons_that_leave_no_room_for_words_are_refused(channel: str) -> None:
    buttons = [{"title": "b", "url": "https://example.com/" + "a" * 1000}] * 20

    with pytest.raises(Wrong, match="shorten"):
        render({"content": "words", "buttons": buttons}, channel, "任务")


line = st.text(st.characters(codec="utf-8"), max_size=60)
shape = st.sampled_from(
    ["{}", "- {}", "> {}", "| {} | b |", "|---|---|", "# {}", "```", "", "🎉{}"]
)
lines = st.lists(st.tuples(shape, line), min_size=1, max_size=30)


@given(lines, st.integers(1, 60), st.sampled_from(["text", "markdown", "actionCard"]))
def test_whatever_its_length_a_message_fits_its_channel(
    parts: list[tuple[str, str]], times: int, msg_type: str
) -> None:
    content = "字" + "\n".join(shape.format(words) for shape, words in parts * times)
    result = {"msg_type": msg_type, "title": "标题", "content": content, "buttons": TWO}

    for channel in CHANNELS:
        rendered = render(result, channel, "任务")

        assert all(refusal(channel, one) is None for one in rendered.payloads)
        said = " ".join(note.zh for note in rendered.notes)
        assert (len(rendered.payloads) > 1) == ("已拆成" in said)
        assert (MARK in str(rendered.payloads)) == ("只在任务日志中" in said)


@given(st.text(max_size=200), st.sampled_from(CHANNELS))
def test_any_string_is_sent_as_valid_utf8_or_refused(content: str, channel: str) -> None:
    try:
        rendered = render(content, channel, "任务")
    except Wrong:
        assert not content.strip()
        return
    assert json.dumps(rendered.payloads, ensure_ascii=False).encode()
