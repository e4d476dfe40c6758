"""The project's settings, without limits that a benchmark would reach."""

from typing import Any

from project.settings import *  # noqa: F403
from project.settings import INSTALLED_APPS, TASKS

ROOT_URLCONF = "benchmarks.web.urls"
INSTALLED_APPS = [*INSTALLED_APPS, "benchmarks.web"]
backend: dict[str, Any] = dict(TASKS["default"])
unlimited = {"submissions_per_second": 1e6, "submission_burst": 10_000_000, "max_jobs_per_owner": 10_000_000}
TASKS = {"default": {**backend, "OPTIONS": {**backend["OPTIONS"], **unlimited}}}
