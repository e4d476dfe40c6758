"""The worker: `python worker.py`. Stock arq's command line works too: `arq worker.WorkerSettings`."""

import os

import django
import uvloop
from arq.connections import RedisSettings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
django.setup()

from jobs.broker.envelope import dumps, loads  # noqa: E402
from jobs.conf import options  # noqa: E402
from jobs.worker import stock  # noqa: E402
from jobs.worker.loop import run  # noqa: E402


class WorkerSettings:
    """What arq reads, whichever of the two workers runs."""

    functions = stock.functions()
    on_startup = stock.on_startup
    on_shutdown = stock.on_shutdown
    redis_settings = RedisSettings.from_dsn(options().redis_url)
    max_jobs = options().slots
    job_serializer = dumps
    job_deserializer = loads


if __name__ == "__main__":
    uvloop.run(run())
