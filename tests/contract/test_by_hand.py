"""What is done to jobs by hand: promotion, priority, retries with other arguments, many at once; and its audit."""

from datetime import timedelta
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from jobs.errors import AlreadyEnded, InvalidArguments, JobNotFound, NotEnded, NotWaiting, UniqueKeyHeld
from jobs.lifecycle import queues, verb
from jobs.lifecycle.audit import CODE, By
from jobs.lifecycle.cancel import CANCEL, cancel
from jobs.lifecycle.prioritize import aprioritize, prioritize, prioritizing
from jobs.lifecycle.promote import PROMOTE, apromote, promote
from jobs.lifecycle.retry import RETRY, Arguments, aretry, retry, retrying
from jobs.models import AuditRecord, File, Job, UniqueKey, Via
from jobs.redaction import reveal
from jobs.status import Status
from tests.claims import claim
from tests.contract.steps import assert_events_are_numbered_without_gaps, end, new_job, started, stored
from tests.planted import Secret
from tests.sample_tasks import add
from tests.secret_tasks import sign_in

pytestmark = pytest.mark.usefixtures("store")

TOMORROW = timedelta(days=1)


def job_in(status):
    job = new_job(run_after=timezone.now() + TOMORROW if status == Status.DEFERRED else None)
    if status == Status.BLOCKED:
        Job.objects.filter(id=job.id).update(status=status)
    elif status == Status.CANCELLED:
        cancel(job.id)
    elif status in {Status.RUNNING, Status.SUCCESSFUL, Status.FAILED}:
        job = started(job)
        if status.is_ended:
            end(job, status)
    return stored(job)


#: What each verb makes of a job in each status.
COMES_TO = {
    CANCEL: {
        **dict.fromkeys((Status.BLOCKED, Status.DEFERRED, Status.READY), Status.CANCELLED),
        Status.RUNNING: Status.RUNNING,
        **dict.fromkeys((Status.SUCCESSFUL, Status.FAILED, Status.CANCELLED), AlreadyEnded),
    },
    RETRY: {
        **dict.fromkeys((Status.BLOCKED, Status.DEFERRED, Status.READY, Status.RUNNING), NotEnded),
        **dict.fromkeys((Status.SUCCESSFUL, Status.FAILED, Status.CANCELLED), Status.READY),
    },
    PROMOTE: {
        Status.BLOCKED: NotWaiting,
        **dict.fromkeys((Status.DEFERRED, Status.READY), Status.READY),
        **dict.fromkeys((Status.RUNNING, Status.SUCCESSFUL, Status.FAILED, Status.CANCELLED), NotWaiting),
    },
    prioritizing(7): {
        **{status: status for status in (Status.BLOCKED, Status.DEFERRED, Status.READY)},
        **dict.fromkeys((Status.RUNNING, Status.SUCCESSFUL, Status.FAILED, Status.CANCELLED), NotWaiting),
    },
}


@pytest.mark.parametrize("which", COMES_TO, ids=lambda verb: verb.action)
async def test_many_are_done_in_one_go_and_a_rehearsal_says_the_same_and_does_nothing(which):
    jobs = {status: await sync_to_async(job_in)(status) for status in Status}
    ids = {job.id: status for status, job in jobs.items()}
    missing = uuid4()
    rehearsed = await sync_to_async(verb.rehearse)(which, [*ids, missing], CODE)
    before = [job async for job in Job.objects.filter(id__in=ids).order_by("id").values()]
    assert {job["id"]: job["status"] for job in before} == {job.id: job.status for job in jobs.values()}
    assert not await AuditRecord.objects.filter(action=which.action, via=Via.TOKEN).aexists()

    by = By(via=Via.TOKEN, token_id=3, token_name="deploy", address="192.0.2.7", name="ada")
    result = await verb.aact_on_many(which, [*ids, missing], by)
    for found in (rehearsed, result):
        outcomes = {ids[done.job.id]: Status(done.job.status) for done in found.done}
        outcomes |= {ids[job_id]: type(error) for job_id, error in found.refused.items() if job_id in ids}
        assert outcomes == COMES_TO[which]
        assert isinstance(found.refused[missing], JobNotFound)
    for job in jobs.values():
        await sync_to_async(assert_events_are_numbered_without_gaps)(job)
    done = {done.job.id: done.outcome for done in result.done}
    audit = AuditRecord.objects.filter(action=which.action, via=Via.TOKEN, by="ada", address="192.0.2.7")
    assert {record.job_id: record.outcome async for record in audit} == done


@pytest.mark.parametrize(
    "given, kept", [("2001:db8::1", "2001:db8::1"), ("unknown", None), ("x" * 300, None)]
)
def test_the_audit_keeps_no_address_that_is_none(given, kept):
    """A proxy may pass on what its client wrote into X-Forwarded-For."""
    promote(job_in(Status.DEFERRED).id, by=By(address=given))
    assert AuditRecord.objects.get().address == kept


