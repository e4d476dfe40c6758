"""Mean and standard deviation of a stream, in constant memory."""

import math
from dataclasses import dataclass


@dataclass(slots=True)
class Moments:
    """Count, mean, spread and extremes of all numbers added so far.

    Welford's method, a batch at a time: two batches' means and squared deviations merge exactly (Chan,
    Golub & LeVeque 1979), so that no large sums of squares cancel.
    """

    count: int = 0
    mean: float = 0.0
    low: float = math.inf
    high: float = -math.inf
    #: Sum of squared deviations from the mean.
    deviation: float = 0.0

    def add(self, numbers: list[float]) -> None:
        if not numbers:
            return
        count = len(numbers)
        mean = math.fsum(numbers) / count
        residuals = [number - mean for number in numbers]
        total, shift = self.count + count, mean - self.mean
        self.deviation += math.sumprod(residuals, residuals) + shift * shift * self.count * count / total
        self.mean += shift * count / total
        self.count = total
        self.low = min(self.low, *numbers)
        self.high = max(self.high, *numbers)

    @property
    def stddev(self) -> float | None:
        """Of a sample (n - 1); None for fewer than two numbers."""
        return math.sqrt(self.deviation / (self.count - 1)) if self.count > 1 else None
