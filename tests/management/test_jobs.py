"""The operator's command line."""

import json
from datetime import timedelta
from getpass import getuser
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from jobs.lifecycle.start import start
from jobs.models import AuditRecord, Job
from tests.sample_tasks import add

pytestmark = pytest.mark.django_db(transaction=True)


def run(*arguments):
    out = StringIO()
    call_command("jobs", *arguments, stdout=out)
    return out.getvalue()


def test_jobs_are_cancelled_and_retried_by_their_ids():
    waiting, running = add.enqueue(1).id, add.enqueue(2).id
    start([running], "w1")
    assert run("cancel", waiting, running) == f"{waiting} cancelled\n{running} running, asked to end\n"
    assert run("retry", waiting) == f"{waiting} ready\n"


def test_jobs_are_promoted_and_get_another_priority_and_the_audit_says_who_did_it():
    deferred = add.using(run_after=timezone.now() + timedelta(days=1)).enqueue(1).id
    assert run("prioritize", deferred, "--priority", "-100") == f"{deferred} deferred\n"
    assert run("promote", deferred) == f"{deferred} ready\n"
    run("pause", "email")
    records = AuditRecord.objects.order_by("id").values_list("action", "via", "by", "outcome")
    assert list(records) == [
        ("prioritize", "command", getuser(), "priority 0 → -100"),
        ("promote", "command", getuser(), "ready"),
        ("pause", "command", getuser(), ""),
    ]
    with pytest.raises(CommandError, match="invalid choice: -101"):
        run("prioritize", deferred, "--priority", "-101")


def test_what_is_refused_does_not_keep_the_others(capsys):
    waiting = add.enqueue(1).id
    with pytest.raises(CommandError, match=r"2 of 3 were refused\."):
        call_command("jobs", "cancel", str(uuid4()), "nonsense", waiting)
    assert "There is no job 'nonsense'" in capsys.readouterr().err
    assert Job.objects.get(id=waiting).status == "cancelled"


def test_the_queues_are_listed_with_what_waits_in_them():
    for _ in range(2):
        add.enqueue(1)
    add.using(queue_name="email", run_after=timezone.now() + timedelta(days=1)).enqueue(1)
    Job.objects.filter(id=add.enqueue(1).id).update(status="successful", finished_at=timezone.now())
    lines = [line.split() for line in run("pause", "email").splitlines()]
    assert lines[:3] == [
        ["queue", "blocked", "deferred", "ready", "running"],
        ["default", "0", "0", "2", "0"],
        ["email", "0", "1", "0", "0", "paused"],
    ]
    assert "paused" not in run("resume", "email")
    assert run("queues").splitlines()[1].split() == ["default", "0", "0", "2", "0"]


def test_an_unknown_queue_is_refused_with_a_sentence():
    with pytest.raises(CommandError, match="There is no queue 'nope'; expected one of: default"):
        run("pause", "nope")


def test_pruning_says_how_much_it_deleted():
    old = add.enqueue(1).id
    aged = timezone.now() - timedelta(days=8)
    Job.objects.filter(id=old).update(status="successful", finished_at=aged)
    assert run("prune") == "Deleted 0 jobs and uploads.\n", "its id says that it is young"
    Job.objects.create(
        id="01900000-0000-7000-8000-000000000000",
        status="successful",
        enqueued_at=aged,
        finished_at=aged,
        backend="default",
    )
    assert run("prune") == "Deleted 1 jobs and uploads.\n"
    assert [str(job.id) for job in Job.objects.all()] == [old]


def test_a_job_is_shown_as_json():
    job_id = add.enqueue(1).id
    shown = json.loads(run("show", job_id))
    assert (shown["id"], shown["status"], shown["args"]) == (job_id, "ready", {"a": 1})
    for missing in (str(uuid4()), "nonsense"):
        with pytest.raises(CommandError, match="There is no job"):
            run("show", missing)
