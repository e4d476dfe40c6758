"""What somebody who has shown credentials may see and do, and for how long that is true."""

from jobs.access.access import EVERYTHING, Access
from jobs.access.acting import OWNER_HEADER, acting_for
from jobs.access.bearer import bearer_access, holds_token
from jobs.access.embeds import is_embed
from jobs.access.sessions import session_access
from jobs.access.ticket import ticket_access
from jobs.access.validity import still_valid

__all__ = [
    "EVERYTHING",
    "OWNER_HEADER",
    "Access",
    "acting_for",
    "bearer_access",
    "holds_token",
    "is_embed",
    "session_access",
    "still_valid",
    "ticket_access",
]
