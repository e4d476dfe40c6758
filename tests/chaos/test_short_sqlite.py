import pytest

from tests.chaos.short import short_form

pytestmark = [pytest.mark.timeout(180)]


def test_whatever_breaks_every_promise_is_kept_on_sqlite():
    short_form("sqlite")
