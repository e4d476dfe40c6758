"""What happened to a job, as JSON."""

import pytest
from django.utils import timezone

from jobs.api.schemas.event import EventsOut
from jobs.events import log
from jobs.models import Event


async def test_the_events_of_a_job_are_listed_in_their_order(ada, job_of_ada):
    answer = await ada.get(f"/api/v1/jobs/{job_of_ada.id}/events")
    listed = EventsOut.model_validate(answer.json())
    assert [(event.seq, event.kind, event.data["status"]) for event in listed.events] == [
        (1, "status", "ready")
    ]


async def test_only_the_events_after_a_number_are_listed(ada, job_of_ada):
    now = timezone.now()
    more = [Event(job=job_of_ada, seq=seq, kind="progress", at=now, data={}) for seq in range(2, 6)]
    await Event.objects.abulk_create(more)
    answer = await ada.get(f"/api/v1/jobs/{job_of_ada.id}/events?after=3")
    assert [event["seq"] for event in answer.json()["events"]] == [4, 5]
    assert answer.json()["next"] is None


async def test_many_events_come_in_pages(ada, job_of_ada, monkeypatch):
    monkeypatch.setattr(log, "MAX_PAGE", 2)
    now = timezone.now()
    more = [Event(job=job_of_ada, seq=seq, kind="progress", at=now, data={}) for seq in range(2, 6)]
    await Event.objects.abulk_create(more)
    path, seen = f"/api/v1/jobs/{job_of_ada.id}/events", []
    while path:
        page = (await ada.get(path)).json()
        seen.append([event["seq"] for event in page["events"]])
        path = page["next"]
    assert seen == [[1, 2], [3, 4], [5]]


@pytest.mark.parametrize("after", ["-1", "x", "1e3", str(2**31)])
async def test_a_number_that_is_none_is_refused(ada, job_of_ada, after):
    answer = await ada.get(f"/api/v1/jobs/{job_of_ada.id}/events?after={after}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["parameter"] == "after"
