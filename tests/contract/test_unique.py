"""At most one job of an owner, a task and a unique key waits or runs, on every kind of store."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.contrib.auth.models import User
from django.db import connections, transaction
from django.tasks import task
from django.utils import timezone

from jobs.errors import InvalidArguments, UniqueKeyHeld
from jobs.lifecycle import verb
from jobs.lifecycle.audit import CODE
from jobs.lifecycle.cancel import cancel
from jobs.lifecycle.retry import Arguments, retry, retrying
from jobs.lifecycle.unique import MAX_KEY_LENGTH
from jobs.models import Job, UniqueKey
from jobs.status import Status
from tests.contract.steps import end, started, until_somebody_waits
from tests.sample_tasks import add

pytestmark = pytest.mark.usefixtures("store")

HOUR = timedelta(hours=1)


@task(unique_key=lambda customer, month=1: f"{customer}/{month}")
def bill(customer, month=1):
    """A task of which a customer gets one at a time."""


def ended(result, status="successful"):
    job = started(Job.objects.get(id=result.id))
    end(job, Status(status))
    return job


def test_a_second_job_of_a_key_is_the_first_while_that_one_waits_or_runs():
    first = bill.enqueue(7)
    assert bill.enqueue(7).id == first.id, "it waits"
    started(Job.objects.get(id=first.id))
    assert bill.enqueue(7, month=1).id == first.id, "it runs"
    assert Job.objects.count() == 1
    assert Job.objects.get().events.count() == 2, "nothing is told of a call that made no job"


@pytest.mark.parametrize("status", ["successful", "failed", "cancelled"])
def test_an_ended_job_gives_its_key_free(status):
    first = ended(bill.enqueue(7), status)
    second = bill.enqueue(7)
    assert second.id != str(first.id)
    assert bill.enqueue(7).id == second.id, "the newest holds it now"


def test_another_key_owner_or_task_is_another_job():
    ada, bob = User.objects.create_user("ada"), User.objects.create_user("bob")
    calls = [
        *(bill.using(owner=owner).enqueue(7) for owner in (None, ada, bob)),
        bill.enqueue(7, month=2),
        add.using(unique_key="7/1").enqueue(1),
    ]
    assert len({call.id for call in calls}) == len(calls)
    assert bill.using(owner=ada).enqueue(7).id == calls[1].id


def test_a_job_without_a_key_is_never_another_s():
    assert len({add.enqueue(1).id for _ in range(3)}) == 3
    assert not UniqueKey.objects.exists()


def test_unique_for_holds_the_key_after_the_end_and_no_longer():
    unique = add.using(unique_key="a", unique_for=HOUR)
    first = ended(unique.enqueue(1))
    held = UniqueKey.objects.get()
    assert held.held_until == first.enqueued_at + HOUR
    again = unique.enqueue(1)
    assert (again.id, again.return_value) == (str(first.id), None)
    UniqueKey.objects.update(held_until=timezone.now())
    assert unique.enqueue(1).id != str(first.id)


def test_unique_for_does_not_end_the_key_of_a_job_that_still_waits():
    unique = add.using(unique_key="a", unique_for=HOUR)
    first = unique.enqueue(1)
    UniqueKey.objects.update(held_until=timezone.now() - HOUR)
    assert unique.enqueue(1).id == first.id


def test_of_one_batch_only_the_first_of_each_key_is_stored():
    results = add.using(unique_key="a").enqueue_many([{"a": 1}, {"a": 2}])
    mixed = bill.enqueue_many([{"customer": n % 3} for n in range(9)])
    assert results[0].id == results[1].id
    assert [result.id for result in mixed] == [result.id for result in mixed[:3]] * 3
    assert Job.objects.count() == 4
    assert results[1].kwargs == {"a": 1}, "the answer is the job that will run"


def test_a_key_that_is_taken_in_a_transaction_that_fails_is_free_again():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        bill.enqueue(7)
        1 / 0  # noqa: B018
    assert Job.objects.filter(id=bill.enqueue(7).id).exists()


def test_fifty_threads_that_enqueue_at_once_make_one_job(store):
    ready = Barrier(10)

    def enqueue(_):
        try:
            ready.wait(10)
            return [bill.enqueue(7).id for _ in range(5)]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(10) as threads:
        ids = {result for results in threads.map(enqueue, range(10)) for result in results}
    assert len(ids) == Job.objects.count() == 1


async def test_calls_that_share_a_batch_share_the_job():
    import asyncio

    results = await asyncio.gather(*(bill.aenqueue(n % 2) for n in range(50)))
    assert len({result.id for result in results}) == await Job.objects.acount() == 2


def test_a_cancelled_job_gives_its_key_free():
    first = bill.enqueue(7)
    cancel(Job.objects.get().id)
    assert bill.enqueue(7).id != first.id


def test_a_retry_by_hand_takes_the_key_back():
    first = ended(bill.enqueue(7), "failed")
    retry(first.id)
    assert bill.enqueue(7).id == str(first.id)


def test_a_retry_by_hand_is_refused_while_a_newer_job_has_the_key():
    first = ended(bill.enqueue(7), "failed")
    newer = bill.enqueue(7)
    with pytest.raises(UniqueKeyHeld, match=newer.id):
        retry(first.id)
    assert Job.objects.get(id=first.id).status == "failed"
    ended(newer)
    assert retry(first.id).status == "ready"


def test_an_enqueue_that_waits_for_a_retry_gives_way_to_it(store):
    """What the retry has changed is seen by whoever waited for its lock."""
    if store == "sqlite":
        pytest.skip("writers of SQLite wait for each other at their begin")
    first = ended(bill.enqueue(7), "failed")
    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            retry(first.id)
            enqueueing = threads.submit(_enqueue_elsewhere)
            until_somebody_waits()
        assert enqueueing.result(10) == str(first.id)


def test_a_retry_with_other_arguments_waits_for_an_enqueue_that_is_not_yet_committed(store):
    if store == "sqlite":
        pytest.skip("writers of SQLite wait for each other at their begin")
    first = ended(bill.enqueue(7), "failed")
    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            second = bill.enqueue(8)
            retrying = threads.submit(_retry_elsewhere, first.id, 8)
            until_somebody_waits()
        with pytest.raises(UniqueKeyHeld, match=second.id):
            retrying.result(10)
    assert bill.enqueue(8).id == second.id


def _enqueue_elsewhere():
    try:
        return bill.enqueue(7).id
    finally:
        connections.close_all()


def _retry_elsewhere(job_id, customer):
    try:
        return verb.act(retrying(Arguments.of(bill, {"customer": customer})), job_id, CODE)
    finally:
        connections.close_all()


@pytest.mark.parametrize("key", ["k" * (MAX_KEY_LENGTH + 1), "a\0b", "\ud800", 5, None])
def test_what_can_t_be_a_key_is_refused(key):
    with pytest.raises(InvalidArguments, match="unique"):
        add.using(unique_key=lambda a: key).enqueue(1)
    assert not Job.objects.exists()


def test_a_key_may_be_as_long_as_its_column_and_an_empty_one_is_none():
    longest = add.using(unique_key="k" * MAX_KEY_LENGTH)
    assert longest.enqueue(1).id == longest.enqueue(1).id
    nameless = add.using(unique_key=lambda a: "")
    assert nameless.enqueue(1).id != nameless.enqueue(1).id
