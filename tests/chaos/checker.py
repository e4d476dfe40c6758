"""Judges a history by what docs/guarantees.md promises. Pure: no clock, no store, no Redis."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

from jobs.rules.arrows import may_follow
from jobs.status import Status
from tests.chaos.history import ENDED, Event, History, Story, Turn, joined
from tests.chaos.notes import Note, What

#: A dead worker's job runs again within this, for 99 of 100.
MAX_RECOVERY_SECONDS = 20.0
#: A due job starts within this while nothing is wrong: a sweep finds what Redis forgot, a lease runs out.
MAX_WAIT_SECONDS = 30.0
#: How long a fault may be felt after its end: a connection that was silent is given up after 5 s.
AFTERMATH_SECONDS = 5.0
#: A lease that was not renewed for so long is over; a worker on the far side of a fault loses it like a dead one.
LEASE_SECONDS = 15.0

#: Exit code of a process that gets SIGTERM before Python listens to it.
AT_ITS_BOOT = "-15"

LOST = "WorkerLost"
MAX_LOSSES = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """A promise that was broken."""

    #: Name of the rule.
    rule: str
    text: str
    job: str = ""

    def __str__(self) -> str:
        return f"{self.rule}: {self.text}{f' (job {self.job})' if self.job else ''}"


def judge(history: History) -> list[Finding]:
    """Every broken promise; an empty list is the verdict that all were kept."""
    of_runs = [Finding(rule.__name__, text) for rule in OF_RUNS for text in rule(history)]
    of_jobs = [
        Finding(rule.__name__, text, story.row.job)
        for rule in OF_JOBS
        for story in history.stories.values()
        for text in rule(story, history)
    ]
    return of_runs + of_jobs


# Of the run as a whole


def accepted_means_stored(history: History) -> Iterator[str]:
    for note in history.of(What.ACCEPTED):
        if note.job not in history.stories:
            yield f"job {note.job} was accepted and has no row"


def rolled_back_means_gone(history: History) -> Iterator[str]:
    for note in history.of(What.ROLLED_BACK):
        if note.job in history.stories:
            yield f"job {note.job} has a row although its transaction was rolled back"


def workers_live_until_they_are_told(history: History) -> Iterator[str]:
    for pid, notes in history.by_pid.items():
        done = {note.what: note for note in notes}
        if What.EXITED not in done or What.DIED in done:
            continue
        code = done[What.EXITED].text
        if What.TOLD not in done:
            yield f"worker {pid} ended by itself with {code}"
        elif code != "0" and not (code == AT_ITS_BOOT and pid not in history.pids):
            yield f"worker {pid} was told to stop and ended with {code}"


def lost_work_is_taken_up_in_time(history: History) -> Iterator[str]:
    late = percentile(recoveries(history), 99)
    if late > MAX_RECOVERY_SECONDS:
        yield f"of the jobs of dead workers, 1 of 100 started again after {late:.1f} s or more"
    longest = max(rebuilds(history), default=0.0)
    if longest > MAX_WAIT_SECONDS:
        yield f"a dead worker's job started again {longest:.1f} s after Redis was wiped"


# Of each job


def it_ends(story: Story, history: History) -> Iterator[str]:
    if story.row.status not in ENDED:
        yield f"it is still {story.row.status}"


def it_ends_once(story: Story, history: History) -> Iterator[str]:
    ends = [event for event in story.statuses if event.status in ENDED]
    if len(ends) > 1:
        yield f"it ended {len(ends)} times"
    elif ends and ends[0] is not story.events[-1]:
        yield f"something happened after event {ends[0].seq}, its end"


def its_events_have_no_gap(story: Story, history: History) -> Iterator[str]:
    seqs = [event.seq for event in story.events]
    if seqs != list(range(1, story.row.seq + 1)):
        yield f"its events are {seqs}, its row counts {story.row.seq}"


def its_events_tell_its_row(story: Story, history: History) -> Iterator[str]:
    told = [event.status for event in story.statuses]
    if not told or told[-1] != story.row.status:
        yield f"its events end with {told[-1:]}, its row says {story.row.status}"
    for before, after in pairwise(told):
        if not may_follow(Status(before), Status(after)):
            yield f"{before} was followed by {after}"


def its_starts_are_explained(story: Story, history: History) -> Iterator[str]:
    """1 + retries + worker deaths + clean stops, and no more."""
    if story.row.starts != len(story.turns):
        yield f"its row counts {story.row.starts} starts, its events {len(story.turns)}"
    for turn in story.turns:
        if turn.was_given_back and not was_disturbed(turn, history):
            yield f"start {turn.starts} was taken from worker {turn.began.pid}, which nothing had disturbed"


def each_start_runs_once(story: Story, history: History) -> Iterator[str]:
    for starts, times in Counter(note.starts for note in story.of(What.START)).items():
        if times > 1:
            yield f"start {starts} ran {times} times"
        if starts > story.row.starts:
            yield f"start {starts} ran, and its row counts {story.row.starts}"


def no_attempt_is_burnt(story: Story, history: History) -> Iterator[str]:
    """Only what the task itself raises may use up an attempt."""
    raised = {note.starts for note in story.of(What.RAISED)}
    for turn in story.turns:
        if turn.over is None or turn.over.status in {"successful", "cancelled"}:
            continue
        counts = turn.over.attempt >= turn.began.attempt
        if counts and turn.starts not in raised and not _is_poison(turn, story, history):
            yield f"start {turn.starts} used up an attempt and ended as {turn.over.status}, and nothing was raised"


def a_success_had_its_effect(story: Story, history: History) -> Iterator[str]:
    if story.row.status != "successful":
        return
    if story.row.starts not in {note.starts for note in story.of(What.EFFECT)}:
        yield f"start {story.row.starts} is recorded as successful and had no effect"
    if story.row.return_value != story.row.starts:
        yield f"start {story.row.starts} won, and the result is that of start {story.row.return_value}"


def a_cancelled_job_does_not_start(story: Story, history: History) -> Iterator[str]:
    for cancelled in story.of(What.CANCELLED):
        for start in story.of(What.START):
            if start.at > cancelled.at:
                yield f"it started {start.at - cancelled.at:.3f} s after it was cancelled"


def it_does_not_wait_for_nothing(story: Story, history: History) -> Iterator[str]:
    for wait in waits(story, history):
        if wait > MAX_WAIT_SECONDS:
            yield f"it was due and waited for {wait:.1f} s while nothing was wrong"


OF_RUNS: tuple[Callable[[History], Iterator[str]], ...] = (
    accepted_means_stored,
    rolled_back_means_gone,
    workers_live_until_they_are_told,
    lost_work_is_taken_up_in_time,
)
OF_JOBS: tuple[Callable[[Story, History], Iterator[str]], ...] = (
    it_ends,
    it_ends_once,
    its_events_have_no_gap,
    its_events_tell_its_row,
    its_starts_are_explained,
    each_start_runs_once,
    no_attempt_is_burnt,
    a_success_had_its_effect,
    a_cancelled_job_does_not_start,
    it_does_not_wait_for_nothing,
)


# What the rules ask


def was_disturbed(turn: Turn, history: History) -> bool:
    """Whether the worker was killed, stopped or cut off, so that it had to lose the job."""
    assert turn.over is not None
    began, over = turn.began.at, turn.over.at
    return blow(turn, history) is not None or any(
        since < over and until > max(began, over - LEASE_SECONDS) - AFTERMATH_SECONDS
        for since, until in history.troubles
    )


def blow(turn: Turn, history: History) -> Note | None:
    """What first happened to the worker's process that may have cost it this job."""
    over = turn.over.at if turn.over else float("inf")
    thawed = [note.at for note in history.by_pid[turn.began.pid] if note.what == What.THAWED]
    for note in history.by_pid[turn.began.pid]:
        was_over = note.what == What.FROZEN and any(note.at < at < turn.began.at for at in thawed)
        if note.what != What.THAWED and note.at <= over and not was_over:
            return note
    return None


