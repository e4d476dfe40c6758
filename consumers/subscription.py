"""What one socket knows of one job: how far it has told its events."""

from typing import Any
from uuid import UUID

from jobs.events import log
from jobs.events.shapes import event_json, job_json
from jobs.events.topics import job_topic
from jobs.models import Job
from jobs.status import Status

type Message = dict[str, Any]


def find_job(topic: str, user: Any) -> UUID:
    """The job of a topic. Raises Job.DoesNotExist when the user may not watch it, or when there is none.

    A topic has one spelling, although a UUID has many: events come under that one.
    """
    kind, _, text = topic.partition(":")
    try:
        job_id = UUID(text)
    except ValueError:
        raise Job.DoesNotExist from None
    if kind != "job" or job_topic(job_id) != topic:
        raise Job.DoesNotExist
    return Job.objects.visible_to(user).only("id").get(id=job_id).id


class Subscription:
    """Where a socket is in a job's events. Only the consumer that tells them moves it."""

    def __init__(self, topic: str, job_id: UUID) -> None:
        self.topic = topic
        self.job_id = job_id
        #: Number of the last event told.
        self.seq = 0
        #: Whether the last event told was an end, after which tail checks have nothing to find.
        self.has_ended = False

    def begin(self, after: int | None) -> Message | None:
        """The first message: a snapshot for a client that has nothing yet, a reset for one that has too much.

        None when the log will tell all that happened after `after`. Raises Job.DoesNotExist.
        """
        job = Job.objects.full().get(id=self.job_id)
        if after is not None and after < job.seq:
            self.seq = after
            return None
        self.seq, self.has_ended = job.seq, Status(job.status).is_ended
        if after == job.seq:
            return None
        # More events than the job has had: they were another database's.
        kind = "snapshot" if after is None else "reset"
        return {"type": kind, "topic": self.topic, "job": job_json(job), "seq": job.seq}

    def read_log(self) -> list[dict[str, Any]]:
        """What the log has beyond the last event told, at most log.MAX_PAGE."""
        return [event_json(event) for event in log.after(self.job_id, self.seq)]

    def tell(self, event: dict[str, Any]) -> Message:
        """The event as a message, which must be said next."""
        self.seq = event["seq"]
        if status := event["data"].get("status"):
            self.has_ended = Status(status).is_ended
        return {"type": "event", "topic": self.topic, **event}
