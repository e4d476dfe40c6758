"""What the OpenAPI document says about credentials, for which ninja has no words."""

from typing import Any

from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from jobs.access import OWNER_HEADER
from jobs.api.auth import SAFE_METHODS, BearerToken, JobToken, SessionCookie
from jobs.api.headers import parameter

OWNER_PARAMETER = parameter(OWNER_HEADER, "Username for whom an API token acts that may act for others.")

#: What a session has to send besides its cookie with what changes something.
CSRF_SCHEME = {
    "type": "apiKey",
    "in": "header",
    "name": "X-CSRFToken",
    "description": "The value of the cookie `csrftoken`.",
}


class Document(OpenAPISchema):
    """ninja's own, with the scopes that operations need, the CSRF token of sessions, and the header by which one
    acts for others."""

    def operation_security(self, operation: Operation) -> list[dict[str, Any]] | None:
        requirements = super().operation_security(operation)
        for requirement, auth in zip(requirements or (), operation.auth_callbacks, strict=True):
            if isinstance(auth, JobToken | BearerToken):
                requirement[type(auth).__name__] = [auth.scope.value]
            if isinstance(auth, SessionCookie) and not set(operation.methods) & set(SAFE_METHODS):
                requirement["CsrfToken"] = []
                self.securitySchemes["CsrfToken"] = CSRF_SCHEME
        return requirements

    def operation_parameters(self, operation: Operation) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = super().operation_parameters(operation)
        return [*parameters, OWNER_PARAMETER] if operation.auth_callbacks else parameters
