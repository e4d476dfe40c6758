"""What the tests do with a page, in its users' words."""

from urllib.parse import parse_qs, urlsplit

from playwright.async_api import Locator, Page, expect


async def pick(page: Page, task: str) -> None:
    await page.goto(f"/?task={task}")


async def send(page: Page) -> None:
    await page.get_by_role("button", name="Hand off").click()


async def hand_off(page: Page) -> Locator:
    """Sends a form that is right; answers the new job's card."""
    async with page.expect_response(lambda answer: "?job=" in answer.url) as answer:
        await send(page)
    [job_id] = parse_qs(urlsplit((await answer.value).url).query)["job"]
    return page.locator(f"#job-{job_id}")


async def job_page(card: Locator) -> str:
    """The address of a job's own page."""
    return await card.get_by_role("heading").get_by_role("link").get_attribute("href") or ""


async def shows(card: Locator, status: str) -> None:
    await expect(card.locator(".status")).to_have_text(status)


async def mark(page: Page) -> None:
    """Leaves a mark that a reload would wipe."""
    await page.evaluate("window.isSamePage = true")


async def is_marked(page: Page) -> bool:
    marked: bool = await page.evaluate("window.isSamePage === true")
    return marked


async def overflow(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    pixels: int = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return pixels
