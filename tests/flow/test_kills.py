"""Whatever is killed in the middle of a job, the job ends and its watchers see all of it."""

import asyncio
import signal
from datetime import UTC, datetime, timedelta

import httpx
import pytest

#: What docs/guarantees.md promises.
RECOVERY = timedelta(seconds=20)
LINGER = "tests.sample_tasks.linger"

#: What a loop of the worker says once while Redis is away.
AWAY = "is away; trying until it is back"
#: Of a worker: the one that claims, and those beside it.
MAX_LOOPS = 6


async def test_a_killed_worker_s_job_ends_with_another(system, start, ada):
    doomed = start(system.start_worker)
    job = ada.submit(LINGER, seconds=3)
    await ada.until(job["id"], "running")
    watching = asyncio.create_task(ada.watch(job["id"], after=0))
    killed_at = datetime.now(UTC)
    await asyncio.to_thread(doomed.kill)
    start(system.start_worker)
    heard = await watching
    assert statuses(heard) == ["ready", "running", "ready", "running", "successful"]
    assert [message["seq"] for message in heard] == list(range(1, len(heard) + 1))
    started_again = [message["at"] for message in heard if message["data"].get("status") == "running"][1]
    assert datetime.fromisoformat(started_again) - killed_at < RECOVERY
    ended = ada.job(job["id"])
    assert (ended["result"], ended["attempt"]) == ("lingered", 1), "a worker's death costs no attempt"


async def test_a_killed_web_process_does_not_disturb_a_job(system, start, web, ada):
    start(system.start_worker)
    job = ada.submit(LINGER, seconds=3)
    await ada.until(job["id"], "running")
    seen = ada.job(job["id"])["seq"]
    web.kill()
    web.wait()
    start(system.start_web)
    heard = await ada.watch(job["id"], after=seen)
    assert heard[-1]["data"]["status"] == "successful"
    assert [message["seq"] for message in heard] == list(range(seen + 1, seen + 1 + len(heard)))


async def test_what_was_stored_before_a_web_process_died_is_answered_to_a_repeat(system, start):
    def submit():
        call = {"task": LINGER, "args": {"seconds": 1}}
        return ada.http.post("/jobs", json=call, headers={"Idempotency-Key": "k"})

    system.env["TEST_APPS"] = "tests.flow.dying.Dying"
    doomed = start(system.start_web)
    ada = system.caller("ada")
    with pytest.raises(httpx.TransportError):
        submit()
    assert doomed.wait(10) == -signal.SIGKILL
    del system.env["TEST_APPS"]
    start(system.start_web)
    answers = [submit(), submit()]
    assert [answer.status_code for answer in answers] == [202, 202]
    [job] = ada.http.get("/jobs").json()["jobs"]
    assert {answer.json()["id"] for answer in answers} == {job["id"]}
    ada.http.close()


@pytest.mark.parametrize("wiped", [False, True])
async def test_a_killed_valkey_loses_no_job(system, start, ada, wiped):
    start(system.start_worker)
    running = ada.submit(LINGER, seconds=3)
    await ada.until(running["id"], "running")
    system.valkey.process.kill()
    system.valkey.process.wait()
    waiting = ada.submit(LINGER, seconds=0.1)  # accepted while Redis is away
    if wiped:
        for file in (system.folder / "v" / "appendonlydir").iterdir():
            file.unlink()
    system.close()
    system.start_valkey()
    for job in (running, waiting):
        ended = await ada.until(job["id"], "successful", "failed")
        assert (ended["status"], ended["attempt"]) == ("successful", 1), system.log
    heard = await ada.watch(running["id"], after=0)
    assert statuses(heard) == ["ready", "running", "successful"], "one run was enough"


async def test_a_worker_waits_for_a_redis_that_is_away_at_its_start(system, start, ada):
    system.close()
    worker = start(system.start_worker)
    job = ada.submit("tests.sample_tasks.add", a=1)
    async with asyncio.timeout(20):
        while AWAY not in system.log:
            assert worker.poll() is None, system.log
            await asyncio.sleep(0.05)
    await asyncio.sleep(1.5)  # in which each loop tries several times
    assert worker.poll() is None, system.log
    assert system.log.count(AWAY) <= MAX_LOOPS, "it says so once for each of its loops, not each time"
    system.start_valkey()
    await ada.until(job["id"], "successful")


async def test_a_database_that_restarts_in_the_middle_of_a_job_loses_nothing(
    system_on_postgres, postgres_server, start
):
    system = system_on_postgres
    start(system.start_web)
    start(system.start_worker)
    ada = system.caller("ada")
    job = ada.submit(LINGER, seconds=2)
    await ada.until(job["id"], "running")
    postgres_server.crash()
    refused = ada.http.post("/jobs", json={"task": LINGER, "args": {"seconds": 0.1}})
    assert (refused.status_code, refused.headers["Content-Type"]) == (503, "application/problem+json")
    assert httpx.get(f"{system.origin}/readyz").status_code == 503
    assert httpx.get(f"{system.origin}/livez").status_code == 200
    await asyncio.sleep(2.5)  # the job ends while there is nowhere to record it
    postgres_server.start()
    ended = await ada.until(job["id"], "successful", "failed")
    assert (ended["status"], ended["attempt"]) == ("successful", 1), system.log
    using_sql = [ada.submit("tests.sample_tasks.where_exposed") for _ in range(20)]
    for job in using_sql:
        ended = await ada.until(job["id"], "successful", "failed")
        assert ended["status"] == "successful", ended
    ada.http.close()


def statuses(heard):
    return [message["data"]["status"] for message in heard if message.get("kind") == "status"]
