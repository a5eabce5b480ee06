"""What users send, against a model: every wrong field with how to mend it, in both languages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from chalicelib.domain.errors import FieldError, Invalid, Wrong
from chalicelib.domain.text import Text

Model = TypeVar("Model", bound=BaseModel)
Result = TypeVar("Result")

#: Pydantic's error types (docs.pydantic.dev, "Validation Errors"); {…} is filled from its context.
SENTENCES: dict[str, tuple[str, str]] = {
    "missing": ("必填", "is required"),
    "extra_forbidden": (
        "未知字段,请删除或检查拼写",
        "is no known field; remove it or check its spelling",
    ),
    "string_type": ("须为字符串", "must be a string"),
    "string_too_short": ("至少 {min_length} 个字符", "has at least {min_length} characters"),
    "string_too_long": ("最多 {max_length} 个字符", "has at most {max_length} characters"),
    "string_unicode": ("含有无效字符", "contains half characters"),
    "int_type": ("须为整数", "must be a whole number"),
    "int_parsing": ("须为整数", "must be a whole number"),
    "int_from_float": ("须为整数", "must be a whole number"),
    "bool_type": ("须为 true 或 false", "must be true or false"),
    "bool_parsing": ("须为 true 或 false", "must be true or false"),
    "list_type": ("须为列表", "must be a list"),
    "too_long": ("最多 {max_length} 项", "has at most {max_length} items"),
    "too_short": ("至少 {min_length} 项", "has at least {min_length} items"),
    "date_from_datetime_parsing": ("须为日期,例如 2026-12-31", "must be a date, as 2026-12-31"),
    "date_parsing": ("须为日期,例如 2026-12-31", "must be a date, as 2026-12-31"),
    "date_type": ("须为日期,例如 2026-12-31", "must be a date, as 2026-12-31"),
    "dict_type": ("须为 JSON 对象", "must be a JSON object"),
    "literal_error": ("须为以下之一: {expected}", "must be one of {expected}"),
    "greater_than_equal": ("不能小于 {ge}", "must be at least {ge}"),
    "less_than_equal": ("不能大于 {le}", "must be at most {le}"),
}


def read(model: type[Model], sent: Mapping[str, Any]) -> Model:
    """Build a model of what a user sent. Raises Invalid with every wrong field."""
    try:
        return model.model_validate(sent)
    except ValidationError as error:
        found = (_field_error(dict(item)) for item in error.errors(include_url=False))
        raise Invalid(*found) from error


def _field_error(item: dict[str, Any]) -> FieldError:
    field = ".".join(str(part) for part in item["loc"])
    cause = item.get("ctx", {}).get("error")
    if isinstance(cause, Wrong):
        return FieldError(field, cause.text)
    zh, en = SENTENCES.get(item["type"], ("不合法", item["msg"]))
    context = {key: _plain(value) for key, value in item.get("ctx", {}).items()}
    return FieldError(field, Text(zh.format(**context), en.format(**context)))


def _plain(value: Any) -> str:
    return str(value).replace("' or '", "' / '").replace("', '", "' / '")


def read_field(kind: Any, field: str, sent: Any) -> Any:
    """Check a single value of an annotated type. Raises Invalid for that field."""
    try:
        return TypeAdapter(kind).validate_python(sent)
    except ValidationError as error:
        found = [_field_error(dict(item)) for item in error.errors(include_url=False)]
        named = (
            FieldError(".".join(filter(None, (field, one.field))), one.message) for one in found
        )
        raise Invalid(*named) from error


def checked(field: str, rule: Callable[..., Result], *args: Any) -> Result:
    """What a rule makes of a value. Raises Invalid for that field where the rule raises Wrong."""
    try:
        return rule(*args)
    except Wrong as error:
        raise Invalid(FieldError(field, error.text)) from error


def value_of(sent: Mapping[str, Any]) -> Any:
    """The JSON value in a body `{"value": …}`. Raises Invalid for any other body."""
    if sent.keys() != {"value"}:
        text = Text('请求体须为 {"value": …}', 'the body must be {"value": …}')
        raise Invalid(FieldError("value", text))
    return sent["value"]
