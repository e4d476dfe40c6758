"""A worker that is killed at any point leaves each effect of its tasks exactly once."""

import asyncio
import signal
from pathlib import Path

POINTS = ["in the task", "before the write", "after the write", "after the commit"]


async def test_a_worker_that_is_killed_at_any_point_leaves_one_effect(system_on_postgres, start):
    system = system_on_postgres
    start(system.start_web)
    doomed = start(system.start_worker)
    ada = system.caller("ada")
    jobs = [
        ada.submit("tests.effect_tasks.stop_at", point=point, folder=str(system.folder)) for point in POINTS
    ]
    await all_reached(system.folder)
    doomed.send_signal(signal.SIGKILL)
    assert [counted(system, job) for job in jobs] == [0, 0, 0, 1]
    start(system.start_worker)
    for job in jobs:
        ended = await ada.until(job["id"], "successful", "failed")
        assert (ended["status"], ended["result"], ended["attempt"]) == ("successful", "done", 1), ended
    assert [counted(system, job) for job in jobs] == [1, 1, 1, 1]
    ada.http.close()


async def all_reached(folder: Path) -> None:
    async with asyncio.timeout(20):
        while not all((folder / point.replace(" ", "-")).exists() for point in POINTS):
            await asyncio.sleep(0.05)


def counted(system, job) -> int:
    asked = f"from tests.effect_tasks import effects_of; print(effects_of('{job['id']}'))"
    return int(system.call("manage.py", "shell", "-v0", "-c", asked))
