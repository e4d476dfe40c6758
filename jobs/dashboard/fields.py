"""A parameter of a task as a field of its form, made from the JSON Schema that HTTP callers see."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from jobs.arguments import arguments_schema
from jobs.dashboard.words import label
from jobs.task import Task

type Schema = dict[str, Any]

#: More options, or longer ones, go into a list that folds.
MAX_SEGMENTS = 5
MAX_SEGMENTS_TEXT = 30

#: Options that can't be seen when written as they are.
_OPTION_LABELS = {
    "": "None",
    "\t": "Tab",
    "\n": "Newline",
    " ": "Space",
    ",": "Comma",
    ";": "Semicolon",
    "|": "Pipe",
    ".": "Point",
}


class Kind(StrEnum):
    """How a field is drawn and read; each has a template of its name in dashboard/fields/."""

    TEXT = "text"
    TEXTAREA = "textarea"
    NUMBER = "number"
    SWITCH = "switch"
    #: One of a few, all in sight.
    SEGMENTS = "segments"
    #: One of many.
    SELECT = "select"
    #: Any of a few.
    CHECKBOXES = "checkboxes"
    #: A list, one item a line.
    LINES = "lines"
    UPLOAD = "upload"
    MOMENT = "moment"
    #: Whatever else JSON can say.
    JSON = "json"


#: What a browser knows to check or to offer a keyboard for.
_INPUT_TYPES = {"email": "email", "uri": "url", "date": "date", "time": "time", "password": "password"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    #: The parameter.
    name: str
    kind: Kind
    #: JSON Schema of a value that is given, without `null`.
    schema: Schema
    label: str
    help: str
    is_required: bool
    #: Whether None may be passed.
    takes_null: bool
    #: JSON; None when there is none.
    default: Any

    @property
    def input_name(self) -> str:
        return f"args.{self.name}"

    @property
    def id(self) -> str:
        return f"field-{self.name}"

    @property
    def input_type(self) -> str:
        return _INPUT_TYPES.get(self.schema.get("format", ""), "text")

    @property
    def is_secret(self) -> bool:
        """Whether its task redacts it."""
        return bool(self.schema.get("writeOnly"))

    @property
    def options(self) -> dict[str, Any]:
        """The values to choose from by their text."""
        values = self.schema.get("items", self.schema).get("enum", [])
        return {value if isinstance(value, str) else json.dumps(value): value for value in values}

    @property
    def minimum(self) -> float | None:
        return self._bound("minimum", "exclusiveMinimum", inwards=1)

    @property
    def maximum(self) -> float | None:
        return self._bound("maximum", "exclusiveMaximum", inwards=-1)

    def _bound(self, inclusive: str, exclusive: str, *, inwards: int) -> float | None:
        bound: float | None = self.schema.get(exclusive, self.schema.get(inclusive))
        if bound is not None and exclusive in self.schema and self.is_whole:
            return bound + inwards
        return bound

    @property
    def is_whole(self) -> bool:
        return self.schema.get("type") == "integer"

    @property
    def step(self) -> Any:
        return self.schema.get("multipleOf", 1 if self.is_whole else "any")

    @property
    def range_text(self) -> str:
        low, high = self.minimum, self.maximum
        if low is not None and high is not None:
            return f"{low:,} to {high:,}"
        return f"{low:,} or more" if low is not None else f"{high:,} or less" if high is not None else ""

    @property
    def accept(self) -> str:
        """For an input of files; its list of patterns when it takes several files is that of each."""
        return ",".join(self.schema.get("items", self.schema).get("x-accept", []))

    @property
    def is_multiple(self) -> bool:
        return self.schema.get("type") == "array"


def option_label(option: str) -> str:
    return _OPTION_LABELS.get(option, option)


def fields_of(task: Task) -> list[Field]:
    """In the order of the function's parameters, the required ones first as Python wants them."""
    schema = arguments_schema(task)
    required = schema.get("required", [])
    return [
        _field(name, found, is_required=name in required, definitions=schema.get("$defs", {}))
        for name, found in schema.get("properties", {}).items()
    ]


def _field(name: str, given: Schema, *, is_required: bool, definitions: Schema) -> Field:
    schema, takes_null = _plain(given, definitions)
    title = schema.get("title", "")
    return Field(
        name=name,
        kind=_kind(schema, takes_null=takes_null),
        schema=schema,
        # pydantic makes a title of the name when the author gave none.
        label=label(name) if title in {"", name.replace("_", " ").title()} else title,
        help=schema.get("description", ""),
        is_required=is_required,
        takes_null=takes_null,
        default=given.get("default"),
    )


def _plain(schema: Schema, definitions: Schema) -> tuple[Schema, bool]:
    """Without references, `null` and unions of constants; and whether there was a `null`."""
    if "$ref" in schema:
        schema = {**definitions[schema["$ref"].rpartition("/")[2]], **schema}
    if "items" in schema:
        schema = {**schema, "items": _plain(schema["items"], definitions)[0]}
    if "const" in schema:
        schema = {**schema, "enum": [schema["const"]]}
    if "anyOf" not in schema:
        return schema, False
    branches = [_plain(branch, definitions)[0] for branch in schema["anyOf"]]
    given = [branch for branch in branches if branch.get("type") != "null"]
    own = {key: value for key, value in schema.items() if key != "anyOf"}
    if given and all("enum" in branch for branch in given):
        own["enum"] = [value for branch in given for value in branch["enum"]]
    elif len(given) == 1:
        own = {**given[0], **own}
    return own, len(given) < len(branches)


def _kind(schema: Schema, *, takes_null: bool) -> Kind:
    if "enum" in schema:
        return _choice(schema["enum"], takes_null=takes_null)
    match schema.get("type"):
        case "string":
            return _text(schema.get("format", ""))
        case "integer" | "number":
            return Kind.NUMBER
        case "boolean" if not takes_null:
            return Kind.SWITCH
        case "array":
            return _list(schema.get("items", {}))
    return Kind.JSON


def _choice(values: list[Any], *, takes_null: bool) -> Kind:
    text = "".join(option_label(str(value)) for value in values)
    few = len(values) <= MAX_SEGMENTS and len(text) <= MAX_SEGMENTS_TEXT
    return Kind.SEGMENTS if few and not takes_null else Kind.SELECT


def _text(format_: str) -> Kind:
    match format_:
        case "textarea":
            return Kind.TEXTAREA
        case "upload":
            return Kind.UPLOAD
        case "date-time":
            return Kind.MOMENT
    return Kind.TEXT


def _list(items: Schema) -> Kind:
    if "enum" in items:
        return Kind.CHECKBOXES
    if items.get("format") == "upload":
        return Kind.UPLOAD
    return Kind.LINES if items.get("type") in {"string", "integer", "number"} else Kind.JSON
