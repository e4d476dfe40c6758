"""Who takes part, in the order of the tables."""

from benchmarks.contender import Contender
from benchmarks.peers import arq, celery, handoff, huey, procrastinate, saq, tasks_db, threadmill, vtasks

ALL: list[Contender] = [
    *handoff.CONTENDERS,
    *procrastinate.CONTENDERS,
    *vtasks.CONTENDERS,
    *tasks_db.CONTENDERS,
    *saq.CONTENDERS,
    *arq.CONTENDERS,
    *celery.CONTENDERS,
    *huey.CONTENDERS,
    *threadmill.CONTENDERS,
]

#: Every ratio is taken against it: rows, events and results committed in PostgreSQL.
BASELINE = "handoff-pg"
#: Compared with each other too: our worker and arq's, at the same jobs of the same client.
WITHOUT_ROWS = ("handoff-plain", "arq-10ms")
