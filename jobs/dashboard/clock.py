"""A time that a page shows."""

from dataclasses import dataclass
from datetime import timedelta

from jobs.dashboard import words


@dataclass(frozen=True, slots=True)
class Clock:
    """A time that goes on: the server says how long it is by now, live-clock.js lets it tick."""

    seconds: float
    #: "for" counts up, "in" counts down, "ago" tells a distance in the past.
    form: str
    is_ticking: bool = True

    @property
    def text(self) -> str:
        time = timedelta(seconds=self.seconds)
        if self.form == "ago":
            return words.ago(time)
        if self.form == "in":
            return f"in {words.whole_duration(round(self.seconds))}" if self.seconds >= 1 else "any moment"
        return words.whole_duration(int(self.seconds)) if self.is_ticking else words.duration(time)
