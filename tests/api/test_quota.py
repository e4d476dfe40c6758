"""How much an owner may submit."""

import asyncio
from collections import Counter
from functools import partial

import pytest

from jobs import conf
from jobs.lifecycle import backlog
from jobs.models import Job
from tests.sample_tasks import add

ADD = add.public_name


@pytest.fixture
def options(settings):
    """Sets options of the backend for this test."""

    def change(**changed):
        backend = settings.TASKS["default"]
        settings.TASKS = {"default": {**backend, "OPTIONS": {**backend["OPTIONS"], **changed}}}

    return change


def kind(answer):
    return answer.status_code, answer.json()["type"].partition("#")[2]


async def test_who_submits_too_fast_is_told_when_to_go_on(ada, bob, options):
    options(submissions_per_second=0.01, submission_burst=3, max_batch_jobs=3)
    accepted = [await ada.submit(ADD, {"a": 1}) for _ in range(3)]
    assert [answer.headers["RateLimit"] for answer in accepted] == [
        '"submissions";r=2;t=100',
        '"submissions";r=1;t=200',
        '"submissions";r=0;t=300',
    ]
    refused = await ada.submit(ADD, {"a": 1})
    assert kind(refused) == (429, "rate-limited")
    assert (
        refused.headers["RateLimit-Policy"]
        == accepted[0].headers["RateLimit-Policy"]
        == '"submissions";q=3;w=300'
    )
    assert (refused.headers["RateLimit"], refused.headers["Retry-After"]) == (
        '"submissions";r=0;t=300',
        "100",
    )
    assert (await bob.submit(ADD, {"a": 1})).status_code == 202
    assert await Job.objects.filter(owner=ada.user).acount() == 3


async def test_who_has_too_many_jobs_is_refused_until_some_have_ended(ada, bob, options, monkeypatch):
    options(max_jobs_per_owner=3)
    for _ in range(3):
        job = (await ada.submit(ADD, {"a": 1})).json()
    refused = await ada.submit(ADD, {"a": 1})
    assert kind(refused) == (429, "too-many-jobs")
    assert (refused.json()["max_jobs"], refused.headers["Retry-After"]) == (3, "5")
    assert (await bob.submit(ADD, {"a": 1})).status_code == 202
    await ada.post(f"{job['links']['self']}/cancellation", {})
    monkeypatch.setattr(backlog, "FRESH_SECONDS", 0)
    assert [(await ada.submit(ADD, {"a": 1})).status_code for _ in range(2)] == [202, 429]


async def test_of_many_at_once_no_more_are_taken_than_there_is_room_for(ada, options, monkeypatch):
    monkeypatch.setattr(backlog, "FRESH_SECONDS", 60)
    options(max_jobs_per_owner=5)
    answers = await asyncio.gather(*(ada.submit(ADD, {"a": 1}) for _ in range(12)))
    assert Counter(answer.status_code for answer in answers) == {202: 5, 429: 7}
    assert await Job.objects.acount() == 5


async def test_what_is_being_stored_while_jobs_are_counted_counts(ada, monkeypatch):
    monkeypatch.setattr(backlog, "FRESH_SECONDS", 0)
    room = partial(backlog.Backlog().room, ada.user.pk)
    async with room(2, 3) as first, room(2, 3) as second, room(1, 3) as third:
        assert (first, second, third) == (True, False, True)
    async with room(3, 3) as again:
        assert again, "they were not stored after all"


async def test_far_from_the_limit_jobs_are_counted_seldom(ada, options, monkeypatch):
    options(max_jobs_per_owner=50)
    monkeypatch.setattr(backlog, "FRESH_SECONDS", 0)
    counted = []
    count = backlog.Backlog._count

    async def counting(*args):
        counted.append(1)
        return await count(*args)

    monkeypatch.setattr(backlog.Backlog, "_count", counting)
    for _ in range(10):
        await ada.submit(ADD, {"a": 1})
    assert len(counted) == 3  # at first, after the 5 that are a tenth of 50, and after the 4 of 45


@pytest.mark.parametrize("wrong", [{"submissions_per_second": 0}, {"submission_burst": 9_999}])
def test_limits_that_let_nothing_through_are_refused(options, wrong):
    with pytest.raises(Exception, match=next(iter(wrong))):
        options(**wrong)
        conf.options()