def _is_poison(turn: Turn, story: Story, history: History) -> bool:
    """Whether it failed because it was on three workers that were lost."""
    if not story.row.errors or not story.row.errors[-1].endswith(LOST) or turn is not story.turns[-1]:
        return False
    given_back = [turn for turn in story.turns if turn.was_given_back]
    return was_disturbed(turn, history) and len(given_back) + 1 >= MAX_LOSSES


def recoveries(history: History) -> list[float]:
    """For each start that a worker's death cut off: seconds until the next, less those in which more was wrong."""
    return [
        quiet_seconds(struck_at, following, history)
        for struck_at, following in _rescues(history)
        if not _wipes_between(struck_at, following.at, history)
    ]


def rebuilds(history: History) -> list[float]:
    """The same where Redis has meanwhile lost all it held: seconds since then, as only the sweep can find the job."""
    return [
        quiet_seconds(wipes[-1], following, history)
        for struck_at, following in _rescues(history)
        if (wipes := _wipes_between(struck_at, following.at, history))
    ]


def _rescues(history: History) -> Iterator[tuple[float, Event]]:
    """When a worker was struck down with a job, and the job's next start."""
    for story in history.stories.values():
        for turn, following in pairwise(story.turns):
            struck = blow(turn, history)
            if turn.was_given_back and struck is not None and struck.what != What.TOLD:
                yield max(struck.at, turn.began.at), following.began


def handovers(history: History) -> list[float]:
    """For each job that a stopping worker handed back: seconds until its next start."""
    return [
        quiet_seconds(turn.over.at, following.began, history)
        for story in history.stories.values()
        for turn, following in pairwise(story.turns)
        if turn.over and turn.was_given_back and (struck := blow(turn, history)) and struck.what == What.TOLD
    ]


def _wipes_between(since: float, until: float, history: History) -> list[float]:
    return [note.at for note in history.of(What.WIPED) if since < note.at < until]


def waits(story: Story, history: History) -> Iterator[float]:
    """For each start: seconds that the job had been due, less those in which something was wrong."""
    before = story.statuses[0] if story.statuses else None
    for turn in story.turns:
        if before is not None:
            yield quiet_seconds(max(before.at, before.run_after), turn.began, history)
        before = turn.over


def quiet_seconds(due: float, start: Event, history: History) -> float:
    """How long before its start a job was due, less the time of all faults and their aftermath.

    Counted anew from the death of a worker that had claimed it and not yet started.
    """
    until = start.at
    since = max([due, *(note.at for note in history.deaths_with(start.job) if note.at < until)])
    troubles = joined([(start, end + AFTERMATH_SECONDS) for start, end in history.troubles])
    disturbed = sum(max(0.0, min(until, end) - max(since, start)) for start, end in troubles)
    return max(0.0, until - since - disturbed)


def percentile(values: list[float], percent: int) -> float:
    """0 when there are none."""
    ordered = sorted(values)
    return ordered[max(0, ceil(len(ordered) * percent / 100) - 1)] if ordered else 0.0
