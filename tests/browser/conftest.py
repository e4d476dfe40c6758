"""One system and one browser for all of these tests; each test has a window of its own."""

import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from tests.system import System, running_system, sow

#: Containers forbid Chromium its own sandbox; the others keep it from calling home.
SWITCHES = (
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run",
)  # fmt: skip
#: Generous, as the machine may be busy; it is only used up by a test that fails.
TIMEOUT_MS = 20_000

#: What a browser says of a server that is away, of a wrong form and of a wrong address.
EXPECTED = ("net::ERR_", "status of 422", "status of 404")

expect.set_options(timeout=TIMEOUT_MS)

type Open = Callable[..., Awaitable[Page]]


class Site:
    """The running system, whose web process may be killed and started again."""

    def __init__(self, system: System) -> None:
        self.system = system
        system.env["DJANGO_SETTINGS_MODULE"] = "tests.browser.settings"
        #: Another site, as browsers see it.
        self.embed_origin = system.env["EMBED_ORIGINS"] = f"http://localhost:{system.port}"
        self.web = system.start_web()
        self.worker = system.start_worker()

    def kill_web(self) -> None:
        self.web.kill()
        self.web.wait()

    def start_web(self) -> None:
        self.web = self.system.start_web()

    def close(self) -> None:
        for process in (self.web, self.worker):
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    with tempfile.TemporaryDirectory(prefix="handoff-web-", dir="/tmp") as name:
        folder, seed = Path(name, "site"), Path(name, "seed")
        folder.mkdir()
        seed.mkdir()
        with running_system(folder, sow(seed)) as system:
            site = Site(system)
            try:
                yield site
            finally:
                site.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(chromium_path: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path, args=SWITCHES)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def open_as(site: Site, browser: Browser) -> AsyncIterator[Open]:
    """Opens a window in which a user of the system is signed in. No error may show on its console."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    async def open_window(user: str = "ada", path: str = "/", **options: Any) -> Page:
        context = await browser.new_context(base_url=site.system.origin, **options)
        contexts.append(context)
        context.set_default_timeout(TIMEOUT_MS)
        caller = site.system.caller(user)
        caller.http.close()
        await context.add_cookies([{"name": "sessionid", "value": caller.session, "url": site.system.origin}])
        page = await context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.extend([said.text] if said.type == "error" else []))
        await page.goto(path)
        return page

    yield open_window
    for context in contexts:
        await context.close()
    assert [said for said in complaints if not any(expected in said for expected in EXPECTED)] == []
