"""What a job goes through in most of these tests, and what the store says of it then."""

from django.db import connection

from jobs.lifecycle.finish import Outcome, finish
from jobs.lifecycle.start import start
from jobs.models import Event, Job
from tests.sample_tasks import add


def new_job(**using):
    return Job.objects.get(id=add.using(**using).enqueue(1).id)


def started(job, worker="w1"):
    [job] = start([str(job.id)], worker).jobs
    return job


def end(job, status, **details):
    return finish([(job, Outcome(status=status, **details))])


def statuses(job):
    events = Event.objects.filter(job_id=job.id, kind="status").order_by("seq")
    return [event.data["status"] for event in events]


def stored(job):
    """What the store says of the job now."""
    return Job.objects.get(id=job.id)


def assert_events_are_numbered_without_gaps(job):
    job = stored(job)
    assert list(job.events.order_by("seq").values_list("seq", flat=True)) == list(range(1, job.seq + 1))


def until_somebody_waits():
    """For a lock that another has; on PostgreSQL."""
    with connection.cursor() as cursor:
        for _ in range(10_000):
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
    raise AssertionError("nobody waits")
