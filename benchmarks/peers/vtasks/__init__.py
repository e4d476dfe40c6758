"""django-vtasks on Valkey and on PostgreSQL."""

from benchmarks.contender import SLOTS, Contender

WORKER = ("-m", "django", "runworker", f"--concurrency={SLOTS}", "--id=bench")
ENVIRON = {"DJANGO_SETTINGS_MODULE": "benchmarks.peers.vtasks.settings", "BENCH_LOOP": "uvloop"}

CONTENDERS = [
    Contender(
        name="vtasks-valkey",
        title="django-vtasks, Valkey",
        peer="vtasks",
        durability="job in Valkey; stores no result",
        client="benchmarks.peers.vtasks.app",
        worker=WORKER,
        left_in_redis=(("LLEN", "{vt}:q:default"), ("LLEN", "{vt}:processing:bench")),
        jobs=12_000,
        naps=6_000,
        environ={**ENVIRON, "VTASKS_STORE": "valkey"},
    ),
    Contender(
        name="vtasks-pg",
        title="django-vtasks, PostgreSQL",
        peer="vtasks",
        durability="row committed in PostgreSQL and deleted at its end; stores no result",
        client="benchmarks.peers.vtasks.app",
        worker=WORKER,
        database="postgresql",
        prepare=("-m", "django", "migrate", "--verbosity=0"),
        left_in_sql="SELECT EXISTS(SELECT 1 FROM db_queuedtask WHERE status IN ('QUEUED', 'PROCESSING'))",
        jobs=1_000,
        naps=400,
        environ={**ENVIRON, "VTASKS_STORE": "postgresql"},
    ),
]
