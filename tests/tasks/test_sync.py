"""sync.pull against a real HTTP server, on both kinds of store where rows matter."""

import gzip
import socket
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model

from jobs import InvalidInput, Snooze
from jobs.guard import UrlRefused
from jobs.models import SyncCollection, SyncedPage, SyncedRecord, SyncRun
from jobs.tasks.sync import fetch, pull, task
from jobs.tasks.sync import store as rows
from jobs.tasks.sync.fetch import SourceFailed
from jobs.worker.context import JobContext
from tests.tasks.contexts import Said, context_of, new_context, next_attempt
from tests.tasks.source import Request, Response, Source, always, json_response, page_answer, running_source

THREE_PAGES = [[{"id": 1}, {"id": 2}], [{"id": 3}, {"id": 4}], [{"id": 5}]]


class PowerCut(BaseException):
    """The process ends here."""


@pytest.fixture
def source(settings: Any) -> Iterator[Source]:
    """Runs, and may be pulled from."""
    with running_source() as source:
        settings.SYNC_ALLOWED_HOSTS = [source.host]
        yield source


@pytest.fixture
async def context(transactional_db: None) -> JobContext:
    """Of a new job."""
    return await new_job()


async def new_job(**options: Any) -> JobContext:
    return await sync_to_async(new_context)(pull, **options)


async def run(context: JobContext, url: str, collection: str = "things", **arguments: Any) -> Any:
    return await pull.acall(context, url, collection, **arguments)


@sync_to_async
def ids() -> list[str]:
    return list(SyncedRecord.objects.order_by("external_id").values_list("external_id", flat=True))


@pytest.mark.usefixtures("store")
async def test_all_pages_become_rows(source: Source) -> None:
    context = await new_job()
    result = await run(context, source.serve_pages(THREE_PAGES))
    assert result == {"collection": "things", "pages": 3, "unchanged_pages": 0, "records_written": 5}
    assert await ids() == ["1", "2", "3", "4", "5"]
    assert source.paths == ["/items?page=1", "/items?page=2", "/items?page=3"]


@pytest.mark.usefixtures("store")
async def test_a_second_pull_writes_what_changed_and_nothing_else(source: Source) -> None:
    url = source.serve_pages(THREE_PAGES)
    await run(await new_job(), url)
    before = await sync_to_async(
        lambda: dict(SyncedRecord.objects.values_list("external_id", "fetched_at"))
    )()
    source.answers["/items?page=2"] = page_answer(
        [{"id": 3, "new": True}, {"id": 6}], '</items?page=3>; rel="next"', etag='"changed"'
    )
    result = await run(await new_job(), url)
    assert result == {"collection": "things", "pages": 3, "unchanged_pages": 2, "records_written": 2}
    assert await ids() == ["1", "2", "3", "4", "5", "6"]
    after = await sync_to_async(lambda: dict(SyncedRecord.objects.values_list("external_id", "fetched_at")))()
    assert {key for key in after if after[key] != before.get(key)} == {"3", "6"}
    assert (await SyncedRecord.objects.aget(external_id="3")).data == {"id": 3, "new": True}


