"""Who has got a job's message: kept in rows, because the next attempt must not mail them again."""

from dataclasses import asdict, dataclass
from typing import Any

from django.db.models import QuerySet

from jobs.models import Delivery
from jobs.tasks.email.smtp import Reply

Outcome = Delivery.Outcome


@dataclass(frozen=True, slots=True)
class Outcomes:
    #: Addresses.
    sent: list[str]
    #: Refused for good: {"to", "code", "reason"} each.
    refused: list[dict[str, Any]]
    #: Not taken in the last attempt either, in the same form; `code` is null when the server could not be reached.
    postponed: list[dict[str, Any]]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Deliveries:
    """The rows of one job."""

    job_id: str

    def open_among(self, recipients: list[str]) -> list[str]:
        """Those who neither got it nor were refused for good.

        That takes in those found SENDING: the worker died before the answer, and twice is better than never.
        """
        done = self._rows().filter(outcome__in=[Outcome.SENT, Outcome.REFUSED])
        closed = set(done.values_list("recipient", flat=True))
        return [recipient for recipient in recipients if recipient not in closed]

    def starts(self, recipient: str) -> None:
        self.ends(recipient, Reply(Outcome.SENDING))

    def ends(self, recipient: str, reply: Reply) -> None:
        Delivery.objects.update_or_create(
            job_id=self.job_id,
            recipient=recipient,
            defaults={"outcome": reply.outcome, "code": reply.code, "reason": reply.reason},
        )

    def postpone(self, recipients: list[str], reason: str) -> None:
        for recipient in recipients:
            self.ends(recipient, Reply(Outcome.POSTPONED, reason=reason))

    def outcomes(self, recipients: list[str]) -> Outcomes:
        """In the order of `recipients`."""
        rows = {row.recipient: row for row in self._rows()}
        ordered = [rows[recipient] for recipient in recipients]
        return Outcomes(
            sent=[row.recipient for row in ordered if row.outcome == Outcome.SENT],
            refused=[_as_json(row) for row in ordered if row.outcome == Outcome.REFUSED],
            postponed=[_as_json(row) for row in ordered if row.outcome == Outcome.POSTPONED],
        )

    def forget_unsent(self) -> None:
        """Lets a job that has ended and is tried again by hand ask the server anew, and still mail nobody twice."""
        self._rows().exclude(outcome=Outcome.SENT).delete()

    def _rows(self) -> QuerySet[Delivery]:
        return Delivery.objects.filter(job_id=self.job_id)


def _as_json(row: Delivery) -> dict[str, Any]:
    return {"to": row.recipient, "code": row.code, "reason": row.reason}
