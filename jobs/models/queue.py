"""What the operator set for a queue."""

from django.db import models


class Queue(models.Model):
    """A queue that somebody has paused or resumed; one without a row has never been touched."""

    #: As TASKS declares it.
    name = models.CharField(primary_key=True, max_length=100)
    #: Since when no worker claims from it; null: workers do.
    paused_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name
