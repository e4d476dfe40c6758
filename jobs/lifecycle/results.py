"""What arq's clients read of a job that has ended."""

from jobs.broker.envelope import CANCELLED, result
from jobs.models.row import JobRow
from jobs.rules.milliseconds import unix_ms
from jobs.status import Status


def arq_result(job: JobRow) -> bytes:
    """In arq's form."""
    assert job.finished_at is not None
    successful = job.status == Status.SUCCESSFUL
    return result(
        job_id=job.broker_id,
        task_path=job.task_path,
        queue=job.queue_name,
        attempt=job.attempt,
        success=successful,
        value=job.return_value if successful else _failure(job),
        enqueued_at_ms=unix_ms(job.enqueued_at),
        started_at_ms=unix_ms(job.last_attempted_at or job.enqueued_at),
        finished_at_ms=unix_ms(job.finished_at),
    )


def _failure(job: JobRow) -> str:
    if job.status == Status.CANCELLED:
        return f"{CANCELLED}job {job.id} was cancelled"
    error = job.errors[-1]
    return f"{error['exception_class_path']}: {error['message']}"
