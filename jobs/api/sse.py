"""Server-sent events: the live stream over HTTP, for `curl -N` and where no socket gets through.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import logging
from collections.abc import AsyncIterator

from asgiref.sync import sync_to_async
from django.db import close_old_connections
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.cache import patch_vary_headers

from jobs.access import Access
from jobs.api.answers import WHO_ASKS
from jobs.api.auth import ApiRequest
from jobs.live.hub import TooMany
from jobs.live.listener import Ended, Listener, Unavailable
from jobs.live.messages import Message, error_message

MEDIA_TYPE = "text/event-stream"
#: After how long a browser comes back, in ms.
RETRY_MS = 2000
#: A stream says something at least so often, so that proxies keep it open and either end notices that it is gone.
HEARTBEAT_SECONDS = 15.0

logger = logging.getLogger(__name__)


def is_wanted(request: HttpRequest) -> bool:
    """Whether the caller asks for a stream: by its Accept, or by going on with one."""
    return (
        "Last-Event-ID" in request.headers
        or request.get_preferred_type(["application/json", MEDIA_TYPE]) == MEDIA_TYPE
    )


async def answer(request: ApiRequest, topic: str, after: int | None) -> StreamingHttpResponse:
    """The topic's messages, from the position `after` on, until its job has ended."""
    # A stream may be open for hours, and reads in a thread of the live layer.
    await sync_to_async(close_old_connections)()
    response = StreamingHttpResponse(
        # The server would go through what it does not send to a HEAD, and keep the connection busy until the job's end.
        _nothing() if request.method == "HEAD" else _messages(request.access, topic, after),
        content_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )
    patch_vary_headers(response, WHO_ASKS)
    return response


async def _nothing() -> AsyncIterator[str]:
    return
    yield


async def _messages(access: Access, topic: str, after: int | None) -> AsyncIterator[str]:
    yield f"retry: {RETRY_MS}\n\n"
    try:
        async with Listener(access) as listener:
            listener.watch(topic, after)
            while True:
                message = await listener.next_within(HEARTBEAT_SECONDS)
                yield _event(message) if message else ":\n\n"
                if message and (listener.is_last(message) or message.body["type"] == "error"):
                    return
    except Ended:
        return  # the browser comes back, and is told why by the answer
    except TooMany as error:
        yield _event(error_message("too_many", str(error)))
    except Unavailable as error:
        logger.warning("A stream is closed, as its job cannot be read: %r", error.__cause__)


def _event(message: Message) -> str:
    """JSON has no line breaks of its own, so its one line is the data."""
    kind = message.body["type"]
    id_ = "" if kind == "error" else f"id: {message.position}\n"
    # EventSource calls its own failures "error".
    return f"{id_}event: {'refused' if kind == 'error' else kind}\ndata: {message.text}\n\n"
