"""The judge is judged first: one good history, and each way in which a bad one may differ from it."""

from dataclasses import replace

import pytest

from tests.chaos.checker import judge, percentile, quiet_seconds, recoveries
from tests.chaos.history import Event, History, Row
from tests.chaos.notes import Note, What

JOB = "a"
#: Processes of workers.
FIRST, SECOND, THIRD = 11, 12, 13


def status(seq, at, name, *, attempt=0, pid=0, run_after=0.0):
    return Event(job=JOB, seq=seq, at=at, status=name, attempt=attempt, pid=pid, run_after=run_after)


def noted(what, at, **details):
    return Note(what=what, at=at, **details)


ACCEPTED = noted(What.ACCEPTED, 0.1, job=JOB)
DIED = noted(What.DIED, 2, pid=FIRST)


def of_start(what, starts, at, pid=FIRST):
    return noted(what, at, job=JOB, starts=starts, pid=pid)


def ran_well(*extra_notes, **changes):
    """Accepted, started by the first worker, done."""
    row = Row(job=JOB, status="successful", attempt=1, starts=1, seq=3, return_value=1)
    events = [
        status(1, 0, "ready"),
        status(2, 1, "running", attempt=1, pid=FIRST),
        status(3, 3, "successful", attempt=1),
    ]
    notes = [ACCEPTED, of_start(What.START, 1, 1.1), of_start(What.EFFECT, 1, 2.9), *extra_notes]
    return History(notes=notes, rows=[replace(row, **changes)], events=events)


def was_rescued(*, at=18.0, blow=DIED):
    """The first worker dies, the second one does the work."""
    row = Row(job=JOB, status="successful", attempt=1, starts=2, seq=5, return_value=2)
    events = [
        status(1, 0, "ready"),
        status(2, 1, "running", attempt=1, pid=FIRST),
        status(3, at, "ready"),
        status(4, at, "running", attempt=1, pid=SECOND),
        status(5, at + 2, "successful", attempt=1),
    ]
    notes = [
        ACCEPTED,
        of_start(What.START, 1, 1.1),
        *([blow] if blow else []),
        of_start(What.START, 2, at + 0.1, SECOND),
        of_start(What.EFFECT, 2, at + 1, SECOND),
    ]
    return History(notes=notes, rows=[row], events=events)


def failed_once(*, raised=True, over="deferred"):
    """The first attempt does not end well, the second one does."""
    row = Row(job=JOB, status="successful", attempt=2, starts=2, seq=5, return_value=2)
    events = [
        status(1, 0, "ready"),
        status(2, 1, "running", attempt=1, pid=FIRST),
        status(3, 2, over, attempt=1, run_after=3),
        status(4, 3, "running", attempt=2, pid=FIRST),
        status(5, 4, "successful", attempt=2),
    ]
    if over == "deferred":
        events.insert(3, status(4, 3, "ready", attempt=1))
        events[4:] = [replace(event, seq=event.seq + 1) for event in events[4:]]
        row = replace(row, seq=6)
    notes = [
        ACCEPTED,
        of_start(What.START, 1, 1.1),
        of_start(What.START, 2, 3.1),
        of_start(What.EFFECT, 2, 3.5),
    ]
    return History(
        notes=[*notes, *([of_start(What.RAISED, 1, 2)] if raised else [])], rows=[row], events=events
    )


def rules(history):
    return sorted({finding.rule for finding in judge(history)})


def without(history, *seqs):
    return History(history.notes, history.rows, [event for event in history.events if event.seq not in seqs])


@pytest.mark.parametrize("history", [ran_well(), was_rescued(), failed_once()])
def test_a_good_history_has_no_finding(history):
    assert judge(history) == []


def test_an_accepted_job_without_a_row_is_lost():
    good = ran_well()
    assert rules(History(good.notes, [], [])) == ["accepted_means_stored"]


def test_a_job_that_never_ends_is_lost():
    unended = without(ran_well(status="running", seq=2, return_value=None), 3)
    assert rules(unended) == ["it_ends"]


def test_a_rolled_back_job_must_not_exist():
    assert rules(ran_well(noted(What.ROLLED_BACK, 0.1, job=JOB))) == ["rolled_back_means_gone"]


@pytest.mark.parametrize("second", ["successful", "failed"])
def test_a_job_ends_once(second):
    good = ran_well(seq=4, status=second)
    twice = History(good.notes, good.rows, [*good.events, status(4, 4, second, attempt=1)])
    assert "it_ends_once" in rules(twice)


