"""The project's settings, with the tests' own tasks, and with the apps that a test names."""

import os

from project.settings import *  # noqa: F403
from project.settings import INSTALLED_APPS, TASKS, env

INSTALLED_APPS = [*INSTALLED_APPS, "tests.flow", *os.environ.get("TEST_APPS", "").split()]

if "TEST_GRACE_SECONDS" in os.environ:
    options = {"redis_url": env.redis_url, "grace_seconds": float(os.environ["TEST_GRACE_SECONDS"])}
    TASKS = {"default": {**TASKS["default"], "OPTIONS": options}}
