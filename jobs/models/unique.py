"""Who holds a unique key."""

from django.db import models

from jobs.models.job import Job


class UniqueKey(models.Model):
    """The newest job of one owner, task and `unique_key`."""

    #: SHA-256 of the three, in hexadecimal.
    digest = models.CharField(primary_key=True, max_length=64)
    #: It holds the key until it has ended…
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="+")
    #: … and at least until then; null: not after its end.
    held_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.digest
