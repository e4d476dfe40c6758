"""What we take for granted of every store."""

from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction

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
    with transaction.atomic():
        if store == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(
                    "SET LOCAL enable_seqscan = off"
                )  # a few rows are read faster one after the other
        assert "job_active" in rows_alive(id__gt=UUID(int=0)).explain()
