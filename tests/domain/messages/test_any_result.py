"""Whatever a script leaves in `result`: messages that are taken, or an error with the key in it."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.errors import Wrong
from chalicelib.domain.messages import render
from chalicelib.domain.messages.fields import ALIASES
from chalicelib.domain.messages.reading import msg_type_of
from chalicelib.domain.messages.rendering import CHANNELS, MOST_MESSAGES
from tests.domain.messages.schemas import refusal

KINDS = (
    *("text", "markdown", "markdown_v2", "link", "actionCard", "feedCard", "news"),
    *("template_card", "textcard", "image", "file", "voice", "video", "raw"),
)
CARDS = ("text_notice", "news_notice", "button_interaction", "vote_interaction")
KEYS = (
    *(alias for names in ALIASES.values() for alias in names),
    *("msg_type", "msgtype", "links", "articles", "card_type", "card_action", "jump_list"),
    *("at", "base64", "path", "media_id", "btntxt", "source", "quote_area", "emphasis_content"),
)
INNER = ("title", "url", "pic_url", "keyname", "value", "type", "desc", "text", "appid", "userid")
NAMES = re.compile("|".join(map(re.escape, (*KEYS, *INNER, "result"))))

words = st.one_of(
    st.sampled_from(
        ["https://example.com/a", "dingtalk://a", "a", "", " ", "0", "1", "iVBORw0KGgo="]
    ),
    st.sampled_from(["字" * 3000, "| a | b |\n|---|---|\n" * 300, "```\n" + "x\n" * 3000]),
    st.text(max_size=200),
)
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), words)
anything = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=9),
        st.dictionaries(st.sampled_from([*KEYS, *INNER, "mobiles", "user_ids", "all"]), inner),
    ),
    max_leaves=12,
)
names = words.filter(str.strip)
entries = st.fixed_dictionaries(
    {"title": names, "url": st.just("https://example.com/a"), "keyname": names},
    optional={
        "pic_url": st.just("https://example.com/p.png"),
        "value": scalars,
        "type": st.sampled_from([0, 1, "1", None]),
        "description": words,
    },
)
calls = st.fixed_dictionaries(
    {},
    optional={
        "mobiles": st.lists(st.sampled_from(["138", 139])),
        "user_ids": st.just(["zhang"]),
        "all": st.booleans(),
    },
)
results = st.fixed_dictionaries(
    {"msg_type": st.sampled_from(KINDS)},
    optional={
        "title": words,
        "content": names,
        "url": st.just("https://example.com/a"),
        "pic_url": st.just("https://example.com/p.png"),
        "card_type": st.sampled_from(CARDS),
        "base64": st.sampled_from(["iVBORw0KGgo=", "R0lGODlh"]),
        "media_id": names,
        "buttons": st.lists(entries, max_size=8),
        "links": st.lists(entries, max_size=10),
        "articles": st.lists(entries, max_size=10),
        "horizontal_list": st.lists(entries, max_size=7),
        "jump_list": st.lists(entries, max_size=4),
        "at": calls,
        "btn_orientation": st.sampled_from(["0", "1", 1, None]),
        "msgtype": st.sampled_from(["text", "markdown"]),
    },
)


def check(result: Any, channel: str) -> None:
    try:
        rendered = render(result, channel, "任务", "https://zhundian.example/logs/1")
    except Wrong as wrong:
        said = wrong.text
    else:
        assert len(rendered.payloads) <= MOST_MESSAGES
        # What is native goes as it is: the platform judges it.
        if not is_raw(result):
            assert {refusal(channel, one) for one in rendered.payloads} <= {None}
        return
    assert said.zh
    assert NAMES.search(said.en), said.en


def is_raw(result: Any) -> bool:
    every = result if isinstance(result, list) else [result]
    return "raw" in map(msg_type_of, every)


@given(anything, st.sampled_from(CHANNELS))
@settings(max_examples=300)
def test_any_json_is_sent_or_refused(result: Any, channel: str) -> None:
    check(result, channel)


@given(results, st.sampled_from(CHANNELS))
@settings(max_examples=500)
def test_anything_that_looks_like_a_message_is_sent_or_refused(result: Any, channel: str) -> None:
    check(result, channel)
