"""API tokens, for the operator: `manage.py token issue|list|revoke`."""

from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from jobs.errors import TooManyTokens
from jobs.models import ApiToken, Scope
from jobs.models.token import MAX_NAME_CHARACTERS


class Command(BaseCommand):
    help = "Makes, lists and revokes API tokens."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="verb")
        issue = verbs.add_parser("issue", help="makes a token and prints it; it can't be shown again")
        issue.add_argument("username")
        issue.add_argument(
            "--name", default="command line", help="what the token is for (default: %(default)s)"
        )
        issue.add_argument(
            "--scope",
            action="append",
            choices=Scope.values,
            dest="scopes",
            help="what it may do; may be given several times (default: jobs:read, jobs:write and jobs:cancel)",
        )
        issue.add_argument("--days", type=int, help="after so many days it expires (default: never)")
        issue.add_argument(
            "--may-act-for-others", action="store_true", help="for service accounts: see docs/api.md"
        )
        lists = verbs.add_parser("list", help="all that open something, with when they were last used")
        lists.add_argument("username", nargs="?", help="of this user only")
        verbs.add_parser("revoke", help="a token that opens nothing any more").add_argument("id", type=int)

    def handle(self, *, verb: str, **arguments: Any) -> None:
        match verb:
            case "issue":
                self._issue(**arguments)
            case "list":
                self._list(arguments["username"])
            case "revoke":
                self._revoke(arguments["id"])

    def _issue(
        self,
        *,
        username: str,
        name: str,
        scopes: list[Scope] | None,
        days: int | None,
        may_act_for_others: bool,
        **_: Any,
    ) -> None:
        if not 1 <= len(name) <= MAX_NAME_CHARACTERS:
            raise CommandError(f"A name has 1 to {MAX_NAME_CHARACTERS} characters, got {len(name)}.")
        if days is not None and days < 1:
            raise CommandError(f"Expected at least one day, got {days}.")
        try:
            _token, plaintext = ApiToken.issue(
                owner=_user(username),
                name=name,
                scopes=scopes or [Scope.READ, Scope.WRITE, Scope.CANCEL],
                expires_at=None if days is None else timezone.now() + timedelta(days=days),
                may_act_for_others=may_act_for_others,
            )
        except TooManyTokens as error:
            raise CommandError(str(error)) from error
        self.stdout.write(plaintext)

    def _list(self, username: str | None) -> None:
        tokens = ApiToken.objects.unended().select_related("owner").order_by("owner_id", "id")
        if username is not None:
            tokens = tokens.filter(owner=_user(username))
        for token in tokens:
            used = f"used {token.last_used_at:%Y-%m-%d}" if token.last_used_at else "never used"
            expires = f"expires {token.expires_at:%Y-%m-%d}" if token.expires_at else "does not expire"
            scopes = " ".join(token.scopes) + (" for others" if token.may_act_for_others else "")
            self.stdout.write(
                f"{token.pk}  {token.owner.get_username()}  {token.name}  [{scopes}]  {used}, {expires}"
            )

    def _revoke(self, token_id: int) -> None:
        token = ApiToken.objects.filter(id=token_id, revoked_at=None).first()
        if token is None:
            raise CommandError(f"There is no token {token_id} that could be revoked; see `token list`.")
        token.revoke()
        self.stdout.write(f"{token_id} {token.name} revoked")


def _user(username: str) -> Any:
    users = get_user_model()
    try:
        return users.objects.get_by_natural_key(username)
    except users.DoesNotExist as error:
        raise CommandError(
            f"There is no user {username!r}; make one with `manage.py createsuperuser`."
        ) from error
