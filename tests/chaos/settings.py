"""The project's settings for the processes of a run: our tasks, and a short grace, so that stops cut work off."""

from project.settings import *  # noqa: F403
from project.settings import INSTALLED_APPS, TASKS, env

INSTALLED_APPS = [*INSTALLED_APPS, "tests.chaos"]
options = {"redis_url": env.redis_url, "slots": 10, "grace_seconds": 2}
TASKS = {"default": {**TASKS["default"], "OPTIONS": options}}
