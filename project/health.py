"""For whoever keeps the process running: is it alive, and can it take work?"""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import Error, connection
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils.decorators import async_only_middleware

from jobs.broker import ready

#: A prober gives up after a few seconds itself; it should have our answer by then.
DATABASE_LIMIT_SECONDS = 2.0
#: Where the database is asked: behind one question that hangs, all later ones run out of time, and hold nothing up.
prober = ThreadPoolExecutor(1, "prober")

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
    database, broker = await asyncio.gather(_database_answers_in_time(), ready.is_reachable())
    status = "ok" if database and broker else "degraded" if database else "unavailable"
    checks = {"status": status, "database": database, "redis": broker}
    return JsonResponse(checks, status=200 if database else 503)


async def _database_answers_in_time() -> bool:
    asked = asyncio.get_running_loop().run_in_executor(prober, database_answers)
    try:
        return await asyncio.wait_for(asked, DATABASE_LIMIT_SECONDS)
    except TimeoutError:
        return False


def database_answers() -> bool:
    """On a connection of its own. Blocks."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return False
    finally:
        connection.close()
    return True


PROBES: dict[str, View] = {"/livez": livez, "/readyz": readyz}
