"""Single rows, locked for a change."""

from uuid import UUID

from jobs.errors import JobNotFound
from jobs.models import Job


def locked(job_id: UUID) -> Job:
    """The row as it is now; until the transaction ends, nobody else changes it. Raises JobNotFound."""
    job = Job.objects.select_for_update().filter(id=job_id).first()
    if job is None:
        raise JobNotFound(f"There is no job {job_id}; its id may be wrong, or it was pruned.")
    return job
