"""Django's ASGI handler, but a request that has asked for no thread gets none.

Django tells of a request's beginning and end in a thread of the request's own, where its database connections are. One
that came with no query has none, and the thread was a quarter of what it cost.
"""

import asyncio
from collections.abc import Callable
from contextlib import closing
from typing import Any

from asgiref.sync import SyncToAsync, sync_to_async
from django.core.exceptions import BadRequest, RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, reset_queries
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.urls import set_script_prefix

SAFE_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE")


def forget_beginnings() -> None:
    """A request's thread is new, and its connections are: when it begins there is nothing to close or to empty."""
    request_started.disconnect(close_old_connections)
    request_started.disconnect(reset_queries)


class ThreadsOnDemand(ASGIHandler):
    def adapt_method_mode(self, is_async: bool, method: Any, *args: Any, **named: Any) -> Any:
        """Called for each piece of middleware; see BaseHandler."""
        if getattr(method, "__func__", None) is CsrfViewMiddleware.process_view:
            return _csrf_check(method)
        return super().adapt_method_mode(is_async, method, *args, **named)

    def create_request(self, scope: Any, body_file: Any) -> Any:
        """A content type that Django can't read is one that nobody takes: it would be a 500 outside of everything."""
        try:
            return super().create_request(scope, body_file)
        except BadRequest:
            others = [header for header in scope["headers"] if header[0] != b"content-type"]
            headers = [*others, (b"content-type", b"unreadable")]
            return super().create_request({**scope, "headers": headers}, body_file)

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        """As Django's, step by step; see there."""
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        with closing(body):
            set_script_prefix(get_script_prefix(scope))
            await request_started.asend(sender=type(self), scope=scope)
            request, refusal = self.create_request(scope, body)
            if request is not None:
                await self._answer(request, receive, send)
            elif refusal is not None:
                await self.send_response(refusal, send)
                await _in_its_thread(refusal.close)

    async def _answer(self, request: HttpRequest, receive: Any, send: Any) -> None:
        """Until the client hangs up."""
        response: HttpResponseBase | None = None
        try:
            async with asyncio.TaskGroup() as group:
                listening = group.create_task(self.listen_for_disconnect(receive))
                response = await self.run_get_response(request)
                await self.send_response(response, send)
                listening.cancel()
        except* RequestAborted:
            pass
        finally:
            # However it ended: the pool never gets a connection back that is not given back.
            await _in_its_thread(self._no_answer if response is None else response.close)

    def _no_answer(self) -> None:
        request_finished.send(sender=type(self))


def _csrf_check(check: Callable[..., HttpResponseBase | None]) -> Callable[..., Any]:
    async def process_view(request: HttpRequest, view: Any, *args: Any) -> HttpResponseBase | None:
        if getattr(view, "csrf_exempt", False) or request.method in SAFE_METHODS:
            return check(request, view, *args)
        # It looks for the token in the form, and to find it parses the whole body.
        return await sync_to_async(check)(request, view, *args)

    return process_view


async def _in_its_thread(end: Callable[[], None]) -> None:
    """In the request's thread if there is one, as that has its connections."""
    if SyncToAsync.thread_sensitive_context.get() in SyncToAsync.context_to_thread_executor:
        # Though the request is cut off now: what waits for its thread would be taken back.
        await asyncio.shield(sync_to_async(end)())
    else:
        end()
