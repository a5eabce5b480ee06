"""The names that a script has without import: one small function each, over `channel.call`."""

from __future__ import annotations

import base64
import builtins
import datetime
import hashlib
import json
import math
import random
import re
import time
from collections.abc import Mapping
from types import FunctionType
from typing import Any

from sandbox_runner.assistant import ai_functions
from sandbox_runner.console import leave, logger
from sandbox_runner.frames import CallFailed, Channel
from sandbox_runner.parameters import parameter_functions
from sandbox_runner.robots import robot_functions
from sandbox_runner.rows import row_functions
from sandbox_runner.secret_values import secret_functions
from sandbox_runner.tenants import tenant_functions
from sandbox_runner.variables import variable_functions
from sandbox_runner.web import http_functions
from sandbox_runner.web_answers import HttpError

MODULES: Mapping[str, Any] = {
    # The class, as the product document has `datetime.now()` without import.
    "datetime": datetime.datetime,
    "date": datetime.date,
    "timedelta": datetime.timedelta,
    "time": time,
    "json": json,
    "re": re,
    "math": math,
    "random": random,
    "hashlib": hashlib,
    "base64": base64,
}


def names(job: Mapping[str, Any], channel: Channel) -> dict[str, Any]:
    """Everything that the product document promises a script, by name."""
    found = {
        **MODULES,
        **ai_functions(channel.call),
        **http_functions(channel.call),
        **parameter_functions(job["params"]),
        **robot_functions(channel.call),
        **row_functions(channel.call),
        **secret_functions(channel.call),
        **tenant_functions(channel.call),
        **variable_functions(channel.call),
        "log": logger(channel),
        "print": builtins.print,
        "task_id": job["task_id"],
        "tenant_id": job["tenant_id"],
        "trace_id": job["trace_id"],
        "HttpError": HttpError,
        "CallFailed": CallFailed,
        # Python adds these two in a module that the sandbox leaves out.
        "exit": leave,
        "quit": leave,
    }
    for name, value in found.items():
        if isinstance(value, FunctionType):
            # Python's own words about a wrong call have this.
            value.__qualname__ = name
    return found
