"""Prints an API token for each of the users that it makes; run in the environment of the web process."""

import json
import sys

import django

django.setup()

from django.contrib.auth.models import User  # noqa: E402

from jobs.models import ApiToken, Scope  # noqa: E402


def token(name: str) -> str:
    owner = User.objects.create_user(name)
    _, text = ApiToken.issue(owner=owner, name="benchmark", scopes=[Scope.READ, Scope.WRITE])
    return text


print(json.dumps({name: token(name) for name in sys.argv[1:]}))
