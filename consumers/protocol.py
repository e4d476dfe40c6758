"""The frames of `handoff.v1`: what a client may send, and how it is refused."""

from enum import IntEnum
from typing import Annotated

import msgspec

SUBPROTOCOL = "handoff.v1"
#: A frame from a client; all of them are short.
MAX_FRAME_CHARACTERS = 4096
#: Topics that one socket may watch.
MAX_SUBSCRIPTIONS = 100
#: Frames that a client may send at once, and how many a second after that.
MAX_FRAMES = 300
FRAMES_PER_SECOND = 20.0

Topic = Annotated[str, msgspec.Meta(max_length=100)]
Seq = Annotated[int, msgspec.Meta(ge=0)]


class Close(IntEnum):
    """Why the server closed the socket."""

    BAD_FRAME = 4400
    NOT_SIGNED_IN = 4401
    FORBIDDEN = 4403
    TOO_SLOW = 4408
    TOO_MANY = 4429
    #: The registered codes: this process ends, and what the socket needs is away.
    RESTART = 1012
    TRY_AGAIN = 1013


class Subscribe(msgspec.Struct, tag_field="type", tag="subscribe", frozen=True):
    topic: Topic
    #: Number of the last event that the client has; absent: it has none and wants a snapshot.
    after: Seq | None = None


class Unsubscribe(msgspec.Struct, tag_field="type", tag="unsubscribe", frozen=True):
    topic: Topic


class Ping(msgspec.Struct, tag_field="type", tag="ping", frozen=True):
    pass


type Frame = Subscribe | Unsubscribe | Ping

_decoder: "msgspec.json.Decoder[Frame]" = msgspec.json.Decoder(Frame)


class BadFrame(ValueError):
    """The client sent something that is no frame of this protocol."""


def decode(text: str | None) -> Frame:
    """Raises BadFrame."""
    if text is None:
        raise BadFrame("expected a text frame, got a binary one")
    if len(text) > MAX_FRAME_CHARACTERS:
        raise BadFrame(f"expected at most {MAX_FRAME_CHARACTERS} characters, got {len(text)}")
    try:
        return _decoder.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise BadFrame(f"expected a subscribe, unsubscribe or ping object: {error}") from error
