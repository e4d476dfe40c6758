"""A transaction that records ends is refused by a database that goes away, and tried anew."""

from datetime import timedelta

import pytest
from django.db import OperationalError

from jobs.lifecycle import sql
from jobs.lifecycle.finish import Outcome, finish
from jobs.lifecycle.start import start
from jobs.models import Job
from jobs.status import Status
from tests.sample_tasks import add

pytestmark = pytest.mark.usefixtures("store")

ERROR = {"message": "no"}
FAILED = Outcome(status=Status.FAILED, error=ERROR)
TRIED_AGAIN = Outcome(status=Status.DEFERRED, pause=timedelta(minutes=1), error=ERROR)
HANDED_BACK = Outcome(status=Status.READY, counts=False)
SUCCESSFUL = Outcome(status=Status.SUCCESSFUL, return_value=3)


@pytest.mark.parametrize(
    "outcome, attempt, workers, errors",
    [
        (SUCCESSFUL, 1, ["w1"], []),
        (FAILED, 1, ["w1"], [ERROR]),
        (TRIED_AGAIN, 1, ["w1"], [ERROR]),
        (HANDED_BACK, 0, [], []),
    ],
    ids=["successful", "failed", "tried again", "handed back"],
)
def test_an_end_that_is_recorded_at_the_second_try_is_recorded_once(
    monkeypatch, outcome, attempt, workers, errors
):
    def go_away(_events):
        monkeypatch.undo()
        raise OperationalError("the connection is lost")

    [job] = start([str(add.using(max_attempts=5).enqueue(1).id)], "w1").jobs
    monkeypatch.setattr(sql, "log", go_away)
    with pytest.raises(OperationalError):
        finish([(job, outcome)])
    [event] = finish([(job, outcome)])
    for known in (job, Job.objects.get(id=job.id)):
        assert (known.status, known.attempt, known.worker_ids, known.errors) == (
            outcome.status,
            attempt,
            workers,
            errors,
        )
        assert known.seq == event.seq == 3
