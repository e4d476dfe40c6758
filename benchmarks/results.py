"""Samples of a run, by contender and metric, and what failed."""

from collections import defaultdict
from dataclasses import dataclass, field

from benchmarks.contender import Contender
from benchmarks.metrics import Metric


@dataclass
class Results:
    _samples: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    #: By name of the contender, what it failed in.
    failures: dict[str, str] = field(default_factory=dict)

    def add(self, contender: Contender, samples: dict[str, list[float]]) -> None:
        for key, values in samples.items():
            self._samples[contender.name, key] += values

    def fail(self, contender: Contender, what: str, error: Exception) -> None:
        self.failures[contender.name] = (
            f"{contender.title}: {what} is missing, and what comes after it: {error}"
        )

    def value(self, contender: Contender, metric: Metric) -> float | None:
        """None when it was not measured."""
        samples = self._samples.get((contender.name, metric.key))
        return metric.of(samples) if samples else None

    def ratio(self, contender: Contender, baseline: Contender, metric: Metric) -> float | None:
        """How many times better the baseline is; below 1 the contender is better."""
        theirs, ours = self.value(contender, metric), self.value(baseline, metric)
        if not theirs or not ours:
            return None
        return ours / theirs if metric.more_is_better else theirs / ours
