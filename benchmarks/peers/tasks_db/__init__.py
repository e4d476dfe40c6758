"""django-tasks-db on PostgreSQL. Its worker runs one job after the other: it has one slot, not SLOTS."""

from benchmarks.contender import Contender

LEFT = """
    SELECT EXISTS(SELECT 1 FROM django_tasks_database_dbtaskresult WHERE status IN ('READY', 'RUNNING'))
"""

CONTENDERS = [
    Contender(
        name="django-tasks-db",
        title="django-tasks-db (1 slot)",
        peer="tasks_db",
        durability="row and result committed in PostgreSQL; nothing rescues what a crash leaves running",
        client="benchmarks.peers.tasks_db.app",
        worker=("-m", "django", "db_worker", "--no-startup-delay", "--verbosity=0"),
        database="postgresql",
        prepare=("-m", "django", "migrate", "--verbosity=0"),
        left_in_sql=LEFT,
        jobs=800,
        naps=150,
        environ={"DJANGO_SETTINGS_MODULE": "benchmarks.peers.tasks_db.settings", "BENCH_LOOP": "uvloop"},
    ),
]
