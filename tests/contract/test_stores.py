"""What we take for granted of every store."""

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection


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
