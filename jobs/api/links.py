"""OpenAPI links: which operations an answer leads to, and with what of it."""

from typing import Any

#: Where the document keeps them.
TEMPLATE = "#/components/links/{name}"

#: What may be done with one job, and with one webhook.
OF_JOB = (
    "get_job",
    "change_job",
    "cancel_job",
    "retry_job",
    "promote_job",
    "list_events",
    "issue_job_token",
)
OF_WEBHOOK = ("get_webhook", "change_webhook", "delete_webhook", "change_secret", "list_deliveries")

#: By schema of the answer: the operations, and the parameters that they take from it.
_LEADS: dict[str, list[tuple[tuple[str, ...], dict[str, str]]]] = {
    "JobOut": [
        (OF_JOB, {"job_id": "$response.body#/id"}),
        (("download_file",), {"job_id": "$response.body#/id", "name": "$response.body#/files/0/name"}),
    ],
    "JobsOut": [(OF_JOB, {"job_id": "$response.body#/jobs/0/id"})],
    "BatchOut": [(OF_JOB, {"job_id": "$response.body#/jobs/0/id"})],
    "QueuesOut": [(("pause_queue", "resume_queue"), {"name": "$response.body#/queues/0/name"})],
    "WebhookOut": [(OF_WEBHOOK, {"webhook_id": "$response.body#/id"})],
    "WebhookWithSecretOut": [(OF_WEBHOOK, {"webhook_id": "$response.body#/id"})],
    "WebhooksOut": [(OF_WEBHOOK, {"webhook_id": "$response.body#/webhooks/0/id"})],
    "DeliveriesOut": [
        (
            ("redeliver_delivery",),
            {"webhook_id": "$request.path.webhook_id", "delivery_id": "$response.body#/deliveries/0/id"},
        )
    ],
}


def links() -> dict[str, dict[str, Any]]:
    """Link Objects, by name."""
    return {
        f"{schema}.{operation}": {"operationId": operation, "parameters": parameters}
        for schema, leads in _LEADS.items()
        for operations, parameters in leads
        for operation in operations
    }


def links_of(schema: str) -> dict[str, Any]:
    """Of an answer with that schema: references by operation."""
    return {
        operation: {"$ref": TEMPLATE.format(name=f"{schema}.{operation}")}
        for operations, _ in _LEADS.get(schema, [])
        for operation in operations
    }
