"""An attempt as the engine makes one, whose words are collected in the place of being stored."""

from typing import Any

from asgiref.sync import sync_to_async

from jobs.lifecycle.finish import Progress
from jobs.lifecycle.start import start
from jobs.lifecycle.tell import Said
from jobs.task import find_task
from jobs.worker.attempt import Attempt
from jobs.worker.voice import Voice, Written
from tests.claims import claim


class Listener:
    """Writes nothing until told so."""

    def __init__(self) -> None:
        self.said: list[Said] = []
        self.unwritten: list[Written] = []

    def report(self, progress: Progress) -> None: ...

    def say(self, said: Said, written: Written) -> None:
        self.said.append(said)
        self.unwritten.append(written)

    def write_first(self, error: Exception | None = None) -> None:
        self.unwritten.pop(0)(error)

    def write_all(self) -> None:
        while self.unwritten:
            self.write_first()

    @property
    def values(self) -> list[Any]:
        return [said.data["value"] for said in self.said]

    @property
    def texts(self) -> list[str]:
        return [said.data["text"] for said in self.said]


async def running_attempt(task: Any, *args: Any, outlet: Listener | None = None) -> Attempt:
    result = await task.aenqueue(*args)
    [lease] = (await claim("default", "w1", 1)).leases
    job = (await sync_to_async(start)([result.id], "w1")).jobs[0]
    attempt = Attempt(job=job, lease=lease)
    attempt.task, attempt.voice = find_task(job.task_path), Voice(job, outlet or Listener())
    return attempt
