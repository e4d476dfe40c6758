"""`email.send`: mail to one or many, each with an outcome of their own."""

import time
from datetime import timedelta
from typing import Any

from django.tasks import task

from jobs import JobContext, JobError, Retry, Snooze
from jobs.tasks.email.arguments import Body, Html, Recipients, ReplyTo, Subject
from jobs.tasks.email.deliveries import Deliveries, Outcomes
from jobs.tasks.email.letter import Letter, check_recipients
from jobs.tasks.email.smtp import ServerUnreachable, hand_over, open_mailer

#: After attempt 1, 2, …: greylisting servers want some minutes, busy ones an hour.
PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))
#: No message is begun after this: a thread can't be stopped, and must not go on sending beside the next attempt.
TURN = timedelta(minutes=2)
#: How many recipients an error names.
MAX_NAMED = 5


class NothingSent(JobError):
    """The mail server took none of the messages."""


@task(
    expose="email.send",
    takes_context=True,
    max_attempts=len(PAUSES) + 1,
    timeout=timedelta(minutes=5),
    give_up_on=(NothingSent,),
)
def send(
    context: JobContext,
    to: Recipients,
    subject: Subject,
    body: Body,
    *,
    html: Html | None = None,
    reply_to: ReplyTo | None = None,
) -> dict[str, Any]:
    """Send an email to one or many people.

    Whom the server puts off (4xx) is tried again later, whom it refuses (5xx) is not; who got it is not mailed again.
    """
    letter = Letter(subject=subject, body=body, html=html, reply_to=reply_to)
    recipients = check_recipients(to)
    deliveries = Deliveries(context.job_id)
    _send_to_all(deliveries.open_among(recipients), letter, deliveries, context)
    outcomes = deliveries.outcomes(recipients)
    context.progress(1, f"{len(outcomes.sent)} of {len(recipients)} sent")
    if outcomes.postponed and context.attempt < context.max_attempts:
        raise Retry(_summary(outcomes), after=PAUSES[min(context.attempt, len(PAUSES)) - 1])
    deliveries.forget_unsent()
    if not outcomes.sent:
        raise NothingSent(_summary(outcomes))
    return outcomes.as_json()


def _send_to_all(recipients: list[str], letter: Letter, deliveries: Deliveries, context: JobContext) -> None:
    """Sends over one connection, each outcome recorded at once; when the connection is lost the rest is postponed."""
    if not recipients:
        return
    try:
        with open_mailer() as mailer:
            turn_ends = time.monotonic() + TURN.total_seconds()
            for done, recipient in enumerate(recipients):
                _check_turn(context, turn_ends)
                context.progress(done / len(recipients), f"{done} of {len(recipients)} sent")
                deliveries.starts(recipient)
                deliveries.ends(
                    recipient, hand_over(mailer, letter.to(recipient, key=context.idempotency_key))
                )
    except ServerUnreachable as error:
        deliveries.postpone(deliveries.open_among(recipients), str(error))


def _check_turn(context: JobContext, turn_ends: float) -> None:
    if context.cancelled or time.monotonic() > turn_ends:
        raise Snooze(timedelta(), "Stopped between two messages; goes on with those who have not got theirs.")


def _summary(outcomes: Outcomes) -> str:
    unsent = outcomes.refused + outcomes.postponed
    named = "; ".join(f"{each['to']}: {each['code'] or ''} {each['reason']}" for each in unsent[:MAX_NAMED])
    others = f"; and {len(unsent) - MAX_NAMED} more" if len(unsent) > MAX_NAMED else ""
    return f"{len(outcomes.sent)} of {len(outcomes.sent) + len(unsent)} messages sent. {named}{others}"
