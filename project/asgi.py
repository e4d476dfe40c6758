"""The ASGI application: Django for HTTP, Channels for sockets."""

import os

import django

from project.threads_on_demand import ThreadsOnDemand, forget_beginnings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
django.setup(set_prefix=False)

# These import models, which only works once Django is set up.
from channels.routing import ProtocolTypeRouter  # noqa: E402

from consumers.routing import sockets  # noqa: E402
from project.body_limit import limit_body  # noqa: E402
from project.lifespan import lifespan  # noqa: E402
from project.on_loop import keep_on_loop  # noqa: E402

keep_on_loop()
forget_beginnings()
http = ThreadsOnDemand()
application = ProtocolTypeRouter({"http": limit_body(http), "websocket": sockets, "lifespan": lifespan})
