"""huey on Redis, with threads."""

from benchmarks.contender import SLOTS, Contender

CONTENDERS = [
    Contender(
        name="huey",
        title="huey, threads",
        peer="huey",
        durability="job and result in Redis; taken off the queue when it starts, so a crash loses what runs",
        client="benchmarks.peers.huey.app",
        worker=(
            *("-m", "huey.bin.huey_consumer", "benchmarks.peers.huey.app.huey"),
            *("--worker-type=thread", f"--workers={SLOTS}", "--quiet"),
        ),
        ended_in_redis=("HLEN", "huey.results.bench"),
        jobs=5_000,
        naps=2_500,
    ),
]
