"""What `manage.py check` says of settings that would not work."""

from dataclasses import replace

import pytest
from django.core.checks import run_checks

from jobs import task as registry
from tests.sample_tasks import add, typed

pytestmark = pytest.mark.django_db  # Django's own checks ask the database what it can do


@pytest.fixture
def settings_with(settings):
    def change(**changed):
        settings.TASKS = {"default": {**settings.TASKS["default"], **changed}}

    return change


def said(id_: str) -> list[str]:
    return [found.msg for found in run_checks() if found.id == id_]


def test_the_project_s_own_settings_are_right():
    assert run_checks() == []


def test_a_worker_needs_queues_with_names(settings_with):
    settings_with(QUEUES=[])
    assert said("jobs.E003") == ["TASKS['default']['QUEUES'] is empty; expected the names of your queues."]


def test_two_tasks_can_not_be_exposed_under_one_name(monkeypatch):
    twin = replace(add, expose=typed.public_name)
    monkeypatch.setitem(registry._tasks, add.module_path, twin)
    assert said("jobs.E004") == [
        "Exposed under one name, 'sample.typed': tests.sample_tasks.add and tests.sample_tasks.typed."
    ]
