"""For whoever keeps the process running: is it alive, and can it take work?"""

from asgiref.sync import sync_to_async
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse

from jobs.broker import ready


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
