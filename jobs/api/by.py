"""Who asks for an action, as the audit keeps it."""

from jobs.api.auth import ApiRequest
from jobs.lifecycle.audit import By
from jobs.models import ApiToken, Via


async def by_of(request: ApiRequest) -> By:
    """The user in whose name it is asked, the token that was shown, and the address that it came from."""
    access = request.access
    token = await ApiToken.objects.filter(id=access.token_id).afirst() if access.token_id else None
    return By(
        via=Via.SESSION if access.session_key else Via.TOKEN,
        user_id=access.user.pk,
        name=access.user.get_username(),
        token_id=access.token_id,
        token_name=token.name if token else "",
        address=request.META.get("REMOTE_ADDR") or None,
    )
