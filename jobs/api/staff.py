"""What is for staff alone."""

from jobs.api.auth import ApiRequest
from jobs.api.problems import Kind, Problem


def check_staff(request: ApiRequest) -> None:
    """Raises Problem. `request.auth` is staff only if its credentials are good for that."""
    if not request.auth.is_staff:
        raise Problem(Kind.FORBIDDEN, "This is for staff, with a session or a token of the scope 'admin'.")
