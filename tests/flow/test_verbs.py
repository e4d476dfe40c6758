"""Pausing and cancelling, with workers in processes of their own."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tests.flow.test_kills import LINGER, statuses

#: What docs/guarantees.md promises.
PAUSE = RESUME = timedelta(seconds=1)
TOLD = timedelta(seconds=2)
#: How soon the upkeep repeats a request that Redis did not hear, and how soon a worker finds Redis again.
REPEATED = timedelta(seconds=12)


@pytest.fixture
def workers(system, start, web):
    system.env["TEST_SLOTS"] = "2"  # so that jobs have to wait
    return [start(system.start_worker) for _ in range(2)]


def started_at(job):
    return datetime.fromisoformat(job["started_at"]) if job["started_at"] else None


async def test_a_paused_queue_starts_nothing_on_any_worker_and_goes_on_when_resumed(system, workers, ada):
    flood = [ada.submit(LINGER, seconds=0.2)["id"] for _ in range(100)]
    await ada.until(flood[0], "running", "successful")
    await asyncio.to_thread(system.call, "manage.py", "jobs", "pause", "default")
    paused_at = datetime.now(UTC)
    late = [ada.submit(LINGER, seconds=0.1)["id"] for _ in range(5)]
    await asyncio.sleep(2.5)  # in which they would all have run
    assert {ada.job(job_id)["status"] for job_id in late} == {"ready"}
    shown = [ada.job(job_id) for job_id in flood]
    assert {job["status"] for job in shown} <= {"ready", "successful"}, "what ran went on to its end"
    assert all(started_at(job) < paused_at + PAUSE for job in shown if started_at(job))
    resumed_at = datetime.now(UTC)
    listed = await asyncio.to_thread(system.call, "manage.py", "jobs", "resume", "default")
    assert "paused" not in listed
    command = datetime.now(UTC) - resumed_at
    ended = [await ada.until(job_id, "successful") for job_id in (*flood, *late)]
    first = min(started_at(job) for job in ended if started_at(job) > resumed_at)
    assert first - resumed_at < command + RESUME


async def test_a_pause_outlives_the_loss_of_redis(system, workers, ada):
    system.call("manage.py", "jobs", "pause", "default")
    system.valkey.process.kill()
    system.valkey.process.wait()
    for file in (system.folder / "v" / "appendonlydir").iterdir():
        file.unlink()
    system.close()
    system.start_valkey()
    await asyncio.sleep(REPEATED.total_seconds())
    job = ada.submit(LINGER, seconds=0.1)
    await asyncio.sleep(2)
    assert ada.job(job["id"])["status"] == "ready"
    system.call("manage.py", "jobs", "resume", "default")
    await ada.until(job["id"], "successful")


async def test_a_running_job_is_told_to_end(workers, ada):
    job = ada.submit(LINGER, seconds=30)
    await ada.until(job["id"], "running")
    asked_at = datetime.now(UTC)
    answer = ada.http.post(f"/jobs/{job['id']}/cancellation")
    assert (answer.status_code, answer.json()["status"]) == (200, "running")
    ended = await ada.until(job["id"], "cancelled", "successful", "failed")
    assert ended["status"] == "cancelled"
    assert datetime.fromisoformat(ended["finished_at"]) - asked_at < TOLD
    assert ada.http.post(f"/jobs/{job['id']}/cancellation").status_code == 409


async def test_a_running_job_is_told_to_end_though_redis_was_away_when_it_was_asked(system, workers, ada):
    job = ada.submit(LINGER, seconds=40)
    await ada.until(job["id"], "running")
    system.valkey.process.kill()
    system.valkey.process.wait()
    assert ada.http.post(f"/jobs/{job['id']}/cancellation").status_code == 200
    system.close()
    system.start_valkey()
    back_at = datetime.now(UTC)
    ended = await ada.until(job["id"], "cancelled", "successful", "failed")
    assert ended["status"] == "cancelled"
    assert datetime.fromisoformat(ended["finished_at"]) - back_at < REPEATED + TOLD


async def test_a_job_is_retried_and_its_watchers_see_all_of_it(workers, ada):
    job = ada.submit(LINGER, seconds=0.1)
    await ada.until(job["id"], "successful")
    answer = ada.http.post(f"/jobs/{job['id']}/retries")
    assert (answer.status_code, answer.headers["Location"]) == (202, f"/api/v1/jobs/{job['id']}")
    ended = await ada.until(job["id"], "successful")
    assert (ended["attempt"], ended["result"]) == (2, "lingered")
    events = ada.http.get(f"/jobs/{job['id']}/events").json()["events"]
    assert statuses(events) == ["ready", "running", "successful", "ready", "running", "successful"]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
