"""The log of what happened to a job: numbered, append-only."""

from django.db import models

from jobs.models.job import Job


class EventKind(models.TextChoices):
    #: The job's status changed, or it was started anew.
    STATUS = "status"
    #: The task said how far it is; of several in a short time only the last is kept.
    PROGRESS = "progress"
    #: A line that the task logged.
    LOG = "log"
    #: One streamed piece of output.
    CHUNK = "chunk"


class Event(models.Model):
    """One fact about one job, written in the transaction that made it true."""

    pk = models.CompositePrimaryKey("job", "seq")
    #: Without a constraint in the database: it is written with its job's row, and the check would cost as much again.
    job = models.ForeignKey(
        Job, on_delete=models.CASCADE, related_name="events", db_index=False, db_constraint=False
    )
    #: 1, 2, 3, … within its job, without gaps.
    seq = models.PositiveIntegerField()
    #: What the event tells of; its data has that kind's shape.
    kind = models.CharField(max_length=8, choices=EventKind)
    #: When it became true, by the clock of the process that wrote it.
    at = models.DateTimeField()
    #: Its shape depends on the kind: see events/shapes.py.
    data = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.job_id} #{self.seq} {self.kind}"
