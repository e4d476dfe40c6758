"""What can be watched, and the channel-layer group behind it."""

from uuid import UUID


def job_topic(job_id: UUID | str) -> str:
    return f"job:{job_id}"


def group(topic: str) -> str:
    """Channels allows letters, digits, hyphen, underscore and period in a group's name."""
    return topic.replace(":", ".")
