"""Messages: from a script's `result` to what DingTalk's and WeCom's robots take."""

from chalicelib.domain.messages.model import Rendered
from chalicelib.domain.messages.rendering import render, render_direct

__all__ = ["Rendered", "render", "render_direct"]
