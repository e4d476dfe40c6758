"""The operator's verbs: `manage.py jobs cancel|retry|promote|prioritize|pause|resume|queues|prune|show`."""

import json
import os
from collections import Counter
from collections.abc import Callable
from getpass import getuser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Count
from django.tasks.base import TASK_MAX_PRIORITY, TASK_MIN_PRIORITY
from django.utils import timezone

from jobs.errors import JobError, JobNotFound
from jobs.events.shapes import job_json
from jobs.lifecycle import prune, queues
from jobs.lifecycle.audit import By
from jobs.lifecycle.cancel import CANCEL
from jobs.lifecycle.prioritize import prioritizing
from jobs.lifecycle.promote import PROMOTE
from jobs.lifecycle.retry import RETRY
from jobs.lifecycle.verb import Verb, act
from jobs.models import Job, Via
from jobs.status import Status

#: Of a job that has not ended, in the order in which it goes through them.
COLUMNS = (Status.BLOCKED, Status.DEFERRED, Status.READY, Status.RUNNING)
#: What can be done to jobs without saying more.
VERBS = {"cancel": CANCEL, "retry": RETRY, "promote": PROMOTE}


class Command(BaseCommand):
    help = "Looks at jobs and queues, and acts on them."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="verb")
        parsers = {}
        for verb, what in (
            ("cancel", "ends jobs: those that wait at once, those that run as soon as they have been told"),
            ("retry", "makes jobs that have ended ready again"),
            ("promote", "lets deferred jobs start now"),
            ("prioritize", "gives jobs that wait another priority"),
        ):
            parsers[verb] = verbs.add_parser(verb, help=what)
            parsers[verb].add_argument("ids", nargs="+", metavar="id")
        parsers["prioritize"].add_argument(
            "--priority",
            type=int,
            choices=range(TASK_MIN_PRIORITY, TASK_MAX_PRIORITY + 1),
            required=True,
            metavar=f"{TASK_MIN_PRIORITY}…{TASK_MAX_PRIORITY}",
        )
        for verb, what in (
            ("pause", "stops workers from starting jobs of a queue"),
            ("resume", "lets them start again"),
        ):
            verbs.add_parser(verb, help=what).add_argument("queue")
        verbs.add_parser("queues", help="what waits and runs in each queue")
        verbs.add_parser("prune", help="deletes what has been kept for long enough, now")
        verbs.add_parser("show", help="all that is known of a job, as JSON").add_argument("id")

    def handle(self, *, verb: str, **arguments: Any) -> None:
        match verb:
            case "prioritize":
                self._each(arguments["ids"], prioritizing(arguments["priority"]))
            case _ if verb in VERBS:
                self._each(arguments["ids"], VERBS[verb])
            case "pause":
                self._set(queues.pause, arguments["queue"])
            case "resume":
                self._set(queues.resume, arguments["queue"])
            case "queues":
                self._list_queues()
            case "prune":
                self._prune()
            case "show":
                self._show(arguments["id"])

    def _each(self, ids: list[str], verb: Verb) -> None:
        """What can't be done to one does not keep the others from it."""
        refused = 0
        for text in ids:
            try:
                job = act(verb, _id(text), _by())
            except JobError as error:
                refused += 1
                self.stderr.write(str(error))
            else:
                asked = ", asked to end" if job.status == Status.RUNNING else ""
                self.stdout.write(f"{job.id} {job.status}{asked}")
        if refused:
            raise CommandError(f"{refused} of {len(ids)} were refused.")

    def _set(self, act: Callable[..., Any], queue: str) -> None:
        try:
            act(queue, by=_by())
        except JobError as error:
            raise CommandError(str(error)) from error
        self._list_queues()

    def _list_queues(self) -> None:
        active = Job.objects.filter(finished_at=None).values_list("queue_name", "status")
        rows = active.annotate(number=Count("id")).order_by()
        counts = Counter({(queue, status): number for queue, status, number in rows})
        names = sorted({*queues.declared(), *(queue for queue, _ in counts)})
        paused = set(queues.paused())
        width = max(map(len, names))
        self.stdout.write(f"{'queue':{width}}" + "".join(f"{status:>10}" for status in COLUMNS))
        for name in names:
            numbers = "".join(f"{counts[name, status]:>10}" for status in COLUMNS)
            self.stdout.write(f"{name:{width}}{numbers}{'  paused' if name in paused else ''}")

    def _prune(self) -> None:
        self.stdout.write(f"Deleted {sum(prune.batches(timezone.now()))} jobs and uploads.")

    def _show(self, text: str) -> None:
        try:
            job = Job.objects.full().filter(id=_id(text)).first()
        except JobNotFound as error:
            raise CommandError(str(error)) from error
        if job is None:
            raise CommandError(f"There is no job {text}; its id may be wrong, or it was pruned.")
        self.stdout.write(json.dumps(job_json(job, with_traceback=True), indent=2))


def _by() -> By:
    """The account that runs the command; one without a name, as in a container, is told by its number."""
    try:
        name = getuser()
    except (OSError, KeyError):
        name = str(os.getuid())
    return By(via=Via.COMMAND, name=name)


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise JobNotFound(f"There is no job {text!r}; expected an id such as {UUID(int=0)}.") from error
