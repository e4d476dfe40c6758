"""What was answered to a submission that may be repeated."""

from django.conf import settings
from django.db import models


class IdempotencyKey(models.Model):
    """A caller's key for one submission; stored in the transaction that stores its jobs."""

    #: SHA-256 of owner and key, in hexadecimal.
    digest = models.CharField(primary_key=True, max_length=64)
    #: Whose key it is.
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    #: SHA-256 of what was asked, in hexadecimal: another request must not get this one's answer.
    fingerprint = models.CharField(max_length=64)
    #: The body of the answer, JSON with the ids of the jobs. As text: a repeat gets it to the byte.
    answer = models.TextField()
    #: A key holds for 24 hours from then.
    created_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.digest
