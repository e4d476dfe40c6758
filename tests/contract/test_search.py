"""Lists and counts of jobs: what each filter finds, on every kind of store, and that PostgreSQL has an index for it."""

import json
import re
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from benchmarks import listing
from jobs.access import Access
from jobs.api.listing import Filter
from jobs.api.problems import Problem
from jobs.lifecycle.cancel import cancel
from jobs.models import Job, Scope, search
from jobs.status import Status
from tests.contract.steps import end, started
from tests.sample_tasks import add, note


def access_of(user):
    return Access(user=user, scopes=frozenset(Scope.values))


def everywhere(user, **asked):
    """All pages, of two jobs each, and how many there were."""
    found, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        page = Filter(**asked).search(access_of(user), cursor).page(2)
        found += page.jobs
        cursor, pages = page.next, pages + 1
    return [str(job.id) for job in found], pages


@pytest.fixture
def ada(store):
    return User.objects.create_user("ada")


@pytest.fixture
def grace(store):
    return User.objects.create_user("grace", is_staff=True)


@pytest.fixture
def jobs(ada):
    """By what is special about them, the oldest first."""
    made = {
        "plain": add.enqueue(1),
        "ada's": add.using(owner=ada).enqueue(a=500, b=None),
        "email": add.using(queue_name="email").enqueue(a="500"),
        "tagged": note.using(tags=["nightly", "x"], owner=ada).enqueue(True),
        "failed": add.enqueue(500, b=False),
        "cancelled": add.enqueue(7),
        "successful": add.using(owner=ada).enqueue(1),
    }
    rows = {name: Job.objects.get(id=result.id) for name, result in made.items()}
    end(started(rows["failed"]), Status.FAILED)
    end(started(rows["successful"]), Status.SUCCESSFUL, return_value="x" * 1022)
    cancel(rows["cancelled"].id)
    return rows


#: What each filter finds for staff.
FINDS = [
    ({}, ["plain", "ada's", "email", "tagged", "failed", "cancelled", "successful"]),
    ({"status": ["ready"]}, ["plain", "ada's", "email", "tagged"]),
    ({"status": ["failed"]}, ["failed"]),
    ({"status": ["failed", "cancelled"]}, ["failed", "cancelled"]),
    ({"status": ["successful", "cancelled"]}, ["cancelled", "successful"]),
    ({"task": "tests.sample_tasks.note"}, ["tagged"]),
    ({"task": "nope"}, []),
    ({"queue": "email"}, ["email"]),
    ({"tag": "nightly"}, ["tagged"]),
    ({"tag": "night"}, []),
    ({"queue": "default", "status": ["ready"], "task": add.module_path}, ["plain", "ada's"]),
    ({"task": add.module_path, "args": '{"a": 500}'}, ["ada's", "failed"]),
    ({"task": add.module_path, "args": '{"a": 500, "b": false}'}, ["failed"]),
    ({"task": add.module_path, "args": '{"a": "500"}'}, ["email"]),
    ({"task": add.module_path, "args": '{"b": null}'}, ["ada's"]),
    ({"task": note.module_path, "args": '{"value": true}'}, ["tagged"]),
]


@pytest.mark.parametrize("looked", [search.MAX_LOOKED, 2])
def test_each_filter_finds_its_jobs_newest_first_however_few_rows_a_page_looks_at(
    jobs, grace, monkeypatch, looked
):
    monkeypatch.setattr(search, "MAX_LOOKED", looked)
    for asked, names in FINDS:
        found, _ = everywhere(grace, **asked)
        assert found == [str(jobs[name].id) for name in reversed(names)], asked


def test_a_filter_by_owner_and_by_time_shows_nobody_more_than_is_theirs(jobs, ada, grace):
    mine = [str(jobs[name].id) for name in ("successful", "tagged", "ada's")]
    assert everywhere(ada)[0] == everywhere(grace, owner=ada.pk)[0] == mine
    assert everywhere(ada, owner=grace.pk)[0] == []
    assert everywhere(ada, tag="nightly", status=["ready"])[0] == [mine[1]]
    at = jobs["tagged"].enqueued_at
    assert everywhere(ada, enqueued_from=at.isoformat())[0] == mine[:2]
    assert everywhere(ada, enqueued_before=at.isoformat())[0] == mine[2:]
    for edge in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"):
        assert len(everywhere(ada, enqueued_from=edge)[0] + everywhere(ada, enqueued_before=edge)[0]) == 3


