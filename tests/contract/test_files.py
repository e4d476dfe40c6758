"""The files of a job, on every kind of store: only the attempt that holds the job may change them."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError
from django.utils import timezone

from jobs.errors import AttemptOver, InvalidInput
from jobs.files import store_result
from jobs.models import File, Job
from jobs.status import Status
from tests.sample_tasks import add

NOBODY = 999_999


@pytest.fixture
def job(store):
    """Started once, and running."""
    return Job.objects.create(
        task_path=add.module_path, enqueued_at=timezone.now(), status=Status.RUNNING, starts=1
    )


def save(job: Job, content: bytes, *, name: str = "a.csv", **changed: Any) -> File:
    """As the attempt that read `job` when it started does."""
    given = {"job_id": job.id, "starts": job.starts, "owner_id": None, "content_type": "text/csv"}
    return store_result(**{**given, **changed}, name=name, content=content)


def stored() -> list[bytes]:
    """What lies in the storage, whether or not a row knows of it."""
    return sorted(path.read_bytes() for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file())


def test_a_file_replaces_the_one_of_its_name_with_its_bytes(job):
    for content in (b"first", b"second"):
        save(job, content)
    assert (File.objects.get().size, stored()) == (6, [b"second"])


def test_a_zombie_s_file_does_not_replace_the_winner_s(job):
    Job.objects.update(starts=2)
    winner = Job.objects.get()
    save(winner, b"winner's")
    with pytest.raises(AttemptOver, match="another attempt"):
        save(job, b"zombie's")
    assert (File.objects.get().size, stored()) == (8, [b"winner's"])


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.RUNNING}))
def test_an_attempt_that_is_over_leaves_no_file(job, status):
    Job.objects.update(status=status)
    with pytest.raises(AttemptOver):
        save(job, b"late")
    assert (File.objects.count(), stored()) == (0, [])


def test_a_job_that_was_deleted_meanwhile_gets_no_file(job):
    Job.objects.all().delete()
    with pytest.raises(AttemptOver):
        save(job, b"late")
    assert stored() == []


def test_bytes_whose_row_can_not_be_stored_are_not_left_behind(job):
    save(job, b"kept")
    with pytest.raises(IntegrityError):
        save(job, b"lost", owner_id=NOBODY)
    assert (File.objects.get().size, stored()) == (4, [b"kept"])


def test_a_result_belongs_to_the_job_s_owner(job):
    ada = User.objects.create_user("ada")
    assert save(job, b"hers", owner_id=ada.pk).owner == ada


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\\b", "a\nb", "a\0b", "x" * 151])
def test_a_name_that_no_address_or_folder_can_hold_is_refused(job, name):
    with pytest.raises(InvalidInput, match=r"^A file's name must be"):
        save(job, b"1", name=name)
    assert stored() == []


@pytest.mark.parametrize("name", ["...", ".csv", "x" * 150, "ein Büro 100%.csv"])
def test_a_name_may_be_any_printable_text(job, name):
    assert save(job, b"1", name=name).name == name