def test_nothing_happens_after_the_end():
    good = ran_well(seq=4)
    late = History(good.notes, good.rows, [*good.events, Event(job=JOB, seq=4, at=4)])
    assert rules(late) == ["it_ends_once"]


@pytest.mark.parametrize("missing", [1, 2, 3])
def test_events_have_no_gap(missing):
    assert "its_events_have_no_gap" in rules(without(ran_well(), missing))


def test_an_event_too_many_is_no_gap_but_as_bad():
    assert "its_events_have_no_gap" in rules(ran_well(seq=2))


def test_the_last_event_says_what_the_row_says():
    assert rules(ran_well(status="cancelled")) == ["its_events_tell_its_row"]


def test_a_status_that_may_not_follow_is_found():
    good = ran_well()
    skipped = [good.events[0], replace(good.events[2], seq=2)]
    history = History(good.notes, [replace(good.rows[0], starts=0, seq=2, return_value=0)], skipped)
    assert "its_events_tell_its_row" in rules(history)


def test_a_clean_stop_must_not_burn_an_attempt():
    told = noted(What.TOLD, 1.5, pid=FIRST)
    good = failed_once(raised=False, over="ready")
    history = History([*good.notes, told], good.rows, good.events)
    assert rules(history) == ["no_attempt_is_burnt"]


def test_an_attempt_that_nothing_raised_in_must_not_count():
    assert rules(failed_once(raised=False)) == ["no_attempt_is_burnt"]


def test_a_start_that_nothing_explains_is_one_too_many():
    assert rules(was_rescued(blow=None)) == ["its_starts_are_explained"]


def test_a_start_that_another_worker_s_death_can_not_explain_is_one_too_many():
    assert rules(was_rescued(blow=noted(What.DIED, 2, pid=THIRD))) == ["its_starts_are_explained"]


def test_a_fault_on_the_way_to_redis_explains_a_lost_lease():
    cut_off = [noted(What.FAULT, 1.5, text="cut"), noted(What.HEALED, 17, text="cut")]
    good = was_rescued(blow=None)
    assert judge(History([*good.notes, *cut_off], good.rows, good.events)) == []


def test_a_fault_long_past_explains_nothing():
    long_ago = [noted(What.FAULT, -60, text="cut"), noted(What.HEALED, -50, text="cut")]
    good = was_rescued(blow=None)
    assert rules(History([*good.notes, *long_ago], good.rows, good.events)) == ["its_starts_are_explained"]


def test_a_worker_that_was_frozen_and_thawed_before_the_start_explains_nothing():
    before = [noted(What.FROZEN, 0.2, pid=FIRST), noted(What.THAWED, 0.4, pid=FIRST)]
    good = was_rescued(blow=None)
    assert rules(History([*good.notes, *before], good.rows, good.events)) == ["its_starts_are_explained"]


def test_a_start_that_the_row_does_not_count_is_found():
    assert "its_starts_are_explained" in rules(ran_well(starts=2, return_value=2))


@pytest.mark.parametrize("starts", [1, 2])
def test_each_start_runs_once_and_only_if_it_was_counted(starts):
    assert rules(ran_well(of_start(What.START, starts, 1.2))) == ["each_start_runs_once"]


def test_a_success_without_an_effect_is_none():
    good = ran_well()
    history = History([note for note in good.notes if note.what != What.EFFECT], good.rows, good.events)
    assert rules(history) == ["a_success_had_its_effect"]


def test_a_zombie_s_result_must_not_be_recorded():
    good = was_rescued()
    assert rules(History(good.notes, [replace(good.rows[0], return_value=1)], good.events)) == [
        "a_success_had_its_effect"
    ]


def test_a_cancelled_job_must_not_start():
    assert "a_cancelled_job_does_not_start" in rules(ran_well(noted(What.CANCELLED, 0.5, job=JOB)))


def test_a_recovery_that_is_late_is_found():
    assert rules(was_rescued(at=21.9)) == []
    assert rules(was_rescued(at=22.5)) == ["lost_work_is_taken_up_in_time"]


def test_a_recovery_is_not_late_because_of_another_fault():
    fault = [noted(What.FAULT, 3, text="store down"), noted(What.HEALED, 13, text="store down")]
    late = was_rescued(at=28)
    history = History([*late.notes, *fault], late.rows, late.events)
    assert judge(history) == []
    assert recoveries(history) == [pytest.approx(26 - 10 - 5)]


