"""Which status may follow which."""

from jobs.status import ENDED, Status

S = Status

ARROWS: dict[Status, frozenset[Status]] = {
    S.BLOCKED: frozenset({S.READY, S.DEFERRED, S.CANCELLED}),
    S.DEFERRED: frozenset({S.READY, S.CANCELLED}),
    S.READY: frozenset({S.RUNNING, S.CANCELLED, S.FAILED}),
    S.RUNNING: frozenset({S.SUCCESSFUL, S.FAILED, S.DEFERRED, S.READY, S.CANCELLED}),
    **{end: frozenset({S.READY}) for end in ENDED},
}


def may_follow(before: Status, after: Status) -> bool:
    return after in ARROWS[before]
