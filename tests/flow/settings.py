"""The project's settings, with the tests' own tasks, and with the apps that a test names."""

import os

from project.settings import *  # noqa: F403
from project.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.flow", *os.environ.get("TEST_APPS", "").split()]
