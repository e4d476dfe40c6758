"""What `sync.pull` keeps: the pulled records, what it knows of each page, and how far a pull has come."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from jobs.models.job import Job

#: UTF-8 bytes of the longest URL; PostgreSQL indexes values up to 2,700 bytes.
MAX_URL_LENGTH = 2000
MAX_COLLECTION_LENGTH = 50
MAX_EXTERNAL_ID_LENGTH = 200
#: A longer ETag is not kept: its page is then pulled whole each time.
MAX_ETAG_LENGTH = 200


class SyncCollection(models.Model):
    """A named set of records that belongs to one user, or to nobody."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    name = models.SlugField(max_length=MAX_COLLECTION_LENGTH, db_index=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        # Two constraints, because SQL takes two null owners for different ones.
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "name"], condition=Q(owner__isnull=False), name="sync_collection_of_owner"
            ),
            models.UniqueConstraint(
                fields=["name"], condition=Q(owner__isnull=True), name="sync_collection_of_nobody"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class SyncedRecord(models.Model):
    """One record as the source last gave it."""

    collection = models.ForeignKey(
        SyncCollection, on_delete=models.CASCADE, related_name="records", db_index=False
    )
    #: The source's id of it, as text.
    external_id = models.CharField(max_length=MAX_EXTERNAL_ID_LENGTH)
    #: The whole record, JSON object.
    data = models.JSONField()
    #: When a page last brought it; a page that was "not modified" does not move it.
    fetched_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["collection", "external_id"], name="synced_record_once"),
        ]

    def __str__(self) -> str:
        return self.external_id


class SyncedPage(models.Model):
    """What is known of a page that was stored: enough to ask "has it changed?" and to go on if not."""

    collection = models.ForeignKey(
        SyncCollection, on_delete=models.CASCADE, related_name="pages", db_index=False
    )
    #: As it was asked for, before any redirect.
    url = models.CharField(max_length=MAX_URL_LENGTH)
    #: Sent back as If-None-Match; only pages that have one are kept.
    etag = models.CharField(max_length=MAX_ETAG_LENGTH)
    #: The page after it; empty: it was the last. A 304 answer need not say.
    next_url = models.CharField(max_length=MAX_URL_LENGTH, blank=True)
    #: How its records were read. Read in another way, the page has to be fetched again though unmodified.
    id_field = models.CharField(max_length=100)
    items_field = models.CharField(max_length=100, blank=True)
    fetched_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["collection", "url"], name="synced_page_once"),
        ]

    def __str__(self) -> str:
        return self.url


class SyncRun(models.Model):
    """How far the pull of one job has come. Written together with each page's records; goes when the pull ends.

    A row that stays belongs to a pull that has not ended or has failed: trying again goes on from it.
    """

    job = models.OneToOneField(Job, primary_key=True, on_delete=models.CASCADE, related_name="+")
    collection = models.ForeignKey(SyncCollection, on_delete=models.CASCADE, related_name="runs")
    #: The page to fetch next; never empty.
    next_url = models.CharField(max_length=MAX_URL_LENGTH)
    #: Pages done. Only who knows the present number may move it on: a worker that was given up for lost can't.
    pages = models.PositiveIntegerField(default=0)
    #: Of these, pages that the source said were not modified.
    unchanged_pages = models.PositiveIntegerField(default=0)
    #: Records written.
    records = models.PositiveIntegerField(default=0)
    #: Times the source asked to come back much later; bounded, because such waits use up no attempt.
    waits = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.collection_id}: {self.pages} pages"
