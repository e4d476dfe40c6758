from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.models import ApiToken, Scope


class Command(BaseCommand):
    help = "Makes an API token for a user and prints it; it can't be shown again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument(
            "--name", default="command line", help="what the token is for (default: %(default)s)"
        )

    def handle(self, *, username: str, name: str, **_: Any) -> None:
        users = get_user_model()
        try:
            owner = users.objects.get_by_natural_key(username)
        except users.DoesNotExist as error:
            raise CommandError(
                f"There is no user {username!r}; make one with `manage.py createsuperuser`."
            ) from error
        _token, plaintext = ApiToken.issue(owner=owner, name=name, scopes=[Scope.ADMIN])
        self.stdout.write(plaintext)
