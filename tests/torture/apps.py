"""An app whose processes lose some of what they publish, as a channel layer may at its worst."""

import os
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.apps import AppConfig

#: Environment variable with the path of a file that gets a letter for each message: S for sent, L for lost.
MESSAGES = "TORTURE_MESSAGES"
LOST_SHARE = 0.2


class TortureConfig(AppConfig):
    name = "tests.torture"

    def ready(self) -> None:
        from jobs.events import emit

        emit._ring = losing(emit._ring)


def losing(ring: Any) -> Any:
    messages = Path(os.environ[MESSAGES])

    async def ring_some(of_topics: Mapping[str, Any]) -> None:
        sent = {topic: of_topics[topic] for topic in of_topics if random.random() >= LOST_SHARE}
        with messages.open("a") as file:
            file.write("S" * len(sent) + "L" * (len(of_topics) - len(sent)))
        await ring(sent)

    return ring_some
