"""A task's arguments: bound to its signature, checked to be JSON, typed for HTTP."""

import inspect
import json
import math
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from jobs.conf import options
from jobs.errors import ArgumentsTooLarge, InvalidArguments
from jobs.task import Task, function_of

#: Nesting of one argument; deeper JSON is an attack or a mistake.
MAX_DEPTH = 32
#: Of a whole number, either side of zero: what 64 bits hold, as other readers of JSON expect.
MAX_INTEGER = 2**63 - 1
#: Who sends thousands of misfits finds the mistake by fewer.
MAX_PROBLEMS = 50

type Path = tuple[str | int, ...]


class Accept:
    """Which files an `Upload` parameter takes: content types and endings, as in an HTML accept attribute."""

    def __init__(self, *patterns: str) -> None:
        self.patterns = patterns

    def __get_pydantic_json_schema__(self, core_schema: Any, handler: Any) -> dict[str, Any]:
        return {**handler(core_schema), "x-accept": list(self.patterns)}


#: A parameter that takes an uploaded file: the value is the upload's id.
Upload = Annotated[str, Field(json_schema_extra={"format": "upload"})]

#: How the schema says that a value is taken and never shown.
_REDACTED = Field(json_schema_extra={"writeOnly": True, "format": "password"})


def bind(task: Task, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """The arguments as they will be stored. Raises InvalidArguments or ArgumentsTooLarge."""
    signature = _signature(task)
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        raise InvalidArguments(f"{task.public_name}{signature}: {error}.") from error
    stored = [jsonable(value, (index,)) for index, value in enumerate(args)], jsonable(kwargs, ())
    _check_size(json.dumps(stored))
    return stored


def _check_size(encoded: str) -> None:
    limit = options().max_argument_bytes
    if len(encoded) > limit:
        raise ArgumentsTooLarge(
            f"The arguments take {len(encoded)} bytes as JSON; expected at most {limit}. "
            "Upload large data as a file and pass its id."
        )


def parse(task: Task, arguments: dict[str, Any]) -> dict[str, Any]:
    """Checks named arguments from outside against the annotated types; what was left out stays out.

    Raises ArgumentsTooLarge, or InvalidArguments with a problem per misfit, of the first MAX_PROBLEMS.
    """
    model = arguments_model(task)
    encoded = json.dumps(jsonable(arguments, ()))
    # Before they are checked: a megabyte of misfits would take seconds to tell.
    _check_size(encoded)
    try:
        parsed = model.model_validate_json(encoded, strict=True)
    except ValidationError as error:
        misfits = error.errors(include_url=False)[:MAX_PROBLEMS]
        problems = tuple((found["loc"], _sentence(found, task)) for found in misfits)
        text = "; ".join(f"{dotted(path)}: {sentence}" for path, sentence in problems)
        raise InvalidArguments(f"{task.public_name}: {text}", problems) from error
    return parsed.model_dump(mode="json", exclude_unset=True, by_alias=True)


def arguments_model(task: Task) -> type[BaseModel]:
    """A pydantic model of the task's parameters; its JSON Schema is what callers see."""
    return _model(function_of(task), task.takes_context, task.public_name, task.redact)


@cache
def _model(
    function: Callable[..., Any], takes_context: bool, title: str, redact: tuple[str, ...]
) -> type[BaseModel]:
    hints = get_type_hints(function, include_extras=True)
    hints |= {name: Annotated[hints.get(name, Any), _REDACTED] for name in redact}
    fields: dict[str, Any] = {
        name: (hints.get(name, Any), ... if parameter.default is parameter.empty else parameter.default)
        for name, parameter in _parameters(function, takes_context).parameters.items()
    }
    return create_model(f"{title}.arguments", __config__=ConfigDict(extra="forbid", title=title), **fields)


def arguments_schema(task: Task) -> dict[str, Any]:
    """JSON Schema (2020-12) of the arguments object. Shared between callers: not to be changed."""
    return _schema(arguments_model(task))


@cache
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema()


def named(task: Task, args: list[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Stored arguments as one object, as HTTP shows them."""
    return {**dict(zip(_signature(task).parameters, args, strict=False)), **kwargs}


def parameter_names(task: Task) -> list[str]:
    """In the order in which callers give them."""
    return list(_signature(task).parameters)


def jsonable(value: Any, path: Path, depth: int = 0) -> Any:
    """`value` as JSON will give it back. Raises InvalidArguments naming the place of what JSON can't carry."""
    if depth > MAX_DEPTH:
        raise _not_json(path, f"is nested deeper than {MAX_DEPTH} levels")
    match value:
        case None | bool():
            return value
        case int():
            return _storable_integer(value, path)
        case float():
            return _storable_float(value, path)
        case str():
            return _storable_text(value, path)
        case list() | tuple():
            return [jsonable(item, (*path, index), depth + 1) for index, item in enumerate(value)]
        case dict():
            return {_key(key, path): jsonable(item, (*path, key), depth + 1) for key, item in value.items()}
    raise _not_json(path, f"is of type {type(value).__name__}; pass text, numbers, lists or dicts")


def _storable_integer(number: int, path: Path) -> int:
    plain = int.__int__(number)  # not of a subclass, which writers of JSON refuse
    if abs(plain) > MAX_INTEGER:
        raise _not_json(path, "is a whole number that does not fit into 64 bits")
    return plain


def _storable_float(number: float, path: Path) -> float:
    plain = float.__float__(number)
    if not math.isfinite(plain):
        raise _not_json(path, f"is {plain}, and JSON has only finite numbers")
    return plain


def _storable_text(text: str, path: Path) -> str:
    """PostgreSQL stores neither NUL nor half a surrogate pair."""
    if "\0" in text:
        raise _not_json(path, "has a NUL character")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise _not_json(path, "has half of a surrogate pair, which is no valid Unicode text")
    return str.__str__(text)


def is_larger(value: Any, max_bytes: int) -> bool:
    """Whether a value surely takes more bytes as JSON than that. Quick however large it is, or however often it
    holds the same part."""
    return _least_size(value, max_bytes) > max_bytes


def _least_size(value: Any, limit: int, depth: int = 0) -> int:
    match value:
        case str():
            return len(value)
        case list() | tuple():
            items = iter(value)
        case dict():
            items = iter(value.values())
        case _:
            return 1
    size = 2
    for item in items if depth <= MAX_DEPTH else ():
        size += _least_size(item, limit - size, depth + 1)
        if size > limit:
            break
    return size


def storable(text: str) -> str:
    """The text with what a store refuses written out instead."""
    return text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()


def _key(key: Any, path: Path) -> str:
    if not isinstance(key, str):
        raise _not_json((*path, repr(key)), "is a key; expected text")
    return _storable_text(key, path)


def _not_json(path: Path, what: str) -> InvalidArguments:
    sentence = f"{what[0].upper()}{what[1:]}."
    return InvalidArguments(f"Argument {dotted(path)} {what}; expected a JSON value.", ((path, sentence),))


def dotted(path: Path) -> str:
    """("rows", 2, "when") → "rows[2].when"."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".") or "(all)"


def _sentence(found: Any, task: Task) -> str:
    given = found.get("input")
    is_told = found["type"] != "missing" and found["loc"][0] not in task.redact
    shown = f", got {_short(given)}" if is_told and not isinstance(given, dict) else ""
    return f"{found['msg'].removeprefix('Value error, ')}{shown}"


def _short(value: Any) -> str:
    text = json.dumps(value, default=repr)
    return text if len(text) <= 60 else text[:57] + "…"


def _signature(task: Task) -> inspect.Signature:
    return _parameters(function_of(task), task.takes_context)


@cache
def _parameters(function: Callable[..., Any], takes_context: bool) -> inspect.Signature:
    """The function's signature as callers see it: without the context."""
    signature = inspect.signature(function)
    parameters = list(signature.parameters.values())
    return signature.replace(parameters=parameters[1:] if takes_context else parameters)