@pytest.mark.usefixtures("store")
async def test_after_a_crash_it_goes_on_at_the_page_that_was_not_stored(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = source.serve_pages(THREE_PAGES)
    context = await new_job()

    def cut(*args: object) -> None:
        raise PowerCut

    remember = rows._remember_page
    monkeypatch.setattr(
        rows,
        "_remember_page",
        lambda run, url, *rest: cut() if "page=2" in url else remember(run, url, *rest),
    )
    with pytest.raises(PowerCut):
        await run(context, url)
    assert await ids() == ["1", "2"], "page 2 is stored whole or not at all"
    monkeypatch.undo()

    result = await run(await sync_to_async(next_attempt)(context), url)
    assert result == {"collection": "things", "pages": 3, "unchanged_pages": 0, "records_written": 5}
    assert source.paths == ["/items?page=1", "/items?page=2", "/items?page=2", "/items?page=3"]
    assert not await SyncRun.objects.aexists()


@pytest.mark.usefixtures("store")
async def test_a_worker_that_was_given_up_for_lost_can_not_write_any_more(source: Source) -> None:
    url = source.serve_pages(THREE_PAGES)
    context = await new_job()
    mapping = rows.Mapping("id", "")
    begin = sync_to_async(rows.begin)
    lost = await begin(job_id=context.job_id, owner_id=None, collection="things", url=url)
    await run(context, url)
    late = rows.Change({"9": {"id": 9}}, "", f"{url}2")
    with pytest.raises(rows.Overtaken):
        await sync_to_async(rows.save_changed)(lost, late, mapping, context.job.enqueued_at)
    assert "9" not in await ids()


@pytest.mark.usefixtures("store")
async def test_a_page_with_one_id_twice_is_stored(source: Source) -> None:
    url = source.serve_pages([[{"id": 1, "n": "old"}, {"id": 1, "n": "new"}]])
    await run(await new_job(), url)
    assert (await SyncedRecord.objects.aget()).data == {"id": 1, "n": "new"}


async def test_each_owner_has_collections_of_their_own(source: Source, transactional_db: None) -> None:
    url = source.serve_pages([[{"id": 1}]], etags=False)
    ann = await get_user_model().objects.acreate(username="ann")
    for owner in (ann, None, ann, None):
        await run(await new_job(owner=owner), url)
    assert await SyncCollection.objects.acount() == 2
    assert await ids() == ["1", "1"]


async def test_a_page_may_name_its_next_one_in_the_body(source: Source, context: JobContext) -> None:
    source.answers["/items"] = always(json_response({"results": [{"id": 1}], "next": "?after=1", "count": 2}))
    source.answers["/items?after=1"] = always(
        json_response({"results": [{"id": 2}], "next": None, "count": 2})
    )
    assert (await run(context, f"{source.url}/items"))["pages"] == 2


async def test_an_etag_counts_only_for_records_read_in_the_same_way(
    source: Source, context: JobContext
) -> None:
    url = source.serve_pages([[{"id": 1, "sku": "A"}]])
    await run(context, url)
    result = await run(await new_job(), url, id_field="sku")
    assert result["records_written"] == 1
    assert await ids() == ["1", "A"]


async def test_progress_knows_the_pages_from_the_total(source: Source, transactional_db: None) -> None:
    said: Said = []
    for number in (1, 2, 3, 4):
        link = f'</items?page={number + 1}>; rel="next"' if number < 4 else ""
        body = {"items": [{"id": number}], "total": 4}
        source.answers[f"/items?page={number}"] = always(json_response(body, Link=link))
    await run(await new_job(said=said), f"{source.url}/items?page=1")
    assert [fraction for fraction, _ in said] == [0.25, 0.5, 0.75, 0.8]
    assert said[1][1] == "2 pages, 2 records written"


@pytest.mark.parametrize("status", [429, 503])
async def test_a_short_wait_is_slept_and_said(source: Source, transactional_db: None, status: int) -> None:
    said: Said = []
    context = await new_job(said=said)
    url = source.serve_pages([[{"id": 1}]])
    source.next_answers = [Response(status, headers={"Retry-After": "0"})]
    await run(context, url)
    assert said[0] == (0.0, "The source asks to wait 0 s")
    assert len(source.requests) == 2


async def test_a_wait_without_a_time_is_five_seconds(
    source: Source, context: JobContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []

    async def note(seconds: float) -> None:
        slept.append(seconds)

    url = source.serve_pages([[{"id": 1}]])
    source.next_answers = [Response(429), Response(429, headers={"Retry-After": "soon"})]
    monkeypatch.setattr(task, "sleep", note)
    await run(context, url)
    assert slept == [5, 5]


async def test_a_long_wait_puts_the_job_off_and_it_goes_on_where_it_was(
    source: Source, context: JobContext
) -> None:
    url = source.serve_pages(THREE_PAGES)
    source.answers["/items?page=2"] = always(Response(429, headers={"Retry-After": "31"}))
    with pytest.raises(Snooze) as raised:
        await run(context, url)
    assert raised.value.after == timedelta(seconds=31)
    source.serve_pages(THREE_PAGES)
    await run(context_of(context.job), url)
    assert source.paths == ["/items?page=1", "/items?page=2", "/items?page=2", "/items?page=3"]


async def test_a_source_that_keeps_asking_to_wait_puts_the_job_off_and_at_last_fails_it(
    source: Source, context: JobContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = source.serve_pages([[{"id": 1}]])
    source.answers["/items?page=1"] = always(Response(429, headers={"Retry-After": "0"}))
    with pytest.raises(Snooze) as raised:
        await run(context, url)
    assert raised.value.after == timedelta(minutes=1)
    assert len(source.requests) == task.MAX_SLEEPS
    await SyncRun.objects.aupdate(waits=task.MAX_WAITS)
    with pytest.raises(SourceFailed, match="asked 100 times to come back later"):
        await run(context, url)


async def test_a_long_pull_gives_its_slot_back_between_two_pages(
    source: Source, context: JobContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = source.serve_pages(THREE_PAGES)
    monkeypatch.setattr(task, "TURN", timedelta())
    for _ in range(2):
        with pytest.raises(Snooze) as raised:
            await run(context_of(context.job), url)
        assert raised.value.after == timedelta()
    result = await run(context_of(context.job), url)
    assert result["pages"] == 3
    assert len(source.requests) == 3


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408, 425])
async def test_a_failing_source_is_worth_another_attempt(
    source: Source, context: JobContext, status: int
) -> None:
    source.answers["/"] = always(Response(status))
    with pytest.raises(SourceFailed, match=f"answered {status}"):
        await run(context, source.url)
    assert not issubclass(SourceFailed, InvalidInput)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 422])
