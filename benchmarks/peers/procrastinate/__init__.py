"""procrastinate on PostgreSQL."""

from benchmarks.contender import SLOTS, Contender

APP = ("-m", "procrastinate", "--app=benchmarks.peers.procrastinate.app.app")

CONTENDERS = [
    Contender(
        name="procrastinate",
        title="procrastinate",
        peer="procrastinate",
        durability="row and events committed in PostgreSQL; stores no result",
        client="benchmarks.peers.procrastinate.app",
        worker=(*APP, "worker", f"--concurrency={SLOTS}"),
        database="postgresql",
        prepare=(*APP, "schema", "--apply"),
        left_in_sql="SELECT EXISTS(SELECT 1 FROM procrastinate_jobs WHERE status IN ('todo', 'doing'))",
        jobs=1_200,
        naps=600,
        environ={"BENCH_LOOP": "uvloop"},
    ),
]
