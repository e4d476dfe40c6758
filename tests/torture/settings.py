"""The project's settings for the processes of a run: a task that talks, and a layer that loses messages."""

from project.settings import *  # noqa: F403
from project.settings import INSTALLED_APPS, TASKS, env

INSTALLED_APPS = [*INSTALLED_APPS, "tests.torture"]
options = {"redis_url": env.redis_url, "slots": 30, "grace_seconds": 2}
TASKS = {"default": {**TASKS["default"], "OPTIONS": options}}
