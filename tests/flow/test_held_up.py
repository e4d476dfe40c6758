"""A task that holds up the event loop holds up its worker, and loses nothing."""

import json
import signal
import time
import urllib.error
import urllib.request
from datetime import timedelta

from jobs.broker.leases import LEASE
from tests.flow.test_kills import statuses
from tests.system import free_port

HOLD_UP = "tests.stubborn_tasks.hold_up_everybody"


async def test_a_job_keeps_its_lease_while_it_holds_up_the_loop_for_longer(system, start, ada):
    system.env["WORKER_PORT"] = str(free_port())
    start(system.start_worker)
    job = ada.submit(HOLD_UP, seconds=(LEASE + timedelta(seconds=3)).total_seconds())
    await ada.until(job["id"], "running")
    # Which would start it anew if the lease ran out.
    del system.env["WORKER_PORT"]
    start(system.start_worker)
    heard = await ada.watch(job["id"], after=0)
    assert statuses(heard) == ["ready", "running", "successful"], system.log
    assert f"job {job['id']} ({HOLD_UP}) holds it up at tests/stubborn_tasks.py" in system.log


async def test_a_worker_answers_its_probe(system, start):
    port = system.env["WORKER_PORT"] = str(free_port())
    worker = start(system.start_worker)
    asked_until = time.monotonic() + 20
    while True:
        assert worker.poll() is None, system.log
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=2) as answer:
                assert json.load(answer) == {"status": "ok"}
                return
        except urllib.error.URLError:
            assert time.monotonic() < asked_until
            time.sleep(0.1)


async def test_a_worker_with_a_task_that_will_not_end_stops_all_the_same(system, start, ada):
    system.env["TEST_GRACE_SECONDS"] = "0.1"
    worker = start(system.start_worker)
    job = ada.submit("tests.stubborn_tasks.refuse_to_end")
    await ada.until(job["id"], "running")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(10) == 0, system.log
    handed_back = ada.job(job["id"])
    assert (handed_back["status"], handed_back["attempt"]) == ("ready", 0)
