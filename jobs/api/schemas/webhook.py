"""Webhooks and their deliveries."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StrictBool, StrictStr

from jobs.api.schemas.base import Given, Shown
from jobs.models.webhook import MAX_DESCRIPTION_LENGTH, MAX_URL_LENGTH

#: No control characters, which SQL or HTTP could not carry.
Plain = Annotated[StrictStr, Field(pattern=r"^[^\x00-\x1f\x7f]*$")]
WebhookUrl = Annotated[
    Plain, Field(min_length=1, max_length=MAX_URL_LENGTH, json_schema_extra={"format": "uri"})
]
WebhookDescription = Annotated[Plain, Field(max_length=MAX_DESCRIPTION_LENGTH)]


class WebhookGiven(Given):
    """A URL that is to be told when jobs end."""

    url: WebhookUrl = Field(description="https, and on the public internet.")
    description: WebhookDescription = ""


class WebhookChange(Given):
    """What is left out stays."""

    url: WebhookUrl | None = None
    description: WebhookDescription | None = None
    enabled: StrictBool | None = None


class WebhookLinksOut(Shown):
    self: str
    deliveries: str


class WebhookOut(Shown):
    id: str = Field(json_schema_extra={"format": "uuid"})
    url: str
    description: str
    enabled: bool
    disabled_at: AwareDatetime | None
    disabled_reason: str | None
    created_at: AwareDatetime
    owner: int
    links: WebhookLinksOut


class WebhookWithSecretOut(WebhookOut):
    secret: str = Field(description="Verifies deliveries (Standard Webhooks); it can't be had again.")


class WebhookSecretOut(Shown):
    secret: str = Field(description="Verifies deliveries (Standard Webhooks); it can't be had again.")


class WebhooksOut(Shown):
    """Newest first."""

    webhooks: list[WebhookOut]
    next: str | None = Field(description="Address of the next page; also in the Link header.")


class TryOut(Shown):
    """One try to deliver."""

    at: AwareDatetime
    status_code: int | None = Field(description="What was answered; null: nothing.")
    duration_ms: int
    error: str | None = Field(description="Why nothing was answered.")


class DeliveryOut(Shown):
    """One end of one job, told to one webhook."""

    id: str = Field(description="The `webhook-id` of every try.", json_schema_extra={"format": "uuid"})
    type: str = Field(description="Such as handoff.job.successful.")
    job_id: str = Field(json_schema_extra={"format": "uuid"})
    status: Literal["pending", "delivered", "failed"]
    created_at: AwareDatetime
    delivered_at: AwareDatetime | None
    next_try_at: AwareDatetime | None
    attempts: list[TryOut]


class DeliveriesOut(Shown):
    """Newest first."""

    deliveries: list[DeliveryOut]
    next: str | None = Field(description="Address of the next page; also in the Link header.")
