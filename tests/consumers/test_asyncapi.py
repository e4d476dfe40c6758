"""The document of the socket's protocol. What sockets say in all tests is held against it: see tests/sockets.py."""

import json

import pytest
from django.test import AsyncClient
from jsonschema import ValidationError

from consumers.asyncapi import CLOSES, document
from consumers.protocol import Close
from tests.sockets import told_schema


async def test_it_is_published():
    answer = await AsyncClient().get("/api/v1/asyncapi.json")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == json.loads(json.dumps(document()))
    assert answer.json()["asyncapi"] == "3.0.0"


def test_every_reference_leads_somewhere_and_every_close_code_is_explained():
    whole = document()
    refs = [ref for ref in _refs(whole) if ref.startswith("#/")]
    assert len(refs) > 30
    for ref in refs:
        found = whole
        for name in ref.removeprefix("#/").split("/"):
            found = found[name]
    assert set(CLOSES) == set(Close)


def _refs(part):
    if isinstance(part, dict):
        if isinstance(ref := part.get("$ref"), str):
            yield ref
        for each in part.values():
            yield from _refs(each)
    elif isinstance(part, list):
        for each in part:
            yield from _refs(each)


@pytest.mark.parametrize(
    "message",
    [
        {"type": "pong", "more": 1},
        {"type": "event", "topic": "job:1"},
        {"type": "snapshot", "topic": "job:1", "job": {}, "seq": 1},
    ],
)
def test_what_is_no_message_of_ours_does_not_fit(message):
    with pytest.raises(ValidationError):
        told_schema().validate(message)