def test_one_that_is_refused_leaves_nothing():
    job = job_in(Status.RUNNING)
    for refused in (lambda: promote(job.id), lambda: prioritize(job.id, 1), lambda: retry(job.id)):
        with pytest.raises((NotWaiting, NotEnded)):
            refused()
    assert not AuditRecord.objects.exists()
    assert stored(job).seq == 2


async def test_a_promoted_job_is_claimed_at_once():
    job = await sync_to_async(job_in)(Status.DEFERRED)
    assert not (await claim("default", "w1", 1)).leases
    promoted = await apromote(job.id)
    assert (promoted.status, promoted.run_after) == (Status.READY, None)
    [lease] = (await claim("default", "w1", 1)).leases
    assert lease.job_id == str(job.id)
    assert (await sync_to_async(started)(job)).status == Status.RUNNING


async def test_of_two_that_are_ready_the_one_with_the_new_priority_is_first_and_keeps_its_age():
    first, second, third = [await sync_to_async(new_job)() for _ in range(3)]
    await aprioritize(third.id, 5)
    await aprioritize(second.id, 5)
    claimed = [(await claim("default", "w1", 1)).leases[0].job_id for _ in range(3)]
    assert claimed == [str(second.id), str(third.id), str(first.id)]
    event = await first.events.model.objects.filter(job_id=third.id).alast()
    assert (event.seq, event.data["status"], event.data["reason"]) == (2, "ready", "priority 0 → 5")


async def test_a_deferred_job_with_another_priority_stays_deferred():
    job = await sync_to_async(job_in)(Status.DEFERRED)
    await aprioritize(job.id, 100)
    assert not (await claim("default", "w1", 1)).leases
    await apromote(job.id)
    assert (await claim("default", "w1", 1)).leases


def upload(text=b"a"):
    return File.objects.create(name="a", content_type="text/csv", size=1, content="x")


async def test_a_job_is_tried_again_with_other_arguments_and_uses_the_files_that_they_name():
    old, new = [await sync_to_async(upload)() for _ in range(2)]
    result = await add.aenqueue(str(old.id), b=str(old.id))
    await sync_to_async(cancel)(result.id)
    job = await aretry(result.id, arguments=Arguments.of(add, {"a": str(new.id), "b": 2}))
    assert (job.args, job.kwargs, job.status) == ([], {"a": str(new.id), "b": 2}, Status.READY)
    assert (await old.used_by.acount(), await new.used_by.acount()) == (0, 1)
    event = await job.events.alast()
    assert event.data["reason"] == "retried by hand with other arguments"
    assert (await sync_to_async(started)(job)).kwargs["b"] == 2


def test_arguments_that_do_not_fit_are_refused():
    with pytest.raises(InvalidArguments):
        Arguments.of(add, {"nope": 1})


def test_other_arguments_are_redacted_too():
    job = Job.objects.get(id=sign_in.enqueue(user="ada", password=Secret.ARGUMENT).id)
    cancel(job.id)
    retry_with = Arguments.of(sign_in, {"user": "ada", "password": Secret.EDITED_ARGUMENT})
    again = verb.act(retrying(retry_with), job.id, CODE)
    assert again.kwargs["password"] == "***"
    assert reveal(again)[1]["password"] == Secret.EDITED_ARGUMENT


def test_a_job_that_gets_another_unique_key_lets_go_of_the_one_before():
    keyed = add.using(unique_key=lambda a, b=0: f"a{a}")
    job = Job.objects.get(id=keyed.enqueue(a=1).id)
    cancel(job.id)
    verb.act(retrying(Arguments.of(keyed, {"a": 2})), job.id, CODE)
    assert keyed.enqueue(a=2).id == str(job.id)
    assert keyed.enqueue(a=1).id != str(job.id)
    assert UniqueKey.objects.count() == 2


async def test_of_many_with_one_unique_key_one_is_tried_again():
    unique = add.using(unique_key="k")
    ids = []
    for _ in range(3):
        ids.append((await unique.aenqueue(1)).id)
        await sync_to_async(cancel)(ids[-1])
    result = await verb.aact_on_many(RETRY, ids, CODE)
    assert [len(result.done), {type(error) for error in result.refused.values()}] == [1, {UniqueKeyHeld}]
    assert await Job.objects.filter(status=Status.READY).acount() == 1


def test_an_action_and_its_record_are_committed_together_or_not_at_all():
    job, ada = new_job(), User.objects.create_user("ada")
    by = By(via=Via.SESSION, user_id=ada.pk, name="ada")
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        cancel(job.id, by=by)
        queues.pause("email", by=by)
        1 / 0  # noqa: B018
    assert not AuditRecord.objects.exists()
    queues.pause("email", by=by)
    queues.resume("email", by=by)
    cancel(job.id)
    records = AuditRecord.objects.order_by("id").values_list("action", "queue_name", "user_id", "via")
    assert list(records) == [
        ("pause", "email", ada.pk, "session"),
        ("resume", "email", ada.pk, "session"),
        ("cancel", "", None, "code"),
    ]
    ada.delete()
    assert AuditRecord.objects.filter(by="ada", user=None).count() == 2
