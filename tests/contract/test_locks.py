"""On PostgreSQL whoever locks several rows locks them in one order, so that no two wait for each other."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from jobs.broker.calls import Call
from jobs.lifecycle import verb
from jobs.lifecycle.adopt import adopt, adopted
from jobs.lifecycle.audit import CODE
from jobs.lifecycle.cancel import CANCEL
from jobs.lifecycle.enqueue import enqueue
from jobs.lifecycle.enqueue import new_job as row_of
from jobs.lifecycle.finish import Outcome, Progress, finish, record_progress
from jobs.lifecycle.insert import insert
from jobs.lifecycle.prioritize import prioritizing
from jobs.lifecycle.promote import PROMOTE
from jobs.lifecycle.prune import batches
from jobs.lifecycle.retry import RETRY, Arguments, retrying
from jobs.lifecycle.start import HELD_PAUSE, start
from jobs.lifecycle.tell import Said, tell
from jobs.models import EventKind, Job, UniqueKey
from jobs.status import Status
from tests.contract.steps import new_job, started, stored, until_somebody_waits
from tests.sample_tasks import add

pytestmark = [
    pytest.mark.usefixtures("store"),
    pytest.mark.parametrize("store", ["postgresql"], indirect=True),
]

SUCCESSFUL = Outcome(status=Status.SUCCESSFUL)
TOMORROW = timedelta(days=1)
#: Rows of a test; before and after the one that the test locks there are some.
ROWS, HELD = 8, 4


def elsewhere(write):
    """On a connection of this thread's own."""
    try:
        return write()
    finally:
        connections.close_all()


def assert_locks_in_order(rows, write):
    """While somebody has the row in the middle, `write` has all that come before it, and none that come after."""
    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            lock(rows[HELD])
            writing = threads.submit(elsewhere, write)
            until_somebody_waits()
            free = [row for row in rows if is_free(row)]
            assert free == rows[HELD:], "our own among them"
        writing.result(10)


def lock(row):
    type(row).objects.select_for_update().get(pk=row.pk)


def is_free(row):
    return type(row).objects.select_for_update(skip_locked=True).filter(pk=row.pk).exists()


def ready(task=add):
    return enqueue([row_of(task, [], {"a": number}) for number in range(ROWS)])


def deferred():
    return ready(add.using(run_after=timezone.now() + TOMORROW))


def running():
    return [started(job) for job in ready()]


def ended(task=add):
    jobs = ready(task)
    verb.record(CANCEL, [job.id for job in jobs], CODE)
    return jobs


def act(which):
    def write(jobs):
        assert len(verb.record(which, [job.id for job in jobs], CODE).done) == ROWS

    return write


def say(jobs):
    return tell(Said(job.id, job.starts, EventKind.LOG, timezone.now(), {}) for job in jobs)


def report(jobs):
    return record_progress(Progress(job=job, fraction=0.5, text="") for job in jobs)


WRITERS = {
    "start": (ready, lambda jobs: start([str(job.id) for job in jobs], "w1")),
    "finish": (running, lambda jobs: finish((job, SUCCESSFUL) for job in jobs)),
    "progress": (running, report),
    "chunks and lines": (running, say),
    "cancel": (ready, act(CANCEL)),
    "ask to end": (running, act(CANCEL)),
    "retry": (ended, act(RETRY)),
    "promote": (deferred, act(PROMOTE)),
    "prioritize": (ready, act(prioritizing(7))),
}


@pytest.fixture
def others(store):
    """So many that PostgreSQL finds each job by its key; of a few rows it reads all."""
    insert([row_of(add, [], {"a": number}) for number in range(1000)])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE jobs_job")


@pytest.mark.usefixtures("others")
@pytest.mark.parametrize("writer", WRITERS)
def test_jobs_are_locked_in_the_order_of_their_ids(writer):
    make, write = WRITERS[writer]
    jobs = make()
    rows = list(Job.objects.filter(id__in=[job.id for job in jobs]).order_by("id"))
    shuffled = random.Random(7).sample(jobs, ROWS)
    assert_locks_in_order(rows, lambda: write(shuffled))


