"""What `email.send` remembers of each recipient between attempts."""

from django.db import models

from jobs.models.job import Job


class Delivery(models.Model):
    """One message of one job to one recipient; written before the mail server is asked, and after it answered."""

    class Outcome(models.TextChoices):
        #: The server is being asked. Found so by a later attempt: the worker died, nobody knows the answer.
        SENDING = "sending"
        #: The server took it (2xx).
        SENT = "sent"
        #: The server refused it for good (5xx).
        REFUSED = "refused"
        #: The server refused it for now (4xx), or could not be reached.
        POSTPONED = "postponed"

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="+", db_index=False)
    recipient = models.EmailField()
    outcome = models.CharField(max_length=9, choices=Outcome, default=Outcome.SENDING)
    #: The server's reply code; null: it has not answered, or took the message.
    code = models.PositiveSmallIntegerField(null=True)
    #: The server's reply text, or what went wrong on the way to it.
    reason = models.CharField(max_length=500, blank=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job", "recipient"], name="delivery_once_a_job"),
        ]

    def __str__(self) -> str:
        return f"{self.recipient}: {self.outcome}"
