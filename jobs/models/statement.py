"""How a batch of rows becomes one statement, for PostgreSQL and SQLite alike.

The rows are one parameter, a JSON array. That keeps the text constant, so that it is parsed once, and a batch of one
costs what a single statement costs.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection

type Row = Mapping[str, Any]


def run(
    statement: str, columns: Mapping[str, str], rows: Iterable[Any], **parameters: Any
) -> list[tuple[Any, ...]]:
    """Runs a statement on its rows: mappings or dataclasses. A key that is missing is null."""
    return execute(text(statement, columns), {"rows": as_json(rows), **parameters})


def execute(statement: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Answers the rows that the statement returns."""
    if connection.vendor == "postgresql":
        return _execute_prepared(statement, parameters)
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall()) if cursor.description else []


def _execute_prepared(statement: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Parsed and planned once a connection, which is most of what a small batch costs. Django's own cursor writes the
    parameters into the text, which makes each a new one.

    Not if the settings forbid it: `"OPTIONS": {"prepare_threshold": None}`, for a PgBouncer older than 1.21.
    """
    from psycopg import Cursor

    connection.ensure_connection()
    if "prepare_threshold" not in connection.settings_dict["OPTIONS"]:
        connection.connection.prepare_threshold = 0  # Django's default is None, "never"
    with connection.wrap_database_errors, Cursor(connection.connection) as cursor:
        cursor.execute(statement, parameters, prepare=True)
        return cursor.fetchall() if cursor.description else []


def as_json(values: Iterable[Any]) -> str:
    """The value of such a parameter."""
    return msgspec.json.encode(list(values)).decode()


def text(statement: str, columns: Mapping[str, str], parameter: str = "rows") -> str:
    """The statement with the rows of a parameter in the place of `{given}`."""
    return statement.format(given=_given(connection.vendor, tuple(columns.items()), parameter))


@cache
def _given(vendor: str, columns: tuple[tuple[str, str], ...], parameter: str) -> str:
    """The JSON rows of a parameter as a table named `given`."""
    if vendor == "postgresql":
        types = ", ".join(f"{name} {_type(kind)}" for name, kind in columns)
        return f"jsonb_to_recordset(%({parameter})s::jsonb) AS given({types})"
    reads = ", ".join(f"{_read(name, kind)} AS {name}" for name, kind in columns)
    return f"(SELECT {reads} FROM json_each(%({parameter})s)) AS given"  # noqa: S608  our own column names


def _type(kind: str) -> str:
    """A user's key may be of any type; the column knows which."""
    if kind != "owner":
        return kind
    from jobs.models.job import Job

    return str(Job._meta.get_field("owner").db_type(connection))  # noqa: SLF001  Django documents it


def _read(name: str, kind: str) -> str:
    """SQLite's reading of one value, in the form in which Django stores its kind."""
    match kind:
        case "jsonb":
            # `->` answers JSON, and the text null for null; `->>` answers a number or text.
            return f"nullif(value->'{name}', 'null')"
        case "uuid":
            return f"replace(value->>'{name}', '-', '')"
        case "timestamptz":
            return f"replace(rtrim(value->>'{name}', 'Z'), 'T', ' ')"
    return f"value->>'{name}'"


def moment_in(moment: datetime) -> datetime | str:
    """A time as a parameter of its own."""
    return moment if connection.vendor == "postgresql" else str(moment.astimezone(UTC).replace(tzinfo=None))


def uuid_of(value: UUID | str) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)


def moment_of(value: datetime | None) -> datetime | None:
    """SQLite's times come without a zone."""
    return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value
