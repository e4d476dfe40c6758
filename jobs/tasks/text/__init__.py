"""text.stream: a text, word by word, as a model would write it."""

import asyncio
import re
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Annotated

from django.tasks import task
from pydantic import Field

from jobs import JobContext

MAX_TEXT_LENGTH = 2_000
#: So that the longest text, a thousand words of one letter, ends within the time limit.
MIN_WORDS_PER_SECOND = 2
MAX_WORDS_PER_SECOND = 100

#: A word with the space that follows it, so that all pieces together are the text.
_PIECE = re.compile(r"\s*\S+\s*|\s+")


@task(takes_context=True, expose="text.stream", timeout=timedelta(minutes=10))
async def stream(
    context: JobContext,
    text: Annotated[
        str,
        Field(
            min_length=1,
            max_length=MAX_TEXT_LENGTH,
            description="What to stream.",
            json_schema_extra={"format": "textarea"},
        ),
    ],
    *,
    words_per_second: Annotated[
        int, Field(ge=MIN_WORDS_PER_SECOND, le=MAX_WORDS_PER_SECOND, description="How fast.")
    ] = 10,
) -> AsyncGenerator[str]:
    """Stream a text word by word, each piece as soon as it is there."""
    words = _PIECE.findall(text)
    context.log.info("%d words, %d a second.", len(words), words_per_second)
    for number, word in enumerate(words, 1):
        yield word
        context.progress(number / len(words))
        await asyncio.sleep(1 / words_per_second)
    context.log.info("That was all.")
