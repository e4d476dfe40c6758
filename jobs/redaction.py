"""Arguments that nobody may see: "***" in the row, and their values encrypted beside it.

The key is made from SECRET_KEY, so that a copy of the database alone tells nothing; SECRET_KEY_FALLBACKS decrypt too,
so that jobs outlive a change of the key. Only the process that runs the task decrypts.
"""

import base64
import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from django.conf import settings

from jobs.arguments import parameter_names
from jobs.errors import SecretsUnreadable
from jobs.rules.masking import MASK
from jobs.task import Task

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet


class Row(Protocol):
    """The part of a job that holds its arguments."""

    args: list[Any]
    kwargs: dict[str, Any]
    secrets: str


def redact(task: Task, args: list[Any], kwargs: dict[str, Any]) -> tuple[list[Any], dict[str, Any], str]:
    """Bound arguments as `args`, `kwargs` and `secrets` of the row keep them."""
    if not task.redact:
        return args, kwargs, ""
    names = dict(enumerate(parameter_names(task)))
    hidden: dict[int | str, Any] = {
        place: value for place, value in enumerate(args) if names.get(place) in task.redact
    }
    hidden |= {name: value for name, value in kwargs.items() if name in task.redact}
    if not hidden:
        return args, kwargs, ""
    return (
        [MASK if place in hidden else value for place, value in enumerate(args)],
        {name: MASK if name in hidden else value for name, value in kwargs.items()},
        _cipher().encrypt(json.dumps(list(hidden.items())).encode()).decode(),
    )


def reveal(job: Row) -> tuple[list[Any], dict[str, Any]]:
    """The arguments as the task is called with them. Raises SecretsUnreadable."""
    if not job.secrets:
        return job.args, job.kwargs
    hidden = hidden_in(job)
    return (
        [hidden.get(place, value) for place, value in enumerate(job.args)],
        {name: hidden.get(name, value) for name, value in job.kwargs.items()},
    )


def hidden_in(job: Row) -> dict[int | str, Any]:
    """The redacted values, by position or name. Raises SecretsUnreadable."""
    if not job.secrets:
        return {}
    from cryptography.fernet import InvalidToken

    try:
        return dict(json.loads(_cipher().decrypt(job.secrets)))
    except InvalidToken as error:
        raise SecretsUnreadable from error


def _cipher() -> "MultiFernet":
    return _cipher_of((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


@lru_cache(maxsize=1)
def _cipher_of(keys: tuple[str, ...]) -> "MultiFernet":
    """Encrypts with the first key, decrypts with any. Its library is loaded here, as most processes never need it."""
    from cryptography.fernet import Fernet, MultiFernet
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    def derived(key: str) -> bytes:
        # A key for this use alone: nothing else that is made from SECRET_KEY tells anything about it.
        derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"handoff: redacted arguments")
        return base64.urlsafe_b64encode(derivation.derive(key.encode()))

    return MultiFernet([Fernet(derived(key)) for key in keys])
