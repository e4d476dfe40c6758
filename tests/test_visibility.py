"""Who sees which jobs."""

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.utils import timezone

from jobs.models import Job
from tests.sample_tasks import add

pytestmark = pytest.mark.django_db


def job_of(owner: User | None) -> Job:
    return Job.objects.create(task_path=add.module_path, enqueued_at=timezone.now(), owner=owner)


def test_a_job_without_an_owner_is_seen_by_staff_alone():
    ada, grace = User.objects.create_user("ada"), User.objects.create_user("grace", is_staff=True)
    hers, nobodys = job_of(ada), job_of(None)
    assert set(Job.objects.visible_to(grace)) == {hers, nobodys}
    assert set(Job.objects.visible_to(ada)) == {hers}
    assert not Job.objects.visible_to(AnonymousUser()).exists()
