"""How the free slots of a worker are dealt out to its queues."""

from collections.abc import Mapping, Sequence


class Turns:
    """Whose turn it is: over time each queue comes first in proportion to its weight, and none waits for ever.

    The smooth weighted round-robin of nginx: every queue gains its weight in credit, the richest comes first and pays
    for all.
    """

    def __init__(self, weights: Mapping[str, int]) -> None:
        self._weights = weights
        self._credits = dict.fromkeys(weights, 0)

    def take(self) -> list[str]:
        """The queues in the order of this turn."""
        for queue, weight in self._weights.items():
            self._credits[queue] += weight
        order = sorted(self._credits, key=self._credits.__getitem__, reverse=True)
        self._credits[order[0]] -= sum(self._weights.values())
        return order


def deal(slots: int, order: Sequence[str], weights: Mapping[str, int]) -> dict[str, int]:
    """Each queue's share of the slots, by weight; what does not divide goes to the first in the order."""
    total = sum(weights[queue] for queue in order)
    shares = {queue: slots * weights[queue] // total for queue in order}
    for queue in order[: slots - sum(shares.values())]:
        shares[queue] += 1
    return shares
