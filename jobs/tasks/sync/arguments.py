"""What `sync.pull` takes: types, limits and help, which make its form and its JSON Schema."""

from typing import Annotated

from pydantic import Field

from jobs.models.synced import MAX_COLLECTION_LENGTH, MAX_URL_LENGTH

Url = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_URL_LENGTH,
        description="First page of a JSON API: https, on the public internet.",
        json_schema_extra={"format": "uri"},
    ),
]
CollectionName = Annotated[
    str,
    Field(
        pattern=rf"^[a-z0-9][a-z0-9_-]{{0,{MAX_COLLECTION_LENGTH - 1}}}$",
        description="The set of records to fill: small letters, digits, - and _.",
    ),
]
IdField = Annotated[
    str, Field(min_length=1, max_length=100, description="The field that tells records apart.")
]
ItemsField = Annotated[
    str,
    Field(
        max_length=100,
        description="The field that holds a page's list. Empty: the page is the list, or has it in items, results, "
        "data or records.",
    ),
]
