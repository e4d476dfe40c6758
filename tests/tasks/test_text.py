"""text.stream, as its caller sees it."""

import pytest

from jobs.arguments import parse
from jobs.errors import InvalidArguments
from jobs.models import Job
from jobs.tasks.text import MAX_TEXT_LENGTH, stream
from tests.worker.working import work_off

TEXT = " Slow and\n\nsteady  wins "


@pytest.mark.django_db(transaction=True)
async def test_the_words_are_told_one_by_one_and_together_are_the_text():
    await stream.aenqueue(TEXT, words_per_second=100)
    await work_off()
    job = await Job.objects.aget()
    events = [event async for event in job.events.filter(kind__in=["chunk", "log"]).order_by("seq")]
    words = [event.data["value"] for event in events[1:-1]]
    assert ("".join(words), len(words), job.return_value) == (TEXT, 4, words)
    assert [event.data["text"] for event in (events[0], events[-1])] == [
        "4 words, 100 a second.",
        "That was all.",
    ]


@pytest.mark.parametrize(
    "arguments, is_fine",
    [
        ({"text": "x" * MAX_TEXT_LENGTH, "words_per_second": 2}, True),
        ({"text": "x", "words_per_second": 100}, True),
        ({"text": "x" * (MAX_TEXT_LENGTH + 1)}, False),
        ({"text": ""}, False),
        ({"text": "x", "words_per_second": 1}, False),
        ({"text": "x", "words_per_second": 101}, False),
    ],
)
def test_text_and_pace_have_limits(arguments, is_fine):
    if is_fine:
        assert parse(stream, arguments) == arguments
    else:
        with pytest.raises(InvalidArguments):
            parse(stream, arguments)
