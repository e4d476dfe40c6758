"""Every page, and every error in a page's place, comes with headers that keep a browser from being misled."""

import re

import pytest
from django.test import AsyncClient
from django.urls import URLPattern, URLResolver, get_resolver

from jobs.dashboard import views
from tests.planted import Secret
from tests.sample_tasks import add

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
POLICY = (
    "default-src 'none'; {script}style-src 'self'{style}; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
#: Pages of others, under the same policy.
NOT_LISTED = ("api/", "admin/")


def pages(patterns, prefix=""):
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from pages(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern) and not path.startswith(NOT_LISTED):
            yield f"/{path}"


def assert_guarded(answer):
    for name, value in HEADERS.items():
        assert answer.headers[name] == value
    page = answer.content.decode()
    scripts = re.findall(r"<script\b[^>]*>", page)
    nonces = set(re.findall(r'nonce="([^"]+)"', page))
    policy = answer.headers["Content-Security-Policy"]
    if nonces:
        [nonce] = nonces
        source = f"'nonce-{nonce}'"
        assert policy == POLICY.format(script=f"script-src {source}; ", style=f" {source}")
    else:
        assert policy == POLICY.format(script="", style="")
    assert all("nonce=" in script for script in scripts), "a script without the nonce does not run"
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page), "nor does anything inline"
    return nonces


@pytest.mark.parametrize("path", list(pages(get_resolver().url_patterns)))
async def test_every_page_comes_with_a_policy_that_names_its_own_scripts(staff, path):
    result = await add.using(owner=staff.user).aenqueue(1)
    path = path.replace("<uuid:job_id>", result.id).replace("<int:token_id>", "1")
    assert "<" not in path, "say here what stands in that place"
    signed_out = AsyncClient()
    for client in (staff.client, signed_out):
        first, second = [await client.get(path) for _ in range(2)]
        assert first.status_code in {200, 302, 405}, path
        nonces = assert_guarded(first)
        assert not nonces & assert_guarded(second), "a nonce is used once"


async def test_the_page_of_a_job_runs_scripts_at_all(staff):
    """Else the test above would see none."""
    result = await add.using(owner=staff.user).aenqueue(1)
    assert assert_guarded(await staff.get(f"/jobs/{result.id}"))


async def test_errors_are_guarded_as_well(staff, monkeypatch, settings):
    forged = AsyncClient(enforce_csrf_checks=True)
    await forged.aforce_login(staff.user)
    answers = {
        400: await staff.client.get("/", headers={"host": "evil.example"}),
        403: await forged.post("/", {"task": add.public_name}),
        404: await staff.get("/nowhere"),
        405: await staff.client.delete("/"),
    }

    def fail(*_):
        raise ValueError(settings.SECRET_KEY)

    monkeypatch.setattr(views, "_show", fail)
    staff.client.raise_request_exception = False
    answers[500] = await staff.get("/")
    for status, answer in answers.items():
        assert answer.status_code == status
        assert_guarded(answer)
        assert Secret.SECRET_KEY not in answer.content.decode()


async def test_over_https_browsers_are_told_to_stay_there(transactional_db, settings):
    settings.SECURE_HSTS_SECONDS = 30 * 24 * 3600
    answer = await AsyncClient().get("/login/", secure=True)
    assert answer.headers["Strict-Transport-Security"] == "max-age=2592000"
