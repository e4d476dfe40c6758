"""Texts that the database may hold, and whoever has only a copy of it may not read.

Keys are made from SECRET_KEY; SECRET_KEY_FALLBACKS decrypt too, so that what is stored outlives a change of the key.
"""

import base64
from functools import lru_cache
from typing import TYPE_CHECKING

from django.conf import settings

from jobs.errors import SecretsUnreadable

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet


def encrypt(text: str, *, purpose: str) -> str:
    """`purpose` names what kind of text it is: each has a key of its own."""
    return _of_settings(purpose).encrypt(text.encode()).decode()


def decrypt(text: str, *, purpose: str) -> str:
    """What was encrypted for that purpose. Raises SecretsUnreadable."""
    from cryptography.fernet import InvalidToken

    try:
        return _of_settings(purpose).decrypt(text).decode()
    except InvalidToken as error:
        raise SecretsUnreadable from error


def _of_settings(purpose: str) -> "MultiFernet":
    return _made((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS), purpose)


@lru_cache(maxsize=4)
def _made(keys: tuple[str, ...], purpose: str) -> "MultiFernet":
    """Encrypts with the first key, decrypts with any. Its library is loaded here, as most processes never need it."""
    from cryptography.fernet import Fernet, MultiFernet
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    def derived(key: str) -> bytes:
        # Nothing else that is made from SECRET_KEY tells anything about it.
        derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"handoff: {purpose}".encode())
        return base64.urlsafe_b64encode(derivation.derive(key.encode()))

    return MultiFernet([Fernet(derived(key)) for key in keys])
