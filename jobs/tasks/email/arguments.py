"""What `email.send` takes: types, limits and help, which make its form and its JSON Schema."""

from typing import Annotated

from pydantic import Field

#: Each recipient is a message of its own, sent one after the other.
MAX_RECIPIENTS = 100
#: RFC 5321 §4.5.3.1.3, without its angle brackets.
MAX_ADDRESS_LENGTH = 254
MAX_SUBJECT_LENGTH = 200
MAX_BODY_LENGTH = 50_000

Address = Annotated[
    str, Field(min_length=3, max_length=MAX_ADDRESS_LENGTH, json_schema_extra={"format": "email"})
]
Recipients = Annotated[
    list[Address],
    Field(
        min_length=1,
        max_length=MAX_RECIPIENTS,
        description="Each gets a message of their own; nobody sees the others.",
    ),
]
Subject = Annotated[str, Field(min_length=1, max_length=MAX_SUBJECT_LENGTH)]
Body = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_BODY_LENGTH,
        description="As plain text.",
        json_schema_extra={"format": "textarea"},
    ),
]
Html = Annotated[
    str,
    Field(
        max_length=MAX_BODY_LENGTH,
        description="The same as HTML, for programs that show it.",
        json_schema_extra={"format": "textarea"},
    ),
]
ReplyTo = Annotated[
    str,
    Field(
        max_length=MAX_ADDRESS_LENGTH,
        description="Where answers go, if not to the sender.",
        json_schema_extra={"format": "email"},
    ),
]
