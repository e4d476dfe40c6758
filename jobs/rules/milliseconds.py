"""Times as Redis and the wire have them: whole milliseconds."""

from datetime import datetime, timedelta


def unix_ms(moment: datetime) -> int:
    """Since 1970."""
    return int(moment.timestamp() * 1000)


def in_ms(duration: timedelta) -> int:
    return int(duration.total_seconds() * 1000)