def test_a_recovery_begins_anew_with_a_worker_that_dies_between_claim_and_start():
    again = noted(What.DIED, 12, pid=THIRD, jobs=(JOB,))
    late = was_rescued(at=28)
    assert recoveries(History([*late.notes, again], late.rows, late.events)) == [16]


def test_what_redis_forgets_meanwhile_is_found_a_little_later():
    late = was_rescued(at=31)
    wiped = noted(What.WIPED, 3)
    assert judge(History([*late.notes, wiped], late.rows, late.events)) == []
    assert rules(late) == ["lost_work_is_taken_up_in_time"]
    far_too_late = was_rescued(at=34)
    assert rules(History([*far_too_late.notes, wiped], far_too_late.rows, far_too_late.events)) == [
        "lost_work_is_taken_up_in_time"
    ]


def test_a_due_job_must_not_wait_for_nothing():
    good = ran_well()
    late = [good.events[0], *(replace(event, at=event.at + 40) for event in good.events[1:])]
    assert rules(History(good.notes, good.rows, late)) == ["it_does_not_wait_for_nothing"]


def poisoned(*, deaths):
    """Fails on its third worker."""
    pids = (FIRST, SECOND, THIRD)
    events = [status(1, 0, "ready")]
    for number, pid in enumerate(pids):
        at = number * 16 + 1
        events.append(status(len(events) + 1, at, "running", attempt=1, pid=pid))
        over = "failed" if pid == THIRD else "ready"
        events.append(status(len(events) + 1, at + 16, over, attempt=int(pid == THIRD)))
    row = Row(job=JOB, status="failed", attempt=1, starts=3, seq=7, errors=("jobs.errors.WorkerLost",))
    starts = [of_start(What.START, number, number * 16 - 14, pid) for number, pid in enumerate(pids, 1)]
    notes = [noted(What.DIED, number * 16 + 2, pid=pid) for number, pid in enumerate(pids[:deaths])]
    return History([ACCEPTED, *starts, *notes], [row], events)


def test_a_job_fails_after_three_dead_workers_and_not_after_two():
    assert judge(poisoned(deaths=3)) == []
    assert rules(poisoned(deaths=2)) == ["no_attempt_is_burnt"]


@pytest.mark.parametrize(
    "notes, said",
    [
        ([noted(What.EXITED, 5, pid=FIRST, text="1")], "ended by itself with 1"),
        ([noted(What.EXITED, 5, pid=FIRST, text="0")], "ended by itself with 0"),
        (
            [noted(What.TOLD, 4, pid=FIRST), noted(What.EXITED, 5, pid=FIRST, text="-9")],
            "was told to stop and ended with -9",
        ),
    ],
)
def test_a_worker_ends_when_it_is_told_and_only_then(notes, said):
    [finding] = judge(ran_well(*notes))
    assert (finding.rule, said in finding.text) == ("workers_live_until_they_are_told", True)


def test_a_killed_or_stopped_worker_is_no_finding():
    assert judge(ran_well(DIED, noted(What.EXITED, 5, pid=FIRST, text="-9"))) == []
    told = noted(What.TOLD, 4, pid=FIRST)
    assert judge(ran_well(told, noted(What.EXITED, 5, pid=FIRST, text="0"))) == []


def test_a_worker_that_is_told_before_it_listens_may_just_end():
    told = [noted(What.TOLD, 4, pid=THIRD), noted(What.EXITED, 5, pid=THIRD, text="-15")]
    assert judge(ran_well(*told)) == []
    at_work = [replace(note, pid=FIRST) for note in told]
    assert rules(ran_well(*at_work)) == ["workers_live_until_they_are_told"]


def test_faults_that_overlap_are_counted_once():
    notes = [
        noted(What.FAULT, 10, text="one"),
        noted(What.FAULT, 12, text="other"),
        noted(What.HEALED, 14, text="one"),
        noted(What.HEALED, 16, text="other"),
    ]
    assert quiet_seconds(5, status(2, 30, "running"), History(notes, [], [])) == 25 - 6 - 5


def test_a_percentile_is_one_of_the_values():
    assert percentile([], 99) == 0
    assert percentile([float(n) for n in range(1, 201)], 99) == 198
    assert percentile([3.0], 50) == 3
