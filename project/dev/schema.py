"""A quick guess, without Django, at whether the last start's migrations are still all there are."""

import hashlib
import os
from pathlib import Path

from project import env

NOTE = env.STATE / "schema.sha256"


def is_current(database: dict[str, object]) -> bool:
    """Only a hint, to save a second: the migrations themselves are looked at in any case."""
    if "sqlite3" in str(database["ENGINE"]) and not Path(str(database["NAME"])).exists():
        return False
    try:
        return NOTE.read_text() == fingerprint()
    except OSError:
        return False


def note() -> None:
    """Every migration has been applied."""
    NOTE.write_text(fingerprint())


def fingerprint() -> str:
    """Of the migrations, ours and the libraries', and of the place where they were applied."""
    digest = hashlib.sha256(os.environ.get("DATABASE_URL", "").encode())
    for path in [env.ROOT / "requirements.lock", *sorted(env.ROOT.glob("*/migrations/*.py"))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()
