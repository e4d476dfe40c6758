"""The engine's verbs in any order, on real Valkey and real SQL: no order breaks a promise."""

import time
from collections.abc import Sequence
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
    initialize,
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

MAX_EXAMPLES = 60
#: No job is left after so many rounds of a worker that does all it finds.
MAX_ROUNDS = 40
#: Of a job that is to wait: no run may come to it by itself, or a second one would not be like the first.
FAR_OFF = timedelta(hours=1)

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


#: Which of several, whatever their number.
some = st.integers(0, 5)


def chosen[T](among: Sequence[T], number: int) -> T:
    return among[number % len(among)]


class Machine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.verbs = Verbs()
        self.verbs.empty()
        self.notes: list[Note] = []
        #: Jobs that have not ended, after the last step.
        self.unended: list[str] = []
        self.workers = [Worker(), Worker()]
        self.zombies: list[Worker] = []
        #: How often each may still happen: of more, an example learns nothing, and few jobs meet more of it.
        self.left = {"calls": 3, "rollbacks": 1, "cancels": 2, "wipes": 2, "sweeps": 6, "passes": 3}

    def note(self, what: What, **details: Any) -> None:
        self.notes.append(Note(what=what, at=time.time(), **details))

    # Callers

    @initialize()
    def enqueue_one(self) -> None:
        self.enqueue(0, False)

    @precondition(lambda self: self.left["calls"] or not self.unended)
    @rule(priority=st.sampled_from([-100, 0, 0, 100]), waits=st.booleans())
    def enqueue(self, priority: int, waits: bool) -> None:
        self.left["calls"] = max(0, self.left["calls"] - 1)
        run_after = timezone.now() + FAR_OFF if waits else None
        job = self.verbs.enqueue(priority, run_after)
        self.note(What.ACCEPTED, job=job)

    @precondition(lambda self: self.left["rollbacks"])
    @rule()
    def enqueue_and_roll_back(self) -> None:
        self.left["rollbacks"] -= 1
        self.note(What.ROLLED_BACK, job=self.verbs.enqueue_and_roll_back())

    @precondition(lambda self: self.unended and self.left["cancels"])
    @rule(which=some)
    def cancel(self, which: int) -> None:
        self.left["cancels"] -= 1
        job = chosen(self.unended, which)
        if self.verbs.cancel(job):
            self.note(What.CANCELLED, job=job)

    # Workers

    @precondition(lambda self: self.free())
    @rule(who=some, slots=st.integers(1, 3), starts=st.booleans())
    def claim(self, who: int, slots: int, starts: bool) -> None:
        worker = chosen(self.workers, who)
        worker.claimed += self.verbs.claim(worker.name, slots)
        if starts:
            self.starts(worker)

    @precondition(lambda self: self.anybody("claimed"))
    @rule(who=some)
    def start(self, who: int) -> None:
        self.starts(chosen(self.anybody("claimed"), who))

    def starts(self, worker: Worker) -> None:
        for attempt in self.verbs.start(worker.claimed, worker.name):
            worker.running.append(attempt)
            self.note(What.START, job=attempt.job_id, starts=attempt.starts, pid=worker.pid)
        worker.claimed.clear()

    @precondition(lambda self: self.anybody("running"))
    @rule(who=some, which=some, kind=st.sampled_from(["success", *OUTCOMES]), settles=st.booleans())
    def finish(self, who: int, which: int, kind: str, settles: bool) -> None:
        worker = chosen(self.anybody("running"), who)
        attempt = chosen(worker.running, which)
        worker.running.remove(attempt)
        what = {"success": What.EFFECT, "failure": What.RAISED, "retry": What.RAISED}.get(kind)
        if what:
            self.note(what, job=attempt.job_id, starts=attempt.starts, pid=worker.pid)
        if kind == "handed back":
            self.note(What.TOLD, pid=worker.pid)
        if self.verbs.finish(attempt, kind):
            worker.unsettled.append(attempt)
        if settles:
            self.settles(worker)

    @precondition(lambda self: self.anybody("unsettled"))
    @rule(who=some)
    def settle(self, who: int) -> None:
        self.settles(chosen(self.anybody("unsettled"), who))

    def settles(self, worker: Worker) -> None:
        self.verbs.settle(worker.unsettled)
        worker.unsettled.clear()

    @precondition(lambda self: self.anybody("leases"))
    @rule(who=some)
    def renew(self, who: int) -> None:
        worker = chosen(self.anybody("leases"), who)
        taken = self.verbs.renew(worker.leases)
        worker.claimed = [lease for lease in worker.claimed if lease.job_id not in taken]
        worker.running = [attempt for attempt in worker.running if attempt.job_id not in taken]

    # What befalls them

    @precondition(lambda self: self.anybody("leases") or self.anybody("unsettled"))
    @rule(who=some, goes_on=st.booleans())
    def lose(self, who: int, goes_on: bool) -> None:
        """Its leases run out and another worker takes its place; it may not know that it is lost."""
        place = who % len(self.workers)
        lost, self.workers[place] = self.workers[place], Worker()
        self.note(What.DIED, pid=lost.pid, jobs=tuple(lease.job_id for lease in lost.claimed))
        self.verbs.let_run_out([*lost.leases, *(attempt.lease for attempt in lost.unsettled)])
        if goes_on:
            self.zombies.append(lost)

    @precondition(lambda self: self.unended and self.left["passes"])
    @rule(by_both_clocks=st.booleans())
    def let_time_pass(self, by_both_clocks: bool) -> None:
        """What was deferred is due, at least by Redis' clock."""
        self.left["passes"] -= 1
        self.verbs.make_due(by_both_clocks)

    @precondition(lambda self: self.unended and self.left["wipes"])
    @rule()
    def wipe(self) -> None:
        self.left["wipes"] -= 1
        self.note(What.FAULT, text="wipe")
        self.verbs.wipe()
        self.note(What.HEALED, text="wipe")

    @precondition(lambda self: self.unended and self.left["sweeps"])
    @rule(seconds=st.sampled_from([1, 6, 12]))
    def sweep(self, seconds: int) -> None:
        self.left["sweeps"] -= 1
        self.verbs.sweep(timedelta(seconds=seconds))

    # What always holds

    @invariant()
    def no_promise_is_broken(self) -> None:
        history = self.history()
        assert [str(finding) for finding in judge(history) if finding.rule != "it_ends"] == []
        self.unended = sorted(row.job for row in history.rows if row.status not in ENDED)

    def teardown(self) -> None:
        """Whatever has happened, one worker that does all it finds brings every job to its end."""
        try:
            for who in range(len(self.workers)):
                self.lose(who, False)
            self.zombies.clear()
            self.verbs.let_all_run_out()
            for _ in range(MAX_ROUNDS):
                self.no_promise_is_broken()
                if not self.unended:
                    break
                self.sweep(12)
                self.let_time_pass(True)
                self.claim(0, 100, True)
                while self.workers[0].running:
                    self.finish(0, 0, "success", True)
            assert [str(finding) for finding in judge(self.history())] == []
        finally:
            self.verbs.close()

    def free(self) -> set[str]:
        """Jobs that nobody holds, zombies apart."""
        held = {lease.job_id for worker in self.workers for lease in worker.leases}
        return set(self.unended) - held

    def anybody(self, holds: str) -> list[Worker]:
        """The workers, zombies among them, that hold something of that kind."""
        return [worker for worker in (*self.workers, *self.zombies) if getattr(worker, holds)]

    def history(self) -> History:
        return History(self.notes, list(rows()), list(events()))


def test_no_order_of_verbs_breaks_a_promise():
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=MAX_EXAMPLES,
            stateful_step_count=50,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
