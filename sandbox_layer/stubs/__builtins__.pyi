"""What a script of Zhundian has without import; put this file at your project's root.

Made by `make sdk`.
"""

import base64 as base64
import hashlib as hashlib
import json as json
import math as math
import random as random
import re as re
import time as time
from collections.abc import Iterator, Mapping
from datetime import date as date
from datetime import datetime as datetime
from datetime import timedelta as timedelta
from typing import Any

task_id: int | None
tenant_id: str | None
trace_id: str


class CallFailed(RuntimeError):
    """平台未能完成 SDK 函数的请求;`kind` 是原因的代码,可能为空。属于 RuntimeError。

    The platform could not do what an SDK function asked it for; `kind` says why, if known. A
    RuntimeError.

    Example::

        try:
            set_var('large', 'x' * 100_000)
        except CallFailed as error:
            log(f'{error.kind}: {error}')
    """
    kind: str | None

class Headers(Mapping[str, str]):
    """A response's headers; names are found in any case, repeated ones joined by a comma."""
    _values: dict[str, tuple[str, str]]
    def __getitem__(self, name: str) -> str: ...
    def __iter__(self) -> Iterator[str]: ...
    def __len__(self) -> int: ...

class HttpError(OSError):
    """没有得到响应,或 `raise_for_status` 遇到错误状态码,或 `json` 遇到的不是 JSON。属于 OSError。

    `kind` 是原因的代码,例如 `timeout`;有响应时 `response` 是该响应。

    There was no answer, or `raise_for_status` found a bad one, or `json` no JSON. An OSError.

    `kind` says why, such as `timeout`; `response` is the answer, if there was one.

    Example::

        try:
            http_get('http://127.0.0.1:9/')
        except HttpError as error:
            log(f'{error.kind}: {error}')
    """
    kind: str | None
    response: HttpResponse | None

class HttpResponse:
    """What a server answered; true if the status is below 400."""
    status_code: int
    reason: str
    headers: Headers
    content: bytes
    url: str
    elapsed: timedelta
    encoding: str | None
    @property
    def ok(self) -> bool: ...
    def __bool__(self) -> bool: ...
    @property
    def apparent_encoding(self) -> str:
        """What the body itself looks like."""
    @property
    def text(self) -> str:
        """The body in `encoding`, else as it looks; never fails."""
    def json(self, **kwargs: Any) -> Any:
        """The body as JSON; raises HttpError, which here is a ValueError too."""
    def raise_for_status(self) -> None:
        """Raise HttpError if the status is 400 or above."""

class Receipt(dict[str, Any]):
    """What a robot answered: `ok`, `errcode`, `errmsg`, `hint`; true if it took the message.

    A dict, so that it may be printed, stored in a variable and returned in `result`.
    """
    def __bool__(self) -> bool: ...

def ai(prompt: str, system: str | None=None, model: str='deepseek-chat') -> str:
    """调用 AI 模型,返回回答的文本。`system` 为系统提示词,`prompt` 和 `system` 合计最大
    200 KB。用量记入日志;失败时抛出 CallFailed,`kind` 说明原因(如 budget、timeout、rate)。

    Ask a language model; returns the text of its answer. `system` is the system prompt; both
    together have at most 200 KB. Tokens are written to the log. A failure raises CallFailed,
    whose `kind` says why (such as budget, timeout, rate).

    Example::

        summary = ai('用一句话总结:今天完成 3 个订单', system='你是一个助手')
        log(summary)
    """

def db_query(sql: str, params: Any=None) -> list[dict[str, Any]]:
    """在数据源中执行一条查询,以字典列表返回各行。只读:最长 20 秒、10000 行、5 MB,
    超出时报错而不会截断。参数写作 `%s`(`params` 为列表)或 `%(name)s`(`params` 为字典),
    由平台转义,不要拼接 SQL;有 `params` 时百分号本身写作 `%%`。每次查询使用单独的连接,
    变量、事务和锁不会保留。金额等为 `Decimal`,时间为不带时区的 `datetime`,与库中所存一致。

    Run one query in the data source; its rows as a list of dicts. Read-only: at most 20
    seconds, 10000 rows and 5 MB; what goes beyond is an error, nothing is cut off. Parameters
    are written `%s` (`params` a list) or `%(name)s` (a dict) and are escaped by the platform;
    do not put them into the SQL yourself. With `params`, a percent sign is written `%%`. Each
    query has a connection of its own: variables, transactions and locks do not last. DECIMAL
    is `Decimal`; times are `datetime` without a zone, as stored.

    Example::

        rows = db_query('SELECT %s AS city, %s + 1 AS number', ['上海', 41])
        log(f"{rows[0]['city']}: {rows[0]['number']}")
    """

def del_var(key: str) -> None:
    """删除变量,没有时什么也不做。

    Delete a variable; nothing happens if there is none.

    Example::

        del_var('last_id')
    """

def dingtalk(webhook_url: str, content: str | dict[str, Any], title: str='通知') -> Receipt:
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

def get_all_tenant_configs(app_code: str, key: str) -> list[dict[str, Any]]:
    """获取所有租户的同一项配置:字典列表,包含 `tenant_id`、`tenant_name`、`is_enabled` 和
    `value`。没有该配置的租户不在其中;租户自己的任务只能看到本租户。

    The same config of all tenants that have it, each a dict with `tenant_id`, `tenant_name`,
    `is_enabled` and `value`. A tenant's task sees its own alone.

    Example::

        for config in get_all_tenant_configs('report', 'robot'):
            log(f"{config['tenant_name']}: {config['value']}")
    """

