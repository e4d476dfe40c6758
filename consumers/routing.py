"""Which socket is where, and who may open it."""

from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.urls import path

from consumers.live import LiveConsumer

sockets = AllowedHostsOriginValidator(
    AuthMiddlewareStack(URLRouter([path("ws/v1/live", LiveConsumer.as_asgi())])),
)
