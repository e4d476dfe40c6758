"""Handoff itself: through django.tasks on either store, and as a faster worker of plain arq coroutines."""

from benchmarks.contender import Contender

LEFT = "SELECT EXISTS(SELECT 1 FROM jobs_job WHERE status IN ('blocked', 'deferred', 'ready', 'running'))"
SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "benchmarks.peers.handoff.settings",
    "SECRET_KEY": "only for benchmarks, where nothing is secret",
    "LOG_LEVEL": "WARNING",
    "BENCH_LOOP": "uvloop",
}

CONTENDERS = [
    Contender(
        name="handoff-pg",
        title="**Handoff**, PostgreSQL",
        peer="",
        durability="row, events and result committed in PostgreSQL",
        client="benchmarks.peers.handoff.app",
        worker=("worker.py",),
        database="postgresql",
        prepare=("manage.py", "migrate", "--verbosity=0"),
        left_in_sql=LEFT,
        jobs=100_000,
        naps=10_000,
        backlogs=(1_000, 100_000),
        soak=1_000_000,
        environ=SETTINGS,
    ),
    Contender(
        name="handoff-sqlite",
        title="**Handoff**, SQLite",
        peer="",
        durability="row, events and result committed in SQLite (WAL, synchronous=NORMAL)",
        client="benchmarks.peers.handoff.app",
        worker=("worker.py",),
        database="sqlite",
        prepare=("manage.py", "migrate", "--verbosity=0"),
        left_in_sql=LEFT,
        jobs=100_000,
        naps=10_000,
        backlogs=(1_000, 100_000),
        environ=SETTINGS,
    ),
    Contender(
        name="handoff-plain",
        title="**Handoff**, plain arq coroutines",
        peer="",
        durability="job and result in Redis",
        client="benchmarks.peers.handoff.plain",
        worker=("-m", "benchmarks.peers.handoff.plain"),
        database="sqlite",  # for the worker; these jobs have no rows
        prepare=("manage.py", "migrate", "--verbosity=0"),
        left_in_redis=(("ZCARD", "arq:queue"),),
        jobs=20_000,
        naps=20_000,
        backlogs=(1_000, 10_000),
        environ=SETTINGS,
    ),
]
