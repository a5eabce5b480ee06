"""A client of the API, by the events that API Gateway sends."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from chalice.test import Client

from app import app


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    headers: dict[str, str]

    def fields(self) -> list[str]:
        """The names of the wrong fields of a problem."""
        return [error["field"] for error in self.body["errors"]]


class Api:
    """Calls as the holder of one key; `language` goes with each."""

    def __init__(self, key: str | None, language: str = "en") -> None:
        self.headers = {"Content-Type": "application/json", "Accept-Language": language}
        if key:
            self.headers["Authorization"] = f"Bearer {key}"

    def call(self, method: str, path: str, body: Any = None, raw: bytes | None = None) -> Answer:
        sent = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        with Client(app) as client:
            response = client.http.request(method, path, headers=self.headers, body=sent)
        text = response.body.decode()
        return Answer(response.status_code, json.loads(text) if text else None, response.headers)

    def get(self, path: str) -> Answer:
        return self.call("GET", path)

    def post(self, path: str, body: Any = None) -> Answer:
        return self.call("POST", path, body)

    def put(self, path: str, body: Any) -> Answer:
        return self.call("PUT", path, body)

    def delete(self, path: str) -> Answer:
        return self.call("DELETE", path)


TASK = {
    "task_name": "日报",
    "time_points": ["08:05"],
    "script_content": "result = {'content': 'x'}",
}
CHANNEL = {
    "channel_name": "团队群",
    "channel_type": "dingtalk_bot",
    "webhook_url": "https://oapi.dingtalk.com/robot/send?access_token=abcdef0123456789",
    "sign_secret": "SECdeadbeef",
}
