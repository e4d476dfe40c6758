"""SAQ on Redis."""

from benchmarks.contender import Contender

CONTENDERS = [
    Contender(
        name="saq",
        title="SAQ",
        peer="saq",
        durability="job and result in Redis",
        client="benchmarks.peers.saq.app",
        worker=("-m", "saq", "benchmarks.peers.saq.app.settings", "--quiet"),
        left_in_redis=(("ZCARD", "saq:default:incomplete"),),
        jobs=8_000,
        naps=4_000,
        environ={"BENCH_LOOP": "uvloop"},
    ),
]