def get_param(key: str, default: Any=None) -> Any:
    """获取单个任务参数,没有时返回 `default`。
    手动执行或事件触发时传入的参数优先于任务自己的参数。

    One of the run's parameters, `default` if there is none. Those that a manual run or an
    event brings are laid over the task's own.

    Example::

        limit = get_param('limit', 10)
        log(f'最多处理 {limit} 条')
    """

def get_params() -> dict[str, Any]:
    """获取所有任务参数,返回一个可以随意修改的字典。

    All parameters of the run, as a dict of your own.

    Example::

        for name, value in get_params().items():
            log(f'{name} = {value}')
    """

def get_secret(key: str) -> str:
    """获取密钥:先找本租户的,再找平台共享的;没有时抛出 CallFailed(kind 为 'not_found')。

    取到的值(及其 base64、URL、JSON 等常见编码)在日志、错误和 result 中显示为 `******`。
    这防的是不小心;改写过的值(倒序、拆开、加密)无法识别,请不要打印。

    Read a secret: the tenant's own, else the platform's if that is shared. If there is none,
    CallFailed is raised, whose kind is 'not_found'.
    The value, and its usual encodings (base64, URL, JSON …), appears as `******` in the log,
    in errors and in the result. That guards against accidents: a value that was taken apart
    or transformed is not recognized, so do not print it.

    Example::

        try:
            token = get_secret('example_api_token')
        except CallFailed as error:
            log(f'没有密钥: {error.kind}')
        else:
            log(f'密钥有 {len(token)} 个字符')
    """

def get_tenant_config(tenant_id: str, app_code: str, key: str) -> Any:
    """获取租户配置:某个应用的某一项,没有时返回 None。租户自己的任务只能读取本租户的配置。

    One config of a tenant, by app and key; None if there is none. A tenant's task reads its
    own tenant's alone, anything else raises CallFailed.

    Example::

        for tenant in get_tenants():
            robot = get_tenant_config(tenant['tenant_id'], 'report', 'robot')
            log(f"{tenant['tenant_name']}: {robot}")
    """

def get_tenants() -> list[dict[str, Any]]:
    """获取所有租户:字典列表,包含 `tenant_id`、`tenant_name`、`is_enabled`。
    租户自己的任务只能看到本租户。

    All tenants, each a dict with `tenant_id`, `tenant_name` and `is_enabled`. A tenant's task
    sees its own alone.

    Example::

        for tenant in get_tenants():
            if tenant['is_enabled']:
                log(f"{tenant['tenant_id']}: {tenant['tenant_name']}")
    """

def get_var(key: str, default: Any=None) -> Any:
    """读取变量,没有时返回 `default`。变量属于任务,跨执行保留。

    Read a variable, `default` if there is none. Variables belong to the task and last from
    run to run.

    Example::

        last = get_var('last_id', 0)
        log(f'上次处理到 {last}')
    """

def http_get(url: str, headers: Any=None, params: Any=None) -> HttpResponse:
    """发送 GET 请求,跟随重定向。`params` 会拼到网址后面。

    返回值与 `requests` 的响应相同:`status_code`、`ok`、`headers`、`text`、`content`、
    `json()`、`raise_for_status()`、`encoding`、`reason`、`url`、`elapsed`。错误状态码不会
    抛出异常;没有得到响应时抛出 `HttpError`。

    Send a GET request, following redirects; `params` are added to the address.

    The answer is as a response of `requests`: `status_code`, `ok`, `headers`, `text`,
    `content`, `json()`, `raise_for_status()`, `encoding`, `reason`, `url`, `elapsed`. An
    error status raises nothing; where no answer came, `HttpError` is raised.

    Example::

        answer = http_get(get_param('url'), params={'day': str(date.today())})
        answer.raise_for_status()
        log(f'{len(answer.json())} 条')
    """

def http_post(url: str, data: Any=None, json: Any=None, headers: Any=None) -> HttpResponse:
    """发送 POST 请求。`data` 为表单(字典)、文本或字节,`json` 为 JSON 数据。

    返回值与 `http_get` 相同。

    Send a POST request; `data` is a form (a dict), text or bytes, `json` is sent as JSON.

    The answer is as that of `http_get`.

    Example::

        answer = http_post(get_param('url'), json={'name': '日报'}, headers={'X-Team': 'ops'})
        if not answer.ok:
            log(f'接口返回 {answer.status_code}: {answer.text[:100]}')
    """

def log(message: Any) -> None:
    """记录一行日志,行首是任务时区的时间。

    Write a line to the run's log, with the time of day in the task's zone.

    Example::

        log('任务开始执行')
    """

def set_var(key: str, value: Any) -> None:
    """保存变量:任何能转换为 JSON 的值,最大 64 KB。
    与 JSON 一样,元组会变成列表,字典的键会变成文本。

    Store a variable: any JSON value of at most 64 KB. As in JSON, tuples become lists, and
    the keys of dicts become text.

    Example::

        set_var('last_id', 42)
        set_var('state', {'page': 3, 'done': False})
    """

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
