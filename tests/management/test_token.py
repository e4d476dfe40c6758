from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from jobs.models import ApiToken

pytestmark = pytest.mark.django_db


def test_a_token_is_printed_once_and_kept_as_a_hash():
    ada = User.objects.create(username="ada")
    out = StringIO()
    call_command("token", "ada", "--name", "laptop", stdout=out)
    plaintext = out.getvalue().strip()
    token = ApiToken.objects.matching(plaintext).get()
    assert (token.owner, token.name) == (ada, "laptop")
    assert plaintext not in {token.digest, token.name}


def test_an_unknown_user_is_refused_with_a_sentence():
    with pytest.raises(CommandError, match="There is no user 'eve'; make one"):
        call_command("token", "eve")
