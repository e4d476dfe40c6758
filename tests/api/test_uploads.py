"""Files on their way in."""

from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async

from jobs.api.schemas.upload import UploadOut
from jobs.files import open_upload
from jobs.models import File, Job
from tests.api.conftest import CSRF_TOKEN


def csv(content=b"a,b\n1,2\n", name="table.csv", content_type="text/csv"):
    return "file", (name, content, content_type)


async def test_an_uploaded_file_is_kept_for_its_owner(ada):
    answer = await ada.upload(csv())
    assert answer.status_code == 201
    upload = UploadOut.model_validate(answer.json())
    assert (upload.name, upload.size, upload.content_type) == ("table.csv", 8, "text/csv")

    def stored():
        with open_upload(upload.id, ada.user.pk) as file:
            return file.read()

    assert await sync_to_async(stored)() == b"a,b\n1,2\n"


async def test_a_signed_in_browser_uploads_with_its_csrf_token(browser):
    assert (await browser.upload(csv())).status_code == 403
    assert (await browser.upload(csv(), x_csrftoken=CSRF_TOKEN)).status_code == 201


@pytest.mark.parametrize("bytes_over, status", [(0, 201), (1, 413)])
async def test_a_file_may_be_as_large_as_the_limit_and_no_byte_larger(ada, small_uploads, bytes_over, status):
    answer = await ada.upload(csv(b"x" * (small_uploads + bytes_over)))
    assert answer.status_code == status
    assert await File.objects.acount() == (status == 201)
    if status == 413:
        assert answer.json()["type"] == "/docs/problems#file-too-large"
        assert answer.json()["max_bytes"] == small_uploads


async def test_an_upload_is_one_file_in_the_field_named_file(ada):
    file, other = csv(), ("document", csv()[1])
    for files in ([other], [file, file], [file, other], [other, file]):
        answer = await ada.upload(*files)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/file"
    assert not await File.objects.aexists()


async def test_an_upload_that_is_no_form_is_refused(ada):
    answer = await ada.post("/api/v1/uploads", b"a,b", content_type="text/csv")
    assert (answer.status_code, answer.headers["Accept"]) == (415, "multipart/form-data")


@pytest.mark.parametrize("content_type", ["multipart/form-data", 'multipart/form-data; boundary=""'])
async def test_a_form_without_a_boundary_is_malformed(ada, content_type):
    answer = await ada.post("/api/v1/uploads", b"a,b", content_type=content_type)
    assert (answer.status_code, answer.json()["type"]) == (400, "/docs/problems#malformed")


async def test_a_name_keeps_no_folder_and_its_ending(ada):
    folder = await ada.upload(csv(name="../../etc/passwd"))
    assert folder.json()["name"] == "passwd"
    long = (await ada.upload(csv(name=f"{'x' * 240}.tar.gz"))).json()["name"]
    assert (len(long), long[-4:]) == (150, "x.gz")


@pytest.mark.parametrize("claimed", ["nonsense", "text/html; x=y\r\nSet-Cookie: a", "a/" + "b" * 200])
async def test_a_content_type_that_is_none_becomes_plain_bytes(ada, claimed):
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\nContent-Type: %s\r\n\r\n1\r\n--x--\r\n'
    answer = await ada.post(
        "/api/v1/uploads", body % claimed.encode(), content_type="multipart/form-data; boundary=x"
    )
    assert answer.status_code == 201
    assert answer.json()["content_type"] in {"application/octet-stream", "text/html"}


async def test_an_interrupted_upload_stores_nothing(ada):
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nhalf of the fi'
    answer = await ada.post("/api/v1/uploads", body, content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 422
    assert not await File.objects.aexists()


async def test_a_job_reads_the_upload_of_its_owner(ada):
    upload = (await ada.upload(csv())).json()["id"]
    answer = await ada.submit("sample.typed", {"rows": 1, "source": upload})
    assert answer.status_code == 202


async def test_an_upload_that_is_not_the_callers_is_refused_when_the_job_is_submitted(ada, bob):
    of_bob = (await bob.upload(csv())).json()["id"]
    for source in (of_bob, str(uuid4()), "no id at all"):
        answer = await ada.submit("sample.typed", {"rows": 1, "source": source})
        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/args/source"]
        assert source in answer.json()["errors"][0]["detail"]
    assert not await Job.objects.aexists()


async def test_each_upload_of_a_list_is_looked_at(ada, bob):
    mine = (await ada.upload(csv())).json()["id"]
    of_bob = (await bob.upload(csv())).json()["id"]
    answer = await ada.submit("sample.gather", {"sources": [mine, of_bob, mine], "extra": of_bob})
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/args/sources/1", "/args/extra"]
    assert (await ada.submit("sample.gather", {"sources": [mine], "extra": None})).status_code == 202
