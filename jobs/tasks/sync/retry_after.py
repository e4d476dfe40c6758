"""The Retry-After header (RFC 9110 §10.2.3)."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

#: A source that asks for more is asked again after this long.
MAX_WAIT = timedelta(hours=24)
NO_WAIT = timedelta()


def parse_retry_after(value: str, now: datetime) -> timedelta | None:
    """How long to wait: from seconds or an HTTP date, 0 to MAX_WAIT; None if `value` is neither."""
    if value.isascii() and value.strip().isdecimal():
        # Cut before converting: a header of 10,000 digits is still a number.
        return min(timedelta(seconds=int(value.strip()[:9])), MAX_WAIT)
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, OverflowError):  # no date, or one of a year that no calendar has
        return None
    # "-0000" parses as naive; HTTP dates are always UTC.
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(NO_WAIT, min(at - now, MAX_WAIT))
