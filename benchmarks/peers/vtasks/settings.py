"""django-vtasks on the store that VTASKS_STORE names."""

import os

from benchmarks.peers.django_settings import *  # noqa: F403

INSTALLED_APPS = ["django_vtasks", "django_vtasks.db"]
VTASKS_QUEUES = ["default"]
TASKS = {
    "valkey": {
        "default": {
            "BACKEND": "django_vtasks.backends.valkey.ValkeyTaskBackend",
            "OPTIONS": {"BROKER_URL": os.environ["REDIS_URL"]},
        }
    },
    "postgresql": {"default": {"BACKEND": "django_vtasks.backends.db.DatabaseTaskBackend"}},
}[os.environ["VTASKS_STORE"]]
