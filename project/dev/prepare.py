"""What a start needs of the database, in a process of its own: the supervisor keeps no code of ours loaded.

`python -m project.dev.prepare` prints what the developer may use, as JSON.
"""

import json
import sys

import django
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

#: The token's name.
CALLED = "bin/dev"


def prepare() -> dict[str, str]:
    """Bring the schema up to date and see that the developer's account is there."""
    from jobs.models import ApiToken, Scope
    from project.dev import schema, sign_in

    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", verbosity=0, interactive=False)
    schema.note()
    with transaction.atomic():
        user, _ = get_user_model().objects.get_or_create(
            username=sign_in.USERNAME, defaults={"is_staff": True, "is_superuser": True}
        )
        ApiToken.objects.filter(owner=user, name=CALLED).delete()  # each start shows a new one
        _, token = ApiToken.issue(owner=user, name=CALLED, scopes=[Scope.ADMIN])
    return {"token": token, "secret": sign_in.issue()}


if __name__ == "__main__":
    try:
        django.setup()
        print(json.dumps(prepare()))
    except (ImproperlyConfigured, DatabaseError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
