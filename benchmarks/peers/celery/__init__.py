"""Celery with its threads pool."""

from benchmarks.contender import SLOTS, Contender

CONTENDERS = [
    Contender(
        name="celery",
        title="Celery, threads",
        peer="celery",
        durability="job and result in Redis; taken off the queue when it starts, so a crash loses what runs",
        client="benchmarks.peers.celery.app",
        worker=(
            *("-m", "celery", "--app=benchmarks.peers.celery.app", "worker"),
            *("--pool=threads", f"--concurrency={SLOTS}", "--loglevel=ERROR"),
        ),
        # A result is a key, and its results have a database of their own.
        ended_in_redis=("DBSIZE",),
        redis_database=1,
        jobs=2_500,
        naps=1_500,
    ),
]
