"""A job: one enqueued call of a task, and all that is known of it."""

from typing import Any, Self
from uuid import UUID

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Case, F, Q, When
from django.tasks.base import TASK_MAX_PRIORITY, TASK_MIN_PRIORITY
from uuid_utils.compat import uuid7

from jobs.status import UNSUCCESSFUL, Status


class JobQuerySet(models.QuerySet["Job"]):
    """Reads of jobs; only lifecycle/ writes them."""

    def visible_to(self, user: Any) -> Self:
        """The jobs that `user` may see: all for staff, their own for others, none for who is not signed in."""
        if not user.is_authenticated:
            return self.none()  # its id is None, as is the owner of jobs that only staff may see
        return self if user.is_staff else self.filter(owner_id=user.pk)

    def full(self) -> Self:
        """With all that a job's JSON shows, in two queries."""
        return self.prefetch_related("files")


class Job(models.Model):
    """One enqueued call. Field names are those of `django.tasks.TaskResult` where it has one."""

    #: UUIDv7: sorts by the time of enqueueing.
    id: "models.UUIDField[UUID, UUID]" = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    #: Dotted path of the task's function.
    task_path = models.CharField(max_length=300)
    #: The queue it waits in; a retry stays in it.
    queue_name = models.CharField(max_length=100)
    #: −100..100; of the due jobs the higher starts first.
    priority = models.SmallIntegerField(
        default=0, validators=[MinValueValidator(TASK_MIN_PRIORITY), MaxValueValidator(TASK_MAX_PRIORITY)]
    )
    #: Alias of the backend that took it.
    backend = models.CharField(max_length=32)
    #: Positional arguments as given, JSON.
    args = models.JSONField(default=list)
    #: Keyword arguments as given, JSON.
    kwargs = models.JSONField(default=dict)
    #: Who may see it; null: only staff.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="jobs", db_index=False
    )
    #: Short texts by which its owner finds it again, JSON.
    tags = models.JSONField(default=list)
    #: W3C trace context of the request that enqueued it, handed on to the task. Empty: none came.
    traceparent = models.CharField(max_length=55, default="", blank=True)

    #: Changed by lifecycle/ alone, together with an event.
    status = models.CharField(max_length=10, choices=Status, default=Status.READY)
    #: Number of its newest event; events run 1..seq without gaps.
    seq = models.PositiveIntegerField(default=0)

    #: Attempts that count; 0 before the first. Falls by one when an attempt is given back (snooze, worker lost).
    attempt = models.PositiveIntegerField(default=0)
    #: Attempts that it may have.
    max_attempts = models.PositiveIntegerField(default=1)
    #: Times it was started. Never falls: the fencing token that a finish must show.
    starts = models.PositiveIntegerField(default=0)
    #: Times that the worker running it was lost, since the last retry by hand.
    worker_deaths = models.PositiveSmallIntegerField(default=0)
    #: Time limit of one attempt; null: the task's own.
    timeout_seconds = models.FloatField(null=True)
    #: No attempt may start after it. Null: none is too late.
    deadline_at = models.DateTimeField(null=True)
    #: While this job holds it, an enqueue of its owner, task and key answers this job. Empty: none.
    unique_key = models.CharField(max_length=200, default="", blank=True)
    #: Values of the arguments that its task redacts, encrypted; `args` and `kwargs` hold "***" in their places.
    secrets = models.TextField(default="", blank=True)
    #: The id under which Redis knows it, if a stock arq client chose one; empty: its own id.
    arq_id = models.CharField(max_length=200, default="", blank=True)
    #: The WebhookEndpoint that is told when it ends, which may have been deleted since; null: none is.
    webhook_id = models.UUIDField(null=True)

    #: When its caller enqueued it; the row is younger if that was a stock arq client.
    enqueued_at = models.DateTimeField()
    #: The earliest start: as asked for, and later the end of a retry's pause. Null: at once.
    run_after = models.DateTimeField(null=True)
    #: First start of the first attempt; never changes after.
    started_at = models.DateTimeField(null=True)
    #: Start of the newest attempt.
    last_attempted_at = models.DateTimeField(null=True)
    #: When it ended, whichever way.
    finished_at = models.DateTimeField(null=True)
    #: Its status once it has ended, else null; made by the database. An index may look at it: one that looked at
    #: `status` would keep a start from changing the row in place.
    ended_as = models.GeneratedField(
        expression=Case(When(finished_at__isnull=False, then=F("status"))),
        output_field=models.CharField(max_length=10, null=True),
        db_persist=True,
    )
    #: When somebody asked to cancel it while it ran: it is not tried again, and rescue ends it as cancelled.
    cancel_requested_at = models.DateTimeField(null=True)
    #: When a worker first found that it does not know the task; null: none has, or it was started since.
    unknown_at = models.DateTimeField(null=True)
    #: Ids of the workers that started it, one a line, oldest first. A line is taken back with its attempt.
    workers = models.TextField(default="", blank=True)

    #: What the function returned, JSON. Null also while it has not.
    return_value = models.JSONField(null=True)
    #: One entry a failed attempt: attempt, exception_class_path, message, traceback, worker_id, at.
    errors = models.JSONField(default=list)
    #: 0..1, as last said by the task in this attempt.
    progress = models.FloatField(default=0)
    #: What the task said with it.
    progress_text = models.CharField(max_length=200, default="", blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        indexes = [
            # Small however many jobs have ended: the sweep goes through it.
            # By finished_at and not by status, so that a start changes no index and PostgreSQL updates in place.
            models.Index(fields=["id"], name="job_active", condition=Q(finished_at=None)),
            models.Index(fields=["owner", "-id"], name="job_of_owner"),
            # What ended of an owner's since a moment, and what has not. A job of nobody costs nothing here.
            models.Index(
                fields=["owner", "finished_at"],
                name="job_of_owner_ended",
                condition=Q(owner__isnull=False),
            ),
            # Filters of a list, each in the order of the list; the third has only what did not go well.
            models.Index(fields=["task_path", "-id"], name="job_of_task"),
            models.Index(fields=["queue_name", "-id"], name="job_of_queue"),
            models.Index(fields=["-id"], name="job_unsuccessful", condition=Q(ended_as__in=UNSUCCESSFUL)),
            models.Index(
                fields=["deadline_at"],
                name="job_deadline",
                condition=Q(deadline_at__isnull=False, finished_at=None),
            ),
            # The few running jobs that somebody wants to end.
            models.Index(
                fields=["id"],
                name="job_cancelling",
                condition=Q(cancel_requested_at__isnull=False, finished_at=None),
            ),
        ]
        constraints = [
            # One arq client may use its id again once the result is forgotten, but then at another time.
            models.UniqueConstraint(
                fields=["arq_id", "enqueued_at"], name="job_of_arq_once", condition=~Q(arq_id="")
            ),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="job_status_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.task_path} {self.id} ({self.status})"

    @property
    def broker_id(self) -> str:
        """The name under which Redis knows it."""
        return self.arq_id or str(self.id)

    @property
    def worker_ids(self) -> list[str]:
        return self.workers.split()
