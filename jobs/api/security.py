"""What the OpenAPI document says about credentials, for which ninja has no words."""

from typing import Any

from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from jobs.api.auth import OWNER_HEADER, BearerToken, JobToken

OWNER_PARAMETER = {
    "in": "header",
    "name": OWNER_HEADER,
    "required": False,
    "schema": {"type": "string"},
    "description": "Username for whom an API token acts that may act for others.",
}


class Document(OpenAPISchema):
    """ninja's own, with the scopes that operations need, and the header by which one acts for others."""

    def operation_security(self, operation: Operation) -> list[dict[str, Any]] | None:
        requirements = super().operation_security(operation)
        for requirement, auth in zip(requirements or (), operation.auth_callbacks, strict=True):
            if isinstance(auth, JobToken | BearerToken):
                requirement[type(auth).__name__] = [auth.scope.value]
        return requirements

    def operation_parameters(self, operation: Operation) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = super().operation_parameters(operation)
        return [*parameters, OWNER_PARAMETER] if operation.auth_callbacks else parameters
