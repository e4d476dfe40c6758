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

#: By schema of the answer: the operations, and the parameter that they take from it. Lists lead nowhere, as they may be
#: empty.
LEADS: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "JobOut": (OF_JOB, {"job_id": "$response.body#/id"}),
    "BatchOut": (OF_JOB, {"job_id": "$response.body#/jobs/0/id"}),
    "WebhookOut": (OF_WEBHOOK, {"webhook_id": "$response.body#/id"}),
    "WebhookWithSecretOut": (OF_WEBHOOK, {"webhook_id": "$response.body#/id"}),
}


def links() -> dict[str, dict[str, Any]]:
    """Link Objects, by name."""
    return {
        f"{schema}.{operation}": {"operationId": operation, "parameters": parameters}
        for schema, (operations, parameters) in LEADS.items()
        for operation in operations
    }


def links_of(schema: str) -> dict[str, Any]:
    """Of an answer with that schema: references by operation."""
    operations, _ = LEADS.get(schema, ((), {}))
    return {operation: {"$ref": TEMPLATE.format(name=f"{schema}.{operation}")} for operation in operations}
