"""What can be watched, and the channel-layer group behind it."""

from typing import Any
from uuid import UUID

#: How the queues and workers are; for staff.
OPS = "ops"


def job_topic(job_id: UUID | str) -> str:
    return f"job:{job_id}"


def owner_topic(owner_id: Any) -> str:
    """All jobs of one user."""
    return f"owner:{owner_id}"


def group(topic: str) -> str:
    """Channels allows letters, digits, hyphen, underscore and period in a group's name."""
    return topic.replace(":", ".")
