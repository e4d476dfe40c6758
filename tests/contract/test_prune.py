"""What ended long ago is deleted, with all that belongs to it, on every kind of store."""

from datetime import timedelta
from itertools import pairwise

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.utils import timezone

from jobs import conf
from jobs.files import store_result, store_upload
from jobs.lifecycle import prune
from jobs.lifecycle.tell import Said, tell
from jobs.models import Delivery, Event, EventKind, File, Job, Tag, UniqueKey
from jobs.status import Status
from tests.contract.steps import end, new_job, started
from tests.sample_tasks import add, anything

pytestmark = pytest.mark.usefixtures("store")

KEPT = timedelta(days=7)
INSTANT = timedelta(milliseconds=1)


def later(by=timedelta()):
    """When everything of now has been kept for long enough, and so much later."""
    return timezone.now() + KEPT + by


def prune_all(now):
    return list(prune.batches(now))


def ended(status=Status.SUCCESSFUL, **using):
    job = started(new_job(**using))
    end(job, status)
    return Job.objects.get(id=job.id)


def upload(content=b"sent"):
    return store_upload(owner_id=None, name="a.csv", content_type="text/csv", content=ContentFile(content))


@pytest.mark.parametrize("status", [Status.SUCCESSFUL, Status.FAILED, Status.CANCELLED])
def test_a_job_is_kept_for_so_long_after_its_end_and_no_longer(status):
    job = ended(status)
    prune_all(job.finished_at + KEPT)
    assert Job.objects.exists()
    prune_all(job.finished_at + KEPT + INSTANT)
    assert not Job.objects.exists()


def test_all_that_belongs_to_a_job_goes_with_it():
    job = started(new_job(unique_key="k", tags=["a", "b", "a"]))
    assert {*Tag.objects.values_list("tag", "job")} == {("a", job.id), ("b", job.id)}
    result = store_result(
        job_id=job.id, starts=1, owner_id=None, name="a", content=b"made", content_type="text/csv"
    )
    Delivery.objects.create(job_id=job.id, recipient="ada@example.com")
    end(job, Status.SUCCESSFUL)
    storage, path = result.content.storage, result.content.name
    assert storage.exists(path)
    prune_all(later(INSTANT))
    for model in (Job, Event, File, Delivery, UniqueKey, Tag):
        assert not model.objects.exists(), model
    assert not storage.exists(path)


@pytest.mark.parametrize("status", [Status.BLOCKED, Status.DEFERRED, Status.READY, Status.RUNNING])
def test_a_job_that_has_not_ended_is_kept_however_old_it_is(status):
    Job.objects.filter(id=new_job().id).update(status=status)
    prune_all(later(timedelta(days=1000)))
    assert Job.objects.get().events.count() == 1


def test_an_old_job_that_ended_lately_is_kept():
    job = ended()
    Job.objects.update(finished_at=timezone.now() + KEPT)
    prune_all(later(timedelta(days=1)))
    assert Job.objects.get() == job


def test_a_job_is_kept_while_it_holds_its_unique_key():
    add.using(unique_key="k", unique_for=timedelta(days=30)).enqueue(1)
    job = started(Job.objects.get())
    end(job, Status.SUCCESSFUL)
    prune_all(later(INSTANT))
    assert Job.objects.exists()
    UniqueKey.objects.update(held_until=timezone.now())
    prune_all(later(INSTANT))
    assert not Job.objects.exists()


def test_many_are_deleted_in_batches_and_what_is_kept_between_them_is_kept(monkeypatch):
    monkeypatch.setattr(prune, "MAX_BATCH", 2)
    jobs = [ended() for _ in range(6)]
    Job.objects.filter(id=jobs[2].id).update(finished_at=None, status=Status.READY)
    assert prune_all(later(INSTANT)) == [2, 2, 1]
    assert Job.objects.get().id == jobs[2].id


def test_a_long_log_is_deleted_in_parts(monkeypatch):
    monkeypatch.setattr(prune, "MAX_EVENTS", 5)
    talker = started(new_job())
    tell(
        Said(talker.id, talker.starts, EventKind.CHUNK, timezone.now(), {"value": number})
        for number in range(17)
    )
    end(talker, Status.SUCCESSFUL)
    for _ in range(3):
        ended()
    counts = [Event.objects.count(), *(Event.objects.count() for _ in prune.batches(later(INSTANT)))]
    assert counts[0] == 17 + 4 * 3
    assert max(before - after for before, after in pairwise(counts)) <= 5
    assert not Job.objects.exists()
    assert not Event.objects.exists()


def test_an_upload_that_no_job_ever_used_is_deleted_with_its_bytes():
    file = upload()
    storage, path = file.content.storage, file.content.name
    prune_all(file.created_at + KEPT - INSTANT)
    assert storage.exists(path)
    prune_all(file.created_at + KEPT + 2 * INSTANT)
    assert not File.objects.exists()
    assert not storage.exists(path)


@pytest.mark.parametrize(
    "wrap", [str, lambda name: name.hex, lambda name: [str(name)], lambda name: {"deep": [{"in": str(name)}]}]
)
def test_an_upload_is_kept_for_as_long_as_a_job_that_names_it(wrap):
    file = upload()
    for _ in range(2):
        anything.enqueue([wrap(file.id), "00000000-0000-7000-8000-000000000000", str(file.id)])
    first, second = Job.objects.order_by("id")
    end(started(first), Status.SUCCESSFUL)
    prune_all(later(INSTANT))
    assert list(Job.objects.all()) == [second]
    assert file.content.storage.exists(file.content.name)
    end(started(second), Status.SUCCESSFUL)
    prune_all(later(INSTANT))
    assert not File.objects.exists()


def test_a_result_named_by_a_later_job_goes_with_the_job_that_made_it():
    job = started(new_job())
    result = store_result(
        job_id=job.id, starts=1, owner_id=None, name="a", content=b"made", content_type="text/csv"
    )
    end(job, Status.SUCCESSFUL)
    anything.enqueue(str(result.id))
    prune_all(later(INSTANT))
    assert not File.objects.exists()


def test_bytes_that_can_t_be_deleted_now_are_deleted_another_time(monkeypatch):
    job, file = started(new_job()), upload()
    result = store_result(
        job_id=job.id, starts=1, owner_id=None, name="a", content=b"made", content_type="text/csv"
    )
    end(job, Status.SUCCESSFUL)
    other = ended()
    with monkeypatch.context() as away:
        away.setattr(FileSystemStorage, "delete", lambda *_: 1 / 0)
        prune_all(later(INSTANT))
    assert list(Job.objects.all()) == [Job.objects.get(id=job.id)], f"{other.id} has no files"
    assert set(File.objects.all()) == {file, result}
    prune_all(later(INSTANT))
    assert not Job.objects.exists()
    assert not File.objects.exists()


def test_nothing_is_pruned_where_jobs_are_kept_for_ever(settings):
    backend = settings.TASKS["default"]
    settings.TASKS = {"default": {**backend, "OPTIONS": {**backend["OPTIONS"], "keep_seconds": None}}}
    conf.options.cache_clear()
    ended()
    assert prune_all(later(timedelta(days=1000))) == []
    conf.options.cache_clear()
