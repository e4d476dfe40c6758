"""What a task streams, on every kind of store."""

import pytest
from django.db import OperationalError

from jobs.lifecycle import tell as telling
from jobs.status import Status
from tests import talking_tasks
from tests.worker.working import end_of, told

pytestmark = pytest.mark.usefixtures("store")


async def test_each_value_is_a_chunk_and_all_together_are_the_result():
    job = await end_of(talking_tasks.count_up, 300)
    assert (job.status, job.return_value) == (Status.SUCCESSFUL, list(range(300)))
    chunks = [(1, number, number) for number in range(300)]
    assert await told(job) == ["ready", "running", *chunks, "successful"]


async def test_chunks_are_stored_once_though_the_answer_to_a_commit_was_lost(monkeypatch):
    really_tell, cut = telling.tell, []

    def tell_and_lose_the_first_answer(said):
        events = really_tell(said)
        if not cut:
            cut.append(events)
            raise OperationalError("connection lost")
        return events

    monkeypatch.setattr(telling, "tell", tell_and_lose_the_first_answer)
    job = await end_of(talking_tasks.count_up, 3)
    assert cut
    assert await told(job) == [
        "ready",
        "running",
        *((1, number, number) for number in range(3)),
        "successful",
    ]
