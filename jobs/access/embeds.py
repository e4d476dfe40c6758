"""Pages of other sites that show a job: they come with a ticket or a job token, or not at all."""

from django.conf import settings


def is_embed(origin: str) -> bool:
    """Whether a page of EMBED_ORIGINS asks. Browsers write scheme, host and port in one way alone."""
    return origin in settings.EMBED_ORIGINS
