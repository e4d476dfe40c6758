"""What we take for granted of every store."""

from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from jobs.models import Job
from jobs.status import Status
from jobs.worker.sweeper import rows_alive


def test_the_store_is_the_one_that_the_test_asked_for_and_empty(store: str) -> None:
    assert connection.vendor == store
    assert not User.objects.exists()
    User.objects.create(username="left for nobody")


def test_a_rolled_back_row_does_not_exist(store: str) -> None:
    twice = [User(username="ada"), User(username="ada")]
    with pytest.raises(IntegrityError):
        User.objects.bulk_create(twice, batch_size=1)
    assert not User.objects.exists()


async def test_the_async_orm_reads_what_this_thread_wrote(store: str) -> None:
    await User.objects.acreate(username="ada")
    assert [user.username async for user in User.objects.all()] == ["ada"]


def test_the_sweep_reads_no_finished_rows(store: str) -> None:
    """However many there are: an index of the others alone leads to them."""
    done = {"status": Status.SUCCESSFUL, "finished_at": timezone.now(), "enqueued_at": timezone.now()}
    Job.objects.bulk_create(Job(**done) for _ in range(2000))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("ANALYZE jobs_job")
        assert "job_active" in rows_alive(id__gt=UUID(int=0)).explain()
