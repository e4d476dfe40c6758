"""Reads what a request carries: JSON, or one file."""

from math import isfinite
from typing import Any

import msgspec
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from pydantic import BaseModel, ValidationError

from jobs.api.exceptions import sentence
from jobs.api.pointers import pointer
from jobs.api.problems import MAX_ERRORS, Kind, Problem, told
from jobs.conf import options

JSON = "application/json"
MULTIPART = "multipart/form-data"
#: The content coding of what is not packed (RFC 9110 §12.5.3).
PLAIN = "identity"
#: Whole numbers beyond it are no longer told apart in what most languages keep numbers in.
MAX_EXACT = 2**53


def read_json[Body: BaseModel](request: HttpRequest, model: type[Body]) -> Body:
    """The body as `model`. Raises Problem: of another content type, too large, malformed, or not fitting."""
    check_content_type(request, JSON)
    return fitted(decode(request.body), model)


def fitted[Body: BaseModel](decoded: dict[str, Any], model: type[Body]) -> Body:
    """Raises Problem."""
    try:
        return model.model_validate(decoded)
    except ValidationError as error:
        errors = [
            {"pointer": pointer(*found["loc"]), "detail": sentence(found)}
            for found in error.errors(include_url=False)[:MAX_ERRORS]
        ]
        detail = f"The body does not fit: {told(errors)}."
        raise Problem(Kind.INVALID_REQUEST, detail, errors=errors) from error


def _number(literal: str) -> int | float:
    """JSON Schema counts 4.0 among the integers, so whoever writes them that way is understood."""
    number = float(literal)
    if not isfinite(number):
        raise msgspec.DecodeError("Number out of range")
    return int(number) if abs(number) <= MAX_EXACT and number.is_integer() else number


_decoder = msgspec.json.Decoder(float_hook=_number)
#: What a decoder raises of text that is no JSON, nested too deep, or not UTF-8.
UNREADABLE = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)


def decode(body: bytes | msgspec.Raw) -> dict[str, Any]:
    """The JSON object that it holds. Raises Problem."""
    try:
        decoded = _decoder.decode(body)
    except UNREADABLE as error:
        raise Problem(Kind.MALFORMED, f"Expected a JSON object: {error}.") from error
    if not isinstance(decoded, dict):
        raise Problem(
            Kind.INVALID_REQUEST,
            "Expected a JSON object.",
            errors=[{"pointer": "", "detail": f"Expected an object, got {_json_type(decoded)}."}],
        )
    return decoded


def _json_type(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case str():
            return "a text"
        case list():
            return "an array"
    return "a number"


def read_file(request: HttpRequest, field: str) -> "UploadedFile[bytes]":
    """The one file that the form carries in `field`. Parses the body, which takes its time: call it in a thread."""
    check_content_type(request, MULTIPART)
    names = [name for name, files in request.FILES.lists() for _ in files]
    if names != [field]:
        came = ", ".join(repr(name) for name in names[:5]) or "none"
        detail = f"Expected one file in the field {field!r}, got {came}."
        raise Problem(Kind.INVALID_REQUEST, detail, errors=[{"pointer": pointer(field), "detail": detail}])
    file = request.FILES[field]
    assert isinstance(file, UploadedFile)
    _check_size(file)
    return file


def _check_size(file: "UploadedFile[bytes]") -> None:
    limit = options().max_upload_bytes
    if (file.size or 0) > limit:
        raise Problem(
            Kind.FILE_TOO_LARGE,
            f"The file takes {file.size} bytes; expected at most {limit}.",
            max_bytes=limit,
        )


def check_content_type(request: HttpRequest, *expected: str) -> None:
    """Raises Problem."""
    _check_coding(request)
    if request.content_type not in expected:
        came = f"got {request.content_type!r}" if request.content_type else "none came"
        # RFC 9110 §15.5.16: what would have been taken.
        raise Problem(
            Kind.UNSUPPORTED_MEDIA_TYPE,
            f"Expected the content type {' or '.join(expected)}, {came}.",
            headers={"Accept": ", ".join(expected)},
        )


def _check_coding(request: HttpRequest) -> None:
    """Nothing here unpacks: what is small when it comes may be large then. Raises Problem."""
    coding = request.headers.get("Content-Encoding", PLAIN)
    if coding.lower() != PLAIN:
        raise Problem(
            Kind.UNSUPPORTED_MEDIA_TYPE,
            f"Expected a body as it is, got one with 'Content-Encoding: {coding[:40]}'.",
            headers={"Accept-Encoding": PLAIN},
        )
