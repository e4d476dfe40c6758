"""Tasks that take what nobody may see."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.tasks import task

from jobs import JobContext

#: What the tasks were really called with; only good within one process.
got: list[Any] = []


@task(redact=("password", "pin"), expose="secret.sign_in")
async def sign_in(user: str, password: str, pin: int = 0, *, note: str = "") -> str:
    """Signs somebody in."""
    got.append((user, password, pin, note))
    return "signed in"


@task(redact=("keys",), takes_context=True, max_attempts=2, backoff=lambda _attempt, _error: timedelta(0))
def tell_all(context: JobContext, keys: dict[str, Any]) -> None:
    """Says its secrets wherever a task can say something."""
    context.progress(0.5, f"with {keys['token']}")
    context.log.info("with %s", keys["token"])
    context.log.info("with %(token)s", keys)
    try:
        raise KeyError(keys["token"])
    except KeyError as error:
        context.log.exception("failed")
        raise ConnectionError(f"refused {keys}") from error


@task(redact=("password",), executor="process")
def tell_all_in_process(password: str) -> None:
    raise ConnectionError(f"refused {password}")


@task(takes_context=True)
async def whisper(context: JobContext, text: str) -> None:
    raise ConnectionError(text)


@task
async def tell_settings() -> None:
    """As a library does that cannot connect."""
    raise ConnectionError(f"no answer from {getattr(settings, 'BILLING', '')} with {settings.SECRET_KEY}")
