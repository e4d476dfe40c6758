"""A job as its card shows it."""

import inspect
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.utils import timezone

from jobs.dashboard import output, values, words
from jobs.dashboard.clock import Clock
from jobs.dashboard.values import Shown
from jobs.errors import InvalidInput, UnknownTask
from jobs.events.shapes import arguments, file_json, public_name
from jobs.models import File, Job
from jobs.status import Status
from jobs.task import find_task, function_of

#: Images that browsers show; the list is short because a file's type is only what its task claims.
_IMAGE_TYPES = frozenset(
    {"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/svg+xml"}
)


class Form(StrEnum):
    """How much of it is in sight."""

    #: One of many: the result is folded away.
    BRIEF = "brief"
    #: One of many, with its result.
    OPEN = "open"
    #: The only one on its page, with all that is known.
    ALONE = "alone"


@dataclass(frozen=True, slots=True)
class FileLink:
    """A file to download."""

    name: str
    size: str
    url: str
    is_image: bool


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed attempt."""

    attempt: int
    #: Name of the exception's class; empty when the message was written for users.
    exception: str
    message: str
    #: Empty unless the viewer is staff.
    traceback: str


@dataclass(frozen=True, slots=True)
class Button:
    """What may be done to a job now."""

    #: Name of the URL that it posts to.
    route: str
    words: str


@dataclass(frozen=True, slots=True)
class Card:
    job: Job
    now: datetime
    #: Names of the uploads among the arguments, by id.
    uploads: dict[str, str]
    #: The viewer may see tracebacks and whose job it is.
    is_for_staff: bool
    #: The viewer's primary key.
    viewer_id: Any
    form: Form = Form.BRIEF

    @property
    def status(self) -> Status:
        return Status(self.job.status)

    @property
    def body_template(self) -> str:
        match self.status:
            case Status.BLOCKED | Status.DEFERRED | Status.READY:
                return "dashboard/card/waiting.html"
        return f"dashboard/card/{self.status}.html"

    @property
    def task_name(self) -> str:
        return public_name(self.job.task_path)

    @property
    def name(self) -> tuple[str, str]:
        """The task's name, cut after its last dot."""
        namespace, dot, own = self.task_name.rpartition(".")
        return namespace + dot, own

    @property
    def owner(self) -> str:
        """Whose it is, when that is not plain."""
        if self.job.owner_id == self.viewer_id:
            return ""
        return self.job.owner.get_username() if self.job.owner else "nobody"

    @property
    def arguments(self) -> list[tuple[str, str]]:
        """Each on one line; uploads by their names."""
        return [(words.label(name), self._argument(value)) for name, value in arguments(self.job).items()]

    @property
    def brief(self) -> list[tuple[str, str]]:
        """The arguments that tell this job from others of its task; text goes without its name."""
        usual = _defaults(self.job)
        telling = {name: value for name, value in arguments(self.job).items() if value != usual.get(name)}
        return [
            ("" if isinstance(value, str) else words.label(name), self._argument(value))
            for name, value in telling.items()
        ]

    def _argument(self, value: Any) -> str:
        match value:
            case list():
                value = [self.uploads.get(item, item) if isinstance(item, str) else item for item in value]
            case str():
                value = self.uploads.get(value, value)
        return values.one_line(value) or "–"

    @property
    def enqueued(self) -> Clock:
        return Clock((self.now - self.job.enqueued_at).total_seconds(), "ago")

    @property
    def waited(self) -> Clock:
        """Time until the first start, or until now."""
        end = self.job.started_at or self.job.finished_at
        return self._clock(self.job.enqueued_at, end)

    @property
    def ran(self) -> Clock | None:
        """Time of the newest attempt."""
        begin = self.job.last_attempted_at
        if begin is None or not (self.status == Status.RUNNING or self.status.is_ended):
            return None
        return self._clock(begin, self.job.finished_at)

    def _clock(self, begin: datetime, end: datetime | None) -> Clock:
        return Clock(((end or self.now) - begin).total_seconds(), "for", is_ticking=end is None)

    @property
    def starts(self) -> Clock | None:
        """How long a deferred job is put off yet."""
        if self.status != Status.DEFERRED or self.job.run_after is None:
            return None
        return Clock((self.job.run_after - self.now).total_seconds(), "in")

    @property
    def is_attempt_telling(self) -> bool:
        """Whether its attempts are worth a word: it succeeded at the first, or could not have had another."""
        is_plain = self.status == Status.SUCCESSFUL and self.job.attempt == 1
        return self.job.attempt > 0 and self.job.max_attempts > 1 and not is_plain

    @property
    def action(self) -> Button | None:
        if self.status in (Status.FAILED, Status.CANCELLED):
            return Button("job-retries", "Try again")
        if self.status.is_ended or self.job.cancel_requested_at:
            return None
        return Button("job-cancellation", "Cancel")

    @property
    def streams_here(self) -> bool:
        """Whether its output is shown in the card itself while it is made; a page of its own has another place."""
        return self.form == Form.OPEN and _is_streaming(self.job)

    @property
    def failures(self) -> list[Failure]:
        return [self._failure(error) for error in self.job.errors]

    @property
    def last_failure(self) -> Failure | None:
        return self._failure(self.job.errors[-1]) if self.job.errors else None

    def _failure(self, error: dict[str, Any]) -> Failure:
        path = error["exception_class_path"]
        return Failure(
            attempt=error["attempt"],
            exception="" if _is_for_users(path) else path.rpartition(".")[2],
            message=error["message"] or "It gave no message.",
            traceback=error["traceback"] if self.is_for_staff else "",
        )

    @property
    def result(self) -> Shown | None:
        """What the task returned, without what is shown as such: the list of files, and the output of a stream."""
        value = self.job.return_value
        match value:
            case dict():
                value = {key: item for key, item in value.items() if key != "files"} or None
            case list() if _is_streaming(self.job):
                value = None if self.form == Form.ALONE else output.joined(value)
        return None if value is None else values.shown(value)

    @property
    def files(self) -> list[FileLink]:
        return [_link(file) for file in sorted(self.job.files.all(), key=lambda file: file.id)]

    @property
    def images(self) -> list[FileLink]:
        return [file for file in self.files if file.is_image]


