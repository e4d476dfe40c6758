"""docs/security.md: what it says of `manage.py check --deploy` is so, and each threat names its tests."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.guide.test_guarantees import is_defined

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text()

PRODUCTION = {
    "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqr",
    "EMAIL_URL": "smtp://mail.example.com:587",
    **dict(line.split("=", 1) for line in PAGE.split("```")[1].splitlines()[1:]),
}

#: The rows of its table of threats: what somebody could try, what holds, tests.
_, TABLE = PAGE.split("| what somebody could try | what holds | test |\n|---|---|---|\n")
THREATS = re.findall(r"^\| (.*) \| (.*) \| (.*)\|$", TABLE.partition("\n\n")[0], re.MULTILINE)


def warnings(**changed: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy"],
        cwd=ROOT, env={**os.environ, **PRODUCTION, **changed}, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert "System check identified" in done.stdout + done.stderr, done.stderr
    return set(re.findall(r"\((\w+\.[EW]\d+)\)", done.stderr))


def test_a_deployment_as_the_page_describes_it_gets_no_warning():
    assert warnings() == set()


def test_what_is_silenced_is_explained(settings):
    assert re.findall(r"^\| `(security[.\w]+)`", PAGE, re.MULTILINE) == settings.SILENCED_SYSTEM_CHECKS


@pytest.mark.parametrize(
    "variable, value, said",
    [
        (
            "CSRF_TRUSTED_ORIGINS",
            "http://jobs.example.com",
            {"security.W004", "security.W012", "security.W016"},
        ),
        ("EMAIL_URL", "", {"mail.E001"}),
        ("DEBUG", "true", {"security.W018"}),
        ("SECRET_KEY", "x" * 40, {"security.W009"}),
    ],
)
def test_a_warning_goes_with_the_variable_that_the_page_names(variable, value, said):
    assert warnings(**{variable: value}) == said
    assert all(warning.removeprefix("security.") in PAGE for warning in said)


def test_the_tests_that_hold_a_threat_are_there():
    assert len(THREATS) >= 20
    for _, holds, tests in THREATS:
        names = re.findall(r"`([^`]+)`", tests)
        assert names or "for the proxy to limit" in holds
        for name in names:
            assert (ROOT / name).exists() if "/" in name else is_defined(name), name