async def test_a_refusal_is_not(source: Source, context: JobContext, status: int) -> None:
    source.answers["/"] = always(Response(status))
    with pytest.raises(InvalidInput, match=f"answered {status}"):
        await run(context, source.url)


@pytest.mark.parametrize(
    "response, sentence",
    [
        (
            Response(200, b"{}", {"Content-Type": "text/html; charset=utf-8"}),
            "answered text/html; expected application/json",
        ),
        (Response(200, b"{}"), "answered no content type"),
        (Response(200, b"<", {"Content-Type": "application/json"}), "The page is not JSON"),
        (Response(302), "answered 302 Found without saying where to"),
        (Response(204), "answered 204 No Content"),
        (Response(304), "answered 304 Not Modified"),
    ],
)
async def test_an_answer_that_is_no_page_fails_with_a_sentence(
    source: Source, context: JobContext, response: Response, sentence: str
) -> None:
    source.answers["/"] = always(response)
    with pytest.raises((InvalidInput, SourceFailed), match=sentence):
        await run(context, source.url)


def padded(size: int) -> bytes:
    """A page of that many bytes."""
    return b'[{"id": 1}]'.ljust(size)


@pytest.mark.parametrize("packed", [False, True])
async def test_a_page_of_5_mib_is_read_and_a_byte_more_refused(
    source: Source, context: JobContext, packed: bool
) -> None:
    def answer(size: int) -> Response:
        headers = {"Content-Type": "application/json"}
        if packed:
            return Response(200, gzip.compress(padded(size)), headers | {"Content-Encoding": "gzip"})
        return Response(200, padded(size), headers)

    source.next_answers = [answer(fetch.MAX_PAGE_BYTES), answer(fetch.MAX_PAGE_BYTES + 1)]
    assert (await run(context, source.url))["records_written"] == 1
    with pytest.raises(InvalidInput, match="is larger than 5242880 bytes"):
        await run(context, source.url)


@pytest.mark.parametrize(
    "body, headers",
    [
        (gzip.compress(b"[]", mtime=0)[:-4], {"Content-Encoding": "gzip"}),
        (b"not gzip", {"Content-Encoding": "gzip"}),
        (b"[]", {"Content-Encoding": "br"}),
        (b"[", {"Content-Length": "100"}),
    ],
)
async def test_a_page_cut_off_or_packed_wrongly_is_asked_for_again(
    source: Source, context: JobContext, body: bytes, headers: dict[str, str]
) -> None:
    source.answers["/"] = always(Response(200, body, {"Content-Type": "application/json", **headers}))
    with pytest.raises(SourceFailed):
        await run(context, source.url)


async def test_a_server_that_is_not_there_is_worth_another_attempt(
    settings: Any, context: JobContext
) -> None:
    with running_source() as gone:
        settings.SYNC_ALLOWED_HOSTS = [gone.host]
    with pytest.raises(SourceFailed, match="can't be read"):
        await run(context, gone.url)


async def test_a_server_that_stalls_is_given_up_after_the_page_s_time_limit(
    settings: Any, context: JobContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"127.0.0.1:{silent.getsockname()[1]}"
        settings.SYNC_ALLOWED_HOSTS = [host]
        monkeypatch.setattr(fetch, "PAGE_TIMEOUT_SECONDS", 0.05)
        with pytest.raises(SourceFailed, match=r"took longer than 0\.05 s"):
            await run(context, f"http://{host}/")


async def test_redirects_are_followed_and_the_next_link_is_relative_to_where_they_led(
    source: Source, context: JobContext
) -> None:
    source.answers["/old"] = always(Response(301, headers={"Location": "/new/items"}))
    source.answers["/new/items"] = always(json_response({"items": [{"id": 1}], "next": "more"}))
    source.answers["/new/more"] = always(json_response([{"id": 2}]))
    assert (await run(context, f"{source.url}/old"))["pages"] == 2


async def test_five_redirects_are_followed_and_a_sixth_refused(source: Source, context: JobContext) -> None:
    for number in range(1, 7):
        source.answers[f"/{number}"] = always(Response(302, headers={"Location": f"/{number - 1}"}))
    source.answers["/0"] = always(json_response([]))
    assert (await run(context, f"{source.url}/5"))["pages"] == 1
    with pytest.raises(InvalidInput, match="redirects more than 5 times"):
        await run(await new_job(), f"{source.url}/6")


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:1/",
        "http://169.254.169.254/latest/meta-data/",
        "https://169.254.169.254/latest/meta-data/",
        "https://localhost/",
        "https://[::1]/",
        "https://user:x@api.example.com/",
        "file:///etc/passwd",
        "//10.0.0.1/",
        "https://api.example.com:99999/",
    ],
)
async def test_a_redirect_to_where_a_url_may_not_lead_is_refused(
    source: Source, context: JobContext, location: str
) -> None:
    source.answers["/"] = always(Response(302, headers={"Location": location}))
    with pytest.raises(UrlRefused):
        await run(context, source.url)


