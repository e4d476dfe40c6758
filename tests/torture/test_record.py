"""The judge itself: what a client must not hear is found."""

import pytest

from tests.torture.record import Job, Record

A, B = "01a-a", "01a-b"


def event(seq, job=A, **data):
    return {"type": "event", "job_id": job, "seq": seq, "kind": "log", "at": "", "data": data, "cursor": seq}


def listed(*jobs, kind="snapshot"):
    return {"type": kind, "cursor": 0, "jobs": [{"id": job, "seq": seq} for job, seq in jobs]}


def snapshot(seq, kind="snapshot"):
    return {"type": kind, "job": {"id": A, "seq": seq}, "seq": seq}


def truth(**counts):
    jobs = {"a": A, "b": B}
    stored = {
        jobs[name]: [plain_event(jobs[name], seq + 1) for seq in range(n)] for name, n in counts.items()
    }
    return {job: Job(1, events) for job, events in stored.items()}


def plain_event(job, seq):
    return {name: event(seq, job)[name] for name in ("job_id", "seq", "kind", "at", "data")}


def judged(topic, messages, held):
    """What is found; a None among the messages is a new connection."""
    record = Record(topic)
    for message in messages:
        if message is None:
            record.reconnect()
        else:
            record.take(message)
    return [*record.lacks(held), *record.errs(held)]


@pytest.mark.parametrize(
    "topic, messages",
    [
        (f"job:{A}", [event(1), event(2)]),
        (f"job:{A}", [snapshot(1), event(2)]),
        ("owner:1", [listed(), event(1), None, event(1), event(2)]),
        ("owner:1", [listed((A, 1)), event(1), event(2)]),
        ("owner:1", [listed(), event(1), listed((A, 2), kind="reset")]),
    ],
)
def test_what_is_whole_and_in_order_is_good(topic, messages):
    assert judged(topic, messages, truth(a=2)) == []


@pytest.mark.parametrize(
    "topic, messages, words",
    [
        (f"job:{A}", [event(1)], "was heard up to 1"),
        (f"job:{A}", [], "nothing was heard of 01a-a"),
        (f"job:{A}", [event(2)], "event 2 of 01a-a after 0"),
        (f"job:{A}", [event(1), None, event(1), event(2)], "came again"),
        (f"job:{A}", [event(1), event(2, text="other")], "what did not happen"),
        (f"job:{A}", [event(1), snapshot(2, kind="reset")], "a reset"),
        (f"job:{A}", [{"type": "error", "code": "not_found"}], "was told error"),
        ("owner:1", [listed(), event(1), event(2), event(2)], "twice on one connection"),
        ("owner:1", [listed(), event(1), None, event(1, text="other"), event(2)], "differs"),
        ("owner:1", [listed((A, 2)), listed((A, 1), kind="reset")], "back at event 1"),
        ("owner:1", [listed()], "nothing was heard of 01a-a"),
    ],
)
def test_what_is_not_is_found(topic, messages, words):
    assert words in " ".join(judged(topic, messages, truth(a=2)))