@pytest.mark.parametrize("looked, pages", [(3, 3), (4, 2)])
def test_a_page_looks_at_so_many_rows_and_no_more(jobs, grace, monkeypatch, looked, pages):
    """Of the six jobs of the task the one with this argument is the newest but one."""
    monkeypatch.setattr(search, "MAX_LOOKED", looked)
    assert everywhere(grace, task=add.module_path, args='{"a": 7}') == ([str(jobs["cancelled"].id)], pages)


@pytest.mark.parametrize("length, is_left_out", [(1024, []), (1025, ["result"])])
def test_a_list_leaves_out_values_longer_than_a_limit(jobs, ada, length, is_left_out):
    Job.objects.filter(id=jobs["successful"].id).update(return_value="x" * (length - 2))
    page = Filter(status=["successful"]).search(access_of(ada)).page(1)
    assert page.jobs[0].left_out == is_left_out
    assert len(page.jobs[0].return_value or "") == (0 if is_left_out else length - 2)
    Job.objects.filter(id=jobs["successful"].id).update(kwargs={"a": "x" * 1025})
    assert "args" in Filter(status=["successful"]).search(access_of(ada)).page(1).jobs[0].left_out


def test_jobs_are_counted_by_status_up_to_a_number(jobs, ada, grace, monkeypatch):
    def counts(user, **asked):
        found = Filter(**asked).search(access_of(user))
        return [
            ({status: number for status, number in each.by_status.items() if number}, each.is_complete)
            for each in (found.count_active(), found.count_ended())
        ]

    assert counts(grace) == [({"ready": 4}, True), ({"cancelled": 1, "failed": 1, "successful": 1}, True)]
    assert counts(ada, task=add.module_path) == [({"ready": 1}, True), ({"successful": 1}, True)]
    monkeypatch.setattr(search, "MAX_COUNTED", 3)
    assert counts(grace)[0] == ({"ready": 3}, False)


@pytest.mark.parametrize("args", ["[]", "{}", "1", "{", '{"a": [1]}', '{"a": "\\u0000"}', '{"a": 1e999}'])
def test_what_is_no_object_of_a_few_plain_values_is_refused(args):
    with pytest.raises(ValueError):
        Filter(task=add.module_path, args=args)


@pytest.mark.parametrize("number, fits", [(5, True), (6, False)])
def test_so_many_arguments_can_be_asked_for(number, fits):
    args = json.dumps({f"a{place}": 1 for place in range(number)})
    if fits:
        assert Filter(args=args).args == args
    else:
        with pytest.raises(ValueError, match="1 to 5 arguments"):
            Filter(args=args)


def test_arguments_belong_to_a_task(ada):
    for task in (None, "nope", note.module_path):
        with pytest.raises(Problem, match="a task that has a parameter 'a'"):
            Filter(task=task, args='{"a": 1}').search(access_of(ada))


#: Of staff's. Which of the indexes serves best depends on how much there is of everything.
FILTERS: list[dict[str, Any]] = [
    {},
    {"owner": 2},
    {"task": "bench.task7"},
    {"queue": "rare"},
    {"tag": "rare"},
    {"status": ["ready", "running"]},
    {"status": ["failed"]},
    {"enqueued_before": "2026-01-01T00:00:00Z"},
    {"task": listing.TASK, "args": '{"source": 500}'},
    {"owner": 2, "task": "bench.task7"},
]


@pytest.mark.postgres
@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_every_filter_has_an_index_and_no_plan_reads_the_table(grace):
    User.objects.bulk_create(User(username=f"user{number}") for number in range(1001))
    owners = User.objects.order_by("id").values_list("id", flat=True)
    listing.fill(connection, 30_000, first_owner=owners[0])
    no_page_looks_at_what_comes_before_it(grace)
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")  # a table of a few tags is read faster from end to end
    for asked in FILTERS:
        owner = {"owner": owners[asked["owner"]]} if "owner" in asked else {}
        found = Filter(**{**asked, **owner}).search(access_of(grace))
        plans = listing.explain(connection, partial(found.page, 20))
        assert plans, asked
        for plan in plans:
            assert "Seq Scan" not in plan, (asked, plan)
        assert all("Index" in plan for plan in plans), (asked, plans)


def no_page_looks_at_what_comes_before_it(grace):
    """One that 100 jobs are left for, of 30,000."""
    last = Job.objects.order_by("id").values_list("id", flat=True)[100]
    found = Filter(status=["successful"]).search(access_of(grace), last)
    plans = listing.explain(connection, partial(found.page, 20), "(ANALYZE, BUFFERS)")
    # The topmost node's, with all below it.
    looked = [
        sum(map(int, re.findall(r"(?:hit|read)=(\d+)", re.search("Buffers: .*", plan)[0]))) for plan in plans
    ]
    assert max(looked) < 500, plans
