"""Reading the result that a child claims; nothing of it is believed unseen."""

from __future__ import annotations

import json
from typing import Any

from chalicelib.domain.errors import Wrong
from chalicelib.domain.json_values import is_sound
from chalicelib.domain.nesting import levels
from chalicelib.domain.text import Text

#: Bytes of a result as JSON in UTF-8.
MAX_RESULT = 1_000_000
#: MariaDB's JSON functions read 32 levels.
_LEVELS = 31

_NO_JSON = Text(
    "result 不是有效的 JSON(不支持 NaN、无穷大、过大的数字和残缺的 Unicode 字符)",
    "result is no valid JSON (it has no NaN, no infinity, no number over 1e307 and no halves of"
    " characters)",
)


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def read_result(text: str) -> Any:
    """The value that `text` is the JSON of; raises Wrong with what to change."""
    if (size := _size(text)) > MAX_RESULT:
        raise Wrong(
            Text(
                f"result 有 {size} 字节,超过 {MAX_RESULT} 字节的上限;请只返回需要推送的内容",
                f"result has {size} bytes, over {MAX_RESULT}; return only what is to be sent",
            )
        )
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise Wrong(_NO_JSON) from None
    for depth, level in enumerate(levels(value)):
        if depth > _LEVELS:
            raise Wrong(Text("result 嵌套过深", "result is nested too deep"))
        if not all(map(is_sound, level)):
            raise Wrong(_NO_JSON)
    return value
