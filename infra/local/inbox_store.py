"""What the inbox remembers over restarts: messages, the robots' secrets and keywords."""

from __future__ import annotations

import json
import os
import threading
from collections import deque
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

#: The most messages that are kept.
CAPACITY = 10_000
#: Messages that a robot takes in a minute.
RATE = 20
#: For how long a robot that was sent more takes nothing: DingTalk's rule; WeCom has none known.
BLOCKED = {"dingtalk": timedelta(minutes=10)}


class Store:
    """Messages and secrets in memory, and in files of `folder` that only their owner can read."""

    def __init__(self, folder: Path | None) -> None:
        self._lock = threading.Lock()
        self._messages = folder / "messages.jsonl" if folder else None
        self._robots = folder / "robots.json" if folder else None
        self._items: deque[dict[str, Any]] = deque(maxlen=CAPACITY)
        self._secrets: dict[str, str] = {}
        self._keywords: dict[str, list[str]] = {}
        self._shown: set[tuple[str, str]] = set()
        self._taken: dict[str, deque[datetime]] = {}
        self._blocked: dict[str, datetime] = {}
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
        self._load()

    def items(self, robot: str | None) -> list[dict[str, Any]]:
        with self._lock:
            return [item for item in self._items if robot is None or item["robot"] == robot]

    def secret(self, robot: str) -> str | None:
        return self._secrets.get(robot)

    def set_secret(self, robot: str, secret: str) -> None:
        """An empty secret takes the robot's signature away."""
        with self._lock:
            self._secrets.pop(robot, None)
            if secret:
                self._secrets[robot] = secret
            self._write_robots()

    def keywords(self, robot: str) -> list[str]:
        """One of these must be in every message of a robot that has any."""
        return self._keywords.get(robot, [])

    def set_keywords(self, robot: str, keywords: list[str]) -> None:
        with self._lock:
            self._keywords.pop(robot, None)
            if keywords:
                self._keywords[robot] = keywords
            self._write_robots()

    def _write_robots(self) -> None:
        if self._robots:
            names = {*self._secrets, *self._keywords}
            robots = {
                name: {"secret": self._secrets.get(name), "keywords": self.keywords(name)}
                for name in sorted(names)
            }
            _write(self._robots, json.dumps(robots, ensure_ascii=False), append=False)

    def was_shown(self, robot: str, uuid: object) -> bool:
        """Whether a message of this robot with this `msgUuid` is there already."""
        return (robot, str(uuid)) in self._shown

    def may_take(self, platform: str, robot: str, now: datetime) -> bool:
        """Count a message against the robot's minute; False when it is full, or was lately."""
        key = f"{platform} {robot}"
        with self._lock:
            if key in self._blocked and now < self._blocked[key]:
                return False
            taken = self._taken.setdefault(key, deque())
            while taken and now - taken[0] >= timedelta(minutes=1):
                taken.popleft()
            if len(taken) >= RATE:
                self._blocked[key] = now + BLOCKED.get(platform, timedelta(0))
                return False
            taken.append(now)
            return True

    def add(self, robot: str, errcode: int, payload: dict[str, Any] | None, now: datetime) -> None:
        item = {
            "received_at": now.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z",
            "robot": robot,
            "accepted": errcode == 0,
            "errcode": errcode,
            "payload": payload,
        }
        with self._lock:
            self._remember(item)
            if self._messages:
                _write(self._messages, _line(item), append=True)

    def _remember(self, item: dict[str, Any]) -> None:
        self._items.append(item)
        uuid = (item["payload"] or {}).get("msgUuid")
        if item["accepted"] and uuid:
            self._shown.add((item["robot"], str(uuid)))

    def _load(self) -> None:
        if self._robots and self._robots.exists():
            for name, robot in json.loads(self._robots.read_text("utf-8")).items():
                # An earlier version kept the secret alone.
                robot = {"secret": robot} if isinstance(robot, str) else robot
                if robot.get("secret"):
                    self._secrets[name] = robot["secret"]
                self._keywords[name] = robot.get("keywords") or []
        if not self._messages or not self._messages.exists():
            return
        lines = self._messages.read_text("utf-8", errors="replace").splitlines()
        for line in lines:
            # A machine that lost its power may leave half a line.
            try:
                self._remember(json.loads(line))
            except (ValueError, KeyError, TypeError):
                continue
        if len(lines) > len(self._items):
            _write(self._messages, "".join(map(_line, self._items)), append=False)


def _line(item: dict[str, Any]) -> str:
    # Escaped, so that half a surrogate pair in a message is no reason to lose it.
    return json.dumps(item) + "\n"


def _write(path: Path, text: str, *, append: bool) -> None:
    flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if append else os.O_TRUNC)
    with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
