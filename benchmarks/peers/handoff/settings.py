"""The project's settings, with the benchmarks' tasks and slots."""

from typing import Any

from benchmarks.contender import SLOTS
from project.settings import *  # noqa: F403
from project.settings import INSTALLED_APPS, TASKS

INSTALLED_APPS = [*INSTALLED_APPS, "benchmarks.peers.handoff"]
backend: dict[str, Any] = dict(TASKS["default"])
TASKS = {"default": {**backend, "OPTIONS": {**backend["OPTIONS"], "slots": SLOTS}}}
