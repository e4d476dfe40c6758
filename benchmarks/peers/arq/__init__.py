"""Stock arq: as it comes, and polling fifty times as often on uvloop."""

from benchmarks.contender import Contender

DURABILITY = "job and result in Redis; taken off the queue when it ends"

CONTENDERS = [
    Contender(
        name="arq",
        title="arq",
        peer="arq",
        durability=DURABILITY,
        client="benchmarks.peers.arq.app",
        worker=("-m", "benchmarks.peers.arq.app"),
        left_in_redis=(("ZCARD", "arq:queue"),),
        jobs=4_000,
        naps=2_000,
        environ={"ARQ_POLL_SECONDS": "0.5"},
    ),
    Contender(
        name="arq-10ms",
        title="arq, polling at 10 ms, uvloop",
        peer="arq",
        durability=DURABILITY,
        client="benchmarks.peers.arq.app",
        worker=("-m", "benchmarks.peers.arq.app"),
        left_in_redis=(("ZCARD", "arq:queue"),),
        jobs=6_000,
        naps=3_000,
        environ={"ARQ_POLL_SECONDS": "0.01", "BENCH_LOOP": "uvloop"},
    ),
]
