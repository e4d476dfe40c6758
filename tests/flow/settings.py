"""The project's settings, with the tests' own tasks, and with the apps that a test names."""

import os
from typing import Any

from project.settings import *  # noqa: F403
from project.settings import INSTALLED_APPS, TASKS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.flow", *os.environ.get("TEST_APPS", "").split()]

#: Options of the engine that a test sets for its processes, and how to read them.
_READ = {"TEST_GRACE_SECONDS": ("grace_seconds", float), "TEST_SLOTS": ("slots", int)}
_default: dict[str, Any] = TASKS["default"]
_given = {name: read(os.environ[key]) for key, (name, read) in _READ.items() if key in os.environ}
TASKS = {"default": {**_default, "OPTIONS": {**_default["OPTIONS"], **_given}}}
