"""The statements for what goes with a job: its unique key, the uploads that it names, its tags."""

from collections.abc import Iterable
from datetime import datetime

from jobs.models.statement import Row, moment_in, run

# Whatever the condition says, the rows that are there are locked: https://www.postgresql.org/docs/current/sql-insert.html
_TAKE = """
    INSERT INTO jobs_uniquekey (digest, job_id, held_until)
    SELECT digest, job_id, held_until FROM {given} WHERE true ORDER BY digest
    ON CONFLICT (digest) DO UPDATE SET job_id = excluded.job_id WHERE false
    RETURNING digest
"""
_TAKE_OVER = """
    UPDATE jobs_uniquekey SET job_id = given.job_id, held_until = given.held_until
    FROM {given}
    WHERE jobs_uniquekey.digest = given.digest
        AND (jobs_uniquekey.held_until IS NULL OR jobs_uniquekey.held_until <= %(now)s)
        AND EXISTS (
            SELECT 1 FROM jobs_job
            WHERE id = jobs_uniquekey.job_id AND status IN ('successful', 'failed', 'cancelled'))
    RETURNING jobs_uniquekey.digest
"""
_KEYS_GIVEN = {"digest": "text", "job_id": "uuid", "held_until": "timestamptz"}

_USE = """
    INSERT INTO jobs_file_used_by (file_id, job_id)
    SELECT jobs_file.id, given.job_id FROM {given} JOIN jobs_file ON jobs_file.id = given.file_id
    WHERE jobs_file.job_id IS NULL
"""
_USE_GIVEN = {"file_id": "uuid", "job_id": "uuid"}

_TAG = "INSERT INTO jobs_tag (tag, job_id) SELECT tag, job_id FROM {given}"
_TAG_GIVEN = {"tag": "text", "job_id": "uuid"}


def take_keys(keys: Iterable[Row]) -> set[str]:
    """Takes those of the unique keys that no job has had, and answers their digests; the others are locked from here
    to the end of the transaction."""
    return {digest for (digest,) in run(_TAKE, _KEYS_GIVEN, keys)}


def take_over_keys(keys: Iterable[Row], *, now: datetime) -> set[str]:
    """Of locked unique keys, takes those that nobody holds any more; answers their digests."""
    return {digest for (digest,) in run(_TAKE_OVER, _KEYS_GIVEN, keys, now=moment_in(now))}


def use_uploads(uses: Iterable[Row]) -> None:
    """Notes which uploads new jobs name; what is the id of none is left out."""
    run(_USE, _USE_GIVEN, uses)


def tag(tags: Iterable[Row]) -> None:
    """Notes which tags new jobs carry."""
    run(_TAG, _TAG_GIVEN, tags)