async def test_the_next_page_has_to_be_on_the_same_host(
    source: Source, settings: Any, context: JobContext
) -> None:
    with running_source() as other:
        settings.SYNC_ALLOWED_HOSTS = [source.host, other.host]
        source.answers["/"] = always(json_response([{"id": 1}], Link=f'<{other.url}/>; rel="next"'))
        with pytest.raises(UrlRefused, match="The next page is on"):
            await run(context, source.url)
        assert other.requests == []
    assert await ids() == []


async def test_an_etag_is_not_told_to_another_host(
    source: Source, settings: Any, context: JobContext
) -> None:
    await run(context, source.serve_pages([[{"id": 1}]]))
    with running_source() as other:
        settings.SYNC_ALLOWED_HOSTS = [source.host, other.host]
        source.answers["/items?page=1"] = always(Response(307, headers={"Location": f"{other.url}/"}))
        other.answers["/"] = always(json_response([{"id": 2}]))
        await run(await new_job(), f"{source.url}/items?page=1")
        assert "if-none-match" in source.requests[-1].headers
        assert "if-none-match" not in other.requests[0].headers


async def test_pages_that_go_round_in_a_circle_end_the_pull(source: Source, context: JobContext) -> None:
    source.answers["/a"] = always(json_response({"items": [], "next": "/b"}))
    source.answers["/b"] = always(json_response({"items": [], "next": "/a#again"}))
    with pytest.raises(InvalidInput, match="one that was there before"):
        await run(context, f"{source.url}/a")


async def test_pages_and_records_are_capped(
    source: Source, context: JobContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = source.serve_pages(THREE_PAGES)
    monkeypatch.setattr(task, "MAX_RECORDS", 4)
    with pytest.raises(InvalidInput, match="more than 4 records"):
        await run(context, url)
    monkeypatch.setattr(task, "MAX_PAGES", 2)
    with pytest.raises(InvalidInput, match="more than 2 pages"):
        await run(await new_job(), url)


@pytest.mark.parametrize(
    "url, sentence",
    [
        ("http://api.example.com/", "Expected an https URL"),
        ("https://user:x@api.example.com/", "user name or password"),
        ("https://api.example.com/" + "x" * 2000, "has 2024 characters; expected at most 2000"),
        ("https://api.example.com/\nX-Header: 1", "is no URL"),
        ("https://api.example.com:99999/", "Port 99999 is not for web APIs"),
        ("https://127.0.0.1/", "loopback"),
        ("https://localhost/", "loopback"),
    ],
)
async def test_a_url_that_may_not_be_pulled_is_refused(context: JobContext, url: str, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        await run(context, url)


async def test_what_it_sends_names_it_and_carries_no_secrets(source: Source, context: JobContext) -> None:
    def answer(request: Request) -> Response:
        more = {"Link": '</?page=2>; rel="next"'} if request.path == "/" else {}
        return json_response([], **more, **{"Set-Cookie": "session=1; Path=/"})

    source.answers |= {"/": answer, "/?page=2": answer}
    await run(context, source.url)
    for request in source.requests:
        assert set(request.headers) == {"host", "accept", "accept-encoding", "connection", "user-agent"}


@pytest.mark.parametrize("etag", [f'"{"x" * 200}"', '"ü"'], ids=["too long", "not ASCII"])
async def test_only_pages_with_a_sane_etag_are_kept(source: Source, context: JobContext, etag: str) -> None:
    url = source.serve_pages([[{"id": 1}]])
    await run(context, url)
    assert await SyncedPage.objects.acount() == 1
    source.answers["/items?page=1"] = page_answer([{"id": 1}], etag=etag)
    for _ in range(2):
        await run(await new_job(), url)
    assert await SyncedPage.objects.acount() == 0
