"""`dingtalk` and `wecom`: a message to a group robot, sent at once by the platform."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox_runner.frames import CallFailed
from sandbox_runner.results import checked_json

Call = Callable[[str, Mapping[str, Any]], Any]


class Receipt(dict[str, Any]):
    """What a robot answered: `ok`, `errcode`, `errmsg`, `hint`; true if it took the message.

    A dict, so that it may be printed, stored in a variable and returned in `result`.
    """

    # A script sees it under its bare name.
    __module__ = "builtins"

    def __bool__(self) -> bool:
        return self["ok"] is True


def _check(name: str, value: object, kinds: type | tuple[type, ...], zh: str, en: str) -> None:
    if not isinstance(value, kinds):
        kind = type(value).__name__
        raise TypeError(f"{name} 须为{zh},现在是 {kind} / {name} must be {en}, not {kind}")


def _send(call: Call, name: str, args: Mapping[str, Any]) -> Receipt:
    _check("webhook_url", args["webhook_url"], str, "文本", "text")
    _check("content", args["content"], (str, dict), "文本或字典", "text or a dict")
    _check("title", args["title"], str, "文本", "text")
    if isinstance(args["content"], dict):
        checked_json(args["content"], "content")
    try:
        return Receipt(call(name, args))
    except CallFailed as error:
        if error.kind == "argument":
            raise ValueError(str(error)) from None
        raise


def robot_functions(call: Call) -> dict[str, Callable[..., Receipt]]:
    """The two functions of the product document."""

    def dingtalk(webhook_url: str, content: str | dict[str, Any], title: str = "通知") -> Receipt:
        """立即向钉钉群机器人发送一条消息,不经过 `result`。

        `content` 为文本时按 Markdown 发送,`title` 显示在会话列表和通知里;为字典时与 `result`
        的格式相同。返回 `{'ok', 'errcode', 'errmsg', 'hint'}`,可直接用 `if` 判断是否送达:
        机器人拒收时返回值为假,不会抛出异常;参数有误时抛出 TypeError 或 ValueError。
        加签的机器人请配置为通知渠道。测试运行时不发送,只展示。

        Send a message to a DingTalk group robot at once, apart from `result`.

        Text is sent as Markdown, with `title` in the list of chats and the notification; a dict
        has the form of a `result`. Returns `{'ok', 'errcode', 'errmsg', 'hint'}`, which is true
        in an `if` when the robot took it; a robot that refuses raises nothing, wrong arguments
        raise TypeError or ValueError. A robot that demands a signature belongs in a channel. A
        test run shows the message and sends none.

        Example::

            sent = dingtalk(get_param('dingtalk_webhook'), '**库存不足**: 3 件', title='库存')
            if not sent:
                log(f"未送达: {sent['errmsg']} {sent['hint']}")
        """
        args = {"webhook_url": webhook_url, "content": content, "title": title}
        return _send(call, "dingtalk", args)

    def wecom(webhook_url: str, content: str | dict[str, Any]) -> Receipt:
        """立即向企业微信群机器人(消息推送)发送一条消息,不经过 `result`。

        `content` 为文本时按 Markdown 发送,为字典时与 `result` 的格式相同。返回值和错误处理与
        `dingtalk` 相同。

        Send a message to a WeCom group robot at once, apart from `result`.

        Text is sent as Markdown; a dict has the form of a `result`. What it returns and raises
        is as with `dingtalk`.

        Example::

            sent = wecom(get_param('wecom_webhook'), {
                'msg_type': 'text',
                'content': '日报已生成',
            })
            log('已送达' if sent else sent['errmsg'])
        """
        return _send(call, "wecom", {"webhook_url": webhook_url, "content": content, "title": ""})

    return {"dingtalk": dingtalk, "wecom": wecom}
