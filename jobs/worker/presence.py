"""What a worker says of itself with each heartbeat."""

import os
import socket

from django.tasks import task_backends
from django.utils import timezone
from redis import Redis

from jobs.broker import workers
from jobs.conf import ALIAS
from jobs.events.shapes import timestamp


class Presence:
    def __init__(self, worker_id: str, slots: int) -> None:
        self._worker_id = worker_id
        self._facts = {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "started_at": timestamp(timezone.now()),
            "queues": sorted(task_backends[ALIAS].queues),
            "slots": slots,
        }

    def tell(self, client: Redis, *, running: int) -> None:
        """`running`: jobs that it has a lease on."""
        workers.register(client, self._worker_id, {**self._facts, "running": running})
