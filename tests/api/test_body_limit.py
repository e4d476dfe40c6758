"""Bodies that are too large are refused before they fill memory or disk."""

import pytest
from django.core.asgi import get_asgi_application

from jobs.api.problems import MEDIA_TYPE
from project.body_limit import limit_body

MEBIBYTE = 1024 * 1024
FORM = "multipart/form-data; boundary=x"


async def ask(application, *, content_type, chunks, length=None, path="/api/v1/uploads", **more):
    """The status, the headers and the number of chunks that were asked for."""
    headers = [(b"host", b"testserver"), (b"content-type", content_type.encode())]
    headers += [(name.encode(), value.encode()) for name, value in more.items()]
    headers += [(b"content-length", str(length).encode())] if length else []
    sent, asked = [], 0

    async def receive():
        nonlocal asked
        asked += 1
        return {"type": "http.request", "body": chunks[asked - 1], "more_body": asked < len(chunks)}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": path, "headers": headers}
    await application(scope, receive, send)
    return sent[0]["status"], dict(sent[0]["headers"]), asked


async def swallow(_scope, receive, send):
    """Reads a body as Django does: all of it, or until the client is gone."""
    message = await receive()
    while message.get("more_body"):
        message = await receive()
    if message["type"] == "http.request":
        await send({"type": "http.response.start", "status": 200, "headers": []})


async def test_a_body_that_says_that_it_is_too_large_is_not_read():
    status, headers, asked = await ask(
        limit_body(swallow), content_type="application/json", chunks=[], length=MEBIBYTE + 1
    )
    assert (status, asked) == (413, 0)
    assert (headers[b"content-type"], headers[b"connection"]) == (MEDIA_TYPE.encode(), b"close")


async def test_a_refusal_has_the_name_of_its_request():
    large = {"content_type": "application/json", "chunks": [], "length": MEBIBYTE + 1}
    for given, expected in (("proxy-1", b"proxy-1"), ("<b>", None)):
        _, headers, _ = await ask(limit_body(swallow), **large, **{"x-request-id": given})
        assert headers[b"x-request-id"] == expected or (
            expected is None and len(headers[b"x-request-id"]) == 32
        )


async def test_a_length_of_thousands_of_digits_is_a_number_too():
    for length, expected in (("1".zfill(5000), 200), ("1" * 5000, 413)):
        status, _, _ = await ask(
            limit_body(swallow), content_type="application/json", chunks=[b"x"], length=length
        )
        assert status == expected


@pytest.mark.parametrize("bytes_over, status", [(0, 200), (1, 413)])
async def test_a_body_that_does_not_say_its_length_is_counted(bytes_over, status):
    chunks = [b"x" * (MEBIBYTE // 2), b"x" * (MEBIBYTE // 2 + bytes_over), b""]
    answered, _, asked = await ask(limit_body(swallow), content_type="application/json", chunks=chunks)
    assert answered == status
    assert asked == (2 if bytes_over else 3)


@pytest.mark.parametrize("bytes_over, status", [(0, 200), (1, 413)])
async def test_a_form_may_carry_one_file_of_the_largest_size(small_uploads, bytes_over, status):
    chunks = [b"x" * MEBIBYTE, b"x" * (small_uploads + bytes_over)]
    for credentials in ({"authorization": "Bearer any"}, {"cookie": "a=b; sessionid=any"}):
        answered, _, _ = await ask(limit_body(swallow), content_type=FORM, chunks=chunks, **credentials)
        assert answered == status


@pytest.mark.parametrize("bytes_over, status", [(0, 200), (1, 413)])
async def test_a_batch_may_take_more_than_another_body_from_who_shows_credentials(bytes_over, status):
    chunks = [b"x" * MEBIBYTE] * 16 + [b"x" * bytes_over]
    batch = {"path": "/api/v1/jobs/batch", "content_type": "application/x-ndjson", "chunks": chunks}
    answered, _, _ = await ask(limit_body(swallow), **batch, authorization="Bearer any")
    assert answered == status
    answered, _, asked = await ask(limit_body(swallow), **batch)
    assert (answered, asked) == (413, 2)


@pytest.mark.parametrize(
    "credentials", [{}, {"authorization": "Basic any"}, {"cookie": "csrftoken=sessionid"}]
)
@pytest.mark.parametrize("bytes_over, status", [(0, 200), (1, 401)])
async def test_who_shows_no_credentials_fills_no_disk(credentials, bytes_over, status):
    chunks = [b"x" * MEBIBYTE, b"x" * bytes_over]
    answered, _, _ = await ask(limit_body(swallow), content_type=FORM, chunks=chunks, **credentials)
    assert answered == status
    answered, headers, asked = await ask(
        limit_body(swallow), content_type=FORM, chunks=chunks, length=MEBIBYTE + bytes_over, **credentials
    )
    assert (answered, asked) == (status, 2 if status == 200 else 0)
    assert headers.get(b"www-authenticate") == (b"Bearer" if status == 401 else None)


async def test_django_answers_nothing_besides():
    application = limit_body(get_asgi_application())
    status, _, _ = await ask(application, content_type="application/json", chunks=[b"x" * MEBIBYTE, b"x"])
    assert status == 413
