import os

from benchmarks.peers.django_settings import *  # noqa: F403

INSTALLED_APPS = ["threadmill"]
TASKS = {
    "default": {
        "BACKEND": "threadmill.backends.redis.RedisTaskBackend",
        "REDIS_URL": os.environ["REDIS_URL"],
    }
}
