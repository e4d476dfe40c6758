"""Who sees which jobs."""

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.utils import timezone

from jobs.access import Access
from jobs.models import Job, Scope
from jobs.models.shown import show
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


def test_what_may_be_seen_is_the_same_whether_sql_or_python_is_asked():
    ada, bob, grace = (User(username=name, is_staff=name == "grace") for name in ("ada", "bob", "grace"))
    for user in (ada, bob, grace):
        user.save()
    jobs = [job_of(ada), job_of(ada), job_of(None)]
    for user in (ada, bob, grace, AnonymousUser()):
        for scopes in (frozenset({Scope.READ}), frozenset({Scope.ADMIN})):
            for only in (None, jobs[0].id):
                access = Access(user=user, scopes=scopes, job_id=only)
                seen = {job.id for job in show(job.id for job in jobs) if access.may_see(job)}
                assert seen == set(access.jobs().values_list("id", flat=True))
