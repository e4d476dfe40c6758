"""Finding jobs, newest first, at a cost that does not grow with their number.

Some filters have an index in the order of the list. Where that is not all, rows are looked at, but no more than
MAX_LOOKED of those that the best of these indexes gives: a page then has what was found, and says where to go on.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from uuid import UUID

from django.db import models
from django.db.models import Count, Q

from jobs.models.job import Job, JobQuerySet
from jobs.models.shown import ShownJob, show
from jobs.status import ACTIVE, ENDED, Status

#: Rows that one page looks at.
MAX_LOOKED = 2_000
#: Jobs that are counted, of those that have ended and of the others.
MAX_COUNTED = 10_000
#: Of a value as JSON, in characters; a list leaves out a longer one.
MAX_LISTED = 1_024

type Ids = "models.QuerySet[Job, UUID]"

FIRST = UUID(int=0)
LAST = UUID(int=2**128 - 1)


@dataclass(frozen=True, slots=True)
class Page:
    jobs: list[ShownJob]
    #: Older jobs than this one are on the next page; None: there are none.
    next: UUID | None


@dataclass(frozen=True, slots=True)
class Counts:
    """By status; and whether these are all, or only the newest MAX_COUNTED."""

    by_status: dict[str, int]
    is_complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    #: Those that the asker may see.
    jobs: JobQuerySet = field(default_factory=Job.objects.all)
    #: Conditions that each have an index in the order of ids, whose jobs they are among them.
    indexed: tuple[Q, ...] = ()
    #: Conditions that rows have to be looked at for.
    others: tuple[Q, ...] = ()
    #: Ids from here …
    first: UUID = FIRST
    #: … to before here.
    before: UUID = LAST

    def page(self, limit: int) -> Page:
        """At most so many jobs. It may have fewer, even none, and yet a next one."""
        ids, following = self.ids(limit)
        return Page(show(ids, most=MAX_LISTED), following)

    def ids(self, limit: int) -> tuple[list[UUID], UUID | None]:
        """As page(): the ids alone, and where to go on."""
        found, floor = self._find(limit + 1)
        return (found[:limit], found[limit - 1]) if len(found) > limit else (found, floor)

    def _find(self, most: int) -> tuple[list[UUID], UUID | None]:
        """At most so many ids, and where looking for them ended if there may be more."""
        if len(self.indexed) <= 1 and not self.others:
            return list(self._newest(most, self.jobs)), None
        ids, floor = self._best(MAX_LOOKED)
        return list(self._among(ids).order_by("-id").values_list("id", flat=True)[:most]), floor

    def count_active(self) -> Counts:
        """Those that wait or run."""
        return replace(self, indexed=(*self.indexed, Q(finished_at=None))).count(ACTIVE)

    def count_ended(self) -> Counts:
        return replace(self, others=(*self.others, Q(finished_at__isnull=False))).count(ENDED)

    def count(self, statuses: Collection[Status]) -> Counts:
        """By status, of which those given are all that there can be."""
        ids, floor = self._best(MAX_COUNTED)
        rows = self._among(ids).order_by().values_list("status").annotate(number=Count("*"))
        by_status = {str(status): 0 for status in sorted(statuses)}
        return Counts(by_status | dict(rows), floor is None)

    def _best(self, most: int) -> tuple[Ids, UUID | None]:
        """So many ids of the index that needs to look back furthest for them, as the fewest others lie between; and the
        last, if there may be more."""
        one_each = [replace(self, indexed=(each,)) for each in self.indexed] or [self]
        found = []
        for one in one_each:
            ids = one._newest(most, Job.objects.all())  # noqa: SLF001  another of this class
            found.append((ids, next(iter(ids[most - 1 : most]), None)))
        return min(found, key=lambda ids_and_last: ids_and_last[1] or FIRST)

    def _newest(self, most: int, among: JobQuerySet) -> Ids:
        """That many ids, whatever `others` say. PostgreSQL reads no more than the index for them; asked for whole rows,
        it may think it quicker to go through all jobs."""
        within = among.filter(*self.indexed, id__gte=self.first, id__lt=self.before)
        return within.order_by("-id").values_list("id", flat=True)[:most]

    def _among(self, ids: Ids) -> JobQuerySet:
        """Those of the ids that are asked for. The planner may go through all jobs in their order instead of by ids, so
        it is told where these begin."""
        within = self.jobs.filter(*self.indexed, *self.others, id__gte=self.first, id__lt=self.before)
        return within.filter(id__in=ids)
