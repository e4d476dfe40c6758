"""For whoever keeps the process running: is it alive, and can it take work?"""

from collections.abc import Awaitable, Callable

from asgiref.sync import sync_to_async
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils.decorators import async_only_middleware

from jobs.broker import ready

type View = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


@async_only_middleware
def probes(get_response: View) -> View:
    """Answers before all else: a probe calls us by an address, which is no name in ALLOWED_HOSTS."""

    async def middleware(request: HttpRequest) -> HttpResponseBase:
        return await PROBES.get(request.path_info, get_response)(request)

    return middleware


async def livez(_request: HttpRequest) -> JsonResponse:
    """200 while the event loop turns. Looks at nothing else: a restart would not cure a lost database."""
    return JsonResponse({"status": "ok"})


async def readyz(_request: HttpRequest) -> JsonResponse:
    """200 when jobs can be stored, else 503. Without Redis they are stored and pushed later."""
    database, broker = await sync_to_async(_database_answers)(), await ready.is_reachable()
    status = "ok" if database and broker else "degraded" if database else "unavailable"
    checks = {"status": status, "database": database, "redis": broker}
    return JsonResponse(checks, status=200 if database else 503)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


PROBES: dict[str, View] = {"/livez": livez, "/readyz": readyz}
