"""Which jobs carry a tag: the index of `Job.tags`."""

from django.db import models

from jobs.models.job import Job

MAX_TAG_CHARACTERS = 100


class Tag(models.Model):
    """One tag of one job; written with the job, and gone with it. A list of a tag's jobs reads this key backwards."""

    pk = models.CompositePrimaryKey("tag", "job")
    tag = models.CharField(max_length=MAX_TAG_CHARACTERS)
    #: Without a constraint in the database, as that of an event. Pruning a job deletes its tags by their whole keys.
    job = models.ForeignKey(
        Job, on_delete=models.DO_NOTHING, related_name="tagged", db_index=False, db_constraint=False
    )

    def __str__(self) -> str:
        return f"{self.tag} {self.job_id}"
