"""What tells a webhook that a job has ended; see docs/webhooks.md."""

from jobs.tasks.webhooks.task import deliver

__all__ = ["deliver"]
