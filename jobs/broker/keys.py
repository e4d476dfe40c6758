"""Names of keys in Redis: arq's own, so that its client and tools understand them, and a few of ours."""

from arq.constants import (
    abort_jobs_ss,
    default_queue_name,
    in_progress_key_prefix,
    job_key_prefix,
    retry_key_prefix,
)
from django.tasks import DEFAULT_TASK_QUEUE_NAME

IN_PROGRESS = in_progress_key_prefix
JOB = job_key_prefix
RETRY = retry_key_prefix
#: The sorted set of jobs that somebody asked to end, by when.
ABORT = abort_jobs_ss
#: The set of paused queues, by the key of their sorted set.
PAUSED = "handoff:paused"
#: The run of Redis that was last compared with the store from end to end.
WHOLE = "handoff:whole"
#: Held by the worker that sweeps.
LEADER = "handoff:leader"
#: The sorted set of the workers that live, by when they were last heard of.
WORKERS = "handoff:workers"


def queue(name: str) -> str:
    """The sorted set of a queue's jobs; Django's default queue is arq's."""
    return default_queue_name if name == DEFAULT_TASK_QUEUE_NAME else f"{default_queue_name}:{name}"


def wake(name: str) -> str:
    """The list on which a queue's idle workers block."""
    return f"handoff:wake:{name}"


def worker(worker_id: str) -> str:
    """What a worker said of itself."""
    return f"handoff:worker:{worker_id}"


def alone(name: str) -> str:
    """Held by who is at what has this name."""
    return f"handoff:alone:{name}"


def bucket(owner: object) -> str:
    """What an owner may still submit."""
    return f"handoff:bucket:{owner}"


def ticket(digest: str) -> str:
    """What a ticket of that hash opens."""
    return f"handoff:ticket:{digest}"
