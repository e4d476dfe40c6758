"""What can go wrong, and what a task may raise to steer its own job."""

from datetime import timedelta


class JobError(Exception):
    """Something about a job went wrong."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").partition("\n")[0])


class InvalidArguments(JobError, TypeError):
    """The arguments do not fit the task's signature.

    `problems` lists the misfits as (path into the arguments, sentence).
    """

    def __init__(
        self, message: str | None = None, problems: tuple[tuple[tuple[str | int, ...], str], ...] = ()
    ) -> None:
        super().__init__(message)
        self.problems = problems


class ArgumentsTooLarge(JobError, ValueError):
    """The arguments are larger than a job may carry."""


class InvalidChunk(JobError, ValueError):
    """A streaming task has yielded what can't be kept as a chunk."""


class UnknownTask(JobError):
    """No task of that name is known here."""


class KeyReused(JobError):
    """The idempotency key came before, with another request; choose a new key for a new request."""


class SecretsUnreadable(JobError):
    """The redacted arguments can't be decrypted: SECRET_KEY has changed. Name the old key in SECRET_KEY_FALLBACKS."""


class UploadNotFound(JobError):
    """The uploaded file does not exist, or belongs to somebody else."""


class BrokerUnavailable(JobError):
    """Redis can't be reached."""


class TimedOut(JobError):
    """The attempt ran longer than its task allows."""


class SoftTimeout(JobError):
    """The soft time limit of the attempt is over.

    Raised in a coroutine task where it awaits; it may clean up, and return, until its hard limit. Let through, it is
    an error like any other. A task in a thread or a process finds `context.cancelled` true instead.
    """


class OutOfMemory(JobError):
    """The attempt needed more memory than its task allows."""


class ChildDied(JobError):
    """The child process ended without an answer."""


class WorkerLost(JobError):
    """The worker that ran this job stopped renewing its lease."""


class JobNotFound(JobError):
    """There is no job of that id."""


class AlreadyEnded(JobError):
    """The job has ended; only one that waits or runs can be cancelled."""


class NotEnded(JobError):
    """The job has not ended; only one that has can be tried again by hand."""


class NotWaiting(JobError):
    """The job does not wait: it runs, or has ended."""


class UniqueKeyHeld(JobError):
    """A newer job holds the same unique key and has not ended."""


class UnknownQueue(JobError):
    """There is no queue of that name."""


class TooManyTokens(JobError):
    """The user has as many API tokens as one may have."""


class MayNotActForOthers(JobError):
    """Only an API token that staff have allowed it may act for another user."""


class UnknownOwner(JobError):
    """There is no such user to act for."""


class DeadlinePassed(JobError):
    """The job's deadline has passed; no attempt may start after it."""


class LeaseOver(JobError):
    """The lease ran out before the job could be started: another worker may have it."""


class AttemptOver(JobError):
    """This attempt does not hold its job any more: it has ended, or another attempt has started."""


class InvalidInput(JobError):
    """The input can't be processed, and trying again would not help.

    Raised by a task; the job fails at once and its owner reads the message: say what was expected, what came
    and what to do.
    """


class Retry(JobError):
    """Raised by a task: end this attempt as failed and try again, after `after` or else after the backoff."""

    def __init__(self, message: str | None = None, *, after: timedelta | None = None) -> None:
        super().__init__(message)
        self.after = None if after is None else _duration(after)


class Snooze(JobError):
    """Raised by a task: put the job off for `after`; the attempt does not count."""

    def __init__(self, after: timedelta, message: str | None = None) -> None:
        super().__init__(message)
        self.after = _duration(after)


class Cancel(JobError):
    """Raised by a task: end the job as cancelled."""


def _duration(after: timedelta) -> timedelta:
    if not isinstance(after, timedelta):
        raise TypeError(f"`after` must be a timedelta, got {after!r}.")
    return after