def _link(file: File) -> FileLink:
    return FileLink(
        name=file.name,
        size=words.size(file.size),
        url=file_json(file)["url"],
        is_image=file.content_type.partition(";")[0].strip().lower() in _IMAGE_TYPES,
    )


def cards(jobs: Iterable[Job], viewer: Any, forms: Mapping[UUID, Form]) -> list[Card]:
    """For jobs that were read with their files and owners; `forms` names those that are not brief."""
    jobs = list(jobs)
    now, uploads = timezone.now(), upload_names(jobs)
    return [
        Card(
            job=job,
            now=now,
            uploads=uploads,
            is_for_staff=viewer.is_staff,
            viewer_id=viewer.pk,
            form=forms.get(job.id, Form.BRIEF),
        )
        for job in jobs
    ]


def upload_names(jobs: Iterable[Job]) -> dict[str, str]:
    """What the users called the files that they passed to these jobs, by the ids that stand in the arguments."""
    named = {(upload_id, job.owner_id) for job in jobs for upload_id in _ids_in(arguments(job).values())}
    files = File.objects.filter(job=None, id__in={upload_id for upload_id, _ in named})
    return {str(file.id): file.name for file in files if (file.id, file.owner_id) in named}


def _ids_in(given: Iterable[Any]) -> Iterable[UUID]:
    for value in given:
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and len(text) == 36:
                try:
                    yield UUID(text)
                except ValueError:
                    continue


def _is_for_users(exception_path: str) -> bool:
    """Whether such an exception's message was written for users, who need not see its name."""
    module, _, name = exception_path.rpartition(".")
    exception = getattr(sys.modules.get(module), name, None)
    return isinstance(exception, type) and issubclass(exception, InvalidInput)


def _defaults(job: Job) -> dict[str, Any]:
    """Of the task's parameters, by name; empty for a task that is not defined here."""
    try:
        parameters = inspect.signature(function_of(find_task(job.task_path))).parameters
    except UnknownTask:
        return {}
    return {name: each.default for name, each in parameters.items() if each.default is not each.empty}


def _is_streaming(job: Job) -> bool:
    """Whether its task's values are told one by one; not for a task that is not defined here."""
    try:
        return find_task(job.task_path).is_streaming
    except UnknownTask:
        return False


def task_summary(job: Job) -> str:
    """Empty for a task that is not defined here."""
    try:
        return find_task(job.task_path).summary
    except UnknownTask:
        return ""
