"""Names of time zones: which are good, and what someone may have meant."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from chalicelib.domain.errors import Wrong
from chalicelib.domain.text import Text

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)*")
#: Files beside the zones: the machine's own setting, copies, and copies with leap seconds.
_NOT_ZONES = re.compile(r"localtime|posixrules|(?:posix|right)/.*")

#: What people in China write for their zone, which has no name of its own in the IANA list.
_CHINA = re.compile(
    r"(?:asia/)?(?:beijing|peking)|china(?: standard time)?|北京(?:时间)?|上海|中国|c[sc]t"
    r"|(?:utc|gmt)?\+0?8(?::?00)?"
)


def check_zone(name: str) -> None:
    """Raise `Wrong`, with the nearest names, unless `name` is a zone of the IANA database.

    Names are compared exactly, and never taken for a path.
    """
    if not _exists(name):
        raise Wrong(_unknown(name))


def _exists(name: str) -> bool:
    if not _NAME.fullmatch(name) or _NOT_ZONES.fullmatch(name):
        return False
    try:
        ZoneInfo(name)
    # OSError: a folder (`America`); ValueError: a file that is no zone (`leapseconds`).
    except (ZoneInfoNotFoundError, OSError, ValueError):
        return False
    return True


def _unknown(name: str) -> Text:
    if not name.strip():
        return Text(
            "请填写时区,例如 Asia/Shanghai",
            "a time zone is missing; write one such as Asia/Shanghai",
        )
    shown, near = name[:50], _nearest(name)
    if near:
        return Text(
            f"没有名为 “{shown}” 的时区,您要的是不是:{'、'.join(near)}",
            f"there is no time zone '{shown}'; did you mean {' or '.join(near)}?",
        )
    return Text(
        f"没有名为 “{shown}” 的时区,请用 IANA 时区名,例如 Asia/Shanghai、America/New_York、UTC",
        f"there is no time zone '{shown}'; use an IANA name such as Asia/Shanghai, "
        "America/New_York or UTC",
    )


def _nearest(name: str) -> list[str]:
    wanted = name.strip().lower().replace(" ", "_")[:50]
    if _CHINA.fullmatch(wanted.replace("_", " ")):
        return ["Asia/Shanghai"]
    known = _by_lower_case()
    if wanted in known:
        return [known[wanted]]
    return list(dict.fromkeys(known[key] for key in get_close_matches(wanted, known, n=3)))


@lru_cache(maxsize=1)
def _by_lower_case() -> dict[str, str]:
    """Names by themselves and by their last part (`shanghai`), in lower case."""
    names = sorted(name for name in available_timezones() if _exists(name))
    last_parts = {name.rpartition("/")[2].lower(): name for name in names}
    return last_parts | {name.lower(): name for name in names}
