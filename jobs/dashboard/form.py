"""The form of one task: blank, or as it was sent, with what is wrong beside each field."""

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from jobs.arguments import dotted, parse
from jobs.conf import options as engine_options
from jobs.dashboard import options, texts, words
from jobs.dashboard.fields import Field, Kind, fields_of, option_label
from jobs.dashboard.options import Options
from jobs.errors import ArgumentsTooLarge, InvalidArguments
from jobs.models import File
from jobs.task import Task
from jobs.uploads import keep_upload

type Upload = UploadedFile[Any]
#: The files of a form, by the names of their inputs.
type Sent = MultiValueDict[str, Upload]

_LEFT_OUT = object()


@dataclass(frozen=True, slots=True)
class Choice:
    """One option of a field."""

    value: str
    label: str
    is_chosen: bool


@dataclass(slots=True)
class Entry:
    """A field and what is in it."""

    field: Field
    #: As texts.shown() gives it.
    value: Any = ""
    #: Files that were sent with an earlier try of this form and need not be sent again.
    uploads: list[File] = dataclasses.field(default_factory=list)
    error: str = ""

    @property
    def template(self) -> str:
        return f"dashboard/fields/{self.field.kind}.html"

    @property
    def choices(self) -> list[Choice]:
        chosen = self.value if isinstance(self.value, list) else [self.value]
        return [Choice(option, option_label(option), option in chosen) for option in self.field.options]

    @property
    def max_bytes(self) -> int:
        """Of one file; a browser that knows it need not send the file to have it refused."""
        return engine_options().max_upload_bytes

    @property
    def is_group(self) -> bool:
        """Whether it has several inputs, which then need a legend instead of a label."""
        return self.field.kind in {Kind.SEGMENTS, Kind.CHECKBOXES}

    @property
    def described_by(self) -> str:
        """Ids of the texts that explain it to a screen reader."""
        help_ = f"{self.field.id}-help " if self.field.help or self.field.range_text else ""
        return f"{help_}{self.field.id}-error" if self.error else help_.strip()


@dataclass(slots=True)
class Form:
    task: Task
    entries: list[Entry]
    options: Options
    #: For `aenqueue()`, once it is valid.
    arguments: dict[str, Any] = dataclasses.field(default_factory=dict)
    #: What is wrong with the whole.
    error: str = ""

    @property
    def is_valid(self) -> bool:
        return not (self.error or self.options.errors or any(entry.error for entry in self.entries))

    @property
    def has_uploads(self) -> bool:
        return any(entry.field.kind is Kind.UPLOAD for entry in self.entries)

    def refuse(self, error: InvalidArguments) -> None:
        """Puts each problem beside the field that it is about."""
        by_name = {entry.field.name: entry for entry in self.entries}
        for path, sentence in error.problems:
            entry = by_name.get(str(path[0])) if path else None
            if entry is None:
                self.error = f"{dotted(path)}: {sentence}"
            elif entry.field.name not in self.arguments:
                entry.error = entry.error or "Fill this in."
            else:
                entry.error = entry.error or _placed(path[1:], sentence)
        if self.is_valid:
            self.error = str(error)


def _placed(path: tuple[str | int, ...], sentence: str) -> str:
    match path:
        case (int(index), *_):
            return f"Item {index + 1}: {sentence}"
    return sentence


def blank(task: Task) -> Form:
    entries = [Entry(field, texts.shown(field, field.default)) for field in fields_of(task)]
    return Form(task, entries, options.blank(task))


def read(task: Task, post: QueryDict, sent: Sent, owner_id: Any) -> Form:
    """The form as sent, its arguments checked and its files stored. Blocks."""
    form = Form(task, [], options.read(task, post))
    for one in fields_of(task):
        entry = Entry(one)
        form.entries.append(entry)
        value = _take(entry, post, sent, form.options, owner_id)
        if one.is_secret:
            entry.value = ""  # never sent back
        if value is not _LEFT_OUT:
            form.arguments[one.name] = value
    try:
        form.arguments = parse(task, form.arguments)
    except InvalidArguments as error:
        form.refuse(error)
    except ArgumentsTooLarge as error:
        form.error = str(error)
    return form


def _take(entry: Entry, post: QueryDict, sent: Sent, chosen: Options, owner_id: Any) -> Any:
    """Fills the entry with what was sent; answers its argument, or _LEFT_OUT."""
    name = entry.field.input_name
    match entry.field.kind:
        case Kind.SWITCH:
            entry.value = name in post
            return entry.value
        case Kind.CHECKBOXES:
            entry.value = post.getlist(name)
            return [entry.field.options.get(text, text) for text in entry.value]
        case Kind.UPLOAD:
            return _take_uploads(entry, post.getlist(f"{name}.kept"), sent.getlist(name), owner_id)
    if name not in post:
        entry.value = texts.shown(entry.field, entry.field.default)
        return _LEFT_OUT
    entry.value = post[name]
    if not entry.value.strip() and entry.value not in entry.field.options:
        return _nothing(entry.field)
    return texts.converted(entry.field, entry.value, options.zone_of(chosen))


def _nothing(field: Field) -> Any:
    """What an empty input stands for: the default, or else the emptiness itself, if that is something else."""
    if field.takes_null and (field.is_required or field.default is not None):
        return None
    is_text = field.kind in {Kind.TEXT, Kind.TEXTAREA}
    return "" if is_text and field.default not in (None, "") else _LEFT_OUT


def _take_uploads(entry: Entry, kept: Iterable[str], sent: list[Upload], owner_id: Any) -> Any:
    entry.uploads = list(_store(entry, sent, owner_id)) or _still_there(kept, owner_id)
    ids = [str(upload.id) for upload in entry.uploads]
    if entry.field.is_multiple:
        return ids or _LEFT_OUT
    return ids[0] if ids else _LEFT_OUT


def _store(entry: Entry, sent: list[Upload], owner_id: Any) -> Iterator[File]:
    for upload in sent:
        entry.error = _misfit(upload)
        if entry.error:
            return
        yield keep_upload(upload, owner_id)


def _misfit(upload: Upload) -> str:
    limit = engine_options().max_upload_bytes
    if not upload.size:
        return f"{upload.name} is empty."
    if upload.size > limit:
        return f"{upload.name} has {words.size(upload.size)}; expected at most {words.size(limit)}."
    return ""


def _still_there(ids: Iterable[str], owner_id: Any) -> list[File]:
    """Those that are uploads of this owner; what was tampered with is as if not sent."""
    valid = [parsed for text in ids if (parsed := _uuid(text))]
    return list(File.objects.uploads_of(owner_id).filter(id__in=valid))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
