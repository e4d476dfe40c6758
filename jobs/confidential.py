"""What a text may not tell: the redacted arguments of a job, and what this deployment's settings keep secret."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed

from jobs.errors import SecretsUnreadable
from jobs.redaction import Row, hidden_in
from jobs.rules.masking import Mask, passwords_in, texts_in

#: Settings of Django's own whose names sound like secrets. Their values are the names of classes, and a number.
_NO_SECRETS = {
    "AUTHENTICATION_BACKENDS",
    "AUTH_PASSWORD_VALIDATORS",
    "AUTH_USER_MODEL",
    "PASSWORD_HASHERS",
    "PASSWORD_RESET_TIMEOUT",
}


def cleaned(text: str, job: Row) -> str:
    """A text of a job, such as its error, without secrets."""
    return mask_of(job)(text)


def mask_of(job: Row) -> Mask:
    """What cleans texts of the job."""
    return Mask(secrets_of(job) | _secrets_of_settings())


def secrets_of(job: Row) -> frozenset[str]:
    """The texts in the job's redacted arguments; none if they can't be read, as then nobody has seen them here."""
    try:
        return frozenset(text for value in hidden_in(job).values() for text in texts_in(value))
    except SecretsUnreadable:
        return frozenset()


@cache
def mask_of_settings() -> Mask:
    """What cleans texts that belong to no job."""
    return Mask(_secrets_of_settings())


@cache
def _secrets_of_settings() -> frozenset[str]:
    names = [name for name in dir(settings) if name.isupper() and name not in _NO_SECRETS]
    return frozenset(text for name in names for text in _secrets_in(name, getattr(settings, name)))


def _secrets_in(name: Any, value: Any) -> Iterator[str]:
    """Whatever stands under a secret's name, and the passwords of URLs anywhere."""
    # Here, as it loads a good part of Django, for failures alone.
    from django.views.debug import SafeExceptionReporterFilter

    if isinstance(name, str) and SafeExceptionReporterFilter.hidden_settings.search(name):
        yield from texts_in(value)
        return
    match value:
        case str():
            yield from passwords_in(value)
        case dict():
            for key, item in value.items():
                yield from _secrets_in(key, item)
        case list() | tuple():
            for item in value:
                yield from _secrets_in("", item)


def _forget(**_: object) -> None:
    _secrets_of_settings.cache_clear()
    mask_of_settings.cache_clear()


setting_changed.connect(_forget)
