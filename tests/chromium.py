"""Where the browser tests find a browser."""

import os
import shutil
from pathlib import Path

import pytest

#: What Debian, Fedora and Google call it.
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """A browser's executable. Without one a test is skipped on a laptop and fails in CI."""
    found = find_chromium()
    if found is None:
        say = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        say("No Chromium: set CHROMIUM to its path, or install it with the system's packages.")
    return found


def find_chromium() -> str | None:
    """In this order: $CHROMIUM, the one that playwright fetched, the system's."""
    if named := os.environ.get("CHROMIUM"):
        return named
    return playwrights_own() or next((path for name in NAMES if (path := shutil.which(name))), None)


def playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None
