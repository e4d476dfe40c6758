"""threadmill on Redis: one worker process beside the one that supervises it."""

from benchmarks.contender import SLOTS, Contender

CONTENDERS = [
    Contender(
        name="threadmill",
        title="threadmill",
        peer="threadmill",
        durability="job and result in Redis",
        client="benchmarks.peers.threadmill.app",
        worker=("-m", "django", "threadmill", "worker", "--workers=1", f"--threads={SLOTS}"),
        left_in_redis=(
            ("ZCARD", "threadmill:{default}:queue:default"),
            ("ZCARD", "threadmill:{default}:running:default"),
        ),
        jobs=1_500,
        naps=1_000,
        environ={"DJANGO_SETTINGS_MODULE": "benchmarks.peers.threadmill.settings"},
    ),
]
