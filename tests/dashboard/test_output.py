"""What a job has said, as its page begins with."""

from datetime import UTC, datetime
from typing import Any

from django.template import Context, Template

from jobs.dashboard import output
from jobs.models import Event, Job
from tests.sample_tasks import add

RUNNING = ("status", {"status": "running"})


def job_with(*said: tuple[str, dict[str, Any]]) -> Job:
    now = datetime.now(UTC)
    job = Job.objects.create(task_path=add.module_path, enqueued_at=now, seq=len(said))
    events = enumerate(said, start=1)
    Event.objects.bulk_create(
        Event(job=job, seq=seq, kind=kind, at=now, data=data) for seq, (kind, data) in events
    )
    return job


def chunk(value: Any) -> tuple[str, dict[str, Any]]:
    return "chunk", {"attempt": 1, "index": 0, "value": value}


def test_output_is_that_of_the_newest_run_and_values_that_are_no_text_stand_on_lines_of_their_own(
    transactional_db,
):
    job = job_with(RUNNING, chunk("old"), RUNNING, chunk("a"), chunk({"b": "ü"}), chunk([1]), chunk("c"))
    assert output.text(job) == 'a\n{"b":"ü"}\n[1]\nc'


def test_a_page_begins_with_no_event_that_its_job_does_not_know_of(transactional_db):
    job = job_with(RUNNING, chunk("a"), ("log", {"level": "info", "text": "x"}), chunk("b"))
    job.seq = 2
    assert (output.text(job), output.lines(job)) == ("a", [])


def test_a_tag_escapes_what_a_job_says(transactional_db):
    job = job_with(RUNNING, ("log", {"level": "error", "text": "<script>"}), chunk("</div>"))
    html = Template("{% load handoff %}{% job_log job %}{% job_stream job %}").render(Context({"job": job}))
    assert "<span>&lt;script&gt;</span>" in html
    assert ">&lt;/div&gt;</div></job-stream>" in html
