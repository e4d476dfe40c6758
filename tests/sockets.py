"""A browser's end of a socket, without a server between. (channels.testing has one too, but it needs daphne.)"""

import json
from functools import cache
from typing import Any

from asgiref.testing import ApplicationCommunicator
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from consumers.asyncapi import document
from jobs.api.v1 import api
from tests.leaks import leaks


@cache
def told_schema() -> Draft202012Validator:
    """Validates any message of the server."""
    here, there = "/api/v1/asyncapi.json", "/api/v1/openapi.json"
    documents = {here: document(), there: json.loads(json.dumps(api.get_openapi_schema()))}
    told = [message["$ref"] for message in documents[here]["operations"]["tell"]["messages"]]
    schemas = [{"$ref": f"{here}#/components/schemas/{ref.rpartition('/')[2]}"} for ref in told]
    known = {url: DRAFT202012.create_resource(each) for url, each in documents.items()}
    return Draft202012Validator({"oneOf": schemas}, registry=Registry().with_resources(known.items()))


class Socket:
    """Speaks ASGI's websocket messages to a consumer, or to all that lies before it."""

    def __init__(self, application: Any, **scope: Any) -> None:
        self._end = ApplicationCommunicator(
            application,
            {"type": "websocket", "path": "/ws/v1/live", "subprotocols": [], "headers": []} | scope,
        )

    async def open(self) -> Any:
        await self._end.send_input({"type": "websocket.connect"})
        return await self._end.receive_output(10)

    async def say(self, **frame: Any) -> None:
        await self.send(text=json.dumps(frame))

    async def send(self, **text_or_bytes: Any) -> None:
        await self._end.send_input({"type": "websocket.receive", **text_or_bytes})

    async def hear(self) -> Any:
        """The next frame; fails the test when it is a close, or is not as the protocol's document says."""
        text = (await self._end.receive_output(10))["text"]
        leaks.look("what sockets are told", text)
        message = json.loads(text)
        told_schema().validate(message)
        return message

    async def hear_or_close_code(self) -> Any:
        """The next frame, or the code of the close that comes instead."""
        output = await self._end.receive_output(10)
        return output["code"] if output["type"] == "websocket.close" else json.loads(output["text"])

    async def close_code(self) -> Any:
        """Of the close that must come next."""
        return (await self._end.receive_output(10))["code"]

    async def hears_nothing(self, seconds: float = 0.2) -> Any:
        return await self._end.receive_nothing(seconds)

    async def close(self) -> None:
        await self._end.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.end()

    async def end(self) -> None:
        """Waits until the application is done with the socket; raises what it raised."""
        await self._end.wait(10)