def test_a_claimed_job_that_is_not_ready_and_that_somebody_holds_is_put_off_and_not_waited_for():
    late, prompt = deferred()[0], new_job()
    Job.objects.filter(id=late.id).update(run_after=timezone.now())
    with transaction.atomic():
        lock(stored(late))
        with ThreadPoolExecutor(1) as threads:
            claimed = [str(late.id), str(prompt.id)]
            began = threads.submit(elsewhere, lambda: start(claimed, "w1")).result(10)
    assert [job.id for job in began.jobs] == [prompt.id]
    assert [(each.job.id, each.pause) for each in began.put_off] == [(late.id, HELD_PAUSE)]
    assert started(late).attempt == 1


def test_two_workers_that_have_the_same_calls_of_arq_clients_store_them_in_one_order():
    call = Call(f=add.module_path, a=[1], k={}, et=1000)
    rows = [adopted(add, call, arq_id=name, queue="default") for name in "cadb"]
    stored_in_turn = [event.job_id for event in adopt(rows)]
    assert stored_in_turn == [job.id for job in Job.objects.order_by("arq_id")]


keyed = add.using(unique_key=lambda a: f"key {a}")


def keys():
    return list(UniqueKey.objects.order_by("digest"))


def test_keys_are_locked_in_their_order_by_who_enqueues():
    ended(keyed)
    assert_locks_in_order(keys(), lambda: ready(keyed))


def test_keys_are_locked_in_their_order_by_who_retries():
    jobs = ended(keyed)
    assert_locks_in_order(keys(), lambda: act(RETRY)(jobs))


def test_keys_are_locked_in_their_order_by_who_prunes():
    ended(keyed)
    next_year = timezone.now() + timedelta(days=365)
    assert_locks_in_order(keys(), lambda: list(batches(next_year)))
    assert not keys()


def test_a_job_that_gets_another_key_locks_that_and_its_own_in_their_order():
    ended(keyed)
    lower, *_, higher = keys()
    other = Arguments.of(keyed, lower.job.kwargs)
    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            lock(lower)
            writing = threads.submit(elsewhere, lambda: verb.act(retrying(other), higher.job_id, CODE))
            until_somebody_waits()
            assert is_free(higher)
        writing.result(10)
    assert UniqueKey.objects.get(digest=lower.digest).job_id == higher.job_id
    assert higher not in keys()


#: Of three workers and three of the staff.
ROUNDS = 6


def test_workers_and_staff_who_meet_on_the_same_rows_all_come_through():
    """As many as meet there: without an order, PostgreSQL gives up some as deadlocks within the first rounds."""
    ids = [job.id for job in ready()]
    everybody = [*([work] * 3), *([cancel_and_retry] * 3)]
    with ThreadPoolExecutor(len(everybody)) as threads:
        calls = [
            threads.submit(elsewhere, lambda do=do, seed=seed: meet(do, ids, random.Random(seed)))
            for seed, do in enumerate(everybody)
        ]
        for call in calls:
            call.result(60)
    for job in Job.objects.all():
        assert job.events.count() == job.seq


def meet(do, ids, order):
    with connection.cursor() as cursor:
        cursor.execute("SET deadlock_timeout = '10ms'")
    for _ in range(ROUNDS):
        do(lambda: order.sample(ids, len(ids)))


def work(shuffled):
    began = start([str(job_id) for job_id in shuffled()], "w1").jobs
    jobs = {job.id: job for job in began}
    mine = [jobs[job_id] for job_id in shuffled() if job_id in jobs]
    report(mine)
    finish((job, SUCCESSFUL) for job in mine)


def cancel_and_retry(shuffled):
    for which in (CANCEL, RETRY):
        verb.record(which, shuffled(), CODE)
