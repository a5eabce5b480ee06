"""What a robot's answer means: sent, worth another try, or final with a hint."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Status = Literal["sent", "failed", "later"]

#: Seconds until the next try where the robot or the network was only busy.
SOON_SECONDS = 5
#: Seconds that a robot is blocked after too many messages; WeCom does not say, so its window.
_BLOCKED_SECONDS = {"dingtalk_bot": 600, "wecom_bot": 60}
_RATE_CODES = {"dingtalk_bot": frozenset({410100, 130101}), "wecom_bot": frozenset({45009})}
_RATE_WORDS = re.compile(r"too fast|exceed .* per minute|限流|freq out of limit", re.IGNORECASE)
_BUSY_CODES = frozenset({-1, 45033})

_DINGTALK_HINTS = {
    400101: "机器人不存在,请检查 Webhook 地址中的 access_token",
    300005: "机器人不存在,请检查 Webhook 地址中的 access_token",
    400102: "机器人已停用,请在群设置中启用",
    400106: "机器人已不在群中,请重新添加并更新 Webhook 地址",
    400013: "群已解散,请更换渠道",
    400105: "钉钉群机器人不支持该消息类型",
    40035: "消息缺少必填参数",
    43004: "请求的 Content-Type 不正确",
    43002: "请求方法不正确,应为 POST",
    430101: "消息含有不安全的链接,请修改后再发",
    430102: "消息含有不合适的文本,请修改后再发",
    430103: "消息含有不合适的图片,请修改后再发",
    430104: "消息含有不合适的内容,请修改后再发",
    460101: "消息过长,请缩短到 20000 字节以内",
    101002: "消息过长,请缩短到 20000 字节以内",
}
_WECOM_HINTS = {
    93000: "Webhook 地址无效,或机器人已被移出群,请检查 key 或重新添加机器人",
    93004: "机器人已停用,请在群设置中启用",
    93008: "机器人已不在群中,请重新添加并更新 Webhook 地址",
    40058: "消息中有参数不符合要求,请检查长度和格式",
    40008: "企业微信群机器人不支持该消息类型",
    44004: "消息内容为空",
    40007: "文件已失效,请重新上传",
    40006: "文件大小不符合要求",
    45001: "文件大小不符合要求",
    45002: "消息过长,请缩短后再发",
    45008: "图文超过 8 条,请减少条数",
    45034: "链接须以 http:// 或 https:// 开头",
    40033: "消息含有不允许的字符",
    40035: "消息中有参数不正确",
    40063: "消息中有参数为空",
}
_HINTS = {"dingtalk_bot": _DINGTALK_HINTS, "wecom_bot": _WECOM_HINTS}
#: DingTalk says 310000 for every security rule; only its words tell which one.
_SECURITY_HINTS = (
    ("keyword", "消息中没有机器人要求的关键词,请在内容中加上"),
    ("timestamp", "签名时间与钉钉相差超过 1 小时,请检查服务器时钟"),
    ("sign", "加签密钥不正确,请在渠道中重新填写 sign_secret"),
    ("ip ", "服务器 IP 不在机器人的白名单中,请在机器人安全设置中添加"),
)


@dataclass(frozen=True)
class Verdict:
    """`hint` is in Chinese, for people; empty if there is nothing to say."""

    status: Status
    retry_after_seconds: int | None = None
    hint: str = ""


def judge(channel_type: str, errcode: int, errmsg: str) -> Verdict:
    """Classify the `errcode` in a robot's answer; HTTP says 200 whatever happened."""
    if errcode == 0:
        return Verdict("sent")
    if errcode in _RATE_CODES[channel_type] or _RATE_WORDS.search(errmsg):
        seconds = _BLOCKED_SECONDS[channel_type]
        return Verdict("later", seconds, f"超过每分钟 20 条的限制,{seconds} 秒后重试")
    if errcode in _BUSY_CODES:
        return Verdict("later", SOON_SECONDS, "对方系统繁忙,稍后重试")
    return Verdict("failed", hint=_hint(channel_type, errcode, errmsg))


def _hint(channel_type: str, errcode: int, errmsg: str) -> str:
    if channel_type == "dingtalk_bot" and errcode == 310000:
        words = errmsg.lower()
        return next((hint for word, hint in _SECURITY_HINTS if word in words), "未通过安全设置")
    return _HINTS[channel_type].get(errcode, "")
