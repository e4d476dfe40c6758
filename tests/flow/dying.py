"""An app whose process dies once a request's jobs and its key are committed, before anybody has heard of them."""

import os
import signal
from typing import Any

from django.apps import AppConfig


class Dying(AppConfig):
    name = "tests.flow.dying"
    label = "dying"

    def ready(self) -> None:
        from jobs.lifecycle import once

        vars(once)["announce"] = die


async def die(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)
