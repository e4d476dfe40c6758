"""How much is measured: the whole form, and the quick one that only shows that all of it works."""

from dataclasses import dataclass

from benchmarks.contender import Contender


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    rounds: int
    #: Part of each contender's own numbers of jobs.
    share: float
    #: Samples of a latency in one round, and the seconds after which no more are taken.
    samples: int
    sample_seconds: float
    #: How long an idle worker is watched.
    idle_seconds: float
    #: The fewest jobs that a rate is taken from.
    fewest: int

    def jobs(self, contender: Contender) -> int:
        return self._part_of(contender.jobs)

    def naps(self, contender: Contender) -> int:
        return self._part_of(contender.naps)

    def soak(self, contender: Contender) -> int:
        return int(contender.soak * self.share)

    def backlogs(self, contender: Contender) -> list[int]:
        """In the quick form only the smallest."""
        return list(contender.backlogs if self.share == 1 else contender.backlogs[:1])

    def _part_of(self, jobs: int) -> int:
        return max(min(self.fewest, jobs), int(jobs * self.share))


WHOLE = Sizes(rounds=3, share=1, samples=120, sample_seconds=5, idle_seconds=6, fewest=200)
QUICK = Sizes(rounds=1, share=0.05, samples=20, sample_seconds=2, idle_seconds=2, fewest=200)
