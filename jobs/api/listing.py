"""Which jobs: the filters of a list, of counts and of actions."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from django.db.models import F, JSONField, Q, Value
from django.db.models.fields.json import KeyTransform, KeyTransformExact
from ninja import Schema
from pydantic import AfterValidator, Field
from pydantic.config import JsonDict

from jobs.access import Access
from jobs.api.paging import DEFAULT_LIMIT, MAX_LIMIT
from jobs.api.problems import Kind, Problem
from jobs.api.schemas.base import MAX_ID, NO_NUL, Moment
from jobs.arguments import jsonable, parameter_names
from jobs.errors import InvalidArguments
from jobs.lifecycle.prune import first_id_at
from jobs.models.search import FIRST, LAST, Search
from jobs.status import ACTIVE, UNSUCCESSFUL, Status
from jobs.task import Task, known_tasks

MAX_ARGUMENTS = 5
#: An id is made so soon after the time that the row has.
ID_MADE_WITHIN = timedelta(seconds=1)
#: Of UUIDv7.
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _as_arguments(text: str) -> str:
    """Raises ValueError unless it is a JSON object of a few plain values."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f'Expected a JSON object such as {{"rows": 500}}, got {text[:40]!r}.') from error
    if not isinstance(found, dict) or not 1 <= len(found) <= MAX_ARGUMENTS:
        raise ValueError(f"Expected a JSON object of 1 to {MAX_ARGUMENTS} arguments.")
    if any(isinstance(value, list | dict) for value in found.values()):
        raise ValueError("Expected texts, numbers, true, false or null as values.")
    try:
        jsonable(found, ())
    except InvalidArguments as error:
        raise ValueError(str(error)) from error
    return text


#: What the text of `args` holds, for the OpenAPI document.
ARGUMENTS: JsonDict = {
    "contentMediaType": "application/json",
    "contentSchema": {
        "type": "object",
        "minProperties": 1,
        "maxProperties": MAX_ARGUMENTS,
        "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
    },
}
Text = Annotated[str, Field(min_length=1, max_length=300, pattern=NO_NUL)]


class Filter(Schema):
    """What is not given does not matter."""

    status: list[Status] = Field(default=[], max_length=len(Status), description="Any of these.")
    task: Text | None = Field(default=None, description="A name from GET /tasks.")
    queue: Text | None = None
    owner: int | None = Field(default=None, ge=1, le=MAX_ID, description="A user's id; for staff.")
    tag: Text | None = None
    enqueued_from: Moment | None = Field(default=None, description="Enqueued at that time or later.")
    enqueued_before: Moment | None = None
    args: Annotated[str, AfterValidator(_as_arguments), Field(json_schema_extra=ARGUMENTS)] | None = Field(
        default=None, description='Values of arguments, with `task`: a JSON object such as {"rows": 500}.'
    )

    def search(self, access: Access, cursor: UUID | None = None) -> Search:
        """Raises Problem."""
        return Search(
            jobs=access.jobs(),
            indexed=tuple(self._indexed(access)),
            others=tuple(self._others()),
            first=_id_at(self.enqueued_from) if self.enqueued_from else FIRST,
            before=min(
                cursor or LAST, _id_at(_later(self.enqueued_before)) if self.enqueued_before else LAST
            ),
        )

    def _indexed(self, access: Access) -> Iterator[Q]:
        """See Job's indexes."""
        if not access.user.is_staff:
            yield Q(owner_id=access.user.pk)
        if self.owner is not None:
            yield Q(owner_id=self.owner)
        if self.task:
            yield Q(task_path=self._task_path)
        if self.queue:
            yield Q(queue_name=self.queue)
        if self.tag:
            yield Q(tagged__tag=self.tag)
        if self.status and ACTIVE.issuperset(self.status):
            yield Q(finished_at=None)
        if self.status and set(UNSUCCESSFUL).issuperset(self.status):
            yield Q(ended_as__in=UNSUCCESSFUL)

    def _others(self) -> Iterator[Q]:
        if self.status:
            yield Q(status__in=self.status)
        if self.enqueued_from:
            yield Q(enqueued_at__gte=self.enqueued_from)
        if self.enqueued_before:
            yield Q(enqueued_at__lt=self.enqueued_before)
        if self.args:
            for name, value in json.loads(self.args).items():
                yield self._has_argument(name, value)

    @property
    def _task(self) -> Task | None:
        return known_tasks().get(self.task or "")

    @property
    def _task_path(self) -> str | None:
        return self._task.module_path if self._task else self.task

    def _has_argument(self, name: str, value: Any) -> Q:
        """By its name, or by its place if it was given by that. Raises Problem."""
        if self._task is None or name not in (names := parameter_names(self._task)):
            detail = f"Expected `task` with the name of a task that has a parameter {name!r}."
            raise Problem(Kind.INVALID_REQUEST, detail, errors=[{"parameter": "args", "detail": detail}])
        place = str(names.index(name))
        return Q(_holds("kwargs", name, value)) | Q(_holds("args", place, value))


class Listing(Filter):
    """Which page of them."""

    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)
    cursor: UUID | None = Field(default=None, description="From the `next` of the page before.")


def _holds(column: str, key: str, value: Any) -> KeyTransformExact:
    """Not as a keyword of filter(), to which a parameter named `contains` would be an operator."""
    json_value = Value(value, output_field=JSONField())
    return KeyTransformExact(KeyTransform(key, F(column), output_field=JSONField()), json_value)


def _id_at(moment: datetime) -> UUID:
    return first_id_at(max(moment, EPOCH))


def _later(moment: datetime) -> datetime:
    try:
        return moment + ID_MADE_WITHIN
    except OverflowError:
        return moment
