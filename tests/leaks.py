"""What has come to light of the secrets of this run (tests/planted.py), and where. tests/lookouts.py looks for it."""

import os
import re
import sqlite3
from collections.abc import Collection
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from tests.planted import MARKS, Secret

ANY_SECRET = re.compile("|".join(Secret))
#: Of the text around it.
AMID_CHARACTERS = 80


@dataclass
class Leaks:
    #: By the secret and the place: during which test it was first seen there, and amid what.
    found: dict[tuple[Secret, str], str] = field(default_factory=dict)

    def look(self, place: str, text: str, allowed: Collection[Secret] = ()) -> None:
        if not any(mark in text for mark in MARKS):
            return  # that was far quicker than the expression is
        for secret in ANY_SECRET.finditer(text):
            amid = text[max(secret.start() - AMID_CHARACTERS, 0) : secret.end() + AMID_CHARACTERS]
            seen = f"{os.environ.get('PYTEST_CURRENT_TEST')}: {amid!r}"
            if secret[0] not in allowed:
                self.found.setdefault((Secret(secret[0]), place), seen)

    def look_into_folder(self, folder: Path) -> None:
        """Of servers that have stopped. What was ever written to Redis is in its append-only file."""
        for path in folder.rglob("*.aof"):
            self.look("Redis", path.read_text(errors="replace"))
        for path in (*folder.rglob("*.log"), *folder.glob("log")):
            self.look("a process' log", path.read_text(errors="replace"))

    def look_into_sqlite(self, path: Path) -> None:
        """The events in a store with all its tables."""
        with closing(sqlite3.connect(path)) as store:
            for (data,) in store.execute("SELECT data FROM jobs_event"):
                self.look("events", data)

    def __str__(self) -> str:
        return "\n".join(
            f"{secret.name} is in {place}: {seen}" for (secret, place), seen in self.found.items()
        )


#: Those of this run.
leaks = Leaks()
