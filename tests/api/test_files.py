"""Files on their way out."""

from functools import partial

import pytest
from asgiref.sync import sync_to_async
from django.core.files.storage import default_storage
from django.http import StreamingHttpResponse

from jobs.api.files import Chunks
from jobs.events.shapes import file_json
from jobs.models import File
from tests.api.conftest import leave_file


@pytest.fixture
def keep(job_of_ada):
    return sync_to_async(partial(leave_file, job_of_ada))


async def test_a_result_is_downloaded_as_it_was_saved(ada, keep):
    content = bytes(range(256)) * 4096  # several chunks
    file = await keep("report.csv", content)
    answer = await ada.get(file_json(file)["url"])
    assert answer.status_code == 200
    assert (answer.headers["Content-Type"], answer.headers["Content-Length"]) == (
        "text/csv",
        str(len(content)),
    )
    assert answer.headers["Content-Disposition"] == 'attachment; filename="report.csv"'
    assert answer.content == content


@pytest.mark.parametrize("name", ["ein Büro 100%.csv", "a?b#c&d.csv", 'quote".csv', "…"])
async def test_a_file_of_any_name_is_found_at_the_address_that_its_job_shows(ada, job_of_ada, keep, name):
    await keep(name)
    [shown] = (await ada.get(f"/api/v1/jobs/{job_of_ada.id}")).json()["files"]
    answer = await ada.get(shown["url"])
    assert (answer.status_code, answer.content) == (200, b"made")
    assert "attachment" in answer.headers["Content-Disposition"]


async def test_a_browser_runs_nothing_of_a_download(ada, keep):
    file = await keep("page.html", b"<script>alert(1)</script>", "text/html")
    answer = await ada.get(file_json(file)["url"] + "?inline=1")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert (
        answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'; style-src 'unsafe-inline'"
    )


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "avif", "svg+xml"])
async def test_an_image_is_shown_on_request(ada, keep, kind):
    url = file_json(await keep("picture", b"pixels", f"image/{kind}"))["url"]
    assert (await ada.get(url)).headers["Content-Disposition"].startswith("attachment")
    inline = await ada.get(f"{url}?inline=1")
    assert inline.headers["Content-Disposition"].startswith("inline")
    assert inline.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")


async def test_a_known_file_is_not_sent_again_until_it_is_replaced(ada, keep):
    url = file_json(await keep("report.csv"))["url"]
    tag = (await ada.get(url)).headers["ETag"]
    known = await ada.get(url, if_none_match=tag)
    assert (known.status_code, known.content) == (304, b"")
    await keep("report.csv", b"made anew")
    assert (await ada.get(url, if_none_match=tag)).content == b"made anew"


async def test_head_tells_the_size_of_a_file_without_reading_it(ada, keep):
    file = await keep("report.csv")
    await sync_to_async(default_storage.delete)(file.content.name)
    answer = await ada.request("HEAD", file_json(file)["url"])
    assert (answer.status_code, answer.headers["Content-Length"]) == (200, "4")


async def test_a_file_that_its_storage_has_lost_is_a_404(ada, keep):
    file = await keep("report.csv")
    await sync_to_async(default_storage.delete)(file.content.name)
    answer = await ada.get(file_json(file)["url"])
    assert (answer.status_code, answer.json()["type"]) == (404, "/docs/problems#not-found")


async def test_an_upload_is_no_file_of_a_job(ada, job_of_ada):
    await File.objects.acreate(owner=ada.user, name="up.csv", content_type="text/csv", size=1)
    assert (await ada.get(f"/api/v1/jobs/{job_of_ada.id}/files/up.csv")).status_code == 404


async def test_a_download_that_is_given_up_closes_its_file(keep):
    content = (await keep("report.csv")).content.open()
    answer = StreamingHttpResponse(Chunks(content))
    await sync_to_async(answer.close)()
    assert content.closed
