from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from jobs.models import ApiToken, Scope
from jobs.models.token import digest

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    return User.objects.create(username="ada")


def run(*arguments: Any, **options: Any) -> str:
    out = StringIO()
    call_command("token", *arguments, stdout=out, **options)
    return out.getvalue().strip()


def test_a_token_is_printed_once_and_kept_as_a_hash(ada):
    plaintext = run("issue", "ada", "--name", "laptop")
    token = ApiToken.objects.with_digests([digest(plaintext)]).get()
    assert (token.owner, token.name, token.expires_at) == (ada, "laptop", None)
    assert (set(token.scopes), token.may_act_for_others) == (set(Scope) - {Scope.ADMIN}, False)
    assert plaintext not in {token.digest, token.name}


def test_scopes_an_end_and_acting_for_others_are_given_when_asked_for(ada):
    run("issue", "ada", "--scope=jobs:read", "--scope=admin", "--days=7", "--may-act-for-others")
    token = ApiToken.objects.get()
    assert (token.scopes, token.may_act_for_others) == (["admin", "jobs:read"], True)
    assert abs(token.expires_at - timezone.now() - timedelta(days=7)) < timedelta(minutes=1)


def test_tokens_are_listed_until_they_are_revoked(ada):
    run("issue", "ada", "--name", "laptop", "--days=1")
    eve = User.objects.create(username="eve")
    ApiToken.issue(owner=eve, name="phone", scopes=[Scope.READ])
    token = ApiToken.objects.get(name="laptop")
    [line] = run("list", "ada").splitlines()
    assert line.startswith(
        f"{token.pk}  ada  laptop  [jobs:cancel jobs:read jobs:write]  never used, expires 20"
    )
    assert len(run("list").splitlines()) == 2
    assert run("revoke", token.pk) == f"{token.pk} laptop revoked"
    assert run("list", "ada") == ""
    with pytest.raises(CommandError, match=f"There is no token {token.pk} that could be revoked"):
        run("revoke", token.pk)


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["issue", "eve"], "There is no user 'eve'; make one"),
        (["list", "eve"], "There is no user 'eve'; make one"),
        (["issue", "ada", "--name", "x" * 101], "A name has 1 to 100 characters, got 101"),
        (["issue", "ada", "--days", "0"], "Expected at least one day, got 0"),
        (["issue", "ada", "--scope", "all"], "invalid choice: 'all'"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(ada, arguments, said):
    with pytest.raises(CommandError, match=said):
        run(*arguments)


def test_there_is_room_for_fifty(ada, monkeypatch):
    monkeypatch.setattr("jobs.models.token.MAX_TOKENS", 1)
    run("issue", "ada")
    with pytest.raises(CommandError, match="which is the most; revoke one first"):
        run("issue", "ada")
