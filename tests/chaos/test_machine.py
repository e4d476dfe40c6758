"""The engine's verbs in any order, on real Valkey and real SQL: no order breaks a promise."""

import time
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from jobs.broker.leases import Lease
from tests.chaos.checker import judge
from tests.chaos.history import ENDED, History
from tests.chaos.load import events, rows
from tests.chaos.notes import Note, What
from tests.chaos.verbs import OUTCOMES, Attempt, Verbs

pytestmark = pytest.mark.django_db(transaction=True)

#: No job is left after so many rounds of a worker that does all it finds.
MAX_ROUNDS = 40
ROUND_SECONDS = 0.02

pids = count(1000)


@dataclass(eq=False)
class Worker:
    """What one believes to hold. After it is lost it may go on: a zombie."""

    pid: int = field(default_factory=lambda: next(pids))
    claimed: list[Lease] = field(default_factory=list)
    running: list[Attempt] = field(default_factory=list)
    #: Recorded, and Redis does not know yet.
    unsettled: list[Attempt] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"machine-{self.pid}-x"

    @property
    def leases(self) -> list[Lease]:
        return [*self.claimed, *(attempt.lease for attempt in self.running)]


workers = st.integers(0, 1)
some = st.integers(0, 5)


class Machine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.verbs = Verbs()
        self.verbs.empty()
        self.notes: list[Note] = []
        self.jobs: list[str] = []
        self.workers = [Worker(), Worker()]
        self.zombies: list[Worker] = []

    def note(self, what: What, **details: Any) -> None:
        self.notes.append(Note(what=what, at=time.time(), **details))

    # Callers

    @rule(priority=st.sampled_from([-100, 0, 0, 100]), waits=st.booleans())
    def enqueue(self, priority: int, waits: bool) -> None:
        run_after = timezone.now() + timedelta(milliseconds=30) if waits else None
        self.jobs.append(self.verbs.enqueue(priority, run_after))
        self.note(What.ACCEPTED, job=self.jobs[-1])

    @rule()
    def enqueue_and_roll_back(self) -> None:
        self.note(What.ROLLED_BACK, job=self.verbs.enqueue_and_roll_back())

    @precondition(lambda self: self.unended())
    @rule(which=some)
    def cancel(self, which: int) -> None:
        unended = self.unended()
        job = unended[which % len(unended)]
        if self.verbs.cancel(job):
            self.note(What.CANCELLED, job=job)

    # Workers

    @rule(who=workers, slots=st.integers(1, 3))
    def claim(self, who: int, slots: int) -> None:
        worker = self.workers[who]
        worker.claimed += self.verbs.claim(worker.name, slots)

    @rule(who=workers)
    def start(self, who: int) -> None:
        self.starts(self.workers[who])

    @precondition(lambda self: self.zombies)
    @rule(which=some)
    def zombie_starts(self, which: int) -> None:
        self.starts(self.zombies[which % len(self.zombies)])

    def starts(self, worker: Worker) -> None:
        for attempt in self.verbs.start(worker.claimed, worker.name):
            worker.running.append(attempt)
            self.note(What.START, job=attempt.job_id, starts=attempt.starts, pid=worker.pid)
        worker.claimed.clear()

    @rule(who=workers, which=some, kind=st.sampled_from(["success", *OUTCOMES]))
    def finish(self, who: int, which: int, kind: str) -> None:
        self.finishes(self.workers[who], which, kind)

    @precondition(lambda self: self.zombies)
    @rule(who=some, which=some, kind=st.sampled_from(sorted(OUTCOMES)))
    def zombie_finishes(self, who: int, which: int, kind: str) -> None:
        self.finishes(self.zombies[who % len(self.zombies)], which, kind)

    def finishes(self, worker: Worker, which: int, kind: str) -> None:
        if not worker.running:
            return
        attempt = worker.running.pop(which % len(worker.running))
        what = {"success": What.EFFECT, "failure": What.RAISED, "retry": What.RAISED}.get(kind)
        if what:
            self.note(what, job=attempt.job_id, starts=attempt.starts, pid=worker.pid)
        if kind == "handed back":
            self.note(What.TOLD, pid=worker.pid)
        if self.verbs.finish(attempt, kind):
            worker.unsettled.append(attempt)

    @rule(who=workers)
    def settle(self, who: int) -> None:
        self.settles(self.workers[who])

    @precondition(lambda self: self.zombies)
    @rule(which=some)
    def zombie_settles(self, which: int) -> None:
        self.settles(self.zombies[which % len(self.zombies)])

    def settles(self, worker: Worker) -> None:
        self.verbs.settle(worker.unsettled)
        worker.unsettled.clear()

    @rule(who=workers)
    def renew(self, who: int) -> None:
        worker = self.workers[who]
        taken = self.verbs.renew(worker.leases)
        worker.claimed = [lease for lease in worker.claimed if lease.job_id not in taken]
        worker.running = [attempt for attempt in worker.running if attempt.job_id not in taken]

    # What befalls them

    @rule(who=workers, goes_on=st.booleans())
    def lose(self, who: int, goes_on: bool) -> None:
        """Its leases run out and another worker takes its place; it may not know that it is lost."""
        lost, self.workers[who] = self.workers[who], Worker()
        claimed = tuple(lease.job_id for lease in lost.claimed)
        self.note(What.DIED, pid=lost.pid, jobs=claimed)
        self.verbs.let_run_out([*lost.leases, *(attempt.lease for attempt in lost.unsettled)])
        if goes_on:
            self.zombies.append(lost)

    @rule()
    def wipe(self) -> None:
        self.note(What.FAULT, text="wipe")
        self.verbs.wipe()
        self.note(What.HEALED, text="wipe")

    @rule(seconds=st.sampled_from([1, 6, 12]))
    def sweep(self, seconds: int) -> None:
        self.verbs.sweep(timedelta(seconds=seconds))

    # What always holds

    @invariant()
    def no_promise_is_broken(self) -> None:
        assert [str(finding) for finding in judge(self.history()) if finding.rule != "it_ends"] == []

    def teardown(self) -> None:
        """Whatever has happened, one worker that does all it finds brings every job to its end."""
        try:
            for who in (0, 1):
                self.lose(who, False)
            for _ in range(MAX_ROUNDS):
                if not self.unended():
                    break
                self.sweep(12)
                self.claim(0, 100)
                self.start(0)
                while self.workers[0].running:
                    self.finish(0, 0, "success")
                self.settle(0)
                time.sleep(ROUND_SECONDS)
            assert [str(finding) for finding in judge(self.history())] == []
        finally:
            self.verbs.close()

    def history(self) -> History:
        return History(self.notes, list(rows()), list(events()))

    def unended(self) -> list[str]:
        return sorted(row.job for row in rows() if row.status not in ENDED)


def test_no_order_of_verbs_breaks_a_promise():
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=40,
            stateful_step_count=40,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
