"""Which socket is where, and who may open it."""

from channels.routing import URLRouter
from django.urls import path, re_path

from consumers.access import deny, guarded, identified
from consumers.live import LiveConsumer

live = guarded(identified(LiveConsumer.as_asgi()))

sockets = URLRouter([path("ws/v1/live", live), re_path("", deny)])  # type: ignore[arg-type]
