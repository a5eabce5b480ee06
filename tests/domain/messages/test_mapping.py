"""Every cell of the mapping: what each kind of result becomes in each channel."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from chalicelib.domain.errors import Wrong
from chalicelib.domain.messages import render
from tests.domain.messages.schemas import refusal

DINGTALK, WECOM, APP = CHANNELS = ("dingtalk_bot", "wecom_bot", "wecom_app")
URL, PIC = "https://example.com/a", "https://example.com/p.png"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64
TABLE = "| 列1 | 列2 |\n|:---:|:---:|\n| A | B |"


def buttons(count: int) -> list[dict[str, str]]:
    return [{"title": f"按钮{n}", "url": f"https://example.com/{n}"} for n in range(1, count + 1)]


def links(count: int, **more: str) -> list[dict[str, str]]:
    return [{"title": f"第{n}条", "url": f"https://example.com/{n}", **more} for n in range(count)]


def card(kind: str, **more: Any) -> dict[str, Any]:
    return {
        "msg_type": "template_card",
        "card_type": kind,
        "title": "卡片标题",
        "content": "卡片内容",
        "horizontal_list": [
            {"keyname": "申请人", "value": "张三"},
            {"keyname": "金额", "value": 5000},
        ],
        "jump_list": [{"type": 1, "title": "查看详情", "url": URL}],
        **more,
    }


def action(count: int, content: str = "一切正常") -> dict[str, Any]:
    return {"msg_type": "actionCard", "title": "报", "content": content, "buttons": buttons(count)}


def media(kind: str, **more: str) -> dict[str, Any]:
    return {"msg_type": kind, **more}


PICTURE = {"base64": base64.b64encode(PNG).decode()}
RAW = {"msg_type": "raw", "msgtype": "text", "text": {"content": "原样"}}
ERROR = "E"

#: A result → for each channel, the msgtypes of its messages (and card_type), and "~" if a note
#: says that it was degraded; `ERROR` if it is refused before anything is sent.
CELLS: list[tuple[str, Any, tuple[str, str, str]]] = [
    ("text", {"msg_type": "text", "content": "a"}, ("text", "text", "text")),
    ("string", "**a**", ("markdown", "markdown", "markdown")),
    ("markdown", {"content": "a"}, ("markdown", "markdown", "markdown")),
    ("table", {"content": TABLE}, ("markdown", "markdown_v2", "markdown ~")),
    (
        "markdown_v2",
        {"msg_type": "markdown_v2", "content": "a"},
        ("markdown ~", "markdown_v2", "markdown ~"),
    ),
    (
        "link with picture",
        {"msg_type": "link", "title": "a", "content": "b", "url": URL, "pic_url": PIC},
        ("link", "news ~", "news ~"),
    ),
    (
        "link without",
        {"msg_type": "link", "title": "a", "content": "b", "url": URL},
        ("link", "news ~", "textcard ~"),
    ),
    ("card, 1 button", action(1), ("actionCard", "text_notice ~", "textcard ~")),
    ("card, 3 buttons", action(3), ("actionCard", "text_notice ~", "button_interaction ~")),
    ("card, 4 buttons", action(4), ("actionCard", "markdown ~", "button_interaction ~")),
    ("card, 7 buttons", action(7), ("actionCard", "markdown ~", "markdown ~")),
    ("card, Markdown", action(2, "**a**"), ("actionCard", "markdown ~", "markdown ~")),
    ("card, table", action(2, TABLE), ("actionCard", "markdown_v2 ~", "markdown ~")),
    (
        "card, 113 characters",
        action(2, "字" * 113),
        ("actionCard", "markdown ~", "button_interaction ~"),
    ),
    ("card, 161 characters", action(2, "字" * 161), ("actionCard", "markdown ~", "markdown ~")),
    ("card, 512 characters", action(1, "字" * 512), ("actionCard", "markdown ~", "textcard ~")),
    ("feedCard", {"links": links(2, pic_url=PIC)}, ("feedCard", "news ~", "news ~")),
    ("feedCard without pictures", {"links": links(2)}, (ERROR, "news ~", "news ~")),
    ("feedCard of 9", {"links": links(9, pic_url=PIC)}, ("feedCard", "news news ~", "news news ~")),
    ("news of 1", {"articles": links(1, description="a")}, ("link ~", "news", "news")),
    ("news with pictures", {"articles": links(2, picurl=PIC)}, ("feedCard ~", "news", "news")),
    ("news with words", {"articles": links(2, description="a")}, ("markdown ~", "news", "news")),
    ("news of 17", {"articles": links(17)}, ("markdown ~", "news news news", "news news news")),
    ("text_notice", card("text_notice"), ("actionCard ~", "text_notice", "text_notice")),
    (
        "text_notice, nothing to open",
        card("text_notice", jump_list=None),
        ("markdown ~", ERROR, ERROR),
    ),
    (
        "news_notice",
        card("news_notice", pic_url=PIC),
        ("actionCard ~", "news_notice", "news_notice"),
    ),
    ("news_notice without picture", card("news_notice"), ("actionCard ~", ERROR, ERROR)),
    (
        "button_interaction",
        card("button_interaction"),
        ("actionCard ~", "text_notice ~", "button_interaction"),
    ),
    (
        "button_interaction, 4 buttons",
        card("button_interaction", buttons=buttons(4)),
        ("actionCard ~", "markdown_v2 ~", "button_interaction"),
    ),
    (
        "button_interaction without address",
        card("button_interaction", jump_list=[]),
        ("markdown ~", ERROR, ERROR),
    ),
    ("vote_interaction", card("vote_interaction"), (ERROR, ERROR, ERROR)),
    ("multiple_interaction", card("multiple_interaction"), (ERROR, ERROR, ERROR)),
    ("image by url", media("image", url=PIC), ("markdown ~", "markdown_v2 ~", "news ~")),
    ("image by bytes", media("image", **PICTURE), (ERROR, "image", ERROR)),
    ("image by media_id", media("image", media_id="m"), (ERROR, ERROR, "image")),
    ("image by path", media("image", path="a.png"), (ERROR, ERROR, ERROR)),
    ("file by url", media("file", url=URL), ("actionCard ~", "news ~", "textcard ~")),
    ("file by media_id", media("file", media_id="m"), (ERROR, "file", "file")),
    ("file by bytes", media("file", **PICTURE), (ERROR, "file", ERROR)),
    ("video by bytes", media("video", **PICTURE), (ERROR, "file ~", ERROR)),
    ("voice by bytes", media("voice", base64="IyFBTVIK"), (ERROR, "voice", ERROR)),
    ("voice that is none", media("voice", **PICTURE), (ERROR, ERROR, ERROR)),
    ("file of 5 bytes", media("file", base64="YWJjZGU="), (ERROR, ERROR, ERROR)),
    ("voice by media_id", media("voice", media_id="m"), (ERROR, "voice", "voice")),
    ("voice by url", media("voice", url=URL), (ERROR, ERROR, ERROR)),
    ("video by media_id", media("video", media_id="m"), (ERROR, "file ~", "video")),
    ("video by url", media("video", url=URL), (ERROR, "news ~", "textcard ~")),
    (
        "textcard",
        {
            "msg_type": "textcard",
            "title": "a",
            "description": '<div class="gray">b</div>c',
            "url": URL,
        },
        ("actionCard ~", "text_notice ~", "textcard"),
    ),
    (
        "textcard with picture",
        {"msg_type": "textcard", "title": "a", "content": "b", "url": URL, "pic_url": PIC},
        ("actionCard ~", "news ~", "textcard"),
    ),
    ("raw", RAW, ("text", "text", "text")),
    (
        "raw of WeCom",
        RAW | {"msgtype": "news", "news": {"articles": links(1)}},
        (ERROR, "news", "news"),
    ),
    (
        "raw of DingTalk",
        {
            "msgtype": "feedCard",
            "feedCard": {"links": [{"title": "a", "messageURL": URL, "picURL": PIC}]},
        },
        ("feedCard", ERROR, ERROR),
    ),
    (
        "several",
        ["a", None, {"msg_type": "text", "content": "b"}],
        ("markdown text", "markdown text", "markdown text"),
    ),
    ("nothing", None, ("", "", "")),
    ("no messages", [], ("", "", "")),
]


def kinds_of(result: Any, channel: str) -> str:
    """The cell of `CELLS` that holds; every payload is one that the platform takes."""
    try:
        rendered = render(result, channel, "每日任务")
    except Wrong:
        return ERROR
    assert [refusal(channel, one) for one in rendered.payloads] == [None] * len(rendered.payloads)
    kinds = [
        one.get("template_card", {}).get("card_type", one["msgtype"]) for one in rendered.payloads
    ]
    lowered = any(note.zh.startswith("已降级") for note in rendered.notes)
    return " ".join([*kinds, *(["~"] if lowered else [])])


@pytest.mark.parametrize(
    ("result", "cells"), [one[1:] for one in CELLS], ids=[one[0] for one in CELLS]
)
def test_each_kind_of_result_in_each_channel(result: Any, cells: tuple[str, str, str]) -> None:
    assert tuple(kinds_of(result, channel) for channel in CHANNELS) == cells


def only(result: Any, channel: str) -> dict[str, Any]:
    [payload] = render(result, channel, "每日任务").payloads
    found: dict[str, Any] = payload[payload["msgtype"]]
    return found


def test_a_notice_of_the_product_document_has_what_wecom_demands() -> None:
    assert only(card("text_notice"), WECOM) == {
        "card_type": "text_notice",
        "main_title": {"title": "卡片标题"},
        "sub_title_text": "卡片内容",
        "horizontal_content_list": [
            {"keyname": "申请人", "value": "张三"},
            {"keyname": "金额", "value": "5000"},
        ],
        "jump_list": [{"type": 1, "title": "查看详情", "url": URL}],
        "card_action": {"type": 1, "url": URL},
    }


def test_a_notice_is_a_card_with_all_its_words_in_dingtalk() -> None:
    assert only(card("news_notice", pic_url=PIC), DINGTALK) == {
        "title": "卡片标题",
        "text": f"### 卡片标题\n![]({PIC})\n\n卡片内容\n\n- **申请人**: 张三\n- **金额**: 5000",
        "btnOrientation": "0",
        "singleTitle": "查看详情",
        "singleURL": URL,
    }


@pytest.mark.parametrize(
    ("more", "opened"),
    [
        ({"url": "https://own/"}, "https://own/"),
        ({"jump_list": [{"title": "a", "url": "https://jump/"}]}, "https://jump/"),
        ({"horizontal_list": [{"keyname": "a", "url": "https://row/"}]}, "https://row/"),
        ({}, "https://page/"),
        ({"card_action": {"type": 1, "url": "https://action/"}}, "https://action/"),
    ],
)
def test_what_a_card_opens_is_derived(more: dict[str, Any], opened: str) -> None:
    result = {"card_type": "text_notice", "title": "a", **more}

    [payload] = render(result, WECOM, "x", "https://page/").payloads

    assert payload["template_card"]["card_action"] == {"type": 1, "url": opened}
    assert refusal(WECOM, payload) is None


@pytest.mark.parametrize("length", [30, 31])
def test_the_words_of_a_card_with_a_picture_go_where_there_is_room(length: int) -> None:
    found = only(card("news_notice", content="字" * length, pic_url=PIC), WECOM)

    if length == 30:
        assert found["main_title"]["desc"] == "字" * 30
    else:
        assert found["vertical_content_list"] == [{"title": "内容", "desc": "字" * 31}]


def test_buttons_that_open_addresses_need_no_callback() -> None:
    found = only(card("button_interaction"), APP)

    assert found["button_list"] == [{"type": 1, "text": "查看详情", "style": 1, "url": URL}]
    assert "task_id" not in found


def test_an_image_goes_with_its_checksum() -> None:
    found = only(media("image", base64="data:image/png;base64," + PICTURE["base64"]), WECOM)

    assert base64.b64decode(found["base64"]) == PNG
    assert found["md5"] == hashlib.md5(PNG).hexdigest()


def test_several_articles_with_words_are_markdown_in_dingtalk() -> None:
    articles = links(2, description="描述", picurl=PIC)

    assert only({"articles": articles}, DINGTALK)["text"] == "\n\n".join(
        f"#### [第{n}条](https://example.com/{n})\n\n![]({PIC})\n\n描述" for n in range(2)
    )


def test_an_application_shows_a_table_line_by_line() -> None:
    content = f"前\n{TABLE}\n后 ![图](https://a/b.png)"

    text = only({"content": content}, APP)["content"]

    assert text == "前\n> **列1**: A\n> **列2**: B\n后 [图](https://a/b.png)"


def test_a_raw_payload_goes_as_it_is() -> None:
    payload = {"msgtype": "text", "text": {"content": "@1"}, "at": {"atMobiles": ["1"]}}

    assert render({"msg_type": "raw", **payload}, DINGTALK, "x").payloads == (payload,)


CALLED = {"mobiles": ["138"], "user_ids": ["zhang"], "all": True}


def test_dingtalk_is_told_twice_whom_to_call() -> None:
    [payload] = render({"title": "报", "content": "见 @138", "at": CALLED}, DINGTALK, "x").payloads

    assert payload["markdown"]["text"] == "### 报\n见 @138\n\n@zhang @所有人"
    assert payload["at"] == {"atMobiles": ["138"], "atUserIds": ["zhang"], "isAtAll": True}


def test_a_card_of_dingtalk_calls_user_ids_alone() -> None:
    rendered = render(action(1) | {"at": CALLED}, DINGTALK, "x")

    assert rendered.payloads[0]["actionCard"]["text"].endswith("\n\n@zhang")
    assert "at" not in rendered.payloads[0]
    assert rendered.notes[0].zh.startswith("at 已忽略")


def test_text_of_wecom_has_lists_of_whom_to_call() -> None:
    [payload] = render({"msg_type": "text", "content": "a", "at": CALLED}, WECOM, "x").payloads

    assert payload["text"] == {
        "content": "a",
        "mentioned_list": ["zhang", "@all"],
        "mentioned_mobile_list": ["138"],
    }


def test_markdown_of_wecom_calls_user_ids_and_a_text_the_others() -> None:
    payloads = render({"title": "报", "content": "a", "at": CALLED}, WECOM, "x").payloads

    assert payloads == (
        {"msgtype": "markdown", "markdown": {"content": "### 报\na\n\n<@zhang>"}},
        {
            "msgtype": "text",
            "text": {
                "content": "报",
                "mentioned_list": ["@all"],
                "mentioned_mobile_list": ["138"],
            },
        },
    )


@pytest.mark.parametrize(
    "result", [{"articles": links(1)}, card("text_notice"), {"content": TABLE}]
)
def test_what_cannot_call_anybody_has_a_text_behind_it(result: dict[str, Any]) -> None:
    *_, last = render({**result, "at": CALLED}, WECOM, "x").payloads

    assert last["text"]["mentioned_list"] == ["zhang", "@all"]
    assert refusal(WECOM, last) is None


@pytest.mark.parametrize(
    ("result", "channel"), [({"links": links(1, pic_url=PIC)}, DINGTALK), ("a", APP)]
)
def test_where_nobody_can_be_called_a_note_says_so(result: Any, channel: str) -> None:
    fields = result if isinstance(result, dict) else {"content": result}

    rendered = render({**fields, "at": CALLED}, channel, "x")

    assert rendered.notes[0].zh.startswith("at 已忽略")


@pytest.mark.parametrize(
    ("result", "key"),
    [
        ({"links": []}, "links"),
        ({"links": "a"}, "links"),
        ({"links": [{"url": URL}]}, r"links\[0\].title"),
        ({"links": [{"title": "a"}]}, r"links\[0\].url"),
        ({"links": [{"title": "a", "url": "a.com"}]}, r"links\[0\].url"),
        ({"links": [{"title": "a", "url": URL, "pic_url": "b"}]}, r"links\[0\].pic_url"),
        ({"links": links(41, pic_url=PIC)}, "links"),
        ({"articles": []}, "articles"),
        (card("text_notice", horizontal_list=[{"keyname": "a"}] * 7), "horizontal_list"),
        (card("text_notice", jump_list=[{"title": "a"}] * 4), "jump_list"),
        (card("text_notice", vertical_list=[{"title": "a"}] * 5), "vertical_list"),
        (card("text_notice", jump_list=[{"type": 1, "title": "a"}]), r"jump_list\[0\].url"),
        (card("text_notice", jump_list=[{"type": 3, "title": "a"}]), r"jump_list\[0\].type"),
        (card("text_notice", horizontal_list=[{"value": "a"}]), r"horizontal_list\[0\].keyname"),
        (card("text_notice", horizontal_list=[{"keyname": ["a"]}]), "keyname"),
        (card("text_notice", source={"icon_url": "x"}), "source.icon_url"),
        (card("text_notice", source=[1]), "source"),
        (card("nonsense"), "card_type"),
        ({"content": "a", "at": ["138"]}, "at "),
        ({"content": "a", "at": {"mobiles": [{}]}}, "at.mobiles"),
        ({"content": "a", "at": {"user_ids": ["a b"]}}, "at.user_ids"),
        ({"content": "a", "at": {"all": "yes"}}, "at.all"),
        ({"content": "a", "at": {"mobiles": list(range(51))}}, "at "),
        (media("image"), "base64"),
        (media("image", url=PIC, media_id="m"), "media_id"),
        (media("image", base64="%"), "base64"),
        (media("image", url="a.png"), "url"),
        ({"msg_type": "raw"}, "msgtype"),
        ({"msg_type": "raw", "msgtype": "text"}, "msgtype"),
        ({"msgtype": "nonsense", "nonsense": {}}, "msgtype"),
        ({"msgtype": "text", "text": {"content": "字" * 7000}}, "msgtype"),
        ({"msg_type": "textcard", "content": "a"}, "url"),
        ({"msg_type": "textcard", "url": URL}, "content"),
    ],
)
def test_what_cannot_be_sent_names_the_key(result: object, key: str) -> None:
    for channel in CHANNELS:
        with pytest.raises(Wrong, match=key):
            render(result, channel, "x")


@pytest.mark.parametrize(
    ("data", "word"),
    [(b"GIF89a", "JPG or PNG"), (PNG + b"0" * (2 << 20), "2 MB")],
)
def test_an_image_must_be_one_that_wecom_takes(data: bytes, word: str) -> None:
    with pytest.raises(Wrong, match=word):
        render(media("image", base64=base64.b64encode(data).decode()), WECOM, "x")
