"""The project's settings for a fuzzer: nobody out there gets the requests and mails that it thinks up."""

from typing import Any

import httpcore

from jobs.guard import GuardedNetwork
from project.settings import *  # noqa: F403


async def _unreachable(*_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
    raise httpcore.ConnectError("There is no network here.")


GuardedNetwork.connect_tcp = _unreachable  # type: ignore[method-assign]
MAILERS = {"default": {"BACKEND": "django.core.mail.backends.dummy.EmailBackend"}}
