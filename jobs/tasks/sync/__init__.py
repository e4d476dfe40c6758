"""`sync.pull`."""

from jobs.tasks.sync.task import pull

__all__ = ["pull"]
