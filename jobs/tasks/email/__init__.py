"""`email.send`."""

from jobs.tasks.email.task import send

__all__ = ["send"]
